"""How far do planted sentences stand out from others of their form?"""

from __future__ import annotations

from uddm_mini.probes.roc import Interval

from .case import Case
from .exposure import exposure
from .finding import Finding, missing

BY_CHANCE = 1.44  # bits of a sentence that was never planted, on average: 1 / ln 2


def exposed(case: Case) -> Finding:
    """Return the exposure of canaries, in bits, by their number of copies.

    `number` is the mean exposure of the canaries with most copies, with their least and their largest.
    """
    if not case.has("canaries"):
        return missing(
            "exposure", "No sentences were planted: give canaries with their numbers of copies, if there were any."
        )
    x, copies, ignore = case.texts.canaries.x, case.texts.copies, case.texts.ignore  # type: ignore[union-attr]
    if len(x.unique(dim=0)) < 2:
        return missing("exposure", "Two different canaries are needed at least: where they differ, others are drawn.")
    found = exposure(
        case.model,
        x,
        copies,
        candidates=case.settings.candidates,
        ignore=ignore,
        generator=case.draws("exposure"),
    )
    rows = [
        {
            "copies": int(group["copies"].iloc[0]),
            "exposure": float(group.exposure.mean()),
            "low": float(group.exposure.min()),
            "high": float(group.exposure.max()),
            "canaries": len(group),
        }
        for _, group in found.groupby("copies")
    ]
    most, last = float(found.at_most.iloc[0]), rows[-1]
    number = Interval(last["exposure"], last["low"], last["high"])
    sentence = (
        f"Sentences planted {last['copies']} times have an exposure of {number.value:.1f} bits ({number.low:.1f} to "
        f"{number.high:.1f}), of {most:.1f} that can be seen; a sentence that was never planted has "
        f"{BY_CHANCE:.1f} on average."
    )
    if rows[0]["copies"] == 0 < last["copies"] and rows[0]["exposure"] > number.value - 1:
        sentence += (
            f" But those that were never planted have {rows[0]['exposure']:.1f}, too: the model prefers them for "
            "another reason, and this says nothing about planting."
        )
    notes = [
        f"An exposure of k bits: of {case.settings.candidates} other sentences of the same form, the model finds one "
        "in 2 to the power of k at least as likely.",
        "It tells how far a model gives away what was planted, and nothing about text that was not.",
    ]
    return Finding("exposure", True, sentence, number, rows, notes, {"at_most": most})

"""What stands first in a report: what came out of the model, where it did, and else the answer of the probe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .finding import Finding
from .known import Answer

Lead = Literal["extraction", "swapped", "membership", "probe"]
VERDICTS: dict[Answer, str] = {
    "memorizing": "It recites (memorizing)",
    "generalizing": "It generalizes",
    "in between": "In between",
    "undecided": "Undecided",
}
NO_VERDICT = "No verdict"  # none was asked for, or the probe cannot be asked
ALARMS: dict[Lead, str] = {
    "extraction": "Training text comes out word for word",
    "swapped": "The two texts seem to be swapped",
    "membership": "Its answers give away what it was trained on",
}
DO: dict[Answer, str] = {
    "memorizing": "Treat the model as a copy of its training text: what must not be public must not leave with it. "
    "Train on more sentences, or on less often repeated ones, or stop earlier; then audit again.",
    "generalizing": "Nothing says that it recites as a whole. Single sentences may still be known by heart: look at "
    "what came out word for word, and at planted sentences, before you give it away.",
    "in between": "Treat it like a model that recites: part of its training text may come out. More distinct training "
    "sentences, or fewer steps, move it away from there.",
    "undecided": "Do not conclude anything yet. Give more fresh text; if the model predicts fresh text badly, train it "
    "further before you ask again.",
}
DO_ALARMS: dict[Lead, str] = {
    "extraction": "Treat the model as a copy of its training text, whatever the probe says: what must not be public "
    "must not leave with it, neither as a file nor behind a page where others choose the words. Train on more distinct "
    "sentences, or on less often repeated ones, or stop earlier; then audit again.",
    "swapped": "Conclude nothing before you know why the fresh text looks like training text: compare both files with "
    "what the model was trained on. If they were swapped, give them the other way round; if not, fresh text was "
    "trained on, too, or is of an easier kind.",
    "membership": "Treat it as public knowledge which sentences it was trained on. If that must stay secret, show "
    "nobody the probabilities of its words, and give nobody the file. Train on more distinct sentences, or stop "
    "earlier; then audit again.",
}
CAME_OUT = "Some training text came out word for word, see below."  # beside no fresh text, or text of another kind
NO_FRESH = (
    "What came out, came out; without fresh text of the same kind nobody can say how much of it could be guessed, and "
    "the probe has no verdict. Give fresh text before you conclude more."
)


def lead_of(findings: Sequence[Finding]) -> Lead:
    """Return which finding stands first: extraction, then membership, if it is beyond what fresh text gives, or the
    other way round (texts that seem to be swapped); or else the probe.
    """
    applied = [found for found in findings if found.applies]
    beyond = {found.name for found in applied if found.facts.get("beyond")}
    if "extraction" in beyond:
        return "extraction"
    if any(found.facts.get("swapped") for found in applied):
        return "swapped"
    return "membership" if "membership" in beyond else "probe"


def headline_of(findings: Sequence[Finding], answer: Answer) -> dict[str, str]:
    """Return what stands first, in sentences: title, found, second (may be empty), sure and do.

    findings: of an audit; answer: its verdict, "undecided" if there is none.
    """
    named, lead = {found.name: found for found in findings}, lead_of(findings)
    probe = named.get("probe")
    if lead != "probe":
        told = [named[name] for name in ("extraction", "membership") if name in named]
        fact = "swapped" if lead == "swapped" else "beyond"
        beyond = [found for found in told if found.applies and found.facts.get(fact)]
        return {
            "title": ALARMS[lead],
            "found": " ".join(found.sentence for found in beyond),
            "second": _second(probe),
            "sure": " ".join(found.facts["sure"] for found in beyond),
            "do": DO_ALARMS[lead],
        }
    came_out = (found := named.get("extraction")) is not None and found.applies and found.facts.get("came_out")
    do = f"{CAME_OUT} {DO[answer]}" if came_out else DO[answer]
    if probe is None or not probe.applies:
        do = f"{CAME_OUT} {NO_FRESH}" if came_out else do
        sure = probe.sentence if probe else "The verdict was not asked for."
        return {"title": NO_VERDICT, "found": "No verdict.", "second": "", "sure": sure, "do": do}
    sure = f"{probe.facts['error']} {probe.notes[0]}"
    return {"title": VERDICTS[answer], "found": probe.sentence, "second": "", "sure": sure, "do": do}


def _second(probe: Finding | None) -> str:
    """Return what the probe says beside an alarm."""
    if probe is None:
        return ""
    if not probe.applies:
        return f"Asked without the training text: {probe.sentence}"
    return f"Asked without the training text, the answer is “{probe.facts['verdict']}”. {probe.sentence}"


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings as a reader meets them: what comes out stands first, if it was looked for."""
    if not any(found.name == "extraction" and found.applies for found in findings):
        return list(findings)
    first = {name: k for k, name in enumerate(("extraction", "membership", "texts", "probe"))}
    return sorted(findings, key=lambda found: first.get(found.name, len(first)))

"""Are the two texts alike, and do scores of the model tell who was trained on?"""

from __future__ import annotations

import math
from typing import Any

from uddm_mini.probes.roc import Interval

from .case import Case
from .compare import compare_scores
from .finding import Finding, missing, percent, plain_number, spread
from .membership import MembershipSettings, membership_scores
from .twins import near_twins

UNLIKE = 0.05  # an area so far from 1/2, beyond its interval, is a difference of the texts
BOTH = "needs members (text that was trained on) and strangers (text of the same kind that was not)."
MEANS = {
    "nelbo": "cost of the sentence (loss)",
    "nelbo_zlib": "cost, compared with zlib",
    "min_k": "its least likely words (min-k %)",
    "entropy": "how sure it is of every word",
    "recovery": "changed words that come back",
    "votes": "votes over many masks",
    "calibrated": "cost, compared with the reference",
}


def texts(case: Case) -> Finding:
    """Return whether members and strangers are of one kind, by a classifier that never sees the model, and near twins.

    `number` is the area under its ROC curve: 0.5 if nothing tells them apart.
    """
    if not case.has("members", "strangers"):
        return missing("texts", f"Comparing the texts {BOTH}")
    area = case.blind
    unlike = differs(area)
    told = f"A classifier that never sees the model tells them apart with an AUC of {spread(area, plain_number)}"
    if unlike:
        sentence = (
            f"{told}: the texts differ, and membership cannot be judged from them. Take strangers from the same source "
            "as the members."
        )
    else:
        sentence = f"{told}, where 0.50 is guessing: no difference was found."
        if area.high > 0.5 + 2 * UNLIKE:
            sentence += " With so few sentences it would have to be large to be found."
    twins = near_twins(*(case.text(name).cpu() for name in ("members", "strangers")), ignore=case.texts.ignore)
    if twins.count:
        sentence += (
            f" {twins.count} of {len(case.text('strangers'))} strangers are nearly the same as a member (at most two "
            f"words differ), {twins.copies} of them word for word: for these, membership is no question."
        )
    notes = ["It knows words and lengths, and not their order: texts may differ in a way that it does not see."]
    rows = [{"what": "AUC without the model", "value": area.value, "low": area.low, "high": area.high}]
    rows += [{"what": "near twins, share of the strangers", "value": twins.share}]
    facts = {"unlike": unlike, "twins": twins.count, "copies": twins.copies}
    return Finding("texts", True, sentence, area, rows, notes, facts)


def differs(area: Interval) -> bool:
    """Tell whether a blind baseline is far above one half; below it, it has learned nothing that holds."""
    return area.value > 0.5 + UNLIKE and area.low > 0.5


def membership(case: Case) -> Finding:
    """Return what each score is worth in telling members from strangers; `number` is the AUC of the best one."""
    if not case.has("members", "strangers"):
        return missing("membership", f"Telling members apart {BOTH}")
    settings = membership_settings(case)
    kinds = {name: case.text(name) for name in ("members", "strangers")}
    scores = {
        name: membership_scores(
            case.model,
            x,
            settings,
            reference=case.reference,
            ignore=case.texts.ignore,
            text=case.texts.written(x),
        )
        for name, x in kinds.items()
    }
    found = compare_scores(scores["members"], scores["strangers"])
    rows = [
        {"score": name, "means": MEANS.get(name, name), **{str(key): value for key, value in found.loc[name].items()}}
        for name in map(str, found.index)
    ]
    best = max(rows, key=lambda row: row["auc"])
    number = Interval(best["auc"], best["low"], best["high"])
    chosen = compare_scores(scores["members"], scores["strangers"], confidence=1 - 0.05 / len(rows))
    still, unlike = float(chosen["low"].max()), differs(case.blind)
    swapped = not unlike and float(chosen["high"].max()) < 0.5
    sentence = _sentence(best, number, (unlike, still > 0.5, swapped), len(kinds["strangers"]))
    sure = (
        f"Also when one allows for choosing the best of {len(rows)} scores, its AUC is above {plain_number(still)}, "
        f"where 0.50 is guessing; a classifier that never sees the model has {spread(case.blind, plain_number)}."
    )
    notes = [
        f"The best of {len(rows)} scores is chosen after looking, which makes its AUC a little too high.",
        f"With {len(kinds['strangers'])} strangers the lowest false-positive rate that can be seen is "
        f"{percent(best['lowest_fpr'])}.",
    ]
    notes += ["Without a reference model the strongest attack is missing; give one with reference=."] * (
        case.reference is None
    )
    if swapped:
        sure = (
            f"Every one of the {len(rows)} scores is below 0.50, also when one allows for their number; a classifier "
            f"that never sees the model has {spread(case.blind, plain_number)}."
        )
    facts = {"best": best["score"], "beyond": still > 0.5 and not unlike, "swapped": swapped, "sure": sure}
    return Finding("membership", True, sentence, number, rows, notes, facts)


def membership_settings(case: Case) -> MembershipSettings:
    """Return how every sentence is scored in an audit."""
    settings = case.settings
    return MembershipSettings(draws=settings.draws, votes=settings.votes, seed=case.seed("membership"))


def _sentence(best: dict[str, Any], number: Interval, judged: tuple[bool, bool, bool], strangers: int) -> str:
    """Return what was found, with the rate at 1 % false alarms if the sample supports it.

    judged: whether the texts differ without the model, whether the score is above guessing though it was chosen, and
        whether all scores lie below, as they do for two files that were swapped.
    """
    unlike, above, swapped = judged
    told = f"The best score has an AUC of {spread(number, plain_number)}"
    if unlike:
        return f"Cannot be judged: the texts differ without any model. {told}, which may be due to the texts alone."
    if swapped:
        return (
            "The scores lie on the wrong side of guessing: fresh text looks more like training text than training "
            f"text does. {told}, where 0.50 is guessing. Were the two texts swapped, or was the fresh text trained on?"
        )
    rate = float(best["tpr_at_1"])
    hits = ""
    if not math.isnan(rate):
        hit = Interval(rate, float(best["tpr_low"]), float(best["tpr_high"]))
        hits = f" With one false alarm in a hundred it finds {spread(hit)} of the training sentences."
    else:
        hits = f" {strangers} strangers are too few for the share found at 1 % false alarms: that takes 99."
    if number.low <= 0.5:
        return f"No score tells training text from fresh text. {told}, where 0.50 is guessing.{hits}"
    if not above:
        return f"Undecided. {told}, where 0.50 is guessing: choosing the best of the scores may explain it.{hits}"
    return f"{told}, where 0.50 is guessing: the model's answers give away what it was trained on.{hits}"

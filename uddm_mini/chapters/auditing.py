"""Checks of the chapter "Does this model recite?"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from uddm_mini.teaching.answers import as_number, as_tensor, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

from .auditing_blind import blind_of, blind_scores

# share of draws in which the rest of a sentence came, and a chance p
CHANCES = ((0.05, 0.9), (0.05, 0.5), (0.5, 0.5), (0.25, 0.9), (1.0, 0.9), (0.0, 0.1), (0.9, 0.1), (1 / 16, 0.9))

# costs (NELBO) of a planted sentence and of others of its form
COSTS = (
    (1.5, (3.0, 2.0, 1.0, 4.0, 2.5, 3.5, 5.0)),
    (0.5, (3.0, 2.0, 1.0, 4.0, 2.5, 3.5, 5.0)),
    (2.0, (3.0, 2.0, 1.0, 4.0, 2.0, 3.5, 5.0, 0.5, 2.5, 2.75, 6.0)),
    (9.0, (3.0, 2.0, 1.0)),
)

# numbers of a report: low end of the best score's area; area of the blind baseline, and its low end; number of
# strangers; low end of the share of members that came out, high end of that of strangers
REPORTS = (
    (0.81, 0.51, 0.46, 512, 0.62, 0.11),
    (0.81, 0.74, 0.68, 512, 0.62, 0.11),
    (0.47, 0.52, 0.47, 512, 0.02, 0.11),
    (0.66, 0.53, 0.505, 64, 0.20, 0.30),
    (0.90, 0.60, 0.49, 99, 0.30, 0.30),
    (0.49, 0.44, 0.40, 98, 0.40, 0.05),
    (0.55, 0.551, 0.502, 1000, 0.0, 0.0),
)
UNLIKE = 0.05  # above one half: from there on the texts differ, if the interval says so, too


@exercise(1, "How many tries?", level="warm-up", minutes=10, assesses="chances over many tries")
@questions(CHANCES, "For q = {q} and p = {p}")
def tries_needed(q: float, p: float, got: Any) -> str:
    """Check the smallest n with 1 - (1 - q)^n >= p."""
    number = as_number(got)
    if q == 0:
        if not math.isinf(number):
            wrong("It never came, so no number of tries is enough: math.inf.")
        return "Right."
    right = 1 if q == 1 else max(1, math.ceil(math.log(1 - p) / math.log(1 - q) - 1e-9))
    if math.isinf(number) or math.isnan(number):
        wrong(f"It comes with probability {q:g} in each try, so some number of tries is enough.")
    exact = math.log(1 - p) / math.log(1 - q) if q < 1 else 1.0
    slips = {
        "Tries are whole: the smallest whole number that is enough.": exact,
        "You round down (or to the nearest number), and then the chance is still below p.": (
            math.floor(exact + 1e-9),
            round(exact),
        ),
        "That is p / q. It adds up the chances of the tries, as if two of them could not both succeed.": (
            p / q,
            math.ceil(p / q),
        ),
        "All n tries may fail with the probability 1 - p that is left over. You let them fail with probability p.": (
            q < 1 and (math.log(p) / math.log(1 - q), math.ceil(math.log(p) / math.log(1 - q)))
        ),
        "That is the chance that *every* try succeeds. One is enough.": math.ceil(math.log(p) / math.log(q))
        if 0 < q < 1
        else False,
        "That is 1 / q, the mean number of tries until it comes, whatever p is.": (1 / q, math.ceil(1 / q)),
        "One try too many: the number before it is enough already.": right + 1,
    }
    compare(number, right, slips, "All n tries fail with probability (1 - q)^n.")
    return "Right. So an audit with few tries says little about somebody who has the time for many."


def _scored() -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], float]]:
    """Return scores of members and strangers, and a rate; some scores are whole numbers, so that many are equal."""
    rng = np.random.default_rng(0)
    many = rng.normal(size=280)
    return [
        (rng.normal(size=800) + 1.5, many, 0.01),
        (rng.integers(0, 9, size=80) + 4.0, rng.integers(0, 9, size=199).astype(float), 0.05),
        (np.array([1.0, 2.0, 2.0, 3.0, 4.0]), np.array([*np.zeros(97), 2.0, 3.0]), 0.01),
        (np.array([1.0, 2.0, 2.0, 3.0, 4.0]), np.array([*np.zeros(97), 2.0, 2.0]), 0.02),
        (np.array([1.0, 2.0, 5.0]), np.zeros(50), 0.01),
        (rng.normal(size=60) + 1.0, rng.normal(size=240), 0.1),
    ]


@exercise(2, "One false alarm in a hundred", level="core", minutes=15, assesses="a threshold at a false alarm rate")
@questions(_scored, "For a rate of {rate}")
def found_at(members: Any, strangers: Any, rate: float, got: Any) -> str:
    """Check the share of members above the k-th largest stranger, k = floor(rate (n + 1)); NaN if k is 0."""
    number, n = as_number(got), len(strangers)
    k, order = math.floor(rate * (n + 1) + 1e-9), np.sort(strangers)[::-1]
    if k < 1:
        if not math.isnan(number):
            wrong(
                f"{n} strangers can't support a rate of {rate:g}: k = floor(rate (n + 1)) is 0, and there is no "
                f"threshold. Return math.nan: no number is better than a wrong one. You return {number:g}."
            )
        return ""
    if math.isnan(number):
        wrong(f"{n} strangers are enough for a rate of {rate:g}: k = floor(rate (n + 1)) is {k}.")

    def above(limit: float) -> float:
        return float((members > limit).mean())

    loose = math.floor(rate * n + 1e-9)
    slips = {
        "A member that scores as high as the threshold was counted. Strangers can do that, too: more than the rate "
        "allows. Count those *above* it.": float((members >= order[k - 1]).mean()),
        "Count from the top: the k-th largest stranger, and not the k-th smallest.": above(order[n - k]),
        "You count the strangers above the threshold. Count the members.": float((strangers > order[k - 1]).mean()),
        "The threshold comes from the strangers alone, not from the members.": (
            above(float(np.sort(members)[::-1][min(k, len(members)) - 1])),
            above(float(np.sort(members)[::-1][max(1, math.floor(rate * (len(members) + 1) + 1e-9)) - 1])),
        ),
        "One too far down: that is the largest score but k. Take the k-th largest.": above(order[min(k, n - 1)]),
        "k is floor(rate (n + 1)): a new stranger is one more.": above(order[loose - 1]) if loose else above(order[0]),
        "np.quantile goes between two scores, and promises nothing about a new stranger. Take one of the scores.": (
            above(float(np.quantile(strangers, 1 - rate)))
        ),
        "That is the number of members. Return their share.": float((members > order[k - 1]).sum()),
        "That is the share that is missed.": 1 - above(order[k - 1]),
    }
    compare(number, above(order[k - 1]), slips, "Sort the strangers; the threshold is the k-th largest of them.")
    return "Right. A new stranger passes it with a probability of at most the rate, ties or not."


@exercise(3, "Bits of exposure", level="core", minutes=15, assesses="exposure from ranks")
@questions(
    lambda: [(own, np.array(others)) for own, others in COSTS],
    "For a planted sentence that costs {own}, among {others}",
)
def exposure_of(own: float, others: Any, got: Any) -> str:
    """Check log2(R + 1) - log2(rank), ties half."""
    R = len(others)
    below, equal = int((others < own).sum()), int((others == own).sum())
    rank = 1 + below + equal / 2
    right = math.log2(R + 1) - math.log2(rank)
    high = 1 + int((others > own).sum()) + equal / 2
    slips = {
        "That is in nats. Exposure is in bits, the one place in this book: use log2.": right * math.log(2),
        "That is the rank. Exposure is log2 of R + 1, minus log2 of it.": rank,
        "You rank from the other end. A planted sentence that the model knows has a *low* cost.": (
            math.log2(R + 1) - math.log2(high)
        ),
        "Ties count half: of two equal costs, either might come first.": (
            math.log2(R + 1) - math.log2(1 + below),
            math.log2(R + 1) - math.log2(1 + below + equal),
        ),
        "The planted sentence is one of those that are ranked: R + 1 of them.": math.log2(R) - math.log2(rank),
        "Ranks begin with 1: of the cheapest sentence, too.": math.log2(R + 1) - math.log2(rank - 1)
        if rank > 1
        else False,
        "That is minus the exposure.": -right,
        "That is log2 of the rank alone. Take it from log2(R + 1).": math.log2(rank),
    }
    compare(got, right, slips, "How many of the others cost less? That, and one, is the rank.")
    return "Right. The cheapest of all has log2(R + 1), and more can't be seen: more candidates, more bits."


@exercise(4, "What may an appendix say?", level="core", minutes=20, assesses="what follows from an audit")
@questions(
    REPORTS,
    "With an area from {area_low}, a blind baseline of {blind} (from {blind_low}), {strangers} strangers, and "
    "{members_low} against {strangers_high} extracted",
)
def may_say(
    area_low: float,
    blind: float,
    blind_low: float,
    strangers: int,
    members_low: float,
    strangers_high: float,
    got: Any,
) -> str:
    """Check which of four claims follow from the numbers of a report."""
    answers = as_tensor(got, (4,), "Your four answers")
    if not bool(((answers == 0) | (answers == 1)).all()):
        wrong("Return four times True or False, one for each claim.")
    alike = not (blind > 0.5 + UNLIKE and blind_low > 0.5)
    right = [alike and area_low > 0.5, strangers >= 99, members_low > strangers_high, False]
    told = [bool(one) for one in answers.tolist()]
    if told[0] != right[0]:
        if area_low > 0.5 and not alike:
            wrong("(a) does not follow: a classifier without the model tells these texts apart, too.")
        if area_low <= 0.5:
            wrong("(a) does not follow: 0.5, guessing, lies within the interval of the area.")
        wrong(
            "(a) follows: the area is above 0.5, and the blind baseline is not both more than 0.05 above it and sure "
            "of it."
        )
    if told[1] != right[1]:
        wrong(f"(b) takes a k of 1 at least, floor(0.01 (n + 1)), and n is {strangers}.")
    if told[2] != right[2]:
        wrong("(c) follows if the interval of members lies wholly above that of strangers: compare its ends.")
    if told[3]:
        wrong("(d) never follows. What was not looked for was not found, and an attacker may try longer.")
    return "Right. A report is as good as the sentences that somebody makes of it."


def _two_texts() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return pairs of texts int64[n, L]: of one kind and of two, of one size and of two.

    No member of the second half scores as high as a stranger: of equal sums, rounding decides which is larger.
    """
    out, generator = [], torch.Generator().manual_seed(0)
    for m, n, shift in ((40, 40, 0), (40, 60, 3), (30, 50, 1), (24, 24, 6)):
        while True:
            members = torch.randint(24, (m, 5), generator=generator)
            moved = (shift * torch.rand(n, 5, generator=generator)).long()
            strangers = (torch.randint(24, (n, 5), generator=generator) + moved) % 24
            yes, no = blind_scores(members, strangers)
            if float((yes[:, None] - no[None, :]).abs().min()) > 1e-6:
                break
        out.append((members, strangers))
    return out


@exercise(5, "A blind baseline", level="stretch", minutes=25, assesses="a baseline that never sees the model")
@questions(_two_texts)
def blind_area(members: Any, strangers: Any, got: Any) -> str:
    """Check the area of a classifier that counts words in the first halves and judges the second ones."""
    right = blind_of(members, strangers)
    slips = {
        "You judge the sentences whose words you counted. What has been counted is always told apart: even two texts "
        "of one kind seem to differ. Judge the second halves.": blind_of(members, strangers, judged="first"),
        "Count in the first halves only. You counted words of those that you judge, too, and what was counted is told "
        "apart too well.": tuple(blind_of(members, strangers, "all", part) for part in ("second", "all")),
        "It is the wrong way round: a high score must mean a member.": 1 - right,
    }
    compare(
        got,
        right,
        slips,
        "Count in the first halves, 1 more for every word; add up each second half's sentences; compare.",
    )
    return "Right. Near 0.5 means: whoever tells these members from these strangers has asked the model."

"""Which changed words come back, of training text and of fresh text, and how wide the basins are."""

from __future__ import annotations

import math
from typing import Any

from uddm_mini.probes.basins import BasinSettings, basin_profile
from uddm_mini.probes.recovery import Recovery, counted_tokens, token_recovery
from uddm_mini.probes.roc import Interval
from uddm_mini.walks import Walk

from .case import Case
from .finding import Finding, Row, missing, percent

Z = 1.96  # standard errors of a 95 % interval
SHOWN = 0.25  # noise level of the number in the sentence
SHARES = (0.1, 0.2, 0.3, 0.45, 0.6, 0.8)  # of the words of a sentence that are changed, for its basin
BASIN_STEPS = 8
KINDS = ("members", "strangers")


def recovery(case: Case) -> Finding:
    """Return how many changed words come back at several noise levels, averaged over sentences, and the basins.

    `number` is how much more of the members' words come back than of the strangers', at the noise level next to 0.25.
    """
    kinds = [name for name in KINDS if case.has(name)]
    if not kinds:
        return missing(
            "recovery", "Nothing to bring back: give members (training text), strangers (fresh text) or both."
        )
    rows: list[Row] = [row for name in kinds for row in _levels(case, name)]
    basins = [row for name in kinds for row in _basins(case, name)]
    facts: dict[str, Any] = {"basins": basins, "chance": _chance(case, kinds[-1])}
    notes = [
        "A word is changed by the noise of the model, at random places; a constant guess, the most frequent word at "
        f"each place, is right for {percent(facts['chance'])} of them.",
    ]
    t = min(case.settings.times, key=lambda level: abs(level - SHOWN))
    at = {row["kind"]: row for row in rows if row["t"] == t}
    if len(kinds) < 2:
        only = at[kinds[0]]
        sentence = f"With one word in {1 / t:.0f} changed, {_share(only)} of these come back in {kinds[0]}."
        notes.append("Without both kinds of text there is nothing to compare this with: give members and strangers.")
        return Finding("recovery", True, sentence, None, rows, notes, facts)
    gap, error = at["members"]["recovered"] - at["strangers"]["recovered"], 0.0
    for row in at.values():
        error = math.hypot(error, row["error"])
    number = Interval(gap, gap - Z * error, gap + Z * error)
    more = "more" if gap >= 0 else "less"
    told = f"{100 * abs(gap):.0f} points (95 % interval of the difference {_points(number)})"
    same = " As far as this can see, training text is nothing special to the model." if number.low <= 0 else ""
    sentence = (
        f"At noise level {t:g}, {_share(at['members'])} of the changed words of training text come back, and "
        f"{_share(at['strangers'])} of fresh text: {told} {more}.{same}"
    )
    notes.append("This compares two texts: if they differ in kind, so may what comes back. See the section on them.")
    return Finding("recovery", True, sentence, number, rows, notes, facts)


def _points(number: Interval) -> str:
    return f"{100 * number.low:.0f} to {100 * number.high:.0f}"


def _share(row: Row) -> str:
    return percent(row["recovered"])


def _within(share: float) -> float:
    """Return the end of an interval of a share, which is none outside 0 to 1."""
    return min(1.0, max(0.0, share)) if math.isfinite(share) else share


def _levels(case: Case, name: str) -> list[Row]:
    """Return a row for each noise level: kind, t, recovered with its interval and error, unstable and exact."""
    x, rows = case.text(name), list[Row]()
    for t in case.settings.times:
        draws = case.draws(f"recovery at {t:g}")
        found = token_recovery(case.model, x, t, ignore=case.texts.ignore, generator=draws)
        each = found.by_sentence[~found.by_sentence.isnan()]
        mean, error = float(each.mean()), float(each.std()) / max(1, len(each)) ** 0.5 if len(each) > 1 else math.nan
        span = {"recovered": mean, "low": _within(mean - Z * error), "high": _within(mean + Z * error), "error": error}
        rows.append({"kind": name, "t": t, **span, "unstable": found.unstable, "exact": found.exact})
    return rows


def _basins(case: Case, name: str) -> list[Row]:
    """Return a row for each share of changed words: kind, changed, and how many corrupted sentences came back whole."""
    x = case.text(name)[: case.settings.basins]
    returned: dict[float, list[float]] = {share: [] for share in SHARES}
    for k, sentence in enumerate(x):
        count = int(counted_tokens(sentence, case.texts.ignore).sum())
        numbers = {share: max(1, round(share * count)) for share in SHARES}
        settings = BasinSettings(sorted(set(numbers.values())), case.settings.corruptions, Walk("iterate", BASIN_STEPS))
        draws = case.draws(f"basin {name} {k}")
        profile = basin_profile(case.model, sentence, None, settings, ignore=case.texts.ignore, generator=draws)
        found = profile.table.set_index("changed").returned
        for share, number in numbers.items():
            returned[share].append(float(found[number]))
    return [
        {"kind": name, "changed": share, "returned": sum(values) / len(values), "sentences": len(values)}
        for share, values in returned.items()
        if values
    ]


def _chance(case: Case, name: str) -> float:
    """Return how often the best constant guess is right."""
    x = case.text(name)
    xt = case.model.noise.corrupt(x, SHOWN, case.draws("chance"))
    return Recovery(x, xt, x, counted_tokens(x, case.texts.ignore)).chance

"""Drawn questions of the chapter on basins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def alpha_for(draw: Draw) -> list[Case]:
    """Return k, L and V."""

    def one() -> Case:
        length = draw.whole(4, 20)
        return draw.whole(1, max(1, length // 2)), length, draw.whole(3, 120)

    return draw.times(5, one)


def radius(draw: Draw) -> list[Case]:
    """Return numbers of changed words, and the shares of runs that returned."""

    def one() -> Case:
        k = draw.whole(3, 6)
        changed = sorted(draw.shuffled(range(1, 13))[:k])
        shares = [share + draw.number(-0.08, 0.08) for share in draw.falling(k, 1.0, 0.0)]
        return changed, [round(min(1.0, max(0.0, share)), 3) for share in shares]

    return draw.times(5, one)


def where_runs_end(draw: Draw) -> list[Case]:
    """Return ends of runs, a sentence x and memories; counts of returned, captured and others; and no hint."""

    def one() -> Case:
        x, length = draw.tokens(4, vocab=5), 4
        memories = torch.cat([draw.tokens(3, length, vocab=5), x[None]])
        rows = [x.tolist()] * draw.whole(1, 5) + [memories[0].tolist()] * draw.whole(1, 4)
        rows += draw.tokens(draw.whole(2, 6), length, vocab=5).tolist()
        ends = draw.shuffled(rows)
        home = [end == x.tolist() for end in ends]
        caught = [end in memories.tolist() and not back for end, back in zip(ends, home, strict=True)]
        counts = sum(home), sum(caught), len(ends) - sum(home) - sum(caught)
        return torch.tensor(ends), x, memories, counts, ""

    return draw.times(3, one)


def safe_radius(draw: Draw) -> list[Case]:
    """Return distances of the other memories, and beta."""
    return draw.times(4, lambda: (tuple(draw.wholes(draw.whole(1, 6), 3, 12)), draw.number(0.6, 3.0)))


def _signal(k: int, length: int, vocab: int) -> float:
    return max(0.001, 1 - k / (length * (1 - 1 / vocab)))


def _radius(bar: float, first: bool = False) -> Callable[[list[int], list[float]], float]:
    """Return the largest number with a share of at least the bar, or the last before the first below it."""

    def find(changed: list[int], returned: list[float]) -> float:
        at = [i for i, share in enumerate(returned) if share >= bar]
        if first:
            at = [i for i in at if all(share >= bar for share in returned[: i + 1])]
        if not at:
            return 0.0
        i = max(at)
        if i + 1 == len(changed):
            return float(changed[i])
        gone = (returned[i] - bar) / (returned[i] - returned[i + 1])
        return (1 - gone) * changed[i] + gone * changed[i + 1]

    return find


VARIANTS = {
    "alpha_for": Meanings(
        _signal,
        {
            "redrawn": Variant(
                "Return the signal at which `k` *redrawn* words are expected, whether they change or draw themselves. "
                "It "
                r"is never below $10^{-3}$.",
                lambda k, length, vocab: max(0.001, (length - k) / length),
            ),
            "never-itself": Variant(
                "Here a word that is redrawn is drawn *twice* if it draws itself the first time, and keeps what it "
                "draws "
                r"then. It is never below $10^{-3}$.",
                lambda k, length, vocab: max(0.001, 1 - k / (length * (1 - vocab**-2))),
            ),
            "unchanged": Variant(
                "Return the signal at which `k` *unchanged* words are expected. It is never below $10^{-3}$.",
                lambda k, length, vocab: max(0.001, (k / length - 1 / vocab) / (1 - 1 / vocab)),
            ),
        },
        lambda draw: draw.times(5, lambda: (draw.whole(1, 4), draw.whole(8, 12), draw.whole(3, 9))),
        "For {k} of {length} words and V = {vocab}",
    ),
    "radius": Meanings(
        _radius(0.5),
        {
            "one-third": Variant("Everywhere, take 1/3 in the place of 1/2.", _radius(1 / 3)),
            "two-thirds": Variant("Everywhere, take 2/3 in the place of 1/2.", _radius(2 / 3)),
            "nine-tenths": Variant("Everywhere, take 9/10 in the place of 1/2.", _radius(0.9)),
            "unbroken": Variant(
                "Take the largest number *up to which every share* is at least 1/2, also if a later one is again; from "
                "there follow the line down to 1/2 as before.",
                _radius(0.5, first=True),
            ),
        },
        lambda draw: [*radius(draw), *draw.times(3, lambda: _dip(draw))],
        "For the shares {returned} at {changed} changed words",
    ),
}


def _dip(draw: Draw) -> Case:
    """Return shares that fall below one half and rise again."""
    low, again = draw.number(0.1, 0.3), draw.number(0.55, 0.65)
    return [1, 2, 4, 5, 8], [draw.number(0.92, 1.0), draw.number(0.7, 0.9), low, again, 0.05]

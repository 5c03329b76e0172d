"""Checks of the chapter "How big is the basin around a sentence?"."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from typing import Any

import torch

from uddm_mini.probes.basins import half_survives
from uddm_mini.teaching.answers import Cases, as_number, as_tensor, ask, ask_each, close, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

# k, L and V; the last ones ask for more changes than noise can make
LEVELS = ((1, 2, 3), (4, 14, 102), (7, 14, 2), (1, 10, 5), (14, 14, 102), (2, 2, 3))
LEAST = 1e-3

# numbers of changed words, and the share of runs that returned
PROFILES = (
    ((1, 2, 4), (1.0, 0.75, 0.25)),
    ((1, 2, 4, 8), (0.9, 0.4, 0.6, 0.2)),
    ((2, 4, 6), (1.0, 0.9, 0.7)),
    ((1, 2), (0.4, 0.1)),
    ((1, 3, 5), (1.0, 0.5, 0.0)),
    ((1, 2), (0.5, 0.5)),
)

# distances of the other memories, and beta: a few near ones, a tie (8 words, k = 4), and many far ones that decide
NEIGHBORS = (
    *(((9,), 2.0), ((3, 8), 5.0), ((6,) * 30, 0.8)),
    *(((10,) * 400 + (9,), 1.4), ((8,), 2.0), ((1, 12), 6.0)),
)


@exercise(1, "Which noise level?", level="warm-up", minutes=5, assesses="a noise level for a number of changes")
@questions(LEVELS, "For {k} of {length} words and V = {vocab}")
def alpha_for(k: int, length: int, vocab: int, got: Any) -> str:
    """Check alpha = 1 - (k / L) V / (V - 1), at least 1e-3."""
    got, share = as_number(got), k / length
    alpha = max(1 - share * vocab / (vocab - 1), LEAST)
    slips = {
        "You take every redrawn word for a changed one. One in V redraws the same word, so more than k must be redrawn "
        "for k to change.": max(1 - share, LEAST),
        "Your factor is upside down: k / L = (1 - alpha) (V - 1) / V, solved for alpha.": (
            max(1 - share * (vocab - 1) / vocab, LEAST)
        ),
        f"You return the noise, {got:.3f}. The question is about the signal alpha that is left.": (
            *((1 - alpha) / (1 - LEAST), 1 - alpha),
        ),
        f"You return {got:.3f}, but alpha never falls below {LEAST}: pure noise is all there is.": got < LEAST,
    }
    compare(got, alpha, slips)
    return "Right. The denoiser is told the level at which k changed words are just what it expects."


@exercise(2, "The radius", level="core", minutes=10, assesses="a radius by interpolation")
@questions([(list(k), list(r)) for k, r in PROFILES], "For the shares {returned} at {changed} changed words")
def radius(changed: list[int], returned: list[float], got: Any) -> str:
    """Check the largest number with at least half returned, interpolated, against cases counted by hand."""
    got, right = as_number(got), half_survives(changed, returned)
    last = max((k for k, share in zip(changed, returned, strict=True) if share >= 0.5), default=0)
    slips = {
        f"Not even half of the runs return, so the radius is 0, but you return {got:.2f}.": last == 0,
        f"Every share is at least 1/2. Return the largest number measured, {last}, as a lower bound.": (
            last == changed[-1]
        ),
        f"You stop at {last}. Follow the straight line to the next number, down to 1/2.": last,
        f"You return {got:.2f}. The *largest* number with a share of 1/2 or more counts: {last}.": got < last,
    }
    compare(got, right, slips, f"There the line from {last} to the next number meets 1/2.")
    return "Right. One number per sentence, so that basins can be compared."


def _run_ends() -> list[tuple[Any, ...]]:
    """Return ends of runs, a sentence x and memories; and counts of returned, captured and others, and what to say."""
    x, captor, other = torch.tensor([1, 2, 3]), [1, 2, 4], [0, 0, 0]
    memories = torch.tensor([captor, x.tolist(), captor, other])  # x itself is stored, and a neighbor twice
    ends = torch.tensor([x.tolist()] * 4 + [captor] * 3 + [other] * 2 + [[0, 2, 3]] * 2 + [[4, 4, 0]] * 5)
    return [
        (ends, x, memories, (4, 5, 7), ""),
        (ends, x, torch.tensor([captor, other]), (4, 5, 7), "Wrong where x is not among the memories: held-out text."),
        (ends, memories[0], memories, (3, 6, 7), "Wrong for another x: compare the ends with x itself."),
        (
            ends,
            x,
            torch.tensor([other]),
            (4, 2, 10),
            "Right for four memories, not for one that captured 2 of 16 runs.",
        ),
        (ends[:8], x, memories, (4, 4, 0), "Right for all 16 runs, not for the first 8: 4 returned, 4 were captured."),
    ]


@exercise(3, "Where do the runs end?", level="core", minutes=15, assesses="sorting the ends of runs")
@questions(_run_ends, hidden=2)
def where_runs_end(
    ends: torch.Tensor, x: torch.Tensor, memories: torch.Tensor, counts: tuple[int, int, int], hint: str, got: Any
) -> str:
    """Check the shares of runs that returned, that another memory captured, and that ended elsewhere."""
    if isinstance(got, dict):
        wrong("Return three shares in order, (returned, captured, elsewhere), not a dictionary.")
    shares, right = as_tensor(got, (3,), "Your answer (returned, captured, elsewhere)"), as_tensor(counts) / len(ends)
    slips = {
        hint: bool(hint),
        "You count returns twice: x is among the memories, and coming home is no capture.": close(shares[1], 9 / 16),
        "A memory that is stored twice captures a run once: ask whether *any* memory equals the end.": (
            close(shares[1], 8 / 16)
        ),
        "You count runs. Divide by their number, here 16, to get shares.": close(shares.sum(), 16),
        "Your shares do not add up to 1, but every run ends in exactly one of the three ways.": (
            not close(shares.sum(), 1)
        ),
        f"{right[0]:.4f} of the runs end at exactly x, all of its words; you say {shares[0]:.4f}.": (
            not close(shares[0], right[0])
        ),
        "You count the nearest memory only. Any memory other than x can capture a run.": close(shares[1], 3 / 16),
    }
    compare(shares, right, slips, "The second are the runs that end at a whole memory that is not x.")
    return "Right. A failed run that was captured shows memory; one that ends elsewhere shows something else."


@exercise(4, "A radius with a proof", level="stretch", minutes=25, assesses="a worst-case bound for a memorizer")
def safe_radius(answer: Any, more: Cases = ()) -> str:
    """Check the largest k with sum over other memories of exp(-beta (d_i - 2 k)) < 1."""
    cases, every = [], (*NEIGHBORS, *more)
    for i, (distances, beta) in enumerate(every):
        x, memories = _at_distances(distances)
        cases.append((memories + i, x + i, beta))  # other words, at the same distances
    for (distances, _), (memories, x, beta, given) in zip(every, ask_each(answer, cases), strict=True):
        got, right, nearest, n = as_number(given), max(_bounds(distances, beta, 2)), min(distances), len(distances)
        others = f"{n} other {'memory' if n == 1 else 'memories, the nearest'}"
        case = f"With {others} {nearest} words away, and beta = {beta}"
        none = right > 0 and got in (-1, 0)
        if none and as_number(ask(answer, memories[(memories != x).any(dim=1)], x, beta)) == right:
            wrong(f"{case} you find no safe k. x itself, at distance 0, is among your competitors: leave it out.")
        slips = {
            f"{case} you return {got}. The radius counts words: a whole number from 0 to L.": not math.isfinite(got),
            f"{case} you find no safe k, but {right} changes are safe. After k changes a competitor at distance d "
            "weighs exp(-beta (d - 2 k)) against x, which is small while 2 k is well below d.": none,
            f"{case} you return {got:g}, where the others weigh exactly as much as x. That is a tie, and x may lose "
            "it: the sum has to stay below 1 (<, not <=).": (
                got == right + 1 and got in _bounds(distances, beta, 2, ties=True)
            ),
            f"{case} you look at the nearest memory alone: k < d / 2. Here the *sum* of all other weights must stay "
            f"below the weight of x ({n} of them here).": n > 1 and (nearest - 1) // 2,
            f"{case} you let a change hurt once. It hurts twice: x loses a match, and in the worst case a competitor "
            "gains one.": max(_bounds(distances, beta, 1), default=0),
            f"The radius counts words, so it is a whole number; you return {got:.3f}.": not got.is_integer(),
        }
        compare(got, right, slips, f"{case} this is the largest safe k.", within=0)
    x, memories = _at_distances((1, 1))
    hint = "Two memories one word away outweigh x at beta = 0.5 even at k = 0. Return 0 there."
    compare(ask(answer, memories, x, 0.5), 0, hint=hint, within=0)
    endless = "With x as the only memory your loop never ends: an empty sum is below 1 for every k. Stop at k = L."
    hint = f"With x as the only memory any L = {len(x)} changes are undone. Return L there."
    compare(ask(_ending(answer), x[None], x, 0.5), len(x), {endless: math.inf}, hint, within=0)
    return (
        "Right. Any k words, replaced by any others, come back in one step. Measured radii are far wider, since random "
        "words rarely match a competitor."
    )


def _ending(answer: Callable[..., Any], lines: int = 10_000) -> Callable[..., Any]:
    """Return a function that answers alike, or with infinity after so many lines: an endless loop hangs a notebook."""

    @functools.wraps(answer)
    def run(*arguments: Any) -> Any:
        left = lines

        def count(frame: Any, event: str, argument: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise TimeoutError
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            return answer(*arguments)
        except TimeoutError:
            return math.inf
        finally:
            sys.settrace(before)

    return run


def _at_distances(distances: tuple[int, ...], length: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    """Return x int64[L], and memories int64[n + 1, L] at these distances from it, x itself in the second row."""
    x = torch.zeros(length, dtype=torch.int64)
    others = torch.stack([(torch.arange(length) < d).long() * (1 + i) for i, d in enumerate(distances)])
    return x, torch.cat([others[:1], x[None], others[1:]])


def _bounds(distances: tuple[int, ...], beta: float, harm: int, ties: bool = False) -> list[int]:
    """Return every k from 0 on at which the others cannot outweigh x, if a change harms `harm` times."""
    d = torch.tensor(distances, dtype=torch.float64)
    weights = [float(torch.exp(-beta * (d - harm * k)).sum()) for k in range(13)]
    return [k for k, weight in enumerate(weights) if weight < 1 or (ties and weight == 1)]

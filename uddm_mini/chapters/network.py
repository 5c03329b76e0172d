"""Checks of the chapter "What is in the network, and which of its numbers matter?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.answers import as_number, as_tensor, close, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

BETAS, TINY, DECAY = (0.9, 0.99), 1e-8, 0.01  # of AdamW, as the chapter has them


@exercise(1, "How far apart are two noise levels?", level="warm-up", minutes=10, assesses="features of the noise level")
@questions([(0.3, 0.9), (0.001, 0.01), (0.5, 0.51), (1.0, 0.001), (0.3, 0.0), (0.0, 1.0)], "For the levels {s} and {t}")
def time_gap(s: float, t: float, got: Any) -> str:
    """Compare with the Euclidean distance of the two points (t, log(t + 1e-3) / 5, cos(pi t))."""
    got, right = as_number(got, "Your distance"), _gap(s, t)
    parts = [abs(a - b) for a, b in zip(_features(s), _features(t), strict=True)]
    slips: dict[str, Any] = {
        "A distance is not negative. Square the differences before you add them.": got < 0,
        "You add the three differences up. The Euclidean distance is the root of the sum of their squares.": sum(parts),
        "That is the distance on the axis t alone. There are two more features.": parts[0],
        "That is the square of the distance. Take the root.": right**2,
        "That is the distance without the second feature, ln(t + 0.001) / 5, which matters near t = 0.": math.hypot(
            parts[0], parts[2]
        ),
        "That is the distance without the third feature, cos(pi t).": math.hypot(parts[0], parts[1]),
        "The logarithm is not divided by 5.": _gap(s, t, divisor=1.0),
        "You used the logarithm to base 10. ln is the natural one, `math.log`.": _gap(s, t, divisor=5 * math.log(10)),
        "You left out the 0.001 inside the logarithm, which keeps it finite at t = 0.": (
            min(s, t) > 0 and close(got, _gap(s, t, shift=0.0))
        ),
        "The cosine is of pi t, so that it falls from 1 at t = 0 to -1 at t = 1.": _gap(s, t, turn=1.0),
        "A cosine of 2 pi t is the same at t = 0 and at t = 1; the feature is cos(pi t).": _gap(s, t, turn=2 * math.pi),
    }
    differences = ", ".join(f"{part:.4f}" for part in parts)
    compare(got, right, slips, f"They differ by {differences} in the three features.")
    return (
        "Right. On the axis t alone 0.001 and 0.01 are 0.009 apart, and the network could hardly tell them from each "
        "other. In the features they are 0.34 apart."
    )


def _features(t: float, divisor: float = 5.0, shift: float = 1e-3, turn: float = math.pi) -> tuple[float, float, float]:
    """Return what the network is told about t; the other arguments make slips."""
    return t, math.log(t + shift) / divisor, math.cos(turn * t)


def _gap(s: float, t: float, **slip: float) -> float:
    """Return the distance of two levels."""
    return math.dist(_features(s, **slip), _features(t, **slip)) if min(s, t) + slip.get("shift", 1) > 0 else math.nan


def _heads() -> list[tuple[torch.Tensor, ...]]:
    """Return queries, keys and values float64[L, D] for a few L and D."""
    generator = torch.Generator().manual_seed(0)
    return [
        tuple(1.5 * torch.randn(3, length, width, generator=generator, dtype=torch.float64))
        for length, width in ((3, 2), (5, 4), (4, 16))
    ]


@exercise(2, "A head that does not look at itself", level="core", minutes=15, assesses="attention with a mask")
@questions(_heads)
def blind_head(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, got: Any) -> str:
    """Compare with attention whose diagonal scores are minus infinity."""
    length, width = q.shape
    got, scores = as_tensor(got, (length, width)), q @ k.T / math.sqrt(width)
    own = torch.eye(length, dtype=torch.bool)

    def mixed(scores: torch.Tensor, dim: int = 1) -> torch.Tensor:
        return scores.masked_fill(own, -math.inf).softmax(dim=dim) @ v

    shares = scores.softmax(dim=1)
    slips = {
        "Some of your numbers are nan. Put minus infinity in the place of a score; do not multiply or add it to 0 of "
        "a mask.": bool(got.isnan().any()),
        "Every place still looks at itself. Give its own score, on the diagonal, the value minus infinity.": shares @ v,
        "A score of 0 is not a share of 0. The softmax turns it into exp(0) = 1; minus infinity becomes 0.": (
            scores.masked_fill(own, 0).softmax(dim=1) @ v
        ),
        "You removed the place's own share after the softmax, so the others sum to less than 1. Mask the scores.": (
            shares.masked_fill(own, 0) @ v
        ),
        "The scores are not divided by the square root of D, the number of numbers in a query.": (
            mixed(scores * math.sqrt(width))
        ),
        "You divide the scores by D; it is the square root of D.": mixed(scores / math.sqrt(width)),
        "You divide by the square root of L, the number of places; it is that of D, of the numbers in a query.": (
            mixed(scores * math.sqrt(width / length))
        ),
        "You hide the later places, too, as for reading from left to right. Only the own place is hidden.": (
            scores.masked_fill(torch.ones_like(scores).triu() > 0, -math.inf).softmax(dim=1).nan_to_num() @ v
        ),
        "Your softmax runs over the places that ask. For each of them the shares of the places it looks at sum to 1: "
        "that is the last axis of q @ k.T.": mixed(scores, dim=0),
        "You compare keys with queries the other way round: row i of q @ k.T is what place i asks.": mixed(scores.T),
    }
    hint = "Scores q @ k.T over the root of D, minus infinity on the diagonal, softmax over the last axis, times v."
    compare(got, mixed(scores), slips, f"There are L = {length} places and D = {width}. {hint}")
    return (
        "Right. And yet a network of such heads is no cavity posterior by construction: the residual sum h + attention "
        "carries the word to the head. What keeps the word out is the NELBO."
    )


@exercise(3, "How far can a weight go?", level="core", minutes=10, assesses="a schedule of step sizes")
@questions(
    [(100, 0.02, 30), (700, 7e-3, 50), (700, 1e-3, 50), (300, 7e-3, 0), (40, 0.01, 50)],
    "Over {steps} steps, peak {peak}, warm-up {warmup}",
)
def reach(steps: int, peak: float, warmup: int, got: Any) -> str:
    """Compare with the sum of the step sizes of a whole training."""
    got, right = as_number(got, "The sum"), _reach(steps, peak, warmup)
    slips: dict[str, Any] = {
        "That is the mean of the step sizes. A weight takes all of the steps: add them up.": right / steps,
        "That is the number of full steps. Multiply by the largest step size, `peak`.": right / peak,
        "You left out the warm-up: a factor (step + 1) / warmup, at most 1.": _reach(steps, peak, 0),
        "You left out the decay along the cosine.": _reach(steps, peak, warmup, decay=0),
        "You left out warm-up and decay.": peak * steps,
        "Your sizes are twice as large: the cosine runs from 1 to -1, so (1 + cos) / 2 runs from 1 to 0.": 2 * right,
        "Nearly. Warm-up and cosine are one step out of line: in the first step, number 0, the warm-up's factor is 1 / "
        "warmup, and the cosine's is 1.": tuple(
            _reach(steps, peak, warmup, ahead=ahead, shift=shift) for ahead, shift in ((0, 0), (1, 1), (2, 1), (0, 1))
        ),
        "Your decay begins when the warm-up ends. Here the cosine begins at step 0, and the two are multiplied.": (
            steps > warmup > 1 and close(got, _after(steps, peak, warmup))
        ),
    }
    compare(got, right, slips, "With warmup = 0 there is no warm-up.")
    return (
        "Right. With the book's numbers it is about 2.3, with a largest step size of 0.001 about 0.33: seven times "
        "less room to go from random weights to certain answers."
    )


def _reach(steps: int, peak: float, warmup: int, *, decay: int = 1, ahead: int = 1, shift: int = 0) -> float:
    """Return the sum of all step sizes; the named arguments make slips."""
    sizes = (
        (min(1.0, (step + ahead) / warmup) if warmup else 1.0)
        * (0.5 * (1 + math.cos(math.pi * (step + shift) / steps)) if decay else 1.0)
        for step in range(steps)
    )
    return peak * sum(sizes)


def _after(steps: int, peak: float, warmup: int) -> float:
    """Return the sum when the cosine begins where the warm-up ends, another common schedule."""
    rising = sum((step + 1) / warmup for step in range(warmup))
    falling = sum(0.5 * (1 + math.cos(math.pi * k / (steps - warmup))) for k in range(steps - warmup))
    return peak * (rising + falling)


def _runs() -> list[tuple[float, torch.Tensor, torch.Tensor]]:
    """Return a weight, the gradients of its steps and their sizes; the first two differ in the gradients' unit only."""
    found = [
        (1.0, (0.5, 0.5, 0.1, -0.2), (0.1, 0.2, 0.3, 0.1)),
        (1.0, (5e-4, 5e-4, 1e-4, -2e-4), (0.1, 0.2, 0.3, 0.1)),
        (-2.0, (0.3, -0.1, 0.7, 0.2, 0.2, -0.4), (0.3, 0.3, 0.2, 0.2, 0.1, 0.1)),
        (0.5, (-2.0,), (0.2,)),
    ]
    return [(w, as_tensor(gradients), as_tensor(sizes)) for w, gradients, sizes in found]


@exercise(4, "AdamW by hand", level="stretch", minutes=25, assesses="an optimizer from its definition")
@questions(_runs, "From {weight}, gradients {gradients}, sizes {sizes}")
def adamw(weight: float, gradients: torch.Tensor, sizes: torch.Tensor, got: Any) -> str:
    """Compare with the definition of AdamW for one weight."""
    got, right = as_number(got, "The weight"), _adamw(weight, gradients, sizes)

    def slip(word: str = "", **change: Any) -> float:
        return _adamw(weight, gradients, sizes, word, **change)

    slips: dict[str, Any] = {
        "That is where the weight began. Return it after all of the steps.": weight,
        "You walk uphill. The step is subtracted.": slip("uphill"),
        "That is plain gradient descent: the step follows the size of the gradient. Adam divides by its root mean "
        "square.": (slip("plain"), slip("plain", decay=0)),
        "Your averages m and v start at 0, and are too small at first: divide them by 1 - 0.9^n and 1 - 0.99^n, with n "
        "= 1 in the first step.": (slip("uncorrected"), slip("uncorrected", decay=0)),
        "You divide by the average of the squares. Take its root first.": slip("no root"),
        "Correct v first, then take the root: the root of v / (1 - 0.99^n).": slip("root first"),
        "You keep the corrected averages for the next step. Go on with m and v themselves.": slip("kept"),
        "0.9 and 0.99 are the shares of the *old* averages that stay.": slip(betas=(1 - BETAS[0], 1 - BETAS[1])),
        "The numbers 0.9 and 0.99 have changed places: m forgets faster than v.": slip(betas=BETAS[::-1]),
        "You used 0.999, the usual number, for the average of the squares; here it is 0.99.": slip(betas=(0.9, 0.999)),
        "You left out the weight decay: in each step the weight shrinks by the factor 1 - 0.01 * size.": slip(decay=0),
        "You add the decay to the gradient, where Adam divides it away again. AdamW shrinks the weight itself.": (
            slip("coupled")
        ),
        "Your weight shrinks by 0.01 in each step, whatever the size; the factor is 1 - 0.01 * size.": slip("fixed"),
        "Nearly. Shrink the weight first, then take the step.": slip("late"),
        "No weight goes so far. Is 1 - 0.9^n zero in the first step, because n starts at 0?": abs(got) > 1e3,
    }
    if math.isnan(got):
        wrong("You return nan. Is a correction 1 - 0.9^n zero, because n starts at 0?")
    compare(got, right, slips, "Go through the first step by hand: m / sqrt(v), corrected, is 1 or -1.")
    return (
        "Right. Gradients a thousand times smaller lead to the same weight: the step size decides how far a weight "
        "goes, the gradient only where to."
    )


def _adamw(
    w: float,
    gradients: torch.Tensor,
    sizes: torch.Tensor,
    slip: str = "",
    betas: tuple[float, float] = BETAS,
    decay: float = DECAY,
) -> float:
    """Return the weight after all steps, with one slip or none."""
    m = v = 0.0
    for n, (g, size) in enumerate(zip(gradients.tolist(), sizes.tolist(), strict=True), start=1):
        shrink = 1 - decay * (1.0 if slip == "fixed" else size)
        if slip == "coupled":
            g, shrink = g + decay * w, 1.0
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        m_now, v_now = (m, v) if slip == "uncorrected" else (m / (1 - betas[0] ** n), v / (1 - betas[1] ** n))
        if slip == "kept":
            m, v = m_now, v_now
        if slip == "root first":
            v_now = v / (1 - betas[1] ** n) ** 2
        step = g if slip == "plain" else m_now / ((v_now if slip == "no root" else v_now**0.5) + TINY)
        step *= -size if slip == "uphill" else size
        w = (w - step) * shrink if slip == "late" else w * shrink - step
    return w

"""One step back and its price, computed in the page: the true step, the model's, their KL, and its limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import one_hot

from uddm_mini.noise import UniformNoise

from .live import Turnable
from .look import meaning_css
from .stills import Row, still_bars, told_bars

ALPHA, PART = 0.25, 3  # where both sliders begin: from 1/4 a third of the way, to 1/2
SIGNALS = [k / 20 for k in range(1, 19)]  # alpha_t on the slider, 0.05 to 0.9
PARTS = (1, 2, 3, 5, 10, 30, 100, 1000)  # a step goes back 1, 1/2, 1/3, ... of the way to alpha = 1


def price_of_step(
    words: Sequence[str],
    clean: str,
    seen: str,
    label: str = "One step back, and its price",
    *,
    limit: bool = False,
) -> Turnable:
    """Let the reader move p0 and both ends of a step, and watch KL(q(x_s | x_t, x_0) || q(x_s | x_t, x_0 := p0)).

    q(x_s = a | x_t = b, p0) is proportional to (alpha_s p0(a) + (1 - alpha_s) / V) q(b | a). Divided by how far alpha
    falls, the KL goes to sum_a [r - r* - r* ln(r / r*)] / (alpha V) as steps shrink, which is N_t at alpha' = -1.
    The reader guesses first.

    clean, seen: the clean word, and what the noise shows of it.
    limit: ask where the price goes as the steps shrink, and show u, r, r* and the brackets.

    Without scripts the two steps and the price show. ValueError for words that do not fit.
    """
    if len(set(words)) != len(words) or len(words) < 2 or not {clean, seen} <= set(words):
        raise ValueError("words must be two or more different words, with the clean and the seen word among them.")
    v, b = words.index(clean), words.index(seen)
    data = {
        "label": label,
        "words": list(words),
        "clean": v,
        "seen": b,
        "signals": SIGNALS,
        "signal": SIGNALS.index(ALPHA),
        "parts": list(PARTS),
        "part": PARTS.index(PART),
        "limit": limit,
        "ask": _question(words, (v, b), limit),
        "css": meaning_css(".uddm-back", "cavity"),
    }
    return Turnable("back", data, *_still(words, (v, b), limit))


def _question(words: Sequence[str], at: tuple[int, int], limit: bool) -> dict[str, Any]:
    """Return what the reader is asked before the figure answers."""
    before = ALPHA + (1 - ALPHA) / PART
    ask = {"min": 0, "max": 3 if limit else 1, "step": "any", "unit": "nats" if limit else ""}
    clean, seen = (f"“{words[k]}”" for k in at)
    given = f"Predict: the clean word was {clean}, the noise shows {seen}, and p₀ is 1/{len(words)} each. "
    if limit:
        price = divergence(*steps_back(_nothing(words), *at, before, ALPHA))
        return ask | {
            "question": f"{given}The step from α = {ALPHA:g} back to {before:g} costs {price:.4f} nats: "
            f"{price / (before - ALPHA):.3f} for each unit of α. Where does this number go as the step gets smaller?"
        }
    return ask | {
        "question": f"{given}One step back, from α = {ALPHA:g} to {before:g}. How probable does a model with this p₀ "
        f"find it that {seen} stood there before the step?"
    }


def _nothing(words: Sequence[str]) -> torch.Tensor:
    return torch.full((len(words),), 1 / len(words), dtype=torch.float64)


def steps_back(p0: torch.Tensor, clean: int, seen: int, before: float, now: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return where the token was at alpha_s = `before`, float64[V]: by who knows the clean word, and by p0 [V]."""
    noise = UniformNoise(len(p0))
    s, t = (noise.time_of(alpha) for alpha in (before, now))
    both = torch.stack([one_hot(torch.tensor(clean), len(p0)).double(), p0.double()])[:, None]  # [2, 1, V]
    true, said = noise.reverse_step(both, torch.full((2, 1), seen), s, t)[:, 0]
    return true, said


def divergence(q: torch.Tensor, p: torch.Tensor) -> float:
    """Return KL(q || p) in nats."""
    return float((torch.special.xlogy(q, q) - torch.special.xlogy(q, p)).sum())


def price_per_signal(p0: torch.Tensor, clean: int, seen: int, alpha: float) -> float:
    """Return N_t of p0 [V] where alpha falls by one for each unit of time, in nats."""
    noise, V = UniformNoise(len(p0)), len(p0)
    t = noise.time_of(alpha)
    cost = noise.nelbo(p0.log().expand(1, 1, V), torch.tensor([[clean]]), torch.tensor([[seen]]), t)
    return float(cost / -noise.alpha_prime(t))


def _still(words: Sequence[str], at: tuple[int, int], limit: bool) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: the true step, that of ignorance, and the price."""
    nothing, before = _nothing(words), ALPHA + (1 - ALPHA) / PART
    true, said = steps_back(nothing, *at, before, ALPHA)
    price = divergence(true, said)
    known = f"Clean: {words[at[0]]}. Seen: {words[at[1]]}. From α = {ALPHA:g} back to {before:g}. The true step"
    guessed = f"The step of p₀ = 1/{len(words)} each: KL = {price:.4f} nats"
    if limit:
        small = price_per_signal(nothing, *at, ALPHA)
        guessed += f", {price / (before - ALPHA):.3f} for each unit of α. Ever smaller steps: {small:.3f}"
    html, told = "", []
    for head, law, color in ((known, true, "chance"), (guessed, said, "cavity")):
        rows: list[Row] = [(word, float(p), color) for word, p in zip(words, law, strict=True)]
        html += f"<p><em>{head}</em></p>{still_bars(rows)}"
        told.append(f"{head}\n{told_bars(rows)}")
    return html, "\n".join(told)

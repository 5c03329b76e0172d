"""The price of a prediction under the NELBO, bracket by bracket in the page, for one word of a sentence of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from uddm_mini.noise import Linear, UniformNoise

from .live import Turnable
from .look import meaning_css
from .stills import Row, still_bars, told_bars

STEPS = 50  # of the slider from t = 0 to 1; both ends are left out


def price_of_prediction(
    joint: torch.Tensor,
    words: Sequence[str],
    read: tuple[str, str],
    label: str = "The price of a prediction",
    *,
    t: float = 0.5,
) -> Turnable:
    """Let the reader move p0, t and what the noise left, and watch u, r, r* and the brackets of the NELBO's N_t.

    N_t = -alpha' / (alpha V) sum_a [r - r* - r* ln(r / r*)] with r(a) = u(a) / u(b), u(a) = alpha V p0(a) + 1 - alpha,
    for the first word of a sentence of two, with the linear schedule; its average over what the clean word may be is
    least at the cavity posterior. The reader first guesses where.

    joint: probabilities of the sentences, float[V, V], the first word in rows.
    read: what the noise left of both words at t.

    Without scripts the two posteriors and their prices show. ValueError for words that do not fit, or t off the slider.
    """
    V = len(words)
    if joint.shape != (V, V) or V < 2 or abs(float(joint.sum()) - 1) > 1e-6 or not set(read) <= set(words):
        raise ValueError(f"joint must be probabilities [V, V] of {V} words that sum to 1, and read two of the words.")
    times = [k / STEPS for k in range(1, STEPS)]
    if t not in times:
        raise ValueError(f"t must be one of 0.02, 0.04, ..., 0.98, where the slider stops, but is {t}.")
    noise, b, other = UniformNoise(V, Linear()), words.index(read[0]), words.index(read[1])
    cavity, full = posteriors(joint, noise, (b, other), t)
    data = {
        "label": label,
        "words": list(words),
        "joint": joint.double().tolist(),
        "read": [b, other],
        "times": times,
        "start": times.index(t),
        "epsilon": noise.schedule.epsilon,
        "ask": {
            "question": f"Predict: the noise left “{' '.join(read)}” at t = {t:g}. Which p₀ for the first word being "
            f"“{read[0]}” makes N_t smallest, on average over what the clean word may be?",
            "min": 0,
            "max": 1,
            "step": "any",
            "unit": "",
        },
        "css": meaning_css(".uddm-price", "cavity"),
    }
    return Turnable("price", data, *_still(noise, words, (cavity, full), (b, t)))


def posteriors(
    joint: torch.Tensor, noise: UniformNoise, read: tuple[int, int], t: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the first of two words was, float64[V], given the other noisy word (cavity) and given both (full)."""
    xt = torch.tensor([read])
    first, second = noise.likelihood(xt, t)[0]  # q(read | v), [V] each
    cavity = joint.double() @ second
    full = cavity * first
    return cavity / cavity.sum(), full / full.sum()


def mean_price(p0: torch.Tensor, full: torch.Tensor, noise: UniformNoise, b: int, t: float) -> float:
    """Return N_t of p0 [V] where the noise left b, in nats, averaged over the clean word: drawn from full [V]."""
    V = len(p0)
    clean, read = torch.arange(V)[:, None], torch.full((V, 1), b)  # [V, 1]
    cost = noise.nelbo(p0.log().expand(V, 1, V), clean, read, torch.full((V,), t, dtype=torch.float64))
    return float(full @ cost.squeeze(1))


def _still(
    noise: UniformNoise, words: Sequence[str], exact: tuple[torch.Tensor, torch.Tensor], at: tuple[int, float]
) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: three predictions with their prices."""
    cavity, full = exact
    nothing = torch.full_like(cavity, 1 / len(words))
    html, told = "", []
    some: dict[str, Any] = {"cavity posterior": cavity, "full posterior": full, "knows nothing": nothing}
    for name, p0 in some.items():
        head = f"p₀ = {name}: N_t = {mean_price(p0, full, noise, *at):.4f} on average"
        color = {"cavity posterior": "cavity", "full posterior": "posterior"}.get(name, "chance")
        rows: list[Row] = [(word, float(p), color) for word, p in zip(words, p0, strict=True)]
        html += f"<p><em>{head}</em></p>{still_bars(rows)}"
        told.append(f"{head}\n{told_bars(rows)}")
    return html, "\n".join(told)

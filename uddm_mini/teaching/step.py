"""One reverse step for a word, from t back to s, for any prediction that is plugged in, in the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from uddm_mini.noise import Linear, UniformNoise

from .live import Turnable
from .look import meaning_css
from .price import posteriors
from .stills import Row, still_bars, told_bars

STEPS = 50  # of the sliders from 0 to 1; t = 1 is left out


def reverse_step_by_hand(
    joint: torch.Tensor,
    words: Sequence[str],
    read: tuple[str, str],
    levels: tuple[float, float],
    label: str = "One step back, by hand",
) -> Turnable:
    """Let the reader move s, t and p0, and watch the reverse step for the first word of a sentence of two.

    q(x_s = a | x_t = b, x_0 := p0) is proportional to q(b | a) (alpha_s p0(a) + (1 - alpha_s) / V), with the linear
    schedule; beside it stands the truth, the average of the steps whose clean word is known. The step has three parts:
    the word survived from s to t (kept), or it was redrawn, and at s stood the clean word (guessed) or a random one
    (noise). The reader first guesses how probable it is that the word stays.

    joint: probabilities of the sentences, float[V, V], the first word in rows.
    read: what the noise left of both words at t; levels: (s, t) at first.

    Without scripts the step shows for both posteriors. ValueError for words that do not fit, or levels off the sliders.
    """
    V = len(words)
    if joint.shape != (V, V) or V < 2 or abs(float(joint.sum()) - 1) > 1e-6 or not set(read) <= set(words):
        raise ValueError(f"joint must be probabilities [V, V] of {V} words that sum to 1, and read two of the words.")
    times = [k / STEPS for k in range(STEPS)]
    s, t = levels
    if s not in times or t not in times or not s < t:
        raise ValueError(f"levels must be two of 0, 0.02, ..., 0.98, the smaller one first, but are {levels}.")
    noise, seen = UniformNoise(V, Linear()), [words.index(word) for word in read]
    data = {
        "label": label,
        "words": list(words),
        "joint": joint.double().tolist(),
        "read": seen,
        "times": times,
        "s": times.index(s),
        "t": times.index(t),
        "epsilon": noise.schedule.epsilon,
        "ask": _question(read, levels),
        "css": meaning_css(".uddm-step", "cavity", "posterior", "noise"),
    }
    return Turnable("step", data, *_still(joint, words, (seen[0], seen[1]), levels))


def _question(read: tuple[str, str], levels: tuple[float, float]) -> dict[str, Any]:
    """Return what the reader is asked first."""
    return {
        "question": f"Predict: the noise left “{' '.join(read)}” at t = {levels[1]:g}. With which probability was the "
        f"first word “{read[0]}” already at s = {levels[0]:g}, that is, does it stay in the step back?",
        "min": 0,
        "max": 1,
        "step": "any",
        "unit": "",
    }


def _still(
    joint: torch.Tensor, words: Sequence[str], read: tuple[int, int], levels: tuple[float, float]
) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: the step with either posterior plugged in."""
    noise, (s, t) = UniformNoise(len(words), Linear()), levels
    html, told = "", []
    for name, p0 in zip(("cavity", "full"), posteriors(joint, noise, read, t), strict=True):
        step = noise.reverse_step(p0[None, None], torch.tensor([[read[0]]]), s, t)[0, 0]
        color = "posterior" if name == "full" else "cavity"
        rows: list[Row] = [(word, float(p), color) for word, p in zip(words, step, strict=True)]
        head = f"{name} posterior plugged in: the word at s = {s:g}, where “{words[read[0]]}” is seen at t = {t:g}"
        html += f"<p><em>{head}</em></p>{still_bars(rows)}"
        told.append(f"{head}\n{told_bars(rows)}")
    return html, "\n".join(told)

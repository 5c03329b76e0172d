"""A damaged sentence under a perfect memory: its weights against the noise level, beside the language, in the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from uddm_mini.noise import Linear, UniformNoise
from uddm_mini.teaching.live import Turnable
from uddm_mini.teaching.look import meaning_css
from uddm_mini.teaching.stills import Row, still_bars, told_bars
from uddm_mini.worlds import ToyLanguage

from .inline import language_spec, sentences_text

STEPS = 20  # of the slider of noise levels, from 1 / 20 to 1


def weights_of_memories(
    language: ToyLanguage,
    memory: torch.Tensor,
    damaged: torch.Tensor,
    sizes: Sequence[int],
    label: str = "The weights of a perfect memory",
    *,
    t: float = 0.8,
) -> Turnable:
    """Let the reader turn the noise level of a perfect memory, change words, and compare it with the language.

    The weights are softmax_i(beta_t m_i) over the first n memories, with m_i agreements of sentence i with what is read
    and beta_t = ln(1 + alpha V / (1 - alpha)); the memory's word is a vote with these weights. The reader first guesses
    the weight of the right memory, at t and n = sizes[0].

    memory: int64[n, L]; the first is the right one.
    damaged: what noise left of it, int64[L].
    sizes: how many of the memories are stored; t: a level of the slider, 0.05, 0.1, ..., 1.

    Random in the page, from a fixed seed: which word takes the place of one that is lost. Without scripts the weights
    at t show. ValueError for sizes or a level that do not fit.
    """
    times = [(k + 1) / STEPS for k in range(STEPS)]
    if not sizes or not all(2 <= n <= len(memory) for n in sizes):
        raise ValueError(f"sizes must be 2 ... {len(memory)} sentences, but are {list(sizes)}.")
    if t not in times or damaged.shape != memory[0].shape:
        raise ValueError(f"Give one damaged sentence [{memory.shape[1]}], and t = 0.05, 0.1, ..., 1, not {t}.")
    noise = UniformNoise(language.vocab_size, Linear())
    data = {
        "label": label,
        "words": list(language.words),
        "language": language_spec(language),
        "memory": sentences_text(memory[: max(sizes)]),
        "damaged": damaged.tolist(),
        "sizes": list(sizes),
        "size": 0,
        "times": times,
        "start": times.index(t),
        "epsilon": noise.schedule.epsilon,
        "ask": _question(language, memory[: sizes[0]], damaged, t),
        "css": meaning_css(".uddm-recall", "chance"),
    }
    return Turnable("recall", data, *_still(memory[: sizes[0]], damaged, noise, t))


def weights(memory: torch.Tensor, x: torch.Tensor, noise: UniformNoise, t: float) -> torch.Tensor:
    """Return softmax(beta_t overlap(x, memory i)), float64[n], for x int64[L]."""
    beta = noise.own_log_odds(t, x[None]).double()
    return (beta * (memory == x).sum(dim=1)).softmax(dim=0)


def _question(language: ToyLanguage, memory: torch.Tensor, damaged: torch.Tensor, t: float) -> dict[str, Any]:
    """Return what the reader is asked first."""
    agree = (memory == damaged).sum(dim=1)
    own, next_best = int(agree[0]), int(agree[1:].max())
    return {
        "question": f"Predict: noise of level t = {t:g} left “{language.decode(damaged[None])[0]}”. The right one of "
        f"{len(memory)} stored sentences agrees with it in {own} of {len(damaged)} words, the best of the others in "
        f"{next_best}. Which share of the memory's weight does the right one get?",
        "min": 0,
        "max": 1,
        "step": "any",
        "unit": "",
    }


def _still(memory: torch.Tensor, damaged: torch.Tensor, noise: UniformNoise, t: float) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: the largest weights."""
    each, agree = weights(memory, damaged, noise, t), (memory == damaged).sum(dim=1)
    rows: list[Row] = [
        (f"no. {i + 1}, agrees in {int(agree[i])}{', the right one' if i == 0 else ''}", float(each[i]), "memorizer")
        for i in each.argsort(descending=True, stable=True)[:7].tolist()
    ]
    head = f"Weights of {len(memory)} memories, told t = {t:g}; number 1 was damaged:"
    return f"<p>{head}</p>{still_bars(rows)}", f"{head}\n{told_bars(rows)}"

"""The noise level at which a perfect memory loses its thread, counted and predicted in the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from uddm_mini.noise import Linear, UniformNoise
from uddm_mini.probes.collapse import collapse_level, mean_information, predicted_collapse
from uddm_mini.teaching.live import Turnable
from uddm_mini.teaching.marked_words import mark_css
from uddm_mini.teaching.stills import Row, still_bars, told_bars
from uddm_mini.worlds import ToyLanguage

from .inline import language_spec, sentences_text

STEPS = 25  # of the slider of noise levels from 0 to 1; both ends are left out
TRIALS = 64
AT_MOST = 1024  # sentences that travel in the page


def lost_thread(
    language: ToyLanguage,
    memory: torch.Tensor,
    sizes: Sequence[int],
    stored: int,
    label: str = "When a memory loses its thread",
    *,
    seed: int = 0,
) -> Turnable:
    """Let the reader turn the noise level and the number of memories, and see when the right one loses its weight.

    Counted: the mean of softmax_i(beta_t m_i) of the sentence that was corrupted, over 64 corruptions. Predicted: the
    level at which x_t carries ln n nats about x_0, by the mean of ln q(x_t | x_0) - ln p(x_t) over the same ones. The
    reader first guesses the level for `stored` memories.

    memory: draws of the language, int64[n, L], at most 1,024; the first `sizes` of them are stored.
    seed: of the page's own generator.

    Without scripts both levels show for every size. ValueError for sizes that do not fit.
    """
    if len(memory) > AT_MOST or stored not in sizes or not all(2 <= n <= len(memory) for n in sizes):
        raise ValueError(f"Give at most {AT_MOST} sentences, and sizes 2 ... {len(memory)}, one of them {stored}.")
    noise = UniformNoise(language.vocab_size, Linear())
    times = [k / STEPS for k in range(1, STEPS)]
    data = {
        "label": label,
        "words": list(language.words),
        "language": language_spec(language),
        "memory": sentences_text(memory[: max(sizes)]),
        "sizes": list(sizes),
        "size": list(sizes).index(stored),
        "times": times,
        "start": len(times) // 2,
        "trials": TRIALS,
        "epsilon": noise.schedule.epsilon,
        "seed": seed,
        "ask": _question(stored),
        "css": mark_css(".uddm-thread .sentence"),
    }
    return Turnable("thread", data, *_still(language, memory, noise, sizes))


def _question(stored: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    return {
        "question": f"Predict: a perfect memory of {stored:,} sentences reads one of them, corrupted to t. Up to which "
        "t does the right sentence hold half of the weight, on average?",
        "min": 0,
        "max": 1,
        "step": "any",
        "unit": "",
    }


def _still(language: ToyLanguage, memory: torch.Tensor, noise: UniformNoise, sizes: Sequence[int]) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: the levels for every size, counted and predicted."""
    rows: list[Row] = []
    for n in sizes:
        counted = collapse_level(memory[:n], noise, 256, generator=torch.Generator().manual_seed(0))
        predicted = predicted_collapse(n, lambda t: mean_information(language, noise, t, 256))
        rows += [(f"counted, n = {n:,}", counted, "memorizer"), (f"predicted, n = {n:,}", predicted, "population")]
    head = "The noise level at which the right one of n memories holds half of the weight:"
    return f"<p>{head}</p>{still_bars(rows, digits=2)}", f"{head}\n{told_bars(rows, digits=2)}"

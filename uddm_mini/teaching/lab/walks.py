"""Two reverse walks from the same noise with the same random numbers, one with the wrong posterior, in the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from uddm_mini.denoiser import Wrapped
from uddm_mini.models.population import PopulationDenoiser
from uddm_mini.noise import Linear, UniformNoise
from uddm_mini.sampling import sample
from uddm_mini.teaching.live import Turnable
from uddm_mini.teaching.look import meaning_css
from uddm_mini.teaching.marked_words import mark_css
from uddm_mini.teaching.stills import Row, still_bars, told_bars
from uddm_mini.worlds import ToyLanguage

from .inline import language_spec

RUNS = 25  # walks of each kind that are counted at once
SEEDS = 20


def two_walks(
    language: ToyLanguage,
    label: str = "Two walks with the same random numbers",
    *,
    counts: Sequence[int] = (2, 4, 8, 16, 32, 64),
    steps: int = 16,
) -> Turnable:
    """Let the reader walk back from noise twice: with the exact cavity posterior, and with the full one in its place.

    Each step draws x_s ~ q(x_s | x_t, x_0 := p0) of uniform noise, linear schedule. Both walks share the start and one
    random number for each word of each step. The reader first guesses how many of 100 misused walks of `steps` steps
    end at a sentence that the language can say.

    counts: numbers of steps to choose from.

    Random in the page, from the seed that the reader chooses; counted walks have seeds of their own. Without scripts
    the shares that Python counts show. ValueError for steps that are not among the counts.
    """
    if steps not in counts or min(counts) < 1:
        raise ValueError(f"steps must be one of the counts {list(counts)}, all at least 1, but is {steps}.")
    noise = UniformNoise(language.vocab_size, Linear())
    data = {
        "label": label,
        "words": list(language.words),
        "language": language_spec(language),
        "epsilon": noise.schedule.epsilon,
        "counts": list(counts),
        "start": list(counts).index(steps),
        "seeds": SEEDS,
        "runs": RUNS,
        "ask": _question(steps),
        "css": meaning_css(".uddm-walks", "cavity", "posterior") + mark_css(".uddm-walks .sentence"),
    }
    return Turnable("walks", data, *_still(language, noise, steps))


def _question(steps: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    return {
        "question": f"Predict: a denoiser that knows the language exactly walks back from pure noise in {steps} steps. "
        "Each step gets its full posterior where the cavity posterior belongs. How many of 100 such walks end at a "
        "sentence of the language?",
        "min": 0,
        "max": 100,
        "step": 1,
        "unit": "of 100",
    }


def _still(language: ToyLanguage, noise: UniformNoise, steps: int) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: the shares that end at a grammatical sentence."""
    exact = PopulationDenoiser(language, noise)
    rows: list[Row] = []
    for name, denoiser, color in (
        ("cavity posterior", exact, "cavity"),
        ("full posterior in its place", Wrapped(exact.posterior, noise, predicts="cavity"), "posterior"),
    ):
        drawn = sample(denoiser, 256, language.length, steps, generator=torch.Generator().manual_seed(0))
        rows.append((name, float(language.log_prob(drawn).isfinite().double().mean()), color))
    head = f"Of 256 walks of {steps} steps, the share that ends at a sentence of the language:"
    return f"<p>{head}</p>{still_bars(rows, digits=2)}", f"{head}\n{told_bars(rows, digits=2)}"

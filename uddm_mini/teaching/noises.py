"""Two noises on the same sentences: masks and random words, mended in the page by the language's exact denoiser."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.models.population import PopulationDenoiser
from uddm_mini.noise import AbsorbingNoise, Linear, UniformNoise
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.worlds import ToyLanguage

from .lab.inline import language_spec, sentences_text
from .live import Turnable
from .marked_words import mark_css
from .stills import Row, still_bars, told_bars

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
KINDS = {"absorbing": "a mask", "uniform": "a random word"}
AT_MOST = 64  # sentences that travel in the page


def two_noises(
    language: ToyLanguage,
    x: torch.Tensor,
    label: str = "One sentence under two noises",
    *,
    asked: float = 0.5,
    seed: int = 0,
) -> Turnable:
    """Let the reader hit sentences with a mask or a random word at the same places, and count what comes back.

    The page asks the exact denoiser of each noise for its best guess (`PopulationDenoiser`, by forward-backward): the
    full posterior's most probable word under uniform noise; under absorbing noise a kept word, and the cavity's most
    probable word below a mask. The reader first guesses how many of 100 masked words come back at t = `asked`.

    x: sentences of the language int64[n, L], at most 64, from which draws take one each.
    seed: of the page's own generator.

    Without scripts shares that Python counts on these sentences show. ValueError for more sentences, or another t.
    """
    if not 1 <= len(x) <= AT_MOST or asked not in LEVELS:
        raise ValueError(f"Give 1 to {AT_MOST} sentences, and ask about one of the levels {LEVELS}; not {asked}.")
    data = {
        "label": label,
        "words": list(language.words),
        "language": language_spec(language),
        "sentences": sentences_text(x),
        "levels": list(LEVELS),
        "epsilon": Linear().epsilon,
        "asked": asked,
        "seed": seed,
        "ask": _question(asked),
        "css": mark_css(".uddm-noises .sentence"),
    }
    return Turnable("noises", data, *_still(language, x, seed))


def _question(asked: float) -> dict[str, Any]:
    """Return what the reader is asked first."""
    question = f"Predict: the exact denoiser mends sentences at t = {asked:g}. How many of 100 masked words come back?"
    answer = "Count more draws before you believe a difference of a few in a hundred."
    return {"question": question, "min": 0, "max": 100, "step": 1, "unit": "of 100", "answer": answer}


def _still(language: ToyLanguage, x: torch.Tensor, seed: int) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: shares that come back, for both noises."""
    V, rows = language.vocab_size, list[Row]()
    many = x.repeat(-(-256 // len(x)), 1)
    for kind, noise in (("absorbing", AbsorbingNoise(V)), ("uniform", UniformNoise(V))):
        exact = PopulationDenoiser(language, noise)
        for t in LEVELS[1::3]:
            share = token_recovery(exact, many, t, generator=torch.Generator().manual_seed(seed)).recovered
            rows.append((f"{KINDS[kind]}, t = {t:g}", share, "population" if kind == "absorbing" else "chance"))
    head = "Share of the changed words that the exact denoiser brings back:"
    return f"<p>{head}</p>{still_bars(rows)}", f"{head}\n{told_bars(rows)}"

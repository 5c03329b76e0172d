"""A damaged sentence, a network that is told one noise level after the other, beside the exact answer, in the page."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.models.population import PopulationDenoiser
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.teaching.live import Turnable
from uddm_mini.teaching.look import meaning_css
from uddm_mini.teaching.results import results_path
from uddm_mini.teaching.stills import Row, still_bars, told_bars
from uddm_mini.training.checkpoint import load
from uddm_mini.worlds import ToyLanguage

from .inline import language_spec, stored_model

LEVELS = 41  # of the slider, from 0.001 to 0.999, evenly spread in ln(t / (1 - t))
SHOWN = (0.001, 0.1, 0.5, 0.9, 0.99)  # levels of the still


def told_levels(
    language: ToyLanguage,
    truth: str,
    damaged: str,
    place: int,
    label: str = "One damaged sentence, and the noise level that is told",
    *,
    n_train: int = 8192,
) -> Turnable:
    """Let the reader tell a stored model and the exact denoiser one noise level after the other, about one sentence.

    Both answer with the full posterior of a word, or with its cavity posterior. The reader first guesses the level at
    which the network's full posterior gives up the word that stands in `place`: where it falls through one half.

    truth, damaged: sentences of the language's words, the second as noise left it; place: counted from 0.

    Random in the page, from a fixed seed: which word takes the place of one that is lost. Without scripts some levels
    show. ValueError for a place that noise has not changed, and as `ToyLanguage.encode`.
    """
    clean, noisy = (language.encode([sentence])[0] for sentence in (truth, damaged))
    if not 0 <= place < language.length or clean[place] == noisy[place]:
        raise ValueError(f"place must be one that noise has changed, 0 ... {language.length - 1}, but is {place}.")
    stands, times = language.words[noisy[place]], told_times()
    data = {
        "label": label,
        "model": stored_model(n_train),
        "language": language_spec(language),
        "truth": clean.tolist(),
        "damaged": noisy.tolist(),
        "place": place,
        "times": times,
        "start": LEVELS // 2,
        "ask": _question(damaged, stands, place),
        "css": meaning_css(".uddm-told", "population"),
    }
    return Turnable("told", data, *_still(language, noisy, place, n_train))


def told_times() -> list[float]:
    """Return the levels of the slider."""
    odds = [999 ** (2 * k / (LEVELS - 1) - 1) for k in range(LEVELS)]
    return [round(one / (1 + one), 6) for one in odds]


def _question(damaged: str, stands: str, place: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    return {
        "question": f"Predict: noise left “{damaged}”. In place {place + 1} it put “{stands}”. Told a tiny t, the "
        f"network believes that “{stands}” is the clean word. At which t does it let go: where does the probability "
        f"that it gives to “{stands}” fall through one half?",
        "min": 0,
        "max": 1,
        "step": "any",
        "unit": "",
    }


def _still(language: ToyLanguage, noisy: torch.Tensor, place: int, n_train: int) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: who believes the word that stands there, at some t."""
    model: TransformerDenoiser = load(results_path(f"models/toy-n{n_train}.safetensors"))
    rows: list[Row] = []
    asked = (("network", model, "train"), ("exact", PopulationDenoiser(language, model.noise), "population"))
    for t in SHOWN:
        for name, denoiser, color in asked:
            p = denoiser.posterior(noisy[None], t)[0, place].exp()
            rows.append((f"{name}, told t = {t:g}", float(p[noisy[place]]), color))
    head = f"{language.decode(noisy[None])[0]}: what is given to “{language.words[noisy[place]]}”, word {place + 1}"
    return f"<p><em>{head}</em></p>{still_bars(rows)}", f"{head}\n{told_bars(rows)}"

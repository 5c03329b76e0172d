"""A sentence dropped with k words changed, many times, under stored models that run in the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.probes.basins import BasinSettings, basin_profile
from uddm_mini.teaching.live import Turnable
from uddm_mini.teaching.marked_words import mark_css
from uddm_mini.teaching.results import results_path
from uddm_mini.teaching.stills import Row, still_bars, told_bars
from uddm_mini.training.checkpoint import load
from uddm_mini.worlds.corpus import Corpus

from .inline import sentences_text, stored_model

RUNS, FEW = 20, 8  # dropped at once; at each k where all are tried
CHOICE = 8  # sentences of each kind to choose from
SHOWN = (1, 4, 6, 8, 10)  # changed words of the still


@dataclass(frozen=True)
class Begin:
    """Where the sliders stand at first, and what the guess is about; all counted from 0.

    size: which model; kind: 0 for a training sentence, 1 for a new one; which: its number; k: changed words, less one.
    """

    size: int
    kind: int
    which: int
    k: int


def dropped_under_models(
    corpus: Corpus,
    sizes: Sequence[int],
    begin: Begin,
    label: str = "One sentence, dropped many times under trained models",
    *,
    seed: int = 1,
) -> Turnable:
    """Let the reader change k words of a sentence, many times, and watch a stored model bring it back or not.

    The page computes what `basin_profile` does: exactly k words become other ones, and x <- argmax of the full
    posterior is iterated, at most 32 times, at the level where k changes are expected. The reader first guesses the
    number of returns in 20.

    corpus: of the toy language, as the stored models of these `sizes` were trained on: `subset(n, 0)`.
    seed: of the page's own generator.

    Without scripts a profile that Python measures shows for every model. ValueError for sizes and a beginning that do
    not fit.
    """
    L = corpus.length
    if not sizes or min(sizes) < CHOICE or max(sizes) > len(corpus.train) or len(corpus.held_out) < CHOICE:
        raise ValueError(f"sizes must be {CHOICE} ... {len(corpus.train)}, with {CHOICE} held-out sentences.")
    limits = {"size": len(sizes), "kind": 2, "which": CHOICE, "k": L}
    if any(not 0 <= value < limits[name] for name, value in asdict(begin).items()):
        raise ValueError(f"The figure begins below {limits}, all counted from 0, not at {begin}.")
    data = {
        "label": label,
        "models": {str(n): stored_model(n) for n in sizes},
        "sizes": list(sizes),
        "train": sentences_text(corpus.subset(max(sizes), 0)),
        "fresh": sentences_text(corpus.held_out[:CHOICE]),
        "begin": asdict(begin),
        "runs": RUNS,
        "few": FEW,
        "seed": seed,
        "ask": _question(sizes[begin.size], begin, L),
        "css": mark_css(".uddm-settle .sentence"),
    }
    return Turnable("settle", data, *_still(corpus, sizes, begin))


def _question(n: int, begin: Begin, length: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    about = "a sentence that it has never read" if begin.kind else "one of its training sentences"
    return {
        "question": f"Predict: a model of {n:,} sentences, and {about}. {begin.k + 1} of the {length} words become "
        f"other words. In how many of {RUNS} runs does exactly this sentence come back?",
        "min": 0,
        "max": RUNS,
        "step": 1,
        "unit": f"of {RUNS}",
    }


def _still(corpus: Corpus, sizes: Sequence[int], begin: Begin) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: a profile of the sentence for every model."""
    x = (corpus.held_out if begin.kind else corpus.subset(CHOICE, 0))[begin.which]
    rows: list[Row] = []
    for n in sizes:
        model: TransformerDenoiser = load(results_path(f"models/toy-n{n}.safetensors"))
        how, seeded = BasinSettings(SHOWN, RUNS), torch.Generator().manual_seed(0)
        table = basin_profile(model, x, settings=how, generator=seeded).table
        color = "held-out" if begin.kind else "train"
        pairs = zip(table["changed"].tolist(), table["returned"].tolist(), strict=True)
        rows += [(f"comes back, model of {n:,}, k = {k}", share, color) for k, share in pairs]
    said = corpus.decode(x[None])[0]
    head = f"“{said}”, k words changed, {RUNS} times each:"
    return f"<p>{head}</p>{still_bars(rows, digits=2)}", f"{head}\n{told_bars(rows, digits=2)}"

"""One slider over the number of training sentences: curves, two damaged sentences and their entropies move together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch

from uddm_mini.experiments.crossing import at_level, by_size
from uddm_mini.noise import UniformNoise
from uddm_mini.training.checkpoint import load
from uddm_mini.worlds.corpus import Corpus

from .figures import SPLITS
from .lab.inline import STORED, sentences_text, stored_model
from .live import Turnable
from .marked_words import mark_css, sentences
from .results import results_path
from .stills import Row, still_bars, told_bars

CHOICE = 16  # sentences of each kind; every stored model has read the first 16 of training
TICKS = (16, 64, 256, 1024, 4096)  # what a phone has room for
NEAR = 0.02  # two curves less far apart count as one
TITLES = {"train": "Training sentence", "held-out": "Held-out sentence"}


def scrubbed_sizes(
    table: pd.DataFrame,
    corpus: Corpus,
    label: str = "From memory to generalization, by one slider",
    *,
    level: float = 0.25,
    seed: int = 0,
) -> Turnable:
    """Let the reader move n_train, and with it a marker on both curves, two damaged sentences and their entropies.

    The curves are recovery and entropy of `table`, means over its seeds with a band from least to most. The sentences
    are mended in the page by the stored model of that n, where there is one: the most probable word of the full
    posterior at the level t, and the entropy of the cavity posterior in nats. The reader first guesses from which n on
    the two curves of recovery are less than 0.02 apart.

    table: as `run_sweep` returns it.
    level: t at first; seed: of the noise at first, and of the page's own generator.

    Without scripts the curves' numbers at the stored sizes and some mended sentences show. ValueError if the table
    lacks the level or a stored size.
    """
    sizes = sorted(table["n_train"].unique().tolist())
    levels = sorted(table["t"].unique().tolist())
    if missing := set(STORED) - set(sizes):
        raise ValueError(f"The table needs rows for the sizes of the stored models, but lacks {sorted(missing)}.")
    if level not in levels:
        raise ValueError(f"level must be one of the table's, {levels}, but is {level}.")
    draws = _draws(corpus, seed)
    entropy = {split: _runs(at_level(table, level), "entropy", split) for split in SPLITS}
    data = {
        "label": label,
        "sizes": sizes,
        "levels": levels,
        "ticks": [n for n in TICKS if sizes[0] <= n <= sizes[-1]],
        "recovered": {split: [_runs(at_level(table, t), "recovered", split) for t in levels] for split in SPLITS},
        "entropy": entropy,
        "most": max(max(row) for split in SPLITS for row in entropy[split]),
        "models": {str(n): stored_model(n) for n in STORED},
        "train": sentences_text(corpus.subset(CHOICE, seed=0)),
        "held": sentences_text(corpus.held_out[:CHOICE]),
        "draws": draws,
        "near": NEAR,
        "begin": {"size": 0, "level": levels.index(level)},
        "seed": seed,
        "ask": _question(level),
        "css": mark_css(".uddm-scrubber :is(.mended, .damaged)"),
    }
    return Turnable("scrubber", data, *_still(table, corpus, draws, level))


def _question(level: float) -> dict[str, Any]:
    """Return what the reader is asked first."""
    return {
        "question": f"Predict: recovery at t = {level:g}, means over the seeds. From how many training sentences "
        f"on are the curve of training text and that of held-out text less than {NEAR} apart?",
        "min": 1,
        "max": 1_000_000,
        "step": 1,
        "unit": "sentences",
    }


def _runs(rows: pd.DataFrame, column: str, split: str) -> list[list[float]]:
    """Return one list of seeds for each size."""
    runs: list[list[float]] = by_size(rows, column, split=split).to_numpy().tolist()
    return runs


def _draws(corpus: Corpus, seed: int) -> dict[str, list[list[float]]]:
    """Return the noise of both sentences at first: for each place its luck, and the word that stands there without."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for split in SPLITS:
        luck = torch.rand(corpus.length, generator=generator, dtype=torch.float64).tolist()
        fresh = torch.randint(corpus.vocab_size, (corpus.length,), generator=generator).tolist()
        found[split] = [list(pair) for pair in zip(luck, fresh, strict=True)]
    return found


def damaged(x0: torch.Tensor, draws: Sequence[Sequence[float]], alpha: float) -> torch.Tensor:
    """Return x0 int64[L] as the noise leaves it: a place keeps its word where its luck is below alpha."""
    luck, fresh = torch.tensor(draws, dtype=torch.float64).T
    return torch.where(luck < alpha, x0, fresh.long())


def _still(table: pd.DataFrame, corpus: Corpus, draws: dict[str, Any], level: float) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: recovery at the stored sizes, and mended sentences."""
    rows: list[Row] = []
    for n in STORED:
        for split in SPLITS:
            value = float(by_size(at_level(table, level), "recovered", split=split).loc[n].mean())
            rows.append((f"{split} text, {n:,} sentences", value, split))
    head = f"Changed words recovered at t = {level:g}, means over the seeds:"
    html, told = f"<p>{head}</p>{still_bars(rows, digits=2)}", [head, told_bars(rows, digits=2)]
    first = {"train": corpus.subset(1, seed=0)[0], "held-out": corpus.held_out[0]}
    alpha = float(UniformNoise(corpus.vocab_size).alpha(level))
    for split, x0 in first.items():
        xt = damaged(x0, draws[split], alpha)
        shown = {f"{TITLES[split]}, damaged": corpus.decode(xt[None])[0]}
        for n in (STORED[0], STORED[1], STORED[-1]):
            model = load(results_path(f"models/toy-n{n}.safetensors"))
            shown[f"Mended by the model of {n:,}"] = corpus.decode(model.best_guess(xt[None], level))[0]
        marked = sentences(shown, corpus.decode(x0[None])[0])
        html, told = html + marked.body_html() + marked.key_html(), [*told, repr(marked)]
    return html, "\n".join(told)

"""Networks that were trained on misprints four ways: what they say of a clean-looking word at small noise levels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.experiments.run import OneByOne, Rows, finish, jobs_of, settings_of_many, store_of
from uddm_mini.experiments.store import read_rows, rows_of
from uddm_mini.models.population import PopulationDenoiser
from uddm_mini.models.settings import ModelSettings
from uddm_mini.probes.entropy import conditional_entropy
from uddm_mini.probes.nelbo import mean_nelbo
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.settings import option
from uddm_mini.teaching.results import results_path
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import train
from uddm_mini.worlds import misprints
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import draw_corpus

TABLE = "misprints.csv"
LEVELS = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # noise levels at which the entropy is asked for
# what is changed of the settings; nothing is ever cut off at a norm of a million
RECIPES: dict[str, dict[str, Any]] = {
    "as before": {},
    "no clipping": {"clip": 1e6},
    "more small t": {"time_power": 2.0},
    "both": {"time_power": 2.0, "clip": 1e6},
}
EXACT = "exact"


@dataclass(frozen=True)
class MisprintSettings:
    """How the networks of `small_levels` are trained and asked, and what belongs to the call alone."""

    train: TrainSettings = TrainSettings(steps=3000, model=ModelSettings(width=32))
    t: float = option(0.25, "noise level of the recovery")
    sentences: int = option(256, "held-out sentences that are asked about")
    device: str = "cpu"
    progress: bool = True
    command: str = ""


def small_levels(
    sizes: Sequence[int] = (8192,),
    seeds: Sequence[int] = (0,),
    settings: MisprintSettings | None = None,
    *,
    out: str | Path | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train on n misprinted sentences with every recipe of `RECIPES`, and ask for the cavity entropy at small t.

    Returns `table_of` the rows. With `out`, a file, finished seeds are written, and the same call resumes. Seed s
    decides subset, weights, batches and noise; `changes` override fields of the settings.
    """
    settings = settings_of_many(settings or MisprintSettings(), changes)
    corpus = draw_corpus(misprints(), 8192)
    store = store_of(settings, corpus, out, recipes=RECIPES, levels=LEVELS)
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    return table_of(finish(store, jobs, Misprints(corpus, settings), progress=settings.progress))


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row per recipe, the exact denoiser last: entropies (nats a word) by noise level, means over seeds."""
    rows = rows[rows["quantity"] == "entropy"]
    wide = rows.pivot_table(index="denoiser", columns="t", values="value")
    return wide.loc[[*RECIPES, EXACT]].rename_axis(index=None)


def committed_misprints() -> pd.DataFrame:
    """Return the committed table of `small_levels`."""
    return table_of(read_rows(results_path(TABLE)))


@dataclass(frozen=True)
class Misprints(OneByOne):
    """The work of `small_levels`: train and ask the networks of one job."""

    corpus: Corpus
    settings: MisprintSettings

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of one job."""
        rows: Rows = []
        made = replace(self.settings.train, seed=seed)
        noise, text = made.noise.of(self.corpus.vocab_size), self.corpus.subset(n, seed)
        held_out = self.corpus.held_out[: self.settings.sentences]
        models: dict[str, Denoiser] = {EXACT: PopulationDenoiser(misprints(), noise)}
        for name, change in RECIPES.items():
            models[name] = train(text, noise, settings=replace(made, **change), progress=False)
        for name, model in models.items():
            rows += asked_rows(name, model, held_out, n, seed, self.settings.t)
        return rows


def asked_rows(name: str, model: Denoiser, x: torch.Tensor, n: int, seed: int, t: float) -> Rows:
    """Return what is asked of one denoiser about sentences int64[B, L]: entropies, recovery at t, and the NELBO."""
    rows, keys = [], dict(n_train=n, seed=seed, split="held-out", denoiser=name)
    for level in LEVELS:
        value = conditional_entropy(model, x, level).double().mean()
        rows += rows_of({"entropy": float(value)}, t=level, **keys)
    back = token_recovery(model, x, t, generator=torch.Generator().manual_seed(seed))
    rows += rows_of({"recovered": back.recovered}, t=t, **keys)
    return rows + rows_of({"nelbo": mean_nelbo(model, x)}, **keys)


def main(path: str) -> None:
    """Train and ask all of them, and write their numbers; four trainings, some minutes on one core."""
    small_levels(out=path, command=f"python -m uddm_mini.chapters.robustness_misprints {Path(path).name}")


if __name__ == "__main__":  # python -m uddm_mini.chapters.robustness_misprints data/misprints.csv
    main(sys.argv[1])

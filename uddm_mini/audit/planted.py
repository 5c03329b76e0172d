"""Planted sentences: how far do they stand out, by the number of their copies and the size of the training text?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from uddm_mini.experiments.copies import check_copies
from uddm_mini.experiments.run import Rows, Stack, finish, jobs_of, settings_of_many, store_of
from uddm_mini.experiments.store import read_rows, rows_of
from uddm_mini.models.settings import ModelSettings
from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.settings import option
from uddm_mini.teaching.results import results_path
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import checked_device, train_stack
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import draw_corpus
from uddm_mini.worlds.toy_language import ToyLanguage

from .exposure import exposure

SIZES = (512, 2048)
SEEDS = (0, 1, 2)
MEASURED = ("exposure", "rank", "nelbo", "at_most")


@dataclass(frozen=True)
class PlantedSettings:
    """What is planted in which training, how its exposure is measured, and what belongs to the call alone."""

    train: TrainSettings = TrainSettings(steps=3000, model=ModelSettings(width=32))
    copies: tuple[int, ...] = (0, 1, 2, 4, 8, 16)
    group: int = option(8, "planted sentences of each number of copies")
    places: int = option(4, "places of their form that random words fill")
    candidates: int = option(1023, "other sentences of that form that each is compared with")
    device: str = option("cpu", "cpu, cuda or mps")
    progress: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        check_copies(self.copies)
        if min(self.group, self.places, self.candidates) < 1:
            raise ValueError("group, places and candidates must be at least 1.")


def planted_networks(
    corpus: Corpus,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = SEEDS,
    settings: PlantedSettings | None = None,
    *,
    out: str | Path | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train on n sentences and on planted ones among them, and return how far these stand out.

    One row per (n_train, seed, copies, canary), with the columns of `exposure`. With `out`, a file, the networks of one
    seed are written as they are done and the same call resumes. `changes` override fields of the settings. Seed s
    decides the sentences, the planted words, weights, batches and candidates.
    """
    settings = settings_of_many(settings or PlantedSettings(), changes)
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    checked_device(settings.device)
    store = store_of(settings, corpus, out)
    work = Planted(corpus, settings)
    return table_of(finish(store, jobs, work, stacked=len(set(sizes)), progress=settings.progress))


@dataclass(frozen=True)
class Planted:
    """The work of `planted_networks`: train the networks of a stack as one, and measure each."""

    corpus: Corpus
    settings: PlantedSettings

    def __call__(self, stack: Stack) -> Rows:
        """Return the rows of all jobs of the stack."""
        settings, rows, runs = self.settings, list[dict[str, Any]](), []
        for n, seed in stack:
            canaries, copies = self.canaries(seed)
            planted = canaries.repeat_interleave(torch.tensor(copies), dim=0)
            runs.append((torch.cat([self.corpus.subset(n, seed), planted]), replace(settings.train, seed=seed)))
        noise = settings.train.noise.of(self.corpus.vocab_size)
        for (n, seed), model in zip(
            stack, train_stack(runs, noise, device=settings.device, progress=False), strict=True
        ):
            canaries, copies = self.canaries(seed)
            found = exposure(
                model,
                canaries,
                copies,
                candidates=settings.candidates,
                ignore=self.corpus.ignore,
                generator=torch.Generator().manual_seed(seed),
            )
            for row in found.to_dict("records"):
                name = f"copies {row['copies']:g} canary {row['canary'] % settings.group:g}"
                values = {key: float(row[key]) for key in MEASURED}
                rows += rows_of(values, n_train=n, seed=seed, split="train", denoiser=name)
        return rows

    def canaries(self, seed: int) -> tuple[torch.Tensor, list[int]]:
        """Return planted sentences int64[group * copies, L], and the number of copies of each.

        Their form is a held-out sentence; at some of its places each has random words.
        """
        settings, corpus = self.settings, self.corpus
        generator = torch.Generator().manual_seed(seed)
        form = corpus.held_out[int(torch.randint(len(corpus.held_out), (1,), generator=generator))]
        counted = counted_tokens(form, corpus.ignore).nonzero()[:, 0]
        open_ = counted[torch.randperm(len(counted), generator=generator)[: settings.places]]
        words = torch.arange(corpus.vocab_size)
        words = words[counted_tokens(words, corpus.ignore)]
        x = form.repeat(settings.group * len(settings.copies), 1)
        x[:, open_] = words[torch.randint(len(words), (len(x), len(open_)), generator=generator)]
        return x, [k for k in settings.copies for _ in range(settings.group)]


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per (n_train, seed, copies, canary), a column per quantity."""
    parts = rows["denoiser"].str.extract(r"copies (\d+) canary (\d+)").astype(int)
    rows = rows.assign(copies=parts[0], canary=parts[1])
    table = rows.pivot(index=["n_train", "seed", "copies", "canary"], columns="quantity", values="value")
    return table[list(MEASURED)].reset_index().rename_axis(columns=None)


def committed_planted() -> pd.DataFrame:
    """Return the committed table of `planted_networks`."""
    return table_of(read_rows(results_path("planted.csv")))


def main(out: str) -> None:
    """Plant sentences among those of the toy language, and tell their mean exposure."""
    command = f"python -m uddm_mini.audit.planted {Path(out).name}"
    found = planted_networks(draw_corpus(ToyLanguage(), max(SIZES)), out=out, command=command)
    print(found.pivot_table("exposure", "copies", "n_train").round(1).to_string())


if __name__ == "__main__":
    main(*sys.argv[1:])

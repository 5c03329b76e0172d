"""Denoisers that are no networks, measured as a sweep measures trained models."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from uddm_mini.denoiser import Denoiser
from uddm_mini.models.memorizer import MemorizingDenoiser
from uddm_mini.models.ngram import NgramDenoiser
from uddm_mini.models.population import PopulationDenoiser
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import MEASURED, probe
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import Language, corpus_of

from .run import OneByOne, Rows, finish, jobs_of, settings_of_many
from .store import Store, wide
from .sweep import COLUMNS, SweepSettings, told

TRIPLE_SENTENCES = 128  # of each split; a sentence of 20 subwords out of 1,024 takes a third of a second
COUNTS_OF_BELOW = 4.0  # of 1, 4, 16 and 64 the one with which triples recover most of held-out WordNet (0.36)


def sweep_bounds(
    data: Corpus | Language,
    sizes: Sequence[int],
    seeds: Sequence[int] = (0,),
    settings: SweepSettings | None = None,
    *,
    out: str | Path | None = None,
    executor: Executor | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Measure the two perfect denoisers as in `run_sweep`: a column `denoiser` says "memorizer" or "population".

    With the setting `counts` also "pairs" and "triples": the tables of `NgramDenoiser`, the yardsticks of real text.
    The second is slow, and so measured on at most TRIPLE_SENTENCES sentences and at one noise level, 0.25.

    data: a corpus, or a language from which one is drawn; the population's rows need the world that a corpus carries,
        and real text has none.
    out: a CSV file; what is measured is written at once, and the same call resumes.

    Settings, executor and changes: those of `run_sweep`; the noise is that of the training settings.
    """
    settings = settings_of_many(settings or SweepSettings(), changes)
    corpus = corpus_of(data, max(sizes, default=1))
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    decides = told(corpus, settings)
    decides = {**decides, "train": {"noise": decides["train"]["noise"]}, "world": corpus.world is not None}
    decides |= {"counts": True} if settings.counts else {}
    store = Store(None if out is None else Path(out), decides)
    rows = finish(store, jobs, Bounds(corpus, settings), executor, progress=settings.progress)
    return wide(rows, COLUMNS, denoiser=True)


@dataclass(frozen=True)
class Bounds(OneByOne):
    """The work of `sweep_bounds`: measure both on the training set of each job."""

    corpus: Corpus
    settings: SweepSettings

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of one job."""
        x_train, probe_settings = self.corpus.subset(n, seed), self.settings.probe
        noise = self.settings.train.noise.of(self.corpus.vocab_size)
        known: dict[str, Denoiser] = {"memorizer": MemorizingDenoiser(x_train, noise)}
        if self.corpus.world is not None:
            known["population"] = PopulationDenoiser(self.corpus.world, noise)
        if self.settings.counts:
            known["pairs"] = NgramDenoiser(x_train, noise, COUNTS_OF_BELOW, order=2)
            known["triples"] = NgramDenoiser(x_train, noise, COUNTS_OF_BELOW, order=3)
        few = replace(probe_settings, times=(0.25,), sentences=min(probe_settings.sentences, TRIPLE_SENTENCES))
        rows = []
        for name, model in known.items():
            on = Subject(model, self.corpus, x_train, few if name == "triples" else probe_settings, seed)
            rows += [{"n_train": n, "seed": seed, "denoiser": name, **row} for row in probe(on, *MEASURED)]
        return rows

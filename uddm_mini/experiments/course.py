"""The course of training: when does a network generalize, and when does it begin to memorize?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.parallel import stack_size
from uddm_mini.probes.entropy import conditional_entropy
from uddm_mini.probes.recovery import counted_tokens, token_recovery
from uddm_mini.settings import option
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import Watch, checked_device, train_stack
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import Language, corpus_of

from .crossing import first_passage
from .run import Rows, Stack, finish, jobs_of, settings_of_many, store_of
from .store import rows_of

COLUMNS = ["recovered", "entropy"]
KEYS = ["n_train", "seed", "split", "step"]


@dataclass(frozen=True)
class CourseSettings:
    """How networks are trained and looked at on their way, and what belongs to the call alone."""

    train: TrainSettings = TrainSettings(steps=8000, decay="constant")
    looks: int = option(30, "how often a network is looked at, evenly in the logarithm of the steps")
    t: float = option(0.25, "noise level of the recovery")
    sentences: int = option(512, "sentences of each split; a smaller training set is measured several times")
    device: str = option("cpu", "cpu, cuda or mps")
    progress: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        if self.looks < 2 or self.sentences < 1 or not 0 < self.t <= 1:
            raise ValueError(
                "looks must be at least 2, sentences at least 1, and t a noise level above 0, but they are "
                f"{self.looks}, {self.sentences} and {self.t}."
            )

    def steps(self, n: int) -> list[int]:
        """Return after how many steps of training on n sentences to look."""
        last = self.train.steps_for(n)
        return np.unique(np.geomspace(min(10, last), last, self.looks).round()).astype(int).tolist()


def training_course(
    corpus: Corpus | Language,
    sizes: Sequence[int],
    seeds: Sequence[int] = (0, 1, 2),
    settings: CourseSettings | None = None,
    *,
    out: str | Path | None = None,
    executor: Executor | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train on n sentences, and measure recovery and entropy of both splits on the way (Bonnaire et al. 2025).

    One row per (n_train, seed, split, step): recovered, the share of changed words that come back at level t, and
    entropy, the mean cavity entropy at t -> 0 in nats. The step size is constant by default: a decay would give every
    step its own meaning. With `out`, a file, finished networks are written at once and the same call resumes. `changes`
    override fields of the settings. Seed s decides subset, weights, batches and the noise of the looks.
    """
    settings = settings_of_many(settings or CourseSettings(), changes)
    corpus = corpus_of(corpus, max(sizes, default=1))
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    checked_device(settings.device)
    store = store_of(settings, corpus, out)
    stacked = 1 if executor else stack_size(len(jobs), settings.train.model.width, settings.device)
    work = Course(corpus, settings)
    return table_of(finish(store, jobs, work, executor, stacked=stacked, progress=settings.progress))


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per (n_train, seed, split, step), a column per quantity."""
    rows = rows.assign(step=rows["denoiser"].str.removeprefix("step ").astype(int))
    return rows.pivot(index=KEYS, columns="quantity", values="value")[COLUMNS].reset_index().rename_axis(columns=None)


@dataclass(frozen=True)
class Course:
    """The work of `training_course`: train the networks of a stack of jobs, and look at them on the way."""

    corpus: Corpus
    settings: CourseSettings

    def __call__(self, stack: Stack) -> Rows:
        """Return the rows of all jobs of the stack."""
        settings, rows = self.settings, []
        runs = [(self.corpus.subset(n, seed), replace(settings.train, seed=seed)) for n, seed in stack]
        wanted = [settings.steps(n) for n, _ in stack]

        def look(step: int, k: int, model: TransformerDenoiser) -> None:
            if step in wanted[k]:
                rows.extend(self._seen(step, *stack[k], model))

        noise = settings.train.noise.of(self.corpus.vocab_size)
        train_stack(runs, noise, device=settings.device, progress=False, watch=Watch(sorted({*chain(*wanted)}), look))
        return rows

    def _seen(self, step: int, n: int, seed: int, model: TransformerDenoiser) -> Rows:
        """Return what is seen of one network after so many steps."""
        rows, wanted, ignore = [], self.settings.sentences, self.corpus.ignore
        for split, pool in (("train", self.corpus.subset(n, seed)), ("held-out", self.corpus.held_out)):
            x = pool.repeat(-(-wanted // len(pool)), 1)[:wanted].to(model.device)
            generator = torch.Generator().manual_seed(seed)
            found = token_recovery(model, x, self.settings.t, ignore=ignore, generator=generator)
            sure = conditional_entropy(model, x)[counted_tokens(x, ignore)]
            values = {"recovered": found.recovered, "entropy": float(sure.double().mean())}
            rows += rows_of(values, n_train=n, seed=seed, split=split, denoiser=f"step {step}")
        return rows


def turning_points(table: pd.DataFrame, generalizes: float = 0.5, memorizes: float = 0.1) -> pd.DataFrame:
    """Return, for every (n_train, seed), after how many steps a network generalizes, and when it memorizes.

    `generalizes`: held-out recovery has risen by this share of the way from the first look to its maximum, of this
    network. `memorizes`: training recovery is ahead of held-out recovery by so much; infinite if it never is, 0 if it
    was so at the first look. Both are interpolated in the logarithm of the steps.
    """
    rows = []
    for (n, seed), part in table.groupby(["n_train", "seed"]):
        wide = part.pivot(index="step", columns="split", values="recovered")
        steps, held_out = np.log(wide.index.to_numpy(dtype=float)), wide["held-out"].to_numpy()
        ahead = wide["train"].to_numpy() - held_out
        rises = first_passage(steps, held_out, 1 - generalizes, None, float(held_out.max()))[0]
        parts = first_passage(steps, ahead, 0.0, -1.0, memorizes)[0]
        rows.append({"n_train": n, "seed": seed, "generalizes": rises, "memorizes": parts})
    return pd.DataFrame(rows)

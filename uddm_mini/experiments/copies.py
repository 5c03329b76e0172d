"""Duplicated sentences: how many copies does it take until a network that generalizes remembers one by heart?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.probes.entropy import conditional_entropy
from uddm_mini.probes.recovery import counted_tokens, token_recovery
from uddm_mini.probes.starts import ends_in
from uddm_mini.sampling import sample
from uddm_mini.settings import option
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import checked_device, train_stack
from uddm_mini.walks import Walk
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import Language, corpus_of

from .run import OneByOne, Rows, finish, jobs_of, settings_of_many, store_of
from .store import rows_of

COLUMNS = ["recovered", "exact", "entropy", "written", "expected"]
KEYS = ["n_train", "seed", "copies"]


def check_copies(copies: tuple[int, ...]) -> None:
    """Raise ValueError if these are not different numbers of copies."""
    if min(copies, default=-1) < 0 or len(set(copies)) < len(copies):
        raise ValueError(f"copies must be different whole numbers from 0 on, but are {copies}.")


@dataclass(frozen=True)
class CopySettings:
    """Which sentences are repeated, how often, how networks are trained and asked; and what belongs to the call alone.

    copies: 0 stands for held-out sentences, for comparison.
    """

    train: TrainSettings = TrainSettings()
    copies: tuple[int, ...] = (0, 1, 2, 4, 8, 16, 32, 64)
    group: int = option(16, "sentences of each number of copies")
    t: float = option(0.5, "noise level from which they are brought back")
    draws: int = option(32, "times that each of them is noised")
    walks: int = option(8192, "sentences that every network writes")
    writing_steps: int = option(32, "steps of the reverse walks")
    device: str = option("cpu", "cpu, cuda or mps")
    progress: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        check_copies(self.copies)
        if min(self.group, self.draws, self.walks, self.writing_steps) < 1:
            raise ValueError("group, draws, walks and writing_steps must be at least 1.")


def duplicated_sentences(
    corpus: Corpus | Language,
    sizes: Sequence[int],
    seeds: Sequence[int] = (0, 1, 2),
    settings: CopySettings | None = None,
    *,
    out: str | Path | None = None,
    executor: Executor | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train on n distinct sentences, some of them repeated, and see which come back and which are written.

    One row per (n_train, seed, copies), each over a group of sentences: recovered (share of changed words) and exact
    (share of whole sentences) of a reverse walk from level t; entropy, of their words, cavity at t -> 0, in nats;
    written, the share of the network's own sentences that are one of the group, and expected, what the language itself
    would give them (missing for real text). Copies 0 are held out. With `out`, a file, finished networks are written at
    once and the same call resumes. `changes` override fields. Seed s decides sentences, weights, batches and walks.
    (Carlini et al. 2022 for extraction against copies.)
    """
    settings = settings_of_many(settings or CopySettings(), changes)
    repeated = settings.group * sum(k > 1 for k in settings.copies)
    corpus = corpus_of(corpus, max(sizes, default=1))
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    if min(n for n, _ in jobs) < repeated + settings.group:
        raise ValueError(f"Each size must have room for the groups, {repeated + settings.group} sentences or more.")
    checked_device(settings.device)
    store = store_of(settings, corpus, out)
    return table_of(finish(store, jobs, Copies(corpus, settings), executor, progress=settings.progress))


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per (n_train, seed, copies), a column per quantity."""
    rows = rows.assign(copies=rows["denoiser"].str.removeprefix("copies ").astype(int))
    table = rows.pivot(index=KEYS, columns="quantity", values="value")
    return table[[name for name in COLUMNS if name in table]].reset_index().rename_axis(columns=None)


@dataclass(frozen=True)
class Copies(OneByOne):
    """The work of `duplicated_sentences`."""

    corpus: Corpus
    settings: CopySettings

    def groups(self, n: int, seed: int) -> dict[int, torch.Tensor]:
        """Return the sentences of each number of copies, int64[group, L]; those of 1 stand for all that stand once."""
        x, size = self.corpus.subset(n, seed), self.settings.group
        repeated = [k for k in self.settings.copies if k]
        found = {k: x[i * size : (i + 1) * size] for i, k in enumerate(repeated)}
        return ({0: self.corpus.held_out[:size]} if 0 in self.settings.copies else {}) | found

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of one job."""
        settings, groups = self.settings, self.groups(n, seed)
        x = [self.corpus.subset(n, seed), *(part.repeat(k - 1, 1) for k, part in groups.items() if k > 1)]
        noise = settings.train.noise.of(self.corpus.vocab_size)
        run = (torch.cat(x), replace(settings.train, seed=seed))
        (model,) = train_stack([run], noise, device=settings.device, progress=False)
        generator = torch.Generator().manual_seed(seed)
        written = sample(model, settings.walks, self.corpus.length, settings.writing_steps, generator=generator)
        rows = []
        for k, part in groups.items():
            values = self._asked(model, part, generator) | {"written": ends_in(written, part).share}
            if self.corpus.world is not None:
                values["expected"] = float(self.corpus.world.log_prob(part).exp().sum())
            rows += rows_of(values, n_train=n, seed=seed, split="train" if k else "held-out", denoiser=f"copies {k}")
        return rows

    def _asked(self, model: Denoiser, part: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        """Return recovered, exact and entropy of one group."""
        x, walk = part.repeat(self.settings.draws, 1).to(model.device), Walk("reverse", self.settings.writing_steps)
        found = token_recovery(model, x, self.settings.t, walk, ignore=self.corpus.ignore, generator=generator)
        counted = counted_tokens(part, self.corpus.ignore)
        sure = conditional_entropy(model, part.to(model.device)).cpu()[counted]
        return {"recovered": found.recovered, "exact": found.exact, "entropy": float(sure.double().mean())}

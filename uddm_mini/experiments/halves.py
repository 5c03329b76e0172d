"""Two models that share no sentence: when do they begin to agree?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.models.memorizer import MemorizingDenoiser
from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.settings import option
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import checked_device, train_stack
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import Language, corpus_of

from .run import OneByOne, Rows, finish, jobs_of, settings_of_many, store_of
from .store import rows_of, wide

COLUMNS = ["agreement", "distance", "right"]
SECOND_SEED = 10_000  # added to the seed of the second model, so that the two share neither data nor first weights


@dataclass(frozen=True)
class HalvesSettings:
    """How pairs are trained and compared, and what belongs to the call alone; as in `SweepSettings`."""

    train: TrainSettings = TrainSettings()
    times: tuple[float, ...] = option((0.1, 0.25, 0.5), "noise levels at which both are asked")
    sentences: int = option(512, "held-out sentences that both are asked about")
    device: str = option("cpu", "cpu, cuda or mps")
    progress: bool = True


def disjoint_halves(
    corpus: Corpus | Language,
    sizes: Sequence[int],
    seeds: Sequence[int],
    settings: HalvesSettings | None = None,
    *,
    out: str | Path | None = None,
    executor: Executor | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train pairs of models on n sentences each, with no sentence in common, and ask both about the same held-out text.

    One row per (n_train, seed, split, t, denoiser), `denoiser` being "model" or "memorizer" (two exact memorizers of
    the same halves, for comparison). agreement: fraction of changed tokens for which both name the same most probable
    word; distance: mean total variation distance of their full posteriors there; right: fraction for which both name
    the true word. With `out`, a file, finished pairs are written at once and the same call resumes.
    (Kadkhodaie et al. 2024.) `changes` override fields of `settings`; randomness depends on the seeds.
    """
    settings = settings_of_many(settings or HalvesSettings(), changes)
    corpus = corpus_of(corpus, 2 * max(sizes, default=1))
    jobs = jobs_of(sizes, seeds, len(corpus.train), parts=2)
    checked_device(settings.device)
    store = store_of(settings, corpus, out)
    rows = finish(store, jobs, Halves(corpus, settings), executor, progress=settings.progress)
    return wide(rows, COLUMNS, denoiser=True)


@dataclass(frozen=True)
class Halves(OneByOne):
    """The work of `disjoint_halves`: train and compare the pairs of one job."""

    corpus: Corpus
    settings: HalvesSettings

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of one job."""
        settings, device = self.settings.train, self.settings.device
        both = self.corpus.subset(2 * n, seed)
        noise = settings.noise.of(self.corpus.vocab_size)
        pair = [(both[:n], replace(settings, seed=seed)), (both[n:], replace(settings, seed=seed + SECOND_SEED))]
        models = train_stack(pair, noise, device=device, progress=False)
        memorizers = [MemorizingDenoiser(x.to(device), noise) for x in (both[:n], both[n:])]
        x0 = self.corpus.held_out[: self.settings.sentences].to(device)
        rows = []
        for name, (first, second) in (("model", models), ("memorizer", memorizers)):
            for k, t in enumerate(self.settings.times):
                xt = noise.corrupt(x0, t, torch.Generator().manual_seed(1000 * seed + k))
                found = compare(first, second, x0, xt, t, self.corpus.ignore)
                rows += rows_of(found, n_train=n, seed=seed, split="held-out", t=t, denoiser=name)
        return rows


def compare(
    first: Denoiser, second: Denoiser, x0: torch.Tensor, xt: torch.Tensor, t: float, ignore: Collection[int] = ()
) -> dict[str, float]:
    """Return agreement, distance and right (see `disjoint_halves`) of two denoisers on x_t int64[B, L]."""
    p, q = (model.posterior(xt, t).exp() for model in (first, second))  # [B, L, V] each
    changed = (xt != x0) & counted_tokens(x0, ignore)
    a, b = p.argmax(dim=2), q.argmax(dim=2)
    distance = (p - q).abs().sum(dim=2) / 2  # [B, L]
    return {
        "agreement": float((a == b)[changed].double().mean()),
        "distance": float(distance[changed].double().mean()),
        "right": float(((a == x0) & (b == x0))[changed].double().mean()),
    }

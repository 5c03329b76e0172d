"""Two models that share no sentence: when do they begin to agree?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from uddm_mini.denoisers.exact import MemorizingDenoiser
from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.process.noise import UniformNoise
from uddm_mini.process.sampling import Denoiser, predict
from uddm_mini.worlds.corpus import Corpus

from .jobs import Rows, finish, jobs_of
from .tables import Job, Table
from .train import TrainSettings, changed_settings, checked_device, train

COLUMNS = ("n_train", "seed", "t", "denoiser", "agreement", "distance", "right")
SECOND_SEED = 10_000  # added to the seed of the second model, so that the two share neither data nor first weights


def disjoint_halves(
    corpus: Corpus,
    sizes: Sequence[int],
    seeds: Sequence[int],
    *,
    settings: TrainSettings | None = None,
    times: Sequence[float] = (0.1, 0.25, 0.5),
    sentences: int = 512,
    out: str | Path | None = None,
    executor: Executor | None = None,
    device: str = "cpu",
    progress: bool = True,
    **changes: Any,
) -> pd.DataFrame:
    """Train pairs of models on n sentences each, with no sentence in common, and ask both about the same held-out text.

    One row per (n_train, seed, t, denoiser), `denoiser` being "model" or "memorizer" (two exact memorizers of the
    same halves, for comparison). agreement: fraction of changed tokens for which both name the same most probable
    word; distance: mean total variation distance of their full posteriors there; right: fraction for which both name
    the true word. With `out`, a file, finished pairs are written at once and the same call resumes.
    (Kadkhodaie et al. 2024.) `changes` override fields of `settings`; randomness depends on the seeds.
    """
    settings = changed_settings(settings, changes)
    jobs = jobs_of(sizes, seeds, len(corpus.train), parts=2)
    checked_device(device)
    shared = asdict(replace(settings, seed=0))  # each pair brings its own seed
    table = Table(
        None if out is None else Path(out),
        COLUMNS,
        4,
        {"train": shared, "times": list(times), "sentences": sentences, "corpus": corpus.sha256},
        device=device,
        rows_of_a_job=2 * len(set(times)),
        defaults={"train": asdict(TrainSettings())},
    )
    work = partial(_run_job, corpus=corpus, settings=settings, times=times, sentences=sentences, device=device)
    return finish(table, jobs, work, executor, device=device, label="halves", progress=progress)


def _run_job(
    job: Job,
    corpus: Corpus,
    settings: TrainSettings,
    times: Sequence[float],
    sentences: int,
    device: str,
) -> Rows:
    """Train one pair and compare it."""
    n, seed = job
    both = corpus.subset(2 * n, seed)
    noise = UniformNoise(corpus.vocab_size, settings.schedule)
    models = [
        train(x, noise, settings=replace(settings, seed=s), device=device, progress=False)
        for x, s in ((both[:n], seed), (both[n:], seed + SECOND_SEED))
    ]
    memorizers = [MemorizingDenoiser(x.to(device), noise) for x in (both[:n], both[n:])]
    x0 = corpus.test[:sentences].to(device)
    rows = []
    for name, (first, second) in (("model", models), ("memorizer", memorizers)):
        for k, t in enumerate(times):
            xt = noise.corrupt(x0, t, torch.Generator().manual_seed(1000 * seed + k))
            found = compare(first, second, noise, x0, xt, t, corpus.ignore)
            rows.append({"n_train": n, "seed": seed, "t": t, "denoiser": name, **found})
    return rows


def compare(
    first: Denoiser,
    second: Denoiser,
    noise: UniformNoise,
    x0: torch.Tensor,
    xt: torch.Tensor,
    t: float,
    ignore: Collection[int] = (),
) -> dict[str, float]:
    """Return agreement, distance and right (see `disjoint_halves`) of two denoisers on x_t int64[B, L]."""
    p, q = (predict(denoiser, noise, xt, t, "posterior").exp() for denoiser in (first, second))  # [B, L, V] each
    changed = (xt != x0) & counted_tokens(x0, ignore)
    a, b = p.argmax(dim=2), q.argmax(dim=2)
    distance = (p - q).abs().sum(dim=2) / 2  # [B, L]
    return {
        "agreement": float((a == b)[changed].double().mean()),
        "distance": float(distance[changed].double().mean()),
        "right": float(((a == x0) & (b == x0))[changed].double().mean()),
    }

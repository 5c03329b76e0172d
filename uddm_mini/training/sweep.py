"""The dataset-size sweep: train on nested subsets, and measure memory and generalization at every size."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from uddm_mini.probes.measure import ProbeSettings, measure
from uddm_mini.process.noise import UniformNoise
from uddm_mini.worlds.corpus import Corpus

from .checkpoint import model_path, save
from .jobs import Rows, finish, jobs_of
from .tables import Job, Table
from .train import TrainSettings, changed_settings, checked_device, note_corpus, train

COLUMNS = ("n_train", "seed", "split", "t", "recovered", "unstable", "exact", "chance", "entropy", "nelbo", "seconds")
KEYS = 4  # the first so many columns tell rows apart


def run_sweep(
    corpus: Corpus,
    sizes: Sequence[int],
    seeds: Sequence[int],
    *,
    settings: TrainSettings | None = None,
    probe: ProbeSettings | None = None,
    executor: Executor | None = None,
    out: str | Path | None = None,
    device: str = "cpu",
    keep_models: bool = False,
    command: str | None = None,
    progress: bool = True,
    **changes: Any,
) -> pd.DataFrame:
    """Train one model per (size, seed) on nested subsets and probe it; one row per (n_train, seed, split, t).

    Columns: n_train, seed, split ("train" | "test"), t, recovered, unstable, exact, chance (fractions; NaN where
    nothing was corrupted), entropy (cavity, at t -> 0, nats per token), nelbo (nats per token), seconds. `changes`
    override fields of `settings`. Architecture and steps stay fixed (or, with `epochs`, the passes over the data);
    only n_train varies.

    With `out`, a folder, every finished job is written at once (sweep.csv, and settings.json, which also tells the
    `command` that was typed), and the same call resumes there; what comes back is the file. Several processes may
    share a folder if each has seeds or sizes of its own. `keep_models` also writes checkpoints. Jobs run on any
    `concurrent.futures` executor; the default is one thread per core on a CPU (PyTorch computes outside Python's
    lock), one job at a time on a GPU.
    """
    settings, probe = changed_settings(settings, changes), probe or ProbeSettings()
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    checked_device(device)
    folder = None if out is None else Path(out)
    if keep_models and folder is None:
        raise ValueError("keep_models needs a folder to keep them in; give out, too.")
    table = Table(
        None if folder is None else folder / "sweep.csv",
        COLUMNS,
        KEYS,
        {"train": _shared(settings), "probe": asdict(probe), "corpus": corpus.name, "hash": corpus.sha256},
        {"corpus": corpus.info} | ({"command": command} if command else {}),
        device,
        rows_of_a_job=2 * len(set(probe.times)),
        defaults={"train": _shared(TrainSettings()), "probe": asdict(ProbeSettings())},
        note_name="settings.json",
    )
    models = folder if keep_models else None
    if models and (lost := [job for job in jobs if job in table.done and not model_path(models, job).exists()]):
        warnings.warn(
            f"{table.path} has the numbers of {len(lost)} of these models, but their checkpoints are not there; "
            "to train them again, choose another folder.",
            stacklevel=2,
        )
    work = partial(_run_job, corpus, settings=settings, probe=probe, device=device, folder=models)
    return finish(table, jobs, work, executor, device=device, label="sweep", progress=progress)


def _run_job(
    corpus: Corpus, job: Job, settings: TrainSettings, probe: ProbeSettings, device: str, folder: Path | None
) -> Rows:
    """Train and measure one model."""
    n, seed = job
    start = time.perf_counter()
    x_train = corpus.subset(n, seed)
    noise = UniformNoise(corpus.vocab_size, settings.schedule)
    model = train(x_train, noise, settings=replace(settings, seed=seed), device=device, progress=False)
    if folder is not None:
        note_corpus(model, corpus)
        save(model, model_path(folder, job))
    rows = measure(model, noise, corpus, x_train, probe, seed)
    seconds = time.perf_counter() - start
    return [{"n_train": n, "seed": seed, **row, "seconds": round(seconds, 2)} for row in rows]


def _shared(settings: TrainSettings) -> dict[str, Any]:
    """Return the settings that all models of a sweep share."""
    return {k: v for k, v in asdict(settings).items() if k != "seed"}

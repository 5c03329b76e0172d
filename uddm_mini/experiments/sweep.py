"""The dataset-size sweep: train on nested subsets, and measure memory and generalization at every size."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from uddm_mini.files import at
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.parallel import stack_size
from uddm_mini.probes.subject import ProbeSettings, Subject
from uddm_mini.probes.suite import MEASURED, probe
from uddm_mini.settings import option
from uddm_mini.training.checkpoint import model_path, save
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import checked_device, note_corpus, train_stack
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import Language, corpus_of

from .rows import Job
from .run import Rows, Stack, finish, jobs_of, settings_of_many
from .store import Store, rows_of, wide

COLUMNS = ["recovered", "unstable", "exact", "chance", "entropy", "nelbo", "seconds"]


@dataclass(frozen=True)
class SweepSettings:
    """How the models of a sweep are trained and measured, and what belongs to the call alone.

    counts: the bounds also have tables of counts, of pairs and of triples (see `sweep_bounds`).
    device: "cpu", "cuda" or "mps".
    keep_models: also write a checkpoint for every model.
    progress: show a bar.
    command: what was typed, for the note.
    """

    train: TrainSettings = TrainSettings()
    probe: ProbeSettings = ProbeSettings()
    counts: bool = option(False, "the bounds also have tables of counts: slow for many words")
    device: str = option("cpu", "cpu, cuda or mps")
    keep_models: bool = option(False, "also write a checkpoint for every model")
    progress: bool = True
    command: str = ""


def run_sweep(
    data: Corpus | Language,
    sizes: Sequence[int],
    seeds: Sequence[int] = (0, 1, 2),
    settings: SweepSettings | None = None,
    *,
    executor: Executor | None = None,
    out: str | Path | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train one model per (size, seed) on nested subsets of a corpus, and probe each on training and held-out text.

    data: a corpus, or a language from which one is drawn.
    settings: `SweepSettings()` by default; `changes` override fields, also those of the training and of the probes:
        run_sweep(corpus, sizes, seeds, steps=300, width=32, sentences=256).
    executor: where the jobs run, one by one; without one, small models train in stacks of up to four, as one, and as
        many stacks at a time as there are cores, one thread each.
    out: a folder for sweep.csv and its note; finished jobs are written at once, and the same call resumes.

    Returns one row per (n_train, seed, split, t): recovered, unstable, exact, chance (fractions), entropy (cavity, at
    t -> 0) and nelbo (nats per token), seconds. Seed s decides subset, weights, batches and probe noise of its models.
    """
    settings = settings_of_many(settings or SweepSettings(), changes)
    corpus = corpus_of(data, max(sizes, default=1))
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    checked_device(settings.device)
    folder = None if out is None else at(out)
    if settings.keep_models and folder is None:
        raise ValueError("keep_models needs a folder for the checkpoints: give out=...")
    store = Store(
        None if folder is None else folder / "sweep.csv",
        told(corpus, settings),
        {"train": _shared(TrainSettings()), "probe": asdict(ProbeSettings())},
        {"corpus": corpus.info} | ({"command": settings.command} if settings.command else {}),
        settings.device,
    )
    models = folder if settings.keep_models else None
    if models and (lost := [job for job in jobs if job in store.done and not model_path(models, job).exists()]):
        warnings.warn(
            f"{store.path} has the numbers of {len(lost)} of these models, but their checkpoints are not there; "
            "to train them again, choose another folder.",
            stacklevel=2,
        )
    # an executor of the caller's gets single jobs: nobody here knows how many it does at a time
    stacked = (
        1 if executor or settings.train.epochs else stack_size(len(jobs), settings.train.model.width, settings.device)
    )
    work = Sweep(corpus, settings, models)
    rows = finish(store, jobs, work, executor, stacked=stacked, progress=settings.progress)
    return wide(rows, COLUMNS)


def told(corpus: Corpus, settings: SweepSettings) -> dict[str, Any]:
    """Return what decides the numbers of a sweep, for its note."""
    return {
        "train": _shared(settings.train),
        "probe": asdict(settings.probe),
        "corpus": corpus.name,
        "hash": corpus.sha256,
    }


@dataclass(frozen=True)
class Sweep:
    """The work of a sweep: train and measure the models of a stack of jobs."""

    corpus: Corpus
    settings: SweepSettings
    folder: Path | None  # for the checkpoints

    def __call__(self, stack: Stack) -> Rows:
        """Return the rows of all jobs of the stack, whose models train as one."""
        start, shared = time.perf_counter(), self.settings.train
        runs = [(self.corpus.subset(n, seed), replace(shared, seed=seed)) for n, seed in stack]
        noise = shared.noise.of(self.corpus.vocab_size)
        models = train_stack(runs, noise, device=self.settings.device, progress=False)
        each = (time.perf_counter() - start) / len(stack)
        return [row for job, model in zip(stack, models, strict=True) for row in self._measured(job, model, each)]

    def _measured(self, job: Job, model: TransformerDenoiser, training: float) -> Rows:
        """Return the rows of one model, which took `training` seconds to train."""
        start, (n, seed) = time.perf_counter(), job
        if self.folder is not None:
            note_corpus(model, self.corpus)
            save(model, model_path(self.folder, job))
        subject = Subject(model, self.corpus, self.corpus.subset(n, seed), self.settings.probe, seed)
        rows = [{"n_train": n, "seed": seed, "denoiser": "model", **row} for row in probe(subject, *MEASURED)]
        seconds = round(training + time.perf_counter() - start, 2)
        for split in ("train", "held-out"):
            rows += rows_of({"seconds": seconds}, n_train=n, seed=seed, split=split)
        return rows


def _shared(settings: TrainSettings) -> dict[str, Any]:
    """Return the settings that all models of a sweep share."""
    return {k: v for k, v in asdict(settings).items() if k != "seed"}

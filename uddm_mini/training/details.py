"""Examine the kept models of a sweep: what they write, how sure they are, what they leave alone."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd

from uddm_mini.probes.examine import ExamineSettings, examine
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.language import ToyLanguage

from .checkpoint import load, model_path, noise_of
from .jobs import Rows, finish
from .sweep import COLUMNS as SWEEP_COLUMNS
from .sweep import KEYS as SWEEP_KEYS
from .tables import Job, Table, jobs_in, read_note, read_table

COLUMNS = ("n_train", "seed", "split", "t", "quantity", "value")


def sweep_details(
    folder: str | Path,
    corpus: Corpus,
    *,
    language: ToyLanguage | None = None,
    settings: ExamineSettings | None = None,
    executor: Executor | None = None,
    device: str = "cpu",
    progress: bool = True,
) -> pd.DataFrame:
    """Examine every model that `run_sweep(..., keep_models=True)` left in `folder`; write and return details.csv.

    One row per (n_train, seed, split, t, quantity), with `value`; see `examine` for the quantities. Finished models
    are written at once, and the same call resumes; what is in the table already needs no model any more. ValueError
    if a model is missing or was trained on another corpus, or if the table is of other models.
    """
    folder, settings = Path(folder), settings or ExamineSettings()
    if not (folder / "sweep.csv").exists():
        raise ValueError(f"{folder} has no sweep.csv, so it is not the folder of a sweep.")
    jobs = jobs_in(read_table(folder / "sweep.csv", SWEEP_COLUMNS, SWEEP_KEYS))
    models, _ = read_note(folder / "settings.json")
    about = {"corpus": corpus.sha256, "language": language is not None, "train": models.get("train")}
    table = Table(
        folder / "details.csv",
        COLUMNS,
        5,
        {**asdict(settings), **about},
        device=device,
        defaults={**asdict(ExamineSettings()), **about},
    )
    work = partial(_run_job, folder=folder, corpus=corpus, language=language, settings=settings, device=device)
    return finish(table, sorted(jobs), work, executor, device=device, label="examine", progress=progress)


def _run_job(
    job: Job,
    folder: Path,
    corpus: Corpus,
    language: ToyLanguage | None,
    settings: ExamineSettings,
    device: str,
) -> Rows:
    """Examine one model."""
    n, seed = job
    path = model_path(folder, job)
    if not path.exists():
        raise ValueError(f"{path} is missing; run the sweep again with keep_models (--keep-models) in another folder.")
    model = load(path, device)
    if model.training_settings.get("corpus") != corpus.sha256:
        raise ValueError(f"The models in {folder} were not trained on this corpus; give the one they were trained on.")
    log_prob = None if language is None else language.log_prob
    rows = examine(model, noise_of(model), corpus, corpus.subset(n, seed), settings, seed, log_prob=log_prob)
    return [{"n_train": n, "seed": seed, **row} for row in rows]

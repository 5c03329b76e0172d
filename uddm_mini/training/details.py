"""Examine the kept models of a sweep: what they write, how sure they are, what they leave alone."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from uddm_mini.probes.examine import ExamineSettings, examine
from uddm_mini.process.noise import UniformNoise
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.language import ToyLanguage

from .checkpoint import load
from .sweep import run_all
from .tables import resume_rows, write_rows

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
    if a model is missing or was trained on another corpus.
    """
    folder, settings = Path(folder), settings or ExamineSettings()
    rows = resume_rows(folder / "details.csv", {**asdict(settings), "corpus": corpus.sha256})
    done = {(row["n_train"], row["seed"]) for row in rows}
    jobs = _models_of(folder)
    work = partial(_run_job, folder=folder, corpus=corpus, language=language, settings=settings, device=device)
    bar = tqdm(total=len(jobs), initial=len(done & set(jobs)), desc="examine", unit="model", disable=not progress)
    for finished in run_all([job for job in jobs if job not in done], work, executor, device):
        rows += finished
        write_rows(folder / "details.csv", rows, COLUMNS, keys=5)
        bar.update()
    bar.close()
    return write_rows(folder / "details.csv", rows, COLUMNS, keys=5)


def _run_job(
    job: tuple[int, int],
    folder: Path,
    corpus: Corpus,
    language: ToyLanguage | None,
    settings: ExamineSettings,
    device: str,
) -> list[dict[str, Any]]:
    """Examine one model."""
    n, seed = job
    path = folder / "models" / f"n{n}-seed{seed}.safetensors"
    if not path.exists():
        raise ValueError(f"{path} is missing; delete {folder} and run the sweep again with --keep-models.")
    model = load(path, device)
    if model.training_settings.get("corpus") != corpus.sha256:
        raise ValueError(f"The models in {folder} were not trained on this corpus; give the one they were trained on.")
    noise = UniformNoise(corpus.vocab_size, model.training_settings["schedule"])
    log_prob = None if language is None else language.log_prob
    rows = examine(model, noise, corpus, corpus.subset(n, seed), settings, seed, log_prob=log_prob)
    return [{"n_train": n, "seed": seed, **row} for row in rows]


def _models_of(folder: Path) -> list[tuple[int, int]]:
    """Return the (n_train, seed) of every model in the table of a sweep."""
    path = folder / "sweep.csv"
    if not path.exists():
        raise ValueError(f"{folder} has no sweep.csv, so it is not the folder of a sweep.")
    table = pd.read_csv(path)
    return sorted(set(zip(table["n_train"].tolist(), table["seed"].tolist(), strict=True)))

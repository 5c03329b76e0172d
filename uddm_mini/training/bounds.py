"""The two perfect denoisers, measured as a sweep measures trained models."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from uddm_mini.denoisers.exact import MemorizingDenoiser, PopulationDenoiser
from uddm_mini.probes.measure import ProbeSettings, measure
from uddm_mini.process.noise import UniformNoise
from uddm_mini.process.sampling import Denoiser
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.language import ToyLanguage

from .sweep import COLUMNS as SWEEP_COLUMNS
from .sweep import run_all
from .tables import resume_rows, write_rows

COLUMNS = ("denoiser", *SWEEP_COLUMNS[:-1])  # without the seconds


def sweep_bounds(
    corpus: Corpus,
    sizes: Sequence[int],
    seeds: Sequence[int] = (0,),
    *,
    language: ToyLanguage | None = None,
    schedule: Literal["linear", "cosine"] = "linear",
    probe: ProbeSettings | None = None,
    out: str | Path | None = None,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Measure the two perfect denoisers as in `run_sweep`: a column `denoiser` says "memorizer" or "population".

    The population rows need the `language` that the corpus was drawn from; real text has none. With `out`, a CSV
    file, what is measured is written at once, and the same call resumes.
    """
    probe, table = probe or ProbeSettings(), None if out is None else Path(out)
    about = {"probe": asdict(probe), "schedule": schedule, "corpus": corpus.sha256, "language": language is not None}
    rows = [] if table is None else resume_rows(table, about)
    done = {(row["n_train"], row["seed"]) for row in rows}
    jobs = [(n, seed) for seed in seeds for n in sorted(sizes, reverse=True) if (n, seed) not in done]
    work = partial(
        _run_job, corpus=corpus, language=language, noise=UniformNoise(corpus.vocab_size, schedule), probe=probe
    )
    for finished in run_all(jobs, work, executor, "cpu"):
        rows += finished
        if table is not None:
            write_rows(table, rows, COLUMNS, keys=5)
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(list(COLUMNS[:5]), ignore_index=True)


def _run_job(
    job: tuple[int, int], corpus: Corpus, language: ToyLanguage | None, noise: UniformNoise, probe: ProbeSettings
) -> list[dict[str, Any]]:
    """Measure both on one training set."""
    n, seed = job
    x_train = corpus.subset(n, seed)
    known: dict[str, Denoiser] = {"memorizer": MemorizingDenoiser(x_train, noise)}
    if language is not None:
        known["population"] = PopulationDenoiser(language, noise)
    return [
        {"denoiser": name, "n_train": n, "seed": seed, **row}
        for name, denoiser in known.items()
        for row in measure(denoiser, noise, corpus, x_train, probe, seed)
    ]

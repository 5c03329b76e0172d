"""The two perfect denoisers, measured as a sweep measures trained models."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd

from uddm_mini.denoisers.exact import MemorizingDenoiser, PopulationDenoiser
from uddm_mini.probes.measure import ProbeSettings, measure
from uddm_mini.process.noise import UniformNoise
from uddm_mini.process.sampling import Denoiser
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.language import ToyLanguage

from .jobs import Rows, finish, jobs_of
from .sweep import COLUMNS as SWEEP_COLUMNS
from .tables import Job, Table

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
    progress: bool = True,
) -> pd.DataFrame:
    """Measure the two perfect denoisers as in `run_sweep`: a column `denoiser` says "memorizer" or "population".

    The population rows need the `language` that the corpus was drawn from; real text has none. With `out`, a CSV
    file, what is measured is written at once, and the same call resumes; what comes back is the file.
    """
    probe, exact = probe or ProbeSettings(), language is not None
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    table = Table(
        None if out is None else Path(out),
        COLUMNS,
        5,
        {"probe": asdict(probe), "schedule": schedule, "corpus": corpus.sha256, "language": exact},
        rows_of_a_job=2 * len(set(probe.times)) * (1 + exact),
        defaults={"probe": asdict(ProbeSettings())},
    )
    noise = UniformNoise(corpus.vocab_size, schedule)
    work = partial(_run_job, corpus=corpus, language=language, noise=noise, probe=probe)
    return finish(table, jobs, work, executor, label="bounds", progress=progress)


def _run_job(job: Job, corpus: Corpus, language: ToyLanguage | None, noise: UniformNoise, probe: ProbeSettings) -> Rows:
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

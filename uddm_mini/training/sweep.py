"""The dataset-size sweep: train on nested subsets, and measure memory and generalization at every size."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from operator import index
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm.auto import tqdm

from uddm_mini.files import replacing
from uddm_mini.probes.measure import ProbeSettings, measure
from uddm_mini.process.noise import UniformNoise
from uddm_mini.worlds.corpus import Corpus

from .checkpoint import save
from .train import TrainSettings, checked_device, note_corpus, train

COLUMNS = (
    "n_train",
    "seed",
    "split",
    "t",
    "recovered",
    "unstable",
    "exact",
    "chance",
    "entropy",
    "nelbo",
    "seconds",
)


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
    progress: bool = True,
    **changes: Any,
) -> pd.DataFrame:
    """Train one model per (size, seed) on nested subsets and probe it; one row per (n_train, seed, split, t).

    Columns: n_train, seed, split ("train" | "test"), t, recovered, unstable, exact, chance (fractions; NaN where
    nothing was corrupted), entropy (cavity, at t -> 0, nats per token), nelbo (nats per token), seconds. `changes`
    override fields of `settings`. Architecture and steps stay fixed (or, with `epochs`, the passes over the data);
    only n_train varies.

    With `out`, a folder, every finished job is written at once (sweep.csv, settings.json), and the same call
    resumes there. `keep_models` also writes checkpoints. Jobs run on any `concurrent.futures` executor; the default
    is one thread per core on a CPU (PyTorch computes outside Python's lock), one job at a time on a GPU.
    """
    if "seed" in changes:
        raise TypeError("run_sweep takes a list of seeds, seeds=[0, 1, 2], and no single seed.")
    settings, probe = replace(settings or TrainSettings(), **changes), probe or ProbeSettings()
    largest_first = sorted({index(n) for n in sizes}, reverse=True)  # `index`: NumPy's whole numbers are none to JSON
    jobs = [(n, seed) for seed in dict.fromkeys(map(index, seeds)) for n in largest_first]
    _check_jobs(corpus, jobs)
    checked_device(device)
    folder = None if out is None else Path(out)
    rows = _resume(folder, _provenance(corpus, settings, probe, jobs, device))
    done = {(row["n_train"], row["seed"]) for row in rows}
    models = folder if keep_models else None
    work = partial(_run_job, corpus, settings=settings, probe=probe, device=device, folder=models)
    bar = tqdm(total=len(jobs), initial=len(done & set(jobs)), desc="sweep", unit="model", disable=not progress)
    for finished in run_all([job for job in jobs if job not in done], work, executor, device):
        rows += finished
        _write_rows(folder, rows)
        bar.update()
    bar.close()
    return _table(rows)


def _run_job(
    corpus: Corpus,
    job: tuple[int, int],
    settings: TrainSettings,
    probe: ProbeSettings,
    device: str,
    folder: Path | None,
) -> list[dict[str, Any]]:
    """Train and measure one model."""
    n, seed = job
    start = time.perf_counter()
    x_train = corpus.subset(n, seed)
    noise = UniformNoise(corpus.vocab_size, settings.schedule)
    model = train(x_train, noise, settings=replace(settings, seed=seed), device=device, progress=False)
    if folder is not None:
        note_corpus(model, corpus)
        save(model, folder / "models" / f"n{n}-seed{seed}.safetensors")
    rows = measure(model, noise, corpus, x_train, probe, seed)
    seconds = time.perf_counter() - start
    return [{"n_train": n, "seed": seed, **row, "seconds": round(seconds, 2)} for row in rows]


def _check_jobs(corpus: Corpus, jobs: list[tuple[int, int]]) -> None:
    if not jobs:
        raise ValueError("A sweep needs at least one size and one seed.")
    for n, seed in jobs:
        if not 1 <= n <= len(corpus.train):
            raise ValueError(f"The corpus has {len(corpus.train)} training sentences, so a size of {n} can't be had.")
        if seed < 0:
            raise ValueError(f"A seed must be at least 0, but one is {seed}.")


def run_all(
    jobs: list[tuple[int, int]],
    work: Callable[[tuple[int, int]], list[dict[str, Any]]],
    executor: Executor | None,
    device: str,
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each job as it ends; if one fails, start no more, yield what still ends well, then raise."""
    if executor is None and device == "cpu" and len(jobs) > 1:
        cores = torch.get_num_threads()
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            try:
                yield from run_all(jobs, work, pool, device)
            finally:
                pool.shutdown(cancel_futures=True)
                torch.set_num_threads(cores)
    elif executor is None:
        yield from map(work, jobs)
    else:
        waiting = {executor.submit(work, job) for job in jobs}
        for future in as_completed(list(waiting)):
            waiting.remove(future)
            if failure := future.exception():
                for other in [other for other in waiting if not other.cancel()]:
                    if not other.exception():
                        yield other.result()
                raise failure
            yield future.result()


def _provenance(
    corpus: Corpus, settings: TrainSettings, probe: ProbeSettings, jobs: list[tuple[int, int]], device: str
) -> dict[str, Any]:
    """Return what decides the numbers ("settings"), and what else is worth knowing about the run ("about")."""
    packages = {}
    for name in ("uddm_mini", "torch", "numpy", "pandas"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:  # running from a checkout
            packages[name] = "not installed"
    return {
        "settings": {
            "train": _train_settings(settings),
            "probe": asdict(probe),
            "corpus": corpus.name,
            "hash": corpus.sha256,
        },
        "about": {
            "sizes": sorted({n for n, _ in jobs}),
            "seeds": sorted({seed for _, seed in jobs}),
            "versions": {"python": platform.python_version(), **packages},
            "device": device,
            "corpus": corpus.info,
        },
    }


def _train_settings(settings: TrainSettings) -> dict[str, Any]:
    """Return the settings that all models of a sweep share."""
    return {k: v for k, v in asdict(settings).items() if k != "seed"}


def _resume(folder: Path | None, provenance: dict[str, Any]) -> list[dict[Any, Any]]:
    """Return the rows that an earlier run left in `folder`; refuse to mix two different sweeps."""
    if folder is None:
        return []
    path, table = folder / "settings.json", folder / "sweep.csv"
    provenance = json.loads(json.dumps(provenance))  # tuples become lists, as they are in the file
    if table.exists() and not path.exists():
        raise ValueError(f"{table} has no settings.json beside it, so nobody knows what it is; choose another folder.")
    try:
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else provenance
        rows = [dict(row) for row in pd.read_csv(table)[list(COLUMNS)].to_dict("records")] if table.exists() else []
        # a setting that did not exist then had the value that is its default now
        before["settings"]["train"] = {**_train_settings(TrainSettings()), **before["settings"]["train"]}
        differs = before["settings"] != provenance["settings"]
        for name in ("sizes", "seeds"):
            provenance["about"][name] = sorted({*before["about"][name], *provenance["about"][name]})
        earlier = before["about"].get("earlier versions", [])
        if before["about"]["versions"] != provenance["about"]["versions"]:  # part of the rows is theirs
            earlier = [*earlier, before["about"]["versions"]]
        if earlier:
            provenance["about"]["earlier versions"] = earlier
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"The results in {folder} cannot be read ({error}); choose another folder.") from None
    if differs:
        raise ValueError(
            f"{folder} holds a sweep with other settings or another corpus; "
            f"choose another folder or delete it. {_difference(before['settings'], provenance['settings'])}"
        )
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(provenance, indent=1) + "\n", encoding="utf-8")
    return rows


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Name the settings that differ."""
    flat = [
        {
            f"{k}.{j}" if isinstance(v, dict) else k: w
            for k, v in d.items()
            for j, w in (v.items() if isinstance(v, dict) else [("", v)])
        }
        for d in (before, now)
    ]
    changed = [f"{k}: {flat[0].get(k)} there, {flat[1].get(k)} now" for k in flat[1] if flat[0].get(k) != flat[1][k]]
    return "; ".join(changed) + "."


def _write_rows(folder: Path | None, rows: list[dict[str, Any]]) -> None:
    """Write all rows at once, so that a reader never sees half a table."""
    if folder is not None:
        with replacing(folder / "sweep.csv") as temporary:
            _table(rows).to_csv(temporary, index=False, float_format="%.6g")


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[3:], float))
    return table.sort_values(["n_train", "seed", "split", "t"], ignore_index=True)

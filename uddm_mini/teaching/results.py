"""The committed results of the book's long computations: where they are, and their tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from uddm_mini.experiments import breaks, course, finetune, halves, sweep
from uddm_mini.experiments.store import read_note, read_rows, wide


def results_path(name: str) -> Path:
    """Return the path of a committed file, such as "models/toy-n16.safetensors", in the package or beside it.

    FileNotFoundError if it is not there.
    """
    package = Path(__file__).resolve().parents[1]
    for place in (package / "data", package.parent / "data"):
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(
        f"The committed result {name!r} is not here. Update the package (run the chapter's setup cell in a fresh "
        "session), or make the result with the command in the README."
    )


def committed(name: str) -> pd.DataFrame:
    """Return a committed table, such as "toy-large/sweep", as the function that made it does.

    name: a folder of `data/sweeps`, and "sweep" (`run_sweep`), "bounds" (`sweep_bounds`) or "details", or another
        table of `sweep_details`; or "halves" (`disjoint_halves`), "spins" (`spin_transition`), or bounds that several
        sweeps share
    """
    rows = read_rows(results_path(f"sweeps/{name}.csv"))
    kind = name.rpartition("/")[2]
    if kind == "sweep":
        return wide(rows, sweep.COLUMNS)
    if kind == "halves" or kind.endswith("bounds"):
        return wide(rows, halves.COLUMNS if kind == "halves" else sweep.COLUMNS, denoiser=True)
    return rows


def committed_breaks() -> pd.DataFrame:
    """Return the committed table of broken recipes, as `broken_recipes` does: one row per recipe and seed."""
    return breaks.table_of(read_rows(results_path("breaks.csv")))


def committed_course() -> pd.DataFrame:
    """Return the committed course of training, as `training_course` does: a row per size, seed, split and step."""
    return course.table_of(read_rows(results_path("course.csv")))


def committed_finetune(name: str = "finetune") -> pd.DataFrame:
    """Return the committed looks at fine-tunes, as `watched_finetunes` does: one row per size, seed and step."""
    return finetune.table_of(read_rows(results_path(f"{name}.csv")))


def committed_note(name: str) -> dict[str, Any]:
    """Return what is noted of a committed table: "settings" that decide its numbers, "about" and "jobs"."""
    return read_note(results_path(f"sweeps/{name}.csv"))

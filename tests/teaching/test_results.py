"""The committed results: found where they are, and read as the functions that made them return them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from uddm_mini.experiments import halves, sweep
from uddm_mini.experiments.store import COLUMNS
from uddm_mini.teaching.results import committed, committed_note, results_path

SWEEPS = Path(__file__).resolve().parents[2] / "data" / "sweeps"
KEYS = ["n_train", "seed", "split", "t"]
WIDE = {"sweep": [*KEYS, *sweep.COLUMNS], "bounds": ["denoiser", *KEYS, *sweep.COLUMNS[:-1]],
        "details": COLUMNS, "halves": ["denoiser", *KEYS, *halves.COLUMNS]}  # fmt: skip
TABLES = sorted(path.relative_to(SWEEPS).with_suffix("").as_posix() for path in SWEEPS.rglob("*.csv"))


def test_a_committed_file_is_found_and_a_missing_one_says_what_to_do():
    assert results_path("README.md").is_file()
    with pytest.raises(FileNotFoundError, match="no/such.csv"):
        results_path("no/such.csv")


@pytest.mark.parametrize("name", TABLES)
def test_a_committed_table_has_the_columns_of_its_kind_and_whole_jobs(name: str):
    table, note = committed(name), committed_note(name)
    kind = name.rpartition("/")[2]
    assert table.columns.tolist() == WIDE["bounds" if kind.endswith("bounds") else kind if kind in WIDE else "details"]
    assert "test" not in set(table["split"])
    assert {(n, seed) for n, seed, _ in note["jobs"]} == set(zip(table["n_train"], table["seed"], strict=True))
    assert not table.duplicated([c for c in table if c not in ("value", *sweep.COLUMNS, *halves.COLUMNS)]).any()


def test_a_committed_number_is_that_of_its_row():
    rows = pd.read_csv(SWEEPS / "toy-large/sweep.csv")
    at = "n_train == 64 and seed == 3 and split == 'held-out'"
    (found,) = rows.query(f"{at} and t == 0.25 and quantity == 'recovered'")["value"]
    (entropy,) = rows.query(f"{at} and quantity == 'entropy'")["value"]
    table = committed("toy-large/sweep").query(at)
    assert table.query("t == 0.25")["recovered"].tolist() == [found]
    assert set(table["entropy"]) == {entropy} and len(table) == 5  # it does not depend on t


def test_a_note_tells_how_the_models_were_made():
    settings = committed_note("toy-large/sweep")["settings"]
    assert settings["train"]["model"]["width"] == 64 and settings["train"]["steps"] == 3000
    assert settings == json.loads((SWEEPS / "toy-large/sweep.json").read_text("utf-8"))["settings"]

"""The benchmarks run and judge by the right side of a limit. No time is tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_one_command_prints_the_table_and_writes_it(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--only", "nelbo,stacked,probes", "--repeats", "1"]
    run = subprocess.run(
        [*command, "--csv", str(tmp_path / "table.csv")],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    table = pd.read_csv(tmp_path / "table.csv")
    assert list(table.columns) == ["what", "value", "unit", "limit", "ratio", "kept", "note"]
    assert set(table.kept.dropna()) <= {"yes", "no"} and (table.value > 0).all()
    assert all(what in run.stdout for what in table.what)
    # memory is counted and not timed, so here the limit itself can be checked: two tensors of B x L x V
    assert (table[table.unit.str.contains("tensors")].value <= 2).all()


@pytest.mark.parametrize(
    ("value", "least", "kept", "ratio"),
    [
        (1.0, False, "yes", 0.5),
        (3.0, False, "no", 1.5),
        (2.0, False, "yes", 1.0),
        (3.0, True, "yes", 1.5),
        (1.0, True, "no", 0.5),
    ],
)
def test_a_limit_is_kept_from_below_or_from_above(monkeypatch, value, least, kept, ratio):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.__main__ import row

    got = row("x", value, "s", 2.0, least=least)
    assert (got["kept"], got["ratio"]) == (kept, ratio)

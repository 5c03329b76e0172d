"""Statements: what they compare, that they never stop a reader, and that the table of spreads knows each of them."""

from __future__ import annotations

import ast
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch

from uddm_mini.teaching.statements import MODE, RECORD, DisagreementError, says

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
TABLE = ROOT / "data" / "statements.csv"
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)


@pytest.fixture(autouse=True)
def as_a_reader(monkeypatch):
    monkeypatch.delenv(MODE, raising=False)
    monkeypatch.delenv(RECORD, raising=False)


AGREE = [
    (0.78, (0.8, 0.03), {}, "✔ words · text 0.8 ± 0.03 · here 0.78"),
    (torch.tensor(0.78), (0.8, 0.03), {}, "✔ words · text 0.8 ± 0.03 · here 0.78"),
    (torch.tensor([0.78], requires_grad=True) * 1, (0.8, 0.03), {}, "✔ words · text 0.8 ± 0.03 · here 0.78"),
    (np.float32(0.5), (), {"above": 0.4}, "✔ words · text above 0.4 · here 0.5"),
    (0.5, (), {"below": 0.6}, "✔ words · text below 0.6 · here 0.5"),
    (0.5, (), {"above": 0.4, "below": 0.6}, "✔ words · text 0.5 ± 0.1 · here 0.5"),
    (102, (102,), {}, "✔ words · text 102 · here 102"),
    (True, (), {}, "✔ words · text 1 · here 1"),
    (torch.tensor([[True, True]]), (), {}, "✔ words · text 1 · here 1"),
    (1e-12, (0, 1e-9), {}, "✔ words · text 0 ± 1e-09 · here 1e-12"),
    (pd.Series([0.81, 0.77]), (0.8, 0.05), {}, "✔ words · text 0.8 ± 0.05 · here 0.77"),
    ([0.5, 0.7], (), {"above": 0.4}, "✔ words · text above 0.4 · here 0.5"),
]


@pytest.mark.parametrize(("value", "text", "limits", "line"), AGREE)
def test_agreement_is_shown_in_a_line(value, text, limits, line, capsys, monkeypatch):
    monkeypatch.setenv(MODE, "raise")
    says("words", value, *text, **limits)
    assert capsys.readouterr().out.strip().replace(", least", "") == line


DIFFER = [
    (0.84, (0.8, 0.03), {}),
    (0.3, (), {"above": 0.4}),
    (0.7, (), {"below": 0.6}),
    (0.7, (), {"above": 0.4, "below": 0.6}),
    (False, (), {}),
    ([True, False], (), {}),
    ([0.8, 0.9], (0.8, 0.05), {}),
    ([0.5, 0.3], (), {"above": 0.4}),
    ([0.5, 0.7], (), {"above": 0.4, "below": 0.6}),
    (math.nan, (0.8, 10), {}),
    ([0.8, math.nan], (0.8, 0.05), {}),
    ([0.8, math.nan], (), {"above": 0.4}),
    (math.nan, (), {"below": 0.4}),
    (None, (), {}),
    ([], (0.8, 0.05), {}),
    (pd.Series(dtype=float), (), {"above": 0.4}),
]


@pytest.mark.parametrize(("value", "text", "limits"), DIFFER)
def test_a_difference_is_shown_and_raised_only_where_the_book_is_tested(value, text, limits, capsys, monkeypatch):
    says("words", value, *text, **limits)
    out = capsys.readouterr().out
    assert "✘ words" in out and "differs here" in out
    monkeypatch.setenv(MODE, "raise")
    with pytest.raises(DisagreementError, match="words"):
        says("words", value, *text, **limits)


def test_a_number_and_a_limit_together_are_refused():
    with pytest.raises(ValueError, match="both a number and a limit"):
        says("words", 1, 1, above=0)


def test_an_optimized_python_compares_all_the_same():
    code = "from uddm_mini.teaching.statements import says; says('two', 2, 3)"
    run = [sys.executable, "-O", "-c", code]
    reader = subprocess.run(run, capture_output=True, text=True, encoding="utf-8")
    assert reader.returncode == 0 and "differs here" in reader.stdout
    tested = subprocess.run(run, env={**os.environ, MODE: "raise"}, capture_output=True, text=True)
    assert tested.returncode == 1 and "DisagreementError" in tested.stderr


def test_every_statement_is_recorded_once_for_each_limit(monkeypatch, tmp_path):
    monkeypatch.setenv(RECORD, str(tmp_path / "all.jsonl"))
    says("one", 0.5, above=0.4)
    says("two", [0.5, 0.7], above=0.4, below=0.6)
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert rows == [
        {"what": "one", "value": 0.5, "low": 0.4, "high": math.inf},
        {"what": "two, least", "value": 0.5, "low": 0.4, "high": math.inf},
        {"what": "two, most", "value": 0.7, "low": -math.inf, "high": 0.6},
    ]


# --- the book ---------------------------------------------------------------------------------------------------------


def python_of(path: Path) -> list[ast.Module]:
    """Return the syntax trees of a notebook's code cells, without IPython's own lines."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    plain = ["\n".join(s for s in cell.splitlines() if not s.lstrip().startswith(("%", "!"))) for cell in cells]
    return [ast.parse(cell) for cell in plain]


def statements_of(path: Path) -> list[ast.Call]:
    calls = [node for tree in python_of(path) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "") for call in calls]
    return [call for call, name in zip(calls, names, strict=True) if name == "says"]


def words_of(call: ast.Call) -> str:
    """Return a statement's words as a pattern: what an f-string fills in may be anything."""
    (label, *_) = call.args
    if isinstance(label, ast.Constant):
        return label.value
    assert isinstance(label, ast.JoinedStr), f"write the words of a statement where it stands: {ast.unparse(call)}"
    return "*".join(part.value if isinstance(part, ast.Constant) else "" for part in label.values)


@each_notebook
def test_no_assertion_is_left_in_a_notebook(path):
    found = [node.lineno for tree in python_of(path) for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert not found, "state it with `says`, in a cell tagged remove-cell"


@each_notebook
def test_statements_stand_in_cells_that_the_page_leaves_out(path):
    if path.stem == "setup":
        pytest.skip("this page shows what a statement is")
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "says(" in cell.source:
            assert "remove-cell" in cell.metadata.get("tags", []), cell.source[:200]


def test_no_two_statements_have_the_same_words():
    words = [words_of(call) for path in NOTEBOOKS for call in statements_of(path)]
    twice = {w for w in words if words.count(w) > 1}
    assert not twice


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(TABLE, keep_default_na=False)


def test_every_statement_keeps_four_standard_deviations(table):
    near = table[~(table["margin"] >= 4)]
    assert near.empty, near.to_string()
    assert not table.duplicated("statement").any()
    assert (table["runs"] >= 3).all() and ((table["least"] >= table["low"]) & (table["most"] <= table["high"])).all()


@each_notebook
def test_the_table_of_spreads_knows_every_statement(path, table):
    known = table[table["notebook"] == path.stem]
    numbers = {}
    for call in statements_of(path):
        words = words_of(call)
        rows = known[[fits(words, what) for what in known["statement"]]]
        assert len(rows), f"{words!r} is not in data/statements.csv: make spread"
        numbers |= {what: 1 for what in rows["statement"]}
        for limit, column in (("above", "low"), ("below", "high")):
            literal = next(
                (k.value.value for k in call.keywords if k.arg == limit and isinstance(k.value, ast.Constant)), None
            )
            if literal is not None:
                assert float(literal) in {float(x) for x in rows[column]}, f"{words!r} has another limit: make spread"
    stale = set(known["statement"]) - set(numbers)
    assert not stale, f"no longer in the notebook: {stale}; make spread"


def fits(words: str, what: str) -> bool:
    """Say whether a row of the table may be of a statement; each limit of several numbers has a row of its own."""
    pattern = ".*".join(map(re.escape, words.split("*")))
    return bool(re.fullmatch(f"{pattern}(, least|, most)?", what))


# --- the tool that measures the spreads ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("spread", ROOT / "book" / "_tools" / "spread.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["spread"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_margin_is_the_room_to_the_nearer_limit(tool):
    assert tool.margin(0.8, 0.01, 0.75, 0.9) == pytest.approx(5)
    assert tool.margin(0.8, 0.01, 0.75, math.inf) == pytest.approx(5)
    assert tool.margin(0.7, 0.01, 0.75, math.inf) == pytest.approx(-5)
    assert tool.margin(2, 0, 2, 2) == math.inf and tool.margin(2, 0, 3, 3) == -math.inf
    assert tool.margin((0.38 + 0.38 + 0.38) / 3, 0.0, 0.38, 0.38) == float("inf"), "equal numbers, but for rounding"


def test_runs_that_make_the_same_model_do_not_narrow_the_spread(tool, tmp_path):
    values = {"base": 0.5, "two-threads": 0.5, "seeds+1": 0.6, "seeds+2": 0.7}
    for name, value in values.items():
        (tmp_path / name).mkdir()
        row = {"what": "words", "value": value, "low": 0.0, "high": 1.0}
        (tmp_path / name / "a.jsonl").write_text(f"{json.dumps({'fingerprint': ''})}\n{json.dumps(row)}\n")
    runs = [
        tool.Run("base"),
        tool.Run("two-threads", threads=2),
        tool.Run("seeds+1", shift=1),
        tool.Run("seeds+2", shift=2),
    ]
    (row,) = tool.summary([tmp_path / "a.ipynb"], runs, tmp_path).to_dict("records")
    assert row["sd"] == pytest.approx(np.std([0.5, 0.6, 0.7], ddof=1))
    assert row["mean"] == pytest.approx(0.575) and row["runs"] == 4


def notebook(path: Path, *cells: str) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)
    return path


TRAIN = """
import torch
from uddm_mini import UniformNoise, train
from uddm_mini.teaching.statements import says
x = torch.arange(12).reshape(4, 3) % 5
model = train(x, UniformNoise(5), steps=2, width=8, heads=2, progress=False)
says("seed of the settings", model.training_settings["seed"], 0)
says("first weight", model.position.flatten()[0].item(), 0, 10)
says("first loss", model.history["loss"][0], 0, 100)
"""


def test_runs_resume_and_shift_the_seed_of_every_training(tool, tmp_path):
    path = notebook(tmp_path / "a.ipynb", TRAIN)
    runs = [tool.Run("base"), tool.Run("again", threads=2), tool.Run("seeds+1", shift=1)]
    assert tool.perform([(path, run) for run in runs], tmp_path, 1) == []
    outs = [tmp_path / run.name / "a.jsonl" for run in runs]
    assert all(tool.trains(out) and tool.fresh(path, out) for out in outs)
    values = [[s.value for s in tool.statements(out).values()] for out in outs]
    assert values[0] == values[1] and values[0][0] == values[2][0] == 0
    assert values[0][1] != values[2][1] and values[0][2] != values[2][2]
    times = [out.stat().st_mtime_ns for out in outs]
    assert tool.perform([(path, run) for run in runs], tmp_path, 1) == []
    assert [out.stat().st_mtime_ns for out in outs] == times, "what is there is not run again"
    rows = tool.summary([path], runs, tmp_path)
    assert rows["runs"].tolist() == [3, 3, 3] and rows["margin"][0] == math.inf
    notebook(path, TRAIN + "\n1")
    assert not tool.fresh(path, outs[0])


def test_a_notebook_that_fails_is_named_and_leaves_nothing(tool, tmp_path):
    path = notebook(tmp_path / "a.ipynb", "1 / 0")
    (failure,) = tool.perform([(path, tool.Run("base"))], tmp_path, 1)
    assert "a.ipynb, base" in failure and "ZeroDivisionError" in failure
    assert not (tmp_path / "base" / "a.jsonl").exists()

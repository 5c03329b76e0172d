"""`make execute`: a notebook that fails in whatever way stays as it was, and the others still run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

TOOL = Path(__file__).resolve().parents[1] / "book" / "_tools" / "execute.py"


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "error", [CellExecutionError("", "ValueError", "no"), CellTimeoutError("too slow"), DeadKernelError("gone")]
)
def test_a_failure_leaves_the_file_and_the_others_alone(tool, error, tmp_path, monkeypatch):
    paths = [tmp_path / "first.ipynb", tmp_path / "second.ipynb"]
    for path in paths:
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1", id="a")]), path)
    before, asked = paths[0].read_bytes(), []

    def execute(client):
        asked.append(client)
        if len(asked) == 1:
            raise error

    monkeypatch.setattr(tool.NotebookClient, "execute", execute)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    assert tool.main([str(path) for path in paths]) == 1
    assert len(asked) == 2 and paths[0].read_bytes() == before
    assert sorted(tmp_path.iterdir()) == paths, "no temporary file stays"

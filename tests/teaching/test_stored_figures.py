"""The live figures that the notebooks store have the scripts of today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from uddm_mini.teaching.live import SCRIPTS, live_html, script

BOOK = Path(__file__).resolve().parents[2] / "book"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stored_scripts", BOOK / "_tools" / "scripts.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_stored_figure_has_an_older_script(path, tool):
    for data in tool.figures(nbformat.read(path, as_version=4)):
        assert tool.renewed(data["text/html"]) == data["text/html"], "type `make scripts`"


@pytest.mark.parametrize("name", ["network", "sampling", "perfect_denoisers", "basins"])
def test_a_chapter_has_two_figures_that_compute(name, tool):
    stored = [data["text/html"] for data in tool.figures(nbformat.read(BOOK / f"{name}.ipynb", as_version=4))]
    kinds = {found[1] for html in stored for found in tool.PIECE.finditer(html)}
    assert len(kinds - {"player", "guess"}) >= 2  # a player steps through frames that were made before


@pytest.mark.parametrize("kind", SCRIPTS)
def test_an_older_script_and_an_older_frame_are_renewed(kind, tool):
    today = live_html(kind, {"label": "A <b> & 'c'"}, "<p>still</p>")
    older = today.replace(script(kind), "(function () { old(); })();\n").replace('class="uddm-live" ', "")
    assert older != today and tool.renewed(older) == today == tool.renewed(today)
    assert tool.renewed(older + "<p>between</p>" + older) == today + "<p>between</p>" + today

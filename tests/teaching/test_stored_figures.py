"""The live figures that the notebooks store have the scripts of today."""

from __future__ import annotations

import importlib.util
import re
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


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_colors_of_a_stored_figure_are_for_its_kind(path):
    pieces = re.findall(r'data-uddm-(\w+)=\\"(\{&quot;.*?\})\\"', path.read_text("utf-8"))
    css = {kind: set(re.findall(r"\.uddm-(\w+) \{", data)) for kind, data in pieces if "&quot;css&quot;" in data}
    assert all(scopes <= {kind} for kind, scopes in css.items()), css


CHAPTERS = ["learning", "cavity", "network", "sampling", "perfect_denoisers", "basins", "transition", "training_time"]
CHAPTERS += ["entropy_probe", "robustness", "real_text", "english", "auditing", "fine_tuning", "released"]


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_two_figures_that_compute(name, tool):
    stored = [data["text/html"] for data in tool.figures(nbformat.read(BOOK / f"{name}.ipynb", as_version=4))]
    kinds = [found[1] for html in stored for found in tool.PIECE.finditer(html)]
    # a player steps through frames that were made before
    assert len([kind for kind in kinds if kind not in ("player", "guess")]) >= 2


@pytest.mark.parametrize("kind", SCRIPTS)
def test_an_older_script_and_an_older_frame_are_renewed(kind, tool):
    today = live_html(kind, {"label": "A <b> & 'c'"}, "<p>still</p>")
    older = today.replace(script(kind), "(function () { old(); })();\n").replace('class="uddm-live" ', "")
    assert older != today and tool.renewed(older) == today == tool.renewed(today)
    assert tool.renewed(older + "<p>between</p>" + older) == today + "<p>between</p>" + today

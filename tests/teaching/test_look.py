"""Colors: each is typed in one place, stands out on white, and reaches the scripts of a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from uddm_mini.teaching import look

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "uddm_mini"
TYPED = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}(?:[0-9a-fA-F]{2})?\b|\b(?:rgb|hsl)a?\(")
LOOK = Path(look.__file__)
SOURCES = sorted(path for kind in ("py", "js", "css") for path in PACKAGE.rglob(f"*.{kind}") if path != LOOK)
SCRIPTS = sorted(LOOK.parent.rglob("*.js"))


def code_of(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_color_is_typed_in_one_module_only(path: Path):
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [f"line {k}: {line.strip()}" for k, line in enumerate(lines, 1) if TYPED.search(line)]
    assert not found, "take it from teaching/look.py"


def test_the_module_of_colors_types_each_once():
    found = [color.upper() for color in TYPED.findall(LOOK.read_text(encoding="utf-8"))]
    assert len(found) > 20 and len(set(found)) == len(found)


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.name)
def test_no_notebook_types_a_color(path: Path):
    found = [
        f"cell {k}: {line}" for k, cell in enumerate(code_of(path)) for line in cell.split("\n") if TYPED.search(line)
    ]
    assert not found, "take it from figures.COLORS, or from teaching/look.py"


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("meaning", look.COLORS)
def test_the_color_of_a_curve_stands_out_on_white(meaning: str):
    assert 1.05 / (luminance(look.COLORS[meaning]) + 0.05) >= 3  # WCAG 1.4.11, contrast of graphical objects


def test_no_two_meanings_share_a_color():
    assert len(set(look.COLORS.values())) == len(look.COLORS)
    assert {"train", "held-out", "memorizer", "population", "chance", "noise", "cavity", "posterior"} == set(
        look.COLORS
    )


def test_models_get_darker_as_they_grow():
    shades = [luminance(color) for color, _ in look.MODELS]
    assert shades == sorted(shades, reverse=True)


def test_the_scripts_use_the_colors_that_the_page_gets():
    used = {name for path in SCRIPTS for name in re.findall(r"var\(--uddm-([\w-]+)\)", path.read_text("utf-8"))}
    assert used == set(look.PAGE)
    assert look.page_css(".a").startswith(f".a {{ --uddm-accent: {look.BLUE}; ")


def test_a_mixture_lies_between_its_two_colors():
    assert look.mixed("#000000", "#FF8040", 0) == "#000000"
    assert look.mixed("#000000", "#FF8040", 0.5) == "#804020"
    assert look.mixed("#000000", "#FF8040", 1) == "#ff8040"


def test_every_slider_is_told_where_to_stand():
    """A guess puts a figure back to what was asked about; a slider that keeps its place would say something else."""
    scripts = sorted((ROOT / "uddm_mini/teaching").rglob("*.js"))
    assert len(scripts) > 20
    silent = [
        path.name for path in scripts if re.search(r"forEach\(\((?:step|one)\) => (?:step|one)\(\)\)", path.read_text())
    ]
    assert silent == ["price.js", "step_back.js"], "the sliders of p0 there take their places from p0"

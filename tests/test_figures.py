"""The text of every figure of the book can be read on a phone."""

from __future__ import annotations

import io
import json
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from uddm_mini.teaching import figures

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
PHONE = 340  # pixels: the column of text on a screen of 390, less the frame of an output
SMALLEST = 9  # pixels
SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"


def text_sizes(svg: str, shown: float = PHONE) -> list[float]:
    """Return the height in pixels of every letter that matplotlib drew, where the figure is `shown` pixels wide."""
    root = ElementTree.fromstring(svg.encode())
    width = float(root.get("viewBox", "").split()[2])  # points
    sizes = []

    def walk(element: ElementTree.Element, points: float, in_text: bool) -> None:
        in_text = in_text or element.get("id", "").startswith("text_")
        for scale in re.findall(r"scale\(([\d.]+)", element.get("transform", "")):
            points *= float(scale)
        if element.tag == f"{SVG}use" and in_text and "-" in element.get(LINK, ""):
            sizes.append(points * shown / width)
        for child in element:
            walk(child, points, in_text)

    walk(root, 100.0, False)  # matplotlib draws letters of 100 points and scales them
    return sizes


def stored_figures(path: Path) -> list[tuple[str, str, str]]:
    """Return the (cell, format, data) of every figure that the notebook `path` shows."""
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                if kind.startswith("image/"):
                    found.append((cell["id"], kind, "".join(data)))
    return found


@pytest.fixture
def book_style():
    with mpl.rc_context():
        figures.use_style()
        yield
    plt.close("all")


def as_svg(fig) -> str:
    out = io.StringIO()
    fig.savefig(out, format="svg")
    return out.getvalue()


def test_the_measure_of_text_knows_its_size(book_style):
    fig, _ = figures.panels(height=2)
    fig.axes[0].set_axis_off()
    fig.text(0.1, 0.5, "large", fontsize=20)
    fig.text(0.1, 0.2, "small", fontsize=5)
    fig.text(0.6, 0.2, "$x_i$", fontsize=10)
    sizes = text_sizes(as_svg(fig))
    point = PHONE / (72 * figures.WIDTH)
    assert [round(size / point, 2) for size in sizes] == [20] * 5 + [5] * 5 + [10, 7]


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.ipynb")), ids=lambda path: path.name)
def test_no_text_of_a_stored_figure_is_too_small_for_a_phone(path: Path):
    for cell, kind, data in stored_figures(path):
        assert kind == "image/svg+xml", f"{cell} is {kind}: run the notebook again"
        width = float(re.search(r'width="([\d.]+)pt"', data)[1])
        assert width == 72 * figures.WIDTH, f"{cell} is {width / 72:.2f} inches wide: draw it with figures.panels"
        assert min(text_sizes(data), default=SMALLEST) >= SMALLEST, f"{cell}: {min(text_sizes(data)):.1f} pixels"


def test_the_figures_of_the_package_can_be_read_on_a_phone(book_style):
    table = pd.read_csv(ROOT / "data/sweeps/toy-large/sweep.csv")
    bounds = pd.read_csv(ROOT / "data/sweeps/toy-large/bounds.csv")
    sizes = text_sizes(as_svg(figures.transition(table, bounds)))
    assert len(sizes) > 100 and min(sizes) >= SMALLEST


@pytest.mark.parametrize("path", sorted((ROOT / "data/sweeps").glob("*/transition.svg")), ids=lambda p: p.parent.name)
def test_the_figure_beside_a_stored_sweep_can_be_read_on_a_phone(path: Path):
    sizes = text_sizes(path.read_text(encoding="utf-8"))
    assert len(sizes) > 100 and min(sizes) >= SMALLEST
    header = path.with_suffix(".png").read_bytes()[:24]
    assert struct.unpack(">II", header[16:])[0] == round(figures.WIDTH * figures.STYLE["savefig.dpi"])

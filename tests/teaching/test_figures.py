"""Figures: what they draw, and that their text can be read on a phone."""

from __future__ import annotations

import io
import json
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from uddm_mini.teaching import figures
from uddm_mini.teaching.look import STYLE, WIDTH
from uddm_mini.teaching.results import committed

ROOT = Path(__file__).resolve().parents[2]
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
    point = PHONE / (72 * WIDTH)
    assert [round(size / point, 2) for size in sizes] == [20] * 5 + [5] * 5 + [10, 7]


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.ipynb")), ids=lambda path: path.name)
def test_no_text_of_a_stored_figure_is_too_small_for_a_phone(path: Path):
    for cell, kind, data in stored_figures(path):
        assert kind == "image/svg+xml", f"{cell} is {kind}: run the notebook again"
        width = float(re.search(r'width="([\d.]+)pt"', data)[1])
        assert width == 72 * WIDTH, f"{cell} is {width / 72:.2f} inches wide: draw it with figures.panels"
        assert min(text_sizes(data), default=SMALLEST) >= SMALLEST, f"{cell}: {min(text_sizes(data)):.1f} pixels"


def test_the_figures_of_the_package_can_be_read_on_a_phone(book_style):
    fig = figures.transition(committed("toy-large/sweep"), committed("toy-large/bounds"))
    sizes = text_sizes(as_svg(fig))
    assert len(sizes) > 100 and min(sizes) >= SMALLEST


@pytest.mark.parametrize("path", sorted((ROOT / "data/sweeps").glob("*/transition.svg")), ids=lambda p: p.parent.name)
def test_the_figure_beside_a_stored_sweep_can_be_read_on_a_phone(path: Path):
    sizes = text_sizes(path.read_text(encoding="utf-8"))
    assert len(sizes) > 100 and min(sizes) >= SMALLEST
    header = path.with_suffix(".png").read_bytes()[:24]
    assert struct.unpack(">II", header[16:])[0] == round(WIDTH * STYLE["savefig.dpi"])


# ---- what is drawn ------------------------------------------------------------------------------------------


def sweep_table(seeds=(0, 1), real_text=False):
    rows = [
        {"n_train": n, "seed": seed, "split": split, "t": t, "recovered": 0.5 + 0.1 * seed, "entropy": 0.1 * n,
         "chance": np.nan if real_text else 0.2}
        for n in (16, 64)
        for seed in seeds
        for split in ("train", "held-out")
        for t in (0.1, 0.25)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def bound_table():
    return pd.concat([sweep_table((0,)).assign(denoiser=name) for name in ("memorizer", "population")])


def test_the_transition_draws_means_bands_bounds_and_chance():
    fig = figures.transition(sweep_table(), bound_table())
    recovery, entropy = fig.axes
    lines = {line.get_label(): line for line in recovery.get_lines()}
    assert set(lines) == {"model, train text", "model, held-out text", "memorizer, train text",
                          "memorizer, held-out text", "population", "chance"}  # fmt: skip
    assert list(lines["model, train text"].get_ydata()) == [0.55, 0.55]  # the mean of seeds 0 and 1
    assert lines["model, train text"].get_linestyle() == "-" and lines["model, held-out text"].get_linestyle() == "--"
    assert lines["model, train text"].get_color() == figures.COLORS["train"]
    band = recovery.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.5, 0.6)
    assert "nats" in entropy.get_ylabel()
    plt.close(fig)


def test_the_transition_of_real_text_and_one_seed_has_no_band_no_population_no_chance():
    fig = figures.transition(sweep_table((0,), real_text=True), bound_table().query("denoiser == 'memorizer'"))
    labels = {line.get_label() for line in fig.axes[0].get_lines()}
    assert "population" not in labels and "chance" not in labels
    assert not fig.axes[0].collections
    plt.close(fig)
    plt.close(figures.transition(sweep_table(), None))
    with pytest.raises(ValueError, match=r"no noise level 0\.3; it has 0\.1, 0\.25"):
        figures.transition(sweep_table(), t=0.3)


def test_an_unfinished_sweep_shows_what_is_there():
    fig, ax = plt.subplots()
    figures.line_with_band(ax, [1, 2, 3], [[0.0, 1.0, np.nan], [1.0, np.nan, np.nan]], "train")
    assert ax.get_lines()[0].get_xydata().tolist() == [[1, 0.5], [2, 1.0]]
    plt.close(fig)


def test_the_saved_figure_is_the_same_file_every_time(tmp_path: Path):
    for folder in ("one", "two"):
        figures.save_transition(sweep_table(), bound_table(), tmp_path / folder, "toy")
    for name in ("transition.png", "transition.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert "dc:date" not in (tmp_path / "one" / "transition.svg").read_text(encoding="utf-8")
    assert len(list((tmp_path / "one").iterdir())) == 2  # no temporary file is left


def test_bars_and_unknown_meanings():
    fig, ax = plt.subplots()
    figures.word_bars(ax, torch.tensor([0.7, 0.2, 0.1]).log(), ["dog", "cat", "cow"], truth="cat", top=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat ★", "dog"]
    with pytest.raises(ValueError, match="has no color"):
        figures.line_with_band(ax, [1], [1], "test")
    plt.close(fig)


def test_a_figure_calls_tokens_by_their_name():
    said = figures.transition(sweep_table(), bound_table(), unit="character")
    texts = " ".join(f"{ax.get_title()} {ax.get_ylabel()}" for ax in said.axes)
    assert "nats per character" in texts and "characters come back" in texts and "word" not in texts

"""Figures as pieces of a page: small, without what would reach out of them, and shown by a player."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import pytest

from uddm_mini.teaching.drawings import drawing
from uddm_mini.teaching.player import player


def drawn(told="A line <rises>"):
    fig, ax = plt.subplots(figsize=(4, 3))
    ax.plot([1, 2, 3], [0.123456, 2, 3], "o-", label="up")
    ax.legend()
    return drawing(fig, told)


def test_a_drawing_keeps_its_text_and_reaches_for_nothing_outside():
    shown = drawn()
    assert shown.svg.startswith("<svg") and shown.svg.rstrip().endswith("</svg>") and ">up</text>" in shown.svg
    assert 'aria-label="A line &lt;rises&gt;"' in shown.svg and "max-width:288pt" in shown.svg
    assert "<style" not in shown.svg and "<metadata" not in shown.svg, "would style the whole page"
    addresses = set(re.findall(r"https?://[^\"]+", shown.svg))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    wanted = set(re.findall(r"(?:url\(|href=\")#([^\")]+)", shown.svg))
    assert wanted == set(re.findall(r' id="([^"]+)"', shown.svg)), "names that are used, and no others"
    assert not re.search(r"\d\.\d{3}", shown.svg) and repr(shown) == "A line <rises>"
    assert not plt.get_fignums(), "it is closed"


def test_the_same_figure_is_the_same_text():
    assert drawn().svg == drawn().svg


def test_a_player_shows_drawings_without_a_key():
    shown = player([("one", drawn("first")), ("two", drawn("second"))], "Two figures", "step")
    html = shown._repr_html_()
    assert html.count("<svg role") == 2 and "Key:" not in html
    assert repr(shown) == "Two figures\n\none\nfirst\n\ntwo\nsecond"


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")

"""Players: the data that the page's script reads, and what shows without it."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from uddm_mini.teaching.marked_words import sentences
from uddm_mini.teaching.player import player

TRUTH = "the old dog sleeps"
ROWS = {"corrupted": "the red dog at", "restored": "the old cat at"}


class Tags(HTMLParser):
    """Collect start tags with their attributes, and check that elements nest."""

    def __init__(self, html):
        super().__init__()
        self.found, self.open = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def frames(n=3):
    return [(f"Step {k} <i>", sentences(ROWS, TRUTH)) for k in range(n)]


def player_data(shown):
    tags = Tags(shown._repr_html_())
    assert tags.open == []
    return json.loads(next(a["data-uddm-player"] for t, a in tags.found if "data-uddm-player" in a))


def test_a_player_carries_its_frames_and_a_fallback():
    shown = player(frames(), "A sentence <comes> back", "time")
    found = player_data(shown)
    assert found["label"] == "A sentence <comes> back"
    assert found["axes"] == [{"name": "time", "values": ["0", "1", "2"], "play": 900}]
    assert len(found["frames"]) == 3 and found["captions"][2] == "Step 2 <i>"
    html = shown._repr_html_()
    fallback = html[html.index('">') : html.index("<script>")]
    assert "Step 0 &lt;i&gt;" in fallback and "Step 2 &lt;i&gt;" in fallback and "Step 1 &lt;i&gt;" not in fallback
    assert not re.search(r"(src|href)=|https?://(?!www.w3.org/2000/svg)|import\(", unescape(html))  # no request leaves
    assert "Step 0" in repr(shown) and "Step 2" in repr(shown)


def test_frames_of_two_axes_are_in_row_major_order():
    grid = {(n, t): (f"{n} at {t}", sentences(ROWS, TRUTH)) for t in (0.1, 0.5) for n in (16, 4096)}
    found = player_data(player(grid, "x", {"sentences": [16, 4096], "noise": [0.1, 0.5]}, start=[1, 0]))
    assert found["captions"] == ["16 at 0.1", "16 at 0.5", "4096 at 0.1", "4096 at 0.5"]
    assert found["start"] == [1, 0]
    ends = player(grid, "x", {"sentences": [16, 4096], "noise": [0.1, 0.5]}, start=[0, 1])
    assert "16 at 0.5" in repr(ends) and "4096 at 0.5" in repr(ends) and "0.1" not in repr(ends)
    assert [axis["values"] for axis in found["axes"]] == [["16", "4,096"], ["0.1", "0.5"]]
    del grid[16, 0.5]
    with pytest.raises(ValueError, match=r"\(16, 0.5\) has none"):
        player(grid, "x", {"sentences": [16, 4096], "noise": [0.1, 0.5]})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: player([], "x"), "at least one frame"),
        (lambda: player(frames(), "x", {"t": [0, 1]}), "2 values for 3 frames"),
        (lambda: player(frames(), "x", start=[3]), "start needs"),
        (lambda: player({(1,): frames()[0]}, "x"), "need their axes"),
        (lambda: player(frames(), "x", {"p": [0, 1, 2], "q": [0, 1]}), "one axis, but axes has 2"),
        (lambda: player(frames(), "x", {}), "one axis, but axes has 0"),
        (lambda: player({(): frames()[0]}, "x", {}), "at least one axis with at least one value"),
        (lambda: player({(1,): frames()[0]}, "x", {"n": []}), "at least one axis with at least one value"),
    ],
)
def test_players_refuse_bad_input_with_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_player_writes_large_numbers_of_any_kind_with_a_comma():
    shown = player(frames(4), "x", {"n": [np.int64(4096), 4096, np.float64(0.5), "4096"]})
    assert player_data(shown)["axes"][0]["values"] == ["4,096", "4,096", "0.5", "4096"]


def test_a_player_of_one_frame_shows_it_once():
    assert repr(player(frames(1), "x")).count("Step 0") == 1

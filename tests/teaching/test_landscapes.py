"""The drawn landscapes: balls roll where the drawn slope leads, basins end at ridges, the story is in the picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from uddm_mini.teaching import landscapes
from uddm_mini.teaching.landscape import Valley, across, basin_of, bottom_of, height_of

X = across()
TWO = (Valley(0.3, 1, 0.08), Valley(0.7, 0.6, 0.08))
ALL = (
    landscapes.landscape_of_patterns,
    landscapes.landscape_of_powers,
    landscapes.landscape_without_height,
    landscapes.landscape_of_sizes,
)


def test_a_bottom_lies_where_its_valley_does_and_is_as_deep():
    height = height_of(TWO)
    assert height.min() == pytest.approx(-1, abs=0.07) and X[height.argmin()] == pytest.approx(0.3, abs=0.01)
    right = X > 0.5
    assert height[right].min() == pytest.approx(-0.6, abs=0.07)
    assert height[0] == pytest.approx(0, abs=0.05), "the plain"


def test_every_ball_rolls_down_and_the_two_basins_meet_at_the_ridge():
    height = height_of(TWO)
    ridge = int(height[(X > 0.3) & (X < 0.7)].argmax() + (X <= 0.3).sum())
    for start in range(20, len(X) - 20):
        end = bottom_of(height, start)
        assert height[end] <= height[start]
        if abs(start - ridge) > 1:
            assert X[end] == pytest.approx(0.3 if start < ridge else 0.7, abs=0.02), start
    low, high = basin_of(height, bottom_of(height, round(0.3 * (len(X) - 1))))
    assert abs(high - ridge) <= 1 and low < 20


def test_a_ball_on_a_flat_floor_stays():
    flat = np.zeros(50)
    assert [bottom_of(flat, i) for i in (0, 20, 49)] == [0, 20, 49]


def test_few_sentences_draw_a_new_one_away_and_many_leave_it_where_it_is():
    frames = landscapes.landscape_of_sizes().frames
    moved = []
    for _, shown in frames:
        balls = re.findall(r'<circle cx="(\d+)" cy="[\d.]+" r="9"', shown.svg)
        moved.append(abs(int(balls[2]) - int(balls[3])))  # the ball in the middle: let go, at rest
    assert len(moved) == 5 and moved[0] > 20 and moved[-1] == 0
    assert [shown.svg.count('r="4.5"') for _, shown in frames] == [3, 5, 8, 12, 16], "one dot a training sentence"


def test_in_a_wide_valley_no_ball_finds_a_pattern_and_in_narrow_ones_each_does():
    wide, narrow, narrower = (shown.svg for _, shown in landscapes.landscape_of_powers().frames)
    dots = 640 * np.array(landscapes.PLACES)

    def off(svg: str) -> list[float]:
        """Return how far from the next pattern each ball comes to rest, in pixels."""
        balls = re.findall(r'<circle cx="(\d+)" cy="[\d.]+" r="9" fill="#', svg)
        return [float(abs(dots - int(x)).min()) for x in balls]

    assert len(off(wide)) == 3 and min(off(wide)) > 20
    assert max(off(narrow)) < 8
    assert [x < 8 for x in off(narrower)] == [False, True, False], "two stay on the plain"


def test_no_height_can_fall_round_the_loop():
    around = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    ring = np.stack([450 + 62 * np.cos(around), 122 + 62 * np.sin(around)], 1)
    step = np.roll(ring, -1, 0) - ring
    work = [float(np.dot(landscapes._to_ring(*at), ahead)) for at, ahead in zip(ring, step, strict=True)]
    assert min(work) > 0, "all the way round it goes along the arrows"
    for angle in around[::25]:
        at = 190 + 70 * np.cos(angle), 125 + 70 * np.sin(angle)
        assert np.dot(landscapes._to_point(*at), np.subtract(at, (190, 125))) < 0, "and here inwards"


@pytest.mark.parametrize("make", ALL)
def test_each_is_whole_and_says_in_words_what_it_shows(make):
    shown = make()
    for text, drawn in shown.frames:
        assert len(text) < 110 and drawn.told and not drawn.told.endswith(".")
        root = ElementTree.fromstring(drawn.svg)
        assert root.attrib["aria-label"] == drawn.told
        heights = [float(y) for y in re.findall(r"[ML]\d+,([\d.]+)", drawn.svg)]
        assert min(heights) >= 0 and max(heights) <= 250
    assert shown._repr_html_() == make()._repr_html_()

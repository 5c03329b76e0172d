"""Where weights lie, and one noise level under three names: the page against the network and the schedule."""

from __future__ import annotations

import math
import re

import pytest
import torch

from uddm_mini.chapters.released_numbers import parts, sizes_of
from uddm_mini.noise import LogLinear
from uddm_mini.teaching.levels import EPSILONS, TIMES, turned_levels
from uddm_mini.teaching.parts import DEPTHS, VOCABULARIES, WIDTHS, turned_weights, weights_of

NETWORKS = {"ours": (32, 2, 102), "tiny": (256, 8, 30_522)}


@pytest.fixture(scope="module")
def figure():
    return turned_weights(NETWORKS, "tiny")


@pytest.fixture(scope="module")
def level():
    return turned_levels()


@pytest.mark.parametrize("sizes", [(32, 2, 102), (256, 8, 30_522), (64, 1, 1024), (1024, 24, 50_257)])
def test_weights_are_those_of_the_network(sizes):
    width, blocks, words = sizes
    counted = parts(sizes_of(width, blocks, 4, words))
    assert weights_of(width, blocks, words) == (counted["words"], counted["blocks"], counted["noise level"])


def test_the_still_tells_the_share_of_the_words(figure):
    words, *rest = weights_of(256, 8, 30_522)
    assert f"{words / (words + sum(rest)):.2f}  tiny, 23,664,442 weights" in repr(figure)


@pytest.mark.parametrize(("networks", "asked"), [({"x": (33, 2, 102)}, "x"), (NETWORKS, "huge")])
def test_sizes_off_the_sliders_are_named(networks, asked):
    with pytest.raises(ValueError, match="The sliders stop at"):
        turned_weights(networks, asked)


def test_every_count_in_the_page_is_the_network_s(on_page, guess, values, slide, figure):
    page = on_page(figure, "phone", "dark")
    assert not page.locator(".bars").is_visible()
    words, *rest = weights_of(256, 8, 30_522)
    assert f"Here: {100 * words / (words + sum(rest)):.0f} of 100." in guess(page, 50)
    draws = torch.Generator().manual_seed(0)
    for _ in range(20):
        at = [int(torch.randint(len(stop), (), generator=draws)) for stop in (WIDTHS, DEPTHS, VOCABULARIES)]
        for name, value in zip(("width", "blocks", "words of the vocabulary"), at, strict=True):
            slide(page, name, value)
        counted = weights_of(WIDTHS[at[0]], DEPTHS[at[1]], VOCABULARIES[at[2]])
        assert float(page.locator(".total").get_attribute("data-value")) == sum(counted)
        assert values(page, ".bars") == pytest.approx([n / sum(counted) for n in counted], abs=1e-12)
    page.get_by_role("button", name="tiny").click()
    assert "23,664,442 weights: 94.7 MB in float32" in page.locator(".words").inner_text()


@pytest.mark.parametrize(("asked", "epsilon"), [(0.505, 0.001), (1.0, 0.5)])
def test_levels_off_the_sliders_are_named(asked, epsilon):
    with pytest.raises(ValueError, match=re.escape("t is one of 0, 0.01, ..., 1")):
        turned_levels(asked, epsilon)


def test_every_level_in_the_page_is_the_schedule_s(on_page, guess, values, slide, level):
    page = on_page(level, "phone")
    assert not page.locator("svg.plot").is_visible()
    assert "37 of 100 are left: exp(−1) = 0.368. In truth it is 0.1." in guess(page, 5)
    for e, k in ((0, 50), (2, 100), (3, 0), (4, 77), (1, 1)):
        slide(page, "noise level t", k)
        slide(page, "ε", e)
        schedule, t = LogLinear(EPSILONS[e]), TIMES[k]
        alpha = float(schedule.alpha(torch.tensor(t, dtype=torch.float64)))
        believed = (1 - math.exp(-t)) / (1 - EPSILONS[e])
        assert values(page, ".words") == pytest.approx([alpha, -math.log(alpha), believed], abs=1e-6)
        assert values(page, ".bars") == pytest.approx([alpha, math.exp(-t)], abs=1e-6)
        assert believed == pytest.approx(float(schedule.time_of(math.exp(-t))), abs=1e-6)


def test_the_still_of_levels_tells_both(level):
    assert "0.368  t = 1: believed, told t for σ" in repr(level) and "σ = 6.908: left" in repr(level)

"""Dragged crossings: the page's sizes and intervals against `crossing` and `recommend_size`."""

from __future__ import annotations

import math
import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from uddm_mini.audit.finetune import sweep_of
from uddm_mini.audit.finetune_sizes import committed_sizes, judged
from uddm_mini.audit.sizes import recommend_size
from uddm_mini.chapters.ledger import over_seeds
from uddm_mini.experiments.crossing import crossing
from uddm_mini.teaching.crossings import LEVELS, Bar, Grid, dragged_crossings
from uddm_mini.teaching.results import committed

NAMES = ("fresh-medium", "other-mixed", "other-closed")


@pytest.fixture(scope="module")
def tables():
    return [committed(f"{name}/sweep") for name in NAMES]


@pytest.fixture(scope="module")
def figure(tables):
    grids = [Grid(name, table) for name, table in zip(NAMES, tables, strict=True)]
    return dragged_crossings(grids, Bar(grid=1), beside=0)


@pytest.fixture(scope="module")
def tuned():
    return sweep_of(committed_sizes(), 0.25)


@pytest.fixture(scope="module")
def sizes(tuned):
    return dragged_crossings([Grid("600 steps", tuned)], Bar(level=0.1, absolute=True, advise=3))


def test_the_still_tells_every_crossing(figure, tables):
    for name, table in zip(NAMES, tables, strict=True):
        assert f"{crossing(table).n:.0f}  {name}" in repr(figure)


@pytest.mark.parametrize(
    ("bar", "beside", "words"),
    [
        (Bar(grid=3), None, "Ask about one of 3 grids"),
        (Bar(level=0.51), None, "at a level of 0.05, 0.1, ..., 0.95"),
        (Bar(), 3, "not Bar("),
        (Bar(advise=2), None, "all grids have the same"),
    ],
)
def test_what_does_not_fit_is_named(tables, bar, beside, words):
    grids = [Grid(name, table) for name, table in zip(NAMES, tables, strict=True)]
    with pytest.raises(ValueError, match=re.escape(words)):
        dragged_crossings(grids, bar, beside=beside)


def told(page, name):
    """Return the numbers of one name; infinite and zero as the page has them."""
    found = page.locator(f".{name}").evaluate_all("all => all.map((one) => one.getAttribute('data-value'))")
    return [math.inf if value == "Infinity" else float(value) for value in found]


def test_every_crossing_in_the_page_is_the_package_s(on_page, guess, slide, figure, tables):
    page = on_page(figure, "phone", "dark")
    guess(page, 100)
    draws = np.random.default_rng(0)
    for _ in range(30):
        k, j = draws.integers([len(NAMES), len(LEVELS)]).tolist()
        slide(page, "grid", k)
        slide(page, "the bar", j)
        found = crossing(tables[k], level=LEVELS[j], draws=1)
        each = list(found.each.values())
        assert told(page, "n") == pytest.approx([found.n], rel=1e-4)
        assert told(page, "each") == pytest.approx(each, rel=1e-4)
        if np.isfinite(each).all() and min(each) > 0:
            _, low, high = over_seeds(each)
            assert told(page, "low") + told(page, "high") == pytest.approx([low, high], rel=1e-3)
        else:
            assert "No interval" in page.locator(".words").first.inner_text()


def test_a_guess_is_answered_by_the_asked_grid(on_page, guess, slide, figure, tables):
    page = on_page(figure)
    slide(page, "grid", 0)
    assert not page.locator("svg.plot").is_visible()
    assert f"Here: {crossing(tables[1]).n:.0f} sentences." in guess(page, 60)
    assert page.get_by_role("slider", name=re.compile("^grid")).input_value() == "1"
    assert f"fresh-medium: {crossing(tables[0]).n:.0f}." in page.locator(".words").first.inner_text()


def test_every_choice_of_seeds_advises_as_the_package_does(on_page, guess, slide, sizes, tuned):
    page = on_page(sizes, "phone")
    assert f"Here: {judged(committed_sizes()).advice.sentences:.0f} sentences." in guess(page, 91)
    seeds = sorted(tuned.seed.unique().tolist())
    for k, some in enumerate(combinations(seeds, 3)):
        slide(page, "seeds that advise", k)
        for j in (1, 3, 5):
            slide(page, "the bar", j)
            advice = recommend_size(tuned[tuned.seed.isin(some)], gap=LEVELS[j])
            right = [advice.sentences, advice.low, advice.high, advice.safe]
            parts = [value for name in ("n", "low", "high", "safe") for value in told(page, name)]
            assert parts == pytest.approx(right, rel=1e-4)
            others = crossing(tuned[~tuned.seed.isin(some)], level=LEVELS[j], ends=(1.0, 0.0), draws=1).each
            kept = sum(n <= advice.safe for n in others.values())
            assert f"{kept} of 2 keep the promise" in page.locator(".judged").inner_text()


def test_sizes_can_count_tokens(on_page, guess, tables):
    figure = dragged_crossings([Grid("tokens", tables[0], each=12.5)], names=("grid", "tokens"))
    page = on_page(figure)
    assert f"Here: {12.5 * crossing(tables[0]).n:.0f} tokens." in guess(page, 900)


def test_a_seed_that_never_crosses_is_called_so(on_page, guess, slide):
    rows = [
        {"n_train": n, "seed": seed, "split": split, "t": 0.25, "recovered": 1.0 if split == "train" else 1 - gap}
        for seed, gaps in ((0, (0.8, 0.6, 0.1)), (1, (0.8, 0.7, 0.5)))
        for n, gap in zip((16, 64, 256), gaps, strict=True)
        for split in ("train", "held-out")
    ]
    page = on_page(dragged_crossings([Grid("two seeds", pd.DataFrame(rows))]))
    guess(page, 64)
    each = told(page, "each")
    assert each[0] == pytest.approx(64 * 4 ** ((0.6 - 0.4) / 0.5), rel=1e-6) and each[1] == math.inf
    assert "not every seed crosses" in page.locator(".words").first.inner_text()

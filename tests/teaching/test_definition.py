"""Crossings that the reader turns: the page against `crossing`, its interval against all resamples, one by one."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import torch

from uddm_mini import crossing
from uddm_mini.experiments.crossing import curves_by_size, first_passage
from uddm_mini.teaching.definition import turned_crossings
from uddm_mini.teaching.results import committed

NAMES = ("small", "medium", "large")


@pytest.fixture(scope="module")
def tables():
    return {name: committed(f"toy-{name}/sweep") for name in NAMES}


@pytest.fixture(scope="module")
def figure(tables):
    return turned_crossings(tables, ("large", 32))


def all_resamples(table, t, share):
    """Return the 95 % interval over every way to draw as many seeds as there are."""
    curves = curves_by_size(table, "gap", t)
    x, runs = np.log(curves.index.to_numpy(dtype=float)), -curves.to_numpy().T
    seeds = range(len(runs))
    drawn = [
        first_passage(x, runs[list(rows)].mean(axis=0), share, None, 0.0)[0]
        for rows in itertools.product(seeds, repeat=len(runs))
    ]
    return [float(np.quantile(drawn, q, method="inverted_cdf")) for q in (0.025, 0.975)]


def test_the_still_has_the_crossings_of_the_package(figure, tables):
    for name, table in tables.items():
        found = crossing(table)
        assert f"{found.n:.0f}  {name} ({found.low:.0f} to {found.high:.0f})" in repr(figure)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"asked": ("huge", 32)}, "Ask about one of ['small', 'medium', 'large'], from one of the sizes [32, "),
        ({"asked": ("large", 16)}, "from one of the sizes [32, "),
        ({"levels": (0.1, 0.5)}, "at t = 0.25"),
        ({"tables": "uneven"}, "the same sizes"),
    ],
)
def test_what_does_not_fit_is_named(tables, change, words):
    given = {"tables": tables, "asked": ("large", 32), **change}
    if change.get("tables") == "uneven":
        given["tables"] = {**tables, "large": tables["large"].query("n_train > 16 or seed > 0")}
    with pytest.raises(ValueError, match=re.escape(words)):
        turned_crossings(**given)


def read(page):
    """Return (value, low, high) of the three crossings, as the lower chart has them."""
    found = page.locator("svg.chart circle[data-low]").evaluate_all(
        "all => all.map((one) => ['value', 'low', 'high'].map((name) => Number(one.getAttribute('data-' + name))))"
    )
    return dict(zip(NAMES, found, strict=True))


def test_every_crossing_is_that_of_the_package(on_page, guess, slide, figure, tables):
    page = on_page(figure, "phone", "dark")
    guess(page, 90)
    sizes, levels, shares = (figure.data[name] for name in ("sizes", "levels", "shares"))
    draws = torch.Generator().manual_seed(0)
    for _ in range(8):
        network, share, start, level = (int(torch.randint(n, (), generator=draws)) for n in (3, len(shares), 4, 4))
        slide(page, "network", network)
        slide(page, "share of the gap", share)
        slide(page, "smallest size", start)
        slide(page, "noise level t", level)
        for k, (name, (value, low, high)) in enumerate(read(page).items()):
            table = tables[name][tables[name]["n_train"] >= sizes[start]]
            found = crossing(table, t=levels[level], level=shares[share])
            assert value == pytest.approx(found.n, rel=1e-4)  # the page's gaps have six digits
            assert [low, high] == pytest.approx(all_resamples(table, levels[level], shares[share]), rel=1e-4)
            if k == network:
                each = re.search(r"Single seeds: (.*)\.", page.locator(".answer .words").inner_text())[1]
                right = [found.each[seed] for seed in sorted(found.each)]
                assert [float(one.replace(",", "")) for one in each.split(", ")] == pytest.approx(right, abs=0.51)


def test_a_curve_that_does_not_get_there_is_said_and_not_drawn(on_page, guess, slide, tables):
    short = {name: table[table["n_train"] <= 64] for name, table in tables.items()}
    few = {name: table._append(table[table["n_train"] == 64].assign(n_train=65)) for name, table in short.items()}
    page = on_page(turned_crossings(few, ("large", 32)))
    guess(page, 90)
    slide(page, "network", 2)
    slide(page, "smallest size", 0)
    slide(page, "share of the gap", 16)  # a tenth is left
    assert "not within these sizes" in page.locator(".answer .words").inner_text()


def test_the_guess_comes_back_beside_the_other_start(on_page, guess, figure, tables):
    page = on_page(figure)
    assert not page.locator("svg.chart").first.is_visible()
    told = guess(page, 85)
    large = tables["large"]
    late, full = crossing(large[large["n_train"] >= 32]), crossing(large)
    assert f"From 32 on it crosses at {late.n:.0f}, instead of {full.n:.0f} (" in told
    assert read(page)["large"][0] == pytest.approx(late.n, rel=1e-4)

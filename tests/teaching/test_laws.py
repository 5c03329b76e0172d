"""A law that is carried on: the page's line, interval and misses against `power_law`."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from uddm_mini.chapters.english_points import PAPER, law_points
from uddm_mini.experiments.law import power_law
from uddm_mini.teaching.laws import WEIGHTS, Fit, carried_law

BEYOND = {"smallest": PAPER[0], "largest": PAPER[1]}


@pytest.fixture(scope="module")
def points():
    return law_points()


@pytest.fixture(scope="module")
def fits(points):
    english = points[points.world == "English"].name.tolist()
    return [Fit("all nine", points.name.tolist(), "English"), Fit("English alone", english, "English")]


@pytest.fixture(scope="module")
def figure(points, fits):
    return carried_law(points, fits, BEYOND, 384e6)


def numbers(page, *names):
    return [float(page.locator(f".{name}").first.get_attribute("data-value")) for name in names]


def test_the_still_tells_every_fit(figure, points, fits):
    for fit in fits:
        n, low, _ = power_law(points[points.name.isin(fit.points)]).tokens("English", 384e6)
        for told in (f"{n / 1000:.0f}  {fit.name}\n", f"{low / 1000:.0f}  {fit.name}, low end"):
            assert told in repr(figure)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fits": []}, "Give a fit"),
        ({"asked": 1e12}, "not 1,000,000,000,000"),
        ({"fits": [Fit("two", ["english-small", "english-large"], "English")]}, "needs 3 to"),
    ],
)
def test_what_does_not_fit_is_named(points, fits, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        carried_law(**{"points": points, "fits": fits, "beyond": BEYOND, "asked": 384e6, **change})


def test_every_line_in_the_page_is_the_package_s(on_page, guess, slide, figure, points, fits):
    page = on_page(figure, "phone", "dark")
    guess(page, 100)
    weights, draws = figure.data["weights"], np.random.default_rng(0)
    assert len(weights) == len(WEIGHTS) + 1
    for _ in range(25):
        k, j = draws.integers([2, len(weights)]).tolist()
        slide(page, "a line through", k)
        slide(page, "carried on to", j)
        page.get_by_role("button", name="least squares").click()
        law = power_law(points[points.name.isin(fits[k].points)])
        assert numbers(page, "tokens", "low", "high") == pytest.approx(law.tokens("English", weights[j]), rel=1e-8)
        assert numbers(page, "b", "scatter") == pytest.approx([law.exponent[0], np.exp(law.scatter)], rel=1e-8)
        _, low, high = law.exponent
        assert f"(95 %: {low:.2f} to {high:.2f})" in page.locator(".words").first.inner_text()
        for place, (w, n) in enumerate(BEYOND.values()):
            times = float(page.locator(".times").nth(place).get_attribute("data-value"))
            assert times == pytest.approx(n / law.tokens("English", w)[0], rel=1e-8)


def test_an_exponent_of_your_own_scatters_more_and_keeps_the_middle(on_page, guess, slide, figure, points):
    page = on_page(figure)
    assert not page.locator("svg.plot").is_visible()
    guess(page, 100)
    (least,) = numbers(page, "scatter")
    by_hand = {}
    for position in (0, 37, 83, 120):
        slide(page, "exponent b", position)
        b = position / 100
        logs = pd.DataFrame({"world": points.world, "x": np.log(points.weights), "y": np.log(points.tokens)})
        means = logs.groupby("world").transform("mean")
        rest = (logs.y - means.y) - b * (logs.x - means.x)
        scatter = float(np.sqrt((rest**2).sum() / (len(points) - 3 - 1)))
        middle = logs[logs.world == "English"][["x", "y"]].mean()
        by_hand[b] = np.exp(middle.y + b * (np.log(384e6) - middle.x))
        assert numbers(page, "b", "scatter", "tokens") == pytest.approx([b, np.exp(scatter), by_hand[b]], rel=1e-8)
        assert np.exp(scatter) >= least - 1e-9
    assert by_hand[0.83] > by_hand[0.37]


def test_a_guess_is_answered_with_an_interval(on_page, guess, figure, points):
    n, low, high = power_law(points).tokens("English", 384e6)
    told = guess(on_page(figure), 500)
    assert re.search(rf"Here: {n / 1000:.3g} thousand tokens \({low / 1000:.3g} to {high / 1000:.3g}\)\.", told)

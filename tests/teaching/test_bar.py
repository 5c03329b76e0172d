"""A bar between two kinds of sentences: the page's rates and areas against `auc`, `roc` and `threshold_at`."""

from __future__ import annotations

import re

import numpy as np
import pytest

from uddm_mini.probes.roc import auc, roc, threshold_at
from uddm_mini.teaching.bar import Kinds, Scored, found_at, moved_bar

COUNTS, SHARES = (20, 98, 99), (0.5, 0.01)


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    near = Scored("near", rng.normal(1.5, 1, 128), rng.normal(0, 1, 300))
    tied = Scored("tied", rng.integers(2, 6, 60) / 4, rng.integers(0, 5, 200) / 4)
    return near, tied


@pytest.fixture(scope="module")
def figure(sets):
    return moved_bar(sets, counts=COUNTS, shares=SHARES)


def of_page(figure, k, count):
    """Return the scores that the page holds, as it uses them."""
    one = figure.data["sets"][k]
    return np.array(one["yes"]), np.array(one["no"])[:count]


def test_the_still_tells_area_and_found(figure, sets):
    yes, no = of_page(figure, 0, 200)
    area, found = found_at(yes, no)
    assert f"{area:.3f}  near: area" in repr(figure) and f"{found:.3f}  near: found" in repr(figure)
    assert f"{found:.3f} near: found at 1 % false alarms" in figure.still
    assert len(figure.data["sets"][0]["no"]) == 200  # as many in each set


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"counts": (1,)}, "counts of 2 to fewer than all"),
        ({"counts": (200,)}, "there are 200, [200]"),
        ({"shares": (0.0,)}, "shares between 0 and 1"),
        ({"sets": [Scored("few", [1.0, 2.0], [0.0] * 98)]}, "99 or more scores of strangers"),
        ({"sets": []}, "99 or more"),
    ],
)
def test_what_does_not_fit_is_named(sets, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        moved_bar(**{"sets": sets, **change})


def number(page, selector):
    return float(page.locator(selector).get_attribute("data-value"))


def test_every_rate_in_the_page_is_the_package_s(on_page, guess, values, slide, figure):
    page = on_page(figure, "phone", "dark")
    guess(page, 10)
    draws = np.random.default_rng(1)
    for _ in range(40):
        k, c, s, stop = draws.integers([2, 4, 2, 101]).tolist()
        for name, value in (("score", k), ("strangers that you have", c), ("members among", s), ("the bar", stop)):
            slide(page, name, value)
        yes, no = of_page(figure, k, (*COUNTS, 200)[c])
        labels = np.repeat([True, False], [len(yes), len(no)])
        assert number(page, ".area") == pytest.approx(auc([*yes, *no], labels).value, abs=1e-9)
        every = np.concatenate(of_page(figure, k, 200))
        bar = every.min() + (every.max() - every.min()) * stop / 100
        found, wrong, rightly = values(page, ".bars")
        false, true, limits = roc([*yes, *no], labels)  # "score >= limit": the smallest one that is above the bar
        at = np.flatnonzero(limits > bar)[-1]
        assert (found, wrong) == pytest.approx((true[at], false[at]), abs=1e-9)
        pi = SHARES[s]
        accused = pi * found + (1 - pi) * wrong
        assert rightly == pytest.approx(pi * found / accused if accused else 0, abs=1e-9)
        told = page.locator(".words").inner_text()
        if len(no) < 99:
            assert f"takes 99 strangers; you have {len(no)}" in told and not page.locator(".found").count()
        else:
            assert number(page, ".found") == pytest.approx((yes > threshold_at(no, 0.01)).mean(), abs=1e-9)
        assert f"below 1/{len(no)}" in told


def test_the_promised_bar_is_set_and_a_guess_is_answered(on_page, guess, values, slide, figure):
    page = on_page(figure)
    assert not page.locator("svg.plot").first.is_visible()
    slide(page, "score", 1)  # what was asked about comes back
    told = guess(page, 12)
    area, found = found_at(*of_page(figure, 0, 200))
    assert f"Here: {100 * found:.0f} of 100. The area is {area:.2f}." in told
    assert values(page, ".bars")[:2] == pytest.approx([found, 1 / 200], abs=1e-9)  # k = 2: one lies above it
    assert page.get_by_role("slider", name=re.compile("^score")).input_value() == "0"
    slide(page, "strangers that you have", 1)
    assert page.get_by_role("button", name="set the bar").is_disabled()
    slide(page, "strangers that you have", 2)
    slide(page, "the bar", 0)
    page.get_by_role("button", name="set the bar").click()
    yes, no = of_page(figure, 0, 99)
    assert values(page, ".bars")[:2] == pytest.approx([(yes > no.max()).mean(), 0], abs=1e-9)


def test_other_kinds_are_called_so(on_page, guess, sets):
    page = on_page(moved_bar(sets, Kinds("old sentences", "new sentences", "network"), "Old or new?"), scripts=True)
    guess(page, 3)
    assert "of the old sentences is found" in page.locator(".words").inner_text()
    assert page.get_by_role("slider").count() == 2  # nothing to choose: no slider

"""Two times of training at a bar of the reader's choice: the page against `turning_points`, and the powers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from uddm_mini.chapters.ledger import over_seeds
from uddm_mini.chapters.training_time_numbers import powers
from uddm_mini.experiments.course import turning_points
from uddm_mini.teaching.results import committed_course
from uddm_mini.teaching.turning import BARS, turned_bar

READ = """all => all.map((one) => [one.getAttribute('data-key'), ...['n', 'seed', 'value'].map(
  (name) => Number(one.getAttribute('data-' + name)))])"""


@pytest.fixture(scope="module")
def table():
    return committed_course()


@pytest.fixture(scope="module")
def figure(table):
    return turned_bar(table)


def expected(table, bar, measure):
    """Return both times of every network; ahead in entropy means that training text is surer."""
    times = turning_points(table, memorizes=bar)
    if measure == "entropy":
        times["memorizes"] = turning_points(table.assign(recovered=-table["entropy"]), memorizes=bar)["memorizes"]
    return times


def test_the_still_has_both_times(figure, table):
    times = turning_points(table, memorizes=0.15).groupby("n_train").median()
    assert f"{times.memorizes[128]:.0f}  memorizes, 128 sentences" in repr(figure)
    assert f"{times.generalizes[4096]:.0f}  generalizes, 4,096 sentences" in repr(figure)
    assert "memorizes, 1,024" not in repr(figure)


@pytest.mark.parametrize(
    ("change", "words"), [({"bar": 0.155}, "where the slider stops"), ({"table": "gap"}, "at the same steps")]
)
def test_what_does_not_fit_is_named(table, change, words):
    given = {
        "table": table.iloc[1:] if change.get("table") else table,
        **{k: v for k, v in change.items() if k != "table"},
    }
    with pytest.raises(ValueError, match=re.escape(words)):
        turned_bar(**given)


@pytest.mark.parametrize("measure", ["recovered", "entropy"])
def test_every_time_and_every_power_is_the_package_s(on_page, guess, values, slide, figure, table, measure):
    page = on_page(figure, "phone", "dark")
    guess(page, 0.1)
    page.get_by_role("button", name="certainty (entropy)" if measure == "entropy" else "recovery", exact=True).click()
    for counted in ("steps", "passes"):
        page.get_by_role("button", name="passes over the data" if counted == "passes" else "steps", exact=True).click()
        for k in (0, 3, 8, 13, 18, 28, 38):
            slide(page, "bar", k)
            times = expected(table, BARS[k], measure)
            factor = 64 / times["n_train"] if counted == "passes" else 1
            for name in ("generalizes", "memorizes"):
                times[name] *= factor
            there = {
                (key, n, seed): value for key, n, seed, value in page.locator("circle[data-key]").evaluate_all(READ)
            }
            for row in times.itertuples():
                for name in ("generalizes", "memorizes"):
                    right = getattr(row, name)
                    if right > 0:  # a bar that is passed at the first look has no dot
                        assert there[name, row.n_train, row.seed] == pytest.approx(right, rel=1e-9)
            said = page.locator(".answer .words").inner_text()
            first = int((times["memorizes"] < times["generalizes"]).sum())
            assert f" {first or 'No'} network" in said
            wide = times.pivot(index="n_train", columns="seed", values="memorizes")
            if (np.isfinite(wide) & (wide > 0)).all(axis=1).sum() < 2:
                assert "so no power" in said
            else:
                assert values(page, ".answer .words") == pytest.approx(over_seeds(powers(wide)), abs=1e-9)


def test_the_guess_comes_back_beside_the_least_bar_with_one_order(on_page, guess, figure, table):
    page = on_page(figure)
    assert not page.locator("svg.chart").first.is_visible()
    told = guess(page, 0.2)
    wrong = [bar for bar in BARS if (t := expected(table, bar, "recovered")).memorizes.lt(t.generalizes).any()]
    assert told.startswith(f"You said 0.2. Here: from {max(wrong) + 0.01:.2f} on.") and f"At {max(wrong):.2f}" in told
    assert (
        "No network memorizes first" not in told
        and "No networks memorize first" in page.locator(".answer .words").inner_text()
    )

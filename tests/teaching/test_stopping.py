"""Early stopping by hand: what the page says was kept, against the stored course and `stopped_early`."""

from __future__ import annotations

import re

import pytest

from uddm_mini.chapters.training_time_numbers import stopped_early
from uddm_mini.teaching.results import committed_course
from uddm_mini.teaching.stopping import stopped_by_hand


@pytest.fixture(scope="module")
def table():
    return committed_course()


@pytest.fixture(scope="module")
def figure(table):
    return stopped_by_hand(table, 64)


@pytest.mark.parametrize(
    ("asked", "seed", "words"), [(100, 0, "ask about these"), (64, 7, "the seeds [0, 1, 2]; ask about these")]
)
def test_what_does_not_fit_is_named(table, asked, seed, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        stopped_by_hand(table, asked, seed=seed)


def test_the_still_has_the_end(figure, table):
    rows = table.query("n_train == 64 and split == 'held-out' and step == 8000")
    assert f"{rows.recovered.mean():.3f}  after 8,000 steps" in repr(figure)


def test_what_is_kept_is_the_table_s_and_the_rule_s(on_page, guess, values, slide, figure, table):
    page = on_page(figure, "phone", "dark")
    guess(page, 10)
    sizes, steps = figure.data["sizes"], figure.data["steps"]
    rule = stopped_early(table).set_index(["n_train", "seed"])
    lost = {"yours": [], "rule": [], "end": []}
    for size, seed, looks in ((0, 0, 12), (0, 2, 5), (1, 1, 20), (3, 0, 15), (6, 2, 9)):
        slide(page, "training sentences", size)
        slide(page, "seed", seed)
        for _ in range(looks):
            page.get_by_role("button", name="train on").click()
        hidden = table[(table["n_train"] == sizes[size]) & (table["seed"] == seed) & (table["split"] == "held-out")]
        curve = hidden.sort_values("step").recovered.tolist()
        assert values(page, ".answer .words") == [pytest.approx(curve[looks])]
        drawn = page.locator("svg.chart .curve").first.get_attribute("d")
        assert len(re.findall("[ML]", drawn)) == looks + 1, "no look ahead"
        page.get_by_role("button", name="stop here").click()
        known = rule.loc[sizes[size], seed]
        assert values(page, ".verdict .bars") == pytest.approx([curve[looks], known.stopped, known.best, known.end])
        names = page.locator(".verdict .bars .name").all_inner_texts()
        assert (
            names[0] == f"you, {steps[looks]:,} steps"
            and names[1] == f"the other seeds' best look, {known.step:,.0f} steps"
        )
        assert page.get_by_role("button", name="train on").is_disabled()
        for who, value in (("yours", curve[looks]), ("rule", known.stopped), ("end", known.end)):
            lost[who].append(known.best - value)
        assert values(page, ".tally") == pytest.approx([sum(all_) / len(all_) for all_ in lost.values()])


@pytest.mark.parametrize(
    ("name", "column", "split"),
    [("recovery of training text", "recovered", "train"), ("entropy of held-out text", "entropy", "held-out")],
)
def test_another_number_can_be_watched(on_page, guess, values, figure, table, name, column, split):
    page = on_page(figure)
    guess(page, 10)
    page.get_by_role("button", name=name).click()
    for _ in range(7):
        page.get_by_role("button", name="train on").click()
    rows = table[(table["n_train"] == 64) & (table["seed"] == 0) & (table["split"] == split)].sort_values("step")
    assert values(page, ".answer .words") == [pytest.approx(rows[column].tolist()[7])]
    page.get_by_role("button", name="stop here").click()
    assert page.locator("svg.chart .curve").count() == 2, "what was watched, and what counts"


def test_the_guess_comes_back_beside_what_stopping_buys(on_page, guess, figure, table):
    page = on_page(figure)
    assert not page.locator("svg.chart").is_visible()
    told = guess(page, 5)
    gain = 100 * stopped_early(table).query("n_train == 64").gain
    assert f"You said 5 of 100. Here: {gain.mean():.0f} more" in told
    assert f"({', '.join(f'{v:.0f}' for v in gain)})" in told


def test_the_end_of_training_is_the_end(on_page, guess, figure):
    page = on_page(figure)
    guess(page, 5)
    more = page.get_by_role("button", name="train on")
    for _ in range(len(figure.data["steps"]) - 1):
        more.click()
    assert more.is_disabled() and "8,000 steps" in page.locator(".answer .words").inner_text()

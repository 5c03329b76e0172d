"""Sealed models: the page's rule against `Side.verdict`, its truths against the tables, its score against a count."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from uddm_mini.probes.side import Side
from uddm_mini.teaching.sealed import NUMBERS, sealed_models

TITLES = {"usual": "7,000 weights", "short": "150 steps"}
VERDICTS = ("memorizes", "generalizes", "undecided")
SAID = re.compile(r"You said “(\w+)”: (\w+)\. The frozen rule says “(\w+)”: (\w+)\.\s+The truth: (.*)")
# open every model, say "undecided", and read what comes
OPEN_ALL = """([slider, button]) => Array.from({ length: Number(slider.max) + 1 }, (_, k) => {
  slider.value = k;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  button.click();
  return document.querySelector('.truth').innerText; })"""


@pytest.fixture(scope="module")
def found():
    """Invented models on every side of every limit of the rule."""
    rng = np.random.default_rng(0)
    n = 120
    table = pd.DataFrame(
        {
            "case": np.where(rng.random(n) < 0.8, "usual", "short"),
            "n_train": rng.choice([16, 64, 1024, 8192], n),
            "position": rng.uniform(0.2, 5, n),
            "own": rng.uniform(0.01, 0.6, n),
            "fresh": rng.uniform(0.1, 0.8, n),
            "cost": rng.uniform(0.8, 2.2, n),
            "table_entropy": rng.uniform(1.0, 1.4, n),
            "table_cost": rng.uniform(1.3, 1.7, n),
        }
    )
    return table.assign(memory=table["position"] < 1)


@pytest.fixture(scope="module")
def figure(found):
    return sealed_models(found, TITLES, unlearned=("short",))


def side_of(model):
    return Side(**{name: model[name] for name in NUMBERS})


def right(model):
    return "undecided" if not model["learned"] else "memorizes" if model["memory"] else "generalizes"


def judged(said, model):
    return "right" if said == right(model) else "undecided" if said == "undecided" else "wrong"


def counts(page):
    """Return the numbers of the score: the reader's right, undecided and wrong, then the rule's."""
    return [int(cell) for cell in page.locator("tbody td").all_inner_texts()]


def test_the_models_are_all_there_once_in_an_order_drawn_by_chance(figure, found):
    models = figure.data["models"]
    assert sorted(m["own"] for m in models) == sorted(found["own"]) and [m["own"] for m in models] != list(found["own"])
    for model in models:
        (row,) = found[found["own"] == model["own"]].to_dict("records")
        assert model["title"] == TITLES[row["case"]] and model["learned"] == (row["case"] == "usual")
        assert (
            all(model[name] == row[name] for name in (*NUMBERS, "position", "memory")) and model["n"] == row["n_train"]
        )


def test_the_still_tells_one_model_and_its_truth(figure):
    model = figure.data["models"][0]
    assert f"{model['own']:.3f}  its own text" in repr(figure)
    assert f"{model['title']}, trained on {model['n']:,} sentences" in repr(figure)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="cost"), "need the columns ['cost']"),
        (lambda t: t.assign(case="other"), "['other'] have none"),
        (lambda t: t.assign(own=np.nan), "needs all its numbers"),
        (lambda t: t.iloc[:0], "at least"),
    ],
)
def test_what_does_not_fit_is_named(found, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        sealed_models(change(found), TITLES)


def test_the_rule_plays_as_the_package_does_for_every_model(on_page, figure):
    page = on_page(figure, "phone", "dark")
    slider = page.get_by_role("slider").element_handle()
    button = page.get_by_role("button", name="undecided", exact=True).element_handle()
    told = page.evaluate(OPEN_ALL, [slider, button])
    wanted = {"right": 0, "undecided": 0, "wrong": 0}
    for text, model in zip(told, figure.data["models"], strict=True):
        mine, how, rule, ruled, truth = SAID.match(text).groups()
        assert (mine, how) == ("undecided", judged("undecided", model))
        assert (rule, ruled) == (side_of(model).verdict(), judged(rule, model))
        side = "below" if model["memory"] else "above"
        assert truth.startswith(f"{model['title']}, trained on {model['n']:,} sentences; ")
        assert truth.endswith(
            f"so it lies {side} it." if model["learned"] else "it learned too little to be on a side."
        )
        wanted[ruled] += 1
    unlearned = sum(not m["learned"] for m in figure.data["models"])
    assert counts(page) == [unlearned, len(told) - unlearned, 0, *wanted.values()]
    assert len({SAID.match(text)[3] for text in told}) == 3, "the models try all three answers of the rule"


def test_the_numbers_are_the_model_s_and_the_cost_comes_on_demand(on_page, values, slide, figure):
    page = on_page(figure)
    for k in (0, 5, 77):
        model = figure.data["models"][k]
        slide(page, "sealed model", k)
        assert values(page, ".bars") == [model["own"], model["fresh"], model["table_entropy"]]
        assert values(page, ".words") == [pytest.approx(side_of(model).score)]
        assert "trained on" not in page.locator(".uddm-sealed").inner_text(), "the truth before the verdict"
        page.get_by_role("button", name="look at its cost, too").click()
        assert values(page, ".words")[1:] == [model["cost"], model["table_cost"]]
        page.get_by_role("button", name="memorizes", exact=True).click()
        assert "The truth" in page.locator(".truth").inner_text()
        assert page.get_by_role("button", name="generalizes", exact=True).is_disabled(), "judged once"


def test_the_score_is_kept_from_visit_to_visit_until_one_starts_over(on_page, slide, figure):
    page = on_page(figure)
    for verdict in (*VERDICTS, "memorizes"):
        page.get_by_role("button", name=verdict, exact=True).click()
        page.get_by_role("button", name="the next sealed model").click()
    kept = counts(page)
    assert sum(kept[:3]) == sum(kept[3:]) == 4
    said = [*VERDICTS, "memorizes"]
    mine = [judged(verdict, model) for verdict, model in zip(said, figure.data["models"], strict=False)]
    assert kept[:3] == [mine.count(kind) for kind in ("right", "undecided", "wrong")]
    page.reload()
    assert counts(page) == kept and "You said “memorizes”" in page.locator(".truth").inner_text()
    page.get_by_role("button", name="the next sealed model").click()  # the first without a verdict
    assert "5 of 120" in page.get_by_role("slider").get_attribute("aria-valuetext")
    page.get_by_role("button", name="start over").click()
    assert sum(counts(page)) == 0
    page.reload()
    assert sum(counts(page)) == 0


@pytest.mark.parametrize("kept", ["nonsense", "null", '{"name": "other", "said": {"0": "memorizes"}}', '{"said": 3}'])
def test_what_the_browser_kept_wrongly_is_left_out(on_page, figure, kept):
    page = on_page(figure)
    page.evaluate("(kept) => localStorage.setItem('uddm-sealed', kept)", kept)
    page.reload()
    assert sum(counts(page)) == 0
    page.get_by_role("button", name="memorizes", exact=True).click()
    assert sum(counts(page)) == 2


def test_where_nothing_can_be_kept_the_game_goes_on(on_page, figure):
    page = on_page(figure)
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    page.reload()
    page.get_by_role("button", name="generalizes", exact=True).click()
    assert sum(counts(page)) == 2 and "The truth" in page.locator(".truth").inner_text()

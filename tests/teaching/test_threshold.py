"""A threshold that the reader moves: the page's counts, areas and curves against `roc` and `auc`."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import torch

from uddm_mini import auc
from uddm_mini.probes.roc import roc
from uddm_mini.teaching.threshold import moved_threshold

TITLES = {"small": "7,000 weights", "large": "119,000 weights"}
COUNTED = re.compile(r"nats or (less|more)\. Found: (\d+) of (\d+)\. False alarms: (\d+) of (\d+), ([\d.]+) %")


@pytest.fixture(scope="module")
def models():
    rng = np.random.default_rng(1)
    memory = rng.random(90) < 0.3
    own = np.round(rng.uniform(0.0, 0.4, 90) + 0.15 * ~memory, 2)  # so that there are ties
    fresh = own + rng.uniform(-0.05, 0.2, 90) + 0.12 * memory
    return pd.DataFrame({"case": rng.choice([*TITLES], 90), "own": own, "fresh": fresh, "memory": memory})


@pytest.fixture(scope="module")
def figure(models):
    return moved_threshold(models, TITLES)


def score_of(models, kind):
    return -models["own"] if kind == "plain" else models["fresh"] - models["own"]


def test_the_still_has_the_areas(figure, models):
    for kind, name in (("plain", "own text alone"), ("difference", "fresh minus own")):
        area = auc(score_of(models, kind).to_numpy(), models["memory"].to_numpy()).value
        assert f"{area:.3f}  all, {name}" in repr(figure)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="own"), "need the columns ['own']"),
        (lambda t: t.assign(case="small"), "Every case needs a title"),
        (lambda t: t.assign(memory=True), "both sides"),
        (lambda t: t.assign(fresh=np.nan), "An entropy is missing"),
    ],
)
def test_what_does_not_fit_is_named(models, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        moved_threshold(change(models), TITLES)


@pytest.mark.parametrize("kind", ["plain", "difference"])
def test_every_count_and_area_is_the_package_s(on_page, guess, values, slide, figure, models, kind):
    page = on_page(figure, "phone", "dark")
    guess(page, 3)
    page.get_by_role("button", name="own text alone" if kind == "plain" else "fresh minus own").click()
    draws = torch.Generator().manual_seed(0)
    for _ in range(15):
        network, k = (int(torch.randint(n, (), generator=draws)) for n in (3, len(models) + 1))
        slide(page, "networks", network)
        slide(page, "threshold", k)
        part = models if not network else models[models["case"] == list(TITLES)[network - 1]]
        score, memory = score_of(part, kind), part["memory"]
        limit, rate, area = values(page, ".answer .words")
        limit = -limit if kind == "plain" else limit
        called = score >= limit
        _, found, of, alarms, others, _ = COUNTED.search(page.locator(".answer .words").inner_text()).groups()
        assert (int(found), int(of)) == ((called & memory).sum(), memory.sum())
        assert (int(alarms), int(others)) == ((called & ~memory).sum(), (~memory).sum())
        assert rate == pytest.approx(100 * (called & ~memory).sum() / (~memory).sum())
        assert area == pytest.approx(auc(score.to_numpy(), memory.to_numpy()).value, abs=1e-12)


def test_the_ends_of_the_slider_call_all_and_none(on_page, guess, slide, figure):
    page = on_page(figure)
    guess(page, 3)
    for k, found in ((0, True), (90, False)):
        slide(page, "threshold", k)
        _, hits, of, alarms, others, _ = COUNTED.search(page.locator(".answer .words").inner_text()).groups()
        assert (hits == of and alarms == others) if found else hits == alarms == "0"


def test_the_curve_is_the_roc_curve(on_page, guess, figure, models):
    page = on_page(figure)
    guess(page, 3)
    drawn = page.locator("svg.chart").last.locator(".curve").last.get_attribute("d")
    points = [tuple(map(float, one.split())) for one in re.split("[ML]", drawn)[1:]]
    false, true, _ = roc(score_of(models, "plain").to_numpy(), models["memory"].to_numpy())
    x = 60 + (340 - 12 - 60) * false
    y = 160 - (160 - 24) * true
    np.testing.assert_allclose(points, np.stack([x, y], axis=1), atol=0.051)


def test_the_guess_comes_back_beside_what_finding_all_costs(on_page, guess, figure, models):
    page = on_page(figure)
    assert not page.locator("svg.chart").first.is_visible()
    told = guess(page, 10)
    worst = models[models["memory"]]["own"].max()
    alarms = int((models[~models["memory"]]["own"] <= worst).sum())
    assert told.startswith(f"You said 10 false alarms. Here: {alarms} of {(~models['memory']).sum()}. ")
    assert f"{worst:.3f} nats" in told
    assert f"Found: {models['memory'].sum()} of {models['memory'].sum()}" in page.locator(".answer .words").inner_text()

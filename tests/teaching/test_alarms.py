"""Another rule for stored looks: where it fires in the page, against `warnings_of`."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from uddm_mini.audit.finetune import committed_finetune, warnings_of
from uddm_mini.audit.looks import MonitorSettings
from uddm_mini.chapters.fine_tuning_numbers import leads
from uddm_mini.teaching.alarms import ERRORS, MARGINS, PATIENCES, turned_alarms

ASKED = (4096, MonitorSettings(margin=0.0, errors=2.0, patience=1))


@pytest.fixture(scope="module")
def table():
    return committed_finetune()


@pytest.fixture(scope="module")
def figure(table):
    return turned_alarms(table, ASKED)


def test_the_still_tells_both_rules(figure, table):
    for rule, patience in ((MonitorSettings(), 2), (ASKED[1], 1)):
        fired = np.isfinite(warnings_of(table, rule).set_index("n_train").fired.loc[4096]).mean()
        assert re.search(rf"{fired:.2f}  4,096 sentences: .*patience {patience}", repr(figure))
    assert figure.still.count("<br>") == 3


@pytest.mark.parametrize(
    "asked", [(128, MonitorSettings()), (64, MonitorSettings(margin=0.011)), (64, MonitorSettings(patience=6))]
)
def test_what_no_slider_stops_at_is_named(table, asked):
    with pytest.raises(ValueError, match=re.escape("one of [64, 4096] sentences, a margin of 0, 0.005")):
        turned_alarms(table, asked)


def steps_of(page, column):
    cells = page.locator(f"tbody td:nth-of-type({column})")
    cells = cells.evaluate_all("all => all.map((cell) => cell.getAttribute('data-value'))")
    return [math.inf if value == "Infinity" else float(value) for value in cells]


def test_every_rule_fires_in_the_page_where_the_package_s_does(on_page, guess, values, slide, figure, table):
    page = on_page(figure, "phone", "dark")
    guess(page, 1)
    draws = np.random.default_rng(0)
    for _ in range(40):
        size, m, e, p = draws.integers([2, len(MARGINS), len(ERRORS), len(PATIENCES)]).tolist()
        for name, value in (("new sentences", size), ("margin", m), ("standard errors", e), ("patience", p)):
            slide(page, name, value)
        rule = MonitorSettings(margin=MARGINS[m], errors=ERRORS[e], patience=PATIENCES[p])
        found = warnings_of(table, rule).set_index(["n_train", "seed"])
        here = found.loc[(64, 4096)[size]]
        assert steps_of(page, 1) == here.fired.tolist() and steps_of(page, 2) == here.verbatim.tolist()
        shares = [float(np.isfinite(found.fired.loc[n]).mean()) for n in (64, 4096)]
        assert values(page, ".bars") == pytest.approx(shares, abs=1e-9)


def test_the_rule_of_the_text_has_the_lead_of_the_text(on_page, guess, values, slide, figure, table):
    page = on_page(figure)
    assert not page.locator("table").is_visible()
    asked = np.isfinite(warnings_of(table, ASKED[1]).set_index("n_train").fired.loc[4096])
    told = guess(page, 3)
    assert f"Here: in {asked.sum()} of 5. With the rule of the text it is 0." in told
    assert page.get_by_role("slider", name=re.compile("^standard errors")).input_value() == "4"
    page.get_by_role("button", name="the rule of the text").click()
    slide(page, "new sentences", 0)
    lead = leads(table).query("n_train == 64")
    assert values(page, ".words") == [lead.least.median()]
    assert "and nobody saw the end of it" in page.locator(".words").inner_text() and math.isinf(lead.most.median())

"""What the ledger shows: drawings whose dots lie where the numbers are, and one line for each claim."""

import re

import numpy as np
import pandas as pd
import pytest

from uddm_mini.chapters.bars import claims
from uddm_mini.chapters.cases import CASES, SOURCES, plainly
from uddm_mini.chapters.rule import Claim, Condition, judge
from uddm_mini.chapters.verdicts import EDGE, LEFT, RIGHT_END, SIDES, SMALL, Ledger, finding, small_strip, strip
from uddm_mini.teaching.results import committed


def rows(**changes):
    values = {"case": ["fresh-small", "fresh-large"], "value": [0.5, 0.9], "low": [0.4, 0.85], "high": [0.6, 0.95]}
    values |= {"above": [0.7] * 2, "below": [np.inf] * 2, "side": ["wrong", "right"], "condition": ["a < b"] * 2}
    return pd.DataFrame(values | changes)


def circles(svg):
    return [(float(x), fill) for x, fill in re.findall(r'<circle cx="([\d.]+)" cy="\d+" r="[\d.]+" fill="(.+?)"', svg)]


def test_dots_lie_in_the_order_of_their_numbers_and_right_ones_on_the_gray():
    svg = strip(rows(), pd.DataFrame())
    (small, color), (large, other) = circles(svg)
    assert (color, other) == (SIDES["wrong"], SIDES["right"]) and small < large
    begin, width = map(float, re.search(r'<rect x="([\d.]+)" y="0" width="([\d.]+)"', svg).groups())
    assert small < begin < large < begin + width == pytest.approx(RIGHT_END, abs=0.2)
    assert small > LEFT and "small network" in svg and "fresh-small" not in svg
    # the line of the bar is as far along as 0.7 is from 0.4 to 0.95, but for the margins
    bar = float(re.search(r'<line x1="([\d.]+)"', svg)[1])
    assert (bar - LEFT) / (RIGHT_END - LEFT) == pytest.approx((0.3 + 0.033) / (0.55 + 0.066), abs=0.01)
    assert 'aria-label="small network 0.500 from 0.400 to 0.600, wrong' in svg


def texts(svg):
    """Return (x, anchor, words) of every text."""
    found = re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)">(.*?)</text>', svg)
    return [(float(x), anchor, words) for x, anchor, words in found]


def test_every_dot_has_its_number_at_the_edge_with_a_sign_of_its_side():
    edge = [words for x, anchor, words in texts(strip(rows(), pd.DataFrame())) if (x, anchor) == (EDGE, "end")]
    assert edge == ["0.500 ✗", "0.900 ✓"]
    tiny = rows(value=[-0.0004, -0.25], side=["open", "wrong"])
    edge = [words for x, _, words in texts(strip(tiny, pd.DataFrame())) if x == EDGE]
    assert edge == ["0.000 ?", "\N{MINUS SIGN}0.250 ✗"]


def test_nothing_runs_into_another_thing():
    """Letters of 11 px are some 5.5 px wide, on average: names end before the drawing, numbers begin after it."""
    assert 5.5 * max(map(len, CASES.values())) < LEFT
    svg = strip(rows(case=["sharp-long2", "other-convolution"], value=[-10.25, 0.9]), pd.DataFrame())
    for x, anchor, words in texts(svg):
        begin = x - {"start": 0, "middle": 0.5, "end": 1}[anchor] * 5.5 * len(words)
        if words in CASES.values():
            assert begin + 5.5 * len(words) < LEFT
        elif x == EDGE:
            assert begin > RIGHT_END
    near = rows(above=[0.69] * 2, below=[0.71] * 2)
    (low, one, _), (high, other, _) = (t for t in texts(strip(near, pd.DataFrame())) if t[2] in ("0.69", "0.71"))
    assert (one, other) == ("end", "start") and low < high, "numbers of two bars side by side"


def test_every_case_and_source_of_the_ledger_has_a_plain_name():
    for claim in claims():
        assert claim.source in SOURCES, claim.source
        for condition in claim.conditions:
            assert set(condition.cases) <= set(CASES)
            assert not [case for case in CASES if "-" in case and case in plainly(condition.what)]
    assert plainly("minus that of fresh-large") == "minus that of the large network"


def test_rings_are_the_earlier_seeds():
    svg = strip(rows(), rows(value=[0.45, 0.7]))
    rings = [x for x, fill in circles(svg) if fill == "none"]
    dots = [x for x, fill in circles(svg) if fill != "none"]
    assert len(rings) == 2 and rings[0] < dots[0] and rings[1] < dots[1]


def test_a_small_drawing_has_the_first_condition_only():
    both = pd.concat([rows(), rows(condition=["other"] * 2)])
    svg = small_strip(both)
    (small, color), (large, other) = circles(svg)
    assert (color, other) == (SIDES["wrong"], SIDES["right"]) and 0 < small < large < SMALL
    begin, width = map(float, re.search(r'<rect x="([\d.]+)" y="0" width="([\d.]+)"', svg).groups())
    assert small < begin < large < begin + width == pytest.approx(SMALL, abs=0.2)


def test_all_alike_still_has_a_place():
    one = {"value": [1.0, 1.0], "low": [1.0, 1.0], "high": [1.0, 1.0], "above": [-np.inf] * 2, "below": [1.0] * 2}
    assert all(LEFT < x < RIGHT_END for x, _ in circles(strip(rows(**one), pd.DataFrame())))


def made(value):
    condition = Condition(
        "1 < 2", lambda _, case: pd.Series([value, value + 0.01, value - 0.01]), above=0, cases=("a",)
    )
    return Claim("it", "It is <so>.", "abstract", (condition,))


def test_a_finding_is_the_verdict_of_the_rule_in_words_and_in_a_drawing():
    found = finding(made(1.0), committed)
    assert found.verdict == judge(made(1.0), committed)[0] == "agree"
    assert "1 &lt; 2" in found._repr_html_() and "✓" in found._repr_html_()
    assert repr(found).startswith("The paper's abstract claims: It is <so>. Here: agree.\n  1 < 2, a: 1.000 (")
    assert "The paper&#x27;s abstract claims: <b>It is &lt;so&gt;.</b>" in found._repr_html_()
    assert "Ring" not in found._repr_html_() and "95 % interval" in found._repr_html_()
    assert len(found.earlier) == 0, "its numbers do not depend on the seeds"


def test_earlier_seeds_stand_beside_fresh_ones():
    (one,) = (one for one in claims() if one.name == "they converge")
    fresh = {"fresh-small": "fresh-medium", "fresh-large": "fresh-medium", "fresh-medium": "fresh-medium"}

    def tables(name):
        folder, _, kind = name.partition("/")
        return committed(f"{fresh.get(folder, folder)}/{kind}")

    found = finding(one, tables)
    earlier = judge(one, lambda name: committed(name.replace("fresh-", "toy-")))[1]
    pd.testing.assert_frame_equal(found.earlier, earlier)
    assert "Ring: the earlier seeds." in found._repr_html_()


def test_what_is_not_there_is_not_measured_yet_and_the_ledger_has_a_line_for_all():
    absent = Claim("x", "It is.", "page", (Condition("c", lambda tables, case: tables("no-such/sweep"), cases=("a",)),))
    ledger = Ledger([finding(made(1.0)), finding(absent), finding(made(-1.0))])
    assert [one.verdict for one in ledger.findings] == ["agree", "not measured yet", "disagree"]
    assert repr(ledger).splitlines()[1] == " 2. It is. not measured yet"
    assert "It is &lt;so&gt;." in ledger._repr_html_() and ledger._repr_html_().count("<tr") == 4
    html = finding(absent)._repr_html_()
    assert "not measured yet" in html and "Dot" not in html, "no key without a drawing"
    reasons = ledger.about("it", "x")
    assert reasons._repr_html_().count("Dot and number") == 1, "one key for all"
    assert repr(reasons).startswith("1. The paper's abstract claims: It is <so>.")

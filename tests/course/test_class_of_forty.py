"""A class of forty, of which a quarter hands in something broken: every score is right."""

from __future__ import annotations

import os

import pytest
from class_of_forty import BROKEN, WEEKS, graded_week, handed_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="grading needs Linux or macOS")
WHOLE = bool(os.environ.get("UDDM_WHOLE_CLASS"))  # some minutes; `python -m benchmarks --only class` has the times


def test_a_quarter_of_the_class_is_broken_in_each_way_and_the_others_are_right_and_wrong():
    every = {(s, week): handed_in(s, week) for week in WEEKS for s in range(40)}
    assert len(BROKEN) == 10 and sum(one.cut_off for one in every.values()) == 4
    for week, keys in WEEKS.items():
        for key in keys:  # in the notebooks that are whole, each exercise has both
            got = [key in one.right for (s, w), one in every.items() if w == week and s % 4]
            assert 8 <= sum(got) <= 28, (key, sum(got))


@pytest.mark.parametrize("week", WEEKS if WHOLE else ["model"])
def test_every_score_is_right(week, tmp_path):
    found = graded_week(week, 40 if WHOLE else 8, tmp_path)
    assert len(found.graded) == len(found.due) and not found.mistaken()
    assert not list(tmp_path.rglob("spam"))

"""The interval of Clopper and Pearson against its definition, summed up in whole numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from uddm_mini.probes.shares import share_with_interval


@pytest.mark.parametrize(("hits", "trials"), [(0, 26), (0, 78), (1, 145), (7, 20), (20, 20)])
def test_the_ends_of_the_interval_are_where_the_tails_are(hits, trials):
    found = share_with_interval(hits, trials)

    def tail(p, counts):
        return sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in counts)

    assert found.value == hits / trials
    assert found.low == 0 if hits == 0 else tail(found.low, range(hits, trials + 1)) == pytest.approx(0.025)
    assert found.high == 1 if hits == trials else tail(found.high, range(hits + 1)) == pytest.approx(0.025)


def test_an_interval_by_hand():
    assert share_with_interval(0, 78).high == pytest.approx(1 - 0.025 ** (1 / 78))
    assert share_with_interval(5, 5).low == pytest.approx(0.025 ** (1 / 5))
    one = share_with_interval(1, 10)  # in every table of Clopper and Pearson
    assert [one.low, one.high] == pytest.approx([0.0025, 0.4450], abs=1e-4)
    assert share_with_interval(1, 10, 0.5).high < one.high
    for hits, trials in ((1, 0), (3, 2), (-1, 4)):
        with pytest.raises(ValueError, match="at least one trial"):
            share_with_interval(hits, trials)


def test_many_trials_overflow_nowhere():
    found = share_with_interval(1500, 3000)

    def tail(p, counts):  # in whole numbers, which have no rounding: p is a fraction of 2^30
        part = round(p * 2**30)
        total = sum(math.comb(3000, k) * part**k * (2**30 - part) ** (3000 - k) for k in counts)
        return float(Fraction(total, 2 ** (30 * 3000)))

    assert tail(found.low, range(1500, 3001)) == pytest.approx(0.025, rel=1e-5)
    assert tail(found.high, range(1501)) == pytest.approx(0.025, rel=1e-5)

"""What scores are worth: areas and rates by hand, intervals against the binomial."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from uddm_mini import auc, compare_scores


def table(values, name="score"):
    return pd.DataFrame({name: values})


def test_numbers_by_hand():
    strangers = table(np.arange(200.0))  # the second largest of 200, 198, may be passed by 1 in 100
    members = table([*np.arange(50.0), 197.5, 198.0, 198.5, 500.0])
    found = compare_scores(members, strangers)
    row = found.loc["score"]
    assert found.index.name == "score"
    assert row["tpr_at_1"] == 2 / 54 and row["lowest_fpr"] == 1 / 200 and bool(row["conservative"])
    expected = auc([*members["score"], *strangers["score"]], [True] * 54 + [False] * 200)
    assert [row["auc"], row["low"], row["high"]] == [expected.value, expected.low, expected.high]


def test_the_interval_of_the_rate_is_that_of_the_binomial():
    members, strangers = table([0.0] * 33 + [2.0] * 7), table([1.0] * 99)
    row = compare_scores(members, strangers, confidence=0.9).loc["score"]

    def tail(p, counts):
        return sum(math.comb(40, k) * p**k * (1 - p) ** (40 - k) for k in counts)

    assert row["tpr_at_1"] == 7 / 40
    assert tail(row["tpr_low"], range(7, 41)) == pytest.approx(0.05)
    assert tail(row["tpr_high"], range(8)) == pytest.approx(0.05)


def test_a_threshold_keeps_its_promise_on_new_strangers():
    # over 120 draws of 150 strangers, a new one passes with probability at most 0.01; the mean has an error of 0.0008
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(120):
        row = compare_scores(table(rng.normal(size=1000)), table(rng.normal(size=150))).loc["score"]
        rates.append(row["tpr_at_1"])  # members are like strangers here, so that this is the false-positive rate
    assert 0.004 < np.mean(rates) < 0.0125


def test_too_few_strangers_for_one_in_a_hundred():
    members = table(np.arange(20.0))
    row = compare_scores(members, table(np.arange(98.0))).loc["score"]
    assert not row["conservative"] and row["lowest_fpr"] == 1 / 98
    assert row[["tpr_at_1", "tpr_low", "tpr_high"]].isna().all()
    assert compare_scores(members, table(np.arange(99.0)))["conservative"].all()


def test_bad_input_is_named():
    ten = table(np.arange(10.0))
    for members, strangers, message in (
        (ten[:9], ten, "At least 10 members and 10 strangers are needed, but there are 9 and 10"),
        (ten, table(np.arange(10.0), "other"), "no score in common"),
        (ten, table([math.nan] * 10), "NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            compare_scores(members, strangers)

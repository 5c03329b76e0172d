"""How many sentences a fine-tune is safe with: the bar by hand, whose parts can fail, and the committed table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from uddm_mini.audit.finetune import SEEN, warnings_of
from uddm_mini.audit.finetune_sizes import ASKED, EVERY, KEPT, SIZES, TABLE, committed_sizes, judged
from uddm_mini.teaching.results import results_path


def tuned(at, extracted=0.05, last=600):
    """Return looks whose gap after the last step is a straight line in ln n that passes 0.1 at at[seed]."""
    rows = [
        dict.fromkeys(SEEN, 0.0)
        | {"n_train": n, "seed": seed, "step": step, "members": 0.5 + gap * (step > 0), "strangers": 0.5}
        | {"gap": gap * (step > 0), "error": 0.01, "grown_error": 0.01, "rise_error": 1.0, "extracted": extracted}
        for seed, n0 in at.items()
        for n in SIZES
        for gap in [0.1 - 0.05 * np.log(n / n0)]
        for step in (0, 300, last)
    ]
    return pd.DataFrame(rows)


NEAR = dict(zip((*ASKED, *KEPT), (90.0, 100.0, 110.0, 95.0, 105.0), strict=True))


def test_the_bar_by_hand():
    found = judged(tuned(NEAR))
    assert found.advice.sentences == pytest.approx((90 * 100 * 110) ** (1 / 3))
    assert found.kept == pytest.approx({13: 95.0, 14: 105.0}) and all(found.parts.values())
    assert found.fires.fired.tolist() == [5, 5, 5, 4, 0] and found.fires.networks.tolist() == [5] * 5


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (dict(at={**NEAR, 14: 400.0}), "every other seed is safe"),
        (dict(at={**NEAR, 10: 75.0}), "safe is near the estimate"),
        (dict(at=NEAR, extracted=0.11), "nothing is extracted from there on"),
    ],
)
def test_each_part_of_the_bar_can_fail(change, part):
    found = judged(tuned(**change)).parts
    assert [name for name, holds in found.items() if not holds] == [part]


def test_an_advice_beyond_all_sizes_is_not_met_by_nothing():
    found = judged(tuned({seed: 8 * n for seed, n in NEAR.items()}))
    assert found.advice.safe > max(SIZES) and not found.parts["nothing is extracted from there on"]


def test_the_fine_tunes_that_decide_meet_the_bar():
    found = judged(committed_sizes())
    assert all(found.parts.values()) and (found.advice.low, found.advice.high) == pytest.approx((79, 105), abs=0.5)
    assert np.ceil(found.advice.safe) == 121 and found.kept == pytest.approx({13: 86.3, 14: 80.6}, abs=0.1)
    assert found.fires.fired.to_dict() == {16: 5, 64: 5, 128: 1, 256: 0, 1024: 0}
    few = warnings_of(committed_sizes()).query("n_train == 16")
    assert few.fired.tolist() == [200] * 5 and few.verbatim.tolist() == [100, 100, 100, 200, 100], "late, and told so"


def test_the_committed_table_is_what_the_bar_speaks_of():
    table = committed_sizes()
    assert sorted(table.n_train.unique()) == list(SIZES) and sorted(table.seed.unique()) == [*ASKED, *KEPT]
    assert sorted(table.step.unique()) == list(range(0, 601, EVERY)) and len(table) == 5 * 5 * 7
    note = json.loads(results_path(f"{TABLE}.json").read_text(encoding="utf-8"))
    assert note["settings"]["train"]["steps"] == 600 and "finetune_sizes" in note["about"]["command"]

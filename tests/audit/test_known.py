"""The counts behind the stated error rates, from the stored tables."""

from __future__ import annotations

import pandas as pd
import pytest

from uddm_mini.audit.known import BETWEEN, NEAR, RATES, UNTRAINED, Rate, answer_of
from uddm_mini.chapters.entropy_probe_sides import entropies_by_side, verdicts_by_side
from uddm_mini.experiments.crossing import at_level
from uddm_mini.probes.side import Side
from uddm_mini.teaching.results import committed

FRESH = ["fresh-small", "fresh-medium", "fresh-large"]
OTHER = [f"other-{name}" for name in ("absorbing", "closed", "convolution", "cosine", "grammar", "misprints", "mixed")]
ENGLISH = ["side-english-medium", "side-english-large"]
TOO_LITTLE = ["other-short", "other-decay"]


def answered(cases):
    """One row per stored network: its case, size, place relative to the crossing, and the audit's answer."""
    found = verdicts_by_side(committed, cases)
    sides = [Side(r.own, r.fresh, r.cost, r.table_entropy, r.table_cost) for r in found.itertuples()]
    return found.assign(answer=[answer_of(side) for side in sides])


@pytest.mark.parametrize("answer", RATES)
def test_the_rates_are_those_of_the_stored_tables(answer):
    found = answered([*FRESH, *OTHER, *ENGLISH])
    found = found[found.answer == answer]
    near = found.position.between(1 / NEAR, NEAR)
    wrong = {"memorizing": ~found.memory, "generalizing": found.memory, "in between": ~near}[answer]
    cells = wrong.groupby([found.case, found.n_train]).any()
    assert RATES[answer] == Rate(len(found), int(wrong.sum()), len(cells), int(cells.sum()))
    assert RATES[answer].error.low <= RATES[answer].wrong / RATES[answer].networks <= RATES[answer].error.high


def test_networks_that_learned_too_little_are_undecided():
    found = answered(TOO_LITTLE)
    assert (len(found), int((found.answer == "undecided").sum())) == UNTRAINED


def test_the_ratio_is_half_way_between_one_and_the_undecided_of_the_first_grid():
    ratios = []
    for size in ("small", "medium", "large"):
        table = at_level(committed(f"toy-{size}/sweep"), 0.25)
        cost = table[table.split == "held-out"].set_index(["n_train", "seed"]).nelbo
        for r in entropies_by_side(committed, [f"toy-{size}"]).itertuples():
            side = Side(r.own, r.fresh, cost[r.n_train, r.seed], 1.18, 1.53)  # a table of pairs, see test_side.py
            if side.verdict() == "undecided":
                ratios.append(r.own / r.fresh)
    assert len(ratios) > 5 and pytest.approx((1 + max(ratios)) / 2, abs=0.005) == BETWEEN


def test_the_four_answers():
    assert answer_of(Side(0.1, 0.6, 9.0, 1.0, 2.0)) == "memorizing"
    assert answer_of(Side(0.5, 0.5, 1.0, 1.0, 2.0)) == "generalizing"
    assert answer_of(Side(0.4, 0.5, 3.0, 1.0, 2.0)) == "in between"
    assert answer_of(Side(0.45, 0.5, 3.0, 1.0, 2.0)) == "undecided", "nearly as sure of both"
    assert answer_of(Side(0.1, 0.6, 1.0, 1.0, 2.0)) == "in between", "knows the language, and yet much surer of its own"
    assert pd.Series(list(RATES)).tolist() == ["memorizing", "generalizing", "in between"]


def test_with_few_fresh_sentences_a_model_that_is_surer_of_its_own_text_does_not_generalize():
    side = Side(0.4, 0.5, 1.0, 1.0, 2.0)
    assert answer_of(side) == answer_of(side, 1024) == "generalizing"
    assert answer_of(side, 1023) == "in between"
    assert answer_of(Side(0.45, 0.5, 1.0, 1.0, 2.0), 200) == "generalizing"

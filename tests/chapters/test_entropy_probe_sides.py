"""Sides and verdicts from invented and committed tables."""

from __future__ import annotations

import pandas as pd
import pytest

from uddm_mini.chapters.entropy_probe_sides import confusion, entropies_by_side, verdicts_by_side
from uddm_mini.chapters.quantities import side_scores
from uddm_mini.experiments.crossing import crossing
from uddm_mini.probes.side import Side
from uddm_mini.teaching.results import committed

FRESH = ["fresh-small", "fresh-medium", "fresh-large"]


def invented(name):
    """Return tables of one network whose gap passes one half between 16 and 64 sentences."""
    kind = name.partition("/")[2]
    if kind == "sweep":
        rows = [
            (n, seed, split, 0.25, {16: 1.0, 64: 0.0}[n] if split == "train" else 0.0)
            for n in (16, 64)
            for seed in (0, 1)
            for split in ("train", "held-out")
        ]
        return pd.DataFrame(rows, columns=["n_train", "seed", "split", "t", "recovered"]).assign(entropy=0.0, nelbo=1.0)
    columns = ["n_train", "seed", "split", "quantity", "value"]
    if kind == "details":
        rows = [
            (n, seed, split, "entropy", n / 100 + seed + add)
            for n in (16, 64)
            for seed in (0, 1)
            for split, add in (("generated", 0.0), ("held-out", 0.5), ("train", 9.0))
        ]
    else:
        numbers = {"score": 0.1, "own": 0.2, "fresh": 0.3, "table_entropy": 1.0, "cost": 2.0, "table_cost": 3.0}
        verdicts = {(16, 0): 1, (16, 1): 0, (64, 0): -1, (64, 1): -1}
        rows = [
            (n, seed, "held-out", f"side_{quantity}", value)
            for (n, seed), verdict in verdicts.items()
            for quantity, value in (numbers | {"verdict": verdict}).items()
        ]
    return pd.DataFrame(rows, columns=columns)


def test_entropies_of_invented_tables():
    found = entropies_by_side(invented, ["one", "two"])
    assert found.case.tolist() == ["one"] * 4 + ["two"] * 4 and found.memory.tolist() == [True, True, False, False] * 2
    assert found.own.tolist()[:4] == pytest.approx([0.16, 1.16, 0.64, 1.64])
    assert (found.fresh - found.own).tolist() == pytest.approx([0.5] * 8)
    assert found.position.tolist()[:4] == pytest.approx([0.5, 0.5, 2, 2])  # half way in ln n: at 32


def test_verdicts_and_confusion_of_invented_tables():
    found = verdicts_by_side(invented, ["one"])
    assert found.verdict.tolist() == ["memorizes", "undecided", "generalizes", "generalizes"]
    assert found.table_cost.tolist() == [3.0] * 4
    table = confusion(found)
    assert table.to_numpy().tolist() == [[1, 1, 0], [0, 0, 2]]
    assert table.index.tolist() == ["below the crossing", "above it"]
    assert table.columns.tolist() == ["memorizes", "undecided", "generalizes"]
    one_sided = confusion(found[~found.memory])
    assert one_sided.to_numpy().tolist() == [[0, 0, 0], [0, 0, 2]]


def test_the_same_models_as_the_ledger():
    found, theirs = entropies_by_side(committed, FRESH), side_scores(committed, FRESH)
    assert (found.fresh - found.own).tolist() == pytest.approx(theirs.score.tolist())
    assert found.memory.tolist() == theirs.memory.tolist() and found.case.tolist() == theirs.case.tolist()


@pytest.mark.parametrize("case", [*FRESH, "other-absorbing", "other-misprints"])
def test_stored_verdicts_are_those_of_the_stored_numbers(case):
    found = verdicts_by_side(committed, [case])
    at = crossing(committed(f"{case}/sweep")).n
    for row in found.itertuples():
        side = Side(row.own, row.fresh, row.cost, row.table_entropy, row.table_cost)
        assert side.verdict() == row.verdict and side.score == pytest.approx(row.score, abs=1e-4)
        assert row.memory == (row.n_train < at)

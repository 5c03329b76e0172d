"""The table of protocols: the numbers of its tables, stars where seeds differ by less, and room on a phone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uddm_mini.chapters.protocols import (
    POOLED,
    PROTOCOLS,
    differences,
    measured,
    protocol_crossings,
    protocol_table,
)
from uddm_mini.teaching.results import committed

SHIFT = {"protocol-argmax": 0.1, "protocol-32": 0.0, "protocol-1000": 0.0}
WOBBLE = {"protocol-argmax": 0.001, "protocol-32": 0.05, "protocol-1000": 0.0}  # of the seeds, besides what they share


def invented(name):
    """Made-up tables: one guess is surely higher, 32 steps are higher or lower by the seed, pooled is lower by 0.02."""
    assert name.startswith("fresh-medium/")
    name = name.removeprefix("fresh-medium/")
    rows = []
    for n, gap in ((16, 0.6), (64, 0.4), (256, 0.1), (1024, 0.0)):
        for split in ("held-out", "train"):
            for t in (0.25, 0.5):
                for seed in (5, 6, 7):
                    value = 0.304 + (split == "train") * gap - 0.1 * t + 0.01 * seed
                    value += SHIFT[name] + WOBBLE[name] * (seed - 6)
                    common = {"n_train": n, "seed": seed, "split": split, "t": t, "denoiser": "model"}
                    rows.append({**common, "quantity": "by_sentence", "value": value})
                    rows.append({**common, "quantity": "recovered", "value": value - 0.02})
                    rows.append({**common, "quantity": "exact", "value": 9.0})
    return pd.DataFrame(rows)


def test_every_model_is_there_by_three_protocols_and_two_averages():
    found = measured(invented)
    assert len(found) == 4 * 2 * 2 * 3 * 3 * 2 and found["value"].max() < 9
    one = found.query("protocol == 'one guess' and average == 'by_sentence' and n_train == 64 and t == 0.25")
    assert one.query("split == 'train' and seed == 7").value.tolist() == pytest.approx(
        [0.304 + 0.4 - 0.025 + 0.07 + 0.101]
    )


def test_a_difference_counts_where_its_interval_over_seeds_leaves_zero():
    found = differences(measured(invented))
    side = found.groupby("what").side.unique().map(list).to_dict()
    assert side == {"one guess": ["higher"], "32 steps": ["same"], "pooled": ["lower"]}
    # by hand: 0.099, 0.1, 0.101 have sd 0.001, and Student's t with 2 degrees of freedom is 4.303
    first = found[found["what"] == "one guess"].iloc[0]
    assert [first.value, first.low, first.high] == pytest.approx(
        [0.1, 0.1 - 4.303 * 0.001 / np.sqrt(3), 0.1 + 4.303 * 0.001 / np.sqrt(3)]
    )
    pooled = differences(measured(invented), POOLED)
    same = ["what", "split", "n_train", "t"]
    both = found.merge(pooled, on=same)
    np.testing.assert_allclose(both.value_x, both.value_y, atol=1e-12)  # all are lower by 0.02
    turned = differences(measured(lambda name: invented(name).assign(value=lambda rows: -rows.value)))
    assert set(turned[turned.what == "one guess"].side) == {"lower"}


def test_the_table_says_mean_interval_and_a_star():
    table = protocol_table(tables=invented)
    assert list(table.columns) == [*PROTOCOLS, "pooled"] and len(table) == 8
    # 0.304 - 0.025 + (0.05, 0.06, 0.07): mean 0.339, sd 0.01, half 4.303 * 0.01 / sqrt(3) = 0.025
    assert table.loc["16, held-out"].tolist()[2:] == ["0.34 ±0.02", "0.32 ±0.02*"]
    assert table.loc["1,024, training", "one guess"].endswith("*")
    assert not table["32 steps"].str.endswith("*").any() and not table["1,000 steps"].str.endswith("*").any()


def test_several_levels_stand_in_one_table():
    table = protocol_table(0.25, 0.5, tables=invented)
    assert len(table) == 16 and "16, training, t = 0.5" in table.index
    alone = protocol_table(0.5, tables=invented)
    assert table.loc["16, training, t = 0.5"].tolist() == alone.loc["16, training"].tolist()
    with pytest.raises(ValueError, match=r"no noise level 0\.3; it has 0\.25, 0\.5"):
        protocol_table(0.3, tables=invented)


def test_a_missing_seed_does_not_pass_unseen():
    def short(name):
        rows = invented(name)
        return rows[rows.seed == 5]

    with pytest.raises(ValueError, match="needs 2 to"):
        protocol_table(tables=short)


def test_crossings_are_those_of_the_gaps():
    found = protocol_crossings(tables=invented)
    assert list(found) == list(PROTOCOLS)
    # the gap falls from 0.6 past 0.3 between 64 (0.4) and 256 (0.1), in each protocol
    assert [each.n for each in found.values()] == pytest.approx([64 * 4 ** (1 / 3)] * 3)


def test_what_the_stored_tables_say():
    table = protocol_table()
    assert len(table) == 8 and len(table.columns) == 4
    words = [word for cell in table.to_numpy().ravel() for word in cell.split()]
    assert max(map(len, words)) <= 6  # a cell breaks at its blank: four of them and a label fit a phone
    assert table.loc["16, training"].tolist()[:3] == ["1.00 ±0.00"] * 3
    found = differences(measured()).query("t < 1")
    sides = found.groupby(["what", "side"]).size().to_dict()
    assert sides == {
        ("one guess", "higher"): 8,
        ("one guess", "same"): 24,
        ("32 steps", "higher"): 1,
        ("32 steps", "lower"): 1,
        ("32 steps", "same"): 30,
        ("pooled", "lower"): 16,
        ("pooled", "same"): 16,
    }
    assert found[found.what == "one guess"].value.min() > 0  # never lower, in the mean
    at = {name: each.n for name, each in protocol_crossings().items()}
    assert at == pytest.approx({"one guess": 54.7, "32 steps": 68.1, "1,000 steps": 67.0}, abs=0.1)
    assert set(committed("fresh-medium/protocol-1000").seed) == {5, 6, 7}

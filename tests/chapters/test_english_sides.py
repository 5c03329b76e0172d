"""The probe on networks of English, and kinds of subwords: counts by hand, on invented and on committed tables."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tests.drawn import line
from uddm_mini.chapters import english_classes, english_figures, english_sides
from uddm_mini.chapters.bars_more_english import SIDES
from uddm_mini.probes.shares import share_with_interval
from uddm_mini.teaching.look import COLORS, MODELS
from uddm_mini.teaching.results import committed
from uddm_mini.worlds.word_classes import BANDS, KINDS

SIZES = (16, 64, 256, 1024)
# of each size, the verdict of seeds 3 and 4; the crossing lies between 64 and 256
SAID = {16: (1, 1), 64: (1, 0), 256: (1, 0), 1024: (-1, -1)}
SCORES = {16: 0.5, 64: 0.3, 256: 0.1, 1024: -0.1}


def sweep_rows():
    train = dict(zip(SIZES, (1.0, 0.9, 0.2, 0.1), strict=True))
    return pd.DataFrame(
        [
            dict(n_train=n, seed=seed, split=split, t=0.25, recovered=train[n] if split == "train" else 0.1)
            for n in SIZES
            for seed in (3, 4)
            for split in ("train", "held-out")
        ]
    )


def side_rows():
    rows = []
    for n in SIZES:
        for seed, verdict in zip((3, 4), SAID[n], strict=True):
            values = {
                "score": SCORES[n],
                "own": 1.0,
                "fresh": 2.0,
                "table_entropy": 2.0,
                "cost": 5.0,
                "table_cost": 7.0,
            }
            for name, value in {**values, "verdict": verdict}.items():
                rows.append(dict(n_train=n, seed=seed, split="held-out", quantity=f"side_{name}", value=value))
    return pd.DataFrame(rows)


def invented(*missing):
    def tables(name):
        case, _, kind = name.partition("/")
        if case in missing:
            raise FileNotFoundError(name)
        return sweep_rows() if kind == "sweep" else side_rows()

    return tables


# ---- sides ----------------------------------------------------------------------------------------------------------


def test_a_network_without_a_table_is_left_out_until_it_is_there():
    assert list(english_sides.networks_there(invented()).values()) == list(SIDES)
    there = english_sides.networks_there(invented("side-english-small"))
    assert there == {"width 64": "side-english-medium", "width 128": "side-english-large"}


def test_verdicts_are_counted_by_side():
    found, at = english_sides.verdicts_of({"mine": "side-english-large"}, invented())
    assert set(found["case"]) == {"mine"} and 64 < at["mine"] < 256 and len(found) == 8
    assert english_sides.counts_of(found) == {
        "memories found": (3, 4),
        "others: generalizes": (2, 4),
        "undecided": (2, 8),
        "false alarms": (1, 4),
        "missed": (0, 4),
    }
    single, cells = english_sides.false_alarms(found)
    assert single == share_with_interval(1, 4) and cells == share_with_interval(1, 2)


def test_the_summary_has_a_column_for_each_network_and_for_all():
    cases = english_sides.networks_there(invented("side-english-small"))
    table = english_sides.summary_of(cases, invented())
    assert list(table) == ["width 64", "width 128", "together"]
    assert table.loc["memories found", "together"] == "6 of 8" and table.loc["AUC", "width 64"] == "1.000"
    assert table.loc["false alarms, at most", "together"] == f"{share_with_interval(2, 8).high:.3f}"
    assert table.loc["by configuration", "together"] == f"{share_with_interval(2, 4).high:.3f}"
    assert table.loc["crossing", "together"] == "" and int(table.loc["crossing", "width 64"]) in range(64, 256)


def test_the_committed_networks_add_up():
    cases = english_sides.networks_there()
    assert {"width 64", "width 128"} <= set(cases)
    found, _ = english_sides.verdicts_of(cases)
    assert len(found) == 30 * len(cases) and set(found["seed"]) == {3, 4, 5}
    counts = english_sides.counts_of(found)
    assert counts["memories found"][1] + counts["others: generalizes"][1] == len(found)


def test_sides_are_drawn_by_verdict():
    found, at = english_sides.verdicts_of({"mine": "side-english-large"}, invented())
    _, ax = plt.subplots()
    english_figures.draw_sides(ax, found, at["mine"], 0.15)
    drawn = {one.get_label(): len(one.get_offsets()) for one in ax.collections}
    assert drawn == {"memorizes": 4, "undecided": 2, "generalizes": 2}
    assert line(ax, "threshold").get_ydata()[0] == 0.15 and line(ax, "crossing").get_xdata()[0] == at["mine"]


# ---- kinds of subwords ----------------------------------------------------------------------------------------------


def test_numbers_of_a_kind_are_those_of_the_table():
    rows = committed("english-long/classes")
    found = english_classes.of_classes("english-long", english_classes.ALL)
    single = rows[(rows.denoiser == "model") & (rows.quantity == "entropy_of_goes-on-band-2")]
    assert found.entropy["goes-on-band-2"] == single.value.iloc[0]
    back = rows[rows.quantity == "recovered_of_function"]
    assert found.recovered["function"] == back.value.iloc[0] and set(back.t) == {0.25}
    with pytest.raises(KeyError, match="no classes of nobody at 103,022 sentences"):
        english_classes.of_classes("english-long", english_classes.ALL, "nobody")


def test_committed_classes_are_of_one_text_and_add_up():
    tokens = english_classes.by_denoiser("tokens")
    assert (tokens.nunique(axis=1) == 1).all() and list(tokens.index) == list(KINDS)
    bands = english_classes.by_band("tokens")
    np.testing.assert_array_equal(bands.sum(axis=1), tokens.iloc[:, 0])
    found = english_classes.of_classes("english-long", english_classes.ALL)
    means = bands.to_numpy() * english_classes.by_band("entropy").fillna(0).to_numpy()
    np.testing.assert_allclose(means.sum(axis=1) / bands.sum(axis=1), found.entropy[list(KINDS)], rtol=1e-4)
    shares = bands.sum() / bands.sum().sum()
    assert len(shares) == BANDS and shares.between(0.2, 0.3).all()


def test_kinds_are_drawn_from_the_top():
    numbers = pd.DataFrame({"memory": [1.0, 2.0], "table": [3.0, 4.0], "net": [5.0, 6.0]}, index=["function", "other"])
    _, ax = plt.subplots()
    english_figures.draw_kinds(ax, numbers)
    assert line(ax, "net").get_xdata().tolist() == [5, 6] and line(ax, "net").get_color() == MODELS[2][0]
    assert line(ax, "memory").get_color() == COLORS["memorizer"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["function words", "other"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    with pytest.raises(ValueError, match="5 curves but 4 styles"):
        english_figures.draw_kinds(ax, pd.DataFrame({str(k): [1.0] for k in range(5)}, index=["function"]))

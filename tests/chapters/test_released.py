"""The chapter on released checkpoints: its checks, its counts by a second way, its predictions and its files."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from told import told

from uddm_mini import load_released
from uddm_mini.chapters import released
from uddm_mini.chapters.english_points import PAPER, law_points
from uddm_mini.chapters.released_figures import draw_crossings
from uddm_mini.chapters.released_models import SIZES, drawn_weights, lightning, trained
from uddm_mini.chapters.released_numbers import (
    FRACTIONS,
    LM1B_TOKENS,
    PAPER_SIZES,
    crossings,
    expected,
    parts,
    predictions,
    sizes_of,
)
from uddm_mini.experiments.law import power_law
from uddm_mini.models.released_dit import DiT, Sizes
from uddm_mini.teaching.results import results_path
from uddm_mini.worlds.toy_language import ToyLanguage

# ---- checks ---------------------------------------------------------------------------------------------------------


def layers(W, blocks, V, C):
    return sum(p.numel() for p in DiT(Sizes(V, W, 2, blocks, C, 4 * W)).parameters())


def weighted(weights, decay):
    k = np.arange(len(weights))
    share = (1 - decay) * decay ** (len(weights) - 1 - k)
    share[0] = decay ** (len(weights) - 1)
    return (share * weights).sum(), share[0]


def side(a, b, half, weights, tokens, wide=2.0, up=1):
    crossing = math.exp(a) * weights**b
    low, high = crossing * math.exp(-half) / wide, crossing * math.exp(half) * wide
    return up * ((tokens < low) - (tokens > high))


def less(change):
    return lambda W, blocks, V, C: layers(W, blocks, V, C) - change(W, blocks, V, C)


RIGHT = [
    ("level_of_sigma", lambda s, e: torch.tensor([math.exp(-s), (1 - math.exp(-s)) / (1 - e)])),
    ("level_of_sigma", lambda s, e: [np.exp(-s), -np.expm1(-s) / (1 - e)]),
    ("count_weights", layers),
    ("moving_average", weighted),
    ("prediction", side),
    ("prediction", lambda *given: np.sign(side(*given))),
]
WRONG = [
    ("level_of_sigma", lambda s, e: (math.exp(-s), 1 - math.exp(-s)), "left out epsilon"),
    ("level_of_sigma", lambda s, e: ((1 - math.exp(-s)) / (1 - e), math.exp(-s)), "other way round"),
    ("level_of_sigma", lambda s, e: (1 - math.exp(-s), math.exp(-s) / (1 - e)), "what is lost"),
    ("level_of_sigma", lambda s, e: (10**-s, (1 - 10**-s) / (1 - e)), "natural logarithm"),
    ("level_of_sigma", lambda s, e: (math.exp(-s), (1 - math.exp(-s)) * (1 - e)), "Solve"),
    ("count_weights", less(lambda W, blocks, V, C: V * W), "not tied"),
    ("count_weights", less(lambda W, blocks, V, C: blocks * 6 * W * (C + 1)), "shifts, scales and gates"),
    ("count_weights", less(lambda W, blocks, V, C: 2 * W * (C + 1)), "last layer is told"),
    ("count_weights", less(lambda W, blocks, V, C: V), "one number for each word"),
    ("count_weights", less(lambda W, blocks, V, C: blocks * 5 * W), "feed-forward"),
    ("count_weights", less(lambda W, blocks, V, C: 258 * C + C * C), "cosines"),
    ("count_weights", lambda W, blocks, V, C: layers(W, 1, V, C), "number of blocks"),
    ("moving_average", lambda w, d: weighted(w, 1 - d), "*old* average"),
    ("moving_average", lambda w, d: (w.mean(), d ** (len(w) - 1)), "plain mean"),
    ("moving_average", lambda w, d: (weighted(w, d)[0], d ** len(w)), "k - 1 updates"),
    ("moving_average", lambda w, d: (weighted(np.append(0.0, w), d)[0], d ** (len(w) - 1)), "starts at the first"),
    ("moving_average", lambda w, d: weighted(w, d)[::-1], "other way round"),
    ("prediction", lambda *given: side(*given, up=-1), "signs are swapped"),
    ("prediction", lambda *given: side(*given, wide=1.0), "factor of 2"),
    ("prediction", lambda *given: 2, "Return 1"),
    ("prediction", lambda a, b, half, *rest: side(a, b, 0.0, *rest, wide=1.0), "does not know"),
]
test_right_answers_pass, test_mistakes_get_the_sentence_that_fits = told(released, RIGHT, WRONG)


@pytest.mark.parametrize("name", ["level_of_sigma", "count_weights", "moving_average", "prediction"])
def test_an_untouched_stub_is_no_attempt(name):
    def stub(*given): ...

    assert getattr(released, name)(stub).passed is None


# ---- numbers --------------------------------------------------------------------------------------------------------


def test_the_papers_sizes_have_the_papers_numbers_of_weights():
    totals = {name: sum(parts(sizes_of(*sizes)).values()) for name, sizes in PAPER_SIZES.items()}
    assert totals["tiny"] == 23_664_442
    assert round(totals["small"] / 1e6, 1) == 139.3 and round(totals["medium"] / 1e6, 1) == 384.0
    assert parts(sizes_of(256, 8, 8))["words"] == 2 * 256 * 30_522 + 30_522


def test_the_crossings_are_those_of_the_law():
    table = crossings().set_index(["law", "size"])
    law = power_law(law_points()[["world", "weights", "tokens"]])
    assert tuple(table.loc[("the book's points", "medium"), ["tokens", "low", "high"]]) == pytest.approx(
        law.tokens("English", 384_037_946)
    )
    ours, theirs = (table.loc[name] for name in ("the book's points", "and the paper's two"))
    (_, n0), (_, n1) = PAPER
    assert theirs.low["tiny"] < n0 < theirs.high["tiny"] and theirs.low["medium"] < n1 < theirs.high["medium"]
    assert bool((ours.high < theirs.tokens).all()) and bool(theirs.tokens.is_monotonic_increasing)


def test_a_cell_is_open_within_the_interval_and_twice_as_far():
    crossing = {"low": 1e-3 * LM1B_TOKENS, "high": 1e-2 * LM1B_TOKENS}
    found = [expected(f, crossing) for f in (0.4e-3, 0.6e-3, 3e-3, 1.9e-2, 2.1e-2)]
    assert found == ["memorizing", "open", "open", "open", "generalizing"]
    table = predictions()
    assert table.shape == (6, len(FRACTIONS)) and set(table.to_numpy().ravel()) <= {
        "memorizing",
        "open",
        "generalizing",
    }
    order = {"memorizing": 0, "open": 1, "generalizing": 2}
    assert bool((np.diff(table.map(order.get).to_numpy(), axis=1) >= 0).all()), "more text never means more memory"


def test_figures_show_their_numbers():
    _, ax = plt.subplots()
    rows = [{"law": "a", "size": s, "weights": 1, "tokens": 10.0, "low": 1.0, "high": 100.0} for s in PAPER_SIZES]
    draw_crossings(ax, pd.DataFrame(rows))
    assert ax.lines[0].get_xdata().tolist() == [1, 100] and ax.lines[1].get_xdata().tolist() == [10]
    assert [one.get_text() for one in ax.get_yticklabels()] == ["tiny: a", "small: a", "medium: a"]
    plt.close("all")


# ---- files ----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr("uddm_mini.chapters.released_models.STEPS", 3)
    x = ToyLanguage().sample(16, seed=0)
    network, averages = trained(x, 102)
    again, _ = trained(x, 102)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
    torch.save(lightning(network, averages, 14), tmp_path / "x.ckpt")
    model, raw = (load_released(tmp_path / "x.ckpt", ema=ema) for ema in (True, False))
    for read, written in ((model, averages), (raw, list(network.parameters()))):
        assert all(torch.equal(a, b) for a, b in zip(read.backbone.parameters(), written, strict=True))
    assert (model.length, model.predicts, model.noise.schedule.epsilon) == (14, "cavity", 1e-3)


def test_at_first_a_network_knows_nothing():
    network = DiT(Sizes(7, 8, 2, 1, 4, 32))
    drawn_weights(network)
    assert torch.equal(network(torch.zeros(2, 3, dtype=torch.int64), torch.ones(2)), torch.zeros(2, 3, 7))


@pytest.mark.parametrize("n", SIZES)
def test_the_committed_files_open_and_know_their_language(n):
    model = load_released(results_path(f"models/released-n{n}.ckpt"))
    pool = ToyLanguage().corpus(n_train=8192)
    guess = model.best_guess(pool.subset(n, seed=0)[:64], 0.05)
    assert float((guess == pool.subset(n, seed=0)[:64]).float().mean()) > 0.9
    assert model.about["weights"] == "moving average" and model.about["steps"] == 2000

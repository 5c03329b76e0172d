"""Networks of spins: the worlds counted, Gardner's curve integrated anew, and rows against separate calls."""

import math

import pandas as pd
import pytest
import torch

from uddm_mini import PseudoLikelihoodNetwork, flip, random_patterns
from uddm_mini.experiments.spins import (
    Spins,
    SpinSettings,
    half_return,
    largest_margin,
    rule_of_margins,
    spin_transition,
)
from uddm_mini.experiments.store import read_rows

FEW = SpinSettings(units=30, hidden=6, held_out=50, shares=(0.1, 0.2), progress=False)


def integrated(kappa: float) -> float:
    """Gardner's 1 / alpha_c = integral over z > -kappa of (z + kappa)^2 phi(z)."""
    z = torch.linspace(-kappa, 12, 200_001, dtype=torch.float64)
    y = (z + kappa) ** 2 * torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return float(torch.trapezoid(y, z))


@pytest.mark.parametrize("load", [0.01, 0.1, 0.3, 1.0, 1.9, 2.5])
def test_the_largest_margin_is_gardners(load):
    assert integrated(largest_margin(load)) == pytest.approx(1 / load, rel=1e-6)
    assert largest_margin(2.0) == pytest.approx(0, abs=1e-9)


def test_copies_agree_but_for_the_faulty_ones():
    work = Spins(SpinSettings(wrong=0.0))
    train, held_out = work.copies(200, 3)
    assert train.shape == (200, 105) and held_out.shape == (400, 105)
    groups = torch.cat([train, held_out]).view(600, 21, 5)
    signs = groups * groups[:1]  # up to the sign of each copy
    assert bool((signs == signs[:, :, :1]).all())
    assert torch.equal(work.copies(7, 3)[1], held_out)
    faulty = torch.cat(Spins(SpinSettings(wrong=0.05)).copies(200, 3))
    clean = groups.reshape(600, 105)
    assert float((faulty != clean).double().mean()) == pytest.approx(0.05, abs=0.004)  # 63,000 units: 4 errors


def test_rows_are_the_numbers_of_separate_calls():
    rows = spin_transition([12], [4], FEW)
    (train, held_out), g = Spins(FEW).copies(12, 4), torch.Generator()
    network = PseudoLikelihoodNetwork(train, l2=1e-2, steps=100)
    copies = rows[rows.denoiser == "copies"].set_index(["split", "quantity"]).value
    for split, x in (("train", train.repeat(5, 1)[:50]), ("held-out", held_out)):
        start = flip(x, 0.1, g.manual_seed(4))
        right = network.recall(start) == x
        assert copies[split, "recovered"] == pytest.approx(float(right[start != x].double().mean()))
        p = network.scores(x).softmax(dim=2)
        assert copies[split, "entropy"] == pytest.approx(float(-(p * p.log()).nansum(dim=2).mean()))
    x = random_patterns(12, 30, g.manual_seed(4))
    network = PseudoLikelihoodNetwork(x)
    found = rows[rows.denoiser == "random"].set_index(["quantity", "t"]).value
    for share in (0.1, 0.2):
        ends = network.recall(flip(x, share, g.manual_seed(4)))
        assert found["home", share] == pytest.approx(float((ends == x).all(dim=1).double().mean()))
        assert found["hebb_home", share] <= found["home", share]
    rest = rows[rows.t.isna() & (rows.denoiser == "random")].set_index("quantity").value
    assert rest["margin"] == pytest.approx(float(network.margin(x).min()))
    assert rest["gardner"] == pytest.approx(largest_margin(12 / 30))


def test_there_is_no_margin_beyond_a_load_of_two_and_a_run_resumes(tmp_path):
    out = tmp_path / "spins.csv"
    rows = spin_transition([60, 61], [0], FEW, out=out)
    assert set(rows[rows.denoiser == "random"].n_train) == {60} and set(rows.n_train) == {60, 61}
    more = spin_transition([60, 61], [0, 1], FEW, out=out)
    pd.testing.assert_frame_equal(more, read_rows(out), rtol=1e-5)
    assert set(more.seed) == {0, 1}
    with pytest.raises(ValueError, match="other settings"):
        spin_transition([60], [0], FEW, out=out, wrong=0.2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": 31}, "1 to 30 hidden"),
        ({"held_out": 0}, "held_out must be"),
        ({"wrong": 1.5}, "shares, from 0 to 1"),
    ],
)
def test_a_world_that_cannot_be(changes, message):
    with pytest.raises(ValueError, match=message):
        spin_transition([4], [0], FEW, **changes)
    with pytest.raises(ValueError, match="load is above 0"):
        largest_margin(0.0)


def test_half_return_and_the_rule_of_margins_by_hand():
    def row(n, quantity, value, t=float("nan")):
        return {"denoiser": "random", "n_train": n, "seed": 3, "quantity": quantity, "value": value, "t": t}

    rows = [row(8, "home", value, t) for t, value in ((0.1, 1.0), (0.2, 0.25), (0.3, 0.6))]
    rows += [row(9, "home", 0.2, t) for t in (0.1, 0.2, 0.3)] + [row(8, "margin", 0.75), row(9, "margin", -1.0)]
    rows = pd.DataFrame(rows)
    assert half_return(rows)[3].to_dict() == pytest.approx({8: 0.1 + 0.1 * 2 / 3, 9: 0.0})
    share = rule_of_margins(rows)[3]
    assert share[9] == 0 and (1 - 2 * share[8]) * 0.75 == pytest.approx(2 * math.sqrt(share[8] * (1 - share[8])))

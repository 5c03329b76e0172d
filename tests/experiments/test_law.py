"""The power law: against least squares by another routine, exact points, and its coverage of points that follow it."""

import numpy as np
import pandas as pd
import pytest

from uddm_mini import ModelSettings, TransformerDenoiser, UniformNoise, crossing
from uddm_mini.experiments.law import power_law, transition_point, where_the_paper_is
from uddm_mini.teaching.results import committed, committed_note

WEIGHTS = {"toy": [1e4, 2e4, 9e4], "docstrings": [3e4, 1e5], "english": [4e4, 2e5, 9e5]}
LEVELS = {"toy": 1.0, "docstrings": 2.0, "english": 3.0}


def made(exponent=0.6, scatter=0.0, rng=None):
    rows = [
        {"world": world, "weights": w, "tokens": np.exp(LEVELS[world] + exponent * np.log(w))}
        for world, weights in WEIGHTS.items()
        for w in weights
    ]
    table = pd.DataFrame(rows)
    noise = scatter * rng.standard_normal(len(table)) if rng else 0
    return table.assign(tokens=table.tokens * np.exp(noise))


def test_points_on_a_law_give_the_law():
    law = power_law(made())
    assert law.exponent == pytest.approx([0.6] * 3, abs=1e-6) and law.scatter < 1e-9
    assert law.tokens("english", 23.7e6) == pytest.approx([np.exp(3 + 0.6 * np.log(23.7e6))] * 3, rel=1e-4)


def test_it_is_least_squares():
    points = made(0.6, 0.3, np.random.default_rng(0))
    law = power_law(points)
    x = np.column_stack([pd.get_dummies(points.world)[list(LEVELS)].astype(float), np.log(points.weights)])
    found, residual, *_ = np.linalg.lstsq(x, np.log(points.tokens), rcond=None)
    assert law.coefficients == pytest.approx(found) and law.scatter == pytest.approx(np.sqrt(residual[0] / 4))


def test_one_more_point_lies_inside_19_times_of_20():
    rng, inside, b_inside, n = np.random.default_rng(1), 0, 0, 2000
    for _ in range(n):
        law = power_law(made(0.6, 0.4, rng))
        new = np.exp(3 + 0.6 * np.log(3e6) + 0.4 * rng.standard_normal())
        inside += where_the_paper_is([(3e6, new)], law, "english").inside.item()
        b_inside += law.exponent[1] <= 0.6 <= law.exponent[2]
    assert inside / n == pytest.approx(0.95, abs=0.02) and b_inside / n == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("wrong", [made().iloc[[0, 1, 3]], made().assign(tokens=np.inf), made().assign(weights=0)])
def test_too_few_points_or_none_that_crossed(wrong):
    with pytest.raises(ValueError, match="needs 5 to 34 points|needs 4 to 33 points"):
        power_law(wrong)


def test_a_world_that_was_not_there():
    with pytest.raises(ValueError, match="no world 'klingon'"):
        power_law(made()).tokens("klingon", 1e6)


def test_the_point_of_a_sweep():
    table, model = committed("toy-medium/sweep"), committed_note("toy-medium/sweep")["settings"]["train"]["model"]
    found = transition_point(table, model, 102, (14, 10.0))
    at = crossing(table)
    network = TransformerDenoiser(UniformNoise(102), 14, ModelSettings(**model))
    assert found["weights"] == sum(p.numel() for p in network.parameters())
    assert (found["sentences"], found["low"], found["high"]) == (at.n, at.low, at.high)
    assert found["tokens"] == pytest.approx(10 * at.n)
    assert transition_point(table, model, 102, (14, 14.0), level=0.9)["sentences"] < at.n

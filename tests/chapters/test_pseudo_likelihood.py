"""The checks of the chapter accept the reference solutions and explain plausible mistakes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from told import told

from uddm_mini import HopfieldNetwork, PseudoLikelihoodNetwork, loop_work, random_patterns
from uddm_mini.chapters import pseudo_likelihood as checks
from uddm_mini.teaching.results import committed

# --- reference solutions, as on the solutions page --------------------------------------------------------------------


def my_loop(J: torch.Tensor, sigma: torch.Tensor, i: int, j: int) -> float:
    sigma, total = sigma.clone(), 0.0
    for unit in (i, j, i, j):
        total += -2 * float(sigma[unit] * (J[unit] @ sigma))
        sigma[unit] = -sigma[unit]
    return total


def safe_flips(J: torch.Tensor, xi: torch.Tensor) -> int:
    cost = 2 * J.abs().sort(dim=1, descending=True).values.cumsum(dim=1)
    return int((cost < (xi * (J @ xi))[:, None]).sum(dim=1).min())


def melody(xi: torch.Tensor) -> torch.Tensor:
    xi = xi.double()
    return torch.roll(xi, -1, dims=0).T @ xi / xi.shape[1]


REFERENCE: list[Callable[..., Any]] = [my_loop, melody, safe_flips]


def test_the_references_agree_with_the_package() -> None:
    xi = random_patterns(9, 30, torch.Generator().manual_seed(0))
    network = PseudoLikelihoodNetwork(xi)
    x = xi[:1].double()
    assert my_loop(network.weights, x[0], 3, 8) == pytest.approx(float(loop_work(network, x, 3, 8)[0]))


def test_no_set_of_safe_flips_leaves_the_basin() -> None:
    """The promise of a basin with a proof, against every set of k units, and adversarial ones in a larger network."""
    xi = random_patterns(2, 12, torch.Generator().manual_seed(0))
    network = HopfieldNetwork(xi)
    k = safe_flips(network.weights, xi[0].double())
    assert k >= 1
    sets = torch.combinations(torch.arange(12), k)
    starts = xi[:1].repeat(len(sets), 1)
    starts = starts.scatter(1, sets, -starts.gather(1, sets))
    assert torch.equal(network.update(starts, "sync"), xi[:1].expand(len(sets), -1))
    stored = random_patterns(60, 200, torch.Generator().manual_seed(0))
    trained = PseudoLikelihoodNetwork(stored)
    k = safe_flips(trained.weights, stored[0].double())
    assert k >= 1
    # for every unit the k neighbors on whose votes it depends most
    loud = (trained.weights * stored[0] * stored[0][:, None]).argsort(dim=1, descending=True)[:, :k]
    starts = stored[:1].repeat(200, 1).scatter(1, loud, -stored[:1].repeat(200, 1).gather(1, loud))
    assert torch.equal(trained.update(starts, "sync"), stored[:1].expand(200, -1))


def stays_put(J: torch.Tensor, sigma: torch.Tensor, i: int, j: int) -> float:
    first, second = (-2 * float(sigma[k] * (J[k] @ sigma)) for k in (i, j))
    return first + second - first - second


def forgets_to_flip_j(J: torch.Tensor, sigma: torch.Tensor, i: int, j: int) -> float:
    total, sigma = 0.0, sigma.clone()
    for unit in (i, j, i, j):
        total += -2 * float(sigma[unit] * (J[unit] @ sigma))
        if unit == i:
            sigma[unit] = -sigma[unit]
    return total


def bound(J: torch.Tensor, xi: torch.Tensor, factor: float = 2.0, ties: bool = False) -> torch.Tensor:
    cost = factor * J.abs().sort(dim=1, descending=True).values.cumsum(dim=1)
    margin = (xi * (J @ xi))[:, None]
    return ((cost <= margin) if ties else (cost < margin)).sum(dim=1)


def not_closed(xi: torch.Tensor) -> torch.Tensor:
    xi = xi.double()
    return xi[1:].T @ xi[:-1] / xi.shape[1]


WRONG = [
    ("my_loop", lambda *a: -my_loop(*a), "sign"),
    ("my_loop", lambda *a: my_loop(*a) / 2, "half"),
    ("my_loop", stays_put, "as if nothing had changed"),
    ("my_loop", forgets_to_flip_j, "just before the flip"),
    ("my_loop", lambda J, *a: math.nan if torch.equal(J, J.T) else my_loop(J, *a), "must cost nothing"),
    ("safe_flips", lambda J, xi: int(bound(J, xi, 1.0).min()), "Twice too many"),
    ("safe_flips", lambda J, xi: int(bound(J, xi).max()), "weakest"),
    ("safe_flips", lambda J, xi: int(bound(J, xi, ties=True).min()), "exactly 0"),
    ("safe_flips", lambda J, xi: int(bound(J, xi).min()) + 0.5, "whole number"),
    ("safe_flips", lambda J, xi: float("nan"), "whole number"),
    ("safe_flips", lambda J, xi: int(bound(J, xi).min()) + 1, "One too many"),
    ("safe_flips", lambda J, xi: int(bound(J.T, xi).min()), "columns"),
    ("safe_flips", lambda J, xi: max(1, int(bound(J, xi).min())), "0"),
    ("safe_flips", lambda J, xi: 0, "always repaired"),
    ("melody", lambda xi: xi.double().T @ xi.double(), "Hebb"),
    ("melody", lambda xi: melody(xi).T, "backwards"),
    ("melody", not_closed, "back to the first"),
    ("melody", lambda xi: torch.eye(xi.shape[1]) - 2, "next pattern"),
    ("melody", lambda xi: melody(xi)[:5], "shape"),
]
test_right_answers, test_mistakes = told(checks, [(solution.__name__, solution) for solution in REFERENCE], WRONG)


def test_stored_basins_of_spins_are_as_wide_as_the_text_says():
    table = committed("spins").query("denoiser == 'random' and n_train == 32")  # a load of 0.3
    means = table.groupby(["quantity", "t"]).value.mean()
    assert means["home", 0.2] > 0.5 > means["home", 0.25] and means["hebb_home", 0.02] < 0.5

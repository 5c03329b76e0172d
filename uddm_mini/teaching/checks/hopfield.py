"""Checks of chapter 1: how can a network remember?"""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.denoisers.hopfield import HopfieldNetwork
from uddm_mini.denoisers.patterns import random_patterns

from ._core import as_tensor, ask, exercise, wrong


def _patterns(n: int, n_units: int, seed: int = 0) -> torch.Tensor:
    return random_patterns(n, n_units, torch.Generator().manual_seed(seed)).double()


def _close(got: torch.Tensor, expected: torch.Tensor) -> bool:
    # students may compute in float32, whose rounding stays below this
    return bool(torch.allclose(got, expected.double(), rtol=1e-4, atol=1e-4))


@exercise("1.1 The energy from the overlaps")
def energy_from_overlaps(answer: Any) -> str:
    """Compare with E = -N/2 sum_mu m_mu^2 + P/2, which the couplings give by another way."""
    for n_patterns, n_units in ((4, 20), (7, 50), (1, 3)):
        patterns = _patterns(n_patterns, n_units)
        states = torch.cat([patterns[:1], _patterns(3, n_units, seed=1)])
        for state in states:
            m = patterns @ state / n_units
            got = as_tensor(ask(answer, m, n_units), ())
            expected = HopfieldNetwork(patterns).energy(state[None])[0]
            if _close(got, expected):
                continue
            if _close(got, expected - n_patterns / 2):
                wrong(
                    "You left out the missing self-couplings. The sum over all (i, j) has N terms with i = j, each "
                    "worth P / N; J has a zero diagonal, so half of N * P / N has to be added back."
                )
            pairs = -n_units * m.square().sum()
            if any(_close(got, pairs + part) for part in (0, n_patterns / 2, n_patterns)):
                wrong("Your energy is twice too deep: every pair of units appears twice in the double sum, hence 1/2.")
            if _close(got, -n_units / 2 * m.sum() ** 2 + n_patterns / 2):
                wrong("You squared the sum of the overlaps. Each pattern contributes a square of its own.")
            wrong(
                f"At N = {n_units}, overlaps {[round(v, 2) for v in m.tolist()]} your energy is {float(got):.3f}, "
                f"but the couplings give {float(expected):.3f}. Put J into -1/2 sum_ij J_ij s_i s_j and collect."
            )
    return (
        "Right. The state enters through its overlaps alone, so every stored pattern digs its own well, "
        "and s and -s always have the same energy."
    )


@exercise("1.2 Crosstalk")
def crosstalk(answer: Any) -> str:
    """Compare with C = (N - 1) / N - xi_i h_i, computed from the couplings."""
    for n_patterns, n_units, seed in ((5, 30, 0), (9, 30, 2), (2, 6, 0)):
        patterns = _patterns(n_patterns, n_units, seed)
        got = as_tensor(ask(answer, patterns), (n_patterns, n_units))
        field = HopfieldNetwork(patterns).field(patterns)  # [P, N]
        expected = (n_units - 1) / n_units - patterns * field
        whole = patterns @ patterns.T / n_units
        with_self = -(patterns * ((whole - torch.eye(n_patterns)) @ patterns))
        if _close(got, expected):
            continue
        if _close(got, -expected):
            wrong(
                "The sign is reversed. Crosstalk is counted against the pattern: C > 0 where the other patterns push "
                "the pixel away from its own value."
            )
        if _close(got, -(patterns * field)):
            wrong(
                "You included the pattern itself (nu = mu). Its part is the signal; crosstalk is what the others add."
            )
        if _close(got, with_self):
            wrong("You let j = i vote as well. A unit has no coupling to itself, so leave that term out.")
        if _close(got, expected * n_units):
            wrong("Your numbers are N times too large: the couplings carry a factor 1/N.")
        if _close(got, field - patterns * (n_units - 1) / n_units):
            wrong(
                "This is the field of the other patterns. Multiply by -xi_i: only its sign against the pixel matters."
            )
        wrong(
            f"For P = {n_patterns}, N = {n_units} the first pixel of the first pattern has crosstalk "
            f"{float(expected[0, 0]):.3f}; you found {float(got[0, 0]):.3f}."
        )
    return "Right. A pixel flips when its crosstalk exceeds the signal of about 1, and its spread grows as sqrt(P / N)."


@exercise("1.3 Learn from mistakes")
def learn_couplings(answer: Any) -> str:
    """Ask for couplings without self-coupling under which 100 patterns on 100 units are all stable."""
    patterns = _patterns(100, 100)
    got = as_tensor(ask(answer, patterns), (100, 100))
    if not bool(got.isfinite().all()):
        wrong("Some couplings are not finite numbers. Add a fixed amount for each mistake, nothing that grows.")
    if float(got.diagonal().abs().max()) > 1e-6 * float(got.abs().max()):
        wrong(
            "Some units are coupled to themselves. Then every pattern is stable, but so is every other state: "
            "set the diagonal to zero after each change."
        )
    h = patterns @ got.T  # [P, N]
    unstable = int((patterns * h <= 0).sum())
    if unstable:
        transposed = int((patterns * (patterns @ got) <= 0).sum())
        if transposed == 0:
            wrong("Your J is transposed: row i must hold the couplings into unit i, so that h = J @ state.")
        hebb = int((HopfieldNetwork(patterns).margin(patterns) <= 0).sum())
        wrong(
            f"{unstable} of 10,000 pixels still want to flip (Hebb: {hebb}). Go through the patterns again and again, "
            "and add xi_i xi_j / N to row i where pixel i is wrong, until nothing is."
        )
    skew = float((got - got.T).abs().max() / got.abs().max())
    extra = " Your J is not symmetric, so there is no energy any more: chapter 3 is about that." if skew > 1e-6 else ""
    return f"Right. All 100 patterns are stable at a load of 1, where Hebb fails.{extra}"

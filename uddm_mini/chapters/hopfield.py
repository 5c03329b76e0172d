"""Checks of the chapter "How can a network remember?"."""

from __future__ import annotations

import itertools
from typing import Any

import torch

from uddm_mini.networks.hopfield import HopfieldNetwork
from uddm_mini.networks.patterns import random_patterns
from uddm_mini.teaching.answers import Cases, as_tensor, as_whole, ask_each, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise, number_of, second_part


def _patterns(n: int, n_units: int, seed: int = 0) -> torch.Tensor:
    return random_patterns(n, n_units, torch.Generator().manual_seed(seed)).double()


def _energy_cases() -> list[tuple[torch.Tensor, int, torch.Tensor, torch.Tensor]]:
    """Return overlaps [P] and N of stored and foreign states; and the patterns [P, N] and the state [N]."""
    cases = []
    for n_patterns, n_units in ((4, 20), (7, 50), (1, 3)):
        patterns = _patterns(n_patterns, n_units)
        for state in torch.cat([patterns[:1], _patterns(3, n_units, seed=1)]):
            cases.append((patterns @ state / n_units, n_units, patterns, state))
    return cases


@exercise(
    1, "The energy from the overlaps", level="warm-up", minutes=10, assesses="an energy as a function of overlaps"
)
@questions(_energy_cases, "At N = {n_units}, overlaps {m}", hidden=2)
def energy_from_overlaps(m: torch.Tensor, n_units: int, patterns: torch.Tensor, state: torch.Tensor, got: Any) -> str:
    """Compare with E = -N/2 sum_mu m_mu^2 + P/2, which the couplings give by another way."""
    n_patterns, squares = len(m), float(m.square().sum())
    energy = float(HopfieldNetwork(patterns).energy(state[None])[0])
    slips = {
        "You left out the missing self-couplings. The sum over all (i, j) has N terms with i = j, each worth "
        "P / N; J has a zero diagonal, so half of N * P / N has to be added back.": energy - n_patterns / 2,
        "You took the self-couplings out twice: the N terms with i = j are worth P in the sum, so P/2 in E.": (
            energy + n_patterns / 2
        ),
        "The sign is turned around: a stored pattern lies at the bottom of a well, so its energy is low.": -energy,
        "Your energy is twice too deep: every pair of units appears twice in the double sum, hence 1/2.": tuple(
            part - n_units * squares for part in (0, n_patterns / 2, n_patterns)
        ),
        "You squared the sum of the overlaps, or nothing at all. Each pattern contributes a square of its own.": tuple(
            part - n_units / 2 * total for total in (m.sum() ** 2, m.sum()) for part in (0, n_patterns / 2)
        ),
        "You average over the patterns. Every stored pattern digs a well of its own, so their squares add up.": tuple(
            part - n_units / 2 * squares / n_patterns for part in (0, 0.5, n_patterns / 2)
        ),
        "That is the energy per neuron. E itself grows with N.": energy / n_units,
        "The factor N is missing: an overlap is a share, and the double sum has N^2 terms with 1/N in front.": (
            n_patterns / 2 - squares / 2
        ),
    }
    compare(got, energy, slips, "Put J into -1/2 sum_ij J_ij sigma_i sigma_j and collect.", within=1e-3)
    return (
        "Right. The state enters through its overlaps alone, so every stored pattern digs its own well, "
        "and sigma and -sigma always have the same energy."
    )


@second_part(energy_from_overlaps)
@questions([(4,), (7,), (2,), (10,), (1,)], "At N = {n}")
def energy_levels(n: int, got: Any) -> str:
    """Count the energies of all 2^N states of a network with one pattern."""
    got = as_whole(got, "The number of energies")
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=n)), dtype=torch.float64)
    right = len({round(e, 6) for e in HopfieldNetwork(_patterns(1, n)).energy(states).tolist()})
    slips = {
        f"The overlap has {got} values, but it enters squared: m and -m have the same energy.": n + 1,
        "These are the states. All states with the same overlap have the same energy.": 2**n,
        "One too few. Count |m| from 1 down; is m = 0 possible, and did you count it?": right - 1,
    }
    compare(got, right, slips, "Which values can |m| take?")
    return "Right. 2^N states share N/2 + 1 energies (rounded down), because one pattern gives one overlap, squared."


@exercise(2, "Crosstalk", level="core", minutes=15, assesses="what patterns take from each other, as a matrix product")
@questions(lambda: [(_patterns(*numbers),) for numbers in ((5, 30, 0), (9, 30, 2), (2, 6, 0))])
def crosstalk(patterns: torch.Tensor, got: Any) -> str:
    """Compare with C = (N - 1) / N - xi_i h_i, computed from the couplings."""
    n_patterns, n_units = patterns.shape
    field = HopfieldNetwork(patterns).field(patterns)  # [P, N]
    right = (n_units - 1) / n_units - patterns * field
    overlaps = patterns @ patterns.T / n_units - torch.eye(n_patterns)
    slips = {
        "The sign is reversed. Crosstalk is counted against the pattern: C > 0 where the other patterns push the pixel "
        "away from its own value.": -right,
        "You included the pattern itself (nu = mu). Its part is the signal; crosstalk is what the others add.": (
            -patterns * field
        ),
        "You let j = i vote as well. A unit has no coupling to itself, so leave that term out.": (
            -patterns * (overlaps @ patterns)
        ),
        "You divide by N - 1. The couplings carry a factor 1/N, with N the number of all units.": (
            right * n_units / (n_units - 1)
        ),
        "Your numbers are N times too large: the couplings carry a factor 1/N.": right * n_units,
        "This is the field of the other patterns. Multiply by -xi_i: only its sign against the pixel matters.": (
            -patterns * right,
            patterns * right,
        ),
    }
    compare(got, right, slips, f"That is for P = {n_patterns}, N = {n_units}.")
    return "Right. A pixel flips when its crosstalk exceeds the signal of about 1, and its spread grows as sqrt(P / N)."


@exercise(3, "Learn from mistakes", level="stretch", minutes=25, assesses="a learning rule with a stopping condition")
def learn_couplings(answer: Any, more: Cases = ()) -> str:
    """Ask for couplings without self-coupling under which as many patterns as units are all stable.

    The numbers of units are powers of two, so that all sums of the rule are exact: whatever the order of summation,
    a field that is 0 is 0.
    """
    skew = 0.0
    for patterns, given in ask_each(answer, [(_patterns(32, 32),), (_patterns(12, 16, seed=1),), *more]):
        n = patterns.shape[1]
        got = as_tensor(given, (n, n), "Your J")
        if not bool(got.isfinite().all()):
            wrong("Some couplings are not finite numbers. Add a fixed amount for each mistake, nothing that grows.")
        if float(got.diagonal().abs().max()) > 1e-6 * float(got.abs().max()):
            wrong(
                "Some units are coupled to themselves. Then every pattern is stable, but so is every other state: "
                "set the diagonal to zero after each change."
            )
        unstable = _unstable(patterns, got)
        if unstable:
            if _unstable(patterns, got.T) == 0:
                wrong("Your J is transposed: row i must hold the couplings into unit i, so that h = J @ state.")
            margin = patterns * (patterns @ got.T)
            if bool((margin >= 0).all()):
                wrong(
                    f"No pixel wants to flip, but {unstable} have a field of exactly 0: that is not stable yet. Count "
                    "xi_i h_i = 0 as a mistake, too (<=, not <)."
                )
            hebb = int((HopfieldNetwork(patterns).margin(patterns) <= 0).sum())
            wrong(
                f"{unstable} of {patterns.numel():,} pixels still want to flip (Hebb: {hebb}). Go through the patterns "
                "again and again, and add xi_i xi_j / N to row i where pixel i is wrong, until nothing is."
            )
        skew = max(skew, float((got - got.T).abs().max() / got.abs().max()))
    there = f"chapter {number_of('pseudo_likelihood')}"
    extra = f" Your J is not symmetric, so there is no energy any more: {there} is about that." if skew > 1e-6 else ""
    return f"Right. All 32 patterns are stable at a load of 1, where Hebb fails.{extra}"


def _unstable(patterns: torch.Tensor, J: torch.Tensor) -> int:
    """Count the pixels whose field does not hold them; a tie counts if J is made of exact steps of 1/N."""
    margin = patterns * (patterns @ J.T)
    exact = bool((J * len(J) == (J * len(J)).round()).all())
    rounding = 0.0 if exact else 1e-6 * float(J.abs().sum(dim=1).max())
    return int(((margin <= 0) & ((margin < -rounding) | (rounding == 0))).sum())

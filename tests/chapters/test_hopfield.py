"""The checks of the chapter accept the solutions and answer plausible mistakes with the sentence that fits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from uddm_mini.chapters import hopfield as checks


def energy(m, n):
    return -n / 2 * (m**2).sum() + len(m) / 2


def crosstalk(xi):
    n_patterns, n = xi.shape
    overlaps = xi @ xi.T / n - torch.eye(n_patterns)  # without the pattern itself
    return -(xi * (overlaps @ xi)) + (n_patterns - 1) / n  # without the unit itself


def learn(xi, keep_diagonal=False):
    n = xi.shape[1]
    J = torch.zeros(n, n, dtype=xi.dtype)
    for _ in range(500):
        wrong = (xi * (xi @ J.T) <= 0).to(xi.dtype)  # [P, N]
        J = J + (wrong * xi).T @ xi / n
        if not keep_diagonal:
            J.fill_diagonal_(0)
        if not wrong.any():
            break
    return J


def one_by_one(xi, zeros=torch.zeros):
    """Go through patterns and pixels one at a time; zeros of PyTorch's default dtype."""
    n = xi.shape[1]
    J, again = zeros((n, n)), True
    while again:
        again = False
        for row in xi:
            for i in range(n):
                if row[i] * (J[i] @ row) <= 0:
                    J[i] += row[i] * row / n
                    J[i, i] = 0
                    again = True
    return J


def in_numpy(xi):
    return one_by_one(xi.numpy(), np.zeros)


def lenient(xi):
    """Leave ties alone: start from Hebb, and mend only what is below 0."""
    J = hebb(xi)
    for _ in range(500):
        wrong = (xi * (xi @ J.T) < 0).to(xi.dtype)
        J = (J + (wrong * xi).T @ xi / xi.shape[1]).fill_diagonal_(0)
    return J


def hebb(xi):
    return (xi.T @ xi / xi.shape[1]).fill_diagonal_(0)


CASES = [
    (checks.energy_from_overlaps, energy, True, "its own well"),
    (checks.energy_from_overlaps, lambda m, n: -n / 2 * (m**2).sum(), False, "self-couplings"),
    (checks.energy_from_overlaps, lambda m, n: -n * (m**2).sum() + len(m), False, "twice too deep"),
    (checks.energy_from_overlaps, lambda m, n: -n / 2 * m.sum() ** 2 + len(m) / 2, False, "a square of its own"),
    (checks.energy_from_overlaps, lambda m, n: -(m**2).sum(), False, "You return -1.14, but it should be -9.4."),
    (checks.energy_from_overlaps, lambda m, n: m, False, "shape"),
    (checks.crosstalk, crosstalk, True, "sqrt(P / N)"),
    (checks.crosstalk, lambda xi: -crosstalk(xi), False, "sign is reversed"),
    (checks.crosstalk, lambda xi: -xi * (xi @ hebb(xi)), False, "included the pattern itself"),
    (checks.crosstalk, lambda xi: crosstalk(xi) - (len(xi) - 1) / xi.shape[1], False, "You let j = i vote"),
    (checks.crosstalk, lambda xi: crosstalk(xi) * xi.shape[1], False, "N times too large"),
    (checks.crosstalk, lambda xi: crosstalk(xi) * -xi, False, "Multiply by -xi_i"),
    (checks.crosstalk, lambda xi: torch.zeros_like(xi), False, "Your entry [0, 0] is 0, but it should be 0.2."),
    (checks.energy_from_overlaps, lambda m, n: energy(m, n) / n, False, "per neuron"),
    (checks.energy_from_overlaps, lambda m, n: -energy(m, n), False, "turned around"),
    (checks.energy_from_overlaps, lambda m, n: energy(m, n) + len(m) / 2, False, "twice"),
    (checks.energy_from_overlaps, lambda m, n: sum(0.5 - n / 2 * float(v) ** 2 for v in m), True, "its own well"),
    (checks.energy_levels, lambda n: n // 2 + 1, True, "overlap, squared"),
    (checks.energy_levels, lambda n: n + 1, False, "enters squared"),
    (checks.energy_levels, lambda n: 2**n, False, "These are the states"),
    (checks.energy_levels, lambda n: n // 2, False, "One too few"),
    (checks.energy_levels, lambda n: n / 2 + 1, False, "whole number"),
    (checks.energy_levels, lambda n: n * n + 1, False, "Which values"),
    (checks.learn_couplings, one_by_one, True, "not symmetric"),
    (checks.learn_couplings, in_numpy, True, "not symmetric"),
    (checks.learn_couplings, lenient, False, "<=, not <"),
    (checks.learn_couplings, lambda xi: torch.zeros(xi.shape[1], xi.shape[1]), False, "field of exactly 0"),
    (checks.learn_couplings, learn, True, "not symmetric"),
    (checks.learn_couplings, lambda xi: xi.T @ torch.linalg.pinv(xi.T), False, "coupled to themselves"),
    (checks.learn_couplings, lambda xi: learn(xi, keep_diagonal=True), False, "coupled to themselves"),
    (checks.learn_couplings, hebb, False, "still want to flip"),
    (checks.learn_couplings, lambda xi: learn(xi).T, False, "transposed"),
    (checks.learn_couplings, lambda xi: hebb(xi) / 0, False, "not finite"),
]


@pytest.mark.parametrize(("check", "answer", "passed", "words"), CASES)
def test_checks(check, answer, passed, words):
    result = check(answer)
    assert result.passed is passed, result.message
    assert words in result.message

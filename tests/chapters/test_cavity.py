"""The checks of the chapter accept the reference solutions and explain plausible mistakes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from told import told

from uddm_mini import UniformNoise
from uddm_mini.chapters import cavity
from uddm_mini.chapters.learning_costs import integrand
from uddm_mini.noise.schedules import Level, Schedule

# --- reference solutions, as on the solutions page --------------------------------------------------------------------


def both_posteriors(joint: torch.Tensor, b: int, other: int, alpha: float) -> torch.Tensor:
    V = len(joint)
    noise = alpha * torch.eye(V, dtype=joint.dtype) + (1 - alpha) / V
    seen = joint @ noise[:, other]
    full = seen * noise[:, b]
    return torch.stack([seen / seen.sum(), full / full.sum()])


def by_loops(joint: Any, b: int, other: int, alpha: float) -> tuple[list[float], list[float]]:
    V = len(joint)

    def q(shown: int, clean: int) -> float:
        return alpha * (shown == clean) + (1 - alpha) / V

    c = [sum(float(joint[v][w]) * q(other, w) for w in range(V)) for v in range(V)]
    f = [c[v] * q(b, v) for v in range(V)]
    return [x / sum(c) for x in c], [x / sum(f) for x in f]


def in_numpy(joint: torch.Tensor, b: int, other: int, alpha: float) -> np.ndarray:
    table = joint.numpy()
    noise = alpha * np.eye(len(table)) + (1 - alpha) / len(table)
    law = np.einsum("vw,v,w->vw", table, noise[:, b], noise[:, other])
    rows = np.stack([table @ noise[:, other], law.sum(axis=1)])
    return rows / rows.sum(axis=1, keepdims=True)


def my_convert(p0: torch.Tensor, b: int, alpha: float, wanted: str) -> torch.Tensor:
    factor = 1 + alpha * len(p0) / (1 - alpha)
    p0 = p0.clone()
    p0[b] *= factor if wanted == "posterior" else 1 / factor
    return p0 / p0.sum()


@dataclass(frozen=True)
class Still(Schedule):
    """One signal and one slope at every time."""

    signal: float = 0.5
    slope: float = -1.0

    def alpha(self, t: Level) -> torch.Tensor:
        return torch.full_like(torch.as_tensor(t), self.signal)

    def alpha_prime(self, t: Level) -> torch.Tensor:
        return torch.full_like(torch.as_tensor(t), self.slope)

    def _inverse(self, alpha: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


def cost(p0: torch.Tensor, v: int, b: int, alpha: float, alpha_prime: float) -> float:
    """Return N_t for one token, as the package has it."""
    noise = UniformNoise(len(p0), Still(signal=alpha, slope=alpha_prime))
    log_p0, t = p0.log()[None, None], torch.tensor(0.5, dtype=torch.float64)
    return noise.nelbo(log_p0, torch.tensor([[v]]), torch.tensor([[b]]), t).item()


def costs(p: torch.Tensor, alpha: float, alpha_prime: float) -> torch.Tensor:
    """Return [full minus cavity, full], each a mean over x_0 and x_t."""
    V, total = len(p), torch.zeros(2, dtype=torch.float64)
    for v in range(V):
        for b in range(V):
            weight = p[v] * (alpha * (v == b) + (1 - alpha) / V)
            full, cavity = (cost(p0, v, b, alpha, alpha_prime) for p0 in (my_convert(p, b, alpha, "posterior"), p))
            total += weight * torch.tensor([full - cavity, full])
    return total


def price_of_wrong_form(p: torch.Tensor, alpha: float, alpha_prime: float) -> torch.Tensor:
    return costs(p, alpha, alpha_prime)[0]


REFERENCE: list[tuple[str, Callable[..., Any]]] = [
    ("both_posteriors", both_posteriors),
    ("both_posteriors", by_loops),
    ("both_posteriors", in_numpy),
    ("my_convert", my_convert),
    ("price_of_wrong_form", price_of_wrong_form),
]


def test_float32_solutions_pass_too() -> None:
    assert cavity.my_convert(lambda p, *rest: my_convert(p.float(), *rest)).passed
    assert cavity.both_posteriors(lambda joint, *rest: both_posteriors(joint.float(), *rest)).passed


def test_a_conversion_in_place_passes_and_hears_of_it() -> None:
    def in_place(p0: torch.Tensor, b: int, alpha: float, wanted: str) -> torch.Tensor:
        factor = 1 + alpha * len(p0) / (1 - alpha)
        p0[b] *= factor if wanted == "posterior" else 1 / factor
        return p0 / p0.sum()

    result = cavity.my_convert(in_place)
    assert result.passed and "p0.clone()" in result.message
    assert "clone" not in cavity.my_convert(my_convert).message


def test_an_untouched_pair_is_not_attempted() -> None:
    assert cavity.both_posteriors(lambda *a: ...).passed is None


def takes_it_as_clean(joint: torch.Tensor, b: int, other: int, alpha: float) -> torch.Tensor:
    noise = alpha * torch.eye(len(joint), dtype=joint.dtype) + (1 - alpha) / len(joint)
    rows = torch.stack([joint[:, other], joint[:, other] * noise[:, b]])
    return rows / rows.sum(dim=1, keepdim=True)


def wrong_full(joint: torch.Tensor, b: int, other: int, alpha: float) -> torch.Tensor:
    found = both_posteriors(joint, b, other, alpha)
    found[1] = torch.eye(len(joint))[b]
    return found


def not_divided(joint: torch.Tensor, b: int, other: int, alpha: float) -> torch.Tensor:
    noise = alpha * torch.eye(len(joint), dtype=joint.dtype) + (1 - alpha) / len(joint)
    return torch.stack([joint @ noise[:, other], joint @ noise[:, other] * noise[:, b]])


def forgets_to_normalize(p0: torch.Tensor, b: int, alpha: float, wanted: str) -> torch.Tensor:
    p0[b] *= 1 + alpha * len(p0) / (1 - alpha) if wanted == "posterior" else (1 - alpha) / (1 - alpha + alpha * len(p0))
    return p0


def forgets_the_redraw(p0: torch.Tensor, b: int, alpha: float, wanted: str) -> torch.Tensor:
    p0[b] *= alpha / (1 - alpha) if wanted == "posterior" else (1 - alpha) / alpha
    return p0 / p0.sum()


def unweighted(p: torch.Tensor, alpha: float, alpha_prime: float) -> float:
    V, total = len(p), 0.0
    for v in range(V):
        for b in range(V):
            for sign, p0 in ((1, my_convert(p, b, alpha, "posterior")), (-1, p)):
                total += sign * cost(p0, v, b, alpha, alpha_prime)
    return total / V**2


def test_the_cost_of_the_checks_is_that_of_the_package() -> None:
    generator = torch.Generator().manual_seed(0)
    for V, alpha, alpha_prime in ((3, 0.2, -1.0), (5, 0.9, -0.3)):
        p0 = torch.rand(V, generator=generator, dtype=torch.float64).softmax(dim=0)
        for v, b in itertools.product(range(V), repeat=2):
            found = integrand(p0, torch.tensor(v), torch.tensor(b), alpha, alpha_prime)
            assert float(found) == pytest.approx(cost(p0, v, b, alpha, alpha_prime), rel=1e-9)


def test_the_nelbo_of_the_wrong_form_passes() -> None:
    assert cavity.wrong_form_nelbo(torch.tensor([2.323])).passed is True
    assert cavity.wrong_form_nelbo(...).passed is None


WRONG = [
    ("both_posteriors", lambda *a: both_posteriors(*a).flip(0), "other order"),
    ("both_posteriors", lambda *a: both_posteriors(*a)[[0, 0]], "Both of your answers are the cavity"),
    ("both_posteriors", lambda *a: both_posteriors(*a)[[1, 1]], "Both of your answers are the full"),
    ("both_posteriors", takes_it_as_clean, "as if it were clean"),
    ("both_posteriors", lambda j, *rest: both_posteriors(j.T, *rest), "Rows and columns"),
    ("both_posteriors", lambda j, b, o, alpha: both_posteriors(j.T, o, b, alpha), "Rows and columns"),
    ("both_posteriors", wrong_full, "The cavity posterior is right"),
    ("both_posteriors", not_divided, "Divide by their sum"),
    ("both_posteriors", lambda j, *rest: torch.full((2, len(j)), 1 / len(j)), "Sum joint[v, w]"),
    ("both_posteriors", lambda *a: both_posteriors(*a)[0], "shape"),
    (
        "my_convert",
        lambda p, b, a, to: my_convert(p, b, a, "cavity" if to == "posterior" else "posterior"),
        "wrong way",
    ),
    ("my_convert", lambda p, b, a, wanted: my_convert(p, b, a, "posterior"), "wrong way"),
    ("my_convert", forgets_to_normalize, "Divide by their sum"),
    ("my_convert", forgets_the_redraw, "Only entry b"),
    ("price_of_wrong_form", lambda *a: -price_of_wrong_form(*a), "sign"),
    ("price_of_wrong_form", lambda *a: costs(*a)[1], "Subtract"),
    ("price_of_wrong_form", unweighted, "V^2"),
    ("price_of_wrong_form", lambda *a: 0.0, "You return 0, but it should be"),
    ("wrong_form_nelbo", 1.5275, "cavity posterior"),
    ("wrong_form_nelbo", 2.1972, "knowing nothing. The full"),
    ("wrong_form_nelbo", 2.3227 / 2, "per token"),
    ("wrong_form_nelbo", 2.3227 - 1.5275, "the price"),
    ("wrong_form_nelbo", 3.0, "above knowing nothing"),
    ("wrong_form_nelbo", "more", "a number"),
]
test_right_answers, test_mistakes = told(cavity, REFERENCE, WRONG)

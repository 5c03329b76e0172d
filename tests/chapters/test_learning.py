"""The checks of the chapter accept the reference solutions and explain plausible mistakes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from told import told

from uddm_mini import UniformNoise
from uddm_mini.chapters import learning
from uddm_mini.chapters.learning_costs import integrand
from uddm_mini.noise.schedules import Level, Schedule

# --- reference solutions, as on the solutions page --------------------------------------------------------------------


def jump_rates(p0: torch.Tensor, b: int, alpha: float, alpha_prime: float) -> torch.Tensor:
    V = len(p0)
    u = alpha * V * p0 + 1 - alpha
    rates = -alpha_prime / (alpha * V) * u / u[b]
    rates[b] = 0
    return rates


def uniform_guess(V: int, alpha: float, alpha_prime: float) -> tuple[float, float]:
    ratio = (1 - alpha + alpha * V) / (1 - alpha)
    scale = -alpha_prime / (alpha * V)
    unchanged = (V - 1) * (1 - 1 / ratio - math.log(ratio) / ratio)
    changed = 1 - ratio + ratio * math.log(ratio)
    return scale * unchanged, scale * changed


def my_convert(p0: torch.Tensor, b: int, alpha: float, wanted: str) -> torch.Tensor:
    factor = 1 + alpha * len(p0) / (1 - alpha)
    p0 = p0.clone()
    p0[b] *= factor if wanted == "posterior" else 1 / factor
    return p0 / p0.sum()


def spread_times(n: int, generator: torch.Generator) -> torch.Tensor:
    return (torch.rand(1, generator=generator) + torch.arange(n) / n) % 1


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


REFERENCE: list[Callable[..., Any]] = [jump_rates, uniform_guess, my_convert, spread_times, price_of_wrong_form]


def test_float32_solutions_pass_too() -> None:
    assert learning.jump_rates(lambda p, *rest: jump_rates(p.float(), *rest)).passed
    assert learning.my_convert(lambda p, *rest: my_convert(p.float(), *rest)).passed


def keeps_b(p0: torch.Tensor, b: int, alpha: float, alpha_prime: float) -> torch.Tensor:
    u = alpha * len(p0) * p0 + 1 - alpha
    return -alpha_prime / (alpha * len(p0)) * u / u[b]


def upside_down(p0: torch.Tensor, b: int, alpha: float, alpha_prime: float) -> torch.Tensor:
    u = alpha * len(p0) * p0 + 1 - alpha
    return -alpha_prime / (alpha * len(p0)) * u[b] / u


def bare_probabilities(p0: torch.Tensor, b: int, alpha: float, alpha_prime: float) -> torch.Tensor:
    return -alpha_prime / (alpha * len(p0)) * p0 / p0[b]


def all_equal(p0: torch.Tensor, b: int, alpha: float, alpha_prime: float) -> torch.Tensor:
    return torch.ones(len(p0))


def test_uniform_guess_costs_ln_v_in_all() -> None:
    """The praise says so: integrate over t with the chance of being unchanged (midpoint rule, error about 1e-4)."""
    V, n, total = 5, 20_000, 0.0
    for k in range(n):
        alpha = 1 - (1 - 1e-3) * (k + 0.5) / n
        unchanged, changed = uniform_guess(V, alpha, -(1 - 1e-3))
        same = alpha + (1 - alpha) / V
        total += (same * unchanged + (1 - same) * changed) / n
    assert total == pytest.approx(math.log(V), abs=1e-3)


def forgets_to_normalize(p0: torch.Tensor, b: int, alpha: float, wanted: str) -> torch.Tensor:
    p0[b] *= 1 + alpha * len(p0) / (1 - alpha) if wanted == "posterior" else (1 - alpha) / (1 - alpha + alpha * len(p0))
    return p0


def forgets_the_redraw(p0: torch.Tensor, b: int, alpha: float, wanted: str) -> torch.Tensor:
    p0[b] *= alpha / (1 - alpha) if wanted == "posterior" else (1 - alpha) / alpha
    return p0 / p0.sum()


def test_spread_times_accepts_an_offset_for_each_interval() -> None:
    assert learning.spread_times(lambda n, g: (torch.arange(n) + torch.rand(n, generator=g)) / n).passed
    assert learning.spread_times(lambda n, g: spread_times(n, g)[torch.randperm(n, generator=g)]).passed


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


def spread_of_mean(draw: Callable[[], torch.Tensor]) -> float:
    return float(torch.stack([draw().sqrt().mean() for _ in range(2000)]).std())


def test_the_shrinkage_is_that_of_the_readers_own_function() -> None:
    g = torch.Generator().manual_seed(3)
    independent = spread_of_mean(lambda: torch.rand(64, generator=g))

    def one_each(n: int, generator: torch.Generator) -> torch.Tensor:
        return (torch.arange(n) + torch.rand(n, generator=generator)) / n

    for draw in (spread_times, one_each):
        spread = spread_of_mean(lambda draw=draw: draw(64, g))
        for answer, says in (
            (independent / spread, "Right"),
            (spread / independent, "other way round"),
            ((independent / spread) ** 2, "variances"),
            (2.0, "it shrinks with your function"),
        ):
            result = learning.shrinkage(draw, answer)
            assert says in result.message and result.passed is (says == "Right"), result.message
    assert "one of the two" in learning.shrinkage(spread_times, independent).message
    assert learning.shrinkage(spread_times, ...).passed is None
    assert learning.shrinkage(lambda n, g: ..., 7).passed is None


def test_the_nelbo_of_the_wrong_form_passes() -> None:
    assert learning.wrong_form_nelbo(torch.tensor([2.323])).passed is True
    assert learning.wrong_form_nelbo(...).passed is None


WRONG = [
    ("jump_rates", lambda *a: -jump_rates(*a), "negative"),
    ("jump_rates", lambda *a: jump_rates(*a) * len(a[0]), "V times too large"),
    ("jump_rates", keeps_b, "should be 0"),
    ("jump_rates", upside_down, "upside down"),
    ("jump_rates", bare_probabilities, "p0(a) / p0(b)"),
    ("jump_rates", all_equal, "the same to every word"),
    ("uniform_guess", lambda *a: uniform_guess(*a)[::-1], "other order"),
    ("uniform_guess", lambda *a: tuple(-v for v in uniform_guess(*a)), "negative"),
    (
        "uniform_guess",
        lambda V, a, slope: tuple(v * a * V / -slope for v in uniform_guess(V, a, slope)),
        "brackets",
    ),
    ("uniform_guess", lambda *a: (uniform_guess(*a)[0] / (a[0] - 1), uniform_guess(*a)[1]), "unchanged is not"),
    ("uniform_guess", lambda *a: (uniform_guess(*a)[0], 0.0), "changed is not"),
    ("uniform_guess", lambda *a: (0.0, 0.0), "should be"),
    (
        "my_convert",
        lambda p, b, a, to: my_convert(p, b, a, "cavity" if to == "posterior" else "posterior"),
        "wrong way",
    ),
    ("my_convert", lambda p, b, a, wanted: my_convert(p, b, a, "posterior"), "wrong way"),
    ("my_convert", forgets_to_normalize, "Divide by their sum"),
    ("my_convert", forgets_the_redraw, "Only entry b"),
    ("spread_times", lambda n, g: torch.rand(n, generator=g), "exactly one"),
    ("spread_times", lambda n, g: (torch.arange(n) + 0.5) / n, "never change"),
    ("spread_times", lambda n, g: torch.rand(1, generator=g) + torch.arange(n) / n, "outside"),
    ("spread_times", lambda n, g: (torch.rand(1) + torch.arange(n) / n) % 1 + 0 * torch.rand(1, generator=g), ""),
    ("spread_times", lambda n, g: (torch.arange(n) + 0.1 * torch.rand(n, generator=g)) / n, "too little"),
    ("spread_times", lambda n, g: torch.arange(n) / n, "never change"),
    ("spread_times", lambda n, g: spread_times(16, g)[:n], "each fifth"),
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
test_right_answers, test_mistakes = told(learning, [(solution.__name__, solution) for solution in REFERENCE], WRONG)

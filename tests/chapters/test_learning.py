"""The checks of the chapter accept the reference solutions and explain plausible mistakes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch

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


@pytest.mark.parametrize("solution", REFERENCE, ids=lambda f: f.__name__)
def test_reference_passes(solution: Callable[..., Any]) -> None:
    result = getattr(learning, solution.__name__)(solution)
    assert result.passed is True, result


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


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda *a: -jump_rates(*a), "negative"),
        (lambda *a: jump_rates(*a) * len(a[0]), "V times too large"),
        (keeps_b, "should be 0"),
        (upside_down, "upside down"),
        (bare_probabilities, "p0(a) / p0(b)"),
        (all_equal, "Go through u(a)"),
    ],
)
def test_jump_rates_explains(mistake: Callable[..., Any], says: str) -> None:
    result = learning.jump_rates(mistake)
    assert result.passed is False
    assert says in result.message


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda *a: uniform_guess(*a)[::-1], "other order"),
        (lambda *a: tuple(-v for v in uniform_guess(*a)), "negative"),
        (lambda V, alpha, slope: tuple(v * alpha * V / -slope for v in uniform_guess(V, alpha, slope)), "brackets"),
        (lambda *a: (uniform_guess(*a)[0] / (a[0] - 1), uniform_guess(*a)[1]), "unchanged is not"),
        (lambda *a: (uniform_guess(*a)[0], 0.0), "changed is not"),
        (lambda *a: (0.0, 0.0), "should be"),
    ],
)
def test_uniform_guess_explains(mistake: Callable[..., Any], says: str) -> None:
    result = learning.uniform_guess(mistake)
    assert result.passed is False
    assert says in result.message


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


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda p, b, a, wanted: my_convert(p, b, a, "cavity" if wanted == "posterior" else "posterior"), "wrong way"),
        (lambda p, b, a, wanted: my_convert(p, b, a, "posterior"), "wrong way"),
        (forgets_to_normalize, "Divide by their sum"),
        (forgets_the_redraw, "Only entry b"),
    ],
)
def test_my_convert_explains(mistake: Callable[..., Any], says: str) -> None:
    result = learning.my_convert(mistake)
    assert result.passed is False
    assert says in result.message


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda n, g: torch.rand(n, generator=g), "exactly one"),
        (lambda n, g: (torch.arange(n) + 0.5) / n, "never change"),
        (lambda n, g: torch.rand(1, generator=g) + torch.arange(n) / n, "outside"),
        (lambda n, g: (torch.rand(1) + torch.arange(n) / n) % 1 + 0 * torch.rand(1, generator=g), None),
        (lambda n, g: (torch.arange(n) + 0.1 * torch.rand(n, generator=g)) / n, "too little"),
        (lambda n, g: torch.arange(n) / n, "never change"),
        (lambda n, g: spread_times(16, g)[:n], "each fifth"),
    ],
)
def test_spread_times_explains(mistake: Callable[..., Any], says: str | None) -> None:
    result = learning.spread_times(mistake)
    assert result.passed is False
    assert says is None or says in result.message


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


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda *a: -price_of_wrong_form(*a), "sign"),
        (lambda *a: costs(*a)[1], "Subtract"),
        (unweighted, "V^2"),
        (lambda *a: 0.0, "You return 0, but it should be"),
    ],
)
def test_price_of_wrong_form_explains(mistake: Callable[..., Any], says: str) -> None:
    result = learning.price_of_wrong_form(mistake)
    assert result.passed is False
    assert says in result.message


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


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (1.5275, "cavity posterior"),
        (2.1972, "knowing nothing. The full"),
        (2.3227 / 2, "per token"),
        (2.3227 - 1.5275, "the price"),
        (3.0, "above knowing nothing"),
        ("more", "a number"),
    ],
)
def test_the_nelbo_of_the_wrong_form_explains(answer: float | str, says: str) -> None:
    result = learning.wrong_form_nelbo(answer)
    assert result.passed is False and says in result.message, result.message


def test_the_nelbo_of_the_wrong_form_passes() -> None:
    assert learning.wrong_form_nelbo(torch.tensor([2.323])).passed is True
    assert learning.wrong_form_nelbo(...).passed is None

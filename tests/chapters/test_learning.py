"""The checks of the chapter accept the reference solutions and explain plausible mistakes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from told import told

from uddm_mini import UniformNoise
from uddm_mini.chapters import learning

# --- reference solutions, as on the solutions page --------------------------------------------------------------------


def laws(p0: Any, v: int, b: int, alpha_s: float, alpha_t: float, second: float = 1.0) -> list[list[float]]:
    """Return the true step back and the model's, in plain Python; `second` scales the noise of the second column."""
    V, kept, both = len(p0), alpha_t / alpha_s, []
    for clean in ([float(a == v) for a in range(V)], [float(p) for p in p0]):
        products = [
            (alpha_s * clean[a] + second * (1 - alpha_s) / V) * (kept * (a == b) + (1 - kept) / V) for a in range(V)
        ]
        both.append([x / sum(products) for x in products])
    return both


def kl(q: list[float], p: list[float]) -> float:
    return sum(x * math.log(x / y) for x, y in zip(q, p, strict=True))


def step_price(p0: Any, v: int, b: int, alpha_s: float, alpha_t: float) -> float:
    return kl(*laws(p0, v, b, alpha_s, alpha_t))


def by_the_package(p0: torch.Tensor, v: int, b: int, alpha_s: float, alpha_t: float) -> torch.Tensor:
    noise = UniformNoise(len(p0))
    s, t = noise.time_of(alpha_s), noise.time_of(alpha_t)
    both = torch.stack([torch.eye(len(p0), dtype=torch.float64)[v], p0.double()])[:, None]
    true, model = noise.reverse_step(both, torch.full((2, 1), b), s, t)[:, 0]
    return torch.nn.functional.kl_div(model.log(), true, reduction="sum")


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


def spread_times(n: int, generator: torch.Generator) -> torch.Tensor:
    return (torch.rand(1, generator=generator) + torch.arange(n) / n) % 1


REFERENCE: list[tuple[str, Callable[..., Any]]] = [
    ("step_price", step_price),
    ("step_price", by_the_package),
    ("jump_rates", jump_rates),
    ("uniform_guess", uniform_guess),
    ("spread_times", spread_times),
]


def test_float32_solutions_pass_too() -> None:
    assert learning.jump_rates(lambda p, *rest: jump_rates(p.float(), *rest)).passed
    assert learning.step_price(lambda p, *rest: by_the_package(p.float(), *rest).float()).passed


def test_an_untouched_step_is_not_attempted() -> None:
    assert learning.step_price(lambda *a: ...).passed is None


def second_columns(p0: Any, v: int, b: int, alpha_s: float, alpha_t: float) -> float:
    V = len(p0)
    true, model = ([alpha_s * float(p) + (1 - alpha_s) / V for p in law] for law in (torch.eye(V)[v], p0))
    return kl(true, model)


def bare_prediction(p0: Any, v: int, b: int, alpha_s: float, alpha_t: float) -> float:
    V, kept = len(p0), alpha_t / alpha_s
    model = [float(p0[a]) * (kept * (a == b) + (1 - kept) / V) for a in range(V)]
    return kl(laws(p0, v, b, alpha_s, alpha_t)[0], [x / sum(model) for x in model])


def from_clean_text(p0: Any, v: int, b: int, alpha_s: float, alpha_t: float) -> float:
    """Take alpha_t as the chance to be kept from s to t."""
    V, both = len(p0), []
    for clean in ([float(a == v) for a in range(V)], [float(p) for p in p0]):
        x = [(alpha_s * clean[a] + (1 - alpha_s) / V) * (alpha_t * (a == b) + (1 - alpha_t) / V) for a in range(V)]
        both.append([y / sum(x) for y in x])
    return kl(*both)


def not_normalised(p0: Any, v: int, b: int, alpha_s: float, alpha_t: float) -> float:
    V, kept, both = len(p0), alpha_t / alpha_s, []
    for clean in ([float(a == v) for a in range(V)], [float(p) for p in p0]):
        both.append([(alpha_s * clean[a] + (1 - alpha_s) / V) * (kept * (a == b) + (1 - kept) / V) for a in range(V)])
    return kl(*both)


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


def test_spread_times_accepts_an_offset_for_each_interval() -> None:
    assert learning.spread_times(lambda n, g: (torch.arange(n) + torch.rand(n, generator=g)) / n).passed
    assert learning.spread_times(lambda n, g: spread_times(n, g)[torch.randperm(n, generator=g)]).passed


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


WRONG = [
    ("step_price", lambda *a: -step_price(*a), "never negative"),
    ("step_price", lambda *a: step_price(*a) / math.log(2), "bits"),
    ("step_price", lambda *a: kl(*laws(*a)[::-1]), "KL(p || q)"),
    ("step_price", bare_prediction, "p0(a) alone"),
    ("step_price", from_clean_text, "From s to t a word is kept"),
    ("step_price", second_columns, "You compare the second columns"),
    ("step_price", not_normalised, "divide the products by their sums"),
    ("step_price", lambda *a: kl(*laws(*a, second=0.5)), "Write down the table"),
    ("step_price", lambda *a: 0.2107, "You return 0.2107, but it should be"),
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
    ("spread_times", lambda n, g: torch.rand(n, generator=g), "exactly one"),
    ("spread_times", lambda n, g: (torch.arange(n) + 0.5) / n, "never change"),
    ("spread_times", lambda n, g: torch.rand(1, generator=g) + torch.arange(n) / n, "outside"),
    ("spread_times", lambda n, g: (torch.rand(1) + torch.arange(n) / n) % 1 + 0 * torch.rand(1, generator=g), ""),
    ("spread_times", lambda n, g: (torch.arange(n) + 0.1 * torch.rand(n, generator=g)) / n, "too little"),
    ("spread_times", lambda n, g: torch.arange(n) / n, "never change"),
    ("spread_times", lambda n, g: spread_times(16, g)[:n], "each fifth"),
]
test_right_answers, test_mistakes = told(learning, REFERENCE, WRONG)

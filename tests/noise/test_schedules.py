"""Schedules: the signal from its definition, its slope by differences, and its inverse."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import signal

from uddm_mini import Cosine, Exponential, Linear, LogLinear
from uddm_mini.noise import SCHEDULES

EXACT = dict(rtol=1e-12, atol=1e-12)
EPSILONS = (1e-3, 1e-5, 0.2)
each_schedule = pytest.mark.parametrize("name", SCHEDULES)
each_epsilon = pytest.mark.parametrize("epsilon", EPSILONS)
TIMES = torch.linspace(0, 1, 101, dtype=torch.float64)


def test_the_schedules_go_by_these_names():
    assert dict(SCHEDULES.items()) == {"linear": Linear, "cosine": Cosine, "exponential": Exponential}


@each_schedule
@each_epsilon
def test_signal_falls_from_one_to_epsilon(name, epsilon):
    alpha = SCHEDULES[name](epsilon).alpha(TIMES)
    torch.testing.assert_close(alpha, signal(TIMES, name, epsilon), **EXACT)
    assert alpha[0].item() == 1
    assert abs(alpha[-1].item() - epsilon) < 1e-15
    assert bool((alpha.diff() < 0).all()), "time runs from text to noise"


@each_schedule
def test_a_thousandth_of_the_signal_is_left_unless_told_otherwise(name):
    assert float(SCHEDULES[name]().alpha(1.0)) == pytest.approx(1e-3, abs=1e-15)


@each_schedule
@each_epsilon
def test_the_slope_is_that_of_small_differences_and_of_autograd(name, epsilon):
    schedule, h = SCHEDULES[name](epsilon), 1e-5
    inside = TIMES[1:-1]
    differences = (schedule.alpha(inside + h) - schedule.alpha(inside - h)) / (2 * h)
    # the third derivative, at most (ln 1e5)^3 = 1500 here, times h^2 / 6; and 1e-16 / h of rounding
    torch.testing.assert_close(schedule.alpha_prime(inside), differences, rtol=0, atol=1e-7)
    t = TIMES.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(schedule.alpha(t).sum(), t)
    torch.testing.assert_close(schedule.alpha_prime(TIMES), slope, rtol=1e-10, atol=1e-10)


@each_schedule
@each_epsilon
def test_the_inverse_goes_back_and_forth(name, epsilon):
    schedule = SCHEDULES[name](epsilon)
    there = schedule.alpha(schedule.time_of(torch.linspace(epsilon, 1, 101, dtype=torch.float64)))
    torch.testing.assert_close(there, torch.linspace(epsilon, 1, 101, dtype=torch.float64), **EXACT)
    # at its flat ends the cosine tells only half of the digits of t
    torch.testing.assert_close(schedule.time_of(schedule.alpha(TIMES)), TIMES, rtol=0, atol=1e-7)


@each_schedule
@each_epsilon
def test_more_signal_than_all_of_it_is_time_zero_and_less_than_epsilon_time_one(name, epsilon):
    schedule = SCHEDULES[name](epsilon)
    assert schedule.time_of(torch.tensor([2.0, 1.0 + 1e-6, 1.0])).tolist() == [0.0, 0.0, 0.0]
    assert schedule.time_of(torch.tensor([epsilon / 2, 0.0, -0.3])).tolist() == [1.0, 1.0, 1.0]
    assert float(schedule.time_of(epsilon)) == 1


@each_schedule
@pytest.mark.parametrize("function", ["alpha", "alpha_prime", "time_of"])
def test_a_number_counts_as_float64_and_a_tensor_keeps_its_type_and_shape(name, function):
    call = getattr(SCHEDULES[name](), function)
    number = call(0.3)
    assert number.dtype == torch.float64 and number.shape == ()
    torch.testing.assert_close(number, call(torch.tensor(0.3, dtype=torch.float64)), rtol=0, atol=0)
    for dtype in (torch.float32, torch.float64):
        for shape in ((), (3,), (2, 1)):
            out = call(torch.full(shape, 0.3, dtype=dtype))
            assert out.dtype == dtype and out.shape == shape
            torch.testing.assert_close(out, number.to(dtype).expand(shape))  # to the digits of the type
    torch.testing.assert_close(call(1), call(1.0), rtol=0, atol=0)


def test_exponential_noise_sigma_grows_in_proportion_to_t():
    sigma = -Exponential(0.01).alpha(TIMES).log()
    torch.testing.assert_close(sigma, math.log(100) * TIMES, **EXACT)


@each_epsilon
def test_log_linear_is_another_name_of_linear(epsilon):
    mine, theirs = LogLinear(epsilon), Linear(epsilon)
    assert torch.equal(mine.alpha(TIMES), theirs.alpha(TIMES))
    assert torch.equal(mine.alpha_prime(TIMES), theirs.alpha_prime(TIMES))
    assert torch.equal(mine.time_of(TIMES), theirs.time_of(TIMES))
    # as SEDD writes it: sigma(t) = -log(1 - (1 - epsilon) t)
    torch.testing.assert_close(-mine.alpha(TIMES).log(), -torch.log1p(-(1 - epsilon) * TIMES), **EXACT)


@each_schedule
def test_schedules_are_equal_if_their_kind_and_epsilon_are(name):
    kind = SCHEDULES[name]
    assert kind(0.01) == kind(0.01) and kind(0.01) != kind(0.02)
    assert all(kind() != other() for other in SCHEDULES.values() if other is not kind)


@each_schedule
@pytest.mark.parametrize("epsilon", [0.0, 1.0, -0.1, 2.0, float("nan")])
def test_an_epsilon_that_cannot_be_is_named(name, epsilon):
    with pytest.raises(ValueError, match=rf"epsilon, the signal at t = 1, lies between 0 and 1.*it is {epsilon}"):
        SCHEDULES[name](epsilon)

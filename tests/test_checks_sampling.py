"""The checks of chapter 7 on right answers, plausible wrong ones, stubs and crashes."""

from __future__ import annotations

import pytest
import torch

from uddm_mini.teaching.checks import sampling


def table(a, v):
    return a * torch.eye(v, dtype=torch.float64) + (1 - a) / v


def average(full, b, s, t):
    steps = table(t / s, len(full))[:, b] * table(s, len(full))
    return full @ (steps / steps.sum(dim=1, keepdim=True))


def plug_in(p0, b, s, t):
    step = table(t / s, len(p0))[:, b] * (p0 @ table(s, len(p0)))
    return step / step.sum()


def is_new(samples, train):
    seen = {tuple(row) for row in train.tolist()}
    return torch.tensor([tuple(row) not in seen for row in samples.tolist()])


def new(samples, train, log_prob):
    return (is_new(samples, train) & log_prob(samples).isfinite()).double().mean()


def with_new_words(samples, train, log_prob):
    return (~torch.isin(samples, train).all(dim=1) & log_prob(samples).isfinite()).double().mean()


def rates(p0, b, a, da, keep=False, scale=1.0):
    u = a * len(p0) * p0 + 1 - a
    out = scale * -da / (a * len(p0)) * u / u[b]
    if not keep:
        out[b] = 0
    return out


def upside_down(p0, b, a, da):
    u = a * len(p0) * p0 + 1 - a
    return -da / (a * len(p0)) * u[b] / u


RIGHT = {
    "can_greedy_move": lambda s, t: s * (s - t) > t * (1 - s),
    "average_step": average,
    "new_fraction": new,
    "jump_rates": rates,
}

WRONG = [
    ("can_greedy_move", lambda s, t: True, "still the most probable"),
    ("can_greedy_move", lambda s, t: False, "certain denoiser moves"),
    ("can_greedy_move", lambda s, t: s > 0.5, "certain"),
    ("can_greedy_move", lambda s, t: s - t > 1 - s, "certain denoiser moves"),
    ("can_greedy_move", lambda s, t: "yes", "True or False"),
    ("average_step", plug_in, "twice"),
    ("average_step", lambda full, b, s, t: full @ table(s, len(full)), "the step itself"),
    ("average_step", lambda full, b, s, t: full @ (table(t / s, len(full))[:, b] * table(s, len(full))), "on its own"),
    ("average_step", lambda full, b, s, t: 2 * average(full, b, s, t), "add up to"),
    ("average_step", lambda full, b, s, t: full, "Build q(b | a)"),
    ("average_step", lambda full, b, s, t: 1.0, "shape"),
    ("new_fraction", lambda x, train, f: is_new(x, train).double().mean(), "ungrammatical"),
    ("new_fraction", lambda x, train, f: f(x).isfinite().double().mean(), "not new"),
    ("new_fraction", lambda x, train, f: is_new(x, train)[f(x).isfinite()].double().mean(), "all samples"),
    ("new_fraction", lambda x, train, f: new(torch.unique(x, dim=0), train, f), "sampled twice"),
    ("new_fraction", with_new_words, "too few"),
    ("new_fraction", lambda x, train, f: 4 / 11, "should give 0"),
    ("new_fraction", lambda x, train, f: new(x, train, f) or float("nan"), "should give 0"),
    ("new_fraction", lambda x, train, f: 1.0, "4 of 11"),
    ("jump_rates", lambda p0, b, a, da: rates(p0, b, a, da, keep=True), "no jump"),
    ("jump_rates", lambda p0, b, a, da: -rates(p0, b, a, da), "negative"),
    ("jump_rates", lambda p0, b, a, da: rates(p0, b, a, da, scale=len(p0)), "factor V"),
    ("jump_rates", lambda p0, b, a, da: rates(p0, b, a, da, scale=a), "factor alpha"),
    ("jump_rates", upside_down, "upside down"),
    ("jump_rates", lambda p0, b, a, da: p0, "should be"),
]


def stub(*args): ...


def crash(*args):
    raise RuntimeError("lost")


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes_and_is_told_why(name):
    result = getattr(sampling, name)(RIGHT[name])
    assert result.passed is True and result.message.startswith("Right."), result.message


@pytest.mark.parametrize(("name", "answer", "message"), WRONG)
def test_a_wrong_answer_fails_with_the_message_that_fits(name, answer, message):
    result = getattr(sampling, name)(answer)
    assert result.passed is False and message in result.message, result.message


@pytest.mark.parametrize("name", RIGHT)
def test_a_stub_was_not_attempted_and_a_crash_is_named(name):
    assert getattr(sampling, name)(stub).passed is None
    result = getattr(sampling, name)(crash)
    assert result.passed is False and "lost" in result.message

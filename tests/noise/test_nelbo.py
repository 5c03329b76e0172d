"""The NELBO against brute force, against a discretized KL, and against the entropy it must integrate to."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from oracles import (
    bayes_step,
    channels,
    entropy_given_noise,
    jump_divergence,
    kl,
    predictions,
    random_prior,
    sentences,
    signal,
)

from uddm_mini import AbsorbingNoise, UniformNoise, cross_entropy
from uddm_mini.noise import SCHEDULES
from uddm_mini.noise.base import LEAST_NOISE

EXACT = dict(rtol=1e-10, atol=1e-10)
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


def noise_of(vocab: int, schedule: str) -> UniformNoise:
    return UniformNoise(vocab, SCHEDULES[schedule]())


def early(t: float, schedule: str) -> float:
    """Return t, or its fifth, where the exponential schedule has about as much signal left as the others at t."""
    return t / 5 if schedule == "exponential" else t


def random_predictions(shape, generator):
    return (3 * torch.randn(shape, generator=generator, dtype=torch.float64)).log_softmax(dim=-1)


def all_pairs(vocab: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return every (x0, xt) of one token as batches of one-word sentences."""
    pairs = sentences(vocab, 2)
    return pairs[:, :1], pairs[:, 1:]


@each_schedule
@pytest.mark.parametrize("vocab", [2, 3, 7])
def test_nelbo_is_the_divergence_of_the_jump_processes(schedule, vocab, generator):
    noise = noise_of(vocab, schedule)
    x0, xt = all_pairs(vocab)
    log_p0 = random_predictions((len(x0), 1, vocab), generator)
    for t in (0.01, 0.3, 0.8, 1.0):
        times = torch.full((len(x0),), t, dtype=torch.float64)
        alpha, alpha_prime = noise.alpha(times), noise.alpha_prime(times)
        got = noise.nelbo(log_p0, x0, xt, times)
        expected = [
            jump_divergence(log_p0[b, 0].exp(), int(x0[b]), int(xt[b]), float(alpha[b]), float(alpha_prime[b]))
            for b in range(len(x0))
        ]
        torch.testing.assert_close(got[:, 0], torch.tensor(expected, dtype=torch.float64), **EXACT)


@each_schedule
def test_nelbo_is_the_limit_of_the_discrete_time_kl(schedule, generator):
    vocab, t = 4, 0.6
    noise = noise_of(vocab, schedule)
    x0, xt = all_pairs(vocab)
    log_p0 = random_predictions((len(x0), 1, vocab), generator)
    times = torch.full((len(x0),), t, dtype=torch.float64)
    got = noise.nelbo(log_p0, x0, xt, times)[:, 0]

    def rate(dt: float) -> torch.Tensor:
        """KL(q(x_s | x_t, x_0) || q(x_s | x_t, p0)) per unit of time, one step of dt."""
        alphas = float(signal(t - dt, schedule)), float(signal(t, schedule))
        certain = torch.eye(vocab, dtype=torch.float64)
        return torch.stack(
            [
                kl(
                    bayes_step(certain[int(x0[b])], int(xt[b]), *alphas),
                    bayes_step(log_p0[b, 0].exp(), int(xt[b]), *alphas),
                )
                / dt
                for b in range(len(x0))
            ]
        )

    steps = [1e-2 / 2**k for k in range(4)]
    rates = [rate(dt) for dt in steps]
    errors = [float((r - got).abs().max()) for r in rates]
    for coarse, fine in itertools.pairwise(errors):
        assert 1.8 < coarse / fine < 2.2, "half the step, half the error"
    # Romberg: combine the halvings, so that the error is of order dt^4
    table = rates
    for k in range(1, 4):
        table = [(2**k * fine - coarse) / (2**k - 1) for coarse, fine in itertools.pairwise(table)]
    torch.testing.assert_close(table[0], got, rtol=1e-6, atol=1e-6)


@each_schedule
def test_expected_nelbo_of_the_cavity_is_the_growth_of_the_conditional_entropy(schedule):
    # d/dt H(x_0 | x_t) is what a perfect reverse process pays at t, no more and no less: the NELBO is tight
    vocab, length = 3, 2
    prior, x = random_prior(vocab, length), sentences(vocab, length)
    for t in (early(t, schedule) for t in (0.05, 0.4, 0.6)):
        time = torch.tensor(t, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(entropy_given_noise(prior, signal(time, schedule), vocab, length), time)
        paid = {kind: expected_nelbo(prior, x, schedule, t, kind) for kind in ("cavity", "posterior")}
        assert paid["cavity"] == pytest.approx(float(slope), abs=1e-10)
        assert paid["posterior"] > 1.05 * paid["cavity"], "counting a token's own evidence twice costs"


def expected_nelbo(prior, x, schedule, t, kind) -> float:
    """Return the NELBO of a sentence at t, averaged over all x_0 and x_t with their exact probabilities."""
    vocab, length, n = int(x.max()) + 1, x.shape[1], len(x)
    alpha = signal(t, schedule)
    log_p0 = predictions(prior, alpha, vocab, length, kind).log()
    x0, xt = x.repeat_interleave(n, 0), x.repeat(n, 1)
    times = torch.full((n * n,), t, dtype=torch.float64)
    nelbo = noise_of(vocab, schedule).nelbo(log_p0.repeat(n, 1, 1), x0, xt, times).sum(dim=1)
    return float((prior[:, None] * channels(alpha, vocab, length)).reshape(-1) @ nelbo)


@each_schedule
def test_nelbo_integrates_to_the_entropy_that_noise_hides(schedule):
    # over all t: H(x_0 | x_1) nats, and H(x_0 | x_1) + (what x_1 still tells) = H(x_0)
    vocab, length = 2, 2
    prior, x = random_prior(vocab, length), sentences(vocab, length)
    points, weights = gauss_legendre(60)
    # t = u^4 spreads the logarithmic end at t = 0
    total = sum(
        w * 4 * u**3 * expected_nelbo(prior, x, schedule, u**4, "cavity") for u, w in zip(points, weights, strict=True)
    )
    hidden = float(entropy_given_noise(prior, signal(1.0, schedule), vocab, length))
    assert total == pytest.approx(hidden, abs=1e-5)  # below 1 - alpha = 1e-6 the integrand is clipped
    assert hidden == pytest.approx(float(-(prior * prior.log()).sum()), abs=1e-4)


def gauss_legendre(n: int) -> tuple[list[float], list[float]]:
    points, weights = np.polynomial.legendre.leggauss(n)
    return ((points + 1) / 2).tolist(), (weights / 2).tolist()


@each_schedule
def test_nelbo_is_zero_for_the_truth_and_positive_for_everything_else(schedule, generator):
    vocab, noise = 5, noise_of(5, schedule)
    x0, xt = all_pairs(vocab)
    t = torch.rand(len(x0), generator=generator, dtype=torch.float64)
    truth = torch.nn.functional.one_hot(x0, vocab).double().log()
    torch.testing.assert_close(noise.nelbo(truth, x0, xt, t), torch.zeros(len(x0), 1).double(), **EXACT)
    wrong = random_predictions((200, len(x0), 1, vocab), generator)
    for log_p0 in wrong:
        assert bool((noise.nelbo(log_p0, x0, xt, t) > 0).all())


@each_schedule
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nelbo_is_finite_at_both_ends_of_time_whatever_the_prediction(schedule, dtype):
    noise, t = noise_of(3, schedule), torch.tensor([0.0, 1e-8, 1e-4, 1.0], dtype=dtype)
    certain = torch.tensor([0.0, 1.0, 0.0], dtype=dtype).log().expand(4, 1, 3)
    for value in range(3):
        x0 = torch.full((4, 1), value)
        nelbo = noise.nelbo(certain, x0, x0, t)
        assert bool(nelbo.isfinite().all())
        assert bool((nelbo > -1e-3).all())


def test_nelbo_in_float32_agrees_with_float64(generator):
    # the terms reach V / (1 - alpha) = 1e5 at t = 1e-3 and cancel; what is left of float32's 7 digits
    vocab, noise = 100, UniformNoise(100)
    x0 = torch.randint(vocab, (500, 6), generator=generator)
    t = torch.rand(500, generator=generator, dtype=torch.float64).clamp_min(1e-3)
    xt, log_p0 = noise.corrupt(x0, t, generator), random_predictions((500, 6, vocab), generator)
    exact = noise.nelbo(log_p0, x0, xt, t)
    rounded = noise.nelbo(log_p0.float(), x0, xt, t.float())
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded.double(), exact, rtol=1e-3, atol=1e-3)


@each_schedule
def test_gradients_of_both_losses(schedule, generator):
    vocab, noise = 3, noise_of(3, schedule)
    x0, xt = all_pairs(vocab)
    t = torch.linspace(0.05, 1, len(x0), dtype=torch.float64)
    logits = torch.randn(len(x0), 1, vocab, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: noise.nelbo(z.log_softmax(2), x0, xt, t), logits)
    assert torch.autograd.gradcheck(lambda z: cross_entropy(z.log_softmax(2), x0), logits)


def test_cross_entropy_is_minus_the_log_probability_of_the_truth():
    log_p0 = torch.tensor([[[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]]).log()
    got = cross_entropy(log_p0, torch.tensor([[1, 2]]))
    torch.testing.assert_close(got, torch.tensor([[-math.log(0.3), -math.log(0.8)]]))


@pytest.mark.parametrize("schedule", ["linear", "cosine"])  # a third one would take a third longer
def test_free_logits_learn_the_cavity_from_the_nelbo_and_the_posterior_from_cross_entropy(schedule):
    # one logit for every (t, x_t, position, word): what each loss wants when nothing limits the model
    vocab, length, times = 3, 2, (0.2, 0.5, 0.7)
    prior, x, noise = random_prior(vocab, length, seed=1), sentences(vocab, length), noise_of(vocab, schedule)
    n = len(x)
    x0, xt = x.repeat_interleave(n, 0), x.repeat(n, 1)
    weights = [(prior[:, None] * channels(signal(t, schedule), vocab, length)).reshape(-1) for t in times]
    for loss, wanted, other in (("nelbo", "cavity", "posterior"), ("cross_entropy", "posterior", "cavity")):
        logits = torch.zeros(len(times), n, length, vocab, dtype=torch.float64, requires_grad=True)

        def expected_loss(logits=logits, loss=loss) -> torch.Tensor:
            total = torch.zeros((), dtype=torch.float64)
            for k, t in enumerate(times):
                log_p0 = logits[k].log_softmax(dim=2).repeat(n, 1, 1)
                if loss == "nelbo":
                    level = torch.full((n * n,), t, dtype=torch.float64)
                    each = noise.nelbo(log_p0, x0, xt, level)
                else:
                    each = cross_entropy(log_p0, x0)
                total = total + weights[k] @ each.sum(dim=1)
            return total

        minimize(expected_loss, logits)
        for k, t in enumerate(times):
            learned = logits[k].detach().softmax(dim=2)
            truth = predictions(prior, signal(t, schedule), vocab, length, wanted)
            # LBFGS stops at gradients of 1e-8; the flattest direction has a curvature of about 1e-4
            torch.testing.assert_close(learned, truth, rtol=0, atol=1e-4)
            wrong = predictions(prior, signal(t, schedule), vocab, length, other)
            assert float((learned - wrong).abs().max()) > 0.02


def minimize(loss, parameter) -> None:
    optimizer = torch.optim.LBFGS(
        [parameter],
        max_iter=500,
        history_size=50,
        tolerance_grad=1e-8,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)


def test_one_noise_level_may_serve_all_sentences(generator):
    noise = UniformNoise(4)
    x0, xt = all_pairs(4)
    log_p0 = random_predictions((len(x0), 1, 4), generator).float()
    each = noise.nelbo(log_p0, x0, xt, torch.full((len(x0),), 0.3))
    for t in (0.3, torch.tensor(0.3)):
        assert torch.equal(noise.nelbo(log_p0, x0, xt, t), each)
    for bad, message in ((torch.full((2,), 0.3), "one per sentence"), (1.2, "between 0")):
        with pytest.raises(ValueError, match=message):
            noise.nelbo(log_p0, x0, xt, bad)


@pytest.mark.parametrize("noise", [UniformNoise(6), AbsorbingNoise(6), AbsorbingNoise(6, mask=2)])
def test_logits_are_normalized(noise, generator):
    x0 = torch.randint(6, (4, 3), generator=generator)
    t = torch.rand(4, generator=generator, dtype=torch.float64)
    xt, logits = noise.corrupt(x0, t, generator), torch.randn(4, 3, 6, generator=generator, dtype=torch.float64)
    shifted = logits + 50 * torch.randn(4, 3, 1, generator=generator, dtype=torch.float64)
    expected = noise.nelbo(logits.log_softmax(dim=2), x0, xt, t)
    torch.testing.assert_close(noise.nelbo(shifted, x0, xt, t), expected, **EXACT)
    expected = cross_entropy(logits.log_softmax(dim=2), x0)
    torch.testing.assert_close(cross_entropy(shifted, x0), expected, **EXACT)


@pytest.mark.parametrize("vocab", [2, 3, 4, 5, 9])
@pytest.mark.parametrize("t", [0.0, 1e-3, 0.5, 1.0])
def test_the_derivative_is_that_of_the_sum_over_words(vocab, t, generator):
    # autograd through the definition of the docstring: every rate by itself, none of the closed form's shortcuts
    noise = UniformNoise(vocab)
    x0, xt = all_pairs(vocab)
    logits = torch.randn(len(x0), 1, vocab, generator=generator, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(len(x0), 1, generator=generator, dtype=torch.float64)
    time = torch.tensor(t, dtype=torch.float64)
    alpha = noise.alpha(time).clamp_max(1 - LEAST_NOISE)
    u = alpha * vocab * logits.softmax(dim=2) + 1 - alpha
    u0 = alpha * vocab * torch.nn.functional.one_hot(x0, vocab) + 1 - alpha
    r, r0 = (each / each.gather(2, xt[:, :, None]) for each in (u, u0))
    by_hand = (-noise.alpha_prime(time) / (alpha * vocab) * (r - r0 - r0 * (r / r0).log())).sum(dim=2)
    (expected,) = torch.autograd.grad(by_hand, logits, upstream)
    (got,) = torch.autograd.grad(noise.nelbo(logits, x0, xt, time), logits, upstream)
    # at t = 0 the rates are some 1e6, and so is what cancels in the sum by hand
    torch.testing.assert_close(got, expected, rtol=1e-7, atol=1e-10 / max(t, 1e-6))


def test_a_vocabulary_of_a_model_from_elsewhere_overflows_nowhere(generator):
    vocab = 30_522
    noise = UniformNoise(vocab)
    logits = (20 * torch.randn(2, 4, vocab, generator=generator)).requires_grad_()
    x0 = torch.randint(vocab, (2, 4), generator=generator)
    xt = torch.where(torch.tensor([True, False, True, False]), x0, x0.flip(0))
    for t in (0.0, 1e-3, 0.9):
        cost = noise.nelbo(logits, x0, xt, t)
        (slope,) = torch.autograd.grad(cost.sum(), logits)
        exact = noise.nelbo(logits.detach().double(), x0, xt, t)
        torch.testing.assert_close(cost.detach().double(), exact, rtol=1e-3, atol=1e-3 * float(exact.abs().max()))
        assert bool(slope.isfinite().all())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_logits_in_half_precision_are_summed_in_float32(dtype, generator):
    noise, x0 = UniformNoise(102), torch.randint(102, (4, 5), generator=generator)
    t = torch.tensor([1e-3, 0.1, 0.5, 1.0])
    xt = noise.corrupt(x0, t, generator)
    logits = (3 * torch.randn(4, 5, 102, generator=generator)).to(dtype).requires_grad_()
    cost = noise.nelbo(logits, x0, xt, t)
    torch.testing.assert_close(cost, noise.nelbo(logits.detach().float(), x0, xt, t))
    (slope,) = torch.autograd.grad(cost.mean(), logits)
    assert slope.dtype == dtype and bool(slope.isfinite().all())


def test_a_prediction_split_over_four_words_overflows_nowhere():
    # one word of each quarter: the four factors that are multiplied before the logarithm are largest together
    vocab = 40_000
    logits = torch.full((1, 1, vocab), -1e4)
    logits[:, :, vocab // 8 :: vocab // 4] = 0.0
    x0, xt = torch.tensor([[vocab // 8]]), torch.tensor([[1]])
    exact = UniformNoise(vocab).nelbo(logits.double(), x0, xt, 0.0)
    torch.testing.assert_close(UniformNoise(vocab).nelbo(logits, x0, xt, 0.0).double(), exact, rtol=1e-3, atol=0)

"""The forward process and its reversal, against tables over all words and all sentences."""

from __future__ import annotations

import pytest
import torch
from oracles import SCHEDULES, bayes_step, channels, index_of, one_token, predictions, random_prior, sentences, signal

from uddm_mini import UniformNoise, convert
from uddm_mini.process.noise import LEAST_NOISE, own_token_log_odds

EXACT = dict(rtol=1e-10, atol=1e-10)  # float64 sums of at most a few hundred terms
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


@each_schedule
def test_signal_falls_from_one_to_a_thousandth_and_its_derivative_is_right(schedule):
    noise, t = UniformNoise(5, schedule), torch.linspace(0, 1, 101, dtype=torch.float64, requires_grad=True)
    alpha = noise.alpha(t)
    torch.testing.assert_close(alpha, signal(t, schedule), **EXACT)
    assert alpha[0].item() == 1 and abs(alpha[-1].item() - 1e-3) < 1e-15
    assert bool((alpha.diff() < 0).all()), "time runs from text to noise"
    (slope,) = torch.autograd.grad(alpha.sum(), t)
    torch.testing.assert_close(noise.alpha_prime(t), slope, **EXACT)


@each_schedule
@pytest.mark.parametrize("t", [0.1, 0.5, 1.0])
def test_corruption_has_the_forward_marginals_of_all_pairs_of_sentences(schedule, t, generator):
    vocab, length, draws = 3, 2, 100_000
    x0 = torch.tensor([[2, 0]])
    xt = UniformNoise(vocab, schedule).corrupt(x0.expand(draws, -1), t, generator)
    counts = torch.bincount(index_of(xt, vocab), minlength=vocab**length).double()
    expected = draws * channels(signal(t, schedule), vocab, length)[index_of(x0, vocab)[0]]
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    assert chi_squared < 26.1  # 8 degrees of freedom: 1 in 1,000, for a fixed seed


def test_corruption_is_seeded_keeps_text_at_zero_and_takes_a_time_for_each_sentence(generator):
    noise, x0 = UniformNoise(50), torch.randint(50, (400, 6), generator=generator)
    first, second = (noise.corrupt(x0, 0.5, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second) and not torch.equal(first, x0) and first.dtype == torch.int64
    assert torch.equal(noise.corrupt(x0, 0.0, generator), x0)
    xt = noise.corrupt(x0, torch.tensor([0.0, 1.0]).repeat(200), generator)
    assert torch.equal(xt[::2], x0[::2])
    # at t = 1 a token is kept with 0.001 + 0.999 / 50 = 0.021; 1,200 tokens: standard deviation 0.004
    assert float((xt[1::2] == x0[1::2]).double().mean()) < 0.021 + 4 * 0.0042


@each_schedule
def test_likelihood_is_the_column_of_the_channel(schedule):
    vocab, t = 4, torch.tensor([0.003, 0.4, 1.0], dtype=torch.float64)
    xt = torch.tensor([[0, 1, 2], [3, 3, 0], [1, 2, 0]])
    got = UniformNoise(vocab, schedule).likelihood(xt, t)
    assert got.dtype == torch.float64
    for b in range(3):
        torch.testing.assert_close(got[b], one_token(signal(t[b], schedule), vocab)[:, xt[b]].T, **EXACT)


def test_a_number_for_t_is_not_rounded_to_float32():
    got = UniformNoise(4).likelihood(torch.tensor([[0]]), 0.3)
    torch.testing.assert_close(got[0, 0], one_token(signal(0.3, "linear"), 4)[0], **EXACT)


@each_schedule
def test_reverse_step_is_bayes_rule(schedule, generator):
    vocab = 4
    p0 = torch.rand(6, 3, vocab, generator=generator, dtype=torch.float64) ** 4
    p0 = p0 / p0.sum(dim=2, keepdim=True)
    p0[0, 0] = torch.tensor([0.0, 1.0, 0.0, 0.0])  # a certain prediction
    xt = torch.randint(vocab, (6, 3), generator=generator)
    t = torch.tensor([0.1, 0.5, 1.0, 1.0, 0.9, 0.02], dtype=torch.float64)
    s = torch.tensor([0.0, 0.2, 0.0, 0.99, 0.1, 0.01], dtype=torch.float64)
    got = UniformNoise(vocab, schedule).posterior(p0, xt, s, t)
    for b in range(6):
        alphas = float(signal(s[b], schedule)), float(signal(t[b], schedule))
        for i in range(3):
            torch.testing.assert_close(got[b, i], bayes_step(p0[b, i], int(xt[b, i]), *alphas), **EXACT)


@each_schedule
def test_reverse_step_with_the_cavity_is_exact_and_with_the_full_posterior_is_not(schedule):
    # what chapter 7 rests on: the mean prediction may be plugged in only if it did not look at the token
    vocab, length, s, t = 3, 2, 0.3, 0.7
    alpha_s, alpha_t = signal(s, schedule), signal(t, schedule)
    prior, x = random_prior(vocab, length), sentences(vocab, length)
    at_s = prior @ channels(alpha_s, vocab, length)  # q(x_s)
    joint = at_s[:, None] * channels(alpha_t / alpha_s, vocab, length)  # q(x_s, x_t)
    exact = torch.stack(
        [torch.stack([joint[x[:, i] == v].sum(dim=0) for v in range(vocab)], dim=1) for i in range(length)], dim=1
    )
    exact = exact / exact.sum(dim=2, keepdim=True)  # q(x_s_l = v | x_t)
    noise = UniformNoise(vocab, schedule)
    cavity = noise.posterior(predictions(prior, alpha_t, vocab, length, "cavity"), x, s, t)
    full = noise.posterior(predictions(prior, alpha_t, vocab, length, "posterior"), x, s, t)
    torch.testing.assert_close(cavity, exact, **EXACT)
    assert float((full - exact).abs().max()) > 0.01


def test_reverse_step_never_divides_nothing_by_nothing():
    # in float32 alpha(1e-9) is 1, and the prediction rules the present token out
    p0, xt = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[1]])
    for s, t in ((0.0, 1e-9), (0.3, 0.3 + 1e-9)):
        got = UniformNoise(2).posterior(p0, xt, s, t)
        assert bool(got.isfinite().all()) and abs(float(got.sum()) - 1) < 1e-6
    assert UniformNoise(2).posterior(p0, xt, 0.0, 1e-9)[0, 0].tolist() == [1.0, 0.0]


@each_schedule
def test_convert_turns_the_cavity_into_the_full_posterior_and_back(schedule):
    vocab, length, t = 3, 3, 0.6
    prior, x = random_prior(vocab, length), sentences(vocab, length)
    noise = UniformNoise(vocab, schedule)
    table = {
        kind: predictions(prior, signal(t, schedule), vocab, length, kind).log() for kind in ("cavity", "posterior")
    }
    for given, wanted in (("cavity", "posterior"), ("posterior", "cavity"), ("cavity", "cavity")):
        torch.testing.assert_close(convert(table[given], x, t, noise, given, wanted), table[wanted], **EXACT)


def test_convert_keeps_impossible_words_impossible_and_is_finite_without_noise():
    log_p0 = torch.tensor([[[0.5, 0.5, 0.0]]], dtype=torch.float64).log()
    for t in (0.0, 0.5, 1.0):
        out = convert(log_p0, torch.tensor([[0]]), t, UniformNoise(3), "cavity", "posterior")
        assert out[0, 0, 2] == -torch.inf and abs(float(out.exp().sum()) - 1) < 1e-12
    # at t = 0 a token is trusted as if 1 - alpha were 1e-6: odds of 3e6 for V = 3
    at_zero = convert(log_p0, torch.tensor([[0]]), 0.0, UniformNoise(3), "cavity", "posterior").exp()
    assert float(at_zero[0, 0, 1]) == pytest.approx(LEAST_NOISE / 3, rel=1e-4)


def test_a_token_speaks_for_itself_with_the_log_odds_of_being_seen_unchanged():
    for t in (0.01, 0.5, 1.0):
        table = one_token(signal(t, "linear"), 7)
        odds = own_token_log_odds(UniformNoise(7), t, torch.zeros(2, 3, dtype=torch.int64))
        assert odds.shape == (2,)
        torch.testing.assert_close(odds, (table[0, 0] / table[0, 1]).log().expand(2), **EXACT)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda n, x: UniformNoise(1), "at least 2"),
        (lambda n, x: UniformNoise(3, "log"), "linear"),
        (lambda n, x: n.corrupt(x, 1.5), "between 0"),
        (lambda n, x: n.corrupt(x, float("nan")), "between 0"),
        (lambda n, x: n.corrupt(x, torch.zeros(3)), "one per sentence"),
        (lambda n, x: n.corrupt(x[0], 0.5), r"x0\[None\]"),
        (lambda n, x: n.corrupt(x, torch.zeros(2, 1)), "one per sentence"),
        (lambda n, x: n.posterior(torch.full((2, 2, 3), 1 / 3), x, 0.5, 0.5), "smaller than t"),
        (lambda n, x: convert(torch.zeros(2, 2, 3), x, 0.5, n, "cavity", "both"), "cavity"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(UniformNoise(3), torch.zeros(2, 2, dtype=torch.int64))

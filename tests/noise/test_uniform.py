"""Uniform noise and its reversal, against tables over all words and all sentences."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import bayes_step, channels, index_of, one_token, predictions, random_prior, sentences, signal

from uddm_mini import UniformNoise
from uddm_mini.noise import SCHEDULES
from uddm_mini.noise.base import LEAST_NOISE

EXACT = dict(rtol=1e-10, atol=1e-10)  # float64 sums of at most a few hundred terms
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


def noise_of(vocab: int, schedule: str) -> UniformNoise:
    return UniformNoise(vocab, SCHEDULES[schedule]())


@each_schedule
def test_the_signal_is_that_of_the_schedule(schedule):
    noise, t = noise_of(5, schedule), torch.linspace(0, 1, 11, dtype=torch.float64)
    assert torch.equal(noise.alpha(t), SCHEDULES[schedule]().alpha(t))
    assert torch.equal(noise.alpha_prime(t), SCHEDULES[schedule]().alpha_prime(t))
    assert torch.equal(noise.time_of(t), SCHEDULES[schedule]().time_of(t))
    assert float(noise.alpha(0.3)) == float(SCHEDULES[schedule]().alpha(0.3))


@each_schedule
@pytest.mark.parametrize("t", [0.1, 0.5, 1.0])
def test_corruption_has_the_forward_marginals_of_all_pairs_of_sentences(schedule, t, generator):
    vocab, length, draws = 3, 2, 100_000
    x0 = torch.tensor([[2, 0]])
    xt = noise_of(vocab, schedule).corrupt(x0.expand(draws, -1), t, generator)
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
    got = noise_of(vocab, schedule).likelihood(xt, t)
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
    got = noise_of(vocab, schedule).reverse_step(p0, xt, s, t)
    for b in range(6):
        alphas = float(signal(s[b], schedule)), float(signal(t[b], schedule))
        for i in range(3):
            torch.testing.assert_close(got[b, i], bayes_step(p0[b, i], int(xt[b, i]), *alphas), **EXACT)


@each_schedule
def test_reverse_step_with_the_cavity_is_exact_and_with_the_full_posterior_is_not(schedule):
    # what chapter 8 rests on: the mean prediction may be plugged in only if it did not look at the token
    vocab, length = 3, 2
    s, t = (0.05, 0.15) if schedule == "exponential" else (0.3, 0.7)  # it falls faster
    alpha_s, alpha_t = signal(s, schedule), signal(t, schedule)
    prior, x = random_prior(vocab, length), sentences(vocab, length)
    at_s = prior @ channels(alpha_s, vocab, length)  # q(x_s)
    joint = at_s[:, None] * channels(alpha_t / alpha_s, vocab, length)  # q(x_s, x_t)
    exact = torch.stack(
        [torch.stack([joint[x[:, i] == v].sum(dim=0) for v in range(vocab)], dim=1) for i in range(length)], dim=1
    )
    exact = exact / exact.sum(dim=2, keepdim=True)  # q(x_s_l = v | x_t)
    noise = noise_of(vocab, schedule)
    cavity = noise.reverse_step(predictions(prior, alpha_t, vocab, length, "cavity"), x, s, t)
    full = noise.reverse_step(predictions(prior, alpha_t, vocab, length, "posterior"), x, s, t)
    torch.testing.assert_close(cavity, exact, **EXACT)
    assert float((full - exact).abs().max()) > 0.01


def test_reverse_step_never_divides_nothing_by_nothing():
    # in float32 alpha(1e-9) is 1, and the prediction rules the present token out
    p0, xt = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[1]])
    for s, t in ((0.0, 1e-9), (0.3, 0.3 + 1e-9)):
        got = UniformNoise(2).reverse_step(p0, xt, s, t)
        assert bool(got.isfinite().all()) and abs(float(got.sum()) - 1) < 1e-6
    assert UniformNoise(2).reverse_step(p0, xt, 0.0, 1e-9)[0, 0].tolist() == [1.0, 0.0]


@each_schedule
def test_convert_turns_the_cavity_into_the_full_posterior_and_back(schedule):
    vocab, length, t = 3, 3, 0.6
    prior, x = random_prior(vocab, length), sentences(vocab, length)
    noise = noise_of(vocab, schedule)
    table = {
        kind: predictions(prior, signal(t, schedule), vocab, length, kind).log() for kind in ("cavity", "posterior")
    }
    for given, wanted in (("cavity", "posterior"), ("posterior", "cavity"), ("cavity", "cavity")):
        torch.testing.assert_close(noise.convert(table[given], x, t, given, wanted), table[wanted], **EXACT)


def test_convert_keeps_impossible_words_impossible_and_is_finite_without_noise():
    log_p0 = torch.tensor([[[0.5, 0.5, 0.0]]], dtype=torch.float64).log()
    for t in (0.0, 0.5, 1.0):
        out = UniformNoise(3).convert(log_p0, torch.tensor([[0]]), t, "cavity", "posterior")
        assert out[0, 0, 2] == -torch.inf and abs(float(out.exp().sum()) - 1) < 1e-12
    # at t = 0 a token is trusted as if 1 - alpha were 1e-6: odds of 3e6 for V = 3
    at_zero = UniformNoise(3).convert(log_p0, torch.tensor([[0]]), 0.0, "cavity", "posterior").exp()
    assert float(at_zero[0, 0, 1]) == pytest.approx(LEAST_NOISE / 3, rel=1e-4)


def test_a_token_speaks_for_itself_with_the_log_odds_of_being_seen_unchanged():
    for t in (0.01, 0.5, 1.0):
        table = one_token(signal(t, "linear"), 7)
        odds = UniformNoise(7).own_log_odds(t, torch.zeros(2, 3, dtype=torch.int64))
        assert odds.shape == (2,)
        torch.testing.assert_close(odds, (table[0, 0] / table[0, 1]).log().expand(2), **EXACT)


def test_pure_noise_is_uniform_and_seeded(generator):
    noise, draws = UniformNoise(4), 20_000
    x = noise.start(draws, 2, generator)
    assert x.shape == (draws, 2) and x.dtype == torch.int64
    counts = torch.bincount(index_of(x, 4), minlength=16).double()
    chi_squared = float(((counts - draws / 16) ** 2 / (draws / 16)).sum())
    assert chi_squared < 37.7  # 15 degrees of freedom: 1 in 1,000, for a fixed seed
    first, second, other = (noise.start(9, 5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert noise.start(0, 5).shape == (0, 5)


def test_a_changed_token_is_another_one_and_all_others_are_as_likely(generator):
    noise, draws = UniformNoise(5), 20_000
    x = torch.tensor([[0, 3, 4]]).expand(draws, -1)
    new = noise.other_tokens(x, generator)
    assert new.shape == x.shape and new.dtype == torch.int64
    for position, word in enumerate((0, 3, 4)):
        counts = torch.bincount(new[:, position], minlength=5).double()
        assert counts[word] == 0
        others = counts[torch.arange(5) != word]
        assert float(((others - draws / 4) ** 2 / (draws / 4)).sum()) < 16.3  # 3 degrees of freedom: 1 in 1,000


@each_schedule
@pytest.mark.parametrize("vocab", [2, 102])
def test_the_level_of_a_fraction_changes_that_fraction(schedule, vocab):
    noise = noise_of(vocab, schedule)
    for changed in (0.0, 0.1, 0.4):
        level = noise.level_of(changed)
        assert isinstance(level, float)
        off_diagonal = 1 - float(one_token(signal(level, schedule), vocab)[0, 0])
        assert off_diagonal == pytest.approx(changed, abs=1e-10)
    for unreachable in ((vocab - 1) / vocab, 1.0):
        assert noise.level_of(unreachable) == 1, "pure noise changes no more"


@each_schedule
def test_information_is_that_of_the_joint_table(schedule):
    vocab = 5
    noise, times = noise_of(vocab, schedule), (0.0, 0.2, 0.7, 1.0)
    for t in times:
        joint = one_token(signal(t, schedule), vocab) / vocab
        together = torch.special.entr(joint).sum()
        expected = 2 * math.log(vocab) - together  # H(x_0) + H(x_t) - H(x_0, x_t), both alone uniform
        torch.testing.assert_close(noise.information(t), expected, **EXACT)
    several = noise.information(torch.tensor(times, dtype=torch.float64))
    torch.testing.assert_close(several, torch.stack([noise.information(t) for t in times]), **EXACT)
    assert float(several[0]) == pytest.approx(math.log(vocab), abs=1e-12), "clean text says all"
    assert all(a > b for a, b in itertools.pairwise(several.tolist()))


def test_an_answer_is_asked_for_and_converted_in_one_go():
    noise, x, t = UniformNoise(3), torch.tensor([[0, 2]]), torch.tensor([0.4])
    log_p0 = torch.tensor([[[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]], dtype=torch.float64).log()
    asked = []

    def answer(xt, level):
        asked.append((xt, level))
        return log_p0

    got = noise.in_form(answer, x, t, "cavity", "posterior")
    assert torch.equal(got, noise.convert(log_p0, x, t, "cavity", "posterior"))
    assert len(asked) == 1 and asked[0][0] is x and asked[0][1] is t
    assert torch.equal(noise.in_form(answer, x, t, "cavity", "cavity"), log_p0)


def test_noises_are_equal_if_their_words_and_schedules_are_and_have_no_token_of_their_own():
    assert noise_of(3, "cosine") == noise_of(3, "cosine")
    assert noise_of(3, "cosine") != noise_of(4, "cosine") and noise_of(3, "cosine") != noise_of(3, "linear")
    assert (UniformNoise.name, UniformNoise.form, UniformNoise(3).extra_tokens) == ("uniform", "cavity", 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda n, x: UniformNoise(1), "at least 2"),
        (lambda n, x: UniformNoise(3, "log"), r"Linear\(\)"),
        (lambda n, x: n.corrupt(x, 1.5), "between 0"),
        (lambda n, x: n.corrupt(x, float("nan")), "between 0"),
        (lambda n, x: n.corrupt(x, torch.zeros(3)), "one per sentence"),
        (lambda n, x: n.corrupt(x[0], 0.5), r"x0\[None\]"),
        (lambda n, x: n.corrupt(x, torch.zeros(2, 1)), "one per sentence"),
        (lambda n, x: n.reverse_step(torch.full((2, 2, 3), 1 / 3), x, 0.5, 0.5), "smaller than t"),
        (lambda n, x: n.reverse_step(torch.full((2, 2, 3), 1 / 3), x, -0.1, 0.5), "between 0"),
        (lambda n, x: n.convert(torch.zeros(2, 2, 3), x, 0.5, "cavity", "both"), '"cavity" or "posterior", not .both'),
        (lambda n, x: n.convert(torch.zeros(2, 2, 3), x, 0.5, "mean", "cavity"), '"cavity" or "posterior", not .mean'),
        (lambda n, x: n.convert(torch.zeros(2, 2, 3), x, 0.5, "mean", "mean"), '"cavity" or "posterior", not .mean'),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(UniformNoise(3), torch.zeros(2, 2, dtype=torch.int64))

"""The two perfect denoisers against sums over all sentences, and against each other."""

from __future__ import annotations

import pytest
import torch
from oracles import GRAMMARS, SCHEDULES, channels, index_of, predictions, prior_of, sentences, signal, three_words

from uddm_mini import MemorizingDenoiser, PopulationDenoiser, ToyLanguage, UniformNoise

EXACT = dict(rtol=1e-10, atol=1e-10)
each_kind = pytest.mark.parametrize("kind", ["cavity", "posterior"])
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)
TIMES = (0.02, 0.5, 1.0)


@each_kind
@each_schedule
@pytest.mark.parametrize("name", GRAMMARS)
def test_population_denoiser_is_bayes_rule_over_all_sentences(name, schedule, kind):
    language = ToyLanguage(GRAMMARS[name])
    vocab, length = language.vocab_size, language.length
    prior, x = prior_of(GRAMMARS[name], language.words, length), sentences(vocab, length)
    denoiser = PopulationDenoiser(language, UniformNoise(vocab, schedule), kind)
    for t in TIMES:
        got = denoiser(x, torch.full((len(x),), t, dtype=torch.float64))
        expected = predictions(prior, signal(t, schedule), vocab, length, kind)
        torch.testing.assert_close(got.exp(), expected, **EXACT)
        assert denoiser.predicts == kind and got.dtype == torch.float64


@each_kind
@each_schedule
def test_memorizing_denoiser_is_bayes_rule_over_its_memories(schedule, kind, generator):
    vocab, length = 3, 3
    memories = torch.randint(vocab, (5, length), generator=generator)
    memories[4] = memories[0]  # a sentence stored twice counts twice
    prior = torch.bincount(index_of(memories, vocab), minlength=vocab**length).double() / len(memories)
    x = sentences(vocab, length)
    denoiser = MemorizingDenoiser(memories, UniformNoise(vocab, schedule), kind)
    for t in TIMES:
        got = denoiser(x, torch.full((len(x),), t, dtype=torch.float64))
        torch.testing.assert_close(got.exp(), predictions(prior, signal(t, schedule), vocab, length, kind), **EXACT)
        assert denoiser.predicts == kind


def test_weights_of_memories_are_a_softmax_of_overlaps():
    # uniform noise makes the memorizer a dense associative memory with beta = log(1 + alpha V / (1 - alpha))
    noise, t = UniformNoise(4), 0.6
    memories, xt = torch.tensor([[0, 1, 2], [0, 3, 3], [3, 1, 2]]), torch.tensor([[0, 1, 3]])
    alpha = signal(t, "linear")
    weights = torch.softmax((1 + alpha * 4 / (1 - alpha)).log() * torch.tensor([2.0, 2.0, 1.0]).double(), dim=0)
    got = MemorizingDenoiser(memories, noise, "posterior")(xt, torch.tensor([t], dtype=torch.float64)).exp()
    expected = [[weights[0] + weights[1], 0, 0, weights[2]], [0, weights[0] + weights[2], 0, weights[1]]]
    torch.testing.assert_close(got[0, :2], torch.tensor(expected, dtype=torch.float64), **EXACT)


@each_kind
def test_a_memory_of_everything_in_proportion_is_the_population(kind):
    # probabilities of this grammar are multiples of 1/1000, so 1,000 memories can hold it exactly
    grammar = three_words()
    language, noise = ToyLanguage(grammar), UniformNoise(3)
    x = sentences(3, 3)
    times = (prior_of(grammar, language.words, 3) * 1000).round().long()
    assert int(times.sum()) == 1000
    memories = x.repeat_interleave(times, dim=0)
    t = torch.linspace(0.05, 1, len(x), dtype=torch.float64)
    memory, population = MemorizingDenoiser(memories, noise, kind), PopulationDenoiser(language, noise, kind)
    torch.testing.assert_close(memory(x, t).exp(), population(x, t).exp(), **EXACT)


@each_kind
def test_a_large_sample_approaches_the_population(kind):
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    x, t = sentences(3, 3), torch.full((27,), 0.5, dtype=torch.float64)
    population = PopulationDenoiser(language, noise, kind)(x, t).exp()
    distances = []
    for n in (100, 10_000, 100_000):
        memory = MemorizingDenoiser(language.sample(n, seed=0), noise, kind)
        distances.append(float((memory(x, t).exp() - population).abs().mean()))
    assert distances[0] > 3 * distances[1] > 3 * distances[2], distances  # like 1 / sqrt(n)
    assert distances[2] < 0.01


def test_on_the_book_s_language_more_memories_come_closer_to_the_population(english, generator):
    noise, x0 = UniformNoise(english.vocab_size), english.sample(64, seed=9)
    xt, t = noise.corrupt(x0, 0.5, generator), torch.full((64,), 0.5)
    population = PopulationDenoiser(english, noise)(xt, t).exp()
    distances = [
        float((MemorizingDenoiser(english.sample(n, seed=1), noise)(xt, t).exp() - population).abs().sum(2).mean() / 2)
        for n in (100, 3_000, 50_000)
    ]
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 0.12, distances  # total variation per word


def test_one_memory_is_the_answer_whatever_the_question():
    noise = UniformNoise(2)
    for kind in ("cavity", "posterior"):
        got = MemorizingDenoiser(torch.tensor([[1, 0]]), noise, kind)(
            sentences(2, 2), torch.tensor([0.0, 0.3, 0.7, 1.0])
        )
        assert got.exp().tolist() == [[[0.0, 1.0], [1.0, 0.0]]] * 4


@each_kind
def test_at_time_zero_every_question_has_a_finite_answer(kind, english):
    # also sentences that cannot be: the evidence counts 1 - alpha as 1e-6
    noise = UniformNoise(english.vocab_size)
    xt = torch.randint(english.vocab_size, (8, 14), generator=torch.Generator().manual_seed(0))
    xt = torch.cat([xt, english.sample(8, seed=0)])
    for denoiser in (PopulationDenoiser(english, noise, kind), MemorizingDenoiser(xt[8:], noise, kind)):
        log_p0 = denoiser(xt, torch.zeros(16))
        torch.testing.assert_close(log_p0.exp().sum(dim=2), torch.ones(16, 14, dtype=torch.float64))
        assert not bool(log_p0.isnan().any())


def test_the_exact_channel_explains_the_whole_table():
    # a guard for the oracle itself: the rows of q(x_t | x_0) are distributions
    table = channels(signal(0.4, "linear"), 3, 2)
    torch.testing.assert_close(table.sum(dim=1), torch.ones(9, dtype=torch.float64))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: MemorizingDenoiser(torch.zeros(0, 3, dtype=torch.int64), UniformNoise(3)), "at least one sentence"),
        (lambda e: MemorizingDenoiser(torch.zeros(3, dtype=torch.int64), UniformNoise(3)), "at least one sentence"),
        (lambda e: MemorizingDenoiser(torch.full((1, 3), 3), UniformNoise(3)), "outside 0 ... 2"),
        (lambda e: MemorizingDenoiser(torch.zeros(1, 3).long(), UniformNoise(3), "both"), "cavity"),
        (lambda e: PopulationDenoiser(e, UniformNoise(3)), "102 words, but the noise 3"),
        (lambda e: PopulationDenoiser(e, UniformNoise(102), "both"), "cavity"),
    ],
)
def test_bad_input_is_named_at_once(english, call, message):
    with pytest.raises(ValueError, match=message):
        call(english)

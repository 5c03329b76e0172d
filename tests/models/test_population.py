"""The Bayes optimum on a language against sums over all sentences, and against ever larger memories."""

from __future__ import annotations

import pytest
import torch
from oracles import (
    GRAMMARS,
    assert_bayes_rule,
    channels,
    index_of,
    predictions,
    prior_of,
    random_prior,
    sentences,
    signal,
    three_words,
)

from uddm_mini import MemorizingDenoiser, PopulationDenoiser, ToyLanguage, UniformNoise, sample
from uddm_mini.noise import SCHEDULES
from uddm_mini.worlds.world import World

EXACT = dict(rtol=1e-10, atol=1e-10)
each_form = pytest.mark.parametrize("form", ["cavity", "posterior"])
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)
TIMES = (0.02, 0.5, 1.0)


@each_form
@each_schedule
@pytest.mark.parametrize("name", GRAMMARS)
def test_the_population_is_bayes_rule_over_all_sentences(name, schedule, form):
    language = ToyLanguage(GRAMMARS[name])
    vocab, length = language.vocab_size, language.length
    denoiser = PopulationDenoiser(language, UniformNoise(vocab, SCHEDULES[schedule]()))
    assert_bayes_rule(denoiser, prior_of(GRAMMARS[name], language.words, length), schedule, length, form)
    assert denoiser.predicts == "cavity"


@each_form
def test_a_memory_of_everything_in_proportion_is_the_population(form):
    # probabilities of this grammar are multiples of 1/1000, so 1,000 memories can hold it exactly
    grammar = three_words()
    language, noise = ToyLanguage(grammar), UniformNoise(3)
    x = sentences(3, 3)
    times = (prior_of(grammar, language.words, 3) * 1000).round().long()
    assert int(times.sum()) == 1000
    memories = x.repeat_interleave(times, dim=0)
    t = torch.linspace(0.05, 1, len(x), dtype=torch.float64)
    memory, population = MemorizingDenoiser(memories, noise), PopulationDenoiser(language, noise)
    torch.testing.assert_close(getattr(memory, form)(x, t).exp(), getattr(population, form)(x, t).exp(), **EXACT)


@each_form
def test_a_large_sample_approaches_the_population(form):
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    x, t = sentences(3, 3), torch.full((27,), 0.5, dtype=torch.float64)
    population = getattr(PopulationDenoiser(language, noise), form)(x, t).exp()
    distances = []
    for n in (100, 10_000, 100_000):
        memory = MemorizingDenoiser(language.sample(n, seed=0), noise)
        distances.append(float((getattr(memory, form)(x, t).exp() - population).abs().mean()))
    assert distances[0] > 3 * distances[1] > 3 * distances[2], distances  # like 1 / sqrt(n)
    assert distances[2] < 0.01


def test_on_the_book_s_language_more_memories_come_closer_to_the_population(english, generator):
    noise, x0 = UniformNoise(english.vocab_size), english.sample(64, seed=9)
    xt, t = noise.corrupt(x0, 0.5, generator), torch.full((64,), 0.5)
    population = PopulationDenoiser(english, noise).cavity(xt, t).exp()
    memories = (MemorizingDenoiser(english.sample(n, seed=1), noise) for n in (100, 3_000, 50_000))
    distances = [float((memory.cavity(xt, t).exp() - population).abs().sum(2).mean() / 2) for memory in memories]
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 0.12, distances  # total variation per word


@each_form
def test_at_time_zero_every_question_has_a_finite_answer(form, english):
    # also sentences that cannot be: the evidence counts 1 - alpha as 1e-6
    noise = UniformNoise(english.vocab_size)
    xt = torch.randint(english.vocab_size, (8, 14), generator=torch.Generator().manual_seed(0))
    xt = torch.cat([xt, english.sample(8, seed=0)])
    for denoiser in (PopulationDenoiser(english, noise), MemorizingDenoiser(xt[8:], noise)):
        log_p0 = getattr(denoiser, form)(xt, torch.zeros(16))
        torch.testing.assert_close(log_p0.exp().sum(dim=2), torch.ones(16, 14, dtype=torch.float64))
        assert not bool(log_p0.isnan().any())


def test_the_exact_channel_explains_the_whole_table():
    # a guard for the oracle itself: the rows of q(x_t | x_0) are distributions
    table = channels(signal(0.4, "linear"), 3, 2)
    torch.testing.assert_close(table.sum(dim=1), torch.ones(9, dtype=torch.float64))


def test_another_number_of_words_is_named(english):
    with pytest.raises(ValueError, match="102 words, but the noise 3"):
        PopulationDenoiser(english, UniformNoise(3))


# --- a world of one's own --------------------------------------------------------------------------------------------


class Table:
    """A world that nobody compiled: a probability for each of the V^L sentences. It inherits from nothing."""

    def __init__(self, prior: torch.Tensor, vocab_size: int, length: int) -> None:
        self.prior, self.vocab_size, self.length = prior, vocab_size, length
        self.x = sentences(vocab_size, length)

    def sample(self, n: int, seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return self.x[self.prior.multinomial(n, replacement=True, generator=generator)]

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return self.prior[index_of(x, self.vocab_size)].log()

    def cavity(self, likelihood: torch.Tensor) -> torch.Tensor:
        out = torch.zeros_like(likelihood)
        places = torch.arange(self.length)
        for place in range(self.length):
            others = places[places != place]
            weight = self.prior * likelihood[:, others, self.x[:, others]].prod(dim=2)  # [B, N]
            out[:, place].index_add_(1, self.x[:, place], weight)
        return (out / out.sum(dim=2, keepdim=True)).log()


@each_form
@pytest.mark.parametrize("t", [0.0, *TIMES])
def test_any_object_that_keeps_the_protocol_is_a_world(form, t):
    world: World = Table(random_prior(3, 2), 3, 2)
    population = PopulationDenoiser(world, UniformNoise(3))
    alpha = signal(t, "linear").clamp_max(1 - 1e-6)
    expected = predictions(world.prior, alpha, 3, 2, form)
    level = torch.full((9,), t, dtype=torch.float64)
    torch.testing.assert_close(getattr(population, form)(world.x, level).exp(), expected, **EXACT)


def test_a_world_of_one_s_own_is_spoken_by_its_population(generator):
    world = Table(random_prior(3, 2), 3, 2)
    draws = 20_000
    x = sample(PopulationDenoiser(world, UniformNoise(3)), draws, 2, steps=64, generator=generator)
    shares = torch.bincount(index_of(x, 3), minlength=9) / draws
    # 4 standard deviations of the draws, and what words lose that move independently within a step
    assert bool(((shares - world.prior).abs() < 4 * (world.prior / draws).sqrt() + 0.005).all())


def test_the_book_s_language_keeps_the_protocol_of_a_world(english):
    world: World = english
    x = world.sample(3, seed=0)
    assert x.shape == (3, world.length) and x.dtype == torch.int64
    assert world.log_prob(x).shape == (3,) and world.log_prob(x).dtype == torch.float64
    evidence = torch.ones(3, world.length, world.vocab_size)
    assert world.cavity(evidence).shape == evidence.shape and world.cavity(evidence).dtype == torch.float64

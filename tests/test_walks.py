"""The way back: against the exact distribution of the chain, and against the language that it must reproduce."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import (
    GRAMMARS,
    index_of,
    one_token,
    predictions,
    prior_of,
    random_prior,
    sentences,
    signal,
    three_words,
)

from uddm_mini import (
    Denoiser,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    Walk,
    Wrapped,
    reverse_walk,
    sample,
    settle,
)
from uddm_mini.noise import SCHEDULES
from uddm_mini.sampling import gibbs
from uddm_mini.walks import choose_tokens


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)
OF_THREE = UniformNoise(3)


def climb(xt, t):
    """A denoiser that always says "the next word, up to 2"."""
    return torch.nn.functional.one_hot((xt + 1).clamp_max(2), 3).float().mul(50).log_softmax(dim=2)


def never(xt, t):
    raise AssertionError("there is nothing to denoise")


def chain(prior: torch.Tensor, vocab: int, length: int, schedule: str, times: list[float]) -> torch.Tensor:
    """Return the exact distribution over all sentences after walking through `times` from pure noise, [N].

    Each position moves on its own, by Bayes' rule with its cavity prediction.
    """
    x = sentences(vocab, length)
    state = torch.full((len(x),), 1 / len(x), dtype=torch.float64)
    for t, s in itertools.pairwise(times):
        alpha_t, alpha_s = signal(t, schedule), signal(s, schedule)
        cavity = predictions(prior, alpha_t, vocab, length, "cavity")  # [N, L, V]
        kernel = torch.ones(len(x), len(x), dtype=torch.float64)  # from x_t to x_s
        for i in range(length):
            at_s = cavity[:, i] @ one_token(alpha_s, vocab)  # [N, V]
            moves = at_s * one_token(alpha_t / alpha_s, vocab)[:, x[:, i]].T
            moves = moves / moves.sum(dim=1, keepdim=True)
            kernel = kernel * moves[:, x[:, i]]
        state = state @ kernel
    return state


def equal_steps(steps: int) -> list[float]:
    return [1 - i / steps for i in range(steps + 1)]


def end_of(*arguments, **options) -> torch.Tensor:
    *_, (_, end) = reverse_walk(*arguments, **options)
    return end


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("name", GRAMMARS)
def test_more_steps_lead_to_the_language(name, schedule):
    # exact, no sampling: the only error is that the words of a sentence move independently within a step
    language = ToyLanguage(GRAMMARS[name])
    vocab, length = language.vocab_size, language.length
    prior = prior_of(GRAMMARS[name], language.words, length)
    distances = []
    for steps in (4, 16, 64):
        reached = chain(prior, vocab, length, schedule, equal_steps(steps))
        distances.append(float((reached - prior).abs().sum()) / 2)  # total variation
    assert distances[0] > 2 * distances[1] > 4 * distances[2], distances
    assert distances[2] < 0.03


@each_schedule
@pytest.mark.parametrize("predicts", ["cavity", "posterior"])
def test_samples_follow_the_exact_chain(schedule, predicts, generator):
    # three steps: far from the language, so that a sampler that is right for other reasons would be caught
    language, steps, draws = ToyLanguage(three_words()), 3, 40_000
    noise = UniformNoise(3, SCHEDULES[schedule]())
    prior = prior_of(language.grammar, language.words, 3)
    expected = draws * chain(prior, 3, 3, schedule, equal_steps(steps))
    exact = PopulationDenoiser(language, noise)
    model = exact if predicts == "cavity" else Wrapped(exact.posterior, noise, "posterior")
    x = sample(model, draws, 3, steps, generator=generator)
    counts = torch.bincount(index_of(x, 3), minlength=27).double()
    assert float((draws * prior - expected).abs().sum()) / draws > 0.05
    reached = expected > 5
    chi_squared = float(((counts - expected) ** 2 / expected)[reached].sum())
    assert chi_squared < 54.1  # at most 26 degrees of freedom: 1 in 1,000, for a fixed seed
    assert float((counts - expected)[~reached].sum()) < 30


def test_predictions_and_steps_of_the_package_give_the_same_chain():
    # the same kernel, now from the package's parts, to 1e-10
    language, noise, x = ToyLanguage(three_words()), OF_THREE, sentences(3, 3)
    state = torch.full((27,), 1 / 27, dtype=torch.float64)
    for t, s in itertools.pairwise(equal_steps(5)):
        p0 = PopulationDenoiser(language, noise).cavity(x, torch.full((27,), t, dtype=torch.float64)).exp()
        moves = noise.reverse_step(p0, x, s, t)
        kernel = torch.stack([moves[:, i][:, x[:, i]] for i in range(3)]).prod(dim=0)
        state = state @ kernel
    prior = prior_of(language.grammar, language.words, 3)
    torch.testing.assert_close(state, chain(prior, 3, 3, "linear", equal_steps(5)), rtol=1e-10, atol=1e-10)


def test_population_denoiser_speaks_the_book_s_language(english, generator):
    noise, n = UniformNoise(english.vocab_size), 400
    x = sample(PopulationDenoiser(english, noise), n, english.length, steps=48, generator=generator)
    log_prob = english.log_prob(x)
    valid = log_prob.isfinite()
    # words that move in one step do so independently: about 1 sentence in 200 breaks at 48 steps
    assert float(valid.double().mean()) > 0.97
    surprise = -log_prob[valid]
    error = float(surprise.std()) / math.sqrt(len(surprise))
    assert abs(float(surprise.mean()) - english.entropy()) < 4 * error + 0.02 * english.entropy()
    # frequencies of words: 102 of them, 4 standard deviations, and 1 % for the finite steps
    evidence = torch.ones(1, english.length, english.vocab_size, dtype=torch.float64)
    exact = english.cavity(evidence)[0].exp()  # p(word at position), [L, V]
    seen = torch.nn.functional.one_hot(x, english.vocab_size).double().mean(dim=0)
    assert bool(((seen - exact).abs() < 4 * (exact * (1 - exact) / n).sqrt() + 0.01).all())
    # pairs: the adverb (position 3) given the manner (1) and the pronoun (10) given the article (0)
    for first, second in ((1, 3), (0, 10), (8, 13)):
        for word in exact[first].nonzero().flatten().tolist():
            known = evidence.clone()
            known[0, first] = 0
            known[0, first, word] = 1
            joint = exact[first, word] * english.cavity(known)[0, second].exp()  # [V]
            both = ((x[:, first] == word)[:, None] & (x[:, second, None] == torch.arange(english.vocab_size))).double()
            assert bool(((both.mean(dim=0) - joint).abs() < 4.5 * (joint * (1 - joint) / n).sqrt() + 0.01).all())


# --- the reverse walk ------------------------------------------------------------------------------------------------


def test_the_way_back_visits_times_from_noise_to_text(generator):
    asked = []

    def flat(xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        asked.append(t.tolist())
        return torch.zeros(*xt.shape, 5).log_softmax(dim=2)

    model, x = Wrapped(flat, UniformNoise(5), "cavity"), torch.randint(5, (2, 3), generator=generator)
    path = list(reverse_walk(model, x, 0.8, 4, generator=generator))
    assert [t for t, _ in path] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0])
    assert torch.equal(path[0][1], x) and len(path) == 5
    assert all(xt.shape == x.shape and xt.dtype == torch.int64 for _, xt in path)
    torch.testing.assert_close(torch.tensor(asked), torch.tensor([0.8, 0.6, 0.4, 0.2])[:, None].expand(4, 2))
    assert [t for t, _ in reverse_walk(model, x, generator=generator)] == pytest.approx(equal_steps(64))


def test_a_walk_is_made_one_step_at_a_time():
    asked = []

    def flat(xt, t):
        asked.append(float(t[0]))
        return torch.zeros(*xt.shape, 3).log_softmax(dim=2)

    walk = reverse_walk(Wrapped(flat, OF_THREE, "cavity"), torch.tensor([[0, 1]]), steps=1000)
    for steps in range(4):
        next(walk)
        assert len(asked) == steps, "nothing is computed before it is wanted"


def test_one_sentence_s_walk_is_made_of_reverse_steps_of_the_cavity():
    # written out: draw x_s from the reverse step of the cavity, whatever the model itself predicts
    table, x = random_prior(3, 2), sentences(3, 2)
    cavity = predictions(table, signal(0.6, "linear"), 3, 2, "cavity")
    posterior = predictions(table, signal(0.6, "linear"), 3, 2, "posterior")
    for tables, predicts in ((cavity, "cavity"), (posterior, "posterior")):
        model = Wrapped(lambda xt, t, p=tables: p[index_of(xt, 3)].log(), OF_THREE, predicts)
        probs = OF_THREE.reverse_step(cavity, x, 0.3, 0.6)
        expected = choose_tokens(probs, False, torch.Generator().manual_seed(4))
        (_, first), (level, second) = itertools.islice(
            reverse_walk(model, x, 0.6, 2, generator=torch.Generator().manual_seed(4)), 2
        )
        assert torch.equal(first, x) and level == pytest.approx(0.3)
        assert torch.equal(second, expected)


def test_writing_is_the_reverse_walk_from_pure_noise(english):
    model = PopulationDenoiser(english, UniformNoise(english.vocab_size))
    written = sample(model, 4, 14, 8, generator=torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(5)
    assert torch.equal(end_of(model, model.noise.start(4, 14, generator), 1.0, 8, generator=generator), written)
    assert written.shape == (4, 14) and written.dtype == torch.int64


def test_the_same_generator_gives_the_same_sentences_whichever_form_is_predicted(english):
    exact = PopulationDenoiser(english, UniformNoise(english.vocab_size))
    full = Wrapped(exact.posterior, exact.noise, "posterior")
    draws = [
        sample(model, 4, 14, 8, generator=torch.Generator().manual_seed(seed))
        for model, seed in ((exact, 5), (full, 5), (exact, 6))
    ]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


def test_greedy_takes_the_most_probable_token_of_each_step():
    prior = random_prior(3, 2)
    x = sentences(3, 2)
    alpha_t, alpha_s = signal(0.7, "linear"), signal(0.35, "linear")

    def exact(xt, t):
        alpha = signal(float(t[0]), "linear")
        return predictions(prior, alpha, 3, 2, "cavity")[index_of(xt, 3)].log()

    path = list(reverse_walk(Wrapped(exact, OF_THREE, "cavity"), x, 0.7, 2, greedy=True))
    cavity = predictions(prior, alpha_t, 3, 2, "cavity")
    at_s = cavity @ one_token(alpha_s, 3)
    onward = torch.stack([one_token(alpha_t / alpha_s, 3)[:, x[:, i]].T for i in range(2)], dim=1)
    assert torch.equal(path[1][1], (at_s * onward).argmax(dim=2))


def test_clean_text_stays_as_it_is():
    x, model = torch.tensor([[1, 2, 0]]), Wrapped(never, OF_THREE, "cavity")
    path = list(reverse_walk(model, x, 0.0))
    assert len(path) == 1 and path[0][0] == 0 and torch.equal(path[0][1], x)
    for method in ("reverse", "greedy"):
        assert torch.equal(Walk(method)(model, x, 0.0)[-1], x)


def test_no_sentences_are_walked_and_written_too():
    model = Wrapped(climb, OF_THREE, "cavity")
    for greedy in (False, True):
        assert end_of(model, torch.zeros(0, 4, dtype=torch.int64), steps=2, greedy=greedy).shape == (0, 4)
    empty = sample(model, 0, 4, steps=2)
    assert empty.shape == (0, 4) and empty.dtype == torch.int64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d, x: sample(d, -1, 2), "n must be at least 0 and length at least 1, but they are -1 and 2"),
        (lambda d, x: sample(d, 2, 0), "n must be at least 0 and length at least 1, but they are 2 and 0"),
        (lambda d, x: sample(d, 2, 2, steps=0), "steps must be at least 1 and corrections"),
        (lambda d, x: reverse_walk(d, x, steps=0), "steps must be at least 1, but is 0"),
        (lambda d, x: reverse_walk(d, x, 1.5), "between 0 and 1, but is 1.5"),
        (lambda d, x: reverse_walk(d, x, -0.1), "between 0 and 1, but is -0.1"),
        (lambda d, x: reverse_walk(d, x, math.nan), "between 0 and 1, but is nan"),
        (lambda d, x: settle(d, x, 0.5, 0), "at least once, but the limit .* is 0"),
        (lambda d, x: settle(d, x, 1.5), "between 0"),
        (lambda d, x: settle(d, x, torch.zeros(3)), r"t has shape \(3,\) for 2 sentences"),
        (lambda d, x: list(settle(d, x, 0.5, form="both")), '"cavity" or "posterior", not .both'),
        (lambda d, x: Walk("fastest"), "method must be one of argmax, reverse, iterate, greedy, but is 'fastest'"),
        (lambda d, x: Walk("iterate", 0), "steps must be at least 1, but is 0"),
        (lambda d, x: Walk("reverse", form="cavity"), "method='reverse' leave no choice"),
        (lambda d, x: Walk("greedy", form="cavity"), "method='greedy' leave no choice"),
        (lambda d, x: Walk("argmax", form="both")(d, x, 0.5), '"cavity" or "posterior", not .both'),
    ],
)
def test_bad_input_is_named_before_the_first_step(call, message):
    with pytest.raises(ValueError, match=message):
        call(Wrapped(never, OF_THREE, "cavity"), torch.zeros(2, 2, dtype=torch.int64))


def test_sampling_starts_where_the_weights_are(monkeypatch, generator):
    class Here(torch.nn.Linear, Denoiser):  # on "meta" it stands for a model on a GPU
        noise, predicts = OF_THREE, "cavity"

    asked = []
    monkeypatch.setattr(Denoiser, "mapped", lambda model, x, *_: asked.append(x.device.type) or x)
    for model in (Here(1, 1, device="meta"), Here(1, 1), Wrapped(climb, OF_THREE, "cavity")):
        sample(model, 2, 4, steps=1, generator=generator)
    assert asked == ["meta", "cpu", "cpu"]


# --- the fixed-point map ---------------------------------------------------------------------------------------------


def test_settling_stops_at_a_fixed_point():
    model, x = Wrapped(climb, OF_THREE, "posterior"), torch.tensor([[0, 1], [2, 2]])
    path = list(settle(model, x, 1.0, 10))
    assert [step.tolist() for step in path] == [
        [[0, 1], [2, 2]],
        [[1, 2], [2, 2]],
        [[2, 2], [2, 2]],
        [[2, 2], [2, 2]],
    ]
    assert len(list(settle(model, x, 1.0, 1))) == 2
    assert len(list(settle(model, x, 1.0, 2))) == 3
    assert len(list(settle(model, x[:0], 1.0))[-1]) == 0


def test_settling_uses_the_full_posterior_unless_told_otherwise():
    # at t = 1e-3 the token's own evidence (odds 3e3) beats a cavity of odds 10
    mild = Wrapped(lambda xt, t: climb(xt, t).clamp_min(math.log(0.08)).log_softmax(dim=2), OF_THREE, "cavity")
    x = torch.tensor([[0, 1], [2, 2]])
    assert torch.equal(list(settle(mild, x, 1e-3))[-1], x)
    assert list(settle(mild, x, 1e-3, form="posterior"))[-1].tolist() == x.tolist()
    assert list(settle(mild, x, 1e-3, form="cavity"))[-1].tolist() == [[2, 2], [2, 2]]


def test_settling_asks_only_about_sentences_that_still_move():
    # every sentence climbs at its own noise level; the one that arrives is not asked about again
    asked = []

    def recorded(xt, t):
        asked.append([round(level, 3) for level in t.tolist()])
        return climb(xt, t)

    x, t = torch.tensor([[2], [0], [1]]), torch.tensor([0.2, 0.5, 0.8])
    model = Wrapped(recorded, OF_THREE, "posterior")
    path = list(settle(model, x, t))
    assert asked == [[0.2, 0.5, 0.8], [0.5, 0.8], [0.5]]
    assert [step.flatten().tolist() for step in path] == [[2, 0, 1], [2, 1, 2], [2, 2, 2], [2, 2, 2]]
    assert path[0] is x and x.flatten().tolist() == [2, 0, 1]  # nobody's tensor was changed in place
    with pytest.raises(ValueError, match=r"t has shape \(1,\) for 3 sentences"):
        settle(model, x, t[:1])


# --- walks by name ---------------------------------------------------------------------------------------------------


def exact_model() -> PopulationDenoiser:
    return PopulationDenoiser(ToyLanguage(three_words()), OF_THREE)


@pytest.mark.parametrize("form", ["cavity", "posterior"])
def test_argmax_is_one_guess_and_iterate_is_settling(form):
    model, x = exact_model(), sentences(3, 3)
    once = Walk("argmax", form=form)(model, x, 0.3)
    assert len(once) == 2 and once[0] is x
    assert torch.equal(once[1], model.best_guess(x, 0.3, form))
    for steps in (1, 2, 32):
        path = Walk("iterate", steps, form)(model, x, 0.3)
        expected = list(settle(model, x, 0.3, steps, form))
        assert len(path) == len(expected) and all(map(torch.equal, path, expected))
    other = Walk("argmax", form="posterior" if form == "cavity" else "cavity")
    assert not torch.equal(once[1], other(model, x, 0.3)[1])


def test_reverse_draws_from_the_generator_and_greedy_takes_the_best():
    model, x = exact_model(), sentences(3, 3)
    for seed in (0, 1):
        got = Walk("reverse", 4)(model, x, 0.6, torch.Generator().manual_seed(seed))
        expected = end_of(model, x, 0.6, 4, generator=torch.Generator().manual_seed(seed))
        assert len(got) == 2 and got[0] is x and torch.equal(got[1], expected)
    assert not torch.equal(expected, end_of(model, x, 0.6, 4, generator=torch.Generator().manual_seed(0)))
    got = Walk("greedy", 4)(model, x, 0.6)
    assert len(got) == 2 and got[0] is x and torch.equal(got[1], end_of(model, x, 0.6, 4, greedy=True))


def test_a_walk_is_one_guess_by_the_full_posterior_unless_told_otherwise():
    assert Walk() == Walk("argmax", 32, "posterior")


def test_tokens_are_drawn_in_proportion_or_the_best_is_taken(generator):
    probs = torch.tensor([[[0.1, 0.6, 0.3], [0.0, 0.0, 1.0]]]).expand(20_000, -1, -1)
    assert choose_tokens(probs, True, None)[0].tolist() == [1, 2]
    drawn = choose_tokens(probs, False, generator)
    assert drawn.shape == (20_000, 2) and drawn.dtype == torch.int64
    shares = torch.bincount(drawn[:, 0], minlength=3) / 20_000
    torch.testing.assert_close(shares, probs[0, 0], rtol=0, atol=0.014)  # 4 standard deviations
    assert bool((drawn[:, 1] == 2).all())
    for greedy in (False, True):
        assert choose_tokens(torch.zeros(0, 2, 3), greedy, generator).shape == (0, 2)


@pytest.mark.parametrize("batch_size", [1, 4, 27])
def test_walking_in_batches_gives_the_same_where_nothing_is_drawn(batch_size):
    whole, parts, x = exact_model(), exact_model(), sentences(3, 3)
    parts.batch_size = batch_size
    for walk in (Walk("iterate"), Walk("argmax"), Walk("greedy", 3)):
        assert torch.equal(walk(parts, x, 0.4)[-1], walk(whole, x, 0.4)[-1])
    assert sample(parts, 5, 3, 2, generator=torch.Generator().manual_seed(0)).shape == (5, 3)


def test_gibbs_steps_of_a_perfect_model_leave_the_distribution_as_it_is():
    # every sentence of a tiny world, noised; after many rounds its sentences are as frequent as before
    language, t, n = ToyLanguage(three_words()), 0.4, 40_000
    noise = UniformNoise(language.vocab_size)
    xt = noise.corrupt(language.sample(n, 0), t, seeded(1))
    wrong = noise.start(n, language.length, seeded(2))
    exact = PopulationDenoiser(language, noise)

    def frequencies(x):
        return torch.bincount(
            (x * language.vocab_size ** torch.arange(x.shape[1])).sum(dim=1), minlength=3 ** x.shape[1]
        )

    expected = frequencies(noise.corrupt(language.sample(n, 3), t, seeded(4))).double()
    for start in (xt, wrong):
        found = frequencies(gibbs(exact, start, t, 30, generator=seeded(5))).double()
        # two multinomial samples: the sum of squares is chi-square with 26 degrees of freedom, 99.99 % below 62
        squares = ((found - expected) ** 2 / (found + expected).clamp_min(1)).sum()
        assert float(squares) < 62
    one = gibbs(exact, xt, t, 1, generator=seeded(6))
    assert int((one != xt).sum(dim=1).max()) == 1, "one word in each round"


def test_corrections_mend_what_long_steps_break():
    language = ToyLanguage()
    exact = PopulationDenoiser(language, UniformNoise(language.vocab_size))
    shares = []
    for corrections in (0, 8):
        written = sample(exact, 400, language.length, 4, corrections=corrections, generator=seeded(0))
        shares.append(float(language.log_prob(written).isfinite().double().mean()))
    assert shares[1] > shares[0] + 0.1


def test_without_corrections_a_sample_is_the_reverse_walk_and_wrong_numbers_are_refused():
    language = ToyLanguage(three_words())
    exact = PopulationDenoiser(language, UniformNoise(3))
    generator = seeded(7)
    x = exact.noise.start(50, 3, generator)
    *_, (_, end) = reverse_walk(exact, x, 1.0, 5, generator=generator)
    assert torch.equal(sample(exact, 50, 3, 5, generator=seeded(7)), end)
    with pytest.raises(ValueError, match="corrections at least 0; they are 64 and -1"):
        sample(exact, 2, 3, corrections=-1)
    with pytest.raises(ValueError, match="rounds must be at least 1"):
        gibbs(exact, x, 0.5, 0)


def test_corrections_are_gibbs_steps_at_the_level_reached():
    exact, generator, times = exact_model(), seeded(7), [1 - i / 3 for i in range(4)]
    x = exact.noise.start(50, 3, generator)
    for t, s in itertools.pairwise(times):
        x = choose_tokens(exact.noise.reverse_step(exact.cavity(x, t).exp(), x, s, t), False, generator)
        x = gibbs(exact, x, s, 2, generator=generator)
    assert torch.equal(sample(exact, 50, 3, 3, corrections=2, generator=seeded(7)), x)


def test_a_gibbs_step_takes_every_sentence_at_its_own_level():
    sure = Wrapped(lambda xt, t: torch.tensor([50.0, 0, 0]).log_softmax(0).expand(*xt.shape, 3), OF_THREE, "cavity")
    t = torch.tensor([0.0, 1.0]).repeat(300)
    clean, noisy = gibbs(sure, torch.ones(600, 1, dtype=torch.int64), t, generator=seeded(0)).view(300, 2).T
    assert not clean.any()
    assert all(67 < count < 133 for count in torch.bincount(noisy, minlength=3)), "4 standard deviations"


def test_a_gibbs_step_forgets_the_word_that_it_redraws():
    mild = Wrapped(lambda xt, t: torch.tensor([0.5, 0.3, 0.2]).log().expand(*xt.shape, 3), OF_THREE, "cavity")
    first, second = (gibbs(mild, torch.full((300, 1), word), 0.3, generator=seeded(0)) for word in (0, 1))
    assert torch.equal(first, second)

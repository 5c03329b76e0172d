"""The way back: against the exact distribution of the chain, and against the language that it must reproduce."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import (
    GRAMMARS,
    SCHEDULES,
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
    PopulationDenoiser,
    ToyLanguage,
    TransformerDenoiser,
    UniformNoise,
    basin_profile,
    conditional_entropy,
    entropy_path,
    fixed_point_rate,
    iterate_argmax,
    mean_nelbo,
    predict,
    sample,
    token_recovery,
)
from uddm_mini.process.sampling import ask, device_of

each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


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


@each_schedule
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
@pytest.mark.parametrize("kind", ["cavity", "posterior"])
def test_samples_follow_the_exact_chain(schedule, kind, generator):
    # three steps: far from the language, so that a sampler that is right for other reasons would be caught
    language, steps, draws = ToyLanguage(three_words()), 3, 40_000
    noise = UniformNoise(3, schedule)
    prior = prior_of(language.grammar, language.words, 3)
    expected = draws * chain(prior, 3, 3, schedule, equal_steps(steps))
    x = sample(PopulationDenoiser(language, noise, kind), noise, draws, 3, steps, generator=generator)
    counts = torch.bincount(index_of(x, 3), minlength=27).double()
    assert float((draws * prior - expected).abs().sum()) / draws > 0.05
    reached = expected > 5
    chi_squared = float(((counts - expected) ** 2 / expected)[reached].sum())
    assert chi_squared < 54.1  # at most 26 degrees of freedom: 1 in 1,000, for a fixed seed
    assert float((counts - expected)[~reached].sum()) < 30


def test_predictions_and_steps_of_the_package_give_the_same_chain():
    # the same kernel, now from the package's parts, to 1e-10
    language, noise, x = ToyLanguage(three_words()), UniformNoise(3), sentences(3, 3)
    state = torch.full((27,), 1 / 27, dtype=torch.float64)
    for t, s in itertools.pairwise(equal_steps(5)):
        p0 = predict(
            PopulationDenoiser(language, noise), noise, x, torch.full((27,), t, dtype=torch.float64), "cavity"
        ).exp()
        moves = noise.posterior(p0, x, s, t)
        kernel = torch.stack([moves[:, i][:, x[:, i]] for i in range(3)]).prod(dim=0)
        state = state @ kernel
    prior = prior_of(language.grammar, language.words, 3)
    torch.testing.assert_close(state, chain(prior, 3, 3, "linear", equal_steps(5)), rtol=1e-10, atol=1e-10)


def test_population_denoiser_speaks_the_book_s_language(english, generator):
    noise, n = UniformNoise(english.vocab_size), 400
    x = sample(PopulationDenoiser(english, noise), noise, n, english.length, steps=48, generator=generator)
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


def test_the_way_back_visits_times_from_noise_to_text(generator):
    asked = []

    def denoiser(xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        asked.append(t.tolist())
        return torch.zeros(*xt.shape, 5).log_softmax(dim=2)

    noise, x = UniformNoise(5), torch.randint(5, (2, 3), generator=generator)
    path = sample(
        denoiser, noise, x_start=x, t_start=0.8, steps=4, trajectory=True, predicts="cavity", generator=generator
    )
    assert [t for t, _ in path] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0])
    assert torch.equal(path[0][1], x) and len(path) == 5
    torch.testing.assert_close(torch.tensor(asked), torch.tensor([0.8, 0.6, 0.4, 0.2])[:, None].expand(4, 2))
    end = sample(denoiser, noise, 2, 3, 4, predicts="cavity", generator=generator)
    assert end.shape == (2, 3) and end.dtype == torch.int64


def test_the_same_generator_gives_the_same_sentences_whichever_form_is_predicted(english):
    noise = UniformNoise(english.vocab_size)
    draws = [
        sample(PopulationDenoiser(english, noise, kind), noise, 4, 14, 8, generator=torch.Generator().manual_seed(seed))
        for kind, seed in (("cavity", 5), ("posterior", 5), ("cavity", 6))
    ]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


def test_greedy_takes_the_most_probable_token_of_each_step():
    prior = random_prior(3, 2)
    noise, x = UniformNoise(3), sentences(3, 2)
    alpha_t, alpha_s = signal(0.7, "linear"), signal(0.35, "linear")

    def denoiser(xt, t):
        alpha = signal(float(t[0]), "linear")
        return predictions(prior, alpha, 3, 2, "cavity")[index_of(xt, 3)].log()

    path = sample(denoiser, noise, x_start=x, t_start=0.7, steps=2, greedy=True, trajectory=True, predicts="cavity")
    cavity = predictions(prior, alpha_t, 3, 2, "cavity")
    at_s = cavity @ one_token(alpha_s, 3)
    onward = torch.stack([one_token(alpha_t / alpha_s, 3)[:, x[:, i]].T for i in range(2)], dim=1)
    assert torch.equal(path[1][1], (at_s * onward).argmax(dim=2))


def test_clean_text_stays_as_it_is():
    def never(xt, t):
        raise AssertionError("there is nothing to denoise")

    x = torch.tensor([[1, 2, 0]])
    assert torch.equal(sample(never, UniformNoise(3), x_start=x, t_start=0.0), x)
    path = sample(never, UniformNoise(3), x_start=x, t_start=0.0, trajectory=True)
    assert len(path) == 1 and path[0][0] == 0


def test_iterated_argmax_stops_at_a_fixed_point():
    # a denoiser that always says "the next word, up to 2"
    def climb(xt, t):
        return torch.nn.functional.one_hot((xt + 1).clamp_max(2), 3).float().mul(50).log_softmax(dim=2)

    noise, x = UniformNoise(3), torch.tensor([[0, 1], [2, 2]])
    path = iterate_argmax(climb, noise, x, 1.0, iterations=10, predicts="posterior")
    assert [step.tolist() for step in path] == [
        [[0, 1], [2, 2]],
        [[1, 2], [2, 2]],
        [[2, 2], [2, 2]],
        [[2, 2], [2, 2]],
    ]
    assert len(iterate_argmax(climb, noise, x, 1.0, iterations=1, predicts="posterior")) == 2
    assert len(iterate_argmax(climb, noise, x[:0], 1.0, predicts="posterior")[-1]) == 0
    # the map uses the full posterior: at t = 1e-3 the token's own evidence (odds 3e3) beats a cavity of odds 10
    mild = iterate_argmax(
        lambda xt, t: climb(xt, t).clamp_min(math.log(0.08)).log_softmax(dim=2), noise, x, 1e-3, predicts="cavity"
    )
    assert torch.equal(mild[-1], x)


def test_iterating_asks_only_about_sentences_that_still_move():
    # every sentence climbs at its own noise level; the one that arrives is not asked about again
    asked = []

    def climb(xt, t):
        asked.append([round(level, 3) for level in t.tolist()])
        return torch.nn.functional.one_hot((xt + 1).clamp_max(2), 3).float().mul(50).log_softmax(dim=2)

    x, t = torch.tensor([[2], [0], [1]]), torch.tensor([0.2, 0.5, 0.8])
    path = iterate_argmax(climb, UniformNoise(3), x, t, predicts="posterior")
    assert asked == [[0.2, 0.5, 0.8], [0.5, 0.8], [0.5]]
    assert [step.flatten().tolist() for step in path] == [[2, 0, 1], [2, 1, 2], [2, 2, 2], [2, 2, 2]]
    assert path[0] is x and x.flatten().tolist() == [2, 0, 1]  # nobody's tensor was changed in place
    with pytest.raises(ValueError, match=r"t has shape \(1,\) for 3 sentences"):
        iterate_argmax(climb, UniformNoise(3), x, t[:1], predicts="posterior")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(n=2), "n and length"),
        (dict(n=-1, length=2), "n and length"),
        (dict(n=2, length=0), "n and length"),
        (dict(n=2, length=2, steps=0), "at least 1"),
        (dict(n=2, length=2, t_start=0.5), "x_start"),
        (dict(n=2, x_start=torch.zeros(2, 2).long()), "leave out n and length"),
        (dict(length=2, x_start=torch.zeros(2, 2).long()), "leave out n and length"),
        (dict(n=2, length=2, t_start=1.5), "between 0 and 1"),
        (dict(n=2, length=2, predicts=None), "predicts="),
        (dict(n=2, length=2, predicts="mean"), "predicts="),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        sample(lambda xt, t: torch.zeros(*xt.shape, 3), UniformNoise(3), **{"predicts": "cavity", **arguments})


def test_sampling_starts_where_the_weights_are(monkeypatch, generator):
    model, asked = torch.nn.Linear(1, 1, device="meta"), []  # stands for a model on a GPU

    def at(denoiser, noise, xt, *rest):
        asked.append(xt.device.type)
        return torch.zeros(*xt.shape, 3)

    monkeypatch.setattr("uddm_mini.process.sampling.predict", at)
    monkeypatch.setattr(UniformNoise, "posterior", lambda noise, p0, xt, s, t: p0)
    for denoiser in (model, torch.nn.ReLU(), lambda xt, t: xt):
        sample(denoiser, UniformNoise(3), 2, 4, steps=1, generator=generator)
    assert asked == ["meta", "cpu", "cpu"]
    assert device_of(lambda xt, t: xt, "meta").type == "meta"


# --- the contract of a denoiser --------------------------------------------------------------------------------------

WORDS, ROWS = 5, torch.tensor([[0, 1, 2], [4, 3, 2]])
OF_FIVE = UniformNoise(WORDS)
QUESTIONS = {
    "predict": lambda d: predict(d, OF_FIVE, ROWS, 0.5, "posterior"),
    "sample": lambda d: sample(d, OF_FIVE, 2, 3, steps=2),
    "sample from text": lambda d: sample(d, OF_FIVE, x_start=ROWS, steps=2, greedy=True),
    "iterate_argmax": lambda d: iterate_argmax(d, OF_FIVE, ROWS, 0.5),
    "token_recovery": lambda d: token_recovery(d, OF_FIVE, ROWS, 0.5),
    "basin_profile": lambda d: basin_profile(d, OF_FIVE, ROWS[0], corruptions=2),
    "fixed_point_rate": lambda d: fixed_point_rate(d, OF_FIVE, ROWS),
    "conditional_entropy": lambda d: conditional_entropy(d, ROWS, noise=OF_FIVE),
    "conditional_entropy, as it is": lambda d: conditional_entropy(d, ROWS),
    "mean_nelbo": lambda d: mean_nelbo(d, OF_FIVE, ROWS),
    "entropy_path": lambda d: entropy_path(d, OF_FIVE, ROWS, steps=2),
}


class Says(torch.nn.Module):
    """A denoiser that answers whatever `answer` makes of the sentences."""

    predicts = "cavity"

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, xt, t):
        return self.answer(xt)


def logits(xt, vocab=WORDS):
    return torch.randn(*xt.shape, vocab, generator=torch.Generator().manual_seed(0))


BROKEN = {
    "logits": (logits, "normalized"),
    "probabilities": (lambda xt: logits(xt).softmax(dim=2), "normalized"),
    "bits": (lambda xt: logits(xt).log_softmax(dim=2) / math.log(2), "normalized"),
    "nothing is possible": (lambda xt: torch.full((*xt.shape, WORDS), -math.inf), "normalized"),
    "not a number": (lambda xt: torch.full((*xt.shape, WORDS), math.nan), "normalized"),
    "one sentence for all": (lambda xt: logits(xt).log_softmax(dim=2)[0], "answered"),
    "a sentence too few": (lambda xt: logits(xt).log_softmax(dim=2)[1:], "answered"),
    "a tuple": (lambda xt: (logits(xt).log_softmax(dim=2),), "returned tuple"),
    "words": (lambda xt: xt.unsqueeze(2), "returned torch.int64"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_probe_names_a_denoiser_that_breaks_its_contract(question):
    for answer, message in BROKEN.values():
        with pytest.raises(ValueError, match=message):
            QUESTIONS[question](Says(answer))
    seven = Says(lambda xt: logits(xt, 7).log_softmax(dim=2))
    if question == "conditional_entropy, as it is":  # without noise, nobody says how many words there are
        assert QUESTIONS[question](seven).shape == (2, 3)
    else:
        with pytest.raises(ValueError, match="each of the 5 words"):
            QUESTIONS[question](seven)
    QUESTIONS[question](Says(lambda xt: logits(xt).log_softmax(dim=2)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_rounding_breaks_no_contract(dtype):
    for vocab, scale in itertools.product((5, 50_000), (0.0, 0.1, 1.0, 30.0)):
        found = ask(Says(lambda xt, v=vocab, s=scale: (s * logits(xt, v)).to(dtype).log_softmax(dim=2)), ROWS, 0.5)
        assert found.dtype == torch.promote_types(dtype, torch.float32)  # half precision is not for adding up


def test_asking_leaves_no_gradient_and_takes_no_sentences_or_one_alone():
    model = TransformerDenoiser(WORDS, 3, 8, 1, 2)
    assert model(ROWS, torch.zeros(2)).requires_grad and not ask(model, ROWS, 0.5).requires_grad
    assert ask(model, ROWS[:0], 0.5).shape == (0, 3, WORDS)
    for question in (ask, lambda d, x, t: iterate_argmax(d, OF_FIVE, x, t)):
        with pytest.raises(ValueError, match=r"xt\[None\]"):
            question(model, ROWS[0], 0.5)


@pytest.mark.parametrize(
    "question", sorted(set(QUESTIONS) - {"sample"})
)  # without text it starts where the weights are
def test_the_question_goes_to_the_weights_and_the_answer_comes_back(question):
    asked = []

    class Elsewhere(torch.nn.Linear):  # stands for a model on a GPU
        predicts = "cavity"

        def forward(self, xt, t):
            asked.append((xt.device.type, t.device.type))
            return torch.zeros(*xt.shape, WORDS).log_softmax(dim=2)

    QUESTIONS[question](Elsewhere(1, 1, device="meta"))  # of "meta" nothing can be read: all arithmetic is with ROWS
    assert asked and set(asked) == {("meta", "meta")}

"""The contract of a denoiser: asked in batches, where its weights are, in either form, and checked."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import index_of, predictions, random_prior, sentences, signal

from uddm_mini import (
    BasinSettings,
    Cosine,
    Denoiser,
    MemorizingDenoiser,
    ModelSettings,
    PathSettings,
    TransformerDenoiser,
    UniformNoise,
    Walk,
    Wrapped,
    basin_profile,
    conditional_entropy,
    entropy_path,
    fixed_point_rate,
    mean_nelbo,
    reverse_walk,
    sample,
    settle,
    token_recovery,
)
from uddm_mini.denoiser import checked_answer

WORDS, ROWS = 5, torch.tensor([[0, 1, 2], [4, 3, 2]])
OF_FIVE = UniformNoise(WORDS)
EXACT = dict(rtol=1e-10, atol=1e-10)


def logits(xt, vocab=WORDS):
    return torch.randn(*xt.shape, vocab, generator=torch.Generator().manual_seed(0))


def by_token(xt, t):
    """An answer that depends on each token and its level, whoever else is in the batch."""
    spread = torch.sin(xt.unsqueeze(2) * 1.7 + torch.arange(WORDS) * 2.3 + 3 * t[:, None, None])
    return (2 * spread).log_softmax(dim=2)


class Says(torch.nn.Module, Denoiser):
    """A denoiser that answers whatever `answer` makes of the sentences."""

    noise, predicts = OF_FIVE, "cavity"

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, xt, t):
        return self.answer(xt)


class Table(Denoiser):
    """The exact answer for a random prior over all sentences of two words out of three."""

    noise = UniformNoise(3)
    prior = random_prior(3, 2)

    def __init__(self, predicts):
        self.predicts = predicts

    def __call__(self, xt, t):
        tables = [predictions(self.prior, signal(float(level), "linear"), 3, 2, self.predicts) for level in t]
        return torch.stack([table[i] for table, i in zip(tables, index_of(xt, 3), strict=True)]).log()


# --- forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["cavity", "posterior"])
@pytest.mark.parametrize("wanted", ["cavity", "posterior"])
def test_either_form_is_answered_whichever_is_predicted(given, wanted):
    x, model = sentences(3, 2), Table(given)
    level = torch.full((9,), 0.4, dtype=torch.float64)
    expected = predictions(model.prior, signal(0.4, "linear"), 3, 2, wanted)
    torch.testing.assert_close(getattr(model, wanted)(x, level).exp(), expected, **EXACT)
    torch.testing.assert_close(model.mapped(x, level, wanted).exp(), expected, **EXACT)
    assert torch.equal(model.best_guess(x, level, wanted), expected.argmax(dim=2))


def test_the_best_guess_is_from_the_full_posterior_unless_told_otherwise():
    x, model = sentences(3, 2), Table("cavity")
    level = torch.full((9,), 0.05)
    assert torch.equal(model.best_guess(x, level), model.best_guess(x, level, "posterior"))
    assert not torch.equal(model.best_guess(x, level), model.best_guess(x, level, "cavity"))


@pytest.mark.parametrize("question", ["cavity", "posterior", "best_guess"])
def test_a_number_a_scalar_and_one_level_per_sentence_are_one_question(question):
    model = Wrapped(by_token, OF_FIVE, "cavity")
    each = getattr(model, question)(ROWS, torch.full((2,), 0.3))
    for t in (0.3, torch.tensor(0.3)):
        assert torch.equal(getattr(model, question)(ROWS, t), each)
    mixed = getattr(model, question)(ROWS, torch.tensor([0.3, 0.9]))
    assert torch.equal(mixed[0], each[0]) and not torch.equal(mixed[1], each[1])


def test_the_best_guess_is_int64_also_of_nothing():
    model = Wrapped(by_token, OF_FIVE, "cavity")
    for rows in (ROWS, ROWS[:0]):
        guess = model.best_guess(rows, 0.5)
        assert guess.shape == rows.shape and guess.dtype == torch.int64


# --- batches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 8])
def test_batches_give_what_one_question_gives(batch_size, generator):
    x, t = torch.randint(WORDS, (7, 3), generator=generator), torch.rand(7, generator=generator)
    asked = []

    def recorded(xt, level):
        asked.append((len(xt), level.tolist()))
        return by_token(xt, level)

    whole = Wrapped(by_token, OF_FIVE, "cavity")
    model = Wrapped(recorded, OF_FIVE, "cavity", batch_size=batch_size)
    for question in ("cavity", "posterior", "best_guess"):
        assert torch.equal(getattr(model, question)(x, t), getattr(whole, question)(x, t))
    sizes = [min(batch_size, 7 - start) for start in range(0, 7, batch_size)]
    assert [n for n, _ in asked] == 3 * sizes, "never more at a time"
    assert [level for _, levels in asked[: len(sizes)] for level in levels] == t.tolist()


def test_a_reduction_is_made_of_every_batch_with_its_sentences_and_levels(generator):
    x, t = torch.randint(WORDS, (5, 3), generator=generator), torch.rand(5, generator=generator)
    model, seen = Wrapped(by_token, OF_FIVE, "cavity", batch_size=2), []

    def own(log_p0, xt, level):
        seen.append((xt, level))
        return log_p0.gather(2, xt.unsqueeze(2)).squeeze(2)

    got = model.mapped(x, t, "posterior", own)
    assert torch.equal(got, model.posterior(x, t).gather(2, x.unsqueeze(2)).squeeze(2))
    assert [len(xt) for xt, _ in seen] == [2, 2, 1]
    assert torch.equal(torch.cat([xt for xt, _ in seen]), x)
    assert torch.equal(torch.cat([level for _, level in seen]), t)


def test_asking_leaves_no_gradient_and_takes_no_sentences_or_one_alone():
    model = TransformerDenoiser(OF_FIVE, 3, ModelSettings(8, 1, 2))
    assert model(ROWS, torch.zeros(2)).requires_grad
    assert not model.cavity(ROWS, 0.5).requires_grad and not model.posterior(ROWS, 0.5).requires_grad
    assert model.cavity(ROWS[:0], 0.5).shape == (0, 3, WORDS)
    for question in (model.cavity, model.posterior, model.best_guess, lambda x, t: list(settle(model, x, t))):
        with pytest.raises(ValueError, match=r"xt has shape \[3\]; give sentences int64\[B, L\], .* as xt\[None\]"):
            question(ROWS[0], 0.5)


# --- broken contracts ------------------------------------------------------------------------------------------------

QUESTIONS = {
    "cavity": lambda d: d.cavity(ROWS, 0.5),
    "posterior": lambda d: d.posterior(ROWS, 0.5),
    "best_guess": lambda d: d.best_guess(ROWS, 0.5),
    "sample": lambda d: sample(d, 2, 3, steps=2),
    "reverse_walk": lambda d: list(reverse_walk(d, ROWS, steps=2, greedy=True)),
    "settle": lambda d: list(settle(d, ROWS, 0.5)),
    "walk": lambda d: Walk("reverse", 2)(d, ROWS, 0.5),
    "token_recovery": lambda d: token_recovery(d, ROWS, 0.5),
    "basin_profile": lambda d: basin_profile(d, ROWS[0], settings=BasinSettings(corruptions=2)),
    "fixed_point_rate": lambda d: fixed_point_rate(d, ROWS),
    "conditional_entropy": lambda d: conditional_entropy(d, ROWS),
    "mean_nelbo": lambda d: mean_nelbo(d, ROWS),
    "entropy_path": lambda d: entropy_path(d, ROWS, PathSettings(steps=2)),
}
BROKEN = {
    "logits": (logits, "normalized"),
    "probabilities": (lambda xt: logits(xt).softmax(dim=2), "normalized"),
    "bits": (lambda xt: logits(xt).log_softmax(dim=2) / math.log(2), "normalized"),
    "nothing is possible": (lambda xt: torch.full((*xt.shape, WORDS), -math.inf), "normalized"),
    "not a number": (lambda xt: torch.full((*xt.shape, WORDS), math.nan), "holds NaN"),
    "one sentence for all": (lambda xt: logits(xt).log_softmax(dim=2)[0], "answered"),
    "a sentence too few": (lambda xt: logits(xt).log_softmax(dim=2)[1:], "answered"),
    "one word too many": (lambda xt: logits(xt, 6).log_softmax(dim=2), "each of the 5 words"),
    "a tuple": (lambda xt: (logits(xt).log_softmax(dim=2),), "returned tuple"),
    "nothing": (lambda xt: None, "returned NoneType"),
    "words": (lambda xt: xt.unsqueeze(2), "returned torch.int64"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_probe_names_a_denoiser_that_breaks_its_contract(question):
    for name, (answer, message) in BROKEN.items():
        with pytest.raises(ValueError, match=message) as caught:
            QUESTIONS[question](Says(answer))
        assert "\n" not in str(caught.value), name
    QUESTIONS[question](Says(lambda xt: logits(xt).log_softmax(dim=2)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_probe_names_a_denoiser_that_is_set_up_wrongly(question):
    for attribute, value, message in (
        ("batch_size", 0, "batch_size must be at least 1, but is 0"),
        ("predicts", "mean", 'predicts "cavity" or "posterior", not \'mean\''),
        ("predicts", None, 'predicts "cavity" or "posterior", not None'),
    ):
        model = Says(lambda xt: logits(xt).log_softmax(dim=2))
        setattr(model, attribute, value)
        with pytest.raises(ValueError, match=message):
            QUESTIONS[question](model)


@pytest.mark.parametrize(
    ("t", "message"), [(1.5, "between 0"), (math.nan, "between 0"), (torch.zeros(3), "one number or one per sentence")]
)
def test_levels_that_cannot_be_are_named(t, message):
    model = Wrapped(by_token, OF_FIVE, "cavity")
    for question in (model.cavity, model.posterior, model.best_guess):
        with pytest.raises(ValueError, match=message):
            question(ROWS, t)


def test_a_form_that_does_not_exist_is_named():
    model = Wrapped(by_token, OF_FIVE, "cavity")
    for question in (model.best_guess, model.mapped):
        with pytest.raises(ValueError, match='"cavity" or "posterior", not .both'):
            question(ROWS, 0.5, "both")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_rounding_breaks_no_contract(dtype):
    for vocab, scale in itertools.product((5, 50_000), (0.0, 0.1, 1.0, 30.0)):
        answer = (scale * logits(ROWS, vocab)).to(dtype).log_softmax(dim=2)
        found = checked_answer(answer, ROWS, vocab)
        # half precision is not for adding up; nothing else is changed
        assert torch.equal(found, answer.to(torch.promote_types(dtype, torch.float32)))
        assert found.dtype == torch.promote_types(dtype, torch.float32)


# --- where the weights are -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", sorted(set(QUESTIONS) - {"sample"}))  # that one starts where the weights are
@pytest.mark.parametrize("wrapped", [False, True])
def test_the_question_goes_to_the_weights_and_the_answer_comes_back(question, wrapped):
    asked = []

    class Elsewhere(torch.nn.Linear, Denoiser):  # stands for a model on a GPU
        noise, predicts = OF_FIVE, "cavity"

        def forward(self, xt, t):
            asked.append((xt.device.type, t.device.type))
            return torch.zeros(*xt.shape, WORDS).log_softmax(dim=2)

    model = Elsewhere(1, 1, device="meta")  # of "meta" nothing can be read: all arithmetic is with ROWS
    QUESTIONS[question](Wrapped(model, OF_FIVE, "cavity") if wrapped else model)
    assert asked and set(asked) == {("meta", "meta")}


def test_a_denoiser_is_where_its_weights_are_and_on_the_cpu_without_any():
    class Here(torch.nn.Module, Denoiser):
        pass

    elsewhere = Here()
    elsewhere.weight = torch.nn.Parameter(torch.zeros(1, device="meta"))
    assert elsewhere.device.type == "meta"
    assert Wrapped(elsewhere, OF_FIVE, "cavity").device.type == "meta"
    for without in (Here(), Table("cavity"), Wrapped(by_token, OF_FIVE, "cavity"), Wrapped(Here(), OF_FIVE, "cavity")):
        assert without.device.type == "cpu"


def test_what_has_no_weights_is_asked_where_the_question_is():
    for function in (lambda xt, t: xt, Says(lambda xt: xt)):
        assert Wrapped(function, OF_FIVE, "cavity")(ROWS.to("meta"), torch.zeros(2)).device.type == "meta"


# --- a model from elsewhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["cavity", "posterior"])
def test_a_wrapped_model_says_what_the_model_says(form):
    trained = TransformerDenoiser(OF_FIVE, 3, ModelSettings(8, 1, 2), seed=3)
    memory = MemorizingDenoiser(ROWS, OF_FIVE)
    for model in (trained, memory):
        wrapped = Wrapped(model, model.noise, model.predicts)
        for t in (0.0, 0.4, torch.tensor([0.2, 1.0])):
            assert torch.equal(getattr(wrapped, form)(ROWS, t), getattr(model, form)(ROWS, t))
        for probe in ("sample", "token_recovery"):
            torch.manual_seed(0)
            first = QUESTIONS[probe](model)
            torch.manual_seed(0)
            second = QUESTIONS[probe](wrapped)
            assert torch.equal(getattr(first, "out", first), getattr(second, "out", second))


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_level_is_told_as_t_sigma_or_alpha(schedule):
    noise = UniformNoise(WORDS, Cosine()) if schedule == "cosine" else OF_FIVE
    told = {}

    def function(xt, level):
        told[takes] = level
        return logits(xt).log_softmax(dim=2)

    t = torch.tensor([0.0, 0.7])
    for takes in ("t", "sigma", "alpha"):
        Wrapped(function, noise, "cavity", takes=takes).cavity(ROWS, t)
        assert told[takes].shape == (2,) and told[takes].dtype == torch.float32
    alpha = signal(t.double(), schedule).float()
    torch.testing.assert_close(told["t"], t, rtol=0, atol=0)
    torch.testing.assert_close(told["alpha"], alpha)
    torch.testing.assert_close(told["sigma"], -alpha.log())
    assert told["sigma"][0] == 0


def test_the_conversion_uses_t_whatever_the_model_is_told():
    answers = [
        Wrapped(lambda xt, _: logits(xt), OF_FIVE, "cavity", logits=True, takes=takes) for takes in ("t", "sigma")
    ]
    assert torch.equal(answers[0].posterior(ROWS, 0.3), answers[1].posterior(ROWS, 0.3))


def test_logits_become_log_probabilities_only_where_they_are_said_to_be():
    model = Wrapped(lambda xt, t: logits(xt), OF_FIVE, "cavity", logits=True)
    assert torch.equal(model.cavity(ROWS, 0.5), logits(ROWS).log_softmax(dim=2))
    with pytest.raises(ValueError, match="wrap it with logits=True"):
        Wrapped(lambda xt, t: logits(xt), OF_FIVE, "cavity").cavity(ROWS, 0.5)
    # log-probabilities are logits, too
    again = Wrapped(lambda xt, t: logits(xt).log_softmax(dim=2), OF_FIVE, "cavity", logits=True)
    torch.testing.assert_close(again.cavity(ROWS, 0.5), model.cavity(ROWS, 0.5))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_logits_in_any_precision_are_added_up_in_float32_or_better(dtype):
    model = Wrapped(lambda xt, t: logits(xt, 5).to(dtype), OF_FIVE, "cavity", logits=True)
    wide = torch.promote_types(dtype, torch.float32)
    assert torch.equal(model.cavity(ROWS, 0.5), logits(ROWS).to(dtype).to(wide).log_softmax(dim=2))
    assert model.posterior(ROWS, 0.5).dtype == wide


def test_with_logits_what_is_no_tensor_or_has_another_shape_is_named_all_the_same():
    for answer, message in ((None, "returned NoneType"), (torch.zeros(2, 3, 4), "each of the 5 words")):
        with pytest.raises(ValueError, match=message):
            Wrapped(lambda xt, t, a=answer: a, OF_FIVE, "cavity", logits=True).cavity(ROWS, 0.5)


def test_a_module_may_be_wrapped():
    class Foreign(torch.nn.Module):
        """What somebody else trained: logits, asked with sigma, and no word about noise."""

        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(WORDS, WORDS)

        def forward(self, ids, sigma):
            return self.embedding(ids) * sigma[:, None, None]

    foreign = Foreign()
    model = Wrapped(foreign, OF_FIVE, "posterior", takes="sigma", logits=True, batch_size=1)
    sigma = -signal(torch.tensor([0.5, 0.5]), "linear").float().log()
    torch.testing.assert_close(model.posterior(ROWS, 0.5), foreign(ROWS, sigma).log_softmax(dim=2).detach())
    assert not model.posterior(ROWS, 0.5).requires_grad
    assert sample(model, 3, 4, steps=2).shape == (3, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(predicts="mean"), '"cavity" or "posterior", not \'mean\''),
        (dict(predicts=None), '"cavity" or "posterior", not None'),
        (dict(takes="time"), 'takes is "t", "sigma" or "alpha".*not .time'),
    ],
)
def test_a_wrapping_that_cannot_be_is_named_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        Wrapped(**{"function": by_token, "noise": OF_FIVE, "predicts": "cavity", **arguments})

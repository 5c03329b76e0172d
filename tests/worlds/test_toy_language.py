"""The toy language against brute force over every choice, and the promises that the book makes about it."""

from __future__ import annotations

import hashlib
import math

import pytest
import torch
from oracles import GRAMMARS, predictions, prior_of, sentences, signal, spell

from uddm_mini import ToyLanguage, UniformNoise
from uddm_mini.worlds import toy_language
from uddm_mini.worlds.grammar import Choice, Grammar, Slot, echo, uniform

EXACT = dict(rtol=1e-10, atol=1e-10)
each_grammar = pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=GRAMMARS)


@each_grammar
def test_probabilities_entropy_and_count_are_those_of_all_outcomes(grammar):
    language, spelled = ToyLanguage(grammar), spell(grammar)
    x = sentences(language.vocab_size, language.length)
    prior = prior_of(grammar, language.words, language.length)
    torch.testing.assert_close(language.log_prob(x).exp(), prior, **EXACT)
    assert float(language.log_prob(x).exp().sum()) == pytest.approx(1, abs=1e-12)
    assert language.n_sentences == len(spelled) == int((prior > 0).sum())
    assert language.entropy() == pytest.approx(-sum(p * math.log(p) for p in spelled.values()), abs=1e-12)
    assert bool((language.log_prob(x)[prior == 0] == -torch.inf).all())


@each_grammar
def test_mendable_words_are_those_in_which_a_sentence_of_the_language_differs(grammar):
    language = ToyLanguage(grammar)
    x = sentences(language.vocab_size, language.length)
    said = x[language.log_prob(x).isfinite()]
    differs = x[:, None] != said  # [n, said, L]
    assert torch.equal(language.mendable(x), (differs & (differs.sum(2, keepdim=True) == 1)).any(dim=1))
    assert language.mendable(x[:0]).shape == (0, language.length)


def test_many_sentences_are_mended_in_bounded_memory(english, monkeypatch):
    x, asked, real = english.sample(5, seed=0), [], english.log_prob
    x[::2, 3] = 0
    whole = english.mendable(x)
    monkeypatch.setattr(toy_language, "AT_ONCE", 2)
    monkeypatch.setattr(english, "log_prob", lambda tries: asked.append(len(tries)) or real(tries))
    assert torch.equal(english.mendable(x), whole)
    assert asked == [k * english.length * english.vocab_size for k in (2, 2, 1)]


@each_grammar
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_cavity_is_that_of_all_sentences(grammar, t):
    language = ToyLanguage(grammar)
    vocab, length = language.vocab_size, language.length
    prior, x = prior_of(grammar, language.words, length), sentences(vocab, length)
    # at t = 0 likelihoods count 1 - alpha as 1e-6, so that every x_t is possible
    alpha = signal(t, "linear").clamp_max(1 - 1e-6)
    got = language.cavity(UniformNoise(vocab).likelihood(x, t)).exp()
    torch.testing.assert_close(got, predictions(prior, alpha, vocab, length, "cavity"), **EXACT)


@each_grammar
def test_cavity_ignores_the_evidence_at_its_own_position(grammar, generator):
    language = ToyLanguage(grammar)
    evidence = torch.rand(1, language.length, language.vocab_size, generator=generator, dtype=torch.float64) + 0.1
    before = language.cavity(evidence)
    for position in range(language.length):
        other = evidence.clone()
        other[:, position] = torch.rand(language.vocab_size, generator=generator, dtype=torch.float64) + 0.1
        after = language.cavity(other)
        torch.testing.assert_close(after[:, position], before[:, position], **EXACT)
        assert not torch.allclose(after.exp(), before.exp(), atol=1e-3)


@each_grammar
def test_samples_have_the_exact_probabilities(grammar):
    language, draws = ToyLanguage(grammar), 50_000
    x = language.sample(draws, seed=0)
    said, counts = x.unique(dim=0, return_counts=True)
    expected = draws * language.log_prob(said).exp()
    assert len(said) == language.n_sentences
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    freedom = len(said) - 1
    assert chi_squared < freedom + 4 * math.sqrt(2 * freedom) + 4  # about 1 in 10,000, for a fixed seed


def test_a_million_sentences_counted_in_the_book_s_language(english):
    # per topic 4 actors, 6 manners x 6 adverbs, 8 actions, 4 things, 3 relatives, 5 links x 5 events
    assert english.n_sentences == 4 * 4 * 36 * 8 * 4 * 3 * 25 == 1_382_400
    assert 12 <= english.length <= 16 and english.vocab_size <= 128
    assert len(english.words) == len(set(english.words)) == english.vocab_size


def test_entropy_of_the_book_s_language_is_the_sum_over_its_choices(english):
    # one path per sentence: the entropy of the words is that of the choices, added up by hand
    echoes = sum(-p * math.log(p) for p in echo(6, 0.8)[0]) + sum(-p * math.log(p) for p in echo(5, 0.8)[0])
    relative = -sum(p * math.log(p) for p in (0.6, 0.25, 0.15))
    by_hand = sum(math.log(n) for n in (4, 4, 6, 8, 4, 5)) + echoes + relative
    assert english.entropy() == pytest.approx(by_hand, abs=1e-10)


def test_entropy_of_the_book_s_language_is_the_mean_surprise_of_its_samples(english):
    surprise = -english.log_prob(english.sample(20_000, seed=1))
    error = float(surprise.std()) / math.sqrt(len(surprise))
    assert abs(float(surprise.mean()) - english.entropy()) < 4 * error


def test_samples_are_the_same_on_every_machine(english):
    x = english.sample(1000, seed=0)
    assert x.dtype == torch.int64 and x.shape == (1000, english.length)
    digest = hashlib.sha256(x.numpy().astype("<i8").tobytes()).hexdigest()
    assert digest == "d52e4a8ecaa83751ed3ed7ce08fe2dd687dadc5c904ac238a143ff9e89dd4e9f"
    assert torch.equal(english.sample(10, seed=0), x[:10]), "more sentences begin with the same ones"
    assert not torch.equal(english.sample(10, seed=1), x[:10])
    assert english.sample(0, seed=0).shape == (0, english.length)


def test_corpus_has_distinct_sentences_and_shares_its_held_out_part(english):
    small, large = english.corpus(n_train=10, n_held_out=20, seed=3), english.corpus(n_train=400, n_held_out=20, seed=3)
    assert torch.equal(small.held_out, large.held_out)
    assert torch.equal(small.train, large.train[:10])
    both = torch.cat([large.train, large.held_out])
    assert len(both.unique(dim=0)) == len(both) == 420
    assert bool(english.log_prob(both).isfinite().all())
    assert large.words == english.words and large.ignore == ()
    assert large.world is english and large.name == "toy"
    assert large.info == {"seed": 3, "distinct sentences of the language": 1_382_400}
    assert not torch.equal(english.corpus(n_train=10, n_held_out=20, seed=4).train, small.train)


def test_words_and_ids_go_both_ways(english):
    x = english.sample(5, seed=0)
    text = english.decode(x)
    assert torch.equal(english.encode(text), x)
    assert english.decode(x[0]) == text[:1], "one sentence without a batch"
    assert english.encode([]).shape == (0, english.length)
    assert text[0].split()[0] in ("this", "that", "these", "every")


def test_a_slot_may_say_one_word_always_and_a_choice_may_depend_on_one_in_the_same_slot():
    fixed = Grammar((Choice("a", (0.5, 0.5)),), (Slot(("a",), ("x", "y")), Slot((), "z")))
    language = ToyLanguage(fixed)
    assert set(language.decode(language.sample(50, seed=0))) == {"x z", "y z"}
    assert language.entropy() == pytest.approx(math.log(2))
    together = Grammar(
        (Choice("a", (0.25, 0.75)), Choice("b", echo(2, 0.9), parent="a")),
        (Slot(("b", "a"), (("p", "q"), ("r", "s"))),),
    )
    language = ToyLanguage(together)
    said = {word: float(language.log_prob(language.encode([word])).exp()) for word in "pqrs"}
    assert said == pytest.approx({"p": 0.225, "q": 0.075, "r": 0.025, "s": 0.675})


def test_a_choice_without_words_of_its_own_needs_no_slot_of_its_own():
    # p(b) = 0.25 * (0.9, 0.1) + 0.75 * (0.1, 0.9), and a is never said
    hidden = Grammar(
        (Choice("a", (0.25, 0.75)), Choice("b", echo(2, 0.9), parent="a")),
        (Slot(("b",), ("x", "y")), Slot((), "z"), Slot(("b",), ("x", "y"))),
    )
    language = ToyLanguage(hidden)
    probs = language.log_prob(language.encode(["x z x", "y z y", "x z y"])).exp()
    assert probs.tolist() == pytest.approx([0.3, 0.7, 0.0])
    assert language.n_sentences == 2


def test_ambiguous_grammars_are_refused():
    same = Grammar((Choice("a", uniform(2)),), (Slot(("a",), ("x", "x")), Slot(("a",), ("y", "y"))))
    with pytest.raises(ValueError, match=r"more than one way \(2 derivations of 1 sentences\)"):
        ToyLanguage(same)
    # within one slot the two ways are one step with the summed probability, which is sound
    merged = ToyLanguage(Grammar((Choice("a", uniform(2)),), (Slot(("a",), ("x", "x")),)))
    assert merged.n_sentences == 1 and merged.entropy() == pytest.approx(0, abs=1e-12)


SLOT = Slot(("a",), ("x", "y"))


@pytest.mark.parametrize(
    ("choices", "slots", "message"),
    [
        ((Choice("a", (0.5, 0.6)),), (SLOT,), "must sum to 1"),
        ((Choice("a", (1.5, -0.5)),), (SLOT,), "must sum to 1"),
        ((Choice("a", (float("nan"), 0.5)),), (SLOT,), "must sum to 1"),
        ((Choice("a", (0.5, 0.5)),), (), "at least one slot"),
        ((Choice("b", (0.5, 0.5)),), (SLOT,), "no choice of that name"),
        ((Choice("a", (0.2, 0.3, 0.5)),), (SLOT,), "a word for every value"),
        ((Choice("a", ((1.0, 0.0),) * 2, "b"), Choice("b", (0.5, 0.5))), (SLOT,), "must come first"),
        ((Choice("b", (0.2, 0.3, 0.5)), Choice("a", ((1.0, 0.0),) * 2, "b")), (SLOT,), "one row"),
        ((Choice("a", (0.5, 0.5)), Choice("a", (0.5, 0.5))), (SLOT,), "two choices"),
    ],
)
def test_broken_grammars_are_named(choices, slots, message):
    with pytest.raises(ValueError, match=message):
        Grammar(choices, slots)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.sample(-1, seed=0), "cannot be negative"),
        (lambda e: e.encode(["this old sailor"]), "14 words here, but 'this old sailor' has 3"),
        (lambda e: e.encode(["this old astronaut"]), "'astronaut' is not one of the 102 words"),
        (lambda e: e.log_prob(torch.zeros(2, 3, dtype=torch.int64)), r"int64\[n, 14\]"),
        (lambda e: e.log_prob(torch.full((1, 14), 102)), "outside 0 ... 101"),
        (lambda e: e.cavity(torch.ones(2, 14, 3)), r"\[batch, 14, 102\]"),
        (lambda e: e.cavity(torch.zeros(1, 14, 102)), "contradicts every sentence"),
        (lambda e: e.corpus(n_train=0), "at least 1"),
        (lambda e: e.corpus(n_held_out=0), "at least 1"),
        (lambda e: e.corpus(n_train=1_382_400), "together at most 1382400"),
    ],
)
def test_bad_input_is_named(english, call, message):
    with pytest.raises(ValueError, match=message):
        call(english)


def test_a_bare_sentence_is_no_list_of_sentences(english):
    with pytest.raises(TypeError, match=r"write encode\(\[sentence\]\)"):
        english.encode(english.decode(english.sample(1, 0))[0])

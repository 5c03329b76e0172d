"""Corpora of languages, small and almost whole; grammars made of grammars; misprints. Oracle: enumeration."""

import itertools
import math

import pytest
import torch

from uddm_mini import PopulationDenoiser, ToyLanguage, UniformNoise, conditional_entropy
from uddm_mini.worlds import WORLDS
from uddm_mini.worlds.drawn import draw_corpus
from uddm_mini.worlds.grammar import Choice, Grammar, Slot, english
from uddm_mini.worlds.grown import STOP, closed, mixed, repeated, versions
from uddm_mini.worlds.kitchen import kitchen
from uddm_mini.worlds.noisy import NoisyLanguage

# weather: it is hot and dry or hot and wet, cold and wet; greeting: one word, which weather has, too
WEATHER = Grammar(
    (Choice("heat", (0.6, 0.4)), Choice("rain", ((0.7, 0.3), (0.0, 1.0)), parent="heat")),
    (Slot(("heat",), ("hot", "cold")), Slot(("rain",), ("dry", "wet"))),
)
GREETING = Grammar((Choice("kind", (0.25, 0.75)),), (Slot(("kind",), ("hot", "hello")),))


def by_words(language):
    """Every sentence of a language with its probability."""
    x, p = language.every()
    return dict(zip(language.decode(x), p.tolist(), strict=True))


def test_every_sentence_is_listed_once_with_its_probability():
    assert by_words(ToyLanguage(WEATHER)) == pytest.approx({"hot dry": 0.42, "hot wet": 0.18, "cold wet": 0.4})
    language = ToyLanguage()
    x, p = language.every()
    assert len(x) == language.n_sentences and float(p.sum()) == pytest.approx(1)
    some = torch.arange(0, len(x), 1000)
    torch.testing.assert_close(language.log_prob(x[some]), p[some].log())


def test_sentences_in_a_row_are_independent():
    language, single = ToyLanguage(repeated(WEATHER, 2)), by_words(ToyLanguage(WEATHER))
    both = {f"{a} {b}": p * q for (a, p), (b, q) in itertools.product(single.items(), repeat=2)}
    assert by_words(language) == pytest.approx(both) and language.vocab_size == 4
    twice = ToyLanguage(repeated(english(), 2))
    assert (twice.length, twice.vocab_size, twice.n_sentences) == (28, 102, 1_382_400**2)
    assert twice.entropy() == pytest.approx(2 * ToyLanguage().entropy())


def test_versions_share_no_word_and_are_equally_likely():
    language, single = ToyLanguage(versions(WEATHER, 3)), by_words(ToyLanguage(WEATHER))
    marked = {
        " ".join(word + mark for word in said.split()): p / 3 for said, p in single.items() for mark in ("", "2", "3")
    }
    assert by_words(language) == pytest.approx(marked) and language.vocab_size == 12
    four = ToyLanguage(versions(english(), 4))
    assert (four.vocab_size, four.n_sentences) == (4 * 102, 4 * 1_382_400)
    assert four.entropy() == pytest.approx(ToyLanguage().entropy() + math.log(4))


@pytest.mark.parametrize("order", [1, -1])
def test_a_mixture_says_both_languages_and_the_shorter_one_stops(order):
    grammars = (WEATHER, GREETING)[::order]
    shared = {"hot dry": 0.21, "hot wet": 0.09, "cold wet": 0.2, f"hot {STOP}": 0.125, f"hello {STOP}": 0.375}
    assert by_words(ToyLanguage(mixed(*grammars))) == pytest.approx(shared)


def test_a_closed_language_leaves_almost_nothing_open():
    weather = Grammar(
        (
            Choice("heat", (0.6, 0.4)),
            Choice("rain", ((0.7, 0.3), (0.1, 0.9)), parent="heat"),
            Choice("wind", (0.2, 0.8)),
            Choice("month", (0.5, 0.5)),
        ),
        (
            Slot(("heat",), ("hot", "cold")),
            Slot(("rain",), ("dry", "wet")),
            Slot(("wind",), ("calm", "windy")),
            Slot(("month",), ("May", "June")),
            Slot(("month",), ("fifth", "sixth")),
        ),
    )
    said = {"hot dry windy May fifth": 0.3, "hot dry windy June sixth": 0.3}
    said |= {"cold wet windy May fifth": 0.2, "cold wet windy June sixth": 0.2}
    assert by_words(ToyLanguage(closed(weather))) == pytest.approx(said)
    language = WORLDS["closed"]()
    exact = PopulationDenoiser(language, UniformNoise(language.vocab_size))
    x = language.corpus(n_train=16).held_out
    assert float(conditional_entropy(exact, x).mean()) < 0.02


def test_the_mixture_of_the_two_languages():
    both, parts = WORLDS["mixed"](), [ToyLanguage(), ToyLanguage(kitchen())]
    assert both.n_sentences == sum(part.n_sentences for part in parts)
    assert both.entropy() == pytest.approx(sum(part.entropy() for part in parts) / 2 + math.log(2))


def test_misprints_by_enumeration():
    clean = ToyLanguage(WEATHER)
    language, V = NoisyLanguage(clean, 0.2), clean.vocab_size
    x, p = language.every()
    said, p_said = clean.every()
    channel = 0.8 * torch.eye(V, dtype=torch.float64) + 0.2 / V
    by_hand = (
        channel[said[:, None, 0], x[None, :, 0]] * channel[said[:, None, 1], x[None, :, 1]] * p_said[:, None]
    ).sum(0)
    assert len(x) == language.n_sentences == V**2
    torch.testing.assert_close(p, by_hand)
    noise, xt = UniformNoise(V), torch.tensor([[0, 3], [2, 2]])
    seen = noise.likelihood(xt, torch.tensor([0.3, 0.6]))
    torch.testing.assert_close(
        language.log_evidence(seen).exp(), (p * seen[:, 0, x[:, 0]] * seen[:, 1, x[:, 1]]).sum(1)
    )
    first = torch.stack([(p * (x[:, 0] == v) * seen[:, 1, x[:, 1]]).sum(1) for v in range(V)], dim=1)
    answer = PopulationDenoiser(language, noise)(xt, torch.tensor([0.3, 0.6])).exp()
    torch.testing.assert_close(answer[:, 0], first / first.sum(1, keepdim=True))


def test_misprints_are_as_frequent_as_they_say():
    clean, noisy = ToyLanguage(), WORLDS["misprints"]()
    changed = float((clean.sample(4000, seed=1) != noisy.sample(4000, seed=1)).double().mean())
    assert changed == pytest.approx(0.05 * (1 - 1 / 102), abs=0.005)  # 56,000 words: a standard error of 0.001
    with pytest.raises(ValueError, match="between 0 and 1"):
        NoisyLanguage(clean, 0)


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_gives_a_corpus_of_its_name(name):
    language = WORLDS[name]()
    corpus = draw_corpus(language, n_train=64, n_held_out=32)
    assert corpus.name == name and corpus.world is language and len(corpus.train) == 64
    assert bool(language.log_prob(torch.cat([corpus.train, corpus.held_out])).isfinite().all())
    with pytest.raises(ValueError, match="together at most"):
        draw_corpus(language, n_train=language.n_sentences)


def test_a_corpus_of_almost_all_sentences_has_the_held_out_ones_of_every_other():
    language = ToyLanguage()
    whole, few = (language.corpus(n_train=n) for n in (language.n_sentences - 1024, 64))
    assert torch.equal(whole.held_out, few.held_out)
    together = torch.cat([whole.train, whole.held_out])
    keys = {row.tobytes() for row in together.numpy()}
    assert len(keys) == len(together) == language.n_sentences
    # what is said first is what is said often: as of the draws without a list, to 5 standard errors of 0.012
    first, drawn = (language.log_prob(x).mean() for x in (whole.train[:8192], language.corpus(n_train=8192).train))
    assert float(first) == pytest.approx(float(drawn), abs=0.06)
    assert torch.equal(whole.train[:1000], language.corpus(n_train=1_000_000).train[:1000])


def test_with_repeats_training_text_is_what_the_language_says():
    # but for the held-out sentence, so p(said) / (1 - p(held out)) of the draws
    language, n = ToyLanguage(WEATHER), 20_000
    corpus = draw_corpus(language, n, 1, repeats=True)
    assert torch.equal(corpus.held_out, draw_corpus(language, 2, 1).held_out)
    single, (missing,) = by_words(language), language.decode(corpus.held_out)
    said = language.decode(corpus.train)
    assert len(said) == n and missing not in said
    for sentence, p in single.items():
        share = 0 if sentence == missing else p / (1 - single[missing])
        assert said.count(sentence) / n == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n))
    with pytest.raises(ValueError, match="together at most"):  # nothing would be left to say
        draw_corpus(language, 4, 3, repeats=True)
    assert corpus.sha256 != draw_corpus(language, 2, 1).sha256


def test_the_order_of_the_list_is_that_of_draws():
    # the second sentence of a stream is q with probability p(first) p(q) / (1 - p(first))
    language, n = ToyLanguage(WEATHER), 3000
    first = [language.decode(draw_corpus(language, 2, 1, seed).train[:1])[0] for seed in range(n)]
    single = by_words(language)
    expected = {
        said: sum(q * p / (1 - q) for other, q in single.items() if other != said) for said, p in single.items()
    }
    for said, p in expected.items():
        assert first.count(said) / n == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / n))

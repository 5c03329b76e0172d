"""The second language: what makes it different, and what every world must have."""

import pytest
import torch

from uddm_mini import PopulationDenoiser, ToyLanguage, UniformNoise, conditional_entropy
from uddm_mini.worlds import WORLDS


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_gives_a_corpus_of_its_name(name):
    language = WORLDS[name]()
    corpus = language.corpus(n_train=64, n_held_out=32)
    assert corpus.name == name and corpus.world is language and len(corpus.train) == 64
    assert bool(language.log_prob(torch.cat([corpus.train, corpus.held_out])).isfinite().all())
    with pytest.raises(ValueError, match="together at most a quarter"):
        language.corpus(n_train=language.n_sentences)


def test_the_second_language_is_another_one_and_leaves_more_open():
    first, second = ToyLanguage(), WORLDS["kitchen"]()
    assert len(set(first.words) & set(second.words)) <= 5, "prepositions"
    assert second.length == 12 != first.length and second.n_sentences == 2_268_000
    open_words = []
    for language in (first, second):
        exact = PopulationDenoiser(language, UniformNoise(language.vocab_size))
        open_words.append(float(conditional_entropy(exact, language.corpus(n_train=16).held_out).mean()))
    assert open_words == pytest.approx([0.296, 0.560], abs=0.002)


def test_the_exact_number_of_kitchen_orders():
    # dishes x kinds, steps x cares, counts, tastes, vessels, times, guests: no choice is said in two ways
    assert WORLDS["kitchen"]().n_sentences == (5 * 3) * (6 * 6) * 5 * 7 * 4 * 6 * 5

"""The second language: what makes it different."""

import pytest

from uddm_mini import PopulationDenoiser, ToyLanguage, UniformNoise, conditional_entropy
from uddm_mini.worlds import WORLDS


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

"""Extraction against exact probabilities: memories in closed form, languages by enumeration, sentences by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles import prior_of, sentences, two_topics

from uddm_mini import (
    AbsorbingNoise,
    ExtractionSettings,
    MemorizingDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    extraction,
)
from uddm_mini.audit.clamps import CLAMPS, given_words
from uddm_mini.audit.extraction import exact_extraction, from_noise, rest_given
from uddm_mini.audit.runs import longest_shared_run

# two sentences begin alike and one of them ends like a third, so that half a sentence leaves a choice
MEMORIES = torch.tensor([[0, 1, 2, 3, 4, 5], [0, 1, 2, 5, 5, 5], [3, 3, 3, 3, 3, 3], [4, 4, 2, 3, 4, 5]])
STRANGERS = torch.tensor([[0, 1, 2, 3, 3, 3], [5, 1, 0, 4, 2, 2]])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", [UniformNoise, AbsorbingNoise])
def test_a_memory_gives_back_what_the_clamp_leaves_open(kind):
    memory = MemorizingDenoiser(MEMORIES, kind(6))
    # words that are seen are known for sure under masks, and a walk needs no mending
    settings = ExtractionSettings(known=(0.5,), draws=60, steps=12, corrections=2 if kind is UniformNoise else 0)
    found = extraction(memory, MEMORIES, STRANGERS, settings, generator=seeded())
    exact = exact_extraction(memory, MEMORIES, STRANGERS, settings, generator=seeded())
    assert found[["text", "clamp", "known", "n", "p", "sentences"]].equals(
        exact[["text", "clamp", "known", "n", "p", "sentences"]]
    )
    # the means of 240 draws have a standard error of at most 0.032
    members = found["text"] == "members"
    assert (found["q"] - exact["q"])[members].abs().max() < 0.12
    assert exact.loc[members & (exact["clamp"] == "prefix"), "q"].iloc[0] == (0.5 + 0.5 + 1 + 1) / 4
    assert exact.loc[members & (exact["clamp"] == "suffix"), "q"].iloc[0] == (0.5 + 1 + 1 + 0.5) / 4
    # what is stored is all that can be said, but for a slip in the last of few steps
    assert bool((exact.loc[~members, "q"] == 0).all()) and bool((found.loc[~members, "q"] < 0.05).all())
    once = found[members & (found["p"] == 0)]
    assert bool((once["n"] == 60).all()) and bool((once["share"] == 1).all())
    one = found[members & (found["clamp"] == "prefix") & (found["n"] == 1)].set_index("p")["share"]
    assert one[0.9] == 0.5 and one[0.1] == 1.0, "two of the four are certain, and two are one of two"


def test_the_rest_given_its_part_by_counting_all_sentences():
    language = ToyLanguage(two_topics())
    x, known = language.sample(30, seed=0), torch.rand(30, 3, generator=seeded()) < 0.5
    every, prior = sentences(language.vocab_size, 3), prior_of(two_topics(), language.words, 3)
    counted = torch.ones(30, 3, dtype=torch.bool)
    counted[:10, 1] = False
    known &= counted
    expected = []
    for row, here, whole in zip(x, known, counted, strict=True):
        fits, same = (prior[((every == row) | ~part).all(dim=1)].sum() for part in (here, whole))
        expected.append(float(same / fits))
    for source in (language, PopulationDenoiser(language, UniformNoise(language.vocab_size))):
        assert rest_given(source, x, known, counted).tolist() == pytest.approx(expected)
    impossible = torch.full((1, 3), int(x[0, 0]))
    assert rest_given(language, impossible, torch.ones(1, 3, dtype=torch.bool), counted[:1]).tolist() == [0.0]


def test_the_language_itself_guesses_as_often_as_it_should():
    language = ToyLanguage(two_topics())
    x, noise = language.sample(12, seed=1), UniformNoise(language.vocab_size)
    settings = ExtractionSettings(clamps=("prefix", "random"), known=(0.34,), draws=40, steps=12, tries=(1,))
    found = extraction(PopulationDenoiser(language, noise), x, None, settings, generator=seeded())
    exact = exact_extraction(language, x, None, settings, generator=seeded())
    assert set(found["text"]) == {"members"}
    assert (found["q"] - exact["q"]).abs().max() < 0.1  # of 480 draws, an error of 0.023
    first = exact[exact["p"] == 0]
    assert bool((first["share"] >= first["q"]).all()) and bool((first["low"] < first["share"]).all())


def test_what_is_given_by_hand():
    counted = torch.tensor([[True, True, False, True, True, True, True, False]])

    def places(clamp, share):
        return given_words(counted, clamp, share, seeded())[0].nonzero()[:, 0].tolist()

    assert places("prefix", 0.5) == [0, 1, 3] and places("suffix", 0.5) == [4, 5, 6]
    assert places("edges", 0.5) == [0, 1, 6] and places("edges", 0.01) == [0]
    assert places("prefix", 0.99) == [0, 1, 3, 4, 5] and places("suffix", 0.01) == [6]
    assert len(places("random", 0.5)) == 3 and not set(places("random", 0.99)) & {2, 7}


def test_the_curve_and_its_intervals_by_hand():
    # of a memory of two that begin alike, every rest has a chance of one half
    memory = MemorizingDenoiser(MEMORIES[:2], UniformNoise(6))
    settings = ExtractionSettings(("prefix",), (0.5,), draws=3, tries=(1, 2, 4), chances=(0.5, 0.6, 0.9))
    found = exact_extraction(memory, MEMORIES[:2], None, settings).set_index(["n", "p"])
    assert found.loc[(3, 0.0), "share"] == 1 - 0.5**3 and found.loc[(3, 0.0), "q"] == 0.5
    right = {(n, p): float(1 - 0.5**n >= p) for n in (1, 2, 4) for p in (0.5, 0.6, 0.9)}
    assert {key: found.loc[key, "share"] for key in right} == right
    assert found.loc[(4, 0.9), "low"] == pytest.approx(0.025**0.5) and found.loc[(4, 0.9), "high"] == 1
    assert found.loc[(1, 0.9), "high"] == pytest.approx(1 - 0.025**0.5)


def test_words_that_do_not_count_are_not_compared():
    padded = torch.cat([MEMORIES, torch.full((4, 2), 6)], dim=1)
    other = padded.clone()
    other[:, 6:] = torch.tensor([6, 7])
    memory = MemorizingDenoiser(other, UniformNoise(8))
    settings = ExtractionSettings(("prefix",), (0.9,), draws=10, steps=16, tries=(1,), chances=(0.5,))
    found = extraction(memory, padded, None, settings, ignore=[6, 7], generator=seeded())
    assert found["q"].iloc[0] > 0.8
    assert extraction(memory, padded, None, settings, ignore=[6], generator=seeded())["q"].iloc[0] > 0.8
    assert extraction(memory, padded, None, settings, generator=seeded())["q"].iloc[0] == 0


def test_copies_written_from_noise():
    repeated = MEMORIES[[0, 0, 1, 2]]
    memory = MemorizingDenoiser(repeated, UniformNoise(6))
    found = from_noise(memory, repeated, 200, ExtractionSettings(steps=16), generator=seeded())
    assert found.written.shape == (200, 6) and found.distinct == 3
    copies = (found.written[:, None] == repeated).all(dim=2).any(dim=1)
    assert found.copied.value == float(copies.double().mean()) > 0.95
    assert torch.equal(found.longest, longest_shared_run(found.written, repeated))
    assert bool((found.longest[copies] == 6).all()) and found.copied.low < found.copied.value <= found.copied.high
    nothing = from_noise(memory, STRANGERS, 50, ExtractionSettings(steps=16), generator=seeded())
    assert nothing.copied.value == 0 and nothing.distinct == 0 and int(nothing.longest.max()) >= 3


def test_the_number_of_questions_and_the_seed():
    memory, asked = MemorizingDenoiser(MEMORIES, UniformNoise(6)), []
    settings = ExtractionSettings(("edges", "random"), (0.5,), 4, 3, 5, 1)
    whole = memory.__call__

    class Counting(MemorizingDenoiser):
        def __call__(self, xt, t):
            asked.append(len(xt))
            return whole(xt, t)

    first = extraction(Counting(MEMORIES, UniformNoise(6)), MEMORIES, None, settings, generator=seeded(3))
    assert sum(asked) == 4 * settings.questions
    assert first.equals(extraction(memory, MEMORIES, None, settings, generator=seeded(3)))


def test_bad_input_is_named():
    memory = MemorizingDenoiser(MEMORIES, UniformNoise(6))
    for call, message in (
        (lambda: extraction(memory, MEMORIES[:0]), "needs members with two counted"),
        (lambda: extraction(memory, MEMORIES, MEMORIES, ignore=[0, 1, 2, 4, 5]), "needs members with two counted"),
        (lambda: from_noise(memory, MEMORIES, 0), "one sentence to write"),
        (lambda: ExtractionSettings(clamps=("middle",)), "clamps are one or more"),
        (lambda: ExtractionSettings(known=(1.0,)), "known and chances lie between"),
        (lambda: ExtractionSettings(draws=0), "draws and .* at least 1|at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert ExtractionSettings().clamps == CLAMPS and np.isfinite(ExtractionSettings().questions)

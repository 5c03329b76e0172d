"""Holding out: no near twin in training, a vocabulary that never looks; checked by another method than the code's."""

import difflib
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from invented import LEXICON, invented

from uddm_mini import Corpus, text_corpus
from uddm_mini.worlds import held_out as holding
from uddm_mini.worlds import vocabulary
from uddm_mini.worlds.sentences import words_of


def twins(sentences: list[str], seed: int) -> list[str]:
    """Copies of sentences with one word replaced, a number changed, a word appended, or another order."""
    rng = np.random.Generator(np.random.PCG64(seed))
    out = []
    for i, sentence in enumerate(sentences):
        words = sentence.rstrip(".").lower().split()
        if i % 4 == 0:
            words[rng.integers(len(words))] = LEXICON[rng.integers(300)]
        elif i % 4 == 1:
            words[0] = str(rng.integers(1000))
        elif i % 4 == 2:
            words.append(LEXICON[rng.integers(300)])
        else:
            words = words[3:] + words[:3]
        out.append(" ".join(words) + ".")
    return out


def leaks(world: Corpus) -> int:
    """Number of held-out sentences with a near twin in training, by brute force and by other measures of likeness."""
    special = {world.words[i] for i in world.ignore}
    train = [[w for w in s.split() if w not in special] for s in world.decode(world.train)]
    count = 0
    for sentence in world.decode(world.held_out):
        mine = [w for w in sentence.split() if w not in special]
        pairs = set(itertools.pairwise(mine))
        for other in train:
            alike = len(set(mine) & set(other))
            theirs = set(itertools.pairwise(other))
            jaccard = len(pairs & theirs) / max(len(pairs | theirs), 1)
            if (
                alike >= 0.8 * len(set(mine))
                or jaccard >= 0.8
                or difflib.SequenceMatcher(None, mine, other).ratio() >= 0.9
            ):
                count += 1
                break
    return count


def test_no_held_out_sentence_has_a_near_twin_in_training(monkeypatch):
    sentences = invented(400, seed=5, n_words=900)
    sentences += twins(sentences, seed=6)
    make = lambda: text_corpus(sentences, vocab_size=880, n_held_out=40)  # noqa: E731
    world = make()
    assert leaks(world) == 0
    assert world.info["dropped_near_held_out"] >= 30
    # the same measurement must see the leak where the code does not look for it
    monkeypatch.setattr(holding, "near_duplicates", lambda test, train, *_: np.zeros(len(train), dtype=bool))
    assert leaks(make()) >= 30


def test_sentences_that_become_equal_through_unknown_words_do_not_straddle_the_split():
    rare = [LEXICON[2000 + i] for i in range(300)]
    frame = "the keeper of {} opened every door before the long winter".format
    sentences = [frame(word) for word in rare] + invented(600, seed=2)
    world = text_corpus(sentences, vocab_size=200, n_held_out=50, seed=1)
    held, trained = ({tuple(row) for row in x.tolist()} for x in (world.held_out, world.train))
    assert len(held) == 50 and len(trained) == len(world.train) and not held & trained
    framed = [sum("<unk> opened every door" in s for s in world.decode(x)) for x in (world.train, world.held_out)]
    assert sum(framed) == 1, "300 sentences that differ in an unknown word are one sentence, on one side"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 11), min_size=6, max_size=6), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(0, 11), min_size=6, max_size=6), min_size=1, max_size=12),
    st.sampled_from([0.5, 0.75, 0.8, 1.0]),
)
def test_near_duplicates_against_the_definition(test, train, share):
    words = ("<pad>", "<unk>", *"abcdefgh", "7", "x2")
    expected = []
    for row in train:
        near = False
        for held, skip in itertools.product(test, [{0, 1}, {0, 1, 10, 11}]):
            mine, other = set(held) - skip, set(row) - skip
            shared = len(mine & other)
            near |= shared > 0 and (shared >= share * len(mine) or 2 * shared >= share * (len(mine) + len(other)))
        expected.append(near)
    assert holding.near_duplicates(np.array(test), np.array(train), words, share).tolist() == expected


def test_the_vocabulary_never_looks_at_held_out_text():
    # sentence i alone says word i of the lexicon; a vocabulary that looked at held-out text would know it
    common = "while every other keeper in that valley was asleep"
    sentences = [f"{common} {' '.join(LEXICON[i + k] for k in (0, 1))} {LEXICON[2000 + i]}" for i in range(200)]
    world = text_corpus(sentences, vocab_size=5000, n_held_out=20, max_overlap=1.0)
    known = set(world.words)
    held = [LEXICON[2000 + i] for i in range(200) if LEXICON[2000 + i] not in known]
    assert len(held) == 20
    assert all(s.endswith("<unk>") for s in world.decode(world.held_out))


def test_the_vocabulary_is_the_commonest_words_with_ties_in_alphabetical_order():
    words = ["ant", "bee", "cow", "doe", "elk"]
    grid = np.array([[3, 3, 1, -1], [0, 1, 3, 2], [0, 2, -1, -1]])  # elk is not in it
    for size, expected in ((3, "doe"), (4, "doe ant"), (6, "doe ant bee cow"), (99, "doe ant bee cow")):
        kept, table = vocabulary._vocabulary(grid, words, size)
        assert kept == ("<pad>", "<unk>", *expected.split())
        assert table.tolist() == [*(kept.index(w) if w in kept else 1 for w in words), 0]


def test_unknown_words_stay_below_the_limit():
    corpus = text_corpus(invented(3000), vocab_size=250, n_held_out=100, max_words=14)
    for x in (corpus.train, corpus.held_out):
        share = (x == 1).sum(1) / (x != 0).sum(1)
        assert share.max() <= 0.2 + 1e-6
    assert corpus.info["unknown_fraction"] == pytest.approx(
        float((corpus.train == 1).sum() / (corpus.train != 0).sum())
    )
    strict = text_corpus(invented(3000), vocab_size=250, n_held_out=100, max_words=14, max_unknown=0.0)
    assert not (strict.train == 1).any() and not (strict.held_out == 1).any()


@pytest.mark.parametrize(
    ("sentence", "options", "message"),
    [
        (
            "Magnificent neighborhoods everywhere surround number {}.",
            {},
            "6 others have more than 40 characters: raise",
        ),
        ("One of the {} is up.", {"max_words": 3, "min_words": 2}, "6 others have more than 3 words: raise max_words"),
        ("Stop {}.", {"unit": "word"}, "6 others have fewer than 5 words: lower min_words or give more text"),
        ("Stop {}.", {"unit": "word", "n_held_out": 2}, "needs at least 4; 6 others .* or take a smaller n_held_out"),
    ],
)
def test_too_little_text_names_what_was_left_out(sentence, options, message):
    text = [sentence.format(i) for i in range(6)]
    with pytest.raises(ValueError, match=message) as caught:
        text_corpus(text, **{"unit": "character", "progress": False, **options})
    assert ("characters" in str(caught.value)) == (options.get("unit") != "word")


def test_a_larger_vocabulary_is_advised_only_where_it_helps():
    with pytest.raises(ValueError, match="max_unknown") as caught:
        text_corpus(["I like tea.", "Hello"], min_words=1)
    assert "raise vocab_size" not in str(caught.value)
    with pytest.raises(ValueError, match=r"raise vocab_size \(now 4\), or give more text"):
        text_corpus(invented(100), vocab_size=4)


def test_unknown_characters_of_held_out_text_are_counted():
    world = text_corpus([f"the number of rooms is {c}" for c in "abcdgijklp"], unit="character", max_overlap=1.0)
    assert world.info["unknown_fraction"] == 0
    assert world.info["unknown_fraction_held_out"] == pytest.approx(float((world.held_out == 1).sum() / 24))
    assert (world.held_out == 1).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_held_out": 400}, "n_held_out = 400 needs at least 800"),
        ({"n_held_out": -1}, "n_held_out and seed must be at least 0; they are -1 and 0"),
        ({"seed": -1}, "n_held_out and seed must be at least 0; they are 20 and -1"),
        ({"vocab_size": 2}, "make at least 3"),
        ({"vocab_size": 4}, "raise vocab_size"),
        ({"min_words": 9, "max_words": 8}, "min_words and max_words"),
        ({"min_words": 0}, "min_words and max_words"),
        ({"max_unknown": 1.5}, "max_unknown"),
        ({"max_overlap": 0}, "max_overlap"),
        ({"max_overlap": 0.01, "n_held_out": 200}, "too much like a held-out one"),
        ({"max_sentences": 0}, "max_sentences must be at least 1"),
        ({"min_words": 50, "max_words": 60}, "only 0 distinct sentences of 50 to 60 words"),
    ],
)
def test_settings_that_cannot_work(options, message):
    with pytest.raises(ValueError, match=message):
        text_corpus(invented(700), **{"n_held_out": 20, **options})


def test_reading_stops_at_the_cap_and_says_so():
    def endless():
        yield from invented(500)
        raise AssertionError("read on after the cap")

    world = text_corpus(endless(), n_held_out=20, vocab_size=100, max_sentences=300)
    assert world.info["distinct"] == 300 and not world.info["read_to_the_end"]
    assert text_corpus(invented(500), n_held_out=20, vocab_size=100, max_sentences=500).info["read_to_the_end"]


def test_repeated_sentences_count_once():
    world = text_corpus(invented(300) * 3 + [s.upper() for s in invented(300)], n_held_out=20, vocab_size=200)
    assert world.info["distinct"] == 300 and world.info["repeated"] == 900


def test_spelled_sentences_keep_every_rule_of_the_split():
    text = invented(400)
    corpus = text_corpus(text, unit="character", max_characters=60, n_held_out=20, vocab_size=50, progress=False)
    kept = [" ".join(words_of(sentence)) for sentence in text]
    assert corpus.length == 60 and corpus.unit == "character"
    assert all(len(word) == 1 for word in corpus.words[2:]), "after padding and unknown come single characters"
    shown = corpus.decode(torch.cat([corpus.train, corpus.held_out]))
    assert set(shown) <= set(kept) and all(len(sentence) <= 60 for sentence in shown)
    assert torch.equal(corpus.encode(corpus.decode(corpus.held_out)), corpus.held_out)
    train, test = ({frozenset(s.split()) for s in corpus.decode(x)} for x in (corpus.train, corpus.held_out))
    for held in test:  # near duplicates are judged by words, not by letters: all sentences share their letters
        assert not any(len(held & seen) >= 0.8 * len(held) for seen in train)
    assert len(corpus.train) > 100, "letters in common make no near duplicate"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "syllable"}, 'unit must be "word", "subword" or "character"'),
        ({"max_characters": 0}, "max_characters must be"),
        ({"max_subwords": 0}, "max_subwords and max_characters must be"),
    ],
)
def test_units_that_do_not_exist(options, message):
    with pytest.raises(ValueError, match=message):
        text_corpus(invented(40), **options)


def test_a_row_at_the_limit_of_unknown_words_is_used_in_spite_of_rounding():
    row, fits = np.array([[1] * 29 + [2] * 21 + [0] * 9]), np.array([True])
    assert 0.58 * 50 < 29, "by a hair"
    assert vocabulary.usable(row, fits, 0.58).tolist() == [0] and vocabulary.usable(row, fits, 0.57).tolist() == []
    assert vocabulary.usable(row, ~fits, 0.58).tolist() == []


def test_words_for_near_duplicates_are_all_known():
    ids, words = vocabulary.in_words(["b a", "c"])
    assert [[words[i] for i in row] for row in ids] == [["b", "a"], ["c", "<pad>"]]
    assert words == ("<unk>", "<pad>", "a", "b", "c")

"""Pieces of words against the library that trains them, and corpora made of them."""

import sys

import numpy as np
import pytest
import torch

from uddm_mini import TextSettings, text_corpus
from uddm_mini.worlds.subwords import find_pieces, joined, pieces_of
from uddm_mini.worlds.vocabulary import Tokens

TEXT = [
    "the unhappy painter painted the painting",
    "an unhappy sailor sails the sailing boat again",
    "painters and sailors were unhappily waiting",
]


@pytest.fixture(scope="module")
def pieces():
    pytest.importorskip("tokenizers")
    return find_pieces(TEXT, 50)


def test_words_are_cut_as_the_library_cuts_them(pieces):
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import WhitespaceSplit

    theirs = Tokenizer(WordPiece({piece: i for i, piece in enumerate([*pieces, "<unk>"])}, unk_token="<unk>"))
    theirs.pre_tokenizer = WhitespaceSplit()
    known = set(pieces)
    for word in [*" ".join(TEXT).split(), "saint", "pin", "unpainted", "waits", "z", "boatz"]:
        assert (pieces_of(word, known) or ["<unk>"]) == theirs.encode(word).tokens
    assert any(len(pieces_of(word, known)) == 1 and len(word) > 2 for word in TEXT[0].split()), "nothing was merged"


def test_pieces_are_the_same_every_time_and_as_many_as_wanted(pieces):
    assert all(find_pieces(TEXT, 50) == pieces for _ in range(5)) and len(pieces) == len(set(pieces)) == 50
    assert find_pieces(TEXT, 45) == pieces[:45], "a smaller vocabulary is the beginning of a larger one"
    assert all(piece.removeprefix("##") for piece in pieces), "no piece is empty"
    letters = set("".join(TEXT)) - {" "}
    assert {piece.removeprefix("##") for piece in pieces} >= letters, "every letter is a piece"


def test_pieces_come_together_again(pieces):
    for sentence in TEXT:
        cut = [piece for word in sentence.split() for piece in pieces_of(word, set(pieces))]
        assert joined(cut) == sentence
    assert joined([]) == "" and joined(["##ing", "a"]) == "##ing a"


def test_the_longest_piece_comes_first_and_what_cannot_be_cut_has_none():
    known = {"un", "u", "##n", "##do", "##ne", "##d", "##o", "##e", "undo"}
    assert pieces_of("undone", known) == ["undo", "##ne"]
    assert pieces_of("undos", known) == [] and pieces_of("xun", known) == [] and pieces_of("", known) == []


def numbered(n):
    """Return n sentences that differ, of words that share pieces."""
    stems, endings = ["paint", "sail", "walk", "farm", "bank", "sing"], ["er", "ing", "s", "ed"]
    words = [stem + ending for stem in stems for ending in endings]
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(len(words), (n, 6), generator=generator).tolist()
    return [" ".join(words[i] for i in row) for row in rows]


@pytest.fixture(scope="module")
def corpus():
    pytest.importorskip("tokenizers")
    return text_corpus(numbered(400), unit="subword", vocab_size=60, max_subwords=10, n_held_out=40, progress=False)


def test_a_corpus_of_subwords_says_what_it_read(corpus):
    assert corpus.length == 10 and corpus.vocab_size == 60 and corpus.unit == "subword" and corpus.ignore == (0, 1)
    said = corpus.decode(corpus.train) + corpus.decode(corpus.held_out)
    assert set(said) <= set(numbered(400)) and len(set(said)) == len(said)
    assert torch.equal(corpus.encode(said), torch.cat([corpus.train, corpus.held_out]))
    assert corpus.info["dropped_too_many_subwords"] > 0
    assert corpus.info["n_train"] + corpus.info["n_held_out"] == len(said)


def test_the_vocabulary_never_sees_the_held_out_sentences(corpus):
    # a word of held-out sentences only is cut, however often it stands there
    rare = [f"{sentence} zyzzyva" for sentence in corpus.decode(corpus.held_out)]
    common = corpus.decode(corpus.train)
    pieces = find_pieces(common, 58)
    assert "zyzzyva" not in pieces and all(any("z" in word for word in s.split()) for s in rare)
    with pytest.raises(ValueError, match="has [2-9][0-9]"):
        corpus.encode([" ".join(["painter"] * 20)])
    unknown = corpus.encode(["painter zyzzyva"])[0]
    assert corpus.decode(unknown) == ["painter <unk>"]


def test_sentences_that_do_not_fit_are_left_out_with_a_cure():
    pytest.importorskip("tokenizers")
    with pytest.raises(ValueError, match=r"Only 0% of the 400 sentences .* at most 4 subwords: raise max_subwords"):
        text_corpus(numbered(400), unit="subword", vocab_size=50, max_subwords=4, n_held_out=40, progress=False)


def test_without_the_library_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match="pip install tokenizers"):
        find_pieces(TEXT, 30)


def test_pieces_are_letters_where_they_stand_then_the_commonest_pairs():
    pytest.importorskip("tokenizers")
    text = ["xy xy xy xy xy", "pq pqr pqs"]  # "xy" five times, "pq" three times, in more words
    pieces = find_pieces(text, 20)
    assert pieces[:6] == ["p", "x", "##q", "##r", "##s", "##y"] and pieces.index("xy") < pieces.index("pq")
    assert find_pieces(text[::-1], 20) == pieces, "the order of sentences has no say"


def test_pieces_are_those_of_the_told_sentences_and_a_full_row_fits():
    pytest.importorskip("tokenizers")
    sentences, others = ["xy xy xy", "pq pq pq", "xyq"], np.array([0])
    for most, rows, fit in (
        (3, ["xy xy xy", "<unk> <unk> <unk>", "<unk> <pad> <pad>"], [True, True, True]),
        (2, ["xy xy", "<unk> <unk>", "<unk> <pad>"], [False, False, True]),
    ):
        tokens = Tokens(sentences, TextSettings(unit="subword", vocab_size=9, max_subwords=most))
        ids, words, fits = tokens.by(others)
        assert words == ("<pad>", "<unk>", *find_pieces(sentences[:1], 7))
        assert [" ".join(words[i] for i in row) for row in ids] == rows and fits.tolist() == fit


def test_a_letter_that_only_begins_words_takes_one_place():
    assert find_pieces(["xy xy xy"], 7) == ["x", "##y", "##xy", "xy"]

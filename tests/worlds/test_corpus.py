"""The corpus object: sentences as token ids, nested subsets, and writing in both directions."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from invented import LEXICON, invented

from uddm_mini import Corpus, TextSettings, counted_tokens, text_corpus
from uddm_mini.worlds import held_out as holding


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return text_corpus(invented(3000), vocab_size=250, n_held_out=100, max_words=14)


def test_shapes_types_and_ignored_tokens(corpus):
    assert corpus.train.dtype == corpus.held_out.dtype == torch.int64
    assert corpus.held_out.shape == (100, 14) and corpus.train.shape[1] == corpus.length == 14
    assert corpus.vocab_size == len(corpus.words) == 250 and len(set(corpus.words)) == 250
    assert [corpus.words[i] for i in corpus.ignore] == ["<pad>", "<unk>"]
    counted = counted_tokens(corpus.train, corpus.ignore)
    assert counted.dtype == torch.bool and counted.shape == corpus.train.shape
    assert torch.equal(counted, (corpus.train != 0) & (corpus.train != 1))
    pads = corpus.train == 0
    assert not (pads[:, :-1] & ~pads[:, 1:]).any(), "padding is only at the end"
    json.dumps(corpus.info)


def test_subsets_are_nested_distinct_and_bounded(corpus):
    n = len(corpus.train)
    all_rows = corpus.subset(n, 3)
    assert {tuple(r) for r in all_rows.tolist()} == {tuple(r) for r in corpus.train.tolist()}
    for smaller in (1, 2, 17, n - 1):
        assert torch.equal(corpus.subset(smaller, 3), all_rows[:smaller])
    assert not torch.equal(corpus.subset(50, 0), corpus.subset(50, 1))
    for bad in (0, -1, n + 1):
        with pytest.raises(ValueError, match=f"1 to {n} sentences"):
            corpus.subset(bad, 0)


def test_random_choices_are_the_same_on_every_machine():
    # recorded once; numpy promises that raw PCG64 output never changes
    assert holding.permutation(8, [0]).tolist() == [3, 2, 1, 6, 0, 7, 4, 5]
    floats = np.random.Generator(np.random.PCG64(3)).random(1000)
    assert holding.permutation(1000, [3]).tolist() == np.argsort(floats).tolist()
    first = text_corpus(invented(400), vocab_size=100, n_held_out=20)
    assert first.sha256 == text_corpus(iter(invented(400)), vocab_size=100, n_held_out=20).sha256
    assert first.sha256 != text_corpus(invented(400), vocab_size=100, n_held_out=20, seed=1).sha256
    sentences = [" ".join(LEXICON[(i * k + k * k) % 41] for k in range(1, 8)) for i in range(120)]
    fixed = text_corpus(sentences, vocab_size=40, n_held_out=4)
    assert fixed.sha256[:16] == "6c28d310439307af"


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_decode_then_encode_gives_the_same_tokens(corpus, data):
    row = st.lists(st.integers(0, corpus.vocab_size - 1), min_size=corpus.length, max_size=corpus.length)
    x = torch.tensor(data.draw(st.lists(row, max_size=5)), dtype=torch.int64).reshape(-1, corpus.length)
    assert torch.equal(corpus.encode(corpus.decode(x)), x)  # also corrupted rows, with padding in the middle


def test_encode_takes_ordinary_writing_and_refuses_what_does_not_fit(corpus):
    a, b = corpus.words[2:4]
    x = corpus.encode([f"{a.upper()}, {b}!", "", "Zyxwv"])
    assert corpus.decode(x) == [f"{a} {b}", "", "<unk>"]
    assert corpus.decode(x[0]) == [f"{a} {b}"]
    with pytest.raises(ValueError, match="has at most 14 words here, but .* has 15"):
        corpus.encode([" ".join([a] * 15)])
    with pytest.raises(TypeError, match="list of sentences"):
        corpus.encode(a)
    with pytest.raises(TypeError, match="list of strings, but one of them is None"):
        corpus.encode([a, None])
    plain = Corpus("plain", torch.tensor([[0, 1]]), torch.tensor([[1, 0]]), ("yes", "no"))
    assert plain.encode(["no yes"]).tolist() == [[1, 0]] and plain.encode([]).shape == (0, 2)
    with pytest.raises(ValueError, match="'maybe' is not one of the 2 words"):
        plain.encode(["yes maybe"])
    with pytest.raises(ValueError, match="has 2 words here"):
        plain.encode(["yes"])


@pytest.mark.parametrize(
    ("train", "held_out"),
    [
        (torch.zeros(2, 3), torch.zeros(1, 3, dtype=torch.int64)),
        (torch.zeros(2, 3, dtype=torch.int64), torch.zeros(1, 4, dtype=torch.int64)),
        (torch.zeros(3, dtype=torch.int64), torch.zeros(1, 3, dtype=torch.int64)),
        (torch.full((2, 3), 9), torch.zeros(1, 3, dtype=torch.int64)),
        (torch.full((2, 3), -1), torch.zeros(1, 3, dtype=torch.int64)),
    ],
)
def test_a_corpus_refuses_tensors_that_are_no_sentences(train, held_out):
    with pytest.raises(ValueError, match=r"must be int64|outside 0"):
        Corpus("bad", train, held_out, ("a", "b"))


def test_real_text_has_no_world_and_a_toy_corpus_knows_its_own(corpus, english):
    assert corpus.world is None
    assert english.corpus(n_train=8, n_held_out=4).world is english


def test_settings_are_given_whole_or_by_name_and_kept():
    sentences = invented(300)
    options = {"vocab_size": 100, "n_held_out": 20, "max_words": 12, "seed": 1}
    whole = text_corpus(sentences, TextSettings(**options), progress=False)
    by_name = text_corpus(sentences, progress=False, **options)
    mixed = text_corpus(sentences, TextSettings(vocab_size=100, seed=1), n_held_out=20, max_words=12, progress=False)
    assert whole.sha256 == by_name.sha256 == mixed.sha256
    assert TextSettings(**whole.info["settings"]) == TextSettings(**options)
    with pytest.raises(TypeError, match=r"no setting 'n_test'; there are .*n_held_out"):
        text_corpus(sentences, n_test=20)


@pytest.mark.parametrize(("n", "held_out"), [(6, 1), (95, 9), (700, 70)])
def test_a_tenth_is_held_out_unless_told_otherwise(n, held_out):
    made = text_corpus(invented(n), max_unknown=1.0, max_overlap=1.0, progress=False)
    assert made.info["distinct"] == n
    assert len(made.held_out) == made.info["n_held_out"] == made.info["settings"]["n_held_out"] == held_out


def test_of_much_text_512_sentences_are_held_out():
    made = text_corpus(invented(5200), vocab_size=300, max_overlap=1.0, progress=False)
    assert made.info["distinct"] > 5120 and len(made.held_out) == 512


def test_a_fingerprint_tells_words_training_and_held_out_text_apart():
    train, held_out = torch.tensor([[0, 1]]), torch.tensor([[1, 0]])
    digests = {
        Corpus("one", train, held_out, ("yes", "no")).sha256,
        Corpus("one", train, held_out, ("yes", "maybe")).sha256,
        Corpus("one", held_out, train, ("yes", "no")).sha256,
        Corpus("one", torch.cat([train, held_out]), held_out[:0], ("yes", "no")).sha256,
    }
    assert len(digests) == 4
    assert Corpus("another", train, held_out, ("yes", "no")).sha256 in digests, "a name is no data"


def test_a_file_and_its_strings_give_the_same_corpus(tmp_path):
    sentences = invented(600)
    path = tmp_path / "story.txt"
    path.write_text("\ufeff" + "\r\n\r\n".join(" ".join(sentences[i : i + 5]) for i in range(0, 600, 5)), newline="")
    options = {"vocab_size": 150, "n_held_out": 30, "progress": False}
    from_file, from_list = text_corpus(path, **options), text_corpus(sentences, **options)
    assert from_file.sha256 == from_list.sha256 == text_corpus(str(path), **options).sha256
    assert from_file.name == "story" and from_file.info["source"] == "story.txt" and from_list.name == "text"
    assert text_corpus(sentences, name="mine", **options).name == "mine"


def test_a_spelled_sentence_is_measured_in_characters():
    world = text_corpus(invented(40, low=6, high=6), unit="character", max_characters=50, progress=False)
    with pytest.raises(ValueError, match="has at most 50 characters here, but .* has 60"):
        world.encode(["a" * 60])

"""Reading: sentences and words of pasted text, files of any size, and iterables."""

import sys
import tracemalloc
import types

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented import invented

from uddm_mini import hub_texts, text_corpus
from uddm_mini.worlds import sentences as reading
from uddm_mini.worlds.sentences import sentences_in, split_sentences, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. We left! Why? Nobody knew.", ["It rained.", "We left!", "Why?", "Nobody knew."]),
        (
            "Dr. Wu met Mr. J. Doe at 5 p.m. yesterday. He left.",
            ["Dr. Wu met Mr. J. Doe at 5 p.m. yesterday.", "He left."],
        ),
        ('"Stop!" She ran. (It was late.) Then dark.', ['"Stop!"', "She ran.", "(It was late.)", "Then dark."]),
        (
            "See e.g. Figs. 2 and 3.5 for details. 10 more follow.",
            ["See e.g. Figs. 2 and 3.5 for details.", "10 more follow."],
        ),
        ("no capitals here. but two sentences.", ["no capitals here.", "but two sentences."]),
        ("It was I. He agreed.", ["It was I.", "He agreed."]),
        ("   ", []),
        ("", []),
    ],
)
def test_splitting(text, expected):
    assert list(split_sentences(text)) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The well-known dog's bone, it's 'mine'!", ["the", "well-known", "dog's", "bone", "it's", "mine"]),
        ("Don\u2019t pay 1,000.50 for the 2-D map.", ["don't", "pay", "1,000.50", "for", "the", "2-d", "map"]),
        (
            "A cafe\u0301, i.e. the U.S. one; snake_case",
            ["a", "caf\u00e9", "i.e.", "the", "u.s.", "one", "snake", "case"],
        ),
        ("-- ... !?", []),
    ],
)
def test_words(sentence, expected):
    assert words_of(sentence) == expected


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_splitting_loses_no_word(text):
    joined = " ".join(split_sentences(text))
    assert joined.split() == text.split()


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
def test_the_size_of_the_chunks_does_not_matter(tmp_path, monkeypatch, chunk):
    text = "Caf\u00e9 at noon.\r\nIt was \U0001f600 closed.\r\n\r\nNext one here\r\nends now. Last"
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    monkeypatch.setattr(reading, "CHUNK", chunk)
    got = [" ".join(s.split()) for s in sentences_in(path, split_lines=False, progress=False)]
    assert got == ["Caf\u00e9 at noon.", "It was \U0001f600 closed.", "Next one here ends now.", "Last"]


def test_one_sentence_per_line_is_recognized(tmp_path):
    bare = [s.rstrip(".").lower() for s in invented(300)]
    stopped = [s.lower() for s in invented(300)]
    flowing = " ".join(invented(300)).split()
    wrapped = "\n".join(" ".join(flowing[i : i + 9]) for i in range(0, 2000, 9))
    for lines, expected in ((bare, bare), (stopped, stopped)):
        path = tmp_path / "lines.txt"
        path.write_text("\n".join(lines))
        assert list(filter(None, sentences_in(path))) == expected
    path.write_text(wrapped)
    assert [" ".join(s.split()) for s in sentences_in(path)][:100] == invented(300)[:100]
    assert len(list(sentences_in(["One line\nand another line"], split_lines=True))) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x7fELF\x00\x00 and so on", "NUL byte at offset 4"),
        ("A sentence in UTF-16. ".encode("utf-16"), "iconv -f UTF-16"),
        ("It was a caf\u00e9 there.".encode("latin-1"), "not UTF-8: the byte at offset 12 .*café.*iconv -f CP1252"),
        (b"A" * 99 + b"\xe2\x82", "not UTF-8: the byte at offset 99"),  # a character that the end of the file cuts
        (b"", "only 0 distinct sentences"),
        (b"\n \n\t\n", "only 0 distinct sentences"),
        (b"This is one line of text.", "only 1 distinct sentences .* n_held_out = 1 needs at least 2"),
    ],
)
def test_files_that_are_no_text(tmp_path, content, message):
    path = tmp_path / "input.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        text_corpus(path)
    assert "\n" not in str(caught.value)


def test_the_offset_of_a_bad_byte_counts_from_the_start_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 10)
    good = "A caf\u00e9 there. \u20ac "  # with chunks of 10 bytes, some characters are cut in two
    for n in range(1, 12):
        path = tmp_path / "input.txt"
        path.write_bytes(good.encode() * n + b"\xff more")
        with pytest.raises(ValueError, match=f"offset {len(good.encode()) * n} cannot"):
            list(sentences_in(path))


def test_sources_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file .*; to use text in memory, pass several sentences"):
        text_corpus(tmp_path / "none.txt")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        text_corpus(tmp_path)
    for bad in (b"bytes", 3, None):
        with pytest.raises(TypeError, match="source must be text, the path of a text file or an iterable of strings"):
            text_corpus(bad)
    with pytest.raises(TypeError, match="source yields dict objects"):
        text_corpus([{"text": "A record of a data set."}])
    for table in ({"text": "A column of a data set."}, pd.DataFrame({"text": ["A column of a table."]})):
        with pytest.raises(TypeError, match=f"source is a {type(table).__name__}; pass the one value or column"):
            text_corpus(table)
    with pytest.raises(FileNotFoundError, match="pass several sentences") as caught:
        list(sentences_in("a text without any end of a sentence " * 400))
    assert len(str(caught.value)) < 400


def test_a_pasted_string_is_text_and_a_name_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"n_held_out": 20, "vocab_size": 150, "progress": False}
    sentences = invented(300)
    pasted = text_corpus(" ".join(sentences), **options)
    assert pasted.sha256 == text_corpus(sentences, **options).sha256
    assert (pasted.name, pasted.info["source"]) == ("text", "str")
    lines = "\n".join(s.rstrip(".").lower() for s in sentences)  # one sentence a line, without stops, as in a file
    assert text_corpus(lines, **options).sha256 == pasted.sha256
    name = "Day one. Day two.txt"  # a name that looks like two sentences is a name where such a file exists
    (tmp_path / name).write_text(" ".join(sentences))
    assert text_corpus(name, **options).sha256 == pasted.sha256 and text_corpus(name, **options).name == name[:-4]
    for missing in (
        "my diary.txt",
        "notes/v1.2.txt",
        tmp_path / "One. Two.txt",
        "notes v1. Final.txt",
        "C:\\books\\vol. Two\\a.txt",
        "shelf/My files. Copy/x.md",
    ):
        with pytest.raises(FileNotFoundError, match="There is no file"):
            text_corpus(missing)
    with pytest.raises(ValueError, match="only 0 distinct sentences .*: give more text"):
        text_corpus("")


@pytest.mark.parametrize("chunk", [3, 4, 5, 32])
def test_a_chunk_may_end_on_a_blank_inside_a_huge_paragraph(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(reading, "CHUNK", chunk)
    monkeypatch.setattr(reading, "LONGEST", 40)
    sentences = [f"The cat number {n} sat on a rug." for n in range(10, 60)]
    path = tmp_path / "one_paragraph.txt"
    path.write_text(" ".join(sentences) + " \n" + "\n" + sentences[0])
    assert list(sentences_in(path, split_lines=False, progress=False)) == [*sentences, sentences[0]]


def test_blanks_without_end_are_read_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 1 << 14)
    monkeypatch.setattr(reading, "LONGEST", 1 << 10)
    path = tmp_path / "blanks.txt"
    path.write_text("Word" + " " * 2_000_000 + "and more.")
    tracemalloc.start()
    found = list(sentences_in(path, split_lines=False, progress=False))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [sentence.split()[-2:] for sentence in found] == [["and", "more."]]
    assert peak < 5e5


def test_a_huge_file_is_read_in_bounded_memory(tmp_path):
    path = tmp_path / "huge.txt"
    block = " ".join(invented(2000)).encode()
    with path.open("wb") as file:
        for _ in range(40):  # 4 MB of prose in a single line, then 8 MB without any end of a sentence
            file.write(block + b" ")
        file.write(b"word " * 1_600_000)
    assert path.stat().st_size > 12e6
    tracemalloc.start()
    n = sum(1 for _ in sentences_in(path, progress=False))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n >= 40 * 2000 - 1
    assert peak < 10.5e6  # a MiB as bytes, as text and as its list of sentences took 8.7 MB: less than the file


def test_public_data_sets_are_streamed_by_name(monkeypatch):
    asked = []

    def load_dataset(name, split, streaming):
        asked.append((name, split, streaming))
        return ({"text": sentence} for sentence in invented(200))

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    corpus = text_corpus(hub_texts("someone/stories"), n_held_out=10, vocab_size=200, progress=False)
    assert asked == [("someone/stories", "train", True)]
    assert corpus.sha256 == text_corpus(invented(200), n_held_out=10, vocab_size=200, progress=False).sha256
    with pytest.raises(ValueError, match="no column 'story'; it has 'text'"):
        next(hub_texts("someone/stories", column="story"))
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match="pip install datasets"):
        next(hub_texts("someone/stories"))

"""From raw text to sentences."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .text_files import file_chunks
from .words import words_of as words_of

CHUNK = 1 << 20  # bytes read at a time
LONGEST = 1 << 16  # characters after which the start of an endless sentence is forgotten
LONGEST_NAME = 260  # characters of a path

# a full stop after one of these does not end a sentence
ABBREVIATIONS = frozenset([
    "mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "e.g", "i.e", "cf", "fig", "figs", "eq", "eqs", "sec",
    "no", "vol", "pp", "al", "approx", "dept",
])  # fmt: skip
# the end of a sentence: a mark, closing quotes or brackets, space, then something that can open one; the marks of
# Arabic, Indian, Armenian and Ethiopian scripts end one in any case, those of Chinese and Japanese also without a space
OTHERS = r"""[؟۔।॥։።]["'”’)\]»]*\s*|[。！？｡]["'”’」』）】》]*\s*"""
END = re.compile(r"""[.!?…](?:["'”“’‘)\]»]|\s»)*\s+(?=["'“‘(\[„¿¡]*(?:«\s?)?[^\W_a-z])|""" + OTHERS)
END_LOWER = re.compile(r"""[.!?…](?:["'”“’‘)\]»]|\s»)*\s+|""" + OTHERS)  # for text that has no capitals at all
LONGEST_WORD = 80  # characters before a full stop that are looked at for an abbreviation


def split_sentences(text: str) -> Iterator[str]:
    """Split English text at . ! ? before a capital, digit or quote, but not after initials and abbreviations."""
    start = 0
    for end in (END_LOWER if text.islower() else END).finditer(text):
        last = text[max(start, end.start() - LONGEST_WORD) : end.start()].rsplit(None, 1)[-1:]
        word = last[0].strip("\"'“”‘’()[]").lower() if last else ""
        if text[end.start()] == "." and (word in ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")):
            continue
        if sentence := text[start : end.end()].strip():
            yield sentence
        start = end.end()
    if sentence := text[start:].strip():
        yield sentence


def names_a_file(source: object) -> bool:
    """Tell a path from a pasted text: a string is text if no file has that name and it has two lines or sentences.

    A short line that ends like the name of a file (a full stop and a few letters) is taken for one.
    """
    if not isinstance(source, str):
        return isinstance(source, Path)
    text, there = source.strip(), os.path.exists(os.path.expanduser(source))
    if there or not text or "\n" in text:
        return there
    if len(text) < LONGEST_NAME and re.search(r"\.[^\W\d_]\w{0,4}$", text):
        return True
    return next(itertools.islice(split_sentences(text), 1, None), None) is None  # a long text is not split to its end


def sentences_in(
    source: str | Path | Iterable[str], *, split_lines: bool | None = None, progress: bool = True
) -> Iterator[str]:
    """Yield the sentences of a UTF-8 file, of one pasted string, or of an iterable of strings, 1 MiB at a time.

    Blank lines end a sentence; with `split_lines` every line break does (None: judged from the first MiB, and not so
    for an iterable). Errors: no such file, a folder, binary data, another encoding, something that is not text.
    """
    if isinstance(source, (str, Path)):
        chunks = file_chunks(source, progress, CHUNK) if names_a_file(source) else iter([str(source)])
        head = next(chunks, "")
        lines = _looks_like_lines(head) if split_lines is None else split_lines
        yield from _cut(itertools.chain([head], chunks), lines)
        return
    if isinstance(source, Mapping) or hasattr(source, "columns"):  # it would yield its keys: the names of columns
        raise TypeError(f"source is a {type(source).__name__}; pass the one value or column that holds the text.")
    if isinstance(source, (bytes, bytearray)) or not isinstance(source, Iterable):
        raise TypeError(
            f"source must be text, the path of a text file or an iterable of strings, not {type(source).__name__}."
        )
    for item in source:
        if not isinstance(item, str):
            raise TypeError(
                f"source yields {type(item).__name__} objects where strings were expected; of a table, pass one column."
            )
        yield from _cut([item], bool(split_lines))


def _cut(chunks: Iterable[str], split_lines: bool) -> Iterator[str]:
    """Cut a stream of text into sentences; a blank line always ends one."""
    stop = re.compile(r"\n" if split_lines else r"\n[^\S\n]*\n\s*")
    rest = ""
    for chunk in chunks:
        rest += chunk
        *paragraphs, rest = stop.split(rest)
        for paragraph in paragraphs:
            yield from split_sentences(paragraph)
        if len(rest) > LONGEST:  # a huge paragraph: give out its whole sentences, or forget what is none
            blanks = rest[len(rest.rstrip()) :][:LONGEST]  # they part this chunk from the next
            *whole, rest = [*split_sentences(rest)] or [""]
            yield from whole
            rest = rest[-LONGEST:] + blanks if rest else ""
    yield from split_sentences(rest)


def _looks_like_lines(head: str) -> bool:
    """Tell lines that are sentences or paragraphs from wrapped prose: they end in a stop, or hardly anything does."""
    lines = [line.rstrip(" \t\"'”’)]") for line in head.splitlines() if line.strip()]
    stops = len(re.findall(r"[.!?…](?=\s|[\"'”’)\]]|$)|[؟۔।॥։።。！？｡]", head, flags=re.MULTILINE))
    ended = sum(line.endswith(tuple(".!?…؟۔।॥։።。！？｡")) for line in lines)
    return len(lines) > 1 and (ended > 0.8 * len(lines) or stops < 0.01 * len(head.split()))


def hub_texts(name: str, split: str = "train", column: str = "text", *, config: str | None = None) -> Iterator[str]:
    """Yield the texts of a public data set by its name, streamed: text_corpus(hub_texts("roneneldan/TinyStories")).

    split: the part of it that is read, such as "train" or "validation".
    column: where the texts stand.
    config: the name of one of its configurations, for a data set that has several, such as "wikitext-2-raw-v1".

    Needs the optional package `datasets`, and a network when the first text is asked for.
    """
    try:
        from datasets import load_dataset
    except ImportError:
        raise ImportError("hub_texts needs the package datasets: pip install datasets") from None
    try:
        rows = load_dataset(name, *([config] if config else []), split=split, streaming=True)
    except ValueError as error:
        if config is None and "config" in str(error).lower():
            raise ValueError(f"{' '.join(str(error).split())} Here that is: hub_texts({name!r}, config=...).") from None
        raise
    for row in rows:
        if column not in row:
            raise ValueError(f"The data set {name!r} has no column {column!r}; it has {', '.join(map(repr, row))}.")
        yield row[column]

"""The English in a docstring: paragraphs without code, then sentences that read like prose."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from .sentences import split_sentences
from .words import words_of

MOST_WORDS = 40  # longer ones are rarely one sentence; they are not kept at all

# one word in five of English prose is one of these; tables, signatures and lists of names have none
COMMON = frozenset(
    words_of(
        """a an and are as at be been but by can cannot do does for from has have if in into is it its may more must
        no not of on only or other should such than that the then there these they this to used using was we when
        where which will with would you your each any all one same so"""
    )
)
CODE = re.compile(
    r"""[\[\]{}()<>=\\|@#$%^~_*`+&]  # symbols that prose does not need
      | \S/\S                      # paths, fractions
      | \w\.\w | \s\.\w            # dotted names
      | [a-z][A-Z] | [A-Za-z]\d    # camelCase, float64
      | \bhttps? | -- | ::""",
    re.VERBOSE,
)
DANGLING = frozenset(words_of("a an and as by for in is of or the to where with"))  # something was cut off after these
BULLET = re.compile(r"(?:[-*+•]|\d+[.)])\s+")
UNDERLINE = re.compile(r"[-=~^+|*.#]{3,}")
QUIET_DIRECTIVE = re.compile(r"\.\.\s+(?:note|warning|seealso|version\w+|deprecated|important|tip)::\s*$")


def english_sentences(docstring: str) -> Iterator[str]:
    """Yield the sentences of a docstring that read like English prose, as they were written."""
    text = docstring.strip()
    if "\n" not in text and text[-1:].isalpha():
        docstring = text + "."  # a docstring of one line often goes without
    for paragraph in _paragraphs(docstring):
        for sentence in split_sentences(_without_markup(paragraph)):
            if _is_english(sentence):
                yield " ".join(sentence.split())


def _is_english(sentence: str) -> bool:
    """Tell prose from headings, signatures, lists and formulas by a few cheap signs."""
    if not (sentence[0].isupper() and sentence[-1] in ".!?" and sentence.isascii()):
        return False
    words = words_of(sentence)
    if not 3 <= len(words) <= MOST_WORDS or words[-1] in DANGLING or CODE.search(sentence):
        return False
    common = sum(w in COMMON for w in words)
    odd = sum(any(c.isdigit() for c in w) or (len(w) == 1 and w not in "ai") for w in words)
    return common >= 0.2 * len(words) and odd <= 0.15 * len(words)


def _without_markup(text: str) -> str:
    """Keep the words of reStructuredText roles and literals; what is not a word keeps a backtick, hence is dropped."""
    text = re.sub(r":[a-z:]+:`~[\w.]*\.(\w+)`", r"`\1`", text)  # :role:`~package.name` shows the name
    text = re.sub(r":[a-z:]+:`([^`<]*?)(?:\s*<[^`>]*>)?`", r"`\1`", text)  # :role:`words <target>`
    text = re.sub(r"``?([A-Za-z][A-Za-z -]*)``?_?_?", r"\1", text)  # ``word``, `some words`_
    text = re.sub(r"\*\*?([A-Za-z][A-Za-z -]*)\*\*?", r"\1", text)  # *emphasis*
    text = re.sub(r"\be\.g\.,?", "for example", re.sub(r"\bi\.e\.,?", "that is", text))
    return re.sub(r"\s+\((?!\w+(?:, *\w+)*,?\))[^()]*\)", "", text)  # remarks in parentheses, but no (x, y) and no (x)


def _paragraphs(docstring: str) -> Iterator[str]:
    """Yield runs of lines of one indentation, without doctests, literal blocks, directives, fields and titles."""
    run: list[str] = []
    indent, in_doctest = 0, False
    skip_deeper: int | None = None  # indentation of the line whose block of code is being left out
    for line in [*inspect.cleandoc(docstring).splitlines(), ""]:
        text, here = line.strip(), len(line) - len(line.lstrip())
        if text and skip_deeper is not None and here <= skip_deeper:
            skip_deeper = None
        in_doctest = bool(text) and (in_doctest or text.startswith((">>>", "$ ", "%")))
        special = text.startswith((":", "..", ">>>"))
        if run and (not text or here != indent or special or BULLET.match(text)):
            yield " ".join(run)
            run = []
        if not text or in_doctest or skip_deeper is not None:
            continue
        if UNDERLINE.match(text):
            run = []  # what stood above is a title
        elif text.startswith("..") or text.endswith("::"):
            run = []
            skip_deeper = None if QUIET_DIRECTIVE.match(text) else here
        elif not special:
            words = BULLET.sub("", text)
            indent = here + len(text) - len(words)  # the next line of a list item stands under its first word
            run.append(words)

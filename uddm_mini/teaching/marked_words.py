"""Sentences whose words show what happened to them: marked by shape and by color, in HTML and in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from .look import NEUTRAL, RIGHT, WRONG


class Mark(NamedTuple):
    """How one state of a word looks: HTML element (survives where styles are removed), style, plain-text brackets."""

    tag: str
    style: str
    left: str
    right: str
    key: str


# the tints are transparent (the two digits after a color) and the text keeps its own color
MARKS = {
    "intact": Mark("span", "", "", "", "left alone, and right"),
    "changed": Mark(
        "mark",
        f"background: {NEUTRAL}38; color: inherit; border: 1.5px dashed currentColor; border-radius: 3px",
        "[",
        "]",
        "changed by noise",
    ),
    "recovered": Mark(
        "b",
        f"background: {RIGHT}47; border-bottom: 3px solid {RIGHT}; border-radius: 3px 3px 0 0",
        "+",
        "+",
        "recovered",
    ),
    "wrong": Mark(
        "s",
        f"background: {WRONG}40; border-bottom: 3px double {WRONG}; text-decoration: line-through",
        "~",
        "~",
        "wrong",
    ),
}

PARAGRAPH = "margin: 0.5em 0; line-height: 1.9"

Sentence = str | Sequence[str]


def word_states(sentence: Sentence, truth: Sentence, corrupted: Sentence | None = None) -> list[str]:
    """Say what happened to every word: "intact", "changed", "recovered" or "wrong".

    Against `truth` alone a word is intact or changed. With the `corrupted` sentence before it, a right word is
    recovered if it had been changed, else intact; any other word is wrong. ValueError for another number of words.
    """
    now, right = split_words(sentence), split_words(truth)
    before = split_words(corrupted) if corrupted is not None else None
    for other in (right, before or now):
        if len(other) != len(now):
            raise ValueError(f"Sentences to compare need the same number of words, but have {len(now)}, {len(other)}.")
    if before is None:
        return ["intact" if w == r else "changed" for w, r in zip(now, right, strict=True)]
    return [
        "wrong" if w != r else "recovered" if b != r else "intact" for w, r, b in zip(now, right, before, strict=True)
    ]


def split_words(sentence: Sentence) -> list[str]:
    """Return the words of a string or of a sequence of words."""
    return sentence.split() if isinstance(sentence, str) else [str(word) for word in sentence]


class Sentences:
    """Labeled sentences with a state for every word; shows itself in a notebook and prints well elsewhere."""

    def __init__(self, rows: Sequence[tuple[str, Sequence[str], Sequence[str]]]) -> None:
        """Take rows (label, words, states)."""
        self.rows = [(label, list(words), list(states)) for label, words, states in rows]

    def __repr__(self) -> str:
        width = max((len(label) for label, _, _ in self.rows), default=0)
        lines = []
        for label, words, states in self.rows:
            marked = [f"{MARKS[s].left}{w}{MARKS[s].right}" for w, s in zip(words, states, strict=True)]
            lines.append(f"{label:>{width}}  {' '.join(marked)}")
        used = [f"{m.left}word{m.right} {m.key}" for m in self._used()]
        return "\n".join([*lines, *([f"{'':>{width}}  ({', '.join(used)})"] if used else [])])

    def _repr_html_(self) -> str:
        return self.body_html() + self.key_html()

    def __add__(self, other: Sentences) -> Sentences:
        return Sentences([*self.rows, *other.rows])

    def body_html(self, styled: bool = True) -> str:
        """Return the sentences as HTML, without the key; unstyled, the page has to bring `mark_css`."""
        style = f' style="{PARAGRAPH}"' if styled else ""
        out = ""
        for label, words, states in self.rows:
            marked = [_marked(MARKS[s], escape(w), styled) for w, s in zip(words, states, strict=True)]
            out += f"<p{style}>{f'<strong>{escape(label)}</strong><br>' if label else ''}{' '.join(marked)}</p>"
        return out

    def key_html(self) -> str:
        """Return the key to the marks as HTML; empty when no word is marked."""
        key = " &nbsp; ".join(_marked(mark, mark.key, styled=True) for mark in self._used())
        return f'<p style="font-size: 0.9em; line-height: 1.9">Key: {key}</p>' if key else ""

    def _used(self) -> list[Mark]:
        found = {state for _, _, states in self.rows for state in states}
        return [mark for state, mark in MARKS.items() if state in found and mark.left]


def sentences(
    rows: Mapping[str, Sentence] | Iterable[tuple[str, Sentence]],
    truth: Sentence | None = None,
    *,
    corrupted: str | None = None,
) -> Sentences:
    """Show labeled sentences, each word marked as intact, changed, recovered or wrong against `truth`, if there is one.

    `rows`: {label: sentence} or (label, sentence) pairs, of strings or sequences of words. The row labeled `corrupted`
        (default: the first that differs from `truth`) is what noise changed; rows after it are attempts to mend it.
    """
    pairs = list(rows.items() if isinstance(rows, Mapping) else rows)
    if corrupted is not None and corrupted not in [label for label, _ in pairs]:
        raise ValueError(f"No row is labeled {corrupted!r}; the labels are {[label for label, _ in pairs]}.")
    out: list[tuple[str, list[str], list[str]]] = []
    noisy: list[str] | None = None
    for label, sentence in pairs:
        words = split_words(sentence)
        states = ["intact"] * len(words) if truth is None else word_states(words, truth, noisy)
        out.append((label, words, states))
        if noisy is None and (label == corrupted or (corrupted is None and "changed" in states)):
            noisy = words
    return Sentences(out)


def _marked(mark: Mark, text: str, styled: bool) -> str:
    """Mark text in HTML: by element, and by style and tooltip where `styled`."""
    if not mark.left:
        return text
    look = f' style="{mark.style}; padding: 0 .2em" title="{mark.key}"' if styled else ""
    return f"<{mark.tag}{look}>{text}</{mark.tag}>"


def mark_css(scope: str) -> str:
    """Return the style sheet that gives unstyled sentences under the selector `scope` their look."""
    rules = [f"{scope} {m.tag} {{ {m.style}; padding: 0 .2em }}" for m in MARKS.values() if m.left]
    return "\n".join([f"{scope} p {{ {PARAGRAPH} }}", *rules])

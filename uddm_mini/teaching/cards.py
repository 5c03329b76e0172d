"""Recall cards: a question, and an answer that stays folded until the reader has tried."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

HEADING = "## Recall cards"
ASKED = "Answer aloud, then open."


@dataclass(frozen=True)
class Card:
    """A question and its answer, both in Markdown."""

    question: str
    answer: str


def read(text: str) -> list[Card]:
    """Return the cards of a text in Markdown whose headings are questions; ValueError for one without an answer."""
    before, *parts = re.split(r"(?m)^## ", text)
    found = [Card(question.strip(), answer.strip()) for question, _, answer in (part.partition("\n") for part in parts)]
    if before.strip() or not all(card.question and card.answer for card in found):
        raise ValueError('A file of cards has nothing but questions, "## What is ...?", each with its answer below.')
    return found


def section(cards: Sequence[Card]) -> str:
    """Return the section of a chapter with its cards, as Markdown: fold-outs, which work without scripts."""
    folded = [f"<details><summary>{card.question}</summary>\n\n{card.answer}\n</details>" for card in cards]
    return "\n\n".join([HEADING, ASKED, *folded])

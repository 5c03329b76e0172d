"""The recall cards of each chapter, in the file of its name: a question is a heading, its answer stands below."""

from __future__ import annotations

from importlib import resources

from uddm_mini.teaching.cards import Card, read
from uddm_mini.teaching.exercises import CHAPTERS


def with_cards() -> list[str]:
    """Return the chapters that have cards, in the order of the book."""
    there = {path.name for path in resources.files(__name__).iterdir()}
    return [chapter for chapter in CHAPTERS if f"{chapter}.md" in there]


def cards(chapter: str) -> list[Card]:
    """Return the cards of a chapter; ValueError if it has none."""
    if chapter not in with_cards():
        raise ValueError(f"There are no recall cards of {chapter!r}; there are some of {', '.join(with_cards())}.")
    return read(resources.files(__name__).joinpath(f"{chapter}.md").read_text(encoding="utf-8"))

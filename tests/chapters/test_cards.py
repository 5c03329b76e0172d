"""Recall cards: each chapter shows those of the package, folded, and they can be read without scripts."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import nbformat
import pytest

from uddm_mini.chapters.cards import cards, with_cards
from uddm_mini.teaching.cards import HEADING, Card, read, section
from uddm_mini.teaching.exercises import CHAPTERS

BOOK = Path(__file__).parents[2] / "book"
TOOL = importlib.util.spec_from_file_location("cards_tool", BOOK / "_tools" / "cards.py")
assert TOOL and TOOL.loader
tool = importlib.util.module_from_spec(TOOL)
sys.modules["cards_tool"] = tool
TOOL.loader.exec_module(tool)


def test_the_first_chapters_have_cards():
    assert set(CHAPTERS[1:9]) <= set(with_cards()) and "setup" not in with_cards()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_shows_its_cards_and_no_others(chapter):
    found = tool.place(nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4))
    if chapter not in with_cards():
        assert found is None, f"its cards belong into uddm_mini/chapters/cards/{chapter}.md"
        return
    assert found and found[1] == section(cards(chapter)), "python book/_tools/cards.py"
    source = found[0].source
    assert source.index("## Summary") < source.index(HEADING) if "## Summary" in source else True
    assert not re.search(r"(?m)^## (?!References)", source.split(HEADING)[1]), "cards come last, before the references"


@pytest.mark.parametrize("chapter", with_cards())
def test_cards_are_few_and_short(chapter):
    deck = cards(chapter)
    assert 4 <= len(deck) <= 6 and len({card.question for card in deck}) == len(deck)
    for card in deck:
        assert card.question.endswith("?") and "$" not in card.question  # no formula is set inside a summary
        assert 3 <= len(card.answer.split()) <= 60 and card.answer.count("$") % 2 == 0
        assert not re.search(r"(?m)^([-+*#>]|\d+\.) ", card.answer)  # a formula that is broken there becomes a list
        assert not re.search(r"(?i)\b(chapter|exercise|section) \d", card.question + card.answer)  # numbers move


def test_a_file_of_cards_has_nothing_else():
    assert read("## Why?\n\nSo.\n\n## When?\n\nNow,\nor never.\n") == [
        Card("Why?", "So."),
        Card("When?", "Now,\nor never."),
    ]
    for wrong in ("Hello.\n\n## Why?\n\nSo.\n", "## Why?\n\n## When?\n\nNow.\n", "# Why?\n\nSo.\n"):
        with pytest.raises(ValueError, match="each with its answer below"):
            read(wrong)
    with pytest.raises(ValueError, match="no recall cards of 'nowhere'; there are some of hopfield"):
        cards("nowhere")


def test_the_tool_writes_below_the_heading_and_leaves_the_rest(tmp_path):
    path = tmp_path / "hopfield.ipynb"
    text = f"## Summary\n\n1. One.\n\n{HEADING}\n\nold\n\n## References\n\nTwo."
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]), path)
    assert tool.write(path) and not tool.write(path)  # the second time nothing changes
    (cell,) = nbformat.read(path, as_version=4).cells
    assert cell.source == f"## Summary\n\n1. One.\n\n{section(cards('hopfield'))}\n\n## References\n\nTwo."
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("## Summary")]), path)
    with pytest.raises(ValueError, match='type "## Recall cards" below its summary'):
        tool.write(path)


def test_a_card_is_folded_and_needs_no_script():
    shown = section([Card("Why?", "So.")])
    assert "<details><summary>Why?</summary>\n\nSo.\n</details>" in shown and "script" not in shown

"""Chapter numbers come from _toc.yml: in titles, links, exercises, and in every sentence that names one."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from uddm_mini.chapters import exercises

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book/_tools"))
import chapter_numbers as tool  # noqa: E402


def markdown(path):
    """Return the text of a page."""
    if path.suffix == ".md":
        return path.read_text("utf-8")
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


PAGES = sorted([*(ROOT / "book").glob("*.ipynb"), *(ROOT / "book").glob("*.md")])


def test_titles_count_up_in_the_order_of_the_contents():
    assert list(tool.numbers_now().values()) == list(range(1, len(tool.chapters()) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_that_names_a_chapter_names_the_one_it_leads_to(page):
    numbers, text = tool.numbers_now(), markdown(page)
    links = tool.LINK.findall(text) + tool.BARE.findall(text)
    wrong = [(n, name) for n, name in links if name in numbers and int(n) != numbers[name]]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_exercises_have_the_number_of_their_chapter(page):
    number = tool.numbers_now().get(page.stem.removeprefix("solutions_"))
    headings = tool.HEADING.findall(markdown(page)) if number else []
    assert {int("".join(filter(str.isdigit, h.split(".")[0]))) for h in headings} <= {number}


@pytest.mark.parametrize("page", sorted((ROOT / "book").glob("solutions_*.ipynb")), ids=lambda page: page.name)
def test_solutions_have_the_number_of_their_chapter(page):
    number = tool.numbers_now()[page.stem.removeprefix("solutions_")]
    assert markdown(page).startswith(f"# Solutions {number}. ")


def test_every_way_of_naming_a_chapter_is_renumbered_and_nothing_else():
    text = (
        "# 7. How?\n# Solutions 7. How?\n"
        "Chapters 6 and 7, chapter 12; exercise 7.4, exercises 8.1 and 8.2; chapters 3 to 5, 7 and 11.\n"
        "### 7.4 Stretch\n**8.1 Warm-up** section 7, 7 sentences, chapter 9; solution 7.4 passes.\n"
        '<a id="ex-7-4"></a> [that one](sampling.ipynb#ex-8-1), ex-7-4 and index-7-1 stay\n'
    )
    after = (
        "# 8. How?\n# Solutions 8. How?\n"
        "Chapters 6 and 8, chapter 13; exercise 8.4, exercises 9.1 and 9.2; chapters 3 to 5, 8 and 12.\n"
        "### 8.4 Stretch\n**9.1 Warm-up** section 7, 7 sentences, chapter 10; solution 8.4 passes.\n"
        '<a id="ex-8-4"></a> [that one](sampling.ipynb#ex-9-1), ex-7-4 and index-7-1 stay\n'
    )
    assert tool.renumbered(text, {k: k + 1 for k in range(7, 13)}) == after


@pytest.fixture
def small_book(tmp_path):
    """Make a book of two chapters, and a new one between them whose title has the number 0."""
    pages = {
        "first": "# 1. One\nSee [chapter 2](last.ipynb), and [2](last.ipynb) of [2](#notes).",
        "new": "# 0. New\n### 0.1 Warm-up\nAs chapter 1 says.",
        "last": "# 2. Two\n### 2.1 Warm-up\nAfter exercise 2.1, chapter 1 again.",
    }
    (tmp_path / "book").mkdir()
    (tmp_path / "uddm_mini").mkdir()
    (tmp_path / "uddm_mini/note.py").write_text('"""See chapter 2."""\n')
    for name, text in pages.items():
        cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": [text]}
        (tmp_path / f"book/{name}.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}))
    listed = "".join(f"      - file: book/{name}\n" for name in pages)
    (tmp_path / "_toc.yml").write_text(f"root: book/intro\nparts:\n  - caption: I\n    chapters:\n{listed}")
    return tmp_path


def test_a_new_chapter_moves_those_after_it(small_book):
    tool.number(small_book)
    texts = {path.stem: markdown(path) for path in (small_book / "book").glob("*.ipynb")}
    assert texts["first"] == "# 1. One\nSee [chapter 3](last.ipynb), and [3](last.ipynb) of [2](#notes)."
    assert texts["new"] == "# 2. New\n### 2.1 Warm-up\nAs chapter 1 says."
    assert texts["last"] == "# 3. Two\n### 3.1 Warm-up\nAfter exercise 3.1, chapter 1 again."
    assert (small_book / "uddm_mini/note.py").read_text() == '"""See chapter 3."""\n'


def test_statements_follow_and_the_exercise_of_the_setup_page_stays(small_book):
    (small_book / "data").mkdir()
    (small_book / "data/statements.csv").write_text("statement\nsolution 2.1 passes\n")
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["### Exercise 0.1, as exercise 2.1"]}
    (small_book / "book/setup.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}))
    tool.number(small_book)
    assert (small_book / "data/statements.csv").read_text() == "statement\nsolution 3.1 passes\n"
    assert markdown(small_book / "book/setup.ipynb") == "### Exercise 0.1, as exercise 3.1"


def test_numbering_twice_changes_nothing(small_book):
    tool.number(small_book)
    assert tool.number(small_book) == []


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("solutions_*.ipynb")), ids=lambda path: path.stem)
def test_headings_of_solutions_have_the_number_of_their_page(path):
    text = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"])
    (own,) = re.findall(r"(?m)^# Solutions (\d+)\. ", text)
    found = re.findall(r"(?m)^(?:#{2,3} |\*\*)(\d+)\.\d+\b", text)
    assert found and set(found) == {own}


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".ipynb"], ids=lambda page: page.name)
def test_what_a_check_has_said_has_the_number_of_its_exercise(page):
    labels = {exercise.title for exercise in exercises().values()}
    shown = page.read_text("utf-8")
    said = re.findall(r"(?<=[○✔✘] )(\d+\.\d+ [^·<]*?)(?= · (?:not attempted|not yet|passed))", shown)
    assert {re.sub(r", \w+ part$", "", one.replace("&#x27;", "'")) for one in said} <= labels

"""The registry of exercises, the chapters of the book and their cells agree."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import nbformat
import pytest
import yaml

from uddm_mini.chapters import CHAPTERS, exercises
from uddm_mini.teaching import exercises as machinery
from uddm_mini.teaching.exercises import Exercise, Level, exercise, second_part

ROOT = Path(__file__).resolve().parents[2]
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("exercise_notes", ROOT / "book" / "_tools" / "exercises.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells_of(page: str) -> list[Any]:
    return nbformat.read(ROOT / "book" / f"{page}.ipynb", as_version=4).cells


def exercises_of(chapter: str) -> list[Exercise]:
    return [e for e in exercises().values() if e.chapter == chapter]


# ---- the book -------------------------------------------------------------------------------------------------------


def test_the_chapters_are_those_of_the_table_of_contents_in_its_order():
    listed = re.findall(r"file: book/(\w+)", (ROOT / "_toc.yml").read_text("utf-8"))
    assert [page for page in listed if page in CHAPTERS] == list(CHAPTERS)
    assert yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["format"] == "jb-book"


@each_chapter
def test_the_title_of_a_chapter_has_its_number(chapter):
    (title,) = re.findall(r"^# (.*)", "\n".join(c.source for c in cells_of(chapter) if c.cell_type == "markdown"), re.M)
    number = re.match(r"(\d+)\. ", title)
    assert chapter == "setup" if number is None else int(number[1]) == CHAPTERS.index(chapter)


@each_chapter
def test_every_exercise_is_called_in_its_chapter_and_nowhere_else(chapter, tool):
    code = [cell.source for cell in cells_of(chapter) if cell.cell_type == "code"]
    called = {name for source in code for name in tool.checked(source)}
    assert called == {check.__name__ for e in exercises_of(chapter) for check in e.checks}
    assert any(f"from uddm_mini.chapters import {chapter} as checks" in source for source in code)


def test_no_other_page_calls_a_check(tool):
    pages = [path.stem for path in (ROOT / "book").glob("*.ipynb")]
    for page in (page for page in pages if page not in CHAPTERS and not page.startswith("solutions_")):
        assert not [name for c in cells_of(page) if c.cell_type == "code" for name in tool.checked(c.source)], page


@each_chapter
def test_the_cells_of_the_checks_say_which_exercise_they_are(chapter, tool):
    cells = cells_of(chapter)
    noted = {i: dict(cell.metadata["exercise"]) for i, cell in enumerate(cells) if "exercise" in cell.metadata}
    expected = tool.notes(nbformat.from_dict({"cells": cells}), chapter)
    assert noted == expected, f"run python book/_tools/exercises.py book/{chapter}.ipynb"


@each_chapter
def test_the_text_says_name_level_and_minutes_of_every_exercise(chapter, tool):
    said: list[tuple[str, str, int]] = []  # the line, level and minutes
    found: dict[str, tuple[str, str, int]] = {}  # of the exercise whose check follows
    for cell in cells_of(chapter):
        if cell.cell_type == "markdown":
            lines = re.finditer(r"^.*\b(warm-up|core|stretch)\W+(\d+) minutes.*$", cell.source, re.M | re.I)
            said += [(line[0].lower(), line[1].lower(), int(line[2])) for line in lines]
        elif cell.cell_type == "code":
            found |= {name: said[-1] for name in tool.checked(cell.source) if name not in found}
    assert len(said) == len(exercises_of(chapter)), "an exercise of the text has no check, or the other way around"
    for e in exercises_of(chapter):
        line, level, minutes = found[e.checks[0].__name__]
        assert (level, minutes) == (e.level, e.minutes), e.title
        assert all(found[check.__name__] == found[e.checks[0].__name__] for check in e.checks), e.title
        assert chapter == "setup" or e.name.lower() in line, e.title


@each_chapter
def test_the_heading_of_every_exercise_has_one_form_and_an_anchor(chapter, tool):
    prose = [cell.source for cell in cells_of(chapter) if cell.cell_type == "markdown"]
    for source in prose:
        assert tool.headed(source, chapter) == source, f"run python book/_tools/exercises.py book/{chapter}.ipynb"
    text = "\n\n".join(prose)
    found = [text.index(f"{e.heading}\n\n") for e in exercises_of(chapter)]
    assert found == sorted(found) and text.count('<a id="ex-') == len(found)


def test_every_other_form_of_a_heading_becomes_the_one(tool):
    wanted = exercises()["hopfield-2"].heading + "\n\nCompute."
    for old in (
        "**1.2 Crosstalk** (core, 15 minutes). Compute.",
        "**1.2 Core (15 minutes): crosstalk.** Compute.",
        "### 1.2 Cross talk (core, 10 minutes)\n\nCompute.",
        '<a id="ex-3-2"></a>\n\n### 3.2 Crosstalk (warm-up, 15 minutes)\n\nCompute.',
        "### Exercise 1.2 · core · 15 minutes\n\nCompute.",
    ):
        assert tool.headed(f"</details>\n\n{old}", "hopfield") == f"</details>\n\n{wanted}"
    assert tool.headed("A **1.2** (core) idea of 15 minutes.", "hopfield") == "A **1.2** (core) idea of 15 minutes."


@each_chapter
def test_the_cells_that_an_exercise_needs_are_there(chapter):
    cells = cells_of(chapter)
    known = {cell.id for cell in cells}
    for cell in cells:
        note = cell.metadata.get("exercise", {})
        assert set(note.get("context", ())) <= known, note["id"]
        assert set(note.get("needs", ())) <= set(exercises()), note["id"]


def test_every_exercise_says_what_it_assesses():
    said = [e.assesses for e in exercises().values()]
    assert all(3 < len(words) < 80 and not words.endswith(".") for words in said), "exercise(..., assesses=...)"


def test_notes_are_written_into_a_notebook_and_removed_again(tool, tmp_path, capsys):
    cell, markdown = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    chapter = exercises_of("hopfield")
    calls = [f"checks.{check.__name__}(answer)" for e in chapter for check in e.checks]
    cells = [cell("%pip install it"), *map(cell, calls), cell(calls[0]), markdown("checks.crosstalk(no_code)")]
    cells[0].metadata["exercise"] = {"id": "old"}
    cells[1].metadata.update({"tags": ["kept"], "exercise": {"id": "old", "context": ["by-hand"]}})
    path = tmp_path / "hopfield.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    tool.note(path)
    after = [cell.metadata for cell in nbformat.read(path, as_version=4).cells]
    first = {"id": "hopfield-1", "name": "The energy from the overlaps", "level": "warm-up", "minutes": 10}
    typed = {"assesses": "an energy as a function of overlaps", "context": ["by-hand"]}
    assert after[0] == {} == after[5] == after[6]
    assert after[1] == {"tags": ["kept"], "exercise": first | typed}
    assert after[2] == {"exercise": first | {"part": 2}}
    assert [m["exercise"]["id"] for m in after[3:5]] == ["hopfield-2", "hopfield-3"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells[:2]), path)
    with pytest.raises(ValueError, match="No cell of hopfield.ipynb calls energy_levels, crosstalk, learn_couplings"):
        tool.note(path)


# ---- the registry ---------------------------------------------------------------------------------------------------


def test_ids_and_numbers_are_unique_and_have_no_gaps():
    every = exercises()
    assert [e.id for e in every.values()] == list(every)
    for chapter in CHAPTERS:
        numbers = [e.number for e in exercises_of(chapter)]
        assert numbers == list(range(1, len(numbers) + 1))
    assert every["sampling-1"].title == every["sampling-1"].checks[0].title == "10.1 Can greedy move?"
    assert every["learning-4"].checks[1].title == "7.4 Spread the noise levels, second part"


def test_levels_and_minutes_are_those_that_the_setup_page_promises():
    limits = {"warm-up": (5, 10), "core": (10, 20), "stretch": (0, 30)}
    assert set(limits) == set(get_args(Level))
    for e in exercises().values():
        low, high = limits[e.level]
        assert low <= e.minutes <= high, e.title


def test_a_module_that_is_loaded_again_registers_its_exercises_anew(monkeypatch):
    monkeypatch.setattr(machinery, "EXERCISES", {})

    def check(answer: Any) -> str:
        return "Right."

    check.__module__ = "uddm_mini.chapters.sampling"
    for _ in range(2):
        first = exercise(1, "One", level="core", minutes=10)(check)
        second = second_part(first)(check)
    assert [e.checks for e in machinery.EXERCISES.values()] == [[first, second]]
    assert second(3).title == "10.1 One, second part"


def test_a_chapter_is_imported_alone():
    code = (
        "import sys\nfrom uddm_mini.chapters import sampling as checks\n"
        "loaded = [name for name in sys.modules if name.startswith('uddm_mini.chapters.')]\n"
        "print(sorted(loaded), checks.can_greedy_move.title)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    modules, _, title = out.partition("] ")
    assert title.strip() == "10.1 Can greedy move?"
    assert "hopfield" not in modules and "figures" not in modules

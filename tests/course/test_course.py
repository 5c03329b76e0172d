"""The course file, what is handed out, who handed in, and which answers are alike."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import pytest
from submissions import AVERAGE, COURSE, NEW, RIGHT, STUBS, WRONG, cells

from uddm_mini.chapters import CHAPTERS, exercises
from uddm_mini.course.commands import exercise_rows, write_table
from uddm_mini.course.handout import plain, tasks_for, write_handout
from uddm_mini.course.notebooks import book_folder, read_notebook, tasks_of
from uddm_mini.course.roster import Person, owners, read_roster
from uddm_mini.course.settings import EXAMPLE, Assignment, Item, read_course
from uddm_mini.course.similar import similar_pairs
from uddm_mini.course.tables import page_name, slips

ROOT = Path(__file__).resolve().parents[2]


def course(tmp_path, text):
    path = tmp_path / "course.yml"
    path.write_text(text)
    return read_course(path, exercises())


# ---- the course file ------------------------------------------------------------------------------------------------


def test_a_course_file_names_exercises_by_number_or_id_with_points(tmp_path):
    text = "assignments:\n  w1:\n    points: 4\n    hints: yes\n    column: A (12)\n    exercises:\n"
    text += f"      - {exercises()['sampling-1'].title.split()[0]}\n"  # its number now
    found = course(tmp_path, text + "      - sampling-2\n      - {id: corruption-3, points: 2.5}\n").assignment("w1")
    assert [(item.exercise.id, item.points) for item in found.items] == [
        ("sampling-1", 4),
        ("sampling-2", 4),
        ("corruption-3", 2.5),
    ]
    assert found.points == 10.5 and found.hints and found.column == "A (12)" and found.title == "w1"


def shown(name: str) -> list[str]:
    """Return the course files that a page shows."""
    blocks = re.findall(r"(?ms)^( *)```yaml\n(.*?)^ *```", (ROOT / name).read_text("utf-8"))
    return [textwrap.dedent(block) for _, block in blocks if "assignments:" in block]


def test_the_examples_can_be_typed_as_they_stand(tmp_path):
    for text in (EXAMPLE, *shown("README.md"), *shown("book/teaching.md")):
        assert course(tmp_path, text).assignment("week1").items
    assert len(shown("README.md")) == len(shown("book/teaching.md")) == 1
    for name in ("class.csv", "salt.txt"):  # the lines for later, once the files are there
        (tmp_path / name).write_text("ID,secret\n0123456789,0123456789\n")
    (tmp_path / "book").mkdir()
    assert course(tmp_path, EXAMPLE.replace("# ro", "ro").replace("# sa", "sa").replace("# bo", "bo")).salt


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "should look like this"),
        ("a: [", "is no YAML, near line"),
        ("weeks: {}", "'weeks', which means nothing here"),
        ("title: x", "has no assignments"),
        (COURSE.replace("corruption-3", "5.30"), "there is no exercise '5.30'"),
        (COURSE.replace("corruption-3", "corruption-2"), "One step onward is there twice"),
        (COURSE + "    points: many", "points is a number above 0"),
        (COURSE + "    points: -1", "points is a number above 0"),
        (COURSE + "    hints: perhaps", "hints is true or false"),
        (COURSE + "    due: friday", "'due', which means nothing here"),
        (COURSE + "roster: nobody.csv", "names nobody.csv as roster"),
        (COURSE.replace("week1", "../w"), "the name becomes a file"),
        ("assignments: {w: {exercises: []}}", "give it exercises"),
    ],
)
def test_a_mistake_in_the_course_file_gets_a_sentence(tmp_path, text, words):
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(words)):
        course(tmp_path, text)


def test_a_missing_file_or_book_is_told_with_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="Write one, for instance"):
        read_course(tmp_path / "course.yml", exercises())
    with pytest.raises(FileNotFoundError, match="An installed package comes without them"):
        book_folder(tmp_path)
    with pytest.raises(ValueError, match="no assignment 'w2'; it has week1"):
        course(tmp_path, COURSE).assignment("w2")


# ---- what is handed out ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def every_task():
    return {k: t for chapter in CHAPTERS for k, t in tasks_of(chapter, exercises(), book_folder()).items()}


def test_every_exercise_is_cut_out_with_its_text_its_stub_and_what_the_check_gets(every_task):
    assert list(every_task) == list(exercises())
    for task in every_task.values():
        assert task.texts[0].startswith(task.exercise.heading) and len(task.texts[0]) > 120
        assert "<details>" not in "".join(task.texts) and "## Summary" not in "".join(task.texts + task.hints)
        assert len(task.hints) <= len(task.parts)
        for part, check in zip(task.parts, task.exercise.checks, strict=True):
            assert part.check == check.__name__ and part.wanted and len(part.wanted) == len(part.parameters)
    assert sum(bool(task.hints) for task in every_task.values()) > 0.9 * len(every_task)
    assert every_task["sampling-2"].parts[0].parameters == [["full", "b", "alpha_s", "alpha_t"]]
    assert every_task["transition-4"].parts[0].parameters == [None]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_handout_runs_without_answers_and_has_hints_only_if_wanted(chapter, every_task, tmp_path, monkeypatch):
    items = tuple(Item(e, 10) for e in exercises().values() if e.chapter == chapter)
    tasks = [every_task[item.exercise.id] for item in items]
    for hints in (False, True):
        path = tmp_path / f"{hints}.ipynb"
        write_handout(path, Assignment("w", "Week", items, hints, "Week"), tasks)
        found = read_notebook(path)
        text = "\n".join(cell["source"] for cell in found)
        assert text.count("<summary>Hint") == (sum(len(task.hints) for task in tasks) if hints else 0)
        assert "{cite" not in text and ".ipynb)" not in text and "solutions_" not in text
        assert len({cell["id"] for cell in found}) == len(found)
    names: dict = {}
    for cell in found:
        if cell["cell_type"] == "code" and "%pip" not in cell["source"]:
            exec(cell["source"], names)


def test_an_exercise_that_uses_another_one_wants_it_before_itself(tmp_path):
    def handout(ids):
        return tasks_for(course(tmp_path, f"assignments: {{w: {{exercises: [{ids}]}}}}").assignment("w"), exercises())

    assert len(handout("cavity-2, cavity-3")) == 2
    for ids in ("cavity-3", "cavity-3, cavity-2"):
        with pytest.raises(ValueError, match=r"uses your function of '\d+.2 Convert by hand': put that before it in w"):
            handout(ids)


def test_words_of_the_book_become_words_of_a_notebook_of_its_own():
    text = "## A head\n\nSee [chapter 5](corruption.ipynb#x), {cite:t}`a2020b` and [the site](https://a.org)."
    assert plain(text) == "#### A head\n\nSee chapter 5, [a2020b] and [the site](https://a.org)."


def test_the_page_for_lecturers_has_the_table_of_all_exercises(tmp_path):
    write_table(tmp_path / "table.md")
    table = (tmp_path / "table.md").read_text("utf-8")
    page = (ROOT / "book" / "teaching.md").read_text("utf-8")
    assert table in page, "run python book/_tools/teaching_table.py"
    assert len(exercise_rows()) == len(exercises()) == table.count(".html#ex-")


# ---- who handed in --------------------------------------------------------------------------------------------------


def test_files_find_their_owners_by_id_login_or_a_part_of_the_name(tmp_path):
    (tmp_path / "class.csv").write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\nDoe,7,s7,doe,A\nRoe,8,s8,roe,A\n"
    )
    people = read_roster(tmp_path / "class.csv")
    assert people == [Person("Doe", "7", "s7", "doe", "A"), Person("Roe", "8", "s8", "roe", "A")]
    files = [Path(name) for name in ("doejane_7_90210_week1.ipynb", "ROE.ipynb", "s8.ipynb", "other.ipynb")]
    found, notes = owners(files, people)
    assert {key: path.name for key, path in found.items()} == {"7": "doejane_7_90210_week1.ipynb", "8": "ROE.ipynb"}
    assert len(notes) == 2 and "nobody" in " ".join(notes) and "both of 8" in " ".join(notes)
    assert owners(files[:1], None)[0] == {"doejane_7_90210_week1": files[0]}
    (tmp_path / "class.csv").write_text("name\nDoe\n")
    with pytest.raises(ValueError, match="needs a line of column names"):
        read_roster(tmp_path / "class.csv")


def test_names_of_pages_stay_in_their_folder_and_apart():
    assert page_name("ana") == "ana"
    odd = ["../../etc/passwd", "a b", "a_b", ".hidden", "a/b", "ä" * 300]
    made = [page_name(name) for name in odd]
    assert len(set(made)) == len(odd) and not any("/" in name or name.startswith(".") for name in made)
    assert all(len(name) < 100 for name in made)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"cells": 3}', '{"cells": [{}]}', "[" * 100_000, '{"cells": [3]}'])
def test_what_is_no_notebook_gets_a_sentence(tmp_path, text):
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(ValueError, match=r"a\.ipynb is no notebook"):
        read_notebook(tmp_path / "a.ipynb")


# ---- answers alike --------------------------------------------------------------------------------------------------


def test_a_copy_with_other_names_is_found_and_another_way_is_not(every_task):
    tasks = [every_task["sampling-2"], every_task["sampling-3"]]
    renamed = AVERAGE.replace("onward", "w").replace("total", "s").replace("at_s", "z") + "# mine\n"
    other = (
        "def average_step(full, b, alpha_s, alpha_t):\n    V = len(full)\n    one = torch.eye(V).double()\n"
        "    def noisy(rows, signal):\n        return signal * rows + (1 - signal) / V\n"
        "    joint = noisy(one, alpha_s) * noisy(one, alpha_t / alpha_s)[:, b]\n"
        "    return full @ (joint / joint.sum(1, keepdim=True))\n"
    )
    texts = {"ana": AVERAGE, "bob": renamed, "cy": other, "dee": "def average_step("}
    pairs = similar_pairs(
        {name: [*cells({"sampling.average_step": text}), NEW[:20]] for name, text in texts.items()}, tasks
    )
    assert [(pair.exercise, pair.one, pair.other) for pair in pairs] == [("sampling-2", "ana", "bob")]
    assert pairs[0].renamed == 1.0 and pairs[0].as_written < 0.9


def test_nothing_to_count_is_no_slip():
    assert slips([]) == []
    assert json.dumps(slips([])) == "[]"


# ---- nbgrader -------------------------------------------------------------------------------------------------------

# the schema of nbgrader 0.9.6 for the metadata of a cell, version 3: which keys there are, and of which type
NBGRADER = {"schema_version": int, "grade": bool, "locked": bool, "solution": bool, "task": bool}
NBGRADER |= {"grade_id": str, "points": float}


def test_every_part_has_a_cell_that_nbgrader_grades(every_task, tmp_path):
    items = tuple(Item(e, 3) for e in exercises().values())
    tasks = list(every_task.values())
    write_handout(tmp_path / "all.ipynb", Assignment("w", "Week", items, False, "Week"), tasks)
    marked = [cell for cell in read_notebook(tmp_path / "all.ipynb") if "nbgrader" in cell["metadata"]]
    marks = [cell["metadata"]["nbgrader"] for cell in marked]
    assert len(marks) == sum(len(task.parts) for task in tasks)
    for mark, cell in zip(marks, marked, strict=True):
        assert {key: type(value) for key, value in mark.items()} == NBGRADER and mark["schema_version"] == 3
        assert (mark["grade"], mark["locked"], mark["solution"], mark["task"]) == (True, True, False, False)
        assert re.fullmatch(r"[a-zA-Z0-9_\-]+", mark["grade_id"]) and mark["points"] > 0
        assert cell["cell_type"] == "code" and f".points({mark['points']:g}, " in cell["source"]
    assert len({mark["grade_id"] for mark in marks}) == len(marks)
    assert sum(mark["points"] for mark in marks) == pytest.approx(3 * len(tasks))


@pytest.mark.parametrize(("name", "points"), [("right", 40), ("wrong", 10), ("empty", 0)])
def test_the_cells_for_nbgrader_end_with_the_points_and_say_nothing_else(name, points, tmp_path, every_task, capfd):
    items = course(tmp_path, COURSE).assignment("week1").items
    week = Assignment("w", "Week", items, False, "Week")
    write_handout(tmp_path / "w.ipynb", week, [every_task[item.exercise.id] for item in items])
    answers = {"right": RIGHT, "wrong": WRONG, "empty": STUBS}[name]
    names: dict = {}
    exec("\n".join(["import math, torch", "import numpy as np", *answers.values()]), names)
    found = 0
    for cell in read_notebook(tmp_path / "w.ipynb"):
        if "nbgrader" in cell["metadata"]:
            *before, last = cell["source"].splitlines()
            exec("\n".join(before), names)
            found += eval(last, names)
    assert found == points and capfd.readouterr().err == ""

"""The notebook of an assignment: exercises with what they need from their chapters, without a solution."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from uddm_mini.files import replacing
from uddm_mini.teaching.exercises import Exercise, number_of

from .notebooks import Part, Task, book_folder, code_of, read_notebook, tasks_of
from .settings import Assignment

CITE = re.compile(r"\{cite:[pt]\}`([^`]*)`")
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")  # to a page of the book, which is not beside this notebook
HOW = (
    "Replace the `...` in each stub by your answer, and run the cell: the check says what it sees. Keep the names of "
    "the functions: each is graded by itself, apart from the other cells."
)


def tasks_for(assignment: Assignment, every: dict[str, Exercise], book: Path | None = None) -> list[Task]:
    """Return the exercises of an assignment cut out of the book; ValueError if one needs another that is not in it."""
    folder = book_folder(book)
    chapters = {item.exercise.chapter for item in assignment.items}
    tasks: dict[str, Task] = {}
    for chapter in sorted(chapters, key=number_of):
        tasks |= tasks_of(chapter, every, folder)
    wanted = [tasks[item.exercise.id] for item in assignment.items]
    ids = [task.exercise.id for task in wanted]
    for task in wanted:
        for needed in task.needs:
            if needed not in ids or ids.index(needed) > ids.index(task.exercise.id):
                raise ValueError(
                    f"Exercise {task.exercise.title!r} uses your function of {every[needed].title!r}: put that before "
                    f"it in {assignment.name}."
                )
    return wanted


def write_handout(path: Path, assignment: Assignment, tasks: list[Task], book: Path | None = None) -> None:
    """Write the notebook of an assignment."""
    setup = code_of(read_notebook(book_folder(book) / "setup.ipynb"))[0]
    minutes = sum(task.exercise.minutes for task in tasks)
    head = f"# {assignment.title}\n\n{assignment.points:g} points, about {minutes} minutes. {HOW}"
    cells = [_text(head), _code(setup), _code("import math\n\nimport numpy as np\nimport torch")]
    for item, task in zip(assignment.items, tasks, strict=True):
        cells += _exercise(task, item.points, assignment.hints)
    for i, cell in enumerate(cells):
        cell["id"] = f"{assignment.name}-{i}"[-64:]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _exercise(task: Task, points: float, hints: bool) -> list[dict[str, Any]]:
    """Return the cells of one exercise."""
    e = task.exercise
    first, *later = [plain(text) for text in task.texts]
    heading, _, text = first.partition(f"### {e.title} ({e.level}, {e.minutes} minutes)")
    cells = [_text(f"{heading}## {e.title} ({e.level}, {e.minutes} minutes, {points:g} points)")]
    if task.context:
        cells.append(_text("**From the chapter**, because this exercise uses it:"))
        cells += [_text(plain(c["source"])) for c in task.context if c["cell_type"] == "markdown"]
        cells += [_code(c["source"]) for c in task.context if c["cell_type"] == "code"]
    cells.append(_text(f"**The exercise.** {text.strip()}"))
    cells.append(_code(f"from uddm_mini.chapters import {e.chapter} as checks"))
    for part, text in zip(task.parts, ["", *later], strict=True):
        cells += [_text(text)] if text else []
        about = {"id": e.id, "check": part.check, "points": points / len(task.parts)}
        cells.append(_code(part.stub) | {"metadata": {"exercise": about}})
        cells.append(_graded(e, part, points / len(task.parts)))
    return cells + ([_text(plain(hint)) for hint in task.hints] if hints else [])


def _graded(exercise: Exercise, part: Part, points: float) -> dict[str, Any]:
    """Return the cell that nbgrader grades: its last value is the points.

    The stub is not marked as a solution: nbgrader would put a stub of its own in its place, without the arguments.
    """
    call = f"checks.{part.check}.points({', '.join([f'{points:g}', *part.wanted])})"
    loaded = f"from uddm_mini.chapters import {exercise.chapter} as checks"
    source = f"# your points; leave this cell as it is\n{loaded}\n\n{call}"
    marks = {"schema_version": 3, "grade_id": f"{exercise.id}-{part.check}", "points": points}
    marks |= {"grade": True, "solution": False, "locked": True, "task": False}
    return _code(source) | {"metadata": {"nbgrader": marks}}


def plain(text: str) -> str:
    """Return a text of the book as a notebook of its own can show it: no roles, no links to pages, small headings."""
    text = LINK.sub(r"\1", CITE.sub(r"[\1]", text))
    return re.sub(r"(?m)^#{1,3} (?!\d+\.\d+ )(.*)$", r"#### \1", text)


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "execution_count": None, "outputs": []}

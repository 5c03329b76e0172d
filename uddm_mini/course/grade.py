"""One submission and its marks."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from uddm_mini.teaching.calls import Stopped
from uddm_mini.teaching.exercises import CHAPTERS, Check, Result
from uddm_mini.teaching.grading.process import Limits, Starter
from uddm_mini.teaching.grading.student import Student

from .misconceptions import sentences_of
from .notebooks import Part, Task, code_of, read_notebook

FOUND = {
    "check": "found by its check cell, under another name",
    "signature": "found by its arguments, under another name",
}
SHORTEST = 20  # characters of a sentence that names a mistake
MADE = re.compile(r"^ *from (uddm_mini[\w.]*) import (.+)$", re.M)  # what the context of an exercise imports


@dataclass(frozen=True)
class Mark:
    """What one part of an exercise got: points of so many, and the words of the check."""

    exercise: str
    title: str
    points: float
    of: float
    passed: bool | None
    message: str
    slip: str = ""
    how: str = ""


@dataclass(frozen=True)
class Graded:
    """A submission with its marks; notes: what else there is to say of it."""

    student: str
    marks: list[Mark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        """Return the sum of the points."""
        return round(sum(mark.points for mark in self.marks), 6)

    def as_data(self) -> dict[str, Any]:
        """Return what JSON can hold of it."""
        return asdict(self)


def from_data(data: dict[str, Any]) -> Graded:
    """Return what `as_data` gave."""
    return Graded(data["student"], [Mark(**mark) for mark in data["marks"]], list(data["notes"]))


def about_worker(tasks: list[Task]) -> dict[str, Any]:
    """Return what the student's process may import: the checks' names, and what the exercises' context imports."""
    given = []
    for source in (cell["source"] for task in tasks for cell in task.context if cell["cell_type"] == "code"):
        given += [[module, name.strip()] for module, names in MADE.findall(source) for name in names.split(",")]
    return {"chapters": list(CHAPTERS), "given": sorted({tuple(pair) for pair in given})}


def grade_file(
    path: Path,
    student: str,
    tasks: list[tuple[Task, float]],
    limits: Limits | None = None,
    starter: Starter | None = None,
) -> Graded:
    """Grade one notebook: every part of every exercise for itself. A broken file gets no points and a note.

    tasks: the exercises with their points, which the parts share
    starter: starts the process of the submission, as of `Process`; None for a new Python
    """
    try:
        cells = code_of(read_notebook(path))
    except (ValueError, OSError) as error:
        return ungraded(student, tasks, str(error))
    marks = []
    with Student(cells, about_worker([task for task, _ in tasks]), limits, starter) as answers:
        for task, points in tasks:
            for part, check in zip(task.parts, task.exercise.checks, strict=True):
                marks.append(_mark(task, part, points, *_checked(answers, task, part, check)))
        return Graded(student, marks, _notes(answers, cells))


def ungraded(student: str, tasks: list[tuple[Task, float]], note: str) -> Graded:
    """Return no points for any exercise, and a note that says why."""
    marks = [_mark(task, part, points, Result("", None, "")) for task, points in tasks for part in task.parts]
    return Graded(student, marks, [note])


def _checked(answers: Student, task: Task, part: Part, check: Check) -> tuple[Result, str]:
    """Ask one check about the answers of a student."""
    try:
        found, how = answers.find(f"{task.exercise.chapter}.{part.check}", part.wanted, part.parameters)
    except Stopped as error:
        return Result(check.title, False, str(error)), ""
    except OSError as error:  # no process can be started
        return Result(check.title, False, f"This could not be graded here ({error}). Grade it again."), ""
    if len(found) != len(part.wanted) or any(answer is ... for answer in found):
        return Result(check.title, None, f"There is no answer: {' and '.join(part.wanted)} is not in the notebook."), ""
    return named(check, check(*found)), FOUND.get(how, "")


def named(check: Check, result: Result) -> Result:
    """Return a result whose slip is a sentence of the check, with … where it shows a number of the case.

    So the same mistake counts once, and those that the check says by itself, and not from a table, count as well.
    """
    if result.passed is not False or (result.slip and not any(map(str.isdigit, result.slip))):
        return result
    for sentence in sentences_of(check):
        parts = sentence.split("…")
        fits = re.search(".*?".join(map(re.escape, parts)), result.slip or result.message, re.S)
        if fits and len("".join(parts)) > SHORTEST:
            return replace(result, slip=sentence)
    return result


def _mark(task: Task, part: Part, points: float, result: Result, how: str = "") -> Mark:
    of = points / len(task.parts)
    title = task.exercise.title
    title += f", part {task.parts.index(part) + 1}" if len(task.parts) > 1 else ""
    told = (result.passed, result.message, result.slip)
    return Mark(task.exercise.id, title, of if result.passed is True else 0.0, of, *told, how)


def _notes(answers: Student, cells: list[str]) -> list[str]:
    """Say what went wrong in cells, and what was overwritten."""
    notes = []
    for (i, _), error in sorted(answers.failed.items()):
        first = next((line for line in cells[i].splitlines() if line.strip()), "") if i < len(cells) else ""
        notes.append(f"Code cell {i + 1} ({first[:60]}): {error}")
    if answers.replaced:
        notes.append(f"The notebook overwrote {', '.join(answers.replaced[:5])}; that was undone.")
    return notes[:20]

"""One submission graded where Gradescope runs it: python -m uddm_mini.course.gradescope ROOT WEEK VISIBILITY.

ROOT is /autograder there: it holds source/ (what `teach autograder` packed), submission/ and results/.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from uddm_mini.chapters import exercises
from uddm_mini.files import replacing

from .grade import Graded, Mark, grade_file, ungraded
from .handout import tasks_for
from .notebooks import Task
from .settings import read_course
from .variants import Personal

VISIBILITY = ("after_published", "after_due_date", "visible", "hidden")


def grade_there(root: Path, week: str, visibility: str) -> dict[str, Any]:
    """Grade the notebook in ROOT/submission, and return what Gradescope reads from results.json."""
    start = time.monotonic()
    course = read_course(root / "source" / "course.json", exercises())
    assignment = course.assignment(week)
    tasks = tasks_for(assignment, exercises(), course.book)
    student = _student(root)
    if course.salt:  # the questions, and the meanings, of this student
        tasks = Personal(assignment, course.salt).asked(student, tasks)
    worth = list(zip(tasks, (item.points for item in assignment.items), strict=True))
    graded = _graded(root, week, worth, student)
    results = results_of(graded, visibility)
    return results | {"execution_time": round(time.monotonic() - start, 1)}


def _graded(root: Path, week: str, worth: list[tuple[Task, float]], student: str) -> Graded:
    """Grade the one notebook that was handed in: of several the one with the name of the assignment."""
    found = sorted(path for path in (root / "submission").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    named = [path for path in found if path.name == f"{week}.ipynb"]
    chosen = found if len(found) == 1 else named
    if len(chosen) != 1:
        what = f"{len(found)} notebooks" if found else "no notebook"
        return ungraded(student, worth, f"Your submission has {what}. Hand in one, {week}.ipynb.")
    return grade_file(chosen[0], student, worth)


def _student(root: Path) -> str:
    """Return by what Gradescope knows the student: the student ID, else the address; nothing if it does not say."""
    try:
        (user, *_) = json.loads((root / "submission_metadata.json").read_text("utf-8"))["users"]
        return str(user.get("sid") or user.get("email") or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def results_of(graded: Graded, visibility: str) -> dict[str, Any]:
    """Return marks in Gradescope's form: a test for each part of an exercise, and what happened to the notebook."""
    about = {"output_format": "text", "visibility": visibility, "stdout_visibility": "hidden"}
    told = "\n".join(graded.notes) or "Your notebook ran from top to bottom."
    return about | {"score": graded.points, "output": told, "tests": [_test(m, visibility) for m in graded.marks]}


def _test(mark: Mark, visibility: str) -> dict[str, Any]:
    number, _, name = mark.title.partition(" ")
    how = f" (Your answer was {mark.how}.)" if mark.how else ""
    return {
        "number": number,
        "name": name,
        "score": mark.points,
        "max_score": mark.of,
        "status": "passed" if mark.passed else "failed",
        "output": mark.message + how if mark.message else "There is no answer.",
        "output_format": "text",
        "visibility": visibility,
    }


if __name__ == "__main__":
    root, week, visibility = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    found = grade_there(root, week, visibility)
    with replacing(root / "results" / "results.json") as temporary:
        temporary.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"{found['score']:g} points")

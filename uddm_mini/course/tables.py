"""What grading leaves behind: a table for the grade book, slips counted, similar answers, a page for each student."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from uddm_mini.files import replacing

from .grade import Graded, Mark
from .page import feedback_page
from .roster import COLUMNS, Person
from .settings import Assignment
from .similar import Pair


def write_tables(
    out: Path, assignment: Assignment, graded: list[Graded], people: list[Person] | None, pairs: list[Pair]
) -> None:
    """Write all tables and pages into a folder, each file whole or not at all."""
    by_id = {person.id: person for person in people or []}
    grades: list[Sequence[Any]] = [["    Points Possible", "", "", "", "", f"{assignment.points:g}"]]
    for one in graded:
        person = by_id.get(one.student, Person("", one.student))
        about = (person.name, person.id, person.sis, person.login, person.section)
        grades.append([*about, f"{one.points:g}"])
    _table(out / "grades.csv", [*COLUMNS, assignment.column], grades)
    details = [
        [one.student, m.exercise, m.title, f"{m.points:g}", f"{m.of:g}", kind(m)] for one in graded for m in one.marks
    ]
    _table(out / "details.csv", ["ID", "exercise", "title", "points", "of", "verdict"], details)
    _table(out / "slips.csv", ["exercise", "title", "students", "slip"], slips(graded))
    header = ["exercise", "ID", "other ID", "alike as written", "alike with names hidden", "tokens"]
    _table(out / "similar.csv", header, [astuple(pair) for pair in pairs])
    for one in graded:
        with replacing(out / "feedback" / f"{page_name(one.student)}.html") as temporary:
            temporary.write_text(feedback_page(assignment, one, by_id.get(one.student)), encoding="utf-8")


def slips(graded: list[Graded]) -> list[tuple[str, str, int, str]]:
    """Return which mistakes were made how often: (exercise, title, students, the sentence), the commonest first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in graded:
        counts.update({(mark.exercise, mark.title, kind(mark)) for mark in one.marks if mark.passed is not True})
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(exercise, title, count, what) for (exercise, title, what), count in ordered]


def kind(mark: Mark) -> str:
    """Return the kind of a mark, without a word of the student's."""
    if mark.passed is None:
        return "no answer"
    if mark.passed:
        return "passed"
    if mark.slip:
        return mark.slip
    for words, name in (
        ("did not finish within", "did not finish"),
        ("ended the whole process", "ended the process"),
        ("asked for more memory", "too much memory"),
        (" stopped with ", "stopped with an error"),
        ("could not be called", "other arguments"),
        ("same answer whatever", "ignores its arguments"),
        ("a second time", "another answer the second time"),
    ):
        if words in mark.message:
            return name
    return "another wrong answer"


def page_name(student: str) -> str:
    """Return a name for a file of a student: nothing in it leads out of its folder, and no two are the same."""
    plain = "".join(c if c.isalnum() or c in "-." else "_" for c in student).lstrip(".")[:80]
    return plain if plain == student else f"{plain}-{hashlib.sha256(student.encode()).hexdigest()[:8]}"


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[_harmless(value) for value in row] for row in rows])


def _harmless(value: Any) -> Any:
    """Return a value that a spreadsheet takes for text and not for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value

"""Who is asked what: questions and meanings of exercises that follow from a salt, the student and the exercise."""

from __future__ import annotations

import csv
import hmac
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from uddm_mini.files import replacing
from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.exercises import Check, Exercise, Result

from .handout import write_handout
from .notebooks import Task
from .roster import Person
from .settings import Assignment, Item

ALIKE = (
    "There is no salt_file in the course file, so everybody is asked the questions of the notebook: answers of last "
    "year pass, and so does a list of the right numbers."
)
NO_ROSTER = (
    "Variants are drawn for each student, so the course file needs a roster (roster: class.csv), or name one variant "
    "for all, such as variant: {name}."
)


class Asked(Check):
    """A check that asks one student's questions beside those of the notebook."""

    def __init__(self, check: Check, key: bytes) -> None:
        super().__init__(check.function, check.title, check.spread)
        self.more = check.fresh(Draw(key))

    def __call__(self, *answers: Any, **_: Any) -> Result:
        """Check the answers."""
        return super().__call__(*answers, more=self.more)


@dataclass(frozen=True)
class Personal:
    """What each student of an assignment is asked; without a salt all are asked alike."""

    assignment: Assignment
    salt: bytes

    @property
    def drawn(self) -> list[Item]:
        """Return the exercises whose meaning hangs on the student."""
        return [item for item in self.assignment.items if item.variant == "draw"]

    def variant(self, student: str, item: Item) -> str:
        """Return the name of the variant that a student gets; "" for the exercise of the book."""
        if item.variant != "draw":
            return "" if item.variant == "none" else item.variant
        names = sorted(item.exercise.checks[0].meanings)
        return Draw(self._key(student, item.exercise, "variant")).one_of(names)

    def _key(self, student: str, exercise: Exercise, what: str) -> bytes:
        """Return what nobody can compute without the salt."""
        return hmac.digest(self.salt, json.dumps([student, exercise.id, what]).encode(), "sha256")

    def asked(self, student: str, tasks: list[Task]) -> list[Task]:
        """Return the exercises with the checks of a student: the variant, and the questions that only they get."""
        return [self._asked(student, item, task) for item, task in zip(self.assignment.items, tasks, strict=True)]

    def _asked(self, student: str, item: Item, task: Task) -> Task:
        name, e = self.variant(student, item), task.exercise
        checks = [e.checks[0].variant(name), *e.checks[1:]] if name else list(e.checks)
        if self.salt:
            checks = [Asked(check, self._key(student, e, check.__name__)) for check in checks]
        title = f"{e.name} (variant {name})" if name else e.name
        return replace(task, exercise=replace(e, name=title, checks=checks))

    def handed(self, student: str, tasks: list[Task]) -> list[Task]:
        """Return the exercises as a student reads them: with the sentence of the variant, and its check in the stub."""
        return [self._handed(student, item, task) for item, task in zip(self.assignment.items, tasks, strict=True)]

    def _handed(self, student: str, item: Item, task: Task) -> Task:
        name = self.variant(student, item)
        if not name:
            return task
        check, first = task.exercise.checks[0], task.parts[0]
        call = re.compile(rf"(checks\.{check.__name__}\([^()]*)\)")
        stub = call.sub(rf'\1, variant="{name}")', first.stub)
        text = f"{task.texts[0]}\n\n**Your variant.** {check.meanings[name]} All else is as above."
        return replace(task, texts=[text, *task.texts[1:]], parts=[replace(first, stub=stub), *task.parts[1:]])

    def digest(self, student: str) -> str:
        """Return what changes when a student is asked something else."""
        asked = [[item.exercise.id, self.variant(student, item)] for item in self.assignment.items]
        return hmac.new(self.salt or b"-", json.dumps([student, asked]).encode(), "sha256").hexdigest()


def write_handouts(out: Path, personal: Personal, tasks: list[Task], people: list[Person], book: Path | None) -> Path:
    """Write a notebook for each student into a folder, and beside it a table for the lecturer; return that table."""
    assignment = personal.assignment
    for person in people:
        name = f"{_plain(person.id)}_{assignment.name}.ipynb"  # the ID between underscores, which grading finds again
        write_handout(out / name, assignment, personal.handed(person.id, tasks), book)
    table = out.with_name(f"{out.name}-variants.csv")
    with replacing(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ID", *(task.exercise.id for task in tasks)])
        for person in people:
            writer.writerow([person.id, *(personal.variant(person.id, item) for item in assignment.items)])
    return table


def _plain(student: str) -> str:
    """Return an ID as a file can have it; ValueError if grading could not find it again."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.@-]{0,60}", student):
        raise ValueError(f"The ID {student!r} becomes a file's name: use letters, digits, points, @ and - only.")
    return student


def variant_rows(every: dict[str, Exercise]) -> list[tuple[str, str, str]]:
    """Return all variants: number and name of the exercise, name of the variant, and what it asks."""
    return [
        (e.title, name, asks) for e in every.values() for check in e.checks for name, asks in check.meanings.items()
    ]

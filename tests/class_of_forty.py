"""A class of forty imitated students with four assignments: what they hand in, and which answers of it are right."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from submissions import cells, write
from typed_answers import PRELUDE, places, right, wrong

from uddm_mini.chapters import exercises
from uddm_mini.course.classes import ClassSettings, grade_class
from uddm_mini.course.grade import Graded
from uddm_mini.course.handout import tasks_for
from uddm_mini.course.settings import read_course
from uddm_mini.course.variants import Personal
from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.grading.process import Limits

WEEKS = {
    "memories": [
        "hopfield.crosstalk",
        "dense_memories.effective_memories",
        "corruption.step_table",
        "corruption.lucky",
    ],
    "model": ["learning.jump_rates", "cavity.my_convert", "network.adamw", "sampling.average_step"],
    "memory-or-not": [
        *("sampling.new_fraction", "perfect_denoisers.from_memory"),
        *("basins.safe_radius", "transition.predict_crossing"),
    ],
    "instruments": [
        *("training_time.patience_stop", "entropy_probe.area"),
        *("robustness.crossing_of", "real_text.between"),
    ],
}
POINTS = 10
LIMITS = Limits(step=10.0, exercise=30.0, memory=1 << 30)


@dataclass(frozen=True)
class HandedIn:
    """A notebook: its code cells, whether the file is cut off, the answers to count as right, by "chapter.check"."""

    code: list[str]
    right: frozenset[str]
    cut_off: bool = False


def handed_in(student: int, week: str) -> HandedIn:
    """Return what a student hands in: every fourth student a notebook that is broken, each week in another way."""
    draw, chosen, good = Draw(f"{student} {week}".encode()), {}, set()
    for key in WEEKS[week]:
        kind = draw.number()
        answers = [one.source for one in right() if one.key == key]
        mistakes = [one.source for one in wrong() if one.key == key]
        if kind < 0.65:
            good.add(key)
        stub = places()[key][1].stub.split("\n\n\n")[0]
        chosen[key] = draw.one_of(answers if kind < 0.65 else mistakes if kind < 0.9 else [stub])
    if student % 4:
        return HandedIn(cells(chosen), frozenset(good))
    name = list(BROKEN)[(student // 4 + list(WEEKS).index(week)) % len(BROKEN)]
    return BROKEN[name](chosen, frozenset(good))


def _instead(body: str) -> Callable[[dict[str, str], frozenset[str]], HandedIn]:
    """Replace the first answer by a function with this body, which is no right answer."""

    def broken(chosen: dict[str, str], good: frozenset[str]) -> HandedIn:
        key = next(iter(chosen))
        source = f"def {key.partition('.')[2]}(*arguments):\n    {body}\n"
        return HandedIn(cells(chosen | {key: source}), good - {key})

    return broken


def _beside(first: str, last: str = "") -> Callable[[dict[str, str], frozenset[str]], HandedIn]:
    """Put cells around the answers, which stay what they are."""
    return lambda chosen, good: HandedIn([PRELUDE, first, *cells(chosen), *([last] if last else [])], good)


def _renamed(chosen: dict[str, str], good: frozenset[str]) -> HandedIn:
    code = [PRELUDE]
    for i, (key, source) in enumerate(chosen.items()):
        chapter, name = key.split(".")
        call = f"mine_{i} = {name}\ndel {name}\nchecks.{name}(mine_{i})"
        code += [f"from uddm_mini.chapters import {chapter} as checks", f"{source}\n\n{call}"]
    return HandedIn(code, good)


def _deleted(chosen: dict[str, str], good: frozenset[str]) -> HandedIn:
    first, *others = chosen
    return HandedIn(cells({key: chosen[key] for key in others}), good - {first})


BROKEN: dict[str, Callable[[dict[str, str], frozenset[str]], HandedIn]] = {
    "endless loop": _instead("while True: pass"),
    "renamed functions": _renamed,
    "a deleted cell": _deleted,
    "overwritten checks": _beside(
        "class Yes:\n    def __getattr__(self, name):\n        return lambda *a: 'passed'\nchecks = Yes()",
        "import builtins\ntorch.allclose = lambda *a, **k: True\nbuiltins.abs = lambda x: 0",
    ),
    "spam": _beside("import os\nprint('x' * 25_000_000)\nos.system('touch spam')\nfor _ in range(100_000): print(1)"),
    "more memory than there is": _instead("return torch.empty(50 * 10**9)"),
    "ends the process": _instead("import os; os._exit(0)"),
    "cut off": lambda chosen, good: HandedIn(cells(chosen), frozenset(), cut_off=True),
    "recursion": _instead("return (lambda f: f(f))(lambda f: f(f))"),
    "cells that fail": _beside("import os\nwhile True: os.fork()", "1 / 0\nimport sys\nsys.exit(0)\nthis is no Python"),
}


@dataclass(frozen=True)
class Week:
    """One assignment of a class, graded: seconds, what was given, what should have been."""

    name: str
    seconds: float
    graded: list[Graded]
    due: dict[str, frozenset[str]]

    def mistaken(self) -> list[str]:
        """Return the marks that are not right, in words."""
        told = []
        for one in self.graded:
            got = {mark.exercise: mark for mark in one.marks}
            for key in WEEKS[self.name]:
                mark, right_one = got[places()[key][0].exercise.id], key in self.due[one.student]
                if mark.points != POINTS * right_one:
                    told.append(f"{one.student}, {key}: {mark.points:g} points. {mark.message} {one.notes}")
        return told


def graded_week(name: str, students: int, folder: Path, jobs: int = 2) -> Week:
    """Write what a class hands in to one assignment, and grade it."""
    due, told = {}, []
    for student in range(students):
        one = handed_in(student, name)
        path = write(folder / "in" / f"student{student:02}.ipynb", one.code)
        if one.cut_off:
            path.write_text(path.read_text()[:-40])
        due[path.stem] = one.right
    (folder / "salt.txt").write_text("a secret of this class")
    ids = ", ".join(places()[key][0].exercise.id for key in WEEKS[name])
    (folder / "course.yml").write_text(
        f"salt_file: salt.txt\nassignments:\n  week:\n    title: {name}\n    exercises: [{ids}]\n    points: {POINTS}\n"
    )
    course = read_course(folder / "course.yml", exercises())
    assignment = course.assignment("week")
    tasks = tasks_for(assignment, exercises())
    settings = ClassSettings(folder / "out", jobs=jobs, limits=LIMITS, say=told.append)
    start = time.monotonic()
    graded = grade_class(
        assignment, tasks, folder / "in", None, replace(settings, personal=Personal(assignment, course.salt))
    )
    return Week(name, time.monotonic() - start, graded, due)

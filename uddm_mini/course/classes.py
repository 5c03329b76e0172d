"""A whole class: every submission graded once, results kept, tables and pages written."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uddm_mini
from uddm_mini.files import replacing
from uddm_mini.teaching.grading.forks import ForkServer
from uddm_mini.teaching.grading.process import Limits

from .grade import Graded, about_worker, from_data, grade_file
from .notebooks import Task, code_of, read_notebook
from .roster import Person, owners
from .settings import Assignment
from .similar import similar_pairs
from .tables import page_name, write_tables
from .variants import Personal

Say = Callable[[str], None]


@dataclass(frozen=True)
class ClassSettings:
    """How a class is graded: where results go, how many at once, with which limits, and who is asked what."""

    out: Path
    jobs: int = 2
    limits: Limits = Limits()
    say: Say = print
    personal: Personal | None = None


def grade_class(
    assignment: Assignment,
    tasks: list[Task],
    folder: Path,
    people: list[Person] | None,
    settings: ClassSettings,
) -> list[Graded]:
    """Grade every notebook of a folder, and write grades.csv, slips.csv, similar.csv and a page for each student.

    What was graded before with the same file, assignment and version is not graded again. A student of the class
    without a file gets 0 points. ValueError if the folder has no notebooks.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}; give the one with the submissions.")
    files = [path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    whose, notes = owners(files, people)
    if not whose:
        raise ValueError(f"{folder} has no notebook (.ipynb) of the class. {' '.join(notes[:3])}".rstrip())
    for note in notes:
        settings.say(note)
    worth = list(zip(tasks, (item.points for item in assignment.items), strict=True))
    found = _all(whose, worth, settings)
    absent = [person.id for person in people or [] if person.id not in whose]
    graded = [found[student] for student in sorted(found)] + [Graded(student) for student in absent]
    settings.say("Looking for similar answers.")
    pairs = similar_pairs({student: sources(path) for student, path in whose.items()}, tasks)
    write_tables(settings.out, assignment, graded, people, pairs)
    return graded


def sources(path: Path) -> list[str]:
    """Return the code cells of a submission; none if it is no notebook."""
    try:
        return code_of(read_notebook(path))
    except (ValueError, OSError):
        return []


def _all(whose: dict[str, Path], worth: list[tuple[Task, float]], settings: ClassSettings) -> dict[str, Graded]:
    """Grade what has not been graded yet, a few at a time, and tell how it goes."""
    done: dict[str, Graded] = {}
    server = ForkServer(about_worker([task for task, _ in worth]), settings.limits.start)

    def one(student: str, path: Path) -> tuple[str, Graded, float]:
        start = time.monotonic()
        return student, _once(student, path, worth, settings, server), time.monotonic() - start

    pool = ThreadPoolExecutor(settings.jobs)  # the work is in other processes
    try:
        waiting = [pool.submit(one, student, path) for student, path in sorted(whose.items())]
        for future in as_completed(waiting):
            student, result, seconds = future.result()
            done[student] = result
            points = f"{result.points:g} of {sum(points for _, points in worth):g}"
            nothing = all(mark.passed is None for mark in result.marks)
            why = f" {result.notes[0]}" if nothing and result.notes else ""
            settings.say(f"{len(done)}/{len(whose)}  {student}: {points} points ({seconds:.0f} s).{why}")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        server.close()
    return done


def _once(
    student: str, path: Path, worth: list[tuple[Task, float]], settings: ClassSettings, server: ForkServer
) -> Graded:
    """Grade one submission, unless that was done before with everything the same."""
    kept = settings.out / "results" / f"{page_name(student)}.json"
    key = _key(path, worth) + (settings.personal.digest(student) if settings.personal else "")
    data = {"key": key, "file": str(path.resolve()), "sha256": sha256_of(path)}
    try:
        before = json.loads(kept.read_text("utf-8"))
        if before["key"] == key and before["graded"]["student"] == student:
            _keep(kept, before | data)  # the same file may lie elsewhere now
            return from_data(before["graded"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not graded yet, or half a file of somebody else's
    if settings.personal:
        tasks = settings.personal.asked(student, [task for task, _ in worth])
        worth = [(task, points) for task, (_, points) in zip(tasks, worth, strict=True)]
    result = grade_file(path, student, worth, settings.limits, server)
    _keep(kept, data | {"graded": result.as_data()})
    return result


def _keep(path: Path, data: dict[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")


def _key(path: Path, worth: list[tuple[Task, float]]) -> str:
    """Return a digest of all that decides the marks of a file: its bytes, the exercises, the package's code."""
    digest = hashlib.sha256(sha256_of(path).encode())
    digest.update(json.dumps([[task.exercise.id, points] for task, points in worth]).encode())
    package = Path(uddm_mini.__file__).parent
    for source in sorted(
        [*package.glob("teaching/**/*.py"), *package.glob("chapters/**/*.py"), *package.glob("course/*.py")]
    ):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Return a digest of a file's bytes; "" if it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""

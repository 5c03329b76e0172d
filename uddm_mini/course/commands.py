"""The commands behind `python -m uddm_mini teach`: list, student, grade, report, oral, autograder, slides, personal."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from uddm_mini.chapters import exercises
from uddm_mini.files import check_writable, replacing
from uddm_mini.teaching.exercises import CHAPTERS, Exercise

from .autograder import write_autograder
from .classes import ClassSettings, grade_class, sha256_of, sources
from .grade import Graded, from_data
from .handout import tasks_for, write_handout
from .notebooks import Task, book_folder, tasks_of
from .oral import as_text, questions_for
from .personal import write_personal
from .roster import Person, read_roster
from .settings import Assignment, Course, read_course
from .slides import chapter_named, slides_of, slides_page
from .tables import page_name, slips
from .variants import ALIKE, NO_ROSTER, Personal, variant_rows, write_handouts

COLUMNS = ("exercise", "name", "level", "minutes", "assesses", "needs", "id")


def teach_command(options: argparse.Namespace) -> None:
    """Run the command of a lecturer that was typed."""
    known = {"list": _list, "student": _student, "grade": _grade, "report": _report, "autograder": _autograder}
    known |= {"oral": _oral, "slides": _slides, "personal": _personal}
    known[options.what](options)


def exercise_rows(book: Path | None = None) -> list[tuple[str, ...]]:
    """Return a row for every exercise: number, name, level, minutes, what it assesses, exercises it needs, id.

    book: the folder of the notebooks, which say what an exercise needs
    """
    every = exercises()
    tasks: dict[str, Task] = {}
    for chapter in CHAPTERS:
        tasks |= tasks_of(chapter, every, book_folder(book))
    rows: list[tuple[str, ...]] = []
    for e in every.values():
        needs = ", ".join(_number(every[needed]) for needed in tasks[e.id].needs)
        rows.append((_number(e), e.name, e.level, str(e.minutes), e.assesses, needs, e.id))
    return rows


def _number(exercise: Exercise) -> str:
    return exercise.title.partition(" ")[0]


def _list(options: argparse.Namespace) -> None:
    """Print all exercises, or write them as CSV."""
    rows = exercise_rows(options.book)
    if options.variants:
        for title, variant, asks in variant_rows(exercises()):
            print(f"{title}: variant {variant}\n       {asks}")
        return
    if options.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([COLUMNS, *rows])
        return
    for number, name, level, minutes, assesses, needs, id in rows:
        after = f" (after {needs})" if needs else ""
        print(f"{number:>5}  {id:<19} {level:<7} {minutes:>3} min  {name}: {assesses}{after}")
    print(f"{len(rows)} exercises, {sum(int(row[3]) for row in rows)} minutes.")


def _loaded(options: argparse.Namespace) -> tuple[Course, Assignment, list[Task], Path | None]:
    """Return the course, the assignment that was typed, and its exercises cut out of the book."""
    every = exercises()
    course = read_course(options.course, every)
    assignment = course.assignment(options.week)
    book = Path(options.book) if options.book else course.book
    return course, assignment, tasks_for(assignment, every, book), book


def _student(options: argparse.Namespace) -> None:
    """Write the notebook that students get."""
    course, assignment, tasks, book = _loaded(options)
    personal = Personal(assignment, course.salt)
    minutes = sum(task.exercise.minutes for task in tasks)
    about = f"{len(tasks)} exercises, {minutes} minutes, {assignment.points:g} points"
    if personal.drawn:
        people, out = _people(course, personal), Path(options.out or assignment.name)
        check_writable(out / "notebooks")
        table = write_handouts(out, personal, tasks, people, book)
        print(f"Wrote {len(people)} notebooks into {out}, one for each student: {about}. Who got what is in {table}.")
        return
    out = Path(options.out or f"{assignment.name}.ipynb")
    check_writable(out)
    write_handout(out, assignment, personal.handed("", tasks), book)
    print(f"Wrote {out}: {about}.")


def _people(course: Course, personal: Personal) -> list[Person]:
    """Return the class; ValueError if there is none and variants are drawn."""
    if not course.roster:
        name = next(iter(personal.drawn[0].exercise.checks[0].meanings))
        raise ValueError(NO_ROSTER.format(name=name))
    return read_roster(course.roster)


def _grade(options: argparse.Namespace) -> None:
    """Grade a folder of submissions."""
    course, assignment, tasks, _ = _loaded(options)
    out = _out(options, assignment)
    check_writable(out / "grades.csv")
    personal = Personal(assignment, course.salt)
    people = _people(course, personal) if course.roster or personal.drawn else None
    if not course.salt:
        _say(ALIKE)
    settings = ClassSettings(out, jobs=options.jobs, say=_say, personal=personal)
    graded = grade_class(assignment, tasks, Path(options.folder), people, settings)
    mean = sum(one.points for one in graded) / len(graded)
    print(
        f"Graded {len(graded)} students, on average {mean:.1f} of {assignment.points:g} points. In {out}: grades.csv, "
        "details.csv, slips.csv, similar.csv, and feedback/ with a page for each."
    )


def _autograder(options: argparse.Namespace) -> None:
    """Write the zip file that Gradescope takes."""
    course, assignment, tasks, book = _loaded(options)
    out = Path(options.out or f"{assignment.name}-autograder.zip")
    check_writable(out)
    write_autograder(out, replace(course, book=book), assignment.name, tasks, options.visibility)
    print(f"Wrote {out}, {out.stat().st_size / 1e6:.1f} MB: upload it as the autograder of {assignment.title}.")


def _report(options: argparse.Namespace) -> None:
    """Print which mistakes a graded class made."""
    _, assignment, tasks, _ = _loaded(options)
    graded = _kept(_out(options, assignment))
    print(f"{assignment.title}: {len(graded)} submissions")
    found = slips(graded)
    for task in tasks:
        marks = [m for one in graded for m in one.marks if m.exercise == task.exercise.id]
        right = sum(mark.passed is True for mark in marks)
        print(f"\n{task.exercise.title}: {right} of {len(marks)} answers right")
        for exercise, _, students, words in found:
            if exercise == task.exercise.id:
                print(f"  {students:>3}  {words}")


def _oral(options: argparse.Namespace) -> None:
    """Print or write questions about what one student handed in."""
    course, assignment, tasks, _ = _loaded(options)
    folder = Path(options.grades or f"{assignment.name}-grades")
    try:
        kept = json.loads((folder / "results" / f"{page_name(options.id)}.json").read_text("utf-8"))
        graded, path = from_data(kept["graded"]), Path(kept["file"])
    except (OSError, ValueError, KeyError, TypeError):
        raise FileNotFoundError(
            f"{options.id} has not been graded into {folder}; run `teach grade {assignment.name} FOLDER` first."
        ) from None
    if len(graded.marks) != sum(len(task.parts) for task in tasks):
        raise ValueError(f"{assignment.name} has other exercises than when it was graded; grade it again.")
    people = {person.id: person.name for person in read_roster(course.roster)} if course.roster else {}
    if not path.is_file():
        raise FileNotFoundError(
            f"The notebook of {options.id} was {path} when it was graded, and is not there any more. Grade the folder "
            "where it is now (what has not changed is not graded twice), then ask again."
        )
    if kept.get("sha256", "") not in ("", sha256_of(path)):
        _say(f"{path} has changed since it was graded: points and mistakes are those of before. Grade it again.")
    asked = questions_for(graded, sources(path), tasks, options.each)
    text = as_text(graded, people.get(graded.student, ""), asked)
    if not options.out:
        print(text, end="")
        return
    with replacing(options.out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"Wrote {options.out}: {len(asked)} questions.")


def _slides(options: argparse.Namespace) -> None:
    """Write a chapter as slides."""
    chapter = chapter_named(options.chapter)
    out = Path(options.out or f"{chapter}-slides.html")
    check_writable(out)
    found = slides_of(chapter, exercises(), options.book)
    with replacing(out) as temporary:
        temporary.write_text(slides_page(found), encoding="utf-8")
    print(f"Wrote {out}: {len(found)} slides. Arrow keys turn them, f fills the screen; print them for paper.")


def _personal(options: argparse.Namespace) -> None:
    """Make a language and a network for each of some students."""
    out, salt = Path(options.out or "personal"), Path(options.salt)
    if not salt.is_file():
        raise FileNotFoundError(f"There is no file {salt}: write some words into it that only you know.")
    check_writable(out / "answers.json")
    secret = salt.read_text("utf-8").strip()
    for student in options.students:
        folder = write_personal(student, secret, out)
        _say(f"{student}: {folder}, and {folder}-answers.json for you alone")


def _kept(out: Path) -> list[Graded]:
    """Return what was graded into a folder."""
    files: Sequence[Path] = sorted((out / "results").glob("*.json"))
    if not files:
        raise FileNotFoundError(f"Nothing has been graded into {out} yet; run `teach grade` first.")
    return [from_data(json.loads(path.read_text("utf-8"))["graded"]) for path in files]


def _out(options: argparse.Namespace, assignment: Assignment) -> Path:
    return Path(options.out or f"{assignment.name}-grades")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def write_table(path: Path, book: Path | None = None) -> None:
    """Write the table of all exercises as Markdown, for the page of the book."""
    lines = ["| exercise | level | minutes | assesses | needs |", "|---|---|---:|---|---|"]
    every = exercises()
    for number, name, level, minutes, assesses, needs, id in exercise_rows(book):
        link = f'<a href="{every[id].chapter}.html#{every[id].anchor}">{number} {name}</a>'
        lines.append(f"| {link} | {level} | {minutes} | {assesses} | {needs} |")
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")

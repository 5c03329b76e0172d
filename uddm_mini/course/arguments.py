"""What can be typed after `python -m uddm_mini teach`."""

from __future__ import annotations

import argparse

from uddm_mini.options import a_count

from .gradescope import VISIBILITY

COMMANDS = {
    "list": "all exercises of the book, with minutes and what they assess",
    "student": "write the notebook of an assignment, without solutions",
    "grade": "grade a folder of notebooks, each in a process of its own",
    "report": "which mistakes a graded class made",
    "oral": "questions about what one student handed in, with what a full answer has",
    "autograder": "write the zip file that Gradescope takes",
    "slides": "write a chapter as slides, in one file that needs no network",
    "personal": "make each student a language and a trained network of their own",
}
OUT = {
    "student": ("FILE", "notebook to write (default WEEK.ipynb; a folder if variants are drawn)"),
    "grade": ("DIR", "folder of the results; give it again to resume (default WEEK-grades)"),
    "report": ("DIR", "folder of the results (default WEEK-grades)"),
    "oral": ("FILE", "file to write (default: print them)"),
    "slides": ("FILE", "file to write (default CHAPTER-slides.html)"),
    "personal": ("DIR", "folder to write into (default personal)"),
    "autograder": ("FILE", "file to write (default WEEK-autograder.zip)"),
}


def teach_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the commands of a lecturer to the parser of `teach`."""
    words = "each explains itself: teach grade --help; the course file is --course (default course.yml)"
    names = "|".join(COMMANDS)
    commands = parser.add_subparsers(dest="what", required=True, metavar=names, help=words)
    found = {name: commands.add_parser(name, help=about) for name, about in COMMANDS.items()}
    found["list"].add_argument("--csv", action="store_true", help="as a table for a spreadsheet")
    found["list"].add_argument("--variants", action="store_true", help="what else exercises can ask for")
    for name, one in found.items():
        if name not in ("list", "slides", "personal"):
            one.add_argument("week", metavar="WEEK", help="the name of the assignment in the course file")
            one.add_argument("--course", default="course.yml", metavar="FILE", help="course file (default course.yml)")
        if name in OUT:
            kind, words = OUT[name]
            one.add_argument("--out", metavar=kind, help=words)
        one.add_argument("--book", metavar="DIR", help="folder of the book's notebooks (default that of the checkout)")
    grade = found["grade"]
    grade.add_argument("folder", metavar="FOLDER", help="folder with the notebooks that were handed in")
    grade.add_argument("--jobs", type=a_count, default=2, metavar="N", help="how many at once (default 2)")
    found["slides"].add_argument("chapter", metavar="CHAPTER", help="its number, or the name of its notebook")
    personal = found["personal"]
    personal.add_argument("students", nargs="+", metavar="ID", help="the IDs of the students")
    personal.add_argument("--salt", required=True, metavar="FILE", help="file with some words that only you know")
    oral = found["oral"]
    oral.add_argument("id", metavar="ID", help="the student, as in grades.csv")
    oral.add_argument("--each", type=a_count, default=2, metavar="N", help="questions for an exercise (default 2)")
    oral.add_argument("--grades", metavar="DIR", help="folder of the results (default WEEK-grades)")
    words = "when students see what the checks say (default after_published)"
    found["autograder"].add_argument("--visibility", choices=VISIBILITY, default="after_published", help=words)

"""Who is in the class, and whose file is whose."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")  # of Canvas, in its order
NOT_A_STUDENT = re.compile(r"^\s*(Points Possible|Student, Test|$)")


@dataclass(frozen=True)
class Person:
    """A student as a grade book has them."""

    name: str
    id: str
    sis: str = ""
    login: str = ""
    section: str = ""

    @property
    def keys(self) -> set[str]:
        """Return the words by which a file can be theirs."""
        return {word.lower() for word in (self.id, self.sis, self.login) if word}


def read_roster(path: Path) -> list[Person]:
    """Return the class from a CSV file with at least the column ID; ValueError if it has none."""
    text = path.read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    if not rows or "ID" not in rows[0]:
        raise ValueError(f"{path.name} needs a line of column names with ID in it, and best {', '.join(COLUMNS)}.")
    people = [Person(*((row.get(name) or "").strip() for name in COLUMNS)) for row in rows]
    people = [person for person in people if person.id and not NOT_A_STUDENT.match(person.name or person.id)]
    ids = [person.id for person in people]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise ValueError(f"{path.name} has the ID {twice[0]} twice.")
    return people


def owners(files: list[Path], people: list[Person] | None) -> tuple[dict[str, Path], list[str]]:
    """Return whose each notebook is, {id: file}, and notes on files that are nobody's or too many.

    A file belongs to the student whose ID, SIS ID or login is its name or a part of it between underscores, as in
    Canvas' "doejane_4711_90210_week1.ipynb". Without a class list the name of the file is the ID.
    """
    found: dict[str, Path] = {}
    notes = []
    for path in sorted(files):
        name = path.stem.lower()
        words = {name, *name.split("_")}
        mine = [person.id for person in people if person.keys & words] if people is not None else [path.stem]
        if len(mine) != 1:
            notes.append(f"{path.name} belongs to {'nobody' if not mine else 'several'} of the class; it was left out.")
        elif mine[0] in found:
            notes.append(f"{path.name} and {found[mine[0]].name} are both of {mine[0]}; the second was left out.")
        else:
            found[mine[0]] = path
    return found, notes

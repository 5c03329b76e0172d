"""What a lecturer writes: one small file, course.yml, with the assignments and their exercises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uddm_mini.teaching.exercises import Exercise, number_of

EXAMPLE = """assignments:
  week1:
    title: Noise and Bayes    # left out: week1
    exercises: [corruption-1, corruption-3, {id: sampling-2, points: 5}]
    points: 10                # for each exercise
    hints: false
# roster: class.csv           # with it, who has handed in nothing gets 0; a Canvas export has the right columns
# salt_file: salt.txt         # a secret, from which each student's questions follow; without: all are asked alike
# book: book                  # the folder with the notebooks, if it is not that of the checkout
"""
COURSE_KEYS = ("title", "book", "roster", "salt_file", "assignments")
ASSIGNMENT_KEYS = ("title", "exercises", "points", "hints", "column")
MAKE_SALT = 'Make one with: python -c "import secrets; print(secrets.token_hex(16))" > salt.txt'
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,60}")


@dataclass(frozen=True)
class Item:
    """An exercise of an assignment, and what it is worth.

    variant: what it asks for: "none" as in the book, the name of a variant, or "draw" for one of each student's own
    """

    exercise: Exercise
    points: float
    variant: str = "none"


@dataclass(frozen=True)
class Assignment:
    """What is handed out at one time. column: the name of its column in the grade book."""

    name: str
    title: str
    items: tuple[Item, ...]
    hints: bool
    column: str

    @property
    def points(self) -> float:
        """Return what everything right is worth."""
        return sum(item.points for item in self.items)


@dataclass(frozen=True)
class Course:
    """A course file that has been read; paths are those of this machine."""

    path: Path
    title: str
    book: Path | None
    roster: Path | None
    assignments: Mapping[str, Assignment]
    salt: bytes = b""

    def assignment(self, name: str) -> Assignment:
        """Return one assignment by its name; ValueError if there is none."""
        if name not in self.assignments:
            raise ValueError(f"{self.path.name} has no assignment {name!r}; it has {', '.join(self.assignments)}.")
        return self.assignments[name]


def read_course(path: str | Path, every: Mapping[str, Exercise]) -> Course:
    """Read a course file; `every` are the exercises of the book by id. ValueError with a sentence on what is wrong."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"There is no course file {path}. Write one, for instance:\n\n{EXAMPLE}")
    data = read_yaml(path)
    _known(data, COURSE_KEYS, path.name)
    assignments = data.get("assignments")
    if not isinstance(assignments, dict) or not assignments:
        raise ValueError(f"{path.name} has no assignments. It should look like this:\n\n{EXAMPLE}")
    read = {str(name): _assignment(str(name), entry, every, path.name) for name, entry in assignments.items()}
    found = {key: _path(path, data.get(key), key) for key in ("book", "roster", "salt_file")}
    salt = _salt(found["salt_file"]) if found["salt_file"] else b""
    if not salt and any(item.variant == "draw" for one in read.values() for item in one.items):
        raise ValueError(f"{path.name} draws variants, so it needs a salt_file. {MAKE_SALT}")
    return Course(path, str(data.get("title") or path.stem), found["book"], found["roster"], read, salt)


def _salt(path: Path) -> bytes:
    """Return the secret of a course."""
    salt = path.read_bytes().strip()
    if len(salt) < 16:
        raise ValueError(f"{path.name} is too short for a secret: it needs 16 characters at least. {MAKE_SALT}")
    return salt


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a course file as it is written, every number as text; ValueError if it is no YAML."""
    try:
        import yaml
    except ImportError:
        raise ImportError("Course files need PyYAML: pip install pyyaml.") from None
    try:
        # every number stays a text, so that 5.10 is not 5.1
        data = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", near line {where.line + 1}" if where else ""
        raise ValueError(f"{path.name} is no YAML{line}. Mind the blanks at the beginning of lines.") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path.name} should look like this:\n\n{EXAMPLE}")
    return data


def _known(entry: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
    if unknown := sorted(set(map(str, entry)) - set(keys)):
        raise ValueError(f"{where} has {unknown[0]!r}, which means nothing here; possible are {', '.join(keys)}.")


def _path(course: Path, value: Any, key: str) -> Path | None:
    if not value:
        return None
    found = course.parent / Path(str(value)).expanduser()
    if not found.exists():
        raise FileNotFoundError(f"{course.name} names {value} as {key}, but {found} is not there.")
    return found


def _assignment(name: str, entry: Any, every: Mapping[str, Exercise], where: str) -> Assignment:
    where = f"{where}, {name}"
    if not NAME.fullmatch(name):
        raise ValueError(f"{where}: the name becomes a file; use letters, digits, - and _ only.")
    if not isinstance(entry, dict) or not isinstance(entry.get("exercises"), list) or not entry["exercises"]:
        raise ValueError(f"{where}: give it exercises, such as exercises: [5.1, 8.2].")
    _known(entry, ASSIGNMENT_KEYS, where)
    points = _points(entry.get("points", "10"), where)
    items = tuple(_item(one, points, every, where) for one in entry["exercises"])
    ids = [item.exercise.id for item in items]
    if twice := [item.exercise.title for item in items if ids.count(item.exercise.id) > 1]:
        raise ValueError(f"{where}: exercise {twice[0]} is there twice.")
    hints = str(entry.get("hints", "false")).lower()
    if hints not in ("true", "false", "yes", "no"):
        raise ValueError(f"{where}: hints is true or false, but {hints!r} stands there.")
    title = str(entry.get("title") or name)
    return Assignment(name, title, items, hints in ("true", "yes"), str(entry.get("column") or title))


def _item(one: Any, points: float, every: Mapping[str, Exercise], where: str) -> Item:
    """Read an exercise: "8.2", "sampling-2", or {id: 8.2, points: 5, variant: draw}."""
    variant = "none"
    if isinstance(one, dict):
        _known(one, ("id", "points", "variant"), where)
        variant = str(one.get("variant", "none"))
        points = _points(one.get("points", str(points)), where)
        one = one.get("id", "")
    by_number = {f"{number_of(e.chapter)}.{e.number}": e for e in every.values()}
    found = every.get(str(one)) or by_number.get(str(one))
    if not found:
        raise ValueError(f"{where}: there is no exercise {one!r}; `teach list` shows all of them.")
    names = list(found.checks[0].meanings)
    if variant != "none" and variant not in (["draw", *names] if names else []):
        possible = f"it has {', '.join(names)}, and draw" if names else "it has none; `teach list --variants` shows all"
        raise ValueError(f"{where}: exercise {found.title!r} has no variant {variant!r}; {possible}.")
    return Item(found, points, variant)


def _points(value: Any, where: str) -> float:
    try:
        points = float(value)
    except (TypeError, ValueError):
        points = -1.0
    if not 0 < points < 1e6:
        raise ValueError(f"{where}: points is a number above 0, but {value!r} stands there.")
    return points

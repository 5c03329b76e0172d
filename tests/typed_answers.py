"""Answers as students type them, right and wrong ones, from the two files in `answers`."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from uddm_mini.chapters import exercises
from uddm_mini.course.notebooks import Part, Task, book_folder, tasks_of
from uddm_mini.teaching.exercises import CHAPTERS, Check, Result

FOLDER = Path(__file__).parent / "answers"
PRELUDE = "import math\nimport numpy as np\nimport torch"


@dataclass(frozen=True)
class Typed:
    """An answer to the check "chapter.name": its style or its mistake, the code, words that name the mistake."""

    key: str
    about: str
    source: str
    words: str = ""

    @property
    def id(self) -> str:
        """Return what tells it from all others."""
        return f"{self.key} · {self.about}"


@functools.cache
def right() -> list[Typed]:
    """Return the right answers in other styles."""
    return [Typed(*_head(block), _body(block)) for block in _blocks("right.txt")]


@functools.cache
def wrong() -> list[Typed]:
    """Return the wrong answers: code, or changes of the first right answer to the same check."""
    first: dict[str, str] = {}
    for one in right():
        first.setdefault(one.key, one.source)
    found = []
    for block in _blocks("wrong.txt"):
        head, _, words = block.partition("\n")[0].partition(" => ")
        key, about = _head(head)
        body = _body(block)
        source = changed(first[key], body) if body.startswith("- ") else body
        found.append(Typed(key, about, source, words.strip()))
    return found


def changed(source: str, changes: str) -> str:
    """Return a text in which every line "- old" is replaced by the lines "+ new" after it."""
    for change in ("\n" + changes).split("\n- ")[1:]:
        old, *new = change.split("\n")
        assert old in source, f"{old!r} is not in the right answer"
        assert all(line.startswith("+") for line in new), change
        source = source.replace(old, "\n".join(line[2:] for line in new))
    return source


def _blocks(name: str) -> list[str]:
    return [block.strip() for block in ("\n" + (FOLDER / name).read_text("utf-8")).split("\n## ")[1:]]


def _head(block: str) -> tuple[str, str]:
    key, about = block.partition("\n")[0].split(" · ", 1)
    return key.strip(), about.strip()


def _body(block: str) -> str:
    return block.partition("\n")[2].strip("\n")


@functools.cache
def places() -> dict[str, tuple[Task, Part, Check]]:
    """Return where each check stands in the book, by "chapter.check"."""
    every, found = exercises(), {}
    for chapter in CHAPTERS:
        for task in tasks_of(chapter, every, book_folder(None)).values():
            for part, check in zip(task.parts, task.exercise.checks, strict=True):
                found[f"{chapter}.{part.check}"] = (task, part, check)
    return found


def in_a_notebook(one: Typed, place: tuple[Task, Part, Check]) -> Result:
    """Type an answer into a cell and call the check, as a student does."""
    _, part, check = place
    names: dict[str, Any] = {"math": math, "np": np, "torch": torch, "__name__": "__main__"}
    exec(compile(one.source, "<answer>", "exec"), names)
    return check(*(names[name] for name in part.wanted))

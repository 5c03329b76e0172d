"""The exercises of the book: which there are, and checks that answer with a sentence and never raise."""

from __future__ import annotations

import contextlib
import functools
import random
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import numpy as np

from .answers import NotAttempted, Wrong, ask, same, wrong
from .calls import copied, named_error
from .look import NOT_YET, RIGHT, WRONG

# the chapters with a number, from 0 on, by the name of their notebook; a test holds them against _toc.yml
CHAPTERS = (
    *("setup", "hopfield", "dense_memories", "pseudo_likelihood", "spins", "toy_language", "corruption"),
    *("learning", "network", "sampling", "perfect_denoisers", "basins", "transition", "training_time"),
    *("entropy_probe", "robustness", "real_text", "english"),
    *("auditing", "fine_tuning", "released"),
)

Level = Literal["warm-up", "core", "stretch"]


def number_of(chapter: str) -> int:
    """Return the number that a reader sees before the title of a chapter."""
    return CHAPTERS.index(chapter)


@dataclass(frozen=True)
class Result:
    """The answer of a check; it shows itself in a notebook and prints well elsewhere.

    `passed`: True, False, or None when the exercise was not attempted yet; `slip`: the known mistake, if it is one.
    """

    title: str
    passed: bool | None
    message: str
    slip: str = ""

    @property
    def _head(self) -> tuple[str, str, str]:
        """Return icon, verdict and color; the verdict never hangs on the color alone."""
        if self.passed is None:
            return "○", "not attempted yet", NOT_YET
        return ("✔", "passed", RIGHT) if self.passed else ("✘", "not yet", WRONG)

    def __repr__(self) -> str:
        icon, verdict, _ = self._head
        return f"{icon} {self.title} · {verdict}. {self.message}".rstrip()

    def _repr_html_(self) -> str:
        icon, verdict, color = self._head
        return (
            f'<div style="border-left: 5px solid {color}; padding: 0.3em 0.8em; margin: 0.4em 0">'
            f"<b>{icon} {escape(self.title)} · {verdict}.</b> {escape(self.message)}</div>"
        )


@dataclass(frozen=True)
class Exercise:
    """A task of a chapter, the `number`-th one; `assesses`: what it shows; `checks`: one for each of its parts."""

    chapter: str
    number: int
    name: str
    level: Level
    minutes: int
    assesses: str = ""
    checks: list[Check] = field(default_factory=list, repr=False)

    @property
    def id(self) -> str:
        """Return what tells it from all others, whatever order the chapters have: "sampling-1"."""
        return f"{self.chapter}-{self.number}"

    @property
    def title(self) -> str:
        """Return number and name as a reader sees them: "9.1 Can greedy move?"."""
        return f"{number_of(self.chapter)}.{self.number} {self.name}"

    @property
    def anchor(self) -> str:
        """Return the place of its heading on the page of its chapter: "ex-9-1"."""
        return f"ex-{number_of(self.chapter)}-{self.number}"

    @property
    def heading(self) -> str:
        """Return the heading in its chapter, with the anchor above it, as Markdown."""
        return f'<a id="{self.anchor}"></a>\n\n### {self.title} ({self.level}, {self.minutes} minutes)'


EXERCISES: dict[str, Exercise] = {}  # by id; a chapter's are here once its module is imported


def exercise(
    number: int, name: str, *, level: Level, minutes: int, assesses: str = "", spread: float = 1e-6
) -> Callable[[Callable[..., str]], Check]:
    """Register the function below as the check of an exercise of its chapter; `spread` is that of `Check`.

    assesses: what a right answer shows, in a few words: "Bayes' rule on tables"
    """

    def register(function: Callable[..., str]) -> Check:
        new = Exercise(function.__module__.rpartition(".")[2], number, name, level, minutes, assesses)
        before = EXERCISES.get(new.id)
        if before and before.checks[0].__name__ != function.__name__:
            raise ValueError(f"There are two exercises {new.id}; give {function.__name__} another number.")
        new.checks.append(Check(function, new.title, spread))
        EXERCISES[new.id] = new
        return new.checks[0]

    return register


def second_part(first: Check) -> Callable[[Callable[..., str]], Check]:
    """Register the function below as the check of the second part of an exercise."""

    def register(function: Callable[..., str]) -> Check:
        (whole,) = (found for found in EXERCISES.values() if first in found.checks)
        whole.checks.append(Check(function, f"{whole.title}, second part"))
        return whole.checks[-1]

    return register


class Check:
    """A function that calls `wrong` or returns praise, as one that returns a `Result` and never raises.

    What passes is asked again in random order, so that a list of the right answers does not. `spread` is the share by
    which two answers to one question may differ: more than rounding if the exercise asks for random draws.
    """

    __name__: str

    def __init__(self, function: Callable[..., str], title: str, spread: float = 1e-6) -> None:
        self.function, self.title, self.spread = function, title, spread
        functools.update_wrapper(self, function)

    def __call__(self, *answers: Any) -> Result:
        """Check the answers, one for each function or value that the exercise asks for."""
        if not answers:
            return Result(self.title, None, "Pass your answer to the check: check(my_function).")
        calls: list[_Call] = []
        try:
            praise = self.function(*(_watched(answer, calls) for answer in answers))
            _ask_again(calls, self.spread)
            return Result(self.title, True, praise)
        except NotAttempted:
            return Result(self.title, None, "Replace the ... in the stub with your answer, and run the cell again.")
        except Wrong as signal:
            return Result(self.title, False, _constant(calls) + str(signal), signal.slip)
        except Exception as error:  # what came back is of a kind that the check did not foresee
            reason = f"Your answer could not be compared ({named_error(error)}). Does it have the right type?"
            return Result(self.title, False, reason)

    def points(self, of: float, *answers: Any) -> float:
        """Return `of` for right answers, else 0, and warn of nothing: for a grader that reads the output of a cell."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return of if self(*answers).passed else 0


@dataclass(frozen=True)
class _Call:
    """One question to the student's function, and what it gave."""

    answer: Callable[..., Any]
    arguments: tuple[Any, ...]
    got: Any


def _watched(answer: Any, calls: list[_Call]) -> Any:
    """Return a function that answers alike and notes every call in `calls`; a value stays as it is."""
    if not callable(answer):
        return answer

    @functools.wraps(answer)
    def run(*arguments: Any, **named: Any) -> Any:
        before = copied(arguments)
        got = answer(*arguments, **named)
        calls.append(_Call(answer, before, copied(got)))
        return got

    return run


def _constant(calls: list[_Call]) -> str:
    """Say that a function ignores its arguments, if it gave one and the same for different ones."""
    different = {repr(call.arguments) for call in calls if call.arguments}
    if len(different) < 2 or not all(same(call.got, calls[0].got) for call in calls):
        return ""
    with contextlib.suppress(TypeError, ValueError, RuntimeError):
        numbers = np.asarray(calls[0].got, dtype=float)
        if numbers.size > 1 and np.isnan(numbers).all():
            return ""  # several numbers, none of them there: nobody types that as a constant
    return f"Your function gives the same answer whatever its arguments. It answered {len(calls)} questions alike. "


def _ask_again(calls: list[_Call], spread: float, times: int = 8, seconds: float = 1.0) -> None:
    """Ask some questions again, in an order that nobody can know; a slow function is asked fewer."""
    questions = [call for call in calls if call.arguments]
    stop = time.monotonic() + seconds
    for call in random.SystemRandom().choices(questions, k=times) if questions else []:
        if not same(ask(call.answer, *call.arguments), call.got, spread):
            wrong(
                "Asked the same question a second time, your function gives another answer. It should compute its "
                "answer from its arguments, and from nothing else."
            )
        if time.monotonic() > stop:
            break

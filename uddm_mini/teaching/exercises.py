"""The exercises of the book: which there are, and checks that answer with a sentence and never raise."""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

from uddm_mini.doors import showable

from .answers import Cases, NotAttempted, Wrong
from .calls import named_error
from .draws import Draw
from .look import NOT_YET, RIGHT, WRONG
from .variants import Meanings
from .watched import Call, ask_again, constant, watched

# the chapters with a number, from 0 on, by the name of their notebook; a test holds them against _toc.yml
CHAPTERS = (
    *("setup", "hopfield", "dense_memories", "pseudo_likelihood", "spins", "toy_language", "corruption"),
    *("learning", "cavity", "network", "sampling", "perfect_denoisers", "basins", "transition", "training_time"),
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
        return showable(f"{icon} {self.title} · {verdict}. {self.message}".rstrip())

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
        """Return the place of its heading on the page of its chapter: "ex-10-1"."""
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
    What else can be asked, by grading, stands in the module of the same name in `drawn` beside the chapter's.
    """

    __name__: str

    def __init__(
        self,
        function: Callable[..., str],
        title: str,
        spread: float = 1e-6,
        fresh: Callable[[Draw], Cases] | None = None,
    ) -> None:
        self.function, self.title, self.spread, self._fresh = function, title, spread, fresh
        functools.update_wrapper(self, function)

    def __call__(self, *answers: Any, variant: str = "", more: Cases = ()) -> Result:
        """Check the answers, one for each function or value that the exercise asks for.

        variant: the name of another meaning of the exercise; more: questions beside those that everybody knows
        """
        if variant:
            if variant not in self.meanings:
                return Result(self.title, None, f"There is no variant {variant!r} here. Is your package up to date?")
            return self.variant(variant)(*answers, more=more)
        if not answers:
            return Result(self.title, None, "Pass your answer to the check: check(my_function).")
        calls: list[Call] = []
        try:
            beside = {"more": more} if more else {}
            praise = self.function(*(watched(answer, calls) for answer in answers), **beside)
            ask_again(calls, self.spread)
            return Result(self.title, True, praise)
        except NotAttempted:
            return Result(self.title, None, "Replace the ... in the stub with your answer, and run the cell again.")
        except Wrong as signal:
            return Result(self.title, False, constant(calls) + str(signal), signal.slip)
        except Exception as error:  # what came back is of a kind that the check did not foresee
            reason = f"Your answer could not be compared ({named_error(error)}). Does it have the right type?"
            return Result(self.title, False, reason)

    def points(self, of: float, *answers: Any) -> float:
        """Return `of` for right answers, else 0, and warn of nothing: for a grader that reads the output of a cell."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return of if self(*answers).passed else 0

    def fresh(self, draw: Draw) -> Cases:
        """Return questions that follow from a draw; none if this check has no others than those of the notebook."""
        make = self._fresh or getattr(self._drawn(), self.__name__, None)
        return make(draw) if make else ()

    @property
    def meanings(self) -> Mapping[str, str]:
        """Return what else the exercise can ask for: {name of the variant: its sentence}."""
        found = getattr(self._drawn(), "VARIANTS", {}).get(self.__name__)
        return {name: variant.asks for name, variant in found.variants.items()} if found else {}

    def variant(self, name: str) -> Check:
        """Return the check of another meaning of the exercise."""
        meanings: Meanings = self._drawn().VARIANTS[self.__name__]
        fresh = functools.partial(meanings.drawn, name)
        return Check(meanings.asked(name), f"{self.title} (variant {name})", self.spread, fresh)

    def _drawn(self) -> Any:
        package, _, chapter = self.function.__module__.rpartition(".")
        try:
            return importlib.import_module(f"{package}.drawn.{chapter}")
        except ModuleNotFoundError:  # a check of somebody's own
            return None

"""What every exercise check is made of: ask the student's code, compare, answer with a sentence that teaches."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ._asking import called, copied, crash, is_stub, named_error
from ._values import Wrong, as_bool, as_number, as_tensor, as_whole, brief, close, same, wrong

__all__ = [
    "Result",
    "as_bool",
    "as_number",
    "as_tensor",
    "as_whole",
    "ask",
    "ask_each",
    "brief",
    "close",
    "exercise",
    "same",
    "wrong",
]


@dataclass(frozen=True)
class Result:
    """The answer of a check; it shows itself in a notebook and prints well elsewhere.

    `passed`: True, False, or None when the exercise was not attempted yet.
    """

    title: str
    passed: bool | None
    message: str

    @property
    def _head(self) -> tuple[str, str, str]:
        """Return icon, verdict and color; the verdict never hangs on the color alone."""
        if self.passed is None:
            return "○", "not attempted yet", "#767676"
        return ("✔", "passed", "#009E73") if self.passed else ("✘", "not yet", "#D55E00")

    def __repr__(self) -> str:
        icon, verdict, _ = self._head
        return f"{icon} {self.title} · {verdict}. {self.message}".rstrip()

    def _repr_html_(self) -> str:
        icon, verdict, color = self._head
        return (
            f'<div style="border-left: 5px solid {color}; padding: 0.3em 0.8em; margin: 0.4em 0">'
            f"<b>{icon} {escape(self.title)} · {verdict}.</b> {escape(self.message)}</div>"
        )


class _NotAttempted(Exception):
    """Say that the stub is untouched."""


def ask(answer: Any, *arguments: Any, **named: Any) -> Any:
    """Return what the student's `answer` gives for these arguments, or end the check with a kind sentence.

    A function is called with copies of tensors, arrays and generators, so that it can't spoil the caller's, and
    with the global randomness of PyTorch, NumPy and Python seeded and restored. A value is returned as it is (give
    no arguments then). None instead of an answer, an empty body, `...` and NotImplementedError mean "not attempted
    yet"; a written function that returns None and any other exception are answers to mend.
    """
    if answer is None or answer is ...:
        raise _NotAttempted
    if not callable(answer):
        if arguments or named:
            wrong(
                f"The check wants your function itself, but got {brief(answer)}. Pass its name without parentheses: "
                "check(my_function)."
            )
        return answer
    try:
        got = called(answer, arguments, named)
    except NotImplementedError:
        raise _NotAttempted from None
    except (Exception, SystemExit) as error:
        wrong(crash(answer, error))
    if got is ... or (got is None and is_stub(answer)):
        raise _NotAttempted
    if got is None:
        wrong("Your function returned nothing. Is a `return` missing?")
    return got


def ask_each(answer: Any, cases: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield every case, a tuple of arguments, with what the student's `answer` gives for it at the end.

    Before the first one is compared, it asks until an answer differs from the first: so the decorator can tell a
    function that ignores its arguments.
    """
    given = [ask(answer, *cases[0])]
    for case in cases[1:]:
        try:
            given.append(ask(answer, *case))
        except (Wrong, _NotAttempted):  # raised again when its turn comes
            break
        if not same(given[0], given[-1]):
            break
    for i, case in enumerate(cases):
        yield (*case, given[i] if i < len(given) else ask(answer, *case))


@dataclass(frozen=True)
class _Call:
    """One question to the student's function, and what it gave."""

    answer: Callable[..., Any]
    arguments: tuple[Any, ...]
    got: Any


def exercise(title: str, spread: float = 1e-6) -> Callable[[Callable[..., str]], Callable[..., Result]]:
    """Turn a function that calls `wrong` or returns praise into a check that returns a `Result` and never raises.

    A function that passes is asked some of the questions again, in random order: a list of the right answers, read
    off without a look at the arguments, does not pass. `spread` is by how much two answers to the same question may
    differ, a share; more than rounding if the exercise asks for random draws.
    """

    def decorate(check: Callable[..., str]) -> Callable[..., Result]:
        @functools.wraps(check)
        def run(*answers: Any) -> Result:
            if not answers:
                return Result(title, None, "Pass your answer to the check: check(my_function).")
            calls: list[_Call] = []
            try:
                praise = check(*(_watched(answer, calls) for answer in answers))
                _ask_again(calls, spread)
                return Result(title, True, praise)
            except _NotAttempted:
                return Result(title, None, "Replace the ... in the stub with your answer, and run the cell again.")
            except Wrong as signal:
                return Result(title, False, _constant(calls) + str(signal))
            except Exception as error:  # what came back is of a kind that the check did not foresee
                return Result(
                    title,
                    False,
                    f"Your answer could not be compared ({named_error(error)}). Does it have the right type?",
                )

        run.title = title  # type: ignore[attr-defined]
        return run

    return decorate


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

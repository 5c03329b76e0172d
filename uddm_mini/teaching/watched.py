"""What a check asked, and whether the answers hang on the questions."""

from __future__ import annotations

import contextlib
import functools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .answers import ask, same, wrong
from .calls import copied


@dataclass(frozen=True)
class Call:
    """One question to the student's function, and what it gave."""

    answer: Callable[..., Any]
    arguments: tuple[Any, ...]
    got: Any


def watched(answer: Any, calls: list[Call]) -> Any:
    """Return a function that answers alike, and notes every call in `calls`; a value stays as it is."""
    if not callable(answer):
        return answer

    @functools.wraps(answer)
    def run(*arguments: Any, **named: Any) -> Any:
        before = copied(arguments)
        got = answer(*arguments, **named)
        calls.append(Call(answer, before, copied(got)))
        return got

    return run


def constant(calls: list[Call]) -> str:
    """Say that a function ignores its arguments, if it gave one and the same for different ones."""
    different = {repr(call.arguments) for call in calls if call.arguments}
    if len(different) < 2 or not all(same(call.got, calls[0].got) for call in calls):
        return ""
    with contextlib.suppress(TypeError, ValueError, RuntimeError):
        numbers = np.asarray(calls[0].got, dtype=float)
        if numbers.size > 1 and np.isnan(numbers).all():
            return ""  # several numbers, none of them there: nobody types that as a constant
    return f"Your function gives the same answer whatever its arguments. It answered {len(calls)} questions alike. "


def ask_again(calls: list[Call], spread: float, times: int = 8, seconds: float = 1.0) -> None:
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

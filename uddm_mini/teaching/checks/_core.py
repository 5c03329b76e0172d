"""What every exercise check is made of: ask the student's code, compare, answer with a sentence that teaches."""

from __future__ import annotations

import dis
import functools
import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, NoReturn

import numpy as np
import torch


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


class _Wrong(Exception):
    """Carry a message out of a check to its decorator."""


class _NotAttempted(Exception):
    """Say that the stub is untouched."""


def wrong(message: str) -> NoReturn:
    """End the check: the answer is wrong, and `message` says in one or two sentences what to look at."""
    raise _Wrong(message)


def ask(answer: Any, *arguments: Any, **named: Any) -> Any:
    """Return what the student's `answer` gives for these arguments, or end the check with a kind sentence.

    A function is called with copies of tensors, arrays and generators, so that it can't spoil the caller's, and
    with PyTorch's global randomness seeded and restored. A value is returned as it is (give no arguments then).
    None instead of an answer, an empty body, `...` and NotImplementedError mean "not attempted yet"; a written
    function that returns None and any other exception are answers to mend.
    """
    if answer is None or answer is ...:
        raise _NotAttempted
    if not callable(answer):
        if arguments or named:
            wrong(
                f"The check wants your function itself, but got {_brief(answer)}. Pass its name without parentheses: "
                "check(my_function)."
            )
        return answer
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            got = answer(*(_copied(a) for a in arguments), **{k: _copied(v) for k, v in named.items()})
    except NotImplementedError:
        raise _NotAttempted from None
    except (Exception, SystemExit) as error:
        wrong(_crash(answer, error))
    if got is ... or (got is None and _is_stub(answer)):
        raise _NotAttempted
    if got is None:
        wrong("Your function returned nothing. Is a `return` missing?")
    return got


def as_tensor(got: Any, shape: tuple[int, ...] | None = None, what: str = "Your answer") -> torch.Tensor:
    """Return the student's result as a float64 tensor of `shape`, or end the check saying what came instead."""
    try:
        tensor = torch.as_tensor(got).detach().to("cpu", torch.float64)
    except (TypeError, ValueError, RuntimeError):
        wrong(f"{what} should be a number or a tensor, but came as {_brief(got)}.")
    if shape is not None and tuple(tensor.shape) != tuple(shape):
        wrong(f"{what} came with shape {list(tensor.shape)}, but should have {list(shape)}.")
    return tensor


def exercise(title: str) -> Callable[[Callable[..., str]], Callable[..., Result]]:
    """Turn a function that calls `wrong` or returns praise into a check that returns a `Result` and never raises."""

    def decorate(check: Callable[..., str]) -> Callable[..., Result]:
        @functools.wraps(check)
        def run(*answers: Any) -> Result:
            if not answers:
                return Result(title, None, "Pass your answer to the check: check(my_function).")
            try:
                return Result(title, True, check(*answers))
            except _NotAttempted:
                return Result(title, None, "Replace the ... in the stub with your answer, and run the cell again.")
            except _Wrong as signal:
                return Result(title, False, str(signal))
            except Exception as error:  # what came back is of a kind that the check did not foresee
                return Result(
                    title, False, f"Your answer could not be compared ({_named(error)}). Does it have the right type?"
                )

        run.title = title  # type: ignore[attr-defined]
        return run

    return decorate


def _is_stub(answer: Any) -> bool:
    """Say whether a function has an empty body: `...`, pass or a docstring compile to a bare "return None"."""
    function = inspect.unwrap(answer)
    while isinstance(function, functools.partial):
        function = inspect.unwrap(function.func)
    if isinstance(function, torch.nn.Module):
        function = function.forward
    call = inspect.getattr_static(function, "__call__", None)  # of an object that is called like a function
    code = getattr(function, "__code__", None) or getattr(call, "__code__", None)
    if code is None:  # not written in Python: somebody's finished function
        return False
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    return all(step.opname in idle for step in dis.get_instructions(code))


def _copied(value: Any) -> Any:
    """Copy what a function could change in place; models and settings are passed as they are."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, torch.Generator):
        twin = torch.Generator(value.device)
        twin.set_state(value.get_state())
        return twin
    if type(value) in (list, tuple):
        return type(value)(_copied(v) for v in value)
    if type(value) is dict:
        return {k: _copied(v) for k, v in value.items()}
    return value


def _crash(answer: Any, error: BaseException) -> str:
    """Say where the student's own code stopped."""
    code = getattr(inspect.unwrap(answer), "__code__", None)  # a check may watch the answer from a wrapper
    name = getattr(answer, "__name__", "your function")
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if code and frame.filename == code.co_filename]
    if not code or not inside:  # the call itself failed: wrong number of arguments
        return f"{name} could not be called: {_named(error)}."
    frame = inside[-1]
    number = (frame.lineno or code.co_firstlineno) - code.co_firstlineno + 1
    return f"{name} stopped with {_named(error)}, in its line {number}{': ' if frame.line else ''}{frame.line or ''}"


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _brief(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"

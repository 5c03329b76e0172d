"""How a check calls the student's function: with copies, fixed randomness, and a kind word about a crash."""

from __future__ import annotations

import contextlib
import dis
import functools
import inspect
import random
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np
import torch


class Wrong(Exception):
    """Carry a sentence out of a check to its decorator; `slip` is the part that names a known mistake."""

    def __init__(self, message: str, slip: str = "") -> None:
        super().__init__(message)
        self.slip = slip


def wrong(message: str, slip: str = "") -> NoReturn:
    """End the check: the answer is wrong, and `message` says in one or two sentences what to look at.

    slip: the sentence of a known mistake, without the numbers of this case, by which it is counted
    """
    raise Wrong(message, slip)


class Stopped(Exception):
    """Say where the student's code stopped, if it ran in another process: the message is the whole sentence."""


class NotAttempted(Exception):
    """Say that the stub is untouched."""


def ask(answer: Any, *arguments: Any, **named: Any) -> Any:
    """Return what the student's `answer` gives for these arguments, or end the check with a kind sentence.

    A function is called with copies of tensors, arrays and generators, and with global randomness seeded and restored;
    a value is returned as it is. None, an empty body, `...` and NotImplementedError mean "not attempted yet".
    """
    if answer is None or answer is ...:
        raise NotAttempted
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
        raise NotAttempted from None
    except (Exception, SystemExit) as error:
        wrong(crash(answer, error))
    if got is ... or (got is None and is_stub(answer)):
        raise NotAttempted
    if got is None:
        wrong("Your function returned nothing. Is a `return` missing?")
    return got


def called(answer: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call the answer; where it mixes PyTorch's float32 with our float64, or PyTorch with NumPy, help it out."""

    def once(change: Callable[[Any], Any] = lambda value: value) -> Any:
        with _fixed_randomness():
            return answer(*(change(copied(a)) for a in arguments), **{k: change(copied(v)) for k, v in named.items()})

    try:
        return once()
    except (AttributeError, TypeError) as error:
        other = _other_kind(error)
        if not other:
            raise
        try:
            return once(other)
        except (AttributeError, TypeError, RuntimeError, ValueError):
            raise error from None
    except RuntimeError as error:
        if not any(words in str(error) for words in ("dtype", "scalar type")):
            raise
        before = torch.get_default_dtype()
        try:
            torch.set_default_dtype(torch.float64)
            return once()
        except RuntimeError:
            pass
        finally:
            torch.set_default_dtype(before)
        try:
            return once(lambda value: value.float() if getattr(value, "dtype", None) == torch.float64 else value)
        except RuntimeError:
            raise error from None


def _other_kind(error: Exception) -> Callable[[Any], Any] | None:
    """Return what makes tensors of arrays, or arrays of tensors, if an error says that the other kind was expected."""
    if "numpy.ndarray" in str(error):
        return lambda value: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
    if "Tensor" in str(error):
        return lambda value: value.detach().numpy() if isinstance(value, torch.Tensor) else value
    return None


def changes(answer: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Say whether the answer, called once more, changes a tensor or array that it is given."""
    given = tuple(copied(a) for a in arguments)
    with _fixed_randomness():
        answer(*given)
    return any(
        not np.array_equal(np.asarray(now), np.asarray(before), equal_nan=True)
        for now, before in zip(given, arguments, strict=True)
        if isinstance(before, np.ndarray | torch.Tensor)
    )


@contextlib.contextmanager
def _fixed_randomness() -> Iterator[None]:
    """Seed the global randomness of PyTorch, NumPy and Python, and restore it."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)
            random.setstate(python_state)


def is_stub(answer: Any) -> bool:
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


def copied(value: Any) -> Any:
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
        return type(value)(copied(v) for v in value)
    if type(value) is dict:
        return {k: copied(v) for k, v in value.items()}
    return value


def crash(answer: Any, error: BaseException) -> str:
    """Say where the student's own code stopped."""
    if isinstance(error, Stopped):
        return str(error)
    code = getattr(inspect.unwrap(answer), "__code__", None)  # a check may watch the answer from a wrapper
    name = getattr(answer, "__name__", "your function")
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if code and frame.filename == code.co_filename]
    if not code or not inside:  # the call itself failed: wrong number of arguments
        return f"{name} could not be called: {named_error(error)}."
    frame = inside[-1]
    number = (frame.lineno or code.co_firstlineno) - code.co_firstlineno + 1
    return (
        f"{name} stopped with {named_error(error)}, in its line {number}{': ' if frame.line else ''}{frame.line or ''}"
    )


def named_error(error: BaseException) -> str:
    """Name an error and say what it says."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def brief(value: Any) -> str:
    """Name the type of a value, and show the beginning of it."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"

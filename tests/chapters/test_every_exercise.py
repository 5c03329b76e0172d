"""Every solution in every dress passes; every answer that does not look at its arguments does not."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from solutions import solutions

from uddm_mini.chapters import exercises
from uddm_mini.teaching.answers import as_tensor

ANSWERS = solutions()
VALUES = {"transition.licensed", "cavity.wrong_form_nelbo", "learning.shrinkage"}  # no function alone is asked for
RANDOM = {"learning.spread_times"}  # drawn from a generator, which no list of numbers can replace
FLOAT64 = {"sampling.average_step", "sampling.gibbs_step"}  # solutions with a matrix product that asks for float64
SLOW = {"toy_language.best_pair", "transition.seed_interval"}  # some seconds each: fewer dresses


def check_of(name: str) -> Callable[..., Any]:
    chapter, check = name.split(".")
    return getattr(importlib.import_module(f"uddm_mini.chapters.{chapter}"), check)


def test_every_check_has_a_solution_and_every_exercise_a_check():
    every = [f"{e.chapter}.{check.__name__}" for e in exercises().values() for check in e.checks]
    assert sorted(every) == sorted(set(ANSWERS) | VALUES)
    assert len(exercises()) == 84  # some have a second part with a check of its own


# ---- right answers in another dress --------------------------------------------------------------------------------


def is_number(got: Any) -> bool:
    return isinstance(got, int | float | np.generic) or (isinstance(got, torch.Tensor) and got.ndim == 0)


def is_table(got: Any) -> bool:
    return isinstance(got, torch.Tensor | np.ndarray) and got.ndim > 0


def each(got: Any, change: Callable[[Any], Any]) -> Any:
    """Change a number, a table, or every number of a tuple."""
    return type(got)(each(g, change) for g in got) if isinstance(got, tuple) else change(got)


def to_list(got: Any) -> Any:
    return got.tolist() if hasattr(got, "tolist") else got


def whole(got: Any) -> Any:
    table = np.asarray(to_list(got))
    return table.astype(np.int64) if np.all(np.isfinite(table) & (table == table.round())) else got


DRESSES: dict[str, Callable[[Any], Any]] = {
    "Python": to_list,
    "NumPy": lambda got: np.asarray(to_list(got)),
    "NumPy scalar": lambda got: np.asarray(to_list(got))[()] if is_number(got) else got,
    "0-d tensor": lambda got: torch.tensor(to_list(got)).double() if is_number(got) else got,
    "shape (1,)": lambda got: torch.tensor([to_list(got)]).double() if is_number(got) else got,
    "array of shape (1, 1)": lambda got: np.array([[to_list(got)]]) if is_number(got) else got,
    "float32": lambda got: torch.tensor(to_list(got)).float(),
    "NumPy float32": lambda got: np.asarray(to_list(got), dtype=np.float32),
    "whole numbers": whole,
    "with a gradient": lambda got: torch.tensor(to_list(got)).double().requires_grad_(),
    "list of tensors": lambda got: [torch.as_tensor(row) for row in got] if is_table(got) else got,
}
# a count of sentences needs more than the seven digits of float32
NOT_IN_FLOAT32 = {"corruption.how_many"}


def dressed(answer: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *arguments: each(answer(*arguments), change)


def spoils(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Work in place: whatever came in is zero afterwards."""

    def run(*arguments: Any) -> Any:
        got = answer(*(a.clone() if isinstance(a, torch.Tensor) else a for a in arguments))
        for a in arguments:
            if isinstance(a, torch.Tensor):
                a.zero_()
            elif isinstance(a, np.ndarray):
                a[...] = 0
            elif isinstance(a, list):
                a.clear()
        return got

    return run


def in_float32(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Compute in float32 from the first line on."""

    def run(*arguments: Any) -> Any:
        double = (torch.float64,)
        return answer(*(a.float() if isinstance(a, torch.Tensor) and a.dtype in double else a for a in arguments))

    return run


def cases() -> list[tuple[str, str]]:
    names = [name for name in ANSWERS if name != "toy_language.design"]  # a Grammar has one form
    out = [(name, dress) for name in names for dress in DRESSES if name not in SLOW or dress in ("Python", "float32")]
    out = [(n, d) for n, d in out if "float32" not in d or n not in NOT_IN_FLOAT32]
    out += [(name, "in place") for name in names if name not in SLOW]
    return out + [(name, "float32 throughout") for name in names if name not in SLOW | FLOAT64 | NOT_IN_FLOAT32]


@pytest.mark.parametrize(("name", "dress"), cases())
def test_a_right_answer_passes_in_every_dress(name, dress):
    answer = ANSWERS[name]
    if dress == "in place":
        right = spoils(answer)
    elif dress == "float32 throughout":
        right = in_float32(answer)
    else:
        right = dressed(answer, DRESSES[dress])
    result = check_of(name)(right)
    assert result.passed is True, result.message


@pytest.mark.parametrize("name", ["hopfield.crosstalk", "sampling.average_step", "corruption.lucky"])
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_too_few_digits_get_a_reason(name, kind):
    result = check_of(name)(dressed(ANSWERS[name], lambda got: torch.as_tensor(got).to(kind)))
    assert result.passed is False and "three digits" in result.message, result.message


def test_a_list_keeps_all_its_digits():
    assert (
        float(as_tensor([0.1])[0]) == 0.1
        and float(as_tensor([[torch.tensor(0.1, dtype=torch.float64)]], (1, 1))) == 0.1
    )


# ---- answers that are none -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_untouched_stub_is_not_attempted(name):
    def stub(*arguments): ...

    for untouched in (stub, lambda *arguments: ..., lambda *arguments: None, ...):
        assert check_of(name)(untouched).passed is None


def crash(*arguments):
    raise RuntimeError("lost")


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_crash_is_named_and_nonsense_gets_a_sentence(name):
    result = check_of(name)(crash)
    assert result.passed is False and "RuntimeError: lost" in result.message
    nonsense = (lambda *arguments: 1 / 0, lambda: 0, lambda *arguments: "half", lambda *arguments: [1.0, 2.0, 3.0])
    for answer in nonsense:
        result = check_of(name)(answer)
        assert result.passed is False and result.message, name


def asked(name: str) -> list[tuple[tuple[Any, ...], Any]]:
    """Return what a check asks and what the solution gives, in order."""
    calls: list[tuple[tuple[Any, ...], Any]] = []

    def note(*arguments: Any) -> Any:
        calls.append((arguments, ANSWERS[name](*arguments)))
        return calls[-1][1]

    assert check_of(name)(note).passed is True
    return calls


WITH_ARGUMENTS = sorted(set(ANSWERS) - {"toy_language.design"})


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
def test_a_constant_is_called_one(name):
    first = asked(name)[0][1]  # the right answer to the first question
    for constant in (first, 0.0, 1, float("nan")):
        result = check_of(name)(lambda *arguments, constant=constant: constant)
        assert result.passed is False
        assert "gives the same answer whatever its arguments" in result.message, result.message


@pytest.mark.parametrize("name", sorted(set(WITH_ARGUMENTS) - RANDOM))
def test_the_right_answers_read_off_in_order_do_not_pass(name):
    given = [got for _, got in asked(name)]
    turn = iter(given * 3)
    result = check_of(name)(lambda *arguments: next(turn))
    assert result.passed is False, result.message


# how often to draw changes nothing but the scatter; the curve of training text is there to tempt
FREE = {("transition.seed_interval", 3), ("training_time.patience_stop", 0)}


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
def test_no_argument_may_be_ignored(name):
    calls = asked(name)
    for i in range(len(calls[0][0])):
        if (name, i) in FREE:
            continue
        frozen = calls[0][0][i]

        def ignores(*arguments, i=i, frozen=frozen):
            return ANSWERS[name](*arguments[:i], frozen, *arguments[i + 1 :])

        result = check_of(name)(ignores)
        assert result.passed is False, f"argument {i} may be ignored"

"""Exercises: what a check answers, and that it never raises."""

from __future__ import annotations

import functools

import pytest
import torch

from uddm_mini.teaching.answers import as_tensor, ask, wrong
from uddm_mini.teaching.exercises import Check, exercise


def judge_double(answer):
    x = torch.tensor([1.0, 2.0])
    got = as_tensor(ask(answer, x), (2,))
    if torch.allclose(got, x.double() ** 2):
        wrong("You squared <x>; doubling adds x to itself.")
    if not torch.allclose(got, 2 * x.double()):
        wrong("Each entry should be twice what it was.")
    return "Right."


double = Check(judge_double, "1.1 Double it")


def spoil(x):
    x *= 2  # in place: must not change what the check compares with
    return x


def crash(x):
    y = x.sum()
    return y / undefined_name  # noqa: F821


def leave(x):
    raise SystemExit(3)


def todo(x):
    raise NotImplementedError


def nothing(x):
    """Do nothing."""


def empty(x):
    pass


class Idle:
    def __call__(self, x): ...


def forgets(x):
    """Double x, and keep it to oneself."""
    x = 2 * x


def prints(x):
    print(2 * x)


class IdleModel(torch.nn.Module):
    def forward(self, x): ...


class Busy(torch.nn.Module):
    def forward(self, x):
        self.last = 2 * x


@pytest.mark.parametrize(
    ("answer", "passed", "words"),
    [
        (lambda x: 2 * x, True, "Right."),
        (lambda x: [2, 4], True, "Right."),
        (spoil, True, "Right."),
        (lambda x: x**2, False, "squared <x>"),
        (lambda x: 3 * x, False, "twice"),
        (lambda x: x.sum(), False, "shape [], but should have [2]"),
        (lambda x: "four", False, "number or a tensor, but came as str 'four'"),
        (lambda: 4, False, "could not be called"),
        (crash, False, "in its line 3: return y / undefined_name"),
        (leave, False, "SystemExit: 3"),
        (torch.zeros(2), False, "without parentheses"),
        (lambda x: None, None, "Replace the ..."),
        (lambda x: ..., None, "Replace the ..."),
        (nothing, None, "Replace the ..."),
        (empty, None, "Replace the ..."),
        (torch.no_grad()(nothing), None, "Replace the ..."),
        (functools.partial(lambda y, x: None, 1), None, "Replace the ..."),
        (Idle(), None, "Replace the ..."),
        (IdleModel(), None, "Replace the ..."),
        (forgets, False, "Is a `return` missing?"),
        (prints, False, "Is a `return` missing?"),
        (torch.no_grad()(forgets), False, "Is a `return` missing?"),
        (functools.partial(lambda y, x: prints(x), 1), False, "Is a `return` missing?"),
        (print, False, "Is a `return` missing?"),  # no Python code to look at
        (Busy(), False, "Is a `return` missing?"),
        (lambda x: x[:1], False, "Your answer came with shape [1], but should have [2]"),
        (todo, None, "Replace the ..."),
        (None, None, "Replace the ..."),
        (..., None, "Replace the ..."),
    ],
)
def test_a_check_answers_and_never_raises(answer, passed, words):
    result = double(answer)
    assert result.passed is passed
    assert words in result.message
    assert result.title in repr(result)


def test_a_check_without_an_answer_says_what_to_pass():
    assert double().passed is None


def test_a_check_survives_an_answer_that_it_did_not_foresee():
    def judge(answer):
        return "ok" if ask(answer) > 3 else wrong("too small")

    broken = Check(judge, "1.2")
    assert broken(5).passed is True
    assert broken(2).message == "too small"
    result = broken("a word")
    assert result.passed is False and "TypeError" in result.message


def test_results_escape_what_the_student_wrote():
    html = double(lambda x: x**2)._repr_html_()
    assert "&lt;x&gt;" in html and "<x>" not in html
    assert "not yet" in html  # the verdict is a word, not a color only


def test_two_exercises_of_a_chapter_have_two_numbers(monkeypatch):
    monkeypatch.setattr("uddm_mini.teaching.exercises.EXERCISES", {})

    def first(answer):
        return ""

    def second(answer):
        return ""

    first.__module__ = second.__module__ = "uddm_mini.chapters.sampling"
    assert exercise(1, "One", level="core", minutes=5)(first).title == "10.1 One"
    with pytest.raises(ValueError, match="two exercises sampling-1; give second another number"):
        exercise(1, "Two", level="core", minutes=5)(second)

"""How a check asks the student's code, with copies and the same randomness each time, and compares what it gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from uddm_mini.teaching.answers import TOLERANCE, Wrong, ask, close, compare, questions
from uddm_mini.teaching.exercises import Check


def test_ask_fixes_global_randomness_and_restores_it():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (ask(lambda: torch.rand(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


def test_ask_copies_generators_arrays_and_lists_and_keeps_gradients():
    generator, array, inside = torch.Generator().manual_seed(1), np.zeros(2), [torch.zeros(2)]
    before = generator.get_state()
    weight = torch.ones(2, requires_grad=True)

    def meddle(g, a, xs, w):
        torch.rand(4, generator=g)
        a += 1
        xs[0] += 1
        return w.requires_grad

    assert ask(meddle, generator, array, inside, weight) is True
    assert torch.equal(generator.get_state(), before)
    assert array.sum() == 0 and inside[0].sum() == 0


def verdict(got, right=2.0, slips=None, **more):
    """Return the sentence of a comparison, "" if the answer is right."""
    try:
        compare(got, right, slips, "Hint.", **more)
    except Wrong as signal:
        return str(signal)
    return ""


SLIPS = {"half": 1, "either": (5.0, 2.5), "found": False, "first": 3, "second": 3, "all": True}


@pytest.mark.parametrize(
    ("got", "sentence"),
    [
        (2, ""),
        (torch.tensor([[2.0]]), ""),
        (1.0, "half"),
        (np.float32(2.5), "either"),
        (5, "either"),
        (3, "first"),
        (7, "all"),
        (float("nan"), "all"),
        (
            [1, 2],
            "Your answer came with shape [2], but should have []. One number is asked for, but your answer has 2.",
        ),
        ("two", "Your answer should be a number or a tensor, but came as str 'two'."),
    ],
)
def test_an_answer_gets_the_sentence_of_the_first_slip_that_it_shows(got, sentence):
    assert verdict(got, slips=SLIPS) == sentence


def test_what_is_no_slip_gets_the_last_sentence():
    assert verdict(7) == verdict(7, slips={"half": 1}) == "You return 7, but it should be 2. Hint."
    assert verdict([1, 0.5], torch.tensor([1.0, 1 / 3])) == "You return (1, 0.5), but it should be (1, 0.33333). Hint."
    large = torch.eye(3).index_put((torch.tensor(2), torch.tensor(1)), torch.tensor(0.25))
    assert verdict(large, torch.eye(3)) == "Your entry [2, 1] is 0.25, but it should be 0. Hint."
    assert verdict(False, True) == "You say False, but it is True. Hint."
    assert verdict(float("nan")).startswith("You return nan, but it should be 2. Hint. 0 times log 0 counts as 0")


def test_tables_are_compared_in_their_shape_and_a_slip_of_another_shape_is_none():
    right = torch.tensor([[1.0, 2.0]])
    assert verdict([[1, 2]], right) == verdict([1, 2], right) == ""
    assert verdict([2, 1], right, {"number": 2.0, "turned": right.flip(1)}) == "turned"


@pytest.mark.parametrize(
    ("got", "sentence"), [(True, ""), (1, ""), (False, "no"), (2, "Return True or False; you return int 2.")]
)
def test_yes_and_no(got, sentence):
    assert verdict(got, True, {"no": True}) == sentence


def test_one_tolerance_for_all():
    assert close(1000 * (1 + TOLERANCE / 2), 1000) and not close(1000 * (1 + 2 * TOLERANCE), 1000)
    assert close(np.float32(1 / 3), 1 / 3)
    assert close(1e-6, 0) and not close(1e-4, 0) and not close(1e-4, 0, 0.1)
    assert close(3, 3, 0) and not close(3 + 1e-9, 3, 0)
    assert not close(float("nan"), float("nan"))
    assert close(float("inf"), float("inf"))


def test_questions_make_a_check_of_a_judge_of_one_answer():
    @questions(lambda: [(1, torch.tensor([2.0]), 3), (3, torch.tensor([4.0]), 7)], "At {a} and {b}", hidden=1)
    def total(a: int, b: torch.Tensor, right: int, got: int) -> str:
        """Add."""
        compare(got, right, {"You forget the second.": a})
        return "Right."

    check = Check(total, "1.1 Add")
    assert (check.__name__, check.__doc__) == ("total", "Add.")
    assert check(lambda a, b: a + b).message == "Right."
    assert check(lambda a, b: a).message == "At 1 and [2.0]: You forget the second."
    assert check(lambda a, b: 2 * b).message == "At 1 and [2.0]: You return 4, but it should be 3."

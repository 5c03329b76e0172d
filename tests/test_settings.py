"""Settings inside settings: changed by name, all at once, and told as plain dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from uddm_mini.settings import changed, flat, leaves, option, whole_numbers, with_changes


@dataclass(frozen=True)
class Shape:
    width: int = option(4, "how wide")
    parts: int = option(2, "in so many parts")
    name: str = "shape"

    def __post_init__(self):
        if self.width % self.parts:
            raise ValueError("width must be a multiple of parts")


@dataclass(frozen=True)
class Inner:
    shape: Shape = field(default_factory=Shape)
    steps: int = option(10, "how many", ())
    kind: str = option("a", "which", ("a", "b"))


@dataclass(frozen=True)
class Outer:
    first: Inner = field(default_factory=Inner)
    second: Shape = field(default_factory=lambda: Shape(6, 3, "second"))
    kind: str = "x"
    times: tuple[float, ...] = (0.5, 1.0)


def test_leaves_are_all_fields_that_are_no_settings_the_outermost_first():
    paths = [".".join(path) for path, _ in leaves(Outer())]
    assert paths == [
        *("kind", "times", "first.steps", "first.kind", "first.shape.width", "first.shape.parts", "first.shape.name"),
        *("second.width", "second.parts", "second.name"),
    ]
    told = {".".join(path): leaf.metadata for path, leaf in leaves(Outer())}
    assert told["first.kind"] == {"help": "which", "choices": ("a", "b")} and told["kind"] == {}


def test_a_name_belongs_to_the_outermost_and_there_to_the_first():
    changed_ = with_changes(Outer(), {"kind": "y", "steps": 3, "width": 9, "parts": 3, "name": "n"})
    assert changed_.kind == "y" and changed_.first.kind == "a" and changed_.first.steps == 3
    assert changed_.second == Shape(9, 3, "n") and changed_.first.shape == Shape()
    assert with_changes(Outer(), {}) == Outer()


def test_whole_settings_can_be_given_and_changed_in_the_same_call():
    found = with_changes(Outer(), {"steps": 3, "first": Inner(Shape(8, 4), 7, "b")})
    assert found.first == Inner(Shape(8, 4), 3, "b")
    assert with_changes(Outer(), {"shape": Shape(8, 8)}).first == Inner(Shape(8, 8))
    assert with_changes(Outer(), {"second": Shape(1, 1), "name": "one"}).second == Shape(1, 1, "one")


def test_changes_count_together_in_any_order():
    for names in (("width", "parts"), ("parts", "width")):  # neither of them is possible alone
        values = {"width": 9, "parts": 9}
        assert with_changes(Shape(), {name: values[name] for name in names}) == Shape(9, 9)
    with pytest.raises(ValueError, match="multiple of parts"):
        with_changes(Shape(), {"width": 9})
    paths = {("first", "shape", "width"): 5, ("first", "shape", "parts"): 5, ("second",): Shape(2, 1)}
    assert changed(Outer(), paths) == Outer(Inner(Shape(5, 5)), Shape(2, 1))


def test_an_unknown_name_is_told_with_the_known_ones():
    known = "first, kind, name, parts, second, shape, steps, times, width"
    with pytest.raises(TypeError, match=f"There is no setting 'color', 'size'; there are {known}."):
        with_changes(Outer(), {"color": 1, "kind": "y", "size": 2})


def test_settings_are_told_flat_whether_they_are_objects_or_dictionaries():
    expected = {"width": 4, "parts": 2, "name": "shape"}
    assert flat(Shape()) == expected
    nested = {"a": {"b": {"c": 1}, "d": [1, 2]}, "e": {}}
    assert flat(nested) == {"a.b.c": 1, "a.d": [1, 2]}
    assert flat(Outer())["first.shape.width"] == 4 and flat(Outer())["times"] == (0.5, 1.0)


def test_whole_numbers_are_python_s_and_nothing_else_is_taken_for_one():
    @dataclass(frozen=True)
    class Count:
        n: int = 1

        def __post_init__(self):
            whole_numbers(self, "n")

    assert type(Count(np.int64(3)).n) is int and Count(True).n == 1
    for wrong in (3.0, "3", None):
        with pytest.raises(TypeError, match=f"n must be a whole number, but is {wrong!r}"):
            Count(wrong)

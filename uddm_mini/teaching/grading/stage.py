"""What a student's notebook finds in place of the package; loaded without the package."""

from __future__ import annotations

import builtins
import importlib
import io
import json
import math
import os
import random
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
import torch

MOVING = ("__warningregistry__", "_", "__builtins__", "__spec__", "__loader__", "__annotations__", "__doc__")


class Printed(io.TextIOBase):
    """Standard output that nobody reads."""

    def write(self, text: str) -> int:
        """Drop a text."""
        return len(text)


class Noted(ModuleType):
    """What the notebook imports as the checks of a chapter: notes which answer was given to which check."""

    def __init__(self, name: str, calls: dict[str, list[tuple[Any, ...]]]) -> None:
        super().__init__(name)
        self.__dict__["_calls"] = calls

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Asked(self._calls.setdefault(f"{self.__name__}.{name}", []))


class Asked:
    """One check: it notes what it is given, and says nothing."""

    def __init__(self, given: list[tuple[Any, ...]]) -> None:
        self._given = given

    def __call__(self, *answers: Any, **_: Any) -> None:
        """Note the answers."""
        self._given.append(answers)

    def points(self, of: float, *answers: Any) -> float:
        """Note the answers of the cell that nbgrader grades."""
        self._given.append(answers)
        return 0


class Closed:
    """Finds no module of the package: what grading gives away has been put in place before."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Refuse the package, and leave all other modules to others."""
        if name.split(".")[0] == "uddm_mini":
            raise ModuleNotFoundError(f"{name} is not there while answers are graded; write it yourself.")


def stand_ins(chapters: list[str], given: list[list[str]], root: str) -> dict[str, list[tuple[Any, ...]]]:
    """Put a package in place that has the names `given` ([module, name]) and notes what is given to the checks."""
    real = {}
    if given:
        sys.path.insert(0, root)
        real = {(m, n): getattr(importlib.import_module(m), n) for m, n in given}
        sys.path.remove(root)
    for name in [name for name in sys.modules if name.split(".")[0] == "uddm_mini"]:
        del sys.modules[name]
    sys.meta_path[:] = [Closed(), *(f for f in sys.meta_path if "editable" not in str(getattr(f, "__module__", "")))]
    calls: dict[str, list[tuple[Any, ...]]] = {}
    names = {"uddm_mini", "uddm_mini.chapters", "uddm_mini.teaching", *(module for module, _ in given)}
    names |= {m.rsplit(".", k)[0] for m, _ in given for k in range(m.count("."))}
    modules: dict[str, ModuleType] = {name: ModuleType(name) for name in names}
    modules |= {f"uddm_mini.chapters.{c}": Noted(c, calls) for c in chapters}
    modules["uddm_mini.teaching.statements"] = statements = ModuleType("statements")
    statements.says = lambda *_, **__: None  # type: ignore[attr-defined]
    for name in sorted(modules):
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(modules[parent], last, modules[name])
        modules[name].__dict__.setdefault("__path__", [])
        modules[name].__spec__ = ModuleSpec(name, None, is_package=True)  # the setup cell looks for it
    for (module, name), value in real.items():
        setattr(modules[module], name, value)
    sys.modules.update(modules)
    return calls


class Originals:
    """The functions of PyTorch, NumPy and Python as they were, and their return after somebody replaced them."""

    def __init__(self) -> None:
        where = [builtins, math, random, json, os, torch, torch.nn.functional, torch.special, torch.linalg, np]
        places: list[Any] = [*where, np.random, torch.random, torch.Tensor, torch.Generator]
        self.before = [(place, dict(vars(place))) for place in places]

    def restore(self) -> list[str]:
        """Undo what was replaced, and return the names."""
        found = []
        for place, before in self.before:
            now = vars(place)
            for name in [n for n, v in before.items() if now.get(n, ...) is not v and n not in MOVING]:
                found.append(f"{place.__name__}.{name}")
                setattr(place, name, before[name])
        return found

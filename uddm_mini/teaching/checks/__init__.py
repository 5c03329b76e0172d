"""Automatic answers to the exercises, one module per chapter: `checks.learning.jump_weight(my_function)`."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from ._core import Result

__all__ = ["Result", "chapters"]


def chapters() -> list[str]:
    """List the chapters that have checks."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def __getattr__(name: str) -> ModuleType:
    # a chapter's checks are loaded when they are first used, so that one unfinished chapter harms no other
    if name.startswith("_") or name not in chapters():
        raise AttributeError(f"There are no checks called {name!r}; the chapters with checks are {chapters()}.")
    return importlib.import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return [*__all__, *chapters()]

"""What belongs to one chapter: its checks in the module of its name, and its figures in a module beside it."""

from __future__ import annotations

import importlib

from uddm_mini.teaching.exercises import CHAPTERS, EXERCISES, Exercise

__all__ = ["CHAPTERS", "exercises"]


def exercises() -> dict[str, Exercise]:
    """Return all exercises of the book by id, such as "sampling-1", in the order of the chapters."""
    for chapter in CHAPTERS:
        importlib.import_module(f"{__name__}.{chapter}")
    found = [exercise for exercise in EXERCISES.values() if exercise.chapter in CHAPTERS]
    return {e.id: e for e in sorted(found, key=lambda e: (CHAPTERS.index(e.chapter), e.number))}

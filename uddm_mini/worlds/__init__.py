"""Where sentences come from: languages with exact probabilities, and real text."""

from collections.abc import Callable

from .toy_language import ToyLanguage
from .world import World as World

WORLDS: dict[str, Callable[[], ToyLanguage]] = {"toy": ToyLanguage}

__all__ = ["ToyLanguage"]

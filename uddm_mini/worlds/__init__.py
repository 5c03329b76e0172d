"""Where sentences come from: languages with exact probabilities, and real text."""

from collections.abc import Callable

from .kitchen import kitchen
from .toy_language import ToyLanguage
from .world import World as World


def kitchen_language() -> ToyLanguage:
    """Return the second language, on which nothing was tuned."""
    return ToyLanguage(kitchen(), "kitchen")


WORLDS: dict[str, Callable[[], ToyLanguage]] = {"toy": ToyLanguage, "kitchen": kitchen_language}

__all__ = ["ToyLanguage"]

"""Where sentences come from: languages with exact probabilities, and real text."""

from collections.abc import Callable

from .drawn import Language
from .grammar import english as toy  # `english` is a module of this folder
from .grown import mixed, repeated, versions
from .kitchen import kitchen
from .noisy import NoisyLanguage
from .toy_language import ToyLanguage
from .world import World as World

WORLDS: dict[str, Callable[[], Language]] = {
    "toy": ToyLanguage,
    "kitchen": lambda: ToyLanguage(kitchen(), "kitchen"),  # on which nothing was tuned
    "misprints": lambda: NoisyLanguage(ToyLanguage(), 0.05, "misprints"),
    "mixed": lambda: ToyLanguage(mixed(toy(), kitchen()), "mixed"),
    "long2": lambda: ToyLanguage(repeated(toy(), 2), "long2"),
    "words2": lambda: ToyLanguage(versions(toy(), 2), "words2"),
    "words4": lambda: ToyLanguage(versions(toy(), 4), "words4"),
}

__all__ = ["ToyLanguage"]

"""Where sentences come from: languages with exact probabilities, and real text."""

from collections.abc import Callable

from .drawn import Language
from .grammar import english as toy  # `english` is a module of this folder
from .grown import closed, mixed, repeated, versions
from .kitchen import kitchen
from .noisy import NoisyLanguage
from .toy_language import ToyLanguage
from .world import World as World


def kitchen_language() -> ToyLanguage:
    """Return the second language, on which nothing was tuned."""
    return ToyLanguage(kitchen(), "kitchen")


def misprints() -> NoisyLanguage:
    """Return the toy language with one word in twenty redrawn."""
    return NoisyLanguage(ToyLanguage(), 0.05, "misprints")


def mixed_language() -> ToyLanguage:
    """Return the toy language and the kitchen's, a sentence of each equally often."""
    return ToyLanguage(mixed(toy(), kitchen()), "mixed")


def closed_language() -> ToyLanguage:
    """Return the toy language with almost nothing left open."""
    return ToyLanguage(closed(toy()), "closed")


def long2() -> ToyLanguage:
    """Return the language of two sentences in a row."""
    return ToyLanguage(repeated(toy(), 2), "long2")


def words2() -> ToyLanguage:
    """Return two toy languages that share no word."""
    return ToyLanguage(versions(toy(), 2), "words2")


def words4() -> ToyLanguage:
    """Return four toy languages that share no word."""
    return ToyLanguage(versions(toy(), 4), "words4")


WORLDS: dict[str, Callable[[], Language]] = {
    "toy": ToyLanguage,
    "kitchen": kitchen_language,
    "misprints": misprints,
    "mixed": mixed_language,
    "closed": closed_language,
    "long2": long2,
    "words2": words2,
    "words4": words4,
}

__all__ = ["ToyLanguage"]

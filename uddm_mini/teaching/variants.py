"""Other meanings of an exercise: each with its sentence, its own right answer, and questions that tell them apart."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .answers import TOLERANCE, Cases, close, compare, questions
from .draws import Draw

TRIES = 200  # draws of questions, until they tell a variant from all others
PUBLIC = b"the questions that everybody may see"
BOOK = "That answers the exercise as it stands in the book. Your variant asks for something else: read it again."
OTHER = "That answers another variant of this exercise, not yours. Read again what yours asks for."


@dataclass(frozen=True)
class Variant:
    """Another meaning. asks: the sentence that a student reads; right: the right answer to a question."""

    asks: str
    right: Callable[..., Any]


@dataclass(frozen=True)
class Meanings:
    """What an exercise can ask for.

    plain: the right answer to the exercise of the book; its parameters are those of the question
    cases: questions, each a tuple of arguments, that follow from a draw
    about: what stands before the sentence on a wrong answer, with the parameters of `plain` in braces
    """

    plain: Callable[..., Any]
    variants: Mapping[str, Variant]
    cases: Callable[[Draw], Cases]
    about: str = ""
    within: float = TOLERANCE

    def drawn(self, name: str, draw: Draw) -> Cases:
        """Return questions by which this variant differs from every other, and from the exercise of the book."""
        right = self.variants[name].right
        for _ in range(TRIES):
            cases = self.cases(draw)
            mine = [right(*case) for case in cases]
            if all(
                any(not close(a, other(*case), max(self.within, 1e-3)) for a, case in zip(mine, cases, strict=True))
                for other in self._others(name)
            ):
                return cases
        raise RuntimeError(f"No questions were found that tell the variant {name} from the others.")

    def _others(self, name: str) -> list[Callable[..., Any]]:
        return [self.plain, *(other.right for key, other in self.variants.items() if key != name)]

    def asked(self, name: str) -> Callable[..., str]:
        """Return the check of a variant; what is right for another one gets a sentence of its own."""
        variant, (book, *others) = self.variants[name], self._others(name)

        @functools.wraps(self.plain)  # the sentence before a wrong answer uses its parameters
        def judge(*items: Any) -> str:
            *case, got = items
            slips = {BOOK: _value(book(*case)), OTHER: tuple(_value(other(*case)) for other in others)}
            compare(got, _value(variant.right(*case)), slips, f"Your variant: {variant.asks}", within=self.within)
            return "Right, as your variant asks for it."

        return questions(lambda: self.drawn(name, Draw(PUBLIC)), self.about)(judge)


def _value(right: Any) -> Any:
    """Return an answer as `compare` takes it: a tuple would be several."""
    return list(right) if isinstance(right, tuple) else right

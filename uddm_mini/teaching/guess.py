"""A guess that the reader enters where a chapter begins, and that comes back beside the answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape

from .live import Turnable


@dataclass(frozen=True)
class Guess:
    """A number that the reader is asked for: `question`, from `min` to `max` in steps of `step`, in `unit`.

    `asked` shows the question; `answered` shows the guess beside what was found. Where both are on one page the guess
    is entered once; otherwise the second asks again. It is remembered in the page and nowhere else.
    """

    question: str
    min: float
    max: float
    step: float
    unit: str = ""

    def __post_init__(self) -> None:
        if not (self.min < self.max and self.step > 0):
            raise ValueError(f"A guess lies between min < max, in steps above 0; {self.min}, {self.max}, {self.step}.")

    def asked(self) -> Turnable:
        """Return the question as a piece of a page."""
        return self._piece("Your prediction", "", self.question)

    def answered(self, answer: str) -> Turnable:
        """Return the answer, a sentence, with the guess before it."""
        return self._piece("Your prediction, and the answer", answer, answer)

    def _piece(self, label: str, answer: str, told: str) -> Turnable:
        data = {"label": label, "ask": asdict(self), "answer": answer}
        return Turnable("guess", data, f"<p>{escape(told)}</p>", told)

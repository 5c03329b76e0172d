"""The grader's side: the functions of a student's process as if they were here, and what it may ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uddm_mini.teaching.calls import copied
from uddm_mini.worlds.grammar import Choice, Grammar, Slot

from .encoding import decode, encode

RECORDS = {"Choice": Choice, "Slot": Slot, "Grammar": Grammar}
# what an answer may use of an object that it is given; everything else of it stays here
OPEN = {"ToyLanguage": ("log_prob", "encode", "decode", "words", "vocab_size", "length", "n_sentences")}


class Served:
    """What stays with the grader while an answer uses it: functions and objects that a check gave it."""

    def __init__(self) -> None:
        self.things: list[Any] = []

    def keep(self, thing: Any) -> int:
        """Keep a function or an object, and return its number."""
        self.things.append(thing)
        return len(self.things) - 1

    def reply(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer a question of the worker; what is not open to it is an error there."""
        try:
            thing = self.things[int(question["ask"])]
            if "get" in question:
                name = str(question["get"])
                if name not in OPEN.get(type(thing).__name__, ()):
                    raise AttributeError(f"{name} is not open to an answer; compute it yourself.")
                return {"value": encode(getattr(thing, name), self.keep)}
            arguments = decode(question["args"])
            named = {str(k): decode(v) for k, v in question["named"].items()}
            return {"value": encode(thing(*arguments, **named), self.keep)}
        except Exception as error:  # of the student's making
            return {"error": type(error).__name__, "text": str(error)[:500]}


class Remote:
    """A function of the student, which runs in the student's process."""

    def __init__(
        self, call: Callable[[int, str, tuple[Any, ...], dict[str, Any]], Any], number: int, name: str
    ) -> None:
        self.call, self.number = call, number
        self.__name__ = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Return what the student's function gives; Stopped if it does not give anything."""
        return self.call(self.number, self.__name__, copied(arguments), named)

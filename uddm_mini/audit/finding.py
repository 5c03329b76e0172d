"""One thing that an audit found: a sentence with a number in it, a small table, and what it does not show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from uddm_mini.probes.roc import Interval

Row = Mapping[str, Any]
TITLES = {
    "probe": "Does the model recite, or has it learned the language?",
    "recovery": "Which changed words come back?",
    "texts": "Are the two texts alike?",
    "membership": "Can anybody tell what it was trained on?",
    "extraction": "Does training text come out word for word?",
    "exposure": "How far do planted sentences stand out?",
}


@dataclass(frozen=True)
class Finding:
    """What one section of an audit found.

    name: the section; `title` asks its question in plain words.
    applies: False if there was nothing to measure; then `sentence` says why not.
    sentence: what was found, with its number and interval.
    number: the number of the sentence, with `low` and `high`.
    table: a row for each number of the section.
    notes: what the reader has to know, and what this does not show.
    facts: more numbers, by name.
    text: sentences of the model or of the texts, only if they were asked for.
    """

    name: str
    applies: bool
    sentence: str
    number: Interval | None = None
    table: Sequence[Row] = ()
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    text: Sequence[str] = ()

    @property
    def title(self) -> str:
        """Return the question that the section answers."""
        return TITLES[self.name]

    def told(self) -> dict[str, Any]:
        """Return everything as JSON can hold it: numbers that are missing are None."""
        number = self.number and {"value": self.number.value, "low": self.number.low, "high": self.number.high}
        return {
            "name": self.name,
            "title": self.title,
            "applies": self.applies,
            "sentence": self.sentence,
            "number": plain(number),
            "table": plain(list(self.table)),
            "notes": list(self.notes),
            "facts": plain(dict(self.facts)),
            "text": list(self.text),
        }


def found_before(told: Mapping[str, Any]) -> Finding:
    """Return a Finding from what `told` wrote."""
    number = told["number"] and Interval(**{k: math.nan if v is None else v for k, v in told["number"].items()})
    kept = {name: told[name] for name in ("name", "applies", "sentence", "table", "notes", "facts", "text")}
    return Finding(**kept, number=number)


def missing(name: str, reason: str) -> Finding:
    """Return the finding of a section that does not apply."""
    return Finding(name, False, reason)


def plain(value: Any) -> Any:
    """Return a value with Python's own numbers, and None for what is missing, infinite or not a number."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def percent(value: float) -> str:
    """Return a share as percent, as precise as a reader needs: 0 %, 0.4 %, 12 %."""
    if math.isnan(value):
        return "nothing"
    return f"{100 * value:.0f} %" if value in (0, 1) or 0.0995 <= value <= 0.99 else f"{100 * value:.1f} %"


def spread(interval: Interval, show: Any = percent) -> str:
    """Return "12 % (95 % interval 9 % to 16 %)"."""
    return f"{show(interval.value)} (95 % interval {show(interval.low)} to {show(interval.high)})"


def plain_number(value: float) -> str:
    """Return a number with two decimals."""
    return f"{value:.2f}"

"""The numbers in the text beside the reader's own: shown and compared, and never an error on a reader's machine."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from uddm_mini.doors import showable

MODE = "UDDM_STATEMENTS"  # "raise" in `make test`: there, a number that differs is a failure
RECORD = "UDDM_STATEMENTS_FILE"  # a file that collects every statement, for the table of spreads


class DisagreementError(Exception):
    """A number in the text does not hold here; raised only where the book is tested."""


@dataclass(frozen=True)
class Statement:
    """A sentence of the text, the number found here, and the limits `low` and `high` (nats, shares, counts)."""

    what: str
    value: float
    low: float
    high: float

    @property
    def agrees(self) -> bool:
        """Tell whether the number found here lies within the limits."""
        return self.low <= self.value <= self.high

    @property
    def expected(self) -> str:
        """Say in words what the text has."""
        if self.low == self.high:
            return f"{self.low:.6g}"
        if math.isinf(self.high):
            return f"above {self.low:.4g}"
        if math.isinf(self.low):
            return f"below {self.high:.4g}"
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        return f"{middle:.4g} ± {half:.2g}"

    def __str__(self) -> str:
        mark, word = ("✔", "here") if self.agrees else ("✘", "differs here:")
        return showable(f"{mark} {self.what} · text {self.expected} · {word} {self.value:.4g}")


def says(
    what: str,
    value: Any,
    text: float | bool | None = None,
    within: float = 0.0,
    *,
    above: float | None = None,
    below: float | None = None,
) -> None:
    """Print a number of the text beside the one found here, and whether they agree; on a reader's machine never raise.

    what: which number, in a few words that no other statement of the book has
    value: what was computed here; of several numbers the one farthest from the text counts, and of none nothing agrees
    text, within: the number in the text and how far from it still agrees; a bare `value` must be true
    above, below: or a limit in the text, or two; at least 4 standard deviations away (`make spread`)

    Environment: UDDM_STATEMENTS=raise turns a difference into a DisagreementError; UDDM_STATEMENTS_FILE=name appends
        every statement to that file, as one line of JSON.
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()  # of a model in training, or on a GPU
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()
    for statement in _statements(what, numbers, text, within, above, below):
        print(statement)
        if path := os.environ.get(RECORD):
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(statement)) + "\n")
        if os.environ.get(MODE) == "raise" and not statement.agrees:
            raise DisagreementError(str(statement))


def _statements(
    what: str, numbers: np.ndarray, text: float | None, within: float, above: float | None, below: float | None
) -> list[Statement]:
    """Reduce the numbers to the one that is nearest to disagreeing, for each limit."""
    if not numbers.size:
        numbers = np.array([math.nan])  # which agrees with nothing
    if above is None and below is None:
        middle = 1.0 if text is None else float(text)
        worst = float(numbers[np.abs(numbers - middle).argmax()])  # argmax finds a NaN, too
        return [Statement(what, worst, middle - within, middle + within)]
    if text is not None:
        raise ValueError(f"{what!r} has both a number and a limit; give one of them.")
    low, high = (-math.inf if above is None else above), (math.inf if below is None else below)
    if numbers.size == 1:
        return [Statement(what, float(numbers[0]), low, high)]
    least = Statement(f"{what}, least", float(numbers.min()), low, math.inf)
    most = Statement(f"{what}, most", float(numbers.max()), -math.inf, high)
    return [s for s, limit in ((least, above), (most, below)) if limit is not None]

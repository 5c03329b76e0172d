"""How a model is audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from uddm_mini.settings import option, whole_numbers

Encode = Callable[[list[str]], torch.Tensor]
SECTIONS = ("probe", "recovery", "texts", "membership", "extraction", "exposure")


@dataclass(frozen=True)
class AuditSettings:
    """How a model is audited; all but `out`, `encode` and `progress` stand in the report.

    out: folder for report.json and report.html; None writes nothing. Given again, what is there is not measured again.
    encode: turns a list of strings into token ids int64[n, L], for a model that does not know its words.
    ignore: token ids that never count, such as padding; None: those of the model's words.
    copies: how often each of the `canaries` stood in the training text, one number for each.
    sections: which parts to measure, of "probe", "recovery", "texts", "membership", "extraction" and "exposure".
    command: what was typed, for the report.
    progress: a bar in a terminal or a notebook.
    """

    out: str | Path | None = None
    encode: Encode | None = None
    ignore: Sequence[int] | None = None
    copies: Sequence[int] | None = None
    sections: tuple[str, ...] = SECTIONS
    command: str = ""
    progress: bool = True
    sentences: int = option(512, "most sentences of each kind that are measured")
    writing_steps: int = option(32, "steps of the reverse walk that writes new text")
    times: tuple[float, ...] = option((0.05, 0.1, 0.25, 0.5, 1.0), "noise levels from which text is brought back")
    basins: int = option(8, "sentences of each kind whose basin of attraction is measured; 0: none")
    corruptions: int = option(16, "corruptions of such a sentence with each number of changed words")
    extracted: int = option(32, "sentences of each kind of which half is given and the rest asked for")
    tries: int = option(8, "times that this rest is written")
    candidates: int = option(255, "other sentences that a planted one is compared with")
    numbers: int = option(2**25, "most numbers in an answer of the model; fewer take less memory")
    seed: int = option(0, "decides every draw")
    show_text: bool = option(False, "show sentences in the report; without it, it holds numbers only")

    def __post_init__(self) -> None:
        least_one = ("sentences", "writing_steps", "corruptions", "extracted", "tries", "candidates", "numbers")
        whole_numbers(self, *least_one, "basins", "seed")
        if unknown := [name for name in self.sections if name not in SECTIONS]:
            raise ValueError(f"There is no section {unknown[0]!r}; there are {', '.join(SECTIONS)}.")
        for name in least_one:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, but is {getattr(self, name)}.")
        if self.basins < 0:
            raise ValueError(f"basins must be at least 0, but is {self.basins}.")
        if not self.times or not all(0 < t <= 1 for t in self.times):
            raise ValueError(f"times must be noise levels above 0 and up to 1, at least one; they are {self.times}.")

    def told(self) -> dict[str, Any]:
        """Return what decides the numbers, as JSON can hold it."""
        kept = {name: value for name, value in asdict(self).items() if name not in NOT_TOLD}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


NOT_TOLD = ("out", "encode", "ignore", "copies", "command", "progress")  # elsewhere in the report, or decide nothing

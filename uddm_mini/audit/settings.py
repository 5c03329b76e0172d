"""How a model is audited."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from uddm_mini.settings import option, whole_numbers

Encode = Callable[[list[str]], torch.Tensor]
LEAST_ONE = (
    *("sentences", "writing_steps", "corruptions", "draws", "votes"),
    *("extracted", "tries", "filling_steps", "candidates", "numbers"),
)
QUICK: dict[str, Any] = {
    "sentences": 100,  # strangers; with fewer than 99, nobody sees one false alarm in a hundred
    "writing_steps": 16,
    "times": (0.1, 0.25, 0.5),
    "basins": 2,
    "corruptions": 4,
    "draws": 8,
    "votes": 2,
    "extracted": 8,
    "tries": 2,
    "filling_steps": 12,
    "corrections": 0,
    "candidates": 63,
}
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
    draws: int = option(16, "noise levels at which each sentence's cost is asked, for membership")
    votes: int = option(8, "times that each sentence is changed by each share of its words, for membership")
    extracted: int = option(32, "sentences of each kind of which half is given and the rest asked for")
    tries: int = option(8, "times that this rest is written")
    filling_steps: int = option(16, "steps of the walk that writes it")
    corrections: int = option(1, "Gibbs steps after each of them, of which each asks the model once more")
    candidates: int = option(255, "other sentences that a planted one is compared with")
    numbers: int = option(2**24, "most numbers in an answer of the model; fewer take less memory")
    seed: int = option(0, "decides every draw")
    show_text: bool = option(False, "show sentences in the report; without it, it holds numbers only")

    def __post_init__(self) -> None:
        whole_numbers(self, *LEAST_ONE, "basins", "corrections", "seed")
        if unknown := [name for name in self.sections if name not in SECTIONS]:
            raise ValueError(f"There is no section {unknown[0]!r}; there are {', '.join(SECTIONS)}.")
        for name in LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, but is {getattr(self, name)}.")
        for name in ("basins", "corrections"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, but is {getattr(self, name)}.")
        if not self.times or not all(0 < t <= 1 for t in self.times):
            raise ValueError(f"times must be noise levels above 0 and up to 1, at least one; they are {self.times}.")

    @classmethod
    def quick(cls, **changes: Any) -> AuditSettings:
        """Return settings with a tenth of the questions, for a first look, or for a tokenizer's vocabulary on a CPU.

        Every section asks about fewer sentences, so that intervals are wider; and extraction looks less hard (shorter
        walks, fewer tries, no corrections), so that less comes out. No report to quote. `changes` override them.
        """
        return cls(**{**QUICK, **changes})

    def told(self) -> dict[str, Any]:
        """Return what decides the numbers, as JSON can hold it."""
        kept = {name: value for name, value in asdict(self).items() if name not in NOT_TOLD}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


def looks_less_hard(told: Mapping[str, Any]) -> bool:
    """Return whether less training text may come out than with the usual settings, from what `told` returned."""
    usual = AuditSettings()
    return any(told[name] < getattr(usual, name) for name in ("tries", "filling_steps", "corrections"))


NOT_TOLD = ("out", "encode", "ignore", "copies", "command", "progress")  # elsewhere in the report, or decide nothing

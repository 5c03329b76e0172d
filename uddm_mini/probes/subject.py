"""One model under test: its text, what it writes, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zlib import crc32

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.sampling import sample
from uddm_mini.settings import option
from uddm_mini.walks import Walk
from uddm_mini.worlds.corpus import Corpus

from .entropy import conditional_entropy

SPLITS = ("train", "held-out")
Row = dict[str, Any]  # split, quantity, value, and t where it has one

# the fixed-point maps, and the noise level that each is told
MAPS: dict[str, tuple[Walk, float]] = {
    "iterate": (Walk("iterate"), 0.1),
    "cavity": (Walk("iterate", form="cavity"), 1e-3),
    "greedy": (Walk("greedy"), 0.1),
    "reverse": (Walk("reverse"), 0.1),
}


@dataclass(frozen=True)
class ProbeSettings:
    """How a model is measured; saved with the results."""

    times: tuple[float, ...] = option((0.05, 0.1, 0.25, 0.5, 1.0), "noise levels from which text is brought back")
    sentences: int = option(1024, "sentences measured of each kind of text; a smaller set is measured several times")
    entropy_t: float = option(1e-3, "noise level that the model is told when its entropy is measured")
    writing_steps: int = option(32, "steps of the reverse walk that writes new text")
    vanishing: tuple[float, ...] = option((0.01, 0.1), "nats below which the entropy of a word counts as vanished")
    walk: Walk = Walk("argmax")

    def __post_init__(self) -> None:
        if not self.times or not all(0 <= t <= 1 for t in (*self.times, self.entropy_t)):
            raise ValueError(
                f"times and entropy_t must be noise levels from 0 (clean) to 1 (noise), at least one; they are "
                f"{self.times} and {self.entropy_t}."
            )
        if min(self.sentences, self.writing_steps) < 1:
            raise ValueError(
                f"sentences and writing_steps must be at least 1, but are {self.sentences} and {self.writing_steps}."
            )


@dataclass(frozen=True)
class Subject:
    """A model under test, the sentences it was trained on, and all that a probe may ask for."""

    model: Denoiser
    corpus: Corpus
    x_train: torch.Tensor
    settings: ProbeSettings
    seed: int

    def text(self, split: str) -> torch.Tensor:
        """Return as many sentences of a split as the settings want, int64[n, L], some of them several times."""
        pool = self.x_train if split == "train" else self.corpus.held_out
        n = self.settings.sentences
        return pool.repeat(-(-n // len(pool)), 1)[:n].to(self.model.device)

    @cached_property
    def kinds(self) -> dict[str, torch.Tensor]:
        """Four kinds of text, each int64[B, L]: both splits, not repeated, what the model writes, random tokens."""
        n, device, generator = self.settings.sentences, self.model.device, self.draws("kinds")
        shape = (n, self.corpus.length)
        return {
            "train": self.x_train[:n].to(device),
            "held-out": self.corpus.held_out[:n].to(device),
            "generated": sample(self.model, *shape, self.settings.writing_steps, generator=generator),
            "random": torch.randint(self.corpus.vocab_size, shape, generator=generator).to(device),
        }

    def draws(self, name: str) -> torch.Generator:
        """Return the source of what one probe draws: its own, so that a new probe changes no number of another."""
        return torch.Generator().manual_seed(crc32(f"{name} {self.seed}".encode()))

    def entropies(self, split: str) -> torch.Tensor:
        """Return the cavity entropy of every token of one kind of text, float[B, L]."""
        return conditional_entropy(self.model, self.kinds[split], self.settings.entropy_t)

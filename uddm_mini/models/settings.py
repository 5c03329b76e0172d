"""The shape of a network."""

from __future__ import annotations

import math
from dataclasses import dataclass

from uddm_mini.settings import option, whole_numbers

MIXING = ("attention", "convolution")


@dataclass(frozen=True)
class ModelSettings:
    """The shape of a `TransformerDenoiser`; saved inside every checkpoint."""

    width: int = option(64, "numbers that stand for a token inside the model")
    depth: int = option(1, "blocks of attention and feed-forward")
    heads: int = option(4, "attention heads; width must be a multiple")
    neighbors: bool = option(False, "attention by distance, for free text: a word is known by its neighbors")
    neighbor_bias: float = option(3.0, "with neighbors: a head starts with e^this times the weight on one of them")
    position_sd: float = option(0.2, "standard deviation of the numbers that stand for a place, at first")
    mixing: str = option("attention", "how positions learn of each other; convolution: of three on either side", MIXING)

    def __post_init__(self) -> None:
        whole_numbers(self, "width", "depth", "heads")
        if self.mixing not in MIXING:
            raise ValueError(f"mixing must be one of {', '.join(MIXING)}, but is {self.mixing!r}.")
        if min(self.width, self.depth, self.heads) < 1:
            raise ValueError(
                f"width, depth and heads must be at least 1, but are {self.width}, {self.depth} and {self.heads}."
            )
        if not (math.isfinite(self.neighbor_bias) and 0 <= self.position_sd < math.inf):
            raise ValueError(
                "neighbor_bias must be a number and position_sd one from 0 on, but they are "
                f"{self.neighbor_bias} and {self.position_sd}."
            )
        if self.width % self.heads:
            raise ValueError(f"width ({self.width}) must be a multiple of heads ({self.heads}).")

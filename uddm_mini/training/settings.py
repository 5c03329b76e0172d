"""Everything that decides a training run besides its data."""

from __future__ import annotations

import math
from dataclasses import dataclass

from uddm_mini.models.settings import ModelSettings
from uddm_mini.noise import NoiseSettings
from uddm_mini.settings import option, whole_numbers

LOSSES = ("nelbo", "cross_entropy")
OPTIMIZERS = ("adamw", "muon")
DECAYS = ("cosine", "constant")


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides a training run besides its data; saved inside every checkpoint."""

    steps: int = option(700, "training steps")
    epochs: float = option(0.0, "passes over the data; if positive, steps are epochs * n_train / batch_size")
    batch_size: int = option(64, "sentences in one step")
    optimizer: str = option(
        "adamw", "muon takes AdamW's place for the matrices of the blocks: for free text", OPTIMIZERS
    )
    learning_rate: float = option(7e-3, "largest step size of the optimizer")
    weight_decay: float = option(0.01, "weight decay of the optimizer")
    decay: str = option("cosine", "what becomes of the step size after the warm-up", DECAYS)
    warmup: int = option(50, "steps of rising step size; a run that is not longer never reaches learning_rate")
    clip: float = option(1.0, "largest norm of the gradient")
    ema: float = option(0.0, "decay of the averaged weights that are returned; 0 returns the last weights")
    loss: str = option("nelbo", "what is minimized", LOSSES)
    time_power: float = option(
        1.0, "noise levels are u^time_power for even u, weighted so that the mean stays the loss"
    )
    t_max: float = option(1.0, "highest noise level of training; near 0 little but the reconstruction term is left")
    seed: int = option(0, "decides the first weights, the batches and their noise")
    noise: NoiseSettings = NoiseSettings()
    model: ModelSettings = ModelSettings()

    def __post_init__(self) -> None:
        whole_numbers(self, "steps", "batch_size", "warmup", "seed")
        chosen = (("loss", self.loss, LOSSES), ("optimizer", self.optimizer, OPTIMIZERS), ("decay", self.decay, DECAYS))
        for name, value, known in chosen:
            if value not in known:
                raise ValueError(f'{name} must be "{known[0]}" or "{known[1]}", but is {value!r}.')
        if self.steps < 1 or self.batch_size < 1:
            raise ValueError(f"steps and batch_size must be at least 1, but are {self.steps} and {self.batch_size}.")
        if not 0 < self.learning_rate < math.inf or not self.clip > 0 or self.weight_decay < 0 or self.warmup < 0:
            raise ValueError(
                "learning_rate and clip must be positive, weight_decay and warmup at least 0, but they are "
                f"{self.learning_rate}, {self.clip}, {self.weight_decay} and {self.warmup}."
            )
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, but is {self.seed}.")
        if not 0 <= self.epochs < math.inf:
            raise ValueError(f"epochs must be positive, or 0 for a fixed number of steps, but is {self.epochs}.")
        if not 0 < self.time_power < math.inf:
            raise ValueError(f"time_power must be positive, such as 1 or 2, but is {self.time_power}.")
        if not 0 < self.t_max <= 1:
            raise ValueError(f"t_max is a noise level above 0, 1 at most, but is {self.t_max}.")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema is a decay in [0, 1), such as 0.99, but is {self.ema}.")

    def steps_for(self, n: int) -> int:
        """Return how many steps a run on n sentences has: `steps`, or so many that they are the wanted epochs."""
        return max(1, round(self.epochs * n / self.batch_size)) if self.epochs else self.steps

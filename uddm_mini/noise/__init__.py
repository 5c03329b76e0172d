"""The forward process: schedules, and what a noise does to a token."""

from __future__ import annotations

from dataclasses import dataclass

from uddm_mini.settings import option

from .absorbing import AbsorbingNoise
from .base import Answer as Answer
from .base import Form as Form
from .base import Noise
from .schedules import SCHEDULES, Cosine, Exponential, Linear, LogLinear
from .schedules import Schedule as Schedule
from .uniform import UniformNoise

NOISES: dict[str, type[Noise]] = {noise.name: noise for noise in (UniformNoise, AbsorbingNoise)}


@dataclass(frozen=True)
class NoiseSettings:
    """Which noise a model learns to undo; saved in every checkpoint and result."""

    noise: str = option("uniform", "what takes the place of a word", tuple(NOISES))
    schedule: str = option("linear", "how the signal falls with t", tuple(SCHEDULES))
    epsilon: float = option(1e-3, "the signal that is left at t = 1")

    def __post_init__(self) -> None:
        for name, value, known in (("noise", self.noise, NOISES), ("schedule", self.schedule, SCHEDULES)):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, but is {value!r}.")

    def of(self, vocab_size: int) -> Noise:
        """Return the noise for text of so many words."""
        return NOISES[self.noise](vocab_size, SCHEDULES[self.schedule](self.epsilon))


def settings_of(noise: Noise) -> NoiseSettings:
    """Return what `NoiseSettings.of` makes this noise from; ValueError for a schedule of the caller's own."""
    names = {kind: name for name, kind in SCHEDULES.items()} | {LogLinear: "linear"}
    if type(noise.schedule) not in names or NOISES.get(noise.name) is not type(noise):
        raise ValueError(f"Only the noises and schedules of this package have settings; this one is {noise}.")
    return NoiseSettings(noise.name, names[type(noise.schedule)], noise.schedule.epsilon)


__all__ = ["AbsorbingNoise", "Cosine", "Exponential", "Linear", "LogLinear", "Noise", "NoiseSettings", "UniformNoise"]

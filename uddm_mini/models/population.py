"""The true language: the denoiser that no model can beat on new sentences."""

from __future__ import annotations

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.noise import Noise
from uddm_mini.worlds.world import World


class PopulationDenoiser(Denoiser):
    """The Bayes optimum on a whole language, by the exact cavity that the language gives.

    Answers with the cavity posterior, float64; impossible words get -inf.
    """

    predicts = "cavity"

    def __init__(self, language: World, noise: Noise) -> None:
        """Know `language`, a world such as `ToyLanguage`."""
        if language.vocab_size != noise.vocab_size:
            raise ValueError(f"The language has {language.vocab_size} words, but the noise {noise.vocab_size}.")
        self.language, self.noise = language, noise

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        return self.language.cavity(self.noise.likelihood(xt, t).cpu()).to(xt.device)

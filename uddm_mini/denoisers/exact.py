"""The two perfect denoisers between which every trained one lies: pure memory and the true language."""

from __future__ import annotations

import torch

from uddm_mini.process.noise import Predicts, UniformNoise, checked_predicts, convert, own_token_log_odds
from uddm_mini.worlds.language import ToyLanguage

from .retrieval import retrieve


class MemorizingDenoiser:
    """The optimum on a finite training set: the exact posterior when x_0 is one of the stored sentences.

    Its weights over memories are softmax(beta_t * overlap(x_t, memory)), beta_t = log(1 + alpha V / (1 - alpha)):
    a dense associative memory with the log-sum-exp energy. Returns float64 log-probabilities; words that no memory
    has at a position get -inf.
    """

    def __init__(self, x_train: torch.Tensor, noise: UniformNoise, predict: Predicts = "cavity") -> None:
        """Store x_train int64[n, L], n >= 1; `predict` chooses the cavity or the full posterior."""
        if x_train.ndim != 2 or len(x_train) == 0:
            raise ValueError(f"A memory needs at least one sentence, int64[n, L]; got shape {tuple(x_train.shape)}.")
        if not 0 <= int(x_train.min()) <= int(x_train.max()) < noise.vocab_size:
            raise ValueError(f"The memory holds a token outside 0 ... {noise.vocab_size - 1}.")
        self.x_train, self.noise, self.predicts = x_train, noise, checked_predicts(predict)

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        beta = own_token_log_odds(self.noise, t, xt)
        full = retrieve(self.x_train.to(xt.device), xt, beta, self.noise.vocab_size)
        return convert(full, xt, t, self.noise, "posterior", self.predicts)


class PopulationDenoiser:
    """The Bayes optimum on the whole toy language, by forward-backward on its automaton.

    No model can beat it on new sentences. Returns float64 log-probabilities; impossible words get -inf.
    """

    def __init__(self, language: ToyLanguage, noise: UniformNoise, predict: Predicts = "cavity") -> None:
        """Know `language`; `predict` chooses the cavity or the full posterior."""
        if language.vocab_size != noise.vocab_size:
            raise ValueError(f"The language has {language.vocab_size} words, but the noise {noise.vocab_size}.")
        self.language, self.noise, self.predicts = language, noise, checked_predicts(predict)

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        cavity = self.language.cavity(self.noise.likelihood(xt, t).cpu()).to(xt.device)
        return convert(cavity, xt, t, self.noise, "cavity", self.predicts)

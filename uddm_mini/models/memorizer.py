"""Pure memory: the denoiser that takes its training sentences for the whole world."""

from __future__ import annotations

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.doors import check_sentences, check_tensor
from uddm_mini.networks.attention import retrieve
from uddm_mini.noise import Noise


class MemorizingDenoiser(Denoiser):
    """The optimum on a finite training set: the exact posterior when x_0 is one of the stored sentences.

    Its weights over memories are softmax(beta_t * overlap(x_t, memory)), for uniform noise with
    beta_t = log(1 + alpha V / (1 - alpha)): a dense associative memory with the log-sum-exp energy. Answers with the
    full posterior, float64; words that no memory has at a position get -inf.
    """

    predicts = "posterior"

    def __init__(self, x_train: torch.Tensor, noise: Noise) -> None:
        """Store x_train int64[n, L], n >= 1."""
        check_tensor(x_train, "x_train", "token ids, a tensor int64[n, L]")
        if x_train.ndim != 2 or len(x_train) == 0:
            raise ValueError(f"A memory needs at least one sentence, int64[n, L]; got shape {tuple(x_train.shape)}.")
        check_sentences(x_train, "x_train", noise.vocab_size)
        self.x_train, self.noise = x_train.clone(), noise  # what becomes of the tensor changes no memory

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        V, beta = self.noise.vocab_size, self.noise.own_log_odds(t, xt)
        return retrieve(self.x_train.to(xt.device), xt, beta, V + self.noise.extra_tokens)[:, :, :V]

"""Between memory and language: a memory that sees only a few words around the one it predicts."""

from __future__ import annotations

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.doors import check_sentences, check_tensor, whole
from uddm_mini.noise import Noise

AT_ONCE = 2**24  # pairs of a word and a memory that are compared together


class LocalMemorizingDenoiser(Denoiser):
    """The optimum on a finite training set for a denoiser that looks at most `window` words to either side.

    With N_l(x_t, i) the number of positions j, 0 < |j - l| <= window, at which x_t and memory i agree, the weights over
    memories are softmax(beta_t N_l), another softmax for every position l. So it can put a sentence together from
    pieces of several memories: the mechanism of Kamb and Ganguli (2025) and Niedoba et al. (2025), exact here. With a
    window of at least the length it is the memorizer. Returns the cavity posterior, float64; words that no memory has
    at a position get -inf. Nothing is random.
    """

    predicts = "cavity"

    def __init__(self, x_train: torch.Tensor, noise: Noise, window: int) -> None:
        """Store x_train int64[n, L], n >= 1; the window is at least 0, where only the position counts."""
        check_tensor(x_train, "x_train", "token ids, a tensor int64[n, L]")
        if x_train.ndim != 2 or len(x_train) == 0:
            raise ValueError(f"A memory needs at least one sentence, int64[n, L]; got shape {tuple(x_train.shape)}.")
        check_sentences(x_train, "x_train", noise.vocab_size)
        self.x_train, self.noise, self.window = x_train.clone(), noise, whole(window, "window", 0)

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        memories, beta = self.x_train.to(xt.device), self.noise.own_log_odds(t, xt)
        few = max(1, AT_ONCE // memories.numel())
        parts = zip(xt.split(few), beta.split(few), strict=True)
        return torch.cat([self._cavity(memories, *part) for part in parts]).log()

    def _cavity(self, memories: torch.Tensor, xt: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of a few sentences, [b, L, V]."""
        length = xt.shape[1]
        agree = (xt.unsqueeze(1) == memories).to(torch.int16)  # [b, n, L]
        upto = torch.nn.functional.pad(agree.cumsum(dim=2, dtype=torch.int16), (1, 0))  # in the first l, [b, n, L + 1]
        out = torch.zeros(len(xt), length, self.noise.vocab_size, dtype=torch.float64, device=xt.device)
        for place in range(length):
            first, last = max(0, place - self.window), min(length, place + self.window + 1)
            count = upto[:, :, last] - upto[:, :, first] - agree[:, :, place]
            weights = (beta.unsqueeze(1) * count).softmax(dim=1)  # [b, n]
            out[:, place].index_add_(1, memories[:, place], weights)
        return out

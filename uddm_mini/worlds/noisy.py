"""A language in print, with misprints: every word is redrawn with a small probability. Still exact."""

from __future__ import annotations

import torch

from .toy_language import ToyLanguage


class NoisyLanguage:
    """A language whose words are each replaced by a random one with probability `share`, as noise of training data.

    The truth is that print, misprints and all: a `World`. Any of its V^L sequences can occur.
    """

    def __init__(self, language: ToyLanguage, share: float, name: str = "noisy") -> None:
        """Print `language`; ValueError unless 0 < share < 1."""
        if not 0 < share < 1:
            raise ValueError(f"share, of words that are redrawn, must be between 0 and 1, but is {share}.")
        self.language, self.share, self.name = language, share, name
        self.vocab_size, self.length, self.words = language.vocab_size, language.length, language.words
        self.n_sentences = self.vocab_size**self.length

    def sample(self, n: int, seed: int) -> torch.Tensor:
        """Draw n sentences, int64[n, L]; those of the language with the same seed, misprinted."""
        x, generator = self.language.sample(n, seed), torch.Generator().manual_seed(seed)
        wrong = torch.rand(x.shape, generator=generator) < self.share
        return torch.where(wrong, torch.randint(self.vocab_size, x.shape, generator=generator), x)

    def every(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return all V^L sequences, int64[V^L, L], and their probabilities, float64."""
        x = torch.cartesian_prod(*[torch.arange(self.vocab_size)] * self.length).view(-1, self.length)
        return x, self.log_prob(x).exp()

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(x) of sentences int64[B, L], float64[B], in nats."""
        return self.log_evidence(torch.nn.functional.one_hot(x.cpu(), self.vocab_size).double())

    def log_evidence(self, likelihood: torch.Tensor) -> torch.Tensor:
        """Return log sum_x p(x) prod_l likelihood[l, x_l], float64[B], from the likelihood float64[B, L, V]."""
        return self.language.log_evidence(self._misprinted(likelihood.double()))

    def cavity(self, likelihood: torch.Tensor) -> torch.Tensor:
        """Return log p(x_l = v | what is seen elsewhere), float64[B, L, V], from the likelihood float64[B, L, V]."""
        return self._misprinted(self.language.cavity(self._misprinted(likelihood.double())).exp()).log()

    def _misprinted(self, of: torch.Tensor) -> torch.Tensor:
        """Return what misprints make of a function of the word, [B, L, V]; they are the same forth and back."""
        return (1 - self.share) * of + self.share * of.mean(dim=2, keepdim=True)

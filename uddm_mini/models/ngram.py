"""A denoiser without a network: a table of counts, made exact for noisy text."""

from __future__ import annotations

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.noise import Noise

AT_ONCE = 128  # sentences; their messages take some 70 MB for 40 characters of an alphabet of 41
MOST_WORDS = 256  # a table of their triples takes 0.14 GB


class NgramDenoiser(Denoiser):
    """The optimum for text in which each token depends on the two before it, as counted in the training sentences.

    p(x) = prod_l p(x_l | x_{l-2}, x_{l-1}), where p(c | a, b) = (N_abc + k p(c | b)) / (N_ab + k) and
    p(c | b) = (N_bc + 1 / V) / (N_b + 1). N counts runs of tokens; the token V stands before each sentence. Returns
    the cavity posterior, float64, by forward-backward over pairs of tokens (Rabiner 1989); no token gets -inf.
    """

    predicts = "cavity"

    def __init__(self, x_train: torch.Tensor, noise: Noise, k: float = 1.0) -> None:
        """Count x_train int64[n, L]; k > 0 is the weight of p(c | b)."""
        V = noise.vocab_size
        if x_train.ndim != 2 or not x_train.numel():
            raise ValueError(f"A table needs at least one sentence, int64[n, L]; got shape {tuple(x_train.shape)}.")
        if not 0 <= int(x_train.min()) <= int(x_train.max()) < V:
            raise ValueError(f"The training text holds a token outside 0 ... {V - 1}.")
        if not k > 0:
            raise ValueError(f"k must be above 0, so that an uncounted run stays possible, but is {k}.")
        if V > MOST_WORDS:
            raise ValueError(
                f"A table of triples of {V} words needs {8 * (V + 1) ** 2 * V / 1e9:.1f} GB, several times over; spell "
                "the text by characters (unit='character'), or make the vocabulary smaller."
            )
        runs = torch.nn.functional.pad(x_train.cpu(), (2, 0), value=V).unfold(1, 3, 1).reshape(-1, 3)
        triples = torch.zeros(V + 1, V + 1, V, dtype=torch.float64)
        triples.index_put_(tuple(runs.T), torch.ones(len(runs), dtype=torch.float64), accumulate=True)
        pairs = triples.sum(dim=0) + 1 / V
        smooth = triples + k * pairs / pairs.sum(dim=1, keepdim=True)
        self.after = smooth / smooth.sum(dim=2, keepdim=True)  # p(c | a, b), [V + 1, V + 1, V]
        self.noise = noise

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        seen = self.noise.likelihood(xt, t).to("cpu", torch.float64)
        return torch.cat([self._cavity(part) for part in seen.split(AT_ONCE)]).to(xt.device)

    def _cavity(self, seen: torch.Tensor) -> torch.Tensor:
        """Return log p(x_l | evidence everywhere else) [B, L, V]; `seen` [B, L, V] is the likelihood of what stands."""
        V = self.noise.vocab_size
        step = self.after[:, :V]  # from the pair (a, b) to c
        rights = [seen.new_ones(len(seen), V + 1, V)]  # what comes after, given the pair (one before, here)
        for here in seen.unbind(1)[:0:-1]:
            rights.append(_scaled(torch.einsum("abc,nbc->nab", step, here[:, None] * rights[-1][:, :V])))
        left = seen.new_zeros(len(seen), V + 1, V)  # what came before, and the pair
        left[:, V] = self.after[V, V]
        out = []
        for here, right in zip(seen.unbind(1), rights[::-1], strict=True):
            out.append((left * right).sum(dim=1))
            moved = torch.einsum("nab,abc->nbc", left * here[:, None], step)
            left = _scaled(torch.nn.functional.pad(moved, (0, 0, 0, 1)))  # nothing stands before a sentence but V
        p0 = torch.stack(out, dim=1)
        return (p0 / p0.sum(dim=2, keepdim=True)).log()


def _scaled(message: torch.Tensor) -> torch.Tensor:
    """Divide each sentence's message by its sum, so that no product of many small numbers vanishes."""
    return message / message.sum(dim=(1, 2), keepdim=True)

"""Denoisers without a network: tables of counts, made exact for noisy text."""

from __future__ import annotations

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.noise import Noise

AT_ONCE = 2**27  # numbers in the messages of the sentences that are done together: 1 GB
MOST_WORDS = 2048  # a message about pairs of so many words takes 34 MB, and there is one for every position


class NgramDenoiser(Denoiser):
    """The optimum for text in which a token depends on the one or two before it, as counted in training sentences.

    Of order 3, p(x) = prod_l p(x_l | x_{l-2}, x_{l-1}); of order 2, prod_l p(x_l | x_{l-1}). Each table is smoothed by
    the one below it (Jelinek-Mercer with counts, as Witten and Bell do):

        p(c | a, b) = (N_abc + k p(c | b)) / (N_ab + k),  p(c | b) = (N_bc + k p(c)) / (N_b + k),
        p(c) = (N_c + k / V) / (N + k).

    x_train: int64[n, L].
    k: how many counts the table below is worth; above 0.
    order: 2 for pairs, 3 for triples.

    N counts runs of tokens; the token V stands before each sentence. Returns the cavity posterior, float64, by
    forward-backward over pairs of tokens (Rabiner 1989); no token gets -inf. A message costs V^2 numbers, and not V^3:
    a table of triples is the few that were seen, plus a multiple of the table below.
    """

    predicts = "cavity"

    def __init__(self, x_train: torch.Tensor, noise: Noise, k: float = 1.0, order: int = 3) -> None:
        """Count what stands in x_train."""
        V = noise.vocab_size
        if x_train.ndim != 2 or not x_train.numel():
            raise ValueError(f"A table needs at least one sentence, int64[n, L]; got shape {tuple(x_train.shape)}.")
        if not 0 <= int(x_train.min()) <= int(x_train.max()) < V:
            raise ValueError(f"The training text holds a token outside 0 ... {V - 1}.")
        if not k > 0:
            raise ValueError(f"k must be above 0, so that an uncounted run stays possible, but is {k}.")
        if order not in (2, 3):
            raise ValueError(f"order must be 2 (pairs) or 3 (triples), but is {order}.")
        if V > MOST_WORDS:
            raise ValueError(
                f"A table of {V} words needs {8 * x_train.shape[1] * (V + 1) * V / 1e9:.1f} GB a sentence; make the "
                "vocabulary smaller, or spell the text by subwords or characters (unit='subword')."
            )
        self.noise, self.order = noise, order
        runs = torch.nn.functional.pad(x_train.cpu(), (2, 0), value=V).unfold(1, 3, 1).reshape(-1, 3)
        ones = runs.new_ones(len(runs), dtype=torch.float64)
        single = torch.zeros(V, dtype=torch.float64).index_put_((runs[:, 2],), ones, accumulate=True)
        single = (single + k / V) / (len(runs) + k)
        pairs = torch.zeros(V + 1, V, dtype=torch.float64)
        pairs.index_put_((runs[:, 1], runs[:, 2]), ones, accumulate=True)
        self.pair = (pairs + k * single) / (pairs.sum(dim=1, keepdim=True) + k)  # p(c | b), [V + 1, V]
        self.first = self.pair[V]  # p(first token), which the pair (V, V) alone comes before
        if order == 3:
            self._count_triples(runs, k)

    def _count_triples(self, runs: torch.Tensor, k: float) -> None:
        """Keep the seen triples as a sparse matrix from pairs (a, b) to pairs (b, c), and what is left for p(c | b)."""
        V = self.noise.vocab_size
        triple, count = ((runs[:, 0] * (V + 1) + runs[:, 1]) * V + runs[:, 2]).unique(return_counts=True)
        pair, c = triple // V, triple % V
        a, b = pair // (V + 1), pair % (V + 1)
        total = torch.zeros((V + 1) ** 2, dtype=torch.float64).index_add_(0, pair, count.double())  # N_ab
        self.rest = (k / (total + k)).view(V + 1, V + 1)[:, :V]  # weight of p(c | b) after (a, b), [V + 1, V]
        weight = count / (total[pair] + k)
        self.first = self.first * k / (total[-1] + k)
        start = b == V  # nothing was read yet
        self.first = self.first.index_add(0, c[start], weight[start])
        a, b, c, weight = a[~start], b[~start], c[~start], weight[~start]
        to, come = b * V + c, a * V + b
        self.ahead = torch.sparse_coo_tensor(
            torch.stack([to, come]), weight, (V * V, (V + 1) * V), check_invariants=True
        ).coalesce()
        self.back = self.ahead.transpose(0, 1).coalesce()

    @property
    def after(self) -> torch.Tensor:
        """Return p(c | a, b), float64[V + 1, V + 1, V]; V + 1 times p(c | b) of order 2."""
        V = self.noise.vocab_size
        out = self.pair.expand(V + 1, V + 1, V).clone()
        if self.order == 3:
            out[:, :V] *= self.rest.unsqueeze(2)
            to, come = self.ahead.indices()
            out[come // V, come % V, to % V] += self.ahead.values()
            out[V, V] = self.first
        return out

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        seen = self.noise.likelihood(xt, t).to("cpu", torch.float64)
        few = max(1, AT_ONCE // (xt.shape[1] * self.pair.numel() if self.order == 3 else xt.shape[1] * len(self.pair)))
        return torch.cat([self._cavity(part.permute(1, 2, 0)) for part in seen.split(few)]).to(xt.device)

    def _cavity(self, seen: torch.Tensor) -> torch.Tensor:
        """Return log p(x_l | evidence everywhere else) [B, L, V]; `seen` [L, V, B] is the likelihood of what stands.

        Messages are [A, V, B]: a number for every pair (one before, here), or A = 1 where one before does not matter.
        """
        V, count = seen.shape[1:]
        right = seen.new_ones(V + 1 if self.order == 3 else 1, V, count)  # what comes after, given the pair
        rights = [right]
        for here in seen.flip(0)[:-1]:
            rights.append(_scaled(self._step_back(here * rights[-1][:V])))
        left = torch.zeros_like(right)  # what came before, and the pair
        left[-1] = self.first.unsqueeze(1)
        out = []
        for here, right in zip(seen, rights[::-1], strict=True):
            out.append((left * right).sum(dim=0))
            left = _scaled(self._step_ahead(left * here))
        p0 = torch.stack(out, dim=0).permute(2, 0, 1)  # [B, L, V]
        return (p0 / p0.sum(dim=2, keepdim=True)).log()

    def _step_ahead(self, left: torch.Tensor) -> torch.Tensor:
        """Return sum_a left(a, b) p(c | a, b) for every pair (b, c)."""
        V = self.noise.vocab_size
        if self.order == 2:
            return torch.einsum("bn,bc->cn", left[0], self.pair[:V]).unsqueeze(0)
        moved = (self.ahead @ left.flatten(0, 1)).view(V, V, -1)
        moved += (left * self.rest.unsqueeze(2)).sum(dim=0).unsqueeze(1) * self.pair[:V].unsqueeze(2)
        return torch.nn.functional.pad(moved, (0, 0, 0, 0, 0, 1))  # nothing stands before a sentence but V

    def _step_back(self, right: torch.Tensor) -> torch.Tensor:
        """Return sum_c p(c | a, b) right(b, c) for every pair (a, b)."""
        V = self.noise.vocab_size
        if self.order == 2:
            return torch.einsum("bc,cn->bn", self.pair[:V], right[0]).unsqueeze(0)
        below = torch.einsum("bc,bcn->bn", self.pair[:V], right)
        return (self.back @ right.flatten(0, 1)).view(V + 1, V, -1) + self.rest.unsqueeze(2) * below


def _scaled(message: torch.Tensor) -> torch.Tensor:
    """Divide each sentence's message by its sum, so that no product of many small numbers vanishes."""
    return message / message.sum(dim=(0, 1))

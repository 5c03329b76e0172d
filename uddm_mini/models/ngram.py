"""Denoisers without a network: tables of counts, made exact for noisy text."""

from __future__ import annotations

import math

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.doors import check_sentences, check_tensor
from uddm_mini.noise import Noise

AT_ONCE = 2**26  # numbers in the messages of the sentences that are done together: 0.5 GB


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
    forward-backward over pairs of tokens (Rabiner 1989); no token gets -inf. It never holds V^2 numbers: a table is the
    runs that were seen, plus a share of the table below, and a message a number for each pair that was seen, plus what
    the table below makes of one number for each token. So 30,000 words are no more trouble than 1,000.
    """

    predicts = "cavity"

    def __init__(self, x_train: torch.Tensor, noise: Noise, k: float = 1.0, order: int = 3) -> None:
        """Count what stands in x_train."""
        V = noise.vocab_size
        check_tensor(x_train, "x_train", "token ids, a tensor int64[n, L]")
        if x_train.ndim != 2 or not x_train.numel():
            raise ValueError(f"A table needs at least one sentence, int64[n, L]; got shape {tuple(x_train.shape)}.")
        check_sentences(x_train, "x_train", V)
        if not 0 < k < math.inf:
            raise ValueError(f"k must be above 0, so that an uncounted run stays possible, but is {k}.")
        if order not in (2, 3):
            raise ValueError(f"order must be 2 (pairs) or 3 (triples), but is {order}.")
        self.noise = noise
        runs = torch.nn.functional.pad(x_train.cpu(), (2, 0), value=V).unfold(1, 3, 1).reshape(-1, 3)
        self.single = (torch.bincount(runs[:, 2], minlength=V).double() + k / V) / (len(runs) + k)  # p(c), float64[V]
        self._keep_pairs(runs, k)
        self._keep_triples(runs if order == 3 else runs[:0], k)

    def _keep_pairs(self, runs: torch.Tensor, k: float) -> None:
        """Keep p(c | b) as a sparse matrix [V + 1, V] of what was seen, and how much of p(c) every b adds, [V + 1]."""
        V = self.noise.vocab_size
        seen, count = (runs[:, 1] * V + runs[:, 2]).unique(return_counts=True)
        b, c = seen // V, seen % V
        total = torch.zeros(V + 1, dtype=torch.float64).index_add_(0, b, count.double())  # N_b
        self.rest = k / (total + k)
        weight = count / (total + k)[b]
        self.pairs = torch.sparse_coo_tensor(torch.stack([b, c]), weight, (V + 1, V), check_invariants=True).coalesce()
        self.pairs_back = self.pairs.transpose(0, 1).coalesce()

    def _keep_triples(self, runs: torch.Tensor, k: float) -> None:
        """Keep the P pairs (a, b) that belong to a seen triple, and a sparse matrix [P, P] from (a, b) to (b, c)."""
        V = self.noise.vocab_size
        triple, count = ((runs[:, 0] * (V + 1) + runs[:, 1]) * V + runs[:, 2]).unique(return_counts=True)
        before, c = triple // V, triple % V  # the pair (a, b) as one number, and what follows
        after = before % (V + 1) * (V + 1) + c  # the pair (b, c)
        start = V * (V + 2)  # the pair (V, V), where nothing was read yet
        first = before == start
        seen = torch.cat([before, after, torch.tensor([start])]).unique()  # `start` is the last of them
        total = torch.zeros(len(seen), dtype=torch.float64)  # N_ab
        total.index_add_(0, torch.searchsorted(seen, before), count.double())
        weight = count / (total + k)[torch.searchsorted(seen, before)]
        self.start_rest = k / (float(total[-1]) + k)
        seen, total = seen[:-1], total[:-1]
        self.a, self.b = seen // (V + 1), seen % (V + 1)  # [P] each
        self.share = total / (total + k)  # of p(c | a, b), what its own counts say; the rest is p(c | b)
        counted, weights = self.pairs.indices(), self.pairs.values()  # among them is every pair that is kept here
        own = weights[torch.searchsorted(counted[0] * V + counted[1], self.a * V + self.b)]
        self.below = (own + self.rest[self.a] * self.single[self.b]).unsqueeze(1)  # p(b | a), [P, 1]
        places = torch.searchsorted(seen, torch.stack([after, before]))
        self.start = torch.zeros(len(seen), dtype=torch.float64).index_put_((places[0, first],), weight[first])
        shape, places = (len(seen), len(seen)), places[:, ~first]
        self.ahead = torch.sparse_coo_tensor(places, weight[~first], shape, check_invariants=True).coalesce()
        self.back = self.ahead.transpose(0, 1).coalesce()

    @property
    def after(self) -> torch.Tensor:
        """Return p(c | a, b), float64[V + 1, V + 1, V]."""
        V = self.noise.vocab_size
        pair = self.pairs.to_dense() + self.rest.unsqueeze(1) * self.single
        out = pair.expand(V + 1, V + 1, V).clone()
        out[self.a, self.b] *= (1 - self.share).unsqueeze(1)
        to, come = self.ahead.indices()
        out[self.a[come], self.b[come], self.b[to]] += self.ahead.values()
        out[V, V] *= self.start_rest
        out[V, V].index_add_(0, self.b, self.start)
        return out

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        few = max(1, AT_ONCE // (xt.shape[1] * (len(self.a) + self.noise.vocab_size + 1)))
        out = []
        for sentences, levels in zip(xt.split(few), t.split(few), strict=True):
            seen = self.noise.likelihood(sentences, levels).to("cpu", torch.float64)  # [b, L, V]
            out.append(self._cavity(seen.permute(1, 2, 0)))
        return torch.cat(out).to(xt.device)

    def _cavity(self, seen: torch.Tensor) -> torch.Tensor:
        """Return log p(x_l | evidence everywhere else) [B, L, V]; `seen` [L, V, B] is the likelihood of what stands.

        With p the number of the pair (a, b), if it was seen:
        left(a, b) = own[p] + above[a] p(b | a): what came before, with a one place before here, and b here;
        right(a, b) = own[p] + beyond[b]: what comes after.
        """
        V, count = seen.shape[1:]
        rights = [(seen.new_zeros(len(self.a), count), seen.new_ones(V, count))]
        for here in seen.flip(0)[:-1]:
            rights.append(self._step_back(here, *rights[-1]))
        own, above = self.start.unsqueeze(1).expand(-1, count), seen.new_zeros(V + 1, count)
        above[V] = self.start_rest
        out = []
        for here, (right, beyond) in zip(seen, rights[::-1], strict=True):
            left = own + above[self.a] * self.below  # at the seen pairs, [P, B]
            total = self._by_token(own) + self.pairs_back @ above  # sum_a left(a, b), [V, B]
            total += self.single.unsqueeze(1) * (self.rest @ above)
            out.append(beyond * total + self._by_token(left * right))
            own, above = self._step_ahead(here, left, total)
        p0 = torch.stack(out, dim=0).permute(2, 0, 1)  # [B, L, V]
        return (p0 / p0.sum(dim=2, keepdim=True)).log()

    def _step_ahead(
        self, here: torch.Tensor, left: torch.Tensor, total: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return own and above of sum_a left(a, b) here(b) p(c | a, b), scaled: no product of many numbers vanishes."""
        heard = left * here[self.b]
        own = self.ahead @ heard
        above = here * total - self._by_token(heard * self.share.unsqueeze(1))
        scale = own.sum(dim=0) + above.sum(dim=0)
        return own / scale, torch.nn.functional.pad(above / scale, (0, 0, 0, 1))  # nothing comes after V again

    def _step_back(
        self, here: torch.Tensor, right: torch.Tensor, beyond: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return own and beyond of sum_c p(c | a, b) here(c) right(b, c), scaled."""
        V = self.noise.vocab_size
        all_the_same = here * beyond  # what every b has, [V, B]
        special = here[self.b] * right  # what single pairs have besides
        below = torch.zeros(V + 1, here.shape[1], dtype=here.dtype).index_add_(0, self.a, special * self.below)
        below += self.pairs @ all_the_same  # sum_c p(c | b) here(c) right(b, c)
        below += self.rest.unsqueeze(1) * (self.single @ all_the_same)
        below = below[:V]  # nothing comes before V
        own = self.back @ (all_the_same[self.b] + special) - self.share.unsqueeze(1) * below[self.b]
        scale = below.sum(dim=0)
        return own / scale, below / scale

    def _by_token(self, values: torch.Tensor) -> torch.Tensor:
        """Return sums over the seen pairs (a, b) with the same b, [V, B], of values [P, B]."""
        return torch.zeros(self.noise.vocab_size, values.shape[1], dtype=values.dtype).index_add_(0, self.b, values)

"""A toy language with exact probabilities: a grammar compiled into a finite-state automaton."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from uddm_mini.doors import check_tensor

from .automaton import compile_grammar, count_sentences, vocabulary
from .corpus import Corpus
from .drawn import draw_corpus
from .grammar import Grammar, english

ENOUGH = 16384  # sentences whose paths are followed together, in some 250 MB
AT_ONCE = 128  # sentences of which every word is tried; they take some 20 MB for 14 words of 102


class ToyLanguage:
    """A finite-state language whose probabilities are known exactly.

    `vocab_size` V, `length` L, `words` (token id -> word), `n_sentences` (the exact number of distinct sentences) and
    `arcs` (the automaton, position by position) are attributes. All logarithms are natural (nats).
    """

    def __init__(self, grammar: Grammar | None = None, name: str = "toy") -> None:
        """Compile `grammar` (default: the book's English-looking one); its corpora are called `name`."""
        self.grammar, self.name = english() if grammar is None else grammar, name
        self.length = len(self.grammar.slots)
        self.words = vocabulary(self.grammar)
        self.vocab_size = len(self.words)
        self._ids = {word: i for i, word in enumerate(self.words)}
        self.arcs = compile_grammar(self.grammar, self._ids)
        nothing = torch.empty(0, self.length, dtype=torch.int64)
        self._text = Corpus(name, nothing, nothing, self.words)  # which knows how to spell
        self.n_sentences = count_sentences(self.arcs)

    def sample(self, n: int, seed: int) -> torch.Tensor:
        """Draw n sentences, int64[n, L]; the same seed gives the same sentences on every machine."""
        if n < 0:
            raise ValueError(f"n is a number of sentences and cannot be negative, but is {n}.")
        rng = np.random.Generator(np.random.PCG64(seed))
        uniforms = rng.random((n, len(self.grammar.choices)))
        values: dict[str, np.ndarray] = {}
        for k, choice in enumerate(self.grammar.choices):
            table = np.cumsum(np.asarray(choice.probs, dtype=float), axis=-1)
            rows = table[values[choice.parent]] if choice.parent else table[None, :]
            # inverse CDF; the last column is 1 up to rounding, so it is left out of the comparison
            values[choice.name] = (uniforms[:, k, None] >= rows[:, :-1]).sum(axis=1)
        return self._said(values, n)

    def every(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return all sentences, int64[n_sentences, L], 155 MB for the book's, and their probabilities, float64."""
        values, p = dict[str, np.ndarray](), np.ones(1)
        for choice in self.grammar.choices:
            table = np.asarray(choice.probs, dtype=float)
            rows = table[values[choice.parent]] if choice.parent else np.broadcast_to(table, (len(p), len(table)))
            before, value = np.nonzero(rows)
            values = {name: old[before] for name, old in values.items()} | {choice.name: value}
            p = p[before] * rows[before, value]
        return self._said(values, len(p)), torch.from_numpy(p)

    def _said(self, values: dict[str, np.ndarray], n: int) -> torch.Tensor:
        """Return the n sentences that voice these values of the choices, int64[n, L]."""
        columns = []
        for slot in self.grammar.slots:
            ids = np.vectorize(self._ids.__getitem__, otypes=[np.int64])(np.array(slot.words))
            # a slot that looks up nothing always says the same word
            columns.append(np.broadcast_to(ids[tuple(values[name] for name in slot.choices)], n))
        return torch.from_numpy(np.stack(columns, axis=1))

    def corpus(self, n_train: int = 4096, n_held_out: int = 1024, seed: int = 0) -> Corpus:
        """Return a `Corpus` of distinct sentences: see `draw_corpus`."""
        return draw_corpus(self, n_train, n_held_out, seed)

    def decode(self, x: torch.Tensor) -> list[str]:
        """Turn token ids int64[n, L] into n strings."""
        return self._text.decode(x)

    def encode(self, sentences: list[str]) -> torch.Tensor:
        """Turn strings of L known words into token ids int64[n, L]: see `Corpus.encode`."""
        return self._text.encode(sentences)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(sentence) in nats, float64[n]; -inf for a sentence the language cannot say."""
        return torch.cat([self._log_prob(part) for part in self._checked(x).split(ENOUGH)])

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return `log_prob` of so many sentences as fit the memory."""
        return self._log_total(len(x), lambda position, words: (x[:, position, None] == words).double())

    def mendable(self, x: torch.Tensor) -> torch.Tensor:
        """Return where one other word would make a sentence of the language of x int64[n, L], bool[n, L]."""
        return torch.cat([self._mendable(part) for part in self._checked(x).split(AT_ONCE)])

    def _mendable(self, x: torch.Tensor) -> torch.Tensor:
        """Return `mendable` of a few sentences."""
        n, words = len(x), torch.arange(self.vocab_size)
        tries = x[:, None, None].repeat(1, self.length, self.vocab_size, 1)  # [n, L, V, L]
        for position in range(self.length):
            tries[:, position, :, position] = words
        right = self.log_prob(tries.reshape(-1, self.length)).isfinite().reshape(n, self.length, self.vocab_size)
        return (right & (words != x[:, :, None])).any(dim=2)

    def log_evidence(self, likelihood: torch.Tensor) -> torch.Tensor:
        """Return log sum_x p(x) prod_l likelihood[l, x_l], float64[B], in nats; -inf for a contradiction.

        `likelihood` [B, L, V] holds p(evidence at l | x_l = v). With `noise.likelihood(xt, t)` this is log p(x_t).
        """
        evidence = self._checked_evidence(likelihood)
        return self._log_total(len(evidence), lambda position, words: evidence[:, position, words])

    def _log_total(self, n: int, weights: Callable[[int, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """Return the log of the summed probability of all paths, float64[n], by the forward recursion.

        `weights(position, words)` [n, A] are the factors of the arcs that say `words` [A].
        """
        total = torch.zeros(n, dtype=torch.float64)
        message = torch.ones(n, 1, dtype=torch.float64)  # [n, states]
        for position, arcs in enumerate(self.arcs):
            flow = message[:, arcs.src] * arcs.prob * weights(position, arcs.word)  # [n, A]
            message = torch.zeros(n, arcs.n_next, dtype=torch.float64).index_add_(1, arcs.dst, flow)
            scale = message.sum(dim=1, keepdim=True)
            total += scale.log().squeeze(1)
            message = message / scale.clamp_min(torch.finfo(torch.float64).tiny)
        return total

    def entropy(self) -> float:
        """Return the entropy of one sentence, H = -sum_x p(x) log p(x), in nats (exact)."""
        # sum over arcs of P(arc) * -log p(arc): right because every sentence has exactly one path
        reach, total = torch.ones(1, dtype=torch.float64), 0.0
        for arcs in self.arcs:
            flow = reach[arcs.src] * arcs.prob
            total -= float((flow * arcs.prob.log()).sum())
            reach = torch.zeros(arcs.n_next, dtype=torch.float64).index_add_(0, arcs.dst, flow)
        return total

    def cavity(self, likelihood: torch.Tensor) -> torch.Tensor:
        """Return log p(x_l = v | evidence at every position but l), float64[B, L, V], by forward-backward.

        `likelihood` [B, L, V] holds p(evidence at l | x_l = v), up to a factor for each (b, l). ValueError for evidence
        that contradicts every sentence.
        """
        evidence = self._checked_evidence(likelihood)
        weights = [arcs.prob * evidence[:, i, arcs.word] for i, arcs in enumerate(self.arcs)]  # [B, A]
        backward = self._backward(weights)
        out = torch.zeros_like(evidence)
        forward = evidence.new_ones(len(evidence), 1)
        for position, arcs in enumerate(self.arcs):
            flow = forward[:, arcs.src] * arcs.prob * backward[position][:, arcs.dst]
            out[:, position].index_add_(1, arcs.word, flow)
            moved = forward[:, arcs.src] * weights[position]
            forward = _normalised(torch.zeros_like(backward[position]).index_add_(1, arcs.dst, moved))
        return _normalised(out).log()

    def _backward(self, weights: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the message [B, states] that arrives at each position from its right."""
        messages = [weights[0].new_ones(len(weights[0]), 1)]
        for arcs, before, weight in zip(self.arcs[:0:-1], self.arcs[-2::-1], weights[:0:-1], strict=True):
            flow = weight * messages[-1][:, arcs.dst]
            messages.append(_normalised(flow.new_zeros(len(flow), before.n_next).index_add_(1, arcs.src, flow)))
        return messages[::-1]

    def _checked_evidence(self, likelihood: torch.Tensor) -> torch.Tensor:
        if likelihood.ndim != 3 or likelihood.shape[1:] != (self.length, self.vocab_size):
            raise ValueError(
                f"likelihood has shape {tuple(likelihood.shape)}, but this language needs "
                f"[batch, {self.length}, {self.vocab_size}]."
            )
        return likelihood.to(torch.float64)

    def _checked(self, x: torch.Tensor) -> torch.Tensor:
        check_tensor(x, "x", "token ids, a tensor int64[n, L]")
        if x.ndim != 2 or x.shape[1] != self.length:
            raise ValueError(f"x has shape {tuple(x.shape)}, but sentences here are int64[n, {self.length}].")
        if x.numel() and not 0 <= int(x.min()) <= int(x.max()) < self.vocab_size:
            raise ValueError(f"x holds a token outside 0 ... {self.vocab_size - 1}.")
        return x.cpu()


def _normalised(mass: torch.Tensor) -> torch.Tensor:
    """Divide by the sum over the last axis."""
    total = mass.sum(dim=-1, keepdim=True)
    if mass.numel() and not bool((total > 0).all()):
        raise ValueError("The evidence contradicts every sentence of the language: its probability is 0.")
    return mass / total

"""Softmax attention over stored sentences, by log-sum-exp: what the memorizer and token memories have in common.

For memories xi_i and a state x, both sentences of L tokens, let overlap_i(x) be the number of positions at which they
agree. Each memory gets the weight softmax_i(beta overlap_i(x)), with the state as query and the memories as keys and
values (Ramsauer et al. 2021). Nothing here knows about noise; beta is any inverse temperature of at least 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

TABLE_NUMBERS = 2**22  # float64 numbers in one table over (position, token, query): 32 MiB
WEIGHT_NUMBERS = 2**19  # float64 numbers in one block of weights over (memory, query): 4 MiB, about a cache
DENSE_VOCAB = 2  # up to here a matrix product with one-hot memories beats adding up the rows they name
WINDOW = 600.0  # nats: exp(-WINDOW) is still an ordinary float64


@torch.no_grad()
def retrieve(memories: torch.Tensor, xt: torch.Tensor, beta: torch.Tensor | float, vocab_size: int) -> torch.Tensor:
    """Return log sum_i softmax_i(beta_b overlap_i(xt_b)) 1[memories_il = v], float64[B, L, V], in nats.

    It is log p(token v at position l), and -inf where no memory has v at l. memories int64[n, L]; xt int64[B, L]; beta
    a number or float[B]. Time grows as n B L, memory as n L + B L V. ValueError on mismatched shapes or other tokens.
    """
    beta = _checked(memories, xt, beta, vocab_size)
    length = memories.shape[1]
    out = torch.empty(len(xt), length, vocab_size, dtype=torch.float64, device=xt.device)
    for rows in query_blocks(len(xt), length * vocab_size):
        log_mass, log_total = _log_masses(memories, xt[rows], beta[rows], vocab_size, per_token=True)
        out[rows] = (log_mass - log_total).T.unflatten(1, (length, vocab_size))  # [b, L, V]
    return out


@torch.no_grad()
def log_partition(
    memories: torch.Tensor, xt: torch.Tensor, beta: torch.Tensor | float, vocab_size: int
) -> torch.Tensor:
    """Return log sum_i exp(beta overlap_i(xt)), float64[B], in nats. Shapes and errors as in `retrieve`.

    -log_partition / beta is the energy of a dense memory with exponential separation (Demircigil et al. 2017).
    """
    beta = _checked(memories, xt, beta, vocab_size)
    out = torch.empty(len(xt), dtype=torch.float64, device=xt.device)
    for rows in query_blocks(len(xt), memories.shape[1] * vocab_size):
        out[rows] = _log_masses(memories, xt[rows], beta[rows], vocab_size, per_token=False)[1]
    return out


def _log_masses(
    memories: torch.Tensor, xt: torch.Tensor, beta: torch.Tensor, vocab_size: int, per_token: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log of the summed weights exp(beta * overlap): per (position, token) [L V, b], and in total [b].

    Weights that span more than a float64 can hold (beta L > 600 nats) are summed window by window.
    """
    top = beta * memories.shape[1]  # [b], the score of a perfect match
    log_mass = log_total = torch.full_like(top, -torch.inf)
    for window in range(1 + int(top.max() / WINDOW)):
        ceiling, floor = top - WINDOW * window, top - WINDOW * (window + 1)
        mass: torch.Tensor | float = 0.0
        total = torch.zeros_like(top)
        for keys, scores in score_blocks(memories, xt, beta, vocab_size):
            outside = scores <= floor  # two windows share an edge, so every score falls into exactly one
            if window:
                outside |= scores > ceiling
            # relative to the ceiling no weight of this window is above 1, and none is too small for a float64
            weights = (scores - ceiling).exp_().masked_fill_(outside, 0)
            total += weights.sum(dim=0)
            if per_token:
                mass = mass + sum_by_key(keys, weights, memories.shape[1] * vocab_size)
        # back on the common scale, where only logarithms can hold the sum over windows
        log_total = torch.logaddexp(log_total, ceiling + total.log())
        if isinstance(mass, torch.Tensor):
            log_mass = torch.logaddexp(log_mass, ceiling + mass.log())  # [L V, b]
    return log_mass, log_total


def score_blocks(
    memories: torch.Tensor, xt: torch.Tensor, beta: torch.Tensor, vocab_size: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield blocks of memories as keys l V + token, int64[m, L], with their scores beta * overlap, float64[m, b]."""
    length = memories.shape[1]
    offsets = torch.arange(length, device=xt.device) * vocab_size
    # row l V + v holds, for every query, beta if the query has v at position l
    table = torch.zeros(length * vocab_size, len(xt), dtype=torch.float64, device=xt.device)
    table.scatter_(0, (xt + offsets).T.contiguous(), beta.expand(length, -1))
    for block in memories.split(max(1024, WEIGHT_NUMBERS // max(1, len(xt)))):
        keys = block + offsets
        if vocab_size <= DENSE_VOCAB:
            yield keys, _one_hot(keys, len(table)) @ table
        else:
            yield keys, F.embedding_bag(keys, table, mode="sum")


def sum_by_key(keys: torch.Tensor, weights: torch.Tensor, n_keys: int) -> torch.Tensor:
    """Return for every key the summed weights [m, b] of the memories that have it, float64[n_keys, b]."""
    if n_keys <= DENSE_VOCAB * keys.shape[1]:
        return _one_hot(keys, n_keys).T @ weights
    sorted_keys, order = keys.T.reshape(-1).sort()  # [L m]
    counts = torch.bincount(sorted_keys, minlength=n_keys)
    return F.embedding_bag(order % len(keys), weights, counts.cumsum(0) - counts, mode="sum")


def _one_hot(keys: torch.Tensor, n_keys: int) -> torch.Tensor:
    """Return float64[m, n_keys]: 1 for the keys that a memory has, else 0."""
    return torch.zeros(len(keys), n_keys, dtype=torch.float64, device=keys.device).scatter_(1, keys, 1.0)


def query_blocks(n_queries: int, n_keys: int) -> Iterator[slice]:
    """Yield slices of the queries, so small that one table over keys and queries stays within bounds."""
    size = max(1, min(256, TABLE_NUMBERS // max(1, n_keys)))
    yield from (slice(start, start + size) for start in range(0, n_queries, size))


def _checked(memories: torch.Tensor, xt: torch.Tensor, beta: torch.Tensor | float, vocab_size: int) -> torch.Tensor:
    """Return beta as float64[B], or raise ValueError with what is wrong with the tokens."""
    if memories.ndim != 2 or xt.ndim != 2 or memories.shape[1] != xt.shape[1] or not memories.numel():
        raise ValueError(
            f"memories [n, L] and states [B, L] must be token ids of one length L, with at least one memory; "
            f"their shapes are {tuple(memories.shape)} and {tuple(xt.shape)}."
        )
    for name, x in (("memories", memories), ("states", xt)):
        if x.dtype != torch.int64 or (x.numel() and not 0 <= int(x.min()) <= int(x.max()) < vocab_size):
            raise ValueError(f"The {name} must be int64 token ids 0 ... {vocab_size - 1}; others came ({x.dtype}).")
    return torch.as_tensor(beta, dtype=torch.float64, device=xt.device).expand(len(xt))

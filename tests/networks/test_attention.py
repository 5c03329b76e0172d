"""`retrieve` and `log_partition` against direct sums over all memories."""

from __future__ import annotations

import pytest
import torch
from small_networks import seeded

from uddm_mini.networks import attention
from uddm_mini.networks.attention import log_partition, retrieve


def by_definition(memories, xt, beta, vocab_size):
    """The definition written out: dense arrays, log space throughout."""
    overlap = (xt[:, None] == memories[None]).sum(dim=2)  # [B, n]
    score = beta[:, None] * overlap
    log_weight = score.log_softmax(dim=1)
    has = torch.nn.functional.one_hot(memories, vocab_size).double().log()  # [n, L, V], 0 or -inf
    return torch.logsumexp(log_weight[:, :, None, None] + has[None], dim=1), torch.logsumexp(score, dim=1)


def assert_same(memories, xt, beta, vocab_size):
    expected, expected_z = by_definition(memories, xt, beta, vocab_size)
    got = retrieve(memories, xt, beta, vocab_size)
    assert got.shape == (*xt.shape, vocab_size)
    assert got.dtype == torch.float64
    # the same float64 sums in another order; scores reach 2,000, whose rounding is about 2e-13
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-11)
    torch.testing.assert_close(log_partition(memories, xt, beta, vocab_size), expected_z, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize(
    ("n", "batch", "length", "vocab"), [(1, 1, 1, 2), (7, 3, 4, 3), (2500, 9, 5, 6), (3, 300, 2, 2)]
)
def test_equals_the_definition(n, batch, length, vocab):
    g = seeded()
    memories = torch.randint(vocab, (n, length), generator=g)
    xt = torch.randint(vocab, (batch, length), generator=g)
    assert_same(memories, xt, torch.rand(batch, generator=g, dtype=torch.float64) * 8, vocab)


def test_masses_far_below_the_smallest_float_survive():
    # beta L reaches 2,000 nats, and exp(-2000) is 0 in float64: log space must not notice
    g = seeded()
    memories = torch.randint(5, (40, 100), generator=g)
    memories[0], memories[1], memories[2] = 0, 1, 0
    memories[2, :30] = 3  # exactly on the edge of two windows for the fifth state: 30 misses of 20 nats
    xt = torch.cat([memories[:4], torch.full((1, 100), 4), torch.zeros(1, 100, dtype=torch.int64)])
    assert_same(memories, xt, torch.tensor([20.0, 7.0, 6.0, 0.0, 20.0, 5.99], dtype=torch.float64), 5)


def test_many_queries_and_a_large_vocabulary_are_cut_into_blocks(monkeypatch):
    monkeypatch.setattr(attention, "TABLE_NUMBERS", 100)
    monkeypatch.setattr(attention, "WEIGHT_NUMBERS", 64)
    g = seeded()
    memories = torch.randint(6, (3000, 4), generator=g)
    assert_same(memories, memories[:11], torch.linspace(0, 3, 11, dtype=torch.float64), 6)


def test_probabilities_sum_to_one_and_absent_tokens_are_impossible():
    memories = torch.tensor([[0, 1], [0, 2]])
    log_p = retrieve(memories, torch.tensor([[2, 1]]), 1.0, 4)
    torch.testing.assert_close(log_p.exp().sum(dim=2), torch.ones(1, 2, dtype=torch.float64))
    assert log_p[0, 0].tolist() == [0.0, -torch.inf, -torch.inf, -torch.inf]
    torch.testing.assert_close(log_p[0, 1, 1] - log_p[0, 1, 2], torch.tensor(1.0, dtype=torch.float64))


def test_no_queries_give_no_answers():
    memories = torch.zeros(3, 2, dtype=torch.int64)
    assert retrieve(memories, memories[:0], torch.zeros(0), 2).shape == (0, 2, 2)
    assert log_partition(memories, memories[:0], 1.0, 2).shape == (0,)


@pytest.mark.parametrize(
    ("memories", "xt", "message"),
    [
        (torch.zeros(0, 2).long(), torch.zeros(1, 2).long(), "at least one memory"),
        (torch.zeros(2, 3).long(), torch.zeros(1, 2).long(), "one length"),
        (torch.full((1, 2), 2), torch.zeros(1, 2).long(), "memories must be int64 token ids 0 ... 1"),
        (torch.zeros(1, 2).long(), torch.full((1, 2), -1), "states must be int64 token ids 0 ... 1"),
        (torch.zeros(1, 2), torch.zeros(1, 2).long(), "memories must be int64"),
    ],
)
@pytest.mark.parametrize("ask", [retrieve, log_partition])
def test_bad_tokens_are_named(ask, memories, xt, message):
    with pytest.raises(ValueError, match=message):
        ask(memories, xt, 1.0, 2)

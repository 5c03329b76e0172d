"""The table of counts against a sum over every possible sentence, with counts made by a second method."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch

from uddm_mini import MemorizingDenoiser, NgramDenoiser, UniformNoise
from uddm_mini.models import ngram
from uddm_mini.noise import SCHEDULES

V, L, K = 3, 4, 0.7
TRAIN = torch.randint(V, (6, L), generator=torch.Generator().manual_seed(0))
ALL = list(itertools.product(range(V), repeat=L))


def sentence_probability(sentence, train, k, order):
    """p(x) from dictionaries of counts, one character after the other."""
    threes, twos, pairs, ones, single = Counter(), Counter(), Counter(), Counter(), Counter()
    for row in train.tolist():
        row = ["^", "^", *row]
        for a, b, c in zip(row, row[1:], row[2:], strict=False):
            threes[a, b, c] += 1
            twos[a, b] += 1
            pairs[b, c] += 1
            ones[b] += 1
            single[c] += 1
    p, row = 1.0, ["^", "^", *sentence]
    for a, b, c in zip(row, row[1:], row[2:], strict=False):
        alone = (single[c] + k / V) / (single.total() + k)
        below = (pairs[b, c] + k * alone) / (ones[b] + k)
        p *= below if order == 2 else (threes[a, b, c] + k * below) / (twos[a, b] + k)
    return p


def brute_force(xt, t, noise, cavity, order):
    """Bayes' rule over all V^L sentences, [B, L, V]."""
    prior = np.array([sentence_probability(x, TRAIN, K, order) for x in ALL])
    assert prior.sum() == pytest.approx(1)
    seen = noise.likelihood(xt, t).numpy()
    out = np.zeros((len(xt), L, V))
    for n, place in itertools.product(range(len(xt)), range(L)):
        for x, p in zip(ALL, prior, strict=True):
            factors = [seen[n, i, v] for i, v in enumerate(x) if not (cavity and i == place)]
            out[n, place, x[place]] += p * np.prod(factors)
    return out / out.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("form", ["cavity", "posterior"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_table_is_the_sum_over_all_sentences(form, schedule, order, monkeypatch):
    pairs = (
        0 if order == 2 else len({tuple(run) for row in TRAIN.tolist() for run in zip([V, *row], row, strict=False)})
    )
    monkeypatch.setattr(ngram, "AT_ONCE", 5 * L * (V + 1 + pairs))  # several parts, the last one shorter
    noise = UniformNoise(V, SCHEDULES[schedule]())
    xt = torch.tensor(ALL)[torch.randperm(len(ALL), generator=torch.Generator().manual_seed(1))[:12]]
    t = torch.linspace(0.01, 1, len(xt))
    denoiser = NgramDenoiser(TRAIN, noise, K, order)
    assert len(denoiser.a) == pairs
    log_p0 = getattr(denoiser, form)(xt, t)
    assert denoiser.predicts == "cavity" and log_p0.dtype == torch.float64
    np.testing.assert_allclose(log_p0.exp(), brute_force(xt, t, noise, form == "cavity", order), atol=1e-9)
    if form == "cavity":
        assert torch.equal(denoiser(xt, t), log_p0)


def test_for_two_characters_a_table_is_the_list_of_sentences():
    tiny, noise = torch.tensor([[0, 1], [0, 1], [0, 2]]), UniformNoise(3)
    x = torch.tensor(list(itertools.product(range(3), repeat=2)))
    for t in (1e-3, 0.4):
        level = torch.full((9,), t)
        mine, theirs = NgramDenoiser(tiny, noise, 1e-12), MemorizingDenoiser(tiny, noise)
        torch.testing.assert_close(mine.cavity(x, level).exp(), theirs.cavity(x, level).exp(), atol=1e-9, rtol=0)


def test_one_character_and_long_sentences():
    noise = UniformNoise(3)
    alone = NgramDenoiser(torch.tensor([[0], [0], [2]]), noise, 1.0)(torch.tensor([[1]]), torch.tensor([0.3]))
    counts = torch.tensor([2, 0, 1], dtype=torch.float64)
    single = (counts + 1 / 3) / 4
    pair = (counts + single) / 4
    expected = (counts + pair) / 4
    torch.testing.assert_close(alone[0, 0].exp(), expected)
    long = torch.randint(3, (2, 2000), generator=torch.Generator().manual_seed(0))
    assert NgramDenoiser(long, noise)(long, torch.tensor([0.2, 1.0])).isfinite().all()


@pytest.mark.parametrize(
    ("x", "k", "message"),
    [
        (torch.zeros(0, 3, dtype=torch.int64), 1.0, "at least one sentence"),
        (torch.tensor([1, 2]), 1.0, "at least one sentence"),
        (torch.tensor([[3]]), 1.0, "outside 0 ... 2"),
        (torch.tensor([[-1]]), 1.0, "outside 0 ... 2"),
        (torch.tensor([[1]]), 0.0, "k must be above 0"),
        (torch.tensor([[1]]), float("nan"), "k must be above 0"),
    ],
)
def test_what_cannot_be_counted_is_refused(x, k, message):
    with pytest.raises(ValueError, match=message):
        NgramDenoiser(x, UniformNoise(3), k)


@pytest.mark.parametrize("order", [2, 3])
def test_the_whole_table_says_what_comes_after_what(order):
    after = NgramDenoiser(TRAIN, UniformNoise(V), K, order).after
    assert after.shape == (V + 1, V + 1, V)
    for x in ALL[::7]:
        row = [V, V, *x]
        path = [after[run] for run in zip(row, row[1:], row[2:], strict=False)]
        assert float(torch.stack(path).prod()) == pytest.approx(sentence_probability(x, TRAIN, K, order), abs=1e-12)


@pytest.mark.parametrize("order", [2, 3])
def test_a_table_of_many_words_holds_no_square_of_them(order):
    """Words that the few have not seen are alike: V of them together get what one gets times V."""
    many = UniformNoise(30_000)
    x, xt, t = torch.tensor([[0, 1, 2], [1, 1, 0]]), torch.tensor([[1, 1, 2]]), torch.tensor([0.3])
    table = NgramDenoiser(x, many, 1.0, order)
    assert sum(len(each.values()) for each in (table.pairs, table.ahead)) < 20
    found = table(xt, t)[0].exp()  # [L, 30,000]
    assert found.sum(dim=1).tolist() == pytest.approx([1.0] * 3)
    assert torch.equal(found[:, 3:].max(dim=1).values, found[:, 3:].min(dim=1).values)
    # k / V for each word that was not seen, as if there were V of them: the small table with the large one's noise
    exact = _with_many_unseen(x, xt, t, order, many)
    assert found[:, :3].flatten().tolist() == pytest.approx(exact.flatten().tolist(), rel=1e-9)


def _with_many_unseen(x, xt, t, order, noise):
    """Bayes' rule over sentences of 0, 1, 2 and "another", whose weight is that of all others together, [L, 3]."""
    V, k = noise.vocab_size, 1.0
    like = noise.likelihood(torch.arange(4).unsqueeze(0), t)[0, :, :4].double()  # p(seen | clean), [seen, clean]
    out = torch.zeros(x.shape[1], 4, dtype=torch.float64)
    for sentence in itertools.product(range(4), repeat=x.shape[1]):
        p = _probability_with_many(sentence, x, k, order, V)
        for place in range(x.shape[1]):
            others = [like[int(xt[0, i]), v] for i, v in enumerate(sentence) if i != place]
            out[place, sentence[place]] += p * float(torch.stack(others).prod())
    return (out / out.sum(dim=1, keepdim=True))[:, :3]


def _probability_with_many(sentence, train, k, order, V):
    """p(sentence), in which 3 stands for any of V - 3 words that nobody saw."""
    runs = [tuple(["^", "^", *row][i : i + 3]) for row in train.tolist() for i in range(len(row))]
    p, row = 1.0, ["^", "^", *sentence]
    for a, b, c in zip(row, row[1:], row[2:], strict=False):
        share = (V - 3 if c == 3 else 1) / V
        alone = (sum(r[2] == c for r in runs) + k * share) / (len(runs) + k)
        below = (sum(r[1:] == (b, c) for r in runs) + k * alone) / (sum(r[1] == b for r in runs) + k)
        above = (sum(r == (a, b, c) for r in runs) + k * below) / (sum(r[:2] == (a, b) for r in runs) + k)
        p *= below if order == 2 else above
    return p


def test_a_table_has_pairs_or_triples():
    with pytest.raises(ValueError, match="order must be 2 .* or 3"):
        NgramDenoiser(torch.tensor([[1]]), UniformNoise(3), order=4)

"""The local memorizer against Bayes' rule written out, the memorizer, and counts."""

import itertools
import math

import pytest
import torch

from uddm_mini import AbsorbingNoise, MemorizingDenoiser, UniformNoise
from uddm_mini.models import local_memorizer
from uddm_mini.models.local_memorizer import LocalMemorizingDenoiser

V, L = 4, 5
TRAIN = torch.randint(V, (7, L), generator=torch.Generator().manual_seed(0))
X = torch.randint(V, (12, L), generator=torch.Generator().manual_seed(1))
T = torch.linspace(0.02, 1, len(X))


def by_hand(x, t, window):
    """Bayes' rule over the memories, each word of x within the window as evidence."""
    alpha = float(UniformNoise(V).alpha(t))
    out = torch.zeros(L, V, dtype=torch.float64)
    for place, memory in itertools.product(range(L), TRAIN.tolist()):
        weight = 1.0
        for j in range(L):
            if 0 < abs(j - place) <= window:
                weight *= (1 - alpha) / V + alpha * (int(x[j]) == memory[j])
        out[place, memory[place]] += weight
    return out / out.sum(dim=1, keepdim=True)


@pytest.mark.parametrize("window", [0, 1, 2, 4])
def test_it_is_bayes_rule_within_the_window(window, monkeypatch):
    monkeypatch.setattr(local_memorizer, "AT_ONCE", 5 * TRAIN.numel())  # several parts
    found = LocalMemorizingDenoiser(TRAIN, UniformNoise(V), window)(X, T).exp()
    expected = torch.stack([by_hand(x, float(t), window) for x, t in zip(X, T, strict=True)])
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)  # t is float32


@pytest.mark.parametrize("noise", [UniformNoise(V), AbsorbingNoise(V)])
def test_with_a_window_of_the_whole_sentence_it_is_the_memorizer(noise):
    xt = noise.corrupt(TRAIN, 0.4, torch.Generator().manual_seed(2))
    local, whole = LocalMemorizingDenoiser(TRAIN, noise, L), MemorizingDenoiser(TRAIN, noise)
    torch.testing.assert_close(local.cavity(xt, 0.4).exp(), whole.cavity(xt, 0.4).exp(), atol=1e-9, rtol=0)


def test_without_a_window_it_counts_the_words_of_each_place():
    found = LocalMemorizingDenoiser(TRAIN, UniformNoise(V), 0)(X[:1], T[:1])[0].exp()
    for place in range(L):
        counts = torch.bincount(TRAIN[:, place], minlength=V) / len(TRAIN)
        torch.testing.assert_close(found[place], counts.double(), atol=1e-7, rtol=0)


def test_it_puts_new_sentences_together_from_pieces():
    pieces, noise = torch.tensor([[0, 1, 2, 3], [3, 2, 2, 1]]), UniformNoise(V)
    new = torch.tensor([[0, 1, 2, 1]])  # begins as the one and ends as the other
    local, whole = (LocalMemorizingDenoiser(pieces, noise, window).posterior(new, 0.05) for window in (1, 4))
    own = [float(p[0, torch.arange(4), new[0]].sum()) for p in (local, whole)]
    assert own[0] > own[1] + math.log(2), "to the memorizer one of the two ends is wrong"


@pytest.mark.parametrize(
    ("x", "window", "message"),
    [
        (torch.zeros(0, 3, dtype=torch.int64), 1, "at least one sentence"),
        (torch.tensor([[V]]), 1, "outside 0 ... 3"),
        (torch.tensor([[-1]]), 1, "outside 0 ... 3"),
        (torch.tensor([[1]]), -1, "window must be at least 0"),
    ],
)
def test_what_cannot_be_stored(x, window, message):
    with pytest.raises(ValueError, match=message):
        LocalMemorizingDenoiser(x, UniformNoise(V), window)


def test_long_sentences_are_compared_whole_and_one_at_a_time_if_there_are_many_memories(monkeypatch):
    monkeypatch.setattr(local_memorizer, "AT_ONCE", 1)
    x, noise = torch.randint(V, (3, 300), generator=torch.Generator().manual_seed(3)), UniformNoise(V)
    local, whole = LocalMemorizingDenoiser(x, noise, 300), MemorizingDenoiser(x, noise)
    torch.testing.assert_close(local.cavity(x, 0.4).exp(), whole.cavity(x, 0.4).exp(), atol=1e-9, rtol=0)

"""Loops: zero for whatever has an energy, the sum of four logarithms by hand for what has none."""

import pytest
import torch

from uddm_mini import AbsorbingNoise, MemorizingDenoiser, NgramDenoiser, TransformerDenoiser, UniformNoise
from uddm_mini.models.settings import ModelSettings
from uddm_mini.probes.loops import incompatibility

V, L = 5, 4
X, OTHER = torch.randint(V, (2, 40, L), generator=torch.Generator().manual_seed(0))
NOISE = UniformNoise(V)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("noise", [NOISE, AbsorbingNoise(V)])
@pytest.mark.parametrize("kind", [MemorizingDenoiser, NgramDenoiser])
@pytest.mark.parametrize("t", [1e-3, 0.05, 0.5])
def test_exact_denoisers_have_an_energy(kind, t, noise):
    work = incompatibility(kind(X[:6], noise), X, OTHER, t, seeded())
    assert float(work.abs().max()) < 1e-6


def test_a_network_has_none_and_the_sum_is_the_one_by_hand():
    model, t = TransformerDenoiser(NOISE, L, ModelSettings(16, 1, 2)).eval(), 0.1
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)
    work = incompatibility(model, X, OTHER, t, seeded(3))
    assert float(work.abs().median()) > 1e-3
    order = torch.rand(X.shape, generator=seeded(3)) + (X != OTHER)
    alpha = float(NOISE.alpha(t))
    for b in range(5):
        i, j = order[b].argsort(descending=True)[:2].tolist()
        now, total = X[b].clone(), 0.0
        for place, goal in ((i, OTHER), (j, OTHER), (i, X), (j, X)):
            p0 = model.cavity(now[None], t)[0, place].double().exp()
            heard = (alpha * p0 + (1 - alpha) / V).log()
            total += float(heard[goal[b, place]] - heard[now[place]])
            now[place] = goal[b, place]
        assert torch.equal(now, X[b]) and total == pytest.approx(float(work[b]), abs=1e-4)


def test_loops_that_cannot_be_walked():
    model = TransformerDenoiser(NOISE, L, ModelSettings(16, 1, 2))
    with pytest.raises(ValueError, match="L >= 2"):
        incompatibility(model, X[:, :1], OTHER[:, :1])
    with pytest.raises(ValueError, match="in the same shape"):
        incompatibility(model, X, OTHER[:3])


def test_the_places_are_those_where_the_words_differ():
    model = TransformerDenoiser(NOISE, L, ModelSettings(16, 1, 2)).eval()
    other, rows = X.clone(), torch.arange(len(X))
    for place in (rows % L, (rows + 1 + rows // L % (L - 1)) % L):  # two of each sentence
        other[rows, place] = (X[rows, place] + 1) % V
    work = incompatibility(model, X, other, 0.1, seeded())
    assert bool((work != 0).all()), "with a word that stays the same a loop adds up to nothing, to the bit"

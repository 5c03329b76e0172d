"""Where walks end: counts by hand, and a walk whose ends are known."""

import pytest
import torch

from uddm_mini import MemorizingDenoiser, UniformNoise, sample
from uddm_mini.probes.starts import ends_in

SENTENCES = torch.tensor([[0, 1], [1, 1], [2, 0]])


def test_ends_are_counted_sentence_by_sentence():
    found = ends_in(torch.tensor([[1, 1], [0, 1], [1, 1], [0, 0], [1, 0]]), SENTENCES)
    assert found.hits.tolist() == [1, 2, 0] and found.walks == 5
    assert found.share == 3 / 5 and found.visited == 2 / 3
    assert found.evenness() == pytest.approx((abs(1 / 3 - 1 / 3) + abs(2 / 3 - 1 / 3) + 1 / 3) / 2)
    assert found.evenness(torch.tensor([2.0, 4.0, 0.0])) == pytest.approx(0)
    nowhere = ends_in(torch.tensor([[2, 2]]), SENTENCES)
    assert nowhere.share == nowhere.visited == 0 and nowhere.evenness() != nowhere.evenness(), "NaN: nothing was hit"


def test_a_sentence_that_stands_twice_is_hit_twice():
    assert ends_in(SENTENCES[:1], SENTENCES[[0, 0, 1]]).hits.tolist() == [1, 1, 0]


def test_walks_of_a_memorizer_end_in_its_memories_and_nearly_evenly():
    x = torch.randint(30, (8, 6), generator=torch.Generator().manual_seed(0))
    ends = sample(MemorizingDenoiser(x, UniformNoise(30)), 800, 6, 64, generator=torch.Generator().manual_seed(1))
    found = ends_in(ends, x)
    assert found.share > 0.95 and found.visited == 1
    # eight counts of some 100 each: a mean distance of 0.4 sqrt(8 / 800) = 0.04
    assert found.evenness() < 0.1


@pytest.mark.parametrize("ends", [torch.zeros(0, 2, dtype=torch.int64), torch.zeros(1, 3, dtype=torch.int64)])
def test_ends_that_cannot_be_counted(ends):
    with pytest.raises(ValueError, match="at least one end and one sentence of the same length"):
        ends_in(ends, SENTENCES)
    with pytest.raises(ValueError, match="one number from 0 on per sentence, 3 of them"):
        ends_in(SENTENCES, SENTENCES).evenness(torch.tensor([1.0, -1.0, 1.0]))


def test_a_sentence_that_stands_twice_is_one_end():
    x = torch.tensor([[0, 1], [0, 1], [1, 1]])
    found = ends_in(torch.tensor([[0, 1], [0, 1], [1, 0], [1, 1]]), x)
    assert found.share == 0.75 and found.hits.tolist() == [2, 2, 1]

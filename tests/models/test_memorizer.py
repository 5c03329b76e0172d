"""Pure memory against sums over its memories, and as the dense associative memory that it is."""

from __future__ import annotations

import pytest
import torch
from oracles import assert_bayes_rule, index_of, sentences, signal

from uddm_mini import MemorizingDenoiser, UniformNoise
from uddm_mini.noise import SCHEDULES

EXACT = dict(rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("form", ["cavity", "posterior"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_memorizer_is_bayes_rule_over_its_memories(schedule, form, generator):
    vocab, length = 3, 3
    memories = torch.randint(vocab, (5, length), generator=generator)
    memories[4] = memories[0]  # a sentence stored twice counts twice
    prior = torch.bincount(index_of(memories, vocab), minlength=vocab**length).double() / len(memories)
    denoiser = MemorizingDenoiser(memories, UniformNoise(vocab, SCHEDULES[schedule]()))
    assert_bayes_rule(denoiser, prior, schedule, length, form)
    assert denoiser.predicts == "posterior"


def test_weights_of_memories_are_a_softmax_of_overlaps():
    # uniform noise makes the memorizer a dense associative memory with beta = log(1 + alpha V / (1 - alpha))
    noise, t = UniformNoise(4), 0.6
    memories, xt = torch.tensor([[0, 1, 2], [0, 3, 3], [3, 1, 2]]), torch.tensor([[0, 1, 3]])
    alpha = signal(t, "linear")
    weights = torch.softmax((1 + alpha * 4 / (1 - alpha)).log() * torch.tensor([2.0, 2.0, 1.0]).double(), dim=0)
    got = MemorizingDenoiser(memories, noise)(xt, torch.tensor([t], dtype=torch.float64)).exp()
    expected = [[weights[0] + weights[1], 0, 0, weights[2]], [0, weights[0] + weights[2], 0, weights[1]]]
    torch.testing.assert_close(got[0, :2], torch.tensor(expected, dtype=torch.float64), **EXACT)


@pytest.mark.parametrize("form", ["cavity", "posterior"])
def test_one_memory_is_the_answer_whatever_the_question(form):
    memory = MemorizingDenoiser(torch.tensor([[1, 0]]), UniformNoise(2))
    got = getattr(memory, form)(sentences(2, 2), torch.tensor([0.0, 0.3, 0.7, 1.0]))
    assert got.exp().tolist() == [[[0.0, 1.0], [1.0, 0.0]]] * 4


@pytest.mark.parametrize(
    ("memories", "message"),
    [
        (torch.zeros(0, 3, dtype=torch.int64), "at least one sentence"),
        (torch.zeros(3, dtype=torch.int64), "at least one sentence"),
        (torch.full((1, 3), 3), "outside 0 ... 2"),
        (torch.full((1, 3), -1), "outside 0 ... 2"),
    ],
)
def test_what_cannot_be_remembered_is_named_at_once(memories, message):
    with pytest.raises(ValueError, match=message):
        MemorizingDenoiser(memories, UniformNoise(3))

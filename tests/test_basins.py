"""Basins and fixed points against a memorizer written as a loop, constant answers, and tables counted by hand."""

from __future__ import annotations

import math
from typing import get_args

import pandas as pd
import pytest
import torch
from oracles import SCHEDULES, index_of, predictions, random_prior, sentences, signal

from uddm_mini import (
    BasinProfile,
    MemorizingDenoiser,
    PopulationDenoiser,
    UniformNoise,
    basin_profile,
    fixed_point_rate,
)
from uddm_mini.probes.basins import change_exactly, noise_level
from uddm_mini.probes.recovery import Method

METHODS = get_args(Method)
V, L = 30, 8
NOISE = UniformNoise(V)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tokens(n, seed=0, vocab=V, length=L):
    return torch.randint(vocab, (n, length), generator=seeded(seed))


def always(sentence, vocab=V):
    """A denoiser that says the same whatever it sees."""
    row = torch.nn.functional.one_hot(torch.as_tensor(sentence), vocab).double().mul(80).log_softmax(dim=1)
    return lambda xt, t: row.expand(len(xt), -1, -1)


def echo(xt, t):
    """A denoiser that repeats what it sees."""
    return torch.nn.functional.one_hot(xt, V).double().mul(80).log_softmax(dim=2)


def memorizer_by_hand(memories, start, alpha, vocab=V):
    """Iterate the argmax of the memorizer's full posterior from one sentence, with loops; None if there is a tie."""
    now = start.tolist()
    for _ in range(32):
        weights = []
        for memory in memories.tolist():
            same = sum(a == b for a, b in zip(memory, now, strict=True))
            weights.append((alpha + (1 - alpha) / vocab) ** same * ((1 - alpha) / vocab) ** (len(now) - same))
        votes = [[0.0] * vocab for _ in now]
        for weight, memory in zip(weights, memories.tolist(), strict=True):
            for position, token in enumerate(memory):
                votes[position][token] += weight
        best = [sorted(vote)[-2:] for vote in votes]
        if any(second > 0.999 * first for second, first in best):
            return None  # a tie, which rounding decides
        then = [max(range(vocab), key=vote.__getitem__) for vote in votes]
        if then == now:
            break
        now = then
    return now


# --- how many tokens change, and what the denoiser is told about it --------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("vocab", [2, 30])
def test_the_noise_level_changes_that_many_tokens(schedule, vocab):
    noise = UniformNoise(vocab, schedule)
    x = torch.zeros(1, 1, dtype=torch.int64)
    for changed in (0.05, 0.25, 0.49):
        t = noise_level(noise, changed)
        stays = noise.likelihood(x, torch.tensor(t, dtype=torch.float64))[0, 0, 0]
        assert 1 - float(stays) == pytest.approx(changed, abs=1e-9)
    assert noise_level(noise, 1.0) == 1.0  # V = 30: pure noise changes 29 in 30
    assert noise_level(UniformNoise(vocab), 0.2) == pytest.approx(0.2 * vocab / (vocab - 1) / 0.999)


def test_exactly_that_many_tokens_become_any_other_one():
    x, counted = torch.tensor([3, 1, 4, 1, 0]), torch.tensor([True, True, False, True, True])
    n, vocab = 20_000, 5
    for count in (1, 2, 4):
        xt = change_exactly(x, count, n, vocab, counted, seeded())
        assert bool(((xt != x).sum(dim=1) == count).all()) and bool((xt[:, 2] == 4).all())
        share = (xt != x).double().mean(dim=0)[counted]
        assert share.tolist() == pytest.approx([count / 4] * 4, abs=0.02)  # standard deviation at most 0.0035
        new = torch.bincount(xt[:, 0][xt[:, 0] != 3], minlength=vocab).double()
        assert new[3] == 0
        assert (new / new.sum())[[0, 1, 2, 4]].tolist() == pytest.approx([0.25] * 4, abs=0.03)  # 5,000 or more draws


# --- profiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [7, 1024])
def test_a_memorizer_s_profile_equals_the_one_by_hand(batch_size):
    # neighbors at distance 3 and 5, and three unrelated memories
    x = tokens(1)[0]
    near, far = (change_exactly(x, d, 1, V, torch.ones(L).bool(), seeded(d))[0] for d in (3, 5))
    memories = torch.stack([far, x, near, *tokens(3, seed=9)])
    found = basin_profile(
        MemorizingDenoiser(memories, NOISE),
        NOISE,
        x,
        memories,
        (1, 2, 3, 5, 7),
        24,
        batch_size=batch_size,
        generator=seeded(),
    )
    assert torch.equal(found.competitor, near) and found.distance == 3
    ties = 0
    for row, starts, ends in zip(found.table.to_dict("records"), found.xt, found.out, strict=True):
        alpha = 1 - row["changed"] / L * V / (V - 1)
        assert row["t"] == pytest.approx((1 - alpha) / 0.999)
        for start, end in zip(starts, ends.tolist(), strict=True):
            expected = memorizer_by_hand(memories, start, alpha)
            ties += expected is None
            assert expected in (None, end)
        same = (ends[:, None] == memories).all(dim=2).double().mean(dim=0)  # share that ends at each memory
        assert row["returned"] == pytest.approx(float(same[1]))
        assert row["captured"] == pytest.approx(float(same.sum() - same[1]))
        assert row["competitor"] == pytest.approx(float(same[2]))
        assert row["recovered"] == pytest.approx(float((ends == x)[starts != x].double().mean()))
    assert ties < 30  # of 120
    returned = found.table["returned"]
    assert returned[0] == 1.0 and 0 < returned[2] < 1 and found.table["captured"].max() > 0  # nothing was trivial


def test_far_apart_memories_all_come_back_from_half_their_tokens():
    memories = tokens(5)
    profile = basin_profile(MemorizingDenoiser(memories, NOISE), NOISE, memories[0], memories, generator=seeded())
    assert profile.table["changed"].tolist() == list(range(1, L + 1))
    assert bool((profile.table["returned"][:4] == 1).all()) and profile.table["returned"].iloc[-1] == 0
    assert 4 <= profile.radius < L


def test_a_denoiser_that_always_says_the_same_captures_everything():
    x, memories = tokens(1)[0], tokens(4, seed=1)
    said = memories[2]
    nearest = min(memories.tolist(), key=lambda m: sum(a != b for a, b in zip(m, x.tolist(), strict=True)))
    at = [
        basin_profile(always(said), NOISE, x, memories, (1, 4), 8, method, predicts="cavity", generator=seeded())
        for method in ("argmax", "iterate")
    ]
    # at t of one change in eight the own evidence is worth 5.4 nats, and the answer 80
    for found in at:
        assert found.table["returned"].tolist() == [0, 0] and found.table["captured"].tolist() == [1, 1]
        assert found.table["competitor"].tolist() == [float(nearest == said.tolist())] * 2
        assert found.radius == 0
    back = basin_profile(always(x), NOISE, x, changed=(1, 4), corruptions=8, predicts="cavity", generator=seeded())
    assert back.table["returned"].tolist() == back.table["recovered"].tolist() == [1, 1] and back.radius == 4


def test_a_denoiser_that_repeats_what_it_sees_brings_nothing_back():
    found = basin_profile(echo, NOISE, tokens(1), predicts="posterior", generator=seeded())
    assert found.x.shape == (L,) and torch.equal(found.out, found.xt)
    assert found.table["returned"].max() == 0 and found.table["recovered"].max() == 0
    assert found.table["captured"].isna().all() and found.competitor is None and found.distance is None


def test_the_sentence_itself_and_duplicates_are_no_competitors():
    x = tokens(1)[0]
    other = change_exactly(x, 2, 1, V, torch.ones(L).bool(), seeded())[0]
    alone = basin_profile(echo, NOISE, x, torch.stack([x, x]), (1,), 2, predicts="posterior")
    assert alone.competitor is None and alone.table["captured"].isna().all()
    twice = basin_profile(always(other), NOISE, x, torch.stack([x, other, x, other]), (1,), 4, predicts="posterior")
    assert twice.distance == 2 and torch.equal(twice.competitor, other)
    assert twice.table["captured"].tolist() == twice.table["competitor"].tolist() == [1.0]
    none = basin_profile(echo, NOISE, x, torch.empty(0, L, dtype=torch.int64), (1,), 2, predicts="posterior")
    assert none.competitor is None


def test_ignored_tokens_are_neither_changed_nor_counted():
    x = torch.tensor([5, 6, 7, 0, 0])
    said = torch.tensor([5, 6, 7, 9, 9])  # right but for the padding
    memories = torch.tensor([[5, 6, 7, 0, 9], [5, 6, 8, 0, 0]])  # the first one is x as far as it counts
    found = basin_profile(always(said), NOISE, x, memories, ignore=(0,), predicts="posterior", generator=seeded())
    assert found.table["changed"].tolist() == [1, 2, 3] and bool((found.xt[:, :, 3:] == 0).all())
    assert found.table["returned"].tolist() == [1, 1, 1] and found.table["captured"].tolist() == [0, 0, 0]
    assert found.distance == 1 and torch.equal(found.competitor, memories[1])
    assert found.table["t"][0] == pytest.approx(V / (V - 1) / 3 / 0.999)  # one of three, not of five


def test_every_method_meets_the_same_corruptions_and_the_generator_fixes_them():
    memories = tokens(4)
    memory = MemorizingDenoiser(memories, NOISE)
    found = {
        (method, seed): basin_profile(
            memory, NOISE, memories[1], changed=(2, 5), corruptions=6, method=method, steps=4, generator=seeded(seed)
        )
        for method in METHODS
        for seed in (0, 1)
    }
    for method in METHODS:
        assert torch.equal(found[method, 0].xt, found["argmax", 0].xt)
        assert not torch.equal(found[method, 0].xt, found[method, 1].xt)
    again = basin_profile(
        memory, NOISE, memories[1], changed=(5, 2, 2), corruptions=6, method="reverse", steps=4, generator=seeded()
    )
    assert torch.equal(again.out, found["reverse", 0].out)  # the order in which numbers are given does not matter


@pytest.mark.parametrize(
    ("returned", "radius"),
    [
        ([1.0, 1.0, 0.75, 0.25], 3.0),  # half way from 2 to 4
        ([1.0, 0.5, 0.0, 0.0], 2.0 - 1.0),  # exactly one half at 1
        ([1.0, 0.4, 0.6, 0.2], 2 + 2 * 0.1 / 0.4),  # the largest number counts
        ([0.4, 0.2, 0.0, 0.0], 0.0),
        ([1.0, 0.9, 0.8, 0.5], 4.0),  # still inside at the last one
    ],
)
def test_the_radius_is_where_half_of_the_runs_return(returned, radius):
    table = pd.DataFrame({"changed": [0, 1, 2, 4], "returned": returned})
    nothing = torch.empty(0)
    assert BasinProfile(table, nothing, None, None, nothing, nothing).radius == pytest.approx(radius)


def test_bad_input_is_named():
    x = torch.tensor([1, 2, 0])
    for changed in ((3,), (0, 1), (), (-1,)):
        with pytest.raises(ValueError, match="1 to 2"):
            basin_profile(echo, NOISE, x, changed=changed, ignore=(0,), predicts="posterior")
    with pytest.raises(ValueError, match="nothing to change"):
        basin_profile(echo, NOISE, x, ignore=(0, 1, 2), predicts="posterior")
    with pytest.raises(ValueError, match="one sentence"):
        basin_profile(echo, NOISE, tokens(2), predicts="posterior")
    with pytest.raises(ValueError, match="corruptions"):
        basin_profile(echo, NOISE, x, corruptions=0, predicts="posterior")
    for memories in (tokens(2), tokens(2)[0]):  # of another length, and not a batch
        with pytest.raises(ValueError, match="but x has 3 tokens"):
            basin_profile(echo, NOISE, x, memories, predicts="posterior")
    with pytest.raises(ValueError, match="predicts="):
        basin_profile(echo, NOISE, x)
    for method in ("iterate", "reverse", "greedy"):
        with pytest.raises(ValueError, match="at least"):
            fixed_point_rate(echo, NOISE, tokens(2), method, steps=0, predicts="posterior")
    with pytest.raises(ValueError, match="one of argmax, reverse, iterate, greedy"):
        fixed_point_rate(echo, NOISE, tokens(2), "magic", predicts="posterior")
    with pytest.raises(ValueError, match="for argmax and iterate"):
        fixed_point_rate(echo, NOISE, tokens(2), "greedy", wanted="cavity", predicts="posterior")


# --- fixed points ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_everything_stays_where_the_denoiser_repeats_what_it_sees(method):
    found = fixed_point_rate(echo, NOISE, tokens(20), method, predicts="cavity", generator=seeded())
    assert (found.rate, found.moved) == (1.0, 0.0) and torch.equal(found.out, tokens(20))


@pytest.mark.parametrize("method", ["argmax", "iterate"])
def test_what_a_constant_denoiser_leaves_alone_is_counted_by_hand(method):
    x = torch.tensor([[1, 2, 3], [1, 2, 0], [4, 2, 0], [0, 0, 0]])
    found = fixed_point_rate(always([1, 2, 3]), NOISE, x, method, ignore=(0,), predicts="posterior")
    assert found.rate == pytest.approx(2 / 3)  # the fourth has no token that counts
    assert found.moved == pytest.approx(1 / 7)
    assert found.out.tolist() == [[1, 2, 3]] * 4
    empty = fixed_point_rate(always([1, 2, 3]), NOISE, x[:0], method, predicts="posterior")
    assert math.isnan(empty.rate) and math.isnan(empty.moved)


@pytest.mark.parametrize("wanted", ["cavity", "posterior"])
def test_one_step_of_the_map_is_the_argmax_of_the_form_that_was_asked_for(wanted):
    prior, t, noise, x = random_prior(3, 2), 0.4, UniformNoise(3), sentences(3, 2)
    for kind in ("cavity", "posterior"):
        table = predictions(prior, signal(t, "linear"), 3, 2, kind).log()
        found = fixed_point_rate(
            lambda xt, t, table=table: table[index_of(xt, 3)], noise, x, "argmax", t, wanted=wanted, predicts=kind
        )
        expected = predictions(prior, signal(t, "linear"), 3, 2, wanted).argmax(dim=2)
        assert torch.equal(found.out, expected)
        assert found.rate == float((expected == x).all(dim=1).double().mean())
        assert found.moved == float((expected != x).double().mean())


@pytest.mark.parametrize("steps", [1, 2, 15, 16])
def test_a_sentence_that_comes_home_every_other_step_is_no_fixed_point(steps):
    # each of two words copies the other, as coupled words do under a parallel map: [1, 2] -> [2, 1] -> [1, 2]
    swap = lambda xt, t: echo(xt.flip(1), t)  # noqa: E731
    x = torch.tensor([[1, 2], [3, 3]])
    found = fixed_point_rate(swap, NOISE, x, "iterate", wanted="cavity", predicts="cavity", steps=steps)
    assert found.rate == 0.5
    assert found.moved == (0.5 if steps % 2 else 0.0)


def test_memories_stay_and_random_tokens_go():
    memories = tokens(6)
    memory = MemorizingDenoiser(memories, NOISE)
    for method in ("argmax", "iterate", "reverse"):
        assert fixed_point_rate(memory, NOISE, memories, method, generator=seeded()).rate == 1.0
        rolled = fixed_point_rate(memory, NOISE, tokens(40, seed=5), method, generator=seeded())
        assert rolled.rate == 0.0 and rolled.moved > 0.8


def test_the_exact_denoiser_keeps_its_language_but_not_its_every_word(english):
    noise = UniformNoise(english.vocab_size)
    exact, x = PopulationDenoiser(english, noise), english.sample(40, seed=3)
    assert fixed_point_rate(exact, noise, x).rate == 1.0
    # by the cavity, a word stays if it is the most probable one given the others
    evidence = torch.nn.functional.one_hot(x, english.vocab_size).double()
    expected = english.cavity(evidence).argmax(dim=2)
    cavity = fixed_point_rate(exact, noise, x, "argmax", 0.0, wanted="cavity")
    assert torch.equal(cavity.out, expected) and 0 < cavity.rate < 0.9
    # on the other hand, as t -> 0 the full posterior leaves alone what a denoiser that is never certain is shown
    doubts = lambda xt, t: torch.zeros(*xt.shape, V).log_softmax(dim=2)  # noqa: E731
    assert fixed_point_rate(doubts, NOISE, tokens(20), "iterate", 1e-3, predicts="cavity").rate == 1.0


def test_greedy_is_the_argmax_map_at_the_smallest_level_it_visits():
    # its last step goes to s = 0, where the reverse step is the full posterior at t / steps; steps before it can move
    # nothing but for the last but one (chapter 7), so with one step the two agree exactly
    memory, x = MemorizingDenoiser(tokens(6), NOISE), tokens(40, seed=5)
    once = fixed_point_rate(memory, NOISE, x, "greedy", 0.3, steps=1)
    assert torch.equal(once.out, fixed_point_rate(memory, NOISE, x, "argmax", 0.3).out)
    # a denoiser whose odds are below V steps / t moves nothing, whatever the text
    mild = lambda xt, t: always(tokens(1)[0])(xt, t).clamp_min(-8.0).log_softmax(dim=2)  # noqa: E731
    greedy = fixed_point_rate(mild, NOISE, x, "greedy", 0.1, steps=64, predicts="cavity")
    iterate = fixed_point_rate(mild, NOISE, x, "iterate", 0.1, predicts="cavity")
    assert greedy.rate == 1.0 and iterate.rate == 0.0

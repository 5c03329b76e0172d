"""Basins and fixed points against a memorizer written as a loop, constant answers, and tables counted by hand."""

from __future__ import annotations

import math
from typing import get_args

import pandas as pd
import pytest
import torch
from oracles import SCHEDULES, index_of, predictions, random_prior, sentences, signal

from uddm_mini import (
    BasinSettings,
    MemorizingDenoiser,
    NoiseSettings,
    PopulationDenoiser,
    UniformNoise,
    Walk,
    Wrapped,
    basin_profile,
    fixed_point_rate,
)
from uddm_mini.probes.basins import BasinProfile, change_exactly
from uddm_mini.walks import Method

METHODS = get_args(Method)
V, L = 30, 8
NOISE = UniformNoise(V)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tokens(n, seed=0, vocab=V, length=L):
    return torch.randint(vocab, (n, length), generator=seeded(seed))


def certain(xt):
    """Log-probabilities of someone who is certain of these words, [..., V]."""
    return torch.nn.functional.one_hot(xt, V).double().mul(80).log_softmax(dim=-1)


def always(sentence, predicts="posterior"):
    """A denoiser that says the same whatever it sees."""
    row = certain(torch.as_tensor(sentence))
    return Wrapped(lambda xt, t: row.expand(len(xt), -1, -1), NOISE, predicts)


def echo(predicts="posterior"):
    """A denoiser that repeats what it sees."""
    return Wrapped(lambda xt, t: certain(xt), NOISE, predicts)


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
    noise = NoiseSettings(schedule=schedule).of(vocab)
    x = torch.zeros(1, 1, dtype=torch.int64)
    for changed in (0.05, 0.25, 0.49):
        t = noise.level_of(changed)
        stays = noise.likelihood(x, torch.tensor(t, dtype=torch.float64))[0, 0, 0]
        assert 1 - float(stays) == pytest.approx(changed, abs=1e-9)
    assert noise.level_of(1.0) == 1.0  # V = 30: pure noise changes 29 in 30
    assert UniformNoise(vocab).level_of(0.2) == pytest.approx(0.2 * vocab / (vocab - 1) / 0.999)


def test_exactly_that_many_tokens_become_any_other_one():
    x, counted = torch.tensor([3, 1, 4, 1, 0]), torch.tensor([True, True, False, True, True])
    n, vocab = 20_000, 5
    for count in (1, 2, 4):
        xt = change_exactly(x, count, n, UniformNoise(vocab), counted, seeded())
        assert bool(((xt != x).sum(dim=1) == count).all())
        assert bool((xt[:, 2] == 4).all())
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
    near, far = (change_exactly(x, d, 1, NOISE, torch.ones(L).bool(), seeded(d))[0] for d in (3, 5))
    memories = torch.stack([far, x, near, *tokens(3, seed=9)])
    memory = MemorizingDenoiser(memories, NOISE)
    memory.batch_size = batch_size
    found = basin_profile(memory, x, memories, BasinSettings((1, 2, 3, 5, 7), 24), generator=seeded())
    assert torch.equal(found.competitor, near)
    assert found.distance == 3
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
    assert returned[0] == 1.0  # nothing was trivial
    assert 0 < returned[2] < 1
    assert found.table["captured"].max() > 0


def test_far_apart_memories_all_come_back_from_half_their_tokens():
    memories = tokens(5)
    profile = basin_profile(MemorizingDenoiser(memories, NOISE), memories[0], memories, generator=seeded())
    assert profile.table["changed"].tolist() == list(range(1, L + 1))
    assert bool((profile.table["returned"][:4] == 1).all())
    assert profile.table["returned"].iloc[-1] == 0
    assert 4 <= profile.radius < L


def test_a_denoiser_that_always_says_the_same_captures_everything():
    x, memories = tokens(1)[0], tokens(4, seed=1)
    said = memories[2]
    nearest = min(memories.tolist(), key=lambda m: sum(a != b for a, b in zip(m, x.tolist(), strict=True)))
    # at t of one change in eight the own evidence is worth 5.4 nats, and the answer 80
    for method in ("argmax", "iterate"):
        settings = BasinSettings((1, 4), 8, Walk(method))
        found = basin_profile(always(said, "cavity"), x, memories, settings, generator=seeded())
        assert found.table["returned"].tolist() == [0, 0]
        assert found.table["captured"].tolist() == [1, 1]
        assert found.table["competitor"].tolist() == [float(nearest == said.tolist())] * 2
        assert found.radius == 0
    back = basin_profile(always(x, "cavity"), x, settings=BasinSettings((1, 4), 8), generator=seeded())
    assert back.table["returned"].tolist() == back.table["recovered"].tolist() == [1, 1]
    assert back.radius == 4


def test_a_denoiser_that_repeats_what_it_sees_brings_nothing_back():
    found = basin_profile(echo(), tokens(1), generator=seeded())
    assert found.x.shape == (L,)
    assert torch.equal(found.out, found.xt)
    assert found.table["returned"].max() == 0
    assert found.table["recovered"].max() == 0
    for name in ("captured", "competitor"):
        assert found.table[name].isna().all(), name
    assert found.competitor is None
    assert found.distance is None


def test_the_sentence_itself_and_duplicates_are_no_competitors():
    x = tokens(1)[0]
    other = change_exactly(x, 2, 1, NOISE, torch.ones(L).bool(), seeded())[0]
    few = BasinSettings((1,), 2)
    alone = basin_profile(echo(), x, torch.stack([x, x]), few)
    assert alone.competitor is None
    assert alone.table["captured"].isna().all()
    twice = basin_profile(always(other), x, torch.stack([x, other, x, other]), BasinSettings((1,), 4))
    assert twice.distance == 2
    assert torch.equal(twice.competitor, other)
    assert twice.table["captured"].tolist() == twice.table["competitor"].tolist() == [1.0]
    none = basin_profile(echo(), x, torch.empty(0, L, dtype=torch.int64), few)
    assert none.competitor is None


def test_ignored_tokens_are_neither_changed_nor_counted():
    x = torch.tensor([5, 6, 7, 0, 0])
    said = torch.tensor([5, 6, 7, 9, 9])  # right but for the padding
    memories = torch.tensor([[5, 6, 7, 0, 9], [5, 6, 8, 0, 0]])  # the first one is x as far as it counts
    found = basin_profile(always(said), x, memories, ignore=(0,), generator=seeded())
    assert found.table["changed"].tolist() == [1, 2, 3]
    assert bool((found.xt[:, :, 3:] == 0).all())
    assert found.table["returned"].tolist() == [1, 1, 1]
    assert found.table["captured"].tolist() == [0, 0, 0]
    assert found.distance == 1
    assert torch.equal(found.competitor, memories[1])
    assert found.table["t"][0] == pytest.approx(V / (V - 1) / 3 / 0.999)  # one of three, not of five


def test_every_method_meets_the_same_corruptions_and_the_generator_fixes_them():
    memories = tokens(4)
    memory = MemorizingDenoiser(memories, NOISE)

    def profile(method, seed, changed=(2, 5)):
        return basin_profile(
            memory, memories[1], settings=BasinSettings(changed, 6, Walk(method, 4)), generator=seeded(seed)
        )

    found = {(method, seed): profile(method, seed) for method in METHODS for seed in (0, 1)}
    for method in METHODS:
        assert torch.equal(found[method, 0].xt, found["argmax", 0].xt)
        assert not torch.equal(found[method, 0].xt, found[method, 1].xt)
    again = profile("reverse", 0, (5, 2, 2))
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


def test_the_settings_of_a_basin_are_all_of_its_numbers_many_corruptions_and_iteration():
    assert BasinSettings() == BasinSettings(changed=None, corruptions=64, walk=Walk("iterate"))
    memories = tokens(5)
    memory = MemorizingDenoiser(memories, NOISE)
    plain, told = (
        basin_profile(memory, memories[0], memories, settings, generator=seeded())
        for settings in (None, BasinSettings(range(1, L + 1), 64, Walk("iterate", 32)))
    )
    assert plain.xt.shape == (L, 64, L)
    assert torch.equal(plain.out, told.out)
    pd.testing.assert_frame_equal(plain.table, told.table)


def test_the_walk_of_a_basin_is_the_one_in_its_settings():
    # each application of the map moves every word by one
    climb = Wrapped(lambda xt, t: certain((xt + 1) % V), NOISE, "posterior")
    for steps in (1, 2, 5):
        found = basin_profile(climb, tokens(1), settings=BasinSettings((3,), 4, Walk("iterate", steps)))
        assert torch.equal(found.out, (found.xt + steps) % V)


def test_bad_input_is_named():
    x = torch.tensor([1, 2, 0])
    for changed in ((3,), (0, 1), (), (-1,)):
        with pytest.raises(ValueError, match="1 to 2"):
            basin_profile(echo(), x, settings=BasinSettings(changed), ignore=(0,))
    with pytest.raises(ValueError, match="nothing to change"):
        basin_profile(echo(), x, ignore=(0, 1, 2))
    with pytest.raises(ValueError, match="one sentence"):
        basin_profile(echo(), tokens(2))
    with pytest.raises(ValueError, match="corruptions"):
        BasinSettings(corruptions=0)
    for memories in (tokens(2), tokens(2)[0]):  # of another length, and not a batch
        with pytest.raises(ValueError, match="but x has 3 tokens"):
            basin_profile(echo(), x, memories)
    for method in ("iterate", "reverse", "greedy"):
        with pytest.raises(ValueError, match="at least"):
            fixed_point_rate(echo(), tokens(2), walk=Walk(method, steps=0))
    with pytest.raises(ValueError, match="one of argmax, reverse, iterate, greedy"):
        fixed_point_rate(echo(), tokens(2), walk="magic")
    with pytest.raises(ValueError, match="for argmax and iterate"):
        fixed_point_rate(echo(), tokens(2), walk=Walk("greedy", form="cavity"))


# --- fixed points ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_everything_stays_where_the_denoiser_repeats_what_it_sees(method):
    found = fixed_point_rate(echo("cavity"), tokens(20), walk=method, generator=seeded())
    assert (found.rate, found.moved) == (1.0, 0.0)
    assert torch.equal(found.out, tokens(20))


@pytest.mark.parametrize("method", ["argmax", "iterate"])
def test_what_a_constant_denoiser_leaves_alone_is_counted_by_hand(method):
    x = torch.tensor([[1, 2, 3], [1, 2, 0], [4, 2, 0], [0, 0, 0]])
    found = fixed_point_rate(always([1, 2, 3]), x, walk=method, ignore=(0,))
    assert found.rate == pytest.approx(2 / 3)  # the fourth has no token that counts
    assert found.moved == pytest.approx(1 / 7)
    assert found.out.tolist() == [[1, 2, 3]] * 4
    empty = fixed_point_rate(always([1, 2, 3]), x[:0], walk=method)
    assert math.isnan(empty.rate)
    assert math.isnan(empty.moved)


@pytest.mark.parametrize("form", ["cavity", "posterior"])
def test_one_step_of_the_map_is_the_argmax_of_the_form_that_was_asked_for(form):
    prior, t, noise, x = random_prior(3, 2), 0.4, UniformNoise(3), sentences(3, 2)
    for kind in ("cavity", "posterior"):
        table = predictions(prior, signal(t, "linear"), 3, 2, kind).log()
        model = Wrapped(lambda xt, t, table=table: table[index_of(xt, 3)], noise, kind)
        found = fixed_point_rate(model, x, t, Walk("argmax", form=form))
        expected = predictions(prior, signal(t, "linear"), 3, 2, form).argmax(dim=2)
        assert torch.equal(found.out, expected)
        assert found.rate == float((expected == x).all(dim=1).double().mean())
        assert found.moved == float((expected != x).double().mean())


@pytest.mark.parametrize("steps", [1, 2, 15, 16])
def test_a_sentence_that_comes_home_every_other_step_is_no_fixed_point(steps):
    # each of two words copies the other, as coupled words do under a parallel map: [1, 2] -> [2, 1] -> [1, 2]
    swap = Wrapped(lambda xt, t: certain(xt.flip(1)), NOISE, "cavity")
    x = torch.tensor([[1, 2], [3, 3]])
    found = fixed_point_rate(swap, x, walk=Walk("iterate", steps, "cavity"))
    assert found.rate == 0.5
    assert found.moved == (0.5 if steps % 2 else 0.0)


def test_memories_stay_and_random_tokens_go():
    memories = tokens(6)
    memory = MemorizingDenoiser(memories, NOISE)
    for method in ("argmax", "iterate", "reverse"):
        assert fixed_point_rate(memory, memories, walk=method, generator=seeded()).rate == 1.0
        rolled = fixed_point_rate(memory, tokens(40, seed=5), walk=method, generator=seeded())
        assert rolled.rate == 0.0
        assert rolled.moved > 0.8


@pytest.mark.parametrize("method", METHODS)
def test_the_name_of_a_method_is_its_walk_as_it_comes(method):
    memory, x = MemorizingDenoiser(tokens(6), NOISE), tokens(40, seed=5)
    named, given = (fixed_point_rate(memory, x, 0.9, walk, generator=seeded()) for walk in (method, Walk(method)))
    assert torch.equal(named.out, given.out)
    assert (named.rate, named.moved) == (given.rate, given.moved)


def test_a_sentence_is_iterated_at_a_tenth_of_the_noise_unless_another_walk_is_named():
    told, memory = [], MemorizingDenoiser(tokens(6), NOISE)
    watched = Wrapped(lambda xt, t: told.append(t) or memory(xt, t), NOISE, "posterior")
    x = torch.where(torch.arange(L) < 2, tokens(40, seed=5), tokens(6)[torch.arange(40) % 6])
    plain = fixed_point_rate(watched, x)
    assert torch.equal(torch.cat(told), torch.full((len(torch.cat(told)),), 0.1))
    assert torch.equal(plain.out, fixed_point_rate(memory, x, 0.1, "iterate").out)
    assert plain.moved > 0


def test_the_exact_denoiser_keeps_its_language_but_not_its_every_word(english):
    noise = UniformNoise(english.vocab_size)
    exact, x = PopulationDenoiser(english, noise), english.sample(40, seed=3)
    assert fixed_point_rate(exact, x).rate == 1.0
    # by the cavity, a word stays if it is the most probable one given the others
    evidence = torch.nn.functional.one_hot(x, english.vocab_size).double()
    expected = english.cavity(evidence).argmax(dim=2)
    cavity = fixed_point_rate(exact, x, 0.0, Walk("argmax", form="cavity"))
    assert torch.equal(cavity.out, expected)
    assert 0 < cavity.rate < 0.9
    # on the other hand, as t -> 0 the full posterior leaves alone what a denoiser that is never certain is shown
    doubts = Wrapped(lambda xt, t: torch.zeros(*xt.shape, V).log_softmax(dim=2), NOISE, "cavity")
    assert fixed_point_rate(doubts, tokens(20), 1e-3, "iterate").rate == 1.0


def test_greedy_is_the_argmax_map_at_the_smallest_level_it_visits():
    # its last step goes to s = 0, where the reverse step is the full posterior at t / steps; steps before it can move
    # nothing but for the last but one (chapter 8), so with one step the two agree exactly
    opinions = torch.randn(7, L, V, generator=seeded(), dtype=torch.float64).mul(4).log_softmax(dim=2)
    changing = Wrapped(lambda xt, t: opinions[xt.sum(dim=1) % 7], NOISE, "cavity")
    memory, x = MemorizingDenoiser(tokens(6), NOISE), tokens(40, seed=5)
    for model in (changing, memory):
        greedy, best = (fixed_point_rate(model, x, 0.3, walk).out for walk in (Walk("greedy", 1), "argmax"))
        first, second = model.posterior(x, 0.3).topk(2, dim=2).values.unbind(2)
        clear = first - second > 1e-6  # two memories that are equally near leave the choice to rounding
        assert clear.all() if model is changing else float(clear.double().mean()) > 0.5
        assert torch.equal(greedy[clear], best[clear])
        assert 0.2 < float((greedy != x)[clear].double().mean()) < 1
    # a denoiser whose odds are below V steps / t moves nothing, whatever the text
    row = certain(tokens(1)[0]).clamp_min(-8.0).log_softmax(dim=1)
    mild = Wrapped(lambda xt, t: row.expand(len(xt), -1, -1), NOISE, "cavity")
    assert fixed_point_rate(mild, x, 0.1, Walk("greedy", 64)).rate == 1.0
    assert fixed_point_rate(mild, x, 0.1, "iterate").rate == 0.0

"""Recovery against cases counted by hand."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from oracles import index_of, predictions, random_prior, signal

from uddm_mini import MemorizingDenoiser, UniformNoise, Walk, Wrapped, reverse_walk, token_recovery
from uddm_mini.probes.recovery import Recovery, constant_guess, counted_tokens
from uddm_mini.walks import Method

METHODS = get_args(Method)
V = 5
NOISE = UniformNoise(V)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def scripted(xt):
    """A noise whose corruption is written down, so that the counting can be checked by hand."""

    class Scripted(UniformNoise):
        def corrupt(self, x0, t, generator=None):
            return torch.tensor(xt)

    return Scripted(V)


def says(rows, noise=NOISE, predicts="posterior"):
    """A denoiser that is certain of these sentences."""
    answer = torch.nn.functional.one_hot(torch.tensor(rows), V).float().mul(60).log_softmax(dim=2)
    return Wrapped(lambda xt, t: answer, noise, predicts)


def counted(x0, xt, out, **options):
    return token_recovery(says(out, scripted(xt)), torch.tensor(x0), 0.5, **options)


def test_changed_and_unchanged_tokens_are_counted_apart():
    found = counted(
        x0=[[1, 2, 3, 4], [1, 1, 1, 1]],
        xt=[[0, 0, 3, 4], [1, 1, 1, 2]],
        out=[[1, 4, 3, 0], [1, 1, 1, 1]],
    )
    assert found.recovered == pytest.approx(2 / 3)  # 1 and 1 came back, 2 did not
    assert found.unstable == pytest.approx(1 / 5)  # 4 was left alone and broke
    assert found.exact == pytest.approx(1 / 2)
    assert found.changed.tolist() == [[True, True, False, False], [False, False, False, True]]
    assert found.right.tolist() == [[True, False, True, False], [True] * 4]


def test_a_token_redrawn_as_itself_is_not_changed():
    # resampled and changed differ: with V = 2 half of the redraws change nothing
    x0 = torch.zeros(2000, 10, dtype=torch.int64)
    found = token_recovery(MemorizingDenoiser(x0[:1], UniformNoise(2)), x0, 1.0, generator=seeded())
    # 20,000 tokens, changed with probability 0.999 / 2: standard deviation 0.0035
    assert float(found.changed.double().mean()) == pytest.approx(0.4995, abs=0.015)
    assert found.recovered == 1.0
    assert found.exact == 1.0


def test_nothing_changed_is_missing_data_and_not_zero():
    found = counted(x0=[[1, 2]], xt=[[1, 2]], out=[[1, 0]])
    assert math.isnan(found.recovered)
    assert math.isnan(found.chance)
    assert math.isnan(float(found.by_sentence))
    assert found.unstable == 0.5
    assert found.exact == 0.0
    everything = counted(x0=[[1, 2]], xt=[[0, 0]], out=[[1, 0]])
    assert math.isnan(everything.unstable)
    assert everything.recovered == 0.5


@pytest.mark.parametrize("method", METHODS)
def test_no_sentences_are_missing_data(method):
    none = torch.zeros(0, 3, dtype=torch.int64)
    blind = Wrapped(lambda xt, t: torch.zeros(*xt.shape, V).log_softmax(2), NOISE, "cavity")
    found = token_recovery(blind, none, 0.5, method)
    for name in ("recovered", "unstable", "exact", "chance"):
        assert math.isnan(getattr(found, name)), name
    assert math.isnan(found.chance_from(torch.tensor([[1, 2, 3]])))
    assert found.by_sentence.shape == (0,)


def test_ignored_tokens_count_nowhere():
    # 0 is padding: changed and never restored, left alone and broken, and never the best guess
    found = counted(
        x0=[[1, 0, 0], [2, 3, 0], [0, 0, 0]],
        xt=[[4, 4, 0], [2, 4, 0], [1, 0, 0]],
        out=[[1, 4, 4], [2, 4, 4], [4, 4, 4]],
        ignore=(0,),
    )
    assert found.recovered == pytest.approx(1 / 2)  # the 1 came back, the 3 did not
    assert found.unstable == 0.0  # only the 2 counts, and it stayed
    assert found.exact == pytest.approx(1 / 2)  # the first sentence; the third has no word that counts
    assert found.counted.tolist() == [[True, False, False], [True, True, False], [False, False, False]]
    assert found.by_sentence.nan_to_num(-1).tolist() == [1, 0, -1]
    assert found.chance == 1.0  # of the two words that changed, 1 and 3 are the most frequent that are no padding


def test_each_sentence_has_a_rate_of_its_own_and_their_mean_is_not_the_pooled_rate():
    found = counted(
        x0=[[1, 2, 3, 4], [1, 1, 1, 1], [2, 2, 2, 2]],
        xt=[[0, 2, 3, 4], [0, 0, 0, 1], [2, 2, 2, 2]],
        out=[[1, 2, 3, 0], [1, 4, 4, 1], [2, 2, 2, 0]],
    )
    # 1 of 1, 1 of 3, and 0 of 0
    assert found.by_sentence.dtype == torch.float64
    assert found.by_sentence[:2].tolist() == pytest.approx([1, 1 / 3])
    assert math.isnan(float(found.by_sentence[2]))
    assert float(found.by_sentence.nanmean()) == pytest.approx(2 / 3)
    assert found.recovered == pytest.approx(2 / 4)


def test_chance_is_the_best_constant_guess_at_every_position():
    x0 = [[1, 2], [1, 3], [4, 3]]
    found = counted(x0=x0, xt=[[0, 0], [0, 3], [0, 0]], out=x0)
    # the guess is (1, 3): of the 5 changed tokens it is right for 1, 1 and the last 3
    assert found.chance == pytest.approx(3 / 5)
    assert found.chance == found.chance_from(torch.tensor(x0))


def test_chance_may_be_guessed_from_other_sentences():
    x0 = [[1, 2], [1, 3], [4, 3]]
    found = counted(x0=x0, xt=[[0, 0], [0, 3], [0, 0]], out=x0)
    assert found.chance_from(torch.tensor([[4, 2]])) == pytest.approx(2 / 5)  # right for the 4 and the 2
    reference = torch.tensor([[9, 2], [9, 2], [1, 2]])  # 9 is a word that x0 lacks
    assert found.chance_from(reference) == pytest.approx(1 / 5)
    assert found.chance_from(reference, ignore=(9, 99)) == pytest.approx(3 / 5)  # 9 is never guessed, so 1 is


def test_constant_guess_beats_every_other_constant():
    x = torch.randint(V, (50, 4), generator=seeded())
    guess = constant_guess(x, V)
    hits = torch.stack([(x == v).sum(dim=0) for v in range(V)])
    assert torch.equal(hits[guess, range(4)], hits.max(dim=0).values)
    assert bool((constant_guess(x, V, ignore=(int(guess[0]),)) != guess[0]).all())


def test_counted_tokens_with_nothing_to_ignore():
    assert bool(counted_tokens(torch.tensor([[0, 1]]), ()).all())
    assert counted_tokens(torch.zeros(0, 2, dtype=torch.int64), (0,)).shape == (0, 2)


def test_argmax_uses_the_full_posterior_whatever_the_denoiser_predicts(generator):
    # at small t the token's own evidence decides, and a cavity prediction alone would forget it
    prior, noise, t = random_prior(3, 2), UniformNoise(3), 0.3
    x0 = torch.randint(3, (500, 2), generator=generator)
    out = {}
    for kind in ("cavity", "posterior"):
        table = predictions(prior, signal(t, "linear"), 3, 2, kind).log()
        model = Wrapped(lambda xt, t, table=table: table[index_of(xt, 3)], noise, kind)
        found = token_recovery(model, x0, t, generator=seeded(1))
        out[kind] = found.out
        full = predictions(prior, signal(t, "linear"), 3, 2, "posterior")[index_of(found.xt, 3)]
        assert torch.equal(found.out, full.argmax(dim=2))
        # and the cavity alone where that is asked for
        alone = token_recovery(model, x0, t, Walk("argmax", form="cavity"), generator=seeded(1))
        rest = predictions(prior, signal(t, "linear"), 3, 2, "cavity")[index_of(alone.xt, 3)]
        assert torch.equal(alone.out, rest.argmax(dim=2))
        assert not torch.equal(alone.out, found.out)
    assert torch.equal(out["cavity"], out["posterior"])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_returns_to_the_only_memory(method, generator):
    x0 = torch.tensor([[1, 2, 3]]).expand(50, -1)
    found = token_recovery(MemorizingDenoiser(x0[:1], NOISE), x0, 0.5, Walk(method, 5), generator=generator)
    assert (found.recovered, found.unstable, found.exact) == (1.0, 0.0, 1.0)


def climbing(xt):
    """A chain of moves 0 -> 1 -> 2 ... -> V - 1, from the corruption xt."""

    def climb(xt, t):
        return torch.nn.functional.one_hot((xt + 1).clamp_max(V - 1), V).float().mul(60).log_softmax(dim=2)

    return Wrapped(climb, scripted(xt), "posterior")


def test_iterating_goes_on_where_one_step_stops_short():
    x0 = torch.tensor([[V - 1, V - 1]])
    once = token_recovery(climbing([[0, V - 1]]), x0, 0.5, "argmax")
    often = token_recovery(climbing([[0, V - 1]]), x0, 0.5, "iterate")
    assert once.recovered == 0.0
    assert once.out.tolist() == [[1, V - 1]]
    assert often.recovered == 1.0
    twice = token_recovery(climbing([[0, V - 1]]), x0, 0.5, Walk("iterate", 2))
    assert twice.out.tolist() == [[2, V - 1]]  # a walk as an object brings its number of steps along


@pytest.mark.parametrize("method", METHODS)
def test_the_name_of_a_method_is_its_walk_as_it_comes(method):
    x0 = torch.randint(V, (40, 4), generator=seeded())
    memory = MemorizingDenoiser(x0[:5], NOISE)
    named, given = (token_recovery(memory, x0, 0.6, walk, generator=seeded(1)) for walk in (method, Walk(method)))
    assert torch.equal(named.xt, given.xt)
    assert torch.equal(named.out, given.out)
    assert not torch.equal(named.out, named.xt)


def test_argmax_is_the_walk_unless_another_is_named():
    x0 = torch.randint(V, (40, 4), generator=seeded())
    memory = MemorizingDenoiser(x0[:5], NOISE)
    plain, named, other = (
        token_recovery(memory, x0, 0.6, *walk, generator=seeded(1)) for walk in ((), ("argmax",), ("reverse",))
    )
    assert torch.equal(plain.out, named.out)
    assert not torch.equal(plain.out, other.out)


def test_the_generator_fixes_the_corruption():
    x0 = torch.zeros(20, 6, dtype=torch.int64)
    seen = [
        token_recovery(says([[0] * 6] * 20, predicts="cavity"), x0, 0.5, generator=seeded(seed)).xt
        for seed in (0, 0, 1)
    ]
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])


def test_bad_input_is_named():
    x0 = torch.zeros(1, 1).long()
    with pytest.raises(ValueError, match="argmax"):
        token_recovery(says([[0]]), x0, 0.5, "magic")
    with pytest.raises(ValueError, match=r"x0\[None\]"):
        token_recovery(says([[0]]), torch.zeros(4).long(), 0.5)
    for method in ("iterate", "reverse", "greedy"):
        with pytest.raises(ValueError, match="at least"):
            token_recovery(says([[0]]), x0, 0.5, Walk(method, 0))
    with pytest.raises(ValueError, match="between 0"):
        token_recovery(says([[0]]), x0, -0.1)
    with pytest.raises(ValueError, match='"cavity" or "posterior"'):
        token_recovery(says([[0]]), x0, 0.5, Walk(form="magic"))


def test_a_result_prints_its_four_numbers_and_can_be_compared():
    first, second = (counted(x0=[[1, 2]], xt=[[0, 0]], out=[[1, 2]]) for _ in range(2))
    assert repr(first) == "Recovery(recovered=1.0, unstable=nan, exact=1.0, chance=1.0)"
    assert first == first != second  # tensors have no single answer, so results are compared by identity


# --- outcomes --------------------------------------------------------------------------------------------------------


def test_four_outcomes_partition_the_counted_tokens():
    found = counted(
        x0=[[1, 2, 3, 0], [1, 1, 1, 1]],
        xt=[[0, 0, 3, 0], [1, 1, 1, 2]],
        out=[[1, 4, 3, 0], [1, 4, 1, 1]],
        ignore=(0,),
    )
    masks = {name: mask.int().tolist() for name, mask in found.outcomes.items()}
    assert masks == {
        "recovered": [[1, 0, 0, 0], [0, 0, 0, 1]],
        "failed": [[0, 1, 0, 0], [0, 0, 0, 0]],
        "stable": [[0, 0, 1, 0], [1, 0, 1, 0]],
        "unstable": [[0, 0, 0, 0], [0, 1, 0, 0]],
    }
    assert torch.equal(sum(mask.int() for mask in found.outcomes.values()), found.counted.int())
    assert found.recovered == pytest.approx(2 / 3)
    assert found.unstable == pytest.approx(1 / 4)


def test_means_by_outcome_are_counted_by_hand_and_missing_where_there_is_nothing():
    found = counted(x0=[[1, 2, 3]], xt=[[0, 0, 3]], out=[[1, 2, 3]])
    means = found.mean_by_outcome(torch.tensor([[1.0, 4.0, 9.0]]))
    assert means["recovered"] == 2.5
    assert means["stable"] == 9.0
    assert math.isnan(means["failed"])
    assert math.isnan(means["unstable"])
    with pytest.raises(ValueError, match="one number per token"):
        found.mean_by_outcome(torch.zeros(3))


def test_any_sentences_can_be_counted_without_a_denoiser():
    x0, xt, out = torch.tensor([[1, 2, 0]]), torch.tensor([[3, 2, 1]]), torch.tensor([[1, 4, 1]])
    found = Recovery(x0, xt, out, counted_tokens(x0, (0,)))
    assert (found.recovered, found.unstable, found.exact, found.chance) == (1.0, 1.0, 0.0, 1.0)


# --- batches and methods ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_denoiser_is_asked_in_batches_and_says_the_same(method):
    x0 = torch.randint(V, (11, 4), generator=seeded())
    memory, sizes = MemorizingDenoiser(x0[:5], NOISE), []

    def watched(xt, t):
        assert t.shape == (len(xt),)
        sizes.append(len(xt))
        return memory(xt, t)

    found = {
        size: token_recovery(
            Wrapped(watched, NOISE, "posterior", batch_size=size), x0, 0.4, Walk(method, 3), generator=seeded(1)
        )
        for size in (4, 11, 1024)
    }
    assert sizes[:3] == [4, 4, 3]
    assert max(sizes) == 11
    assert torch.equal(found[4].xt, found[11].xt)  # the corruption is drawn once for all
    assert torch.equal(found[11].out, found[1024].out)
    if method != "reverse":  # its draws come batch by batch
        assert torch.equal(found[4].out, found[11].out)
    memory.batch_size = 0
    with pytest.raises(ValueError, match="batch_size"):
        token_recovery(memory, x0, 0.4, method)


def test_no_step_back_holds_more_than_a_batch(monkeypatch, generator):
    sizes, step = [], UniformNoise.reverse_step
    monkeypatch.setattr(
        UniformNoise, "reverse_step", lambda self, p0, *rest: sizes.append(len(p0)) or step(self, p0, *rest)
    )
    x = torch.randint(V, (5, 3), generator=generator)
    memory = MemorizingDenoiser(x[:2], NOISE)
    memory.batch_size = 3
    *_, (_, end) = reverse_walk(memory, x, steps=2, generator=generator)
    assert sizes == [3, 2, 3, 2]
    assert end.shape == x.shape


def test_greedy_is_the_reverse_process_without_chance():
    x0 = torch.tensor([[1, 2, 3]]).expand(20, -1)
    memory = MemorizingDenoiser(torch.tensor([[1, 2, 3], [0, 2, 4]]), NOISE)
    found = token_recovery(memory, x0, 0.5, Walk("greedy", 4), generator=seeded())
    *_, (_, end) = reverse_walk(memory, found.xt, 0.5, 4, greedy=True)
    assert torch.equal(found.out, end)
    assert 0.2 < found.recovered < 1.0

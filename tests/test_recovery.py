"""Recovery against cases counted by hand."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import index_of, predictions, random_prior, signal

from uddm_mini import MemorizingDenoiser, UniformNoise, token_recovery
from uddm_mini.probes.recovery import constant_guess, counted_tokens

V = 5


class Scripted(UniformNoise):
    """A noise process whose corruption is written down, so that the counting can be checked by hand."""

    def __init__(self, xt):
        super().__init__(V)
        object.__setattr__(self, "script", torch.tensor(xt))

    def corrupt(self, x0, t, generator=None):
        return self.script


def says(rows):
    """A denoiser that is certain of these sentences."""
    answer = torch.nn.functional.one_hot(torch.tensor(rows), V).float().mul(60).log_softmax(dim=2)
    return lambda xt, t: answer


def counted(x0, xt, out, **options):
    return token_recovery(says(out), Scripted(xt), torch.tensor(x0), 0.5, predicts="posterior", **options)


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
    memory = MemorizingDenoiser(x0[:1], UniformNoise(2))
    found = token_recovery(memory, UniformNoise(2), x0, 1.0, generator=torch.Generator().manual_seed(0))
    # 20,000 tokens, changed with probability 0.999 / 2: standard deviation 0.0035
    assert float(found.changed.double().mean()) == pytest.approx(0.4995, abs=0.015)
    assert found.recovered == 1.0 and found.exact == 1.0


def test_nothing_changed_is_missing_data_and_not_zero():
    found = counted(x0=[[1, 2]], xt=[[1, 2]], out=[[1, 0]])
    assert math.isnan(found.recovered) and math.isnan(found.chance)
    assert found.unstable == 0.5 and found.exact == 0.0
    everything = counted(x0=[[1, 2]], xt=[[0, 0]], out=[[1, 0]])
    assert math.isnan(everything.unstable) and everything.recovered == 0.5


def test_no_sentences_are_missing_data():
    for method in ("argmax", "reverse", "iterate"):
        none = torch.zeros(0, 3, dtype=torch.int64)
        found = token_recovery(
            lambda xt, t: torch.zeros(*xt.shape, V).log_softmax(2),
            UniformNoise(V),
            none,
            0.5,
            method,
            predicts="cavity",
        )
        assert all(math.isnan(v) for v in (found.recovered, found.unstable, found.exact, found.chance))


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


def test_chance_is_the_best_constant_guess_at_every_position():
    x0 = [[1, 2], [1, 3], [4, 3]]
    found = counted(x0=x0, xt=[[0, 0], [0, 3], [0, 0]], out=x0)
    # the guess is (1, 3): of the 5 changed tokens it is right for 1, 1 and the last 3
    assert found.chance == pytest.approx(3 / 5)
    other = counted(x0=x0, xt=[[0, 0], [0, 3], [0, 0]], out=x0, reference=torch.tensor([[4, 2]]))
    assert other.chance == pytest.approx(2 / 5)  # the guess (4, 2) is right for the 4 and the 2


def test_constant_guess_beats_every_other_constant():
    x = torch.randint(V, (50, 4), generator=torch.Generator().manual_seed(0))
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
        found = token_recovery(
            lambda xt, t, table=table: table[index_of(xt, 3)],
            noise,
            x0,
            t,
            predicts=kind,
            generator=torch.Generator().manual_seed(1),
        )
        out[kind] = found.out
        full = predictions(prior, signal(t, "linear"), 3, 2, "posterior")[index_of(found.xt, 3)]
        assert torch.equal(found.out, full.argmax(dim=2))
    assert torch.equal(out["cavity"], out["posterior"])


@pytest.mark.parametrize("method", ["argmax", "reverse", "iterate"])
def test_every_method_returns_to_the_only_memory(method, generator):
    x0, noise = torch.tensor([[1, 2, 3]]).expand(50, -1), UniformNoise(V)
    found = token_recovery(MemorizingDenoiser(x0[:1], noise), noise, x0, 0.5, method, steps=5, generator=generator)
    assert (found.recovered, found.unstable, found.exact) == (1.0, 0.0, 1.0)


def test_iterating_goes_on_where_one_step_stops_short():
    # a chain of moves 0 -> 1 -> 2: one argmax step reaches 1, iterating reaches 2
    def climb(xt, t):
        return torch.nn.functional.one_hot((xt + 1).clamp_max(2), V).float().mul(60).log_softmax(dim=2)

    x0 = torch.tensor([[2, 2]])
    once = token_recovery(climb, Scripted([[0, 2]]), x0, 0.5, "argmax", predicts="posterior")
    often = token_recovery(climb, Scripted([[0, 2]]), x0, 0.5, "iterate", predicts="posterior")
    assert once.recovered == 0.0 and often.recovered == 1.0


def test_the_generator_fixes_the_corruption():
    x0, noise = torch.zeros(20, 6, dtype=torch.int64), UniformNoise(V)
    seen = [
        token_recovery(
            says([[0] * 6] * 20), noise, x0, 0.5, predicts="cavity", generator=torch.Generator().manual_seed(seed)
        ).xt
        for seed in (0, 0, 1)
    ]
    assert torch.equal(seen[0], seen[1]) and not torch.equal(seen[0], seen[2])


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="argmax"):
        token_recovery(says([[0]]), UniformNoise(V), torch.zeros(1, 1).long(), 0.5, "magic", predicts="cavity")
    with pytest.raises(ValueError, match="predicts="):
        token_recovery(says([[0]]), UniformNoise(V), torch.zeros(1, 1).long(), 0.5)
    with pytest.raises(ValueError, match="between 0"):
        token_recovery(says([[0]]), UniformNoise(V), torch.zeros(1, 1).long(), -0.1, predicts="cavity")


def test_a_result_prints_its_four_numbers_and_can_be_compared():
    first, second = (counted(x0=[[1, 2]], xt=[[0, 0]], out=[[1, 2]]) for _ in range(2))
    assert repr(first) == "Recovery(recovered=1.0, unstable=nan, exact=1.0, chance=1.0)"
    assert first == first != second  # tensors have no single answer, so results are compared by identity

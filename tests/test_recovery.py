"""Recovery against cases counted by hand."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import index_of, predictions, random_prior, signal

from uddm_mini import MemorizingDenoiser, UniformNoise, predict, sample, token_recovery
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
    for method in ("argmax", "reverse", "iterate", "greedy"):
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


@pytest.mark.parametrize("method", ["argmax", "reverse", "iterate", "greedy"])
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
    with pytest.raises(ValueError, match=r"x0\[None\]"):
        token_recovery(says([[0]]), UniformNoise(V), torch.zeros(4).long(), 0.5, predicts="cavity")
    for method in ("iterate", "reverse", "greedy"):
        with pytest.raises(ValueError, match="at least"):
            token_recovery(says([[0]]), UniformNoise(V), torch.zeros(1, 1).long(), 0.5, method, steps=0)
    with pytest.raises(ValueError, match="between 0"):
        token_recovery(says([[0]]), UniformNoise(V), torch.zeros(1, 1).long(), -0.1, predicts="cavity")


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
    assert found.recovered == pytest.approx(2 / 3) and found.unstable == pytest.approx(1 / 4)


def test_means_by_outcome_are_counted_by_hand_and_missing_where_there_is_nothing():
    found = counted(x0=[[1, 2, 3]], xt=[[0, 0, 3]], out=[[1, 2, 3]])
    means = found.mean_by_outcome(torch.tensor([[1.0, 4.0, 9.0]]))
    assert means["recovered"] == 2.5 and means["stable"] == 9.0
    assert math.isnan(means["failed"]) and math.isnan(means["unstable"])
    with pytest.raises(ValueError, match="one number per token"):
        found.mean_by_outcome(torch.zeros(3))


# --- batches and methods ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["argmax", "reverse", "iterate", "greedy"])
def test_the_denoiser_is_asked_in_batches_and_says_the_same(method):
    noise = UniformNoise(V)
    x0 = torch.randint(V, (11, 4), generator=torch.Generator().manual_seed(0))
    memory, sizes = MemorizingDenoiser(x0[:5], noise), []

    def watched(xt, t):
        assert t.shape == (len(xt),)
        sizes.append(len(xt))
        return memory(xt, t)

    found = {
        size: token_recovery(
            watched,
            noise,
            x0,
            0.4,
            method,
            steps=3,
            predicts="cavity",
            batch_size=size,
            generator=torch.Generator().manual_seed(1),
        )
        for size in (4, 11, 1024)
    }
    assert sizes[:3] == [4, 4, 3] and max(sizes) == 11
    assert torch.equal(found[4].xt, found[11].xt)  # the corruption is drawn once for all
    assert torch.equal(found[11].out, found[1024].out)
    if method != "reverse":  # its draws come batch by batch
        assert torch.equal(found[4].out, found[11].out)
    with pytest.raises(ValueError, match="batch_size"):
        token_recovery(memory, noise, x0, 0.4, method, batch_size=0)


def test_predictions_keep_every_sentence_s_own_noise_level(generator):
    noise, x = UniformNoise(V), torch.randint(V, (7, 3), generator=generator)
    memory, t, sizes = MemorizingDenoiser(x[:3], noise, "posterior"), torch.linspace(0.1, 0.9, 7), []

    def watched(xt, t):
        sizes.append(len(xt))
        return memory(xt, t)

    whole = predict(memory, noise, x, t, "cavity")
    parts = predict(watched, noise, x, t, "cavity", "posterior", batch_size=2)
    torch.testing.assert_close(parts, whole, rtol=1e-9, atol=1e-9)
    assert sizes == [2, 2, 2, 1]
    with pytest.raises(ValueError, match="one per sentence"):
        predict(memory, noise, x, t[:5], "cavity", batch_size=2)


def test_no_step_back_holds_more_than_a_batch(monkeypatch, generator):
    sizes, posterior = [], UniformNoise.posterior
    monkeypatch.setattr(
        UniformNoise, "posterior", lambda self, p0, *rest: sizes.append(len(p0)) or posterior(self, p0, *rest)
    )
    noise, x = UniformNoise(V), torch.randint(V, (5, 3), generator=generator)
    end = sample(MemorizingDenoiser(x[:2], noise), noise, x_start=x, steps=2, batch_size=3, generator=generator)
    assert sizes == [3, 2, 3, 2] and end.shape == x.shape


def test_greedy_is_the_reverse_process_without_chance():
    noise, x0 = UniformNoise(V), torch.tensor([[1, 2, 3]]).expand(20, -1)
    memory = MemorizingDenoiser(torch.tensor([[1, 2, 3], [0, 2, 4]]), noise)
    found = token_recovery(memory, noise, x0, 0.5, "greedy", steps=4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(found.out, sample(memory, noise, steps=4, x_start=found.xt, t_start=0.5, greedy=True))
    assert 0.2 < found.recovered < 1.0

"""Exposure: ranks by hand, a memory at its upper limit, and what chance gives a canary that was never planted."""

from __future__ import annotations

import math

import pytest
import torch

from uddm_mini import AbsorbingNoise, MemorizingDenoiser, UniformNoise, Wrapped, exposure
from uddm_mini.audit.exposure import _drawn

NOISE = UniformNoise(10)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def planted(n, seed=0):
    """Canaries of one form: 9 9 and four digits."""
    return torch.cat([torch.full((n, 2), 9), torch.randint(9, (n, 4), generator=seeded(seed))], dim=1)


def counts(weights):
    """A denoiser for which the word v has the same probability everywhere, proportional to weights[v]."""
    log_p = torch.tensor(weights).log().log_softmax(dim=0)
    return Wrapped(lambda xt, t: log_p.expand(*xt.shape, 10), NOISE, "cavity")


def test_a_memory_knows_what_was_planted_and_nothing_else():
    canaries = planted(6)
    memory = MemorizingDenoiser(canaries[:4], NOISE)
    found = exposure(memory, canaries, [1, 2, 1, 4, 0, 0], candidates=255, generator=seeded())
    assert found["exposure"][:4].tolist() == [8.0] * 4 == found["at_most"][:4].tolist()
    assert bool((found["exposure"][4:] < 7).all())
    assert found["copies"].tolist() == [1, 2, 1, 4, 0, 0] and found["canary"].tolist() == [*range(6)]


def test_ranks_by_hand_with_candidates_that_are_given():
    model = counts([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0])
    canaries = torch.tensor([[9] * 12, [5] * 12, [0] * 12])
    candidates = torch.arange(1, 9)[:, None].expand(8, 12).clone()
    found = exposure(model, canaries, [0, 0, 0], candidates=candidates, generator=seeded())
    ranks = found["rank"].tolist()
    assert ranks[0] == 1 and ranks[1] in (4, 5) and ranks[2] == 9  # the noise may put a candidate like it before it
    assert found["exposure"].tolist() == pytest.approx([math.log2(9) - math.log2(rank) for rank in ranks])
    assert found["at_most"][0] == math.log2(9)


def test_ties_count_half():
    # under masks, what is known by heart costs nothing at all, whatever the noise is
    canary = planted(1)
    memory = MemorizingDenoiser(canary, AbsorbingNoise(10))
    found = exposure(memory, canary, [1], candidates=canary.repeat(3, 1), generator=seeded())
    assert found["nelbo"][0] == 0 and found["rank"][0] == 2.5 and found["exposure"][0] == 2 - math.log2(2.5)


def test_chance_gives_1_44_bits():
    model, canaries = counts([float(v + 1) for v in range(10)]), planted(400, seed=5)
    candidates = planted(255, seed=6)
    found = exposure(model, canaries, [0] * 400, candidates=candidates, generator=seeded())
    assert found["exposure"].mean() == pytest.approx(1 / math.log(2), abs=0.3)  # an error of 0.07, and of the ranks
    assert float((found["exposure"] > 3).mean()) == pytest.approx(1 / 8, abs=0.06)


def test_drawn_candidates_have_the_form_of_the_canaries():
    x = _drawn(planted(3), 2000, 10, [0, 4], seeded())
    assert x.shape == (2000, 6) and bool((x[:, :2] == 9).all())
    words, counts = x[:, 2:].unique(return_counts=True)
    assert words.tolist() == [1, 2, 3, 5, 6, 7, 8, 9]
    assert bool(((counts - 1000).abs() < 130).all()), "8,000 words, with a standard deviation of 30 for each"


def test_the_generator_decides_everything():
    memory, canaries = MemorizingDenoiser(planted(4), NOISE), planted(4)
    first, again, other = (exposure(memory, canaries, [1] * 4, candidates=31, generator=seeded(s)) for s in (1, 1, 2))
    assert first.equals(again) and not first["nelbo"].equals(other["nelbo"])


def test_bad_input_is_named():
    memory, canaries = MemorizingDenoiser(planted(4), NOISE), planted(4)
    sick = Wrapped(lambda xt, t: torch.full((*xt.shape, 10), torch.nan), NOISE, "cavity")
    for call, message in (
        (lambda: exposure(memory, canaries, [1]), "a number of copies from 0 on for each"),
        (lambda: exposure(memory, canaries, [1, 1, 1, -1]), "a number of copies from 0 on for each"),
        (lambda: exposure(memory, canaries[:1], [1]), "at which canaries differ"),
        (lambda: exposure(memory, canaries, [1] * 4, candidates=0), "at which canaries differ"),
        (lambda: exposure(memory, canaries, [1] * 4, candidates=canaries[:, :3]), "Candidates are int64"),
        (lambda: exposure(sick, canaries, [1] * 4), "NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            call()

"""Steps of the reverse walk, drawn in three throws, against the law that they are drawn from."""

from __future__ import annotations

import pytest
import torch

from uddm_mini import AbsorbingNoise, UniformNoise, Wrapped, sample
from uddm_mini.audit.guard import Watched
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.noise import uniform
from uddm_mini.sampling import gibbs
from uddm_mini.walks import choose_tokens

V, DRAWS = 5, 40_000


def predictions(rows: int, seed: int = 0) -> torch.Tensor:
    log_p0 = torch.randn(rows, 1, V, generator=torch.Generator().manual_seed(seed)).mul(2)
    log_p0[:, :, 3] = -torch.inf  # a word that is ruled out
    return log_p0.log_softmax(dim=2)


@pytest.mark.parametrize(("s", "t"), [(0.0, 0.3), (0.4, 0.5), (0.5, 1.0), (0.0, 1.0)])
@pytest.mark.parametrize("here", [0, 3])
def test_three_throws_have_the_law_of_the_step(monkeypatch, s, t, here):
    monkeypatch.setattr(uniform, "MANY_WORDS", 2)
    noise, log_p0 = UniformNoise(V), predictions(1).expand(DRAWS, 1, V)
    xt = torch.full((DRAWS, 1), here)
    drawn = noise.draw_step(log_p0, xt, s, t, torch.Generator().manual_seed(1))
    law = noise.reverse_step(log_p0[:1].exp(), xt[:1], s, t)[0, 0].double()
    found = torch.bincount(drawn[:, 0], minlength=V).double() / DRAWS
    error = (law * (1 - law) / DRAWS).sqrt()
    assert drawn.shape == xt.shape and drawn.dtype == torch.int64
    assert bool(((found - law).abs() <= 4.5 * error + 1e-9).all()), (found, law)


def test_levels_may_differ_from_sentence_to_sentence(monkeypatch):
    monkeypatch.setattr(uniform, "MANY_WORDS", 2)
    noise, log_p0, xt = UniformNoise(V), predictions(2), torch.tensor([[0], [0]])
    t = torch.tensor([1e-6, 1.0], dtype=torch.float64)
    rows = [noise.draw_step(log_p0, xt, t / 2, t, torch.Generator().manual_seed(k)) for k in range(400)]
    moved = (torch.stack(rows)[:, :, 0] != 0).double().mean(dim=0)
    assert moved[0] < 0.05 < 0.5 < moved[1], "hardly anything moves near t = 0, and most at t = 1"


@pytest.mark.parametrize("noise", [UniformNoise(V), AbsorbingNoise(V)])
def test_with_few_words_a_step_is_the_draw_that_it_always_was(noise):
    log_p0, xt = predictions(3), noise.start(3, 1, torch.Generator().manual_seed(5))
    got = noise.draw_step(log_p0, xt, 0.2, 0.6, torch.Generator().manual_seed(2))
    probs = noise.reverse_step(log_p0.exp(), xt, 0.2, 0.6)
    assert torch.equal(got, choose_tokens(probs, False, torch.Generator().manual_seed(2)))


@pytest.mark.parametrize("noise", [UniformNoise(V), AbsorbingNoise(V)])
@pytest.mark.parametrize("given", ["cavity", "posterior"])
def test_the_best_guess_is_that_of_the_converted_answer(noise, given):
    log_p0 = torch.randn(64, 7, V, generator=torch.Generator().manual_seed(3)).log_softmax(dim=2)
    xt, t = torch.randint(V, (64, 7), generator=torch.Generator().manual_seed(4)), torch.linspace(0, 1, 64)
    expected = noise.convert(log_p0, xt, t, given, "posterior").argmax(dim=2)
    assert torch.equal(noise.guess(log_p0, xt, t, given), expected)
    alike = torch.full((1, 7, V), -torch.tensor(float(V)).log())
    again = noise.convert(alike, xt[:1], 0.5, given, "posterior").argmax(dim=2)
    assert torch.equal(noise.guess(alike, xt[:1], 0.5, given), again)


def test_memory_of_walks_and_gibbs_steps_is_that_of_a_batch():
    """Of 64 sentences of 8 words among 5,000, no more than two are answered at a time, and none of them is kept."""
    words, kept = 5000, []
    table = torch.randn(words, 4, generator=torch.Generator().manual_seed(0))

    def logits(xt, t):
        kept.append(len(xt))
        return table[xt] @ table.T

    model = Watched(Wrapped(logits, UniformNoise(words), "cavity", logits=True), 8, 2 * 8 * words)
    x = sample(model, 64, 8, 2, generator=torch.Generator().manual_seed(0))
    before, concatenated = len(kept), torch.cat

    def watched(parts, *rest, **named):
        out = concatenated(parts, *rest, **named)
        assert out.numel() <= 64 * words, "one place of each sentence, never all of them"
        return out

    torch.cat = watched
    try:
        y = gibbs(model, x, 0.5, generator=torch.Generator().manual_seed(0))
    finally:
        torch.cat = concatenated
    assert max(kept) == 2 and len(kept) == before + 32 and int((x != y).sum(dim=1).max()) <= 1


def test_a_gibbs_step_draws_as_if_all_was_kept():
    model = TransformerDenoiser(UniformNoise(V), 6)
    x = torch.randint(V, (9, 6), generator=torch.Generator().manual_seed(0))
    whole = gibbs(model, x, 0.5, 3, generator=torch.Generator().manual_seed(1))
    model.batch_size = 4
    assert torch.equal(whole, gibbs(model, x, 0.5, 3, generator=torch.Generator().manual_seed(1)))

"""What holds for all shapes, dtypes and degenerate worlds: V = 2, L = 1, one sentence, no sentence, t = 0 and t = 1."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from uddm_mini import (
    MemorizingDenoiser,
    TransformerDenoiser,
    UniformNoise,
    Walk,
    Wrapped,
    conditional_entropy,
    cross_entropy,
    reverse_walk,
    sample,
    settle,
    token_recovery,
    train,
)
from uddm_mini.noise import SCHEDULES

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
sizes = dict(vocab=st.integers(2, 6), length=st.integers(1, 4), batch=st.integers(0, 3), seed=st.integers(0, 99))
schedules = st.sampled_from([*SCHEDULES])
times = st.one_of(st.sampled_from([0.0, 1e-9, 1e-3, 1.0]), st.floats(0, 1))
kinds = st.sampled_from(["cavity", "posterior"])
dtypes = st.sampled_from([torch.float32, torch.float64])
smallest = dict(vocab=2, length=1, batch=0, seed=0)


def tokens(vocab: int, length: int, batch: int, seed: int) -> torch.Tensor:
    return torch.randint(vocab, (batch, length), generator=torch.Generator().manual_seed(seed))


def prediction(x: torch.Tensor, vocab: int, seed: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Return log p0 [B, L, V], uneven enough that some words are all but impossible."""
    generator = torch.Generator().manual_seed(seed + 1)
    return (20 * torch.randn(*x.shape, vocab, generator=generator, dtype=dtype)).log_softmax(dim=2)


@given(**sizes, t=times, schedule=schedules)
@example(**smallest, t=0.0, schedule="cosine")
def test_corruption_keeps_shape_dtype_and_range(vocab, length, batch, seed, t, schedule):
    x0, noise = tokens(vocab, length, batch, seed), UniformNoise(vocab, SCHEDULES[schedule]())
    xt = noise.corrupt(x0, t, torch.Generator().manual_seed(seed))
    assert xt.shape == x0.shape and xt.dtype == torch.int64
    assert bool(((xt >= 0) & (xt < vocab)).all())
    if t == 0:
        assert torch.equal(xt, x0)
    columns = noise.likelihood(xt, t)
    assert columns.shape == (batch, length, vocab) and bool((columns > 0).all())


@given(**sizes, first=times, second=times, schedule=schedules, dtype=dtypes)
@example(**smallest, first=0.0, second=1.0, schedule="linear", dtype=torch.float32)
def test_reverse_steps_are_distributions(vocab, length, batch, seed, first, second, schedule, dtype):
    s, t = sorted((first, second))
    x, noise = tokens(vocab, length, batch, seed), UniformNoise(vocab, SCHEDULES[schedule]())
    p0 = prediction(x, vocab, seed, dtype).exp()
    if s == t and batch:
        with pytest.raises(ValueError, match="smaller than t"):
            noise.reverse_step(p0, x, s, t)
    elif t - s > 1e-12:
        probs = noise.reverse_step(p0, x, s, t)
        assert probs.shape == p0.shape and probs.dtype == dtype and bool((probs >= 0).all())
        torch.testing.assert_close(probs.sum(dim=2), torch.ones(batch, length, dtype=dtype))


@given(**sizes, t=times, schedule=schedules, given_=kinds, wanted=kinds, dtype=dtypes)
@example(**smallest, t=0.0, schedule="linear", given_="cavity", wanted="posterior", dtype=torch.float64)
def test_conversion_normalizes_keeps_dtype_and_can_be_undone(
    vocab, length, batch, seed, t, schedule, given_, wanted, dtype
):
    x, noise = tokens(vocab, length, batch, seed), UniformNoise(vocab, SCHEDULES[schedule]())
    log_p0 = prediction(x, vocab, seed, dtype)
    there = noise.convert(log_p0, x, t, given_, wanted)
    assert there.shape == log_p0.shape and there.dtype == dtype
    torch.testing.assert_close(there.exp().sum(dim=2), torch.ones(batch, length, dtype=dtype))
    back = noise.convert(there, x, t, wanted, given_)
    torch.testing.assert_close(back, log_p0, rtol=1e-4, atol=1e-4)  # float32, values up to about 100 nats


@given(**sizes, t=times, schedule=schedules, dtype=dtypes, certain=st.booleans())
@example(**smallest, t=0.0, schedule="cosine", dtype=torch.float32, certain=True)
def test_losses_are_finite_non_negative_and_differentiable(vocab, length, batch, seed, t, schedule, dtype, certain):
    x0, noise = tokens(vocab, length, batch, seed), UniformNoise(vocab, SCHEDULES[schedule]())
    level = torch.full((batch,), t, dtype=dtype)
    xt = noise.corrupt(x0, level, torch.Generator().manual_seed(seed))
    logits = (0.0 if certain else 0.2) * prediction(x0, vocab, seed, dtype)
    if certain:
        logits = logits.scatter(2, x0.unsqueeze(2), 500.0)  # in float32 all other words have probability 0
    logits.requires_grad_(True)
    log_p0 = logits.log_softmax(dim=2)
    nelbo = noise.nelbo(log_p0, x0, xt, level)
    entropy = cross_entropy(log_p0, x0)
    for loss in (nelbo, entropy):
        assert loss.shape == (batch, length) and loss.dtype == dtype
        (gradient,) = torch.autograd.grad(loss.sum(), logits, retain_graph=True)
        assert bool(loss.isfinite().all()) and bool(gradient.isfinite().all())
    # terms of the size V / (1 - alpha), at most 6e6, cancel
    scale = 1 / (1 - noise.alpha(level.double())).clamp_min(1e-6).unsqueeze(1)
    assert bool((nelbo.double() >= -50 * torch.finfo(dtype).eps * scale - 1e-6).all())
    assert bool((entropy >= -1e-6).all())


@given(**sizes, n_train=st.integers(1, 4), t=times, schedule=schedules, kind=kinds)
@example(**smallest, n_train=1, t=0.0, schedule="linear", kind="cavity")
@example(vocab=2, length=1, batch=3, seed=0, n_train=1, t=1.0, schedule="cosine", kind="posterior")
def test_everything_works_for_a_memorizer(vocab, length, batch, seed, n_train, t, schedule, kind):
    x, noise = tokens(vocab, length, batch, seed), UniformNoise(vocab, SCHEDULES[schedule]())
    memory = MemorizingDenoiser(tokens(vocab, length, n_train, seed + 7), noise)
    if kind == "cavity":
        memory = Wrapped(memory.cavity, noise, "cavity")
    for wanted in ("cavity", "posterior"):
        log_p0 = getattr(memory, wanted)(x, t)
        torch.testing.assert_close(log_p0.exp().sum(dim=2), torch.ones(batch, length, dtype=torch.float64))
        entropy = conditional_entropy(memory, x, t, wanted)
        assert entropy.shape == (batch, length) and bool(entropy.isfinite().all())
        assert bool((entropy >= 0).all()) and bool((entropy <= torch.tensor(float(vocab)).log() + 1e-6).all())
    generator = torch.Generator().manual_seed(seed)
    for method in ("argmax", "reverse", "iterate", "greedy"):
        found = token_recovery(memory, x, t, Walk(method, 2), generator=generator)
        assert found.out.shape == x.shape and found.out.dtype == torch.int64
        for value in (found.recovered, found.unstable, found.exact, found.chance):
            assert value != value or 0 <= value <= 1
        if t == 0 and batch:
            assert found.recovered != found.recovered, "nothing changed: missing, not zero"
    assert list(settle(memory, x, t))[-1].shape == x.shape
    for greedy in (False, True):
        for _, new in reverse_walk(memory, x, steps=2, greedy=greedy, generator=generator):
            assert new.shape == x.shape and bool(((new >= 0) & (new < vocab)).all())
    new = sample(memory, batch, length, 2, generator=generator)
    assert new.shape == x.shape and bool(((new >= 0) & (new < vocab)).all())


@pytest.mark.parametrize("device", DEVICES)
@given(**sizes, n_train=st.integers(1, 3), loss=st.sampled_from(["nelbo", "cross_entropy"]), schedule=schedules)
@example(**smallest, n_train=1, loss="nelbo", schedule="cosine")
def test_everything_works_for_a_trained_model(device, vocab, length, batch, seed, n_train, loss, schedule):
    noise = UniformNoise(vocab, SCHEDULES[schedule]())
    model = train(
        tokens(vocab, length, n_train, seed),
        noise,
        loss=loss,
        seed=seed,
        device=device,
        steps=1,
        batch_size=2,
        width=4,
        depth=1,
        heads=2,
        progress=False,
    )
    assert isinstance(model, TransformerDenoiser) and model.history["loss"][0] >= -1e-4
    x = tokens(vocab, length, batch, seed).to(device)
    for t in (0.0, 1.0):
        assert model.posterior(x, t).shape == (batch, length, vocab)
        assert conditional_entropy(model, x, t).device == x.device
        assert token_recovery(model, x, t, generator=torch.Generator().manual_seed(seed)).out.device == x.device
    generator = torch.Generator().manual_seed(seed)
    *_, (_, new) = reverse_walk(model, x, 1.0, 2, generator=generator)
    assert new.shape == x.shape and new.device == x.device
    new = sample(model, batch, length, 2, generator=generator)
    assert new.shape == x.shape and new.device == x.device


@given(batch=st.integers(2, 4), wrong=st.integers(0, 6))
def test_ragged_times_are_named(batch, wrong):
    x, noise = tokens(3, 2, batch, 0), UniformNoise(3)
    times = torch.full((wrong,), 0.5)
    if wrong == batch:
        assert noise.corrupt(x, times).shape == x.shape
    else:
        with pytest.raises(ValueError, match="one per sentence"):
            noise.corrupt(x, times)

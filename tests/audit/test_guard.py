"""A watched model: small batches, counted questions, and what identifies it."""

from __future__ import annotations

import math

import pytest
import torch

from uddm_mini import MemorizingDenoiser, ModelSettings, TransformerDenoiser, UniformNoise, Wrapped
from uddm_mini.audit.guard import Watched, fingerprint, hash_of


def test_an_answer_is_never_larger_than_it_may_be():
    V, sizes = 30_522, []

    def blind(xt, t):
        sizes.append(xt.numel() * V)
        return torch.full((1, 1, 1), -math.log(V)).expand(*xt.shape, V)

    model = Wrapped(blind, UniformNoise(V), "cavity")
    told = []
    watched = Watched(model, 128, 2**25, told.append)
    watched.mapped(torch.zeros(20, 128, dtype=torch.int64), 0.5, "cavity", lambda log_p0, *_: log_p0[:, 0, 0])
    assert watched.batch_size == 8 and max(sizes) <= 2**25 and told == [8, 8, 4] and watched.asked == 20
    assert Watched(model, 128, 1).batch_size == 1
    assert Watched(Wrapped(blind, UniformNoise(V), "cavity", batch_size=3), 128, 2**25).batch_size == 3


def test_a_model_is_known_by_its_weights_or_its_answers():
    noise, small = UniformNoise(5), ModelSettings(8, 1, 2)
    model, other = (TransformerDenoiser(noise, 3, small, seed=seed) for seed in (0, 1))
    assert fingerprint(model, 3) == fingerprint(TransformerDenoiser(noise, 3, small), 3) != fingerprint(other, 3)
    wrapped = Wrapped(model, noise, "cavity")
    assert fingerprint(wrapped, 3) == fingerprint(model, 3), "who wraps it does not matter"
    half = fingerprint(Wrapped(model.to(torch.bfloat16), noise, "cavity"), 3)
    assert half["of"] == "weights" and half != fingerprint(other, 3)
    memories = [MemorizingDenoiser(torch.tensor([[0, 1, k]]), noise) for k in (2, 2, 3)]
    first, again, third = (fingerprint(memory, 3) for memory in memories)
    assert first == again != third and first["of"] == "answers"


def test_a_text_is_known_by_its_ids_and_its_shape():
    x = torch.arange(6).reshape(2, 3)
    assert hash_of(x) == hash_of(x.clone()) != hash_of(x.reshape(3, 2)) and hash_of(None) is None
    assert hash_of(x) != hash_of(x.flip(0))


def test_nan_in_a_single_number_of_the_answer_is_found():
    def broken(xt, t):
        out = torch.full((*xt.shape, 4), -math.log(4))
        out[1, 2, 3] = torch.nan
        return out

    watched = Watched(Wrapped(broken, UniformNoise(4), "cavity"), 3, 1000)
    with pytest.raises(ValueError, match="NaN for 1 of 2 sentences"):
        watched.mapped(torch.zeros(2, 3, dtype=torch.int64), 0.5, "cavity")

"""Several models at a time are the models that would have been trained one by one."""

from __future__ import annotations

import pytest
import torch

from uddm_mini import UniformNoise, train, train_each

TINY = dict(steps=3, batch_size=8, width=8, heads=2, progress=False)
X = torch.arange(24).reshape(8, 3) % 5
NOISE = UniformNoise(5)


def test_several_models_are_those_that_train_makes(two_threads):
    models = train_each({"few": X[:2], "all": X}, NOISE, seed=3, **TINY)
    assert list(models) == ["few", "all"]
    for name, x in (("few", X[:2]), ("all", X)):
        alone = train(x, NOISE, seed=3, **TINY)
        for p, q in zip(models[name].parameters(), alone.parameters(), strict=True):
            assert torch.equal(p, q)
        assert models[name].training_settings == alone.training_settings


def test_several_models_say_what_is_wrong_with_one():
    with pytest.raises(ValueError, match="outside 0 ... 4"):
        train_each({1: X, 2: X + 3}, NOISE, **TINY)


def test_several_corpora_bring_their_own_words(corpus, english):
    few = english.corpus(n_train=4, n_held_out=4)
    models = train_each({"few": few, "more": corpus}, **TINY)
    for name, text in (("few", few), ("more", corpus)):
        assert models[name].words == text.words and models[name].training_settings["corpus"] == text.sha256
        assert models[name].history == train(text, **TINY).history

"""Several models at a time are the models that would have been trained one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from uddm_mini import ModelSettings, TrainSettings, TransformerDenoiser, UniformNoise, train, train_each
from uddm_mini.parallel import WIDE, stack_size
from uddm_mini.training.steps import clip_each
from uddm_mini.training.train import train_stack

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


@pytest.mark.parametrize(("decay", "ema"), [("cosine", 0.5), ("constant", 0.0)])
def test_each_model_of_a_stack_is_the_one_that_trains_alone(decay, ema):
    # other data, seeds, lengths of the run, warm-ups and rates: short runs end early and must then stand still
    tiny = TrainSettings(batch_size=8, ema=ema, clip=0.3, decay=decay, model=ModelSettings(width=8, heads=2))
    own = [
        {"seed": 1, "steps": 9, "warmup": 0},
        {"seed": 2, "steps": 4, "warmup": 3, "learning_rate": 0.02},
        {"seed": 3, "epochs": 2.0, "warmup": 1},
    ]
    runs = [(X[: 2 + 3 * k], replace(tiny, **changes)) for k, changes in enumerate(own)]
    together = train_stack(runs, NOISE, progress=False)
    for (x, settings), model in zip(runs, together, strict=True):
        alone = train(x, NOISE, settings=settings, progress=False)
        moved = TransformerDenoiser(NOISE, 3, settings.model, seed=settings.seed)
        assert model.history["step"] == alone.history["step"]
        assert model.history["loss"] == pytest.approx(alone.history["loss"], rel=1e-6)
        assert model.training_settings == alone.training_settings
        # answers, not weights: the bias of the keys changes no answer, and Adam blows up its rounding
        torch.testing.assert_close(model(X, 0.5), alone(X, 0.5), rtol=0, atol=1e-5)
        assert float((model(X, 0.5) - moved(X, 0.5)).abs().max().detach()) > 1e-2, "or nothing was trained"


def test_a_stack_clips_each_model_on_its_own():
    wild, calm = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.3, 0.4]])
    weights = [torch.zeros(2, 2, requires_grad=True), torch.zeros(2, 1, requires_grad=True)]
    weights[0].grad, weights[1].grad = torch.cat([wild, calm]), torch.tensor([[12.0], [0.0]])
    clip_each(weights, 1.0)
    torch.testing.assert_close(weights[0].grad, torch.cat([wild / 13, calm]), rtol=1e-5, atol=0)
    torch.testing.assert_close(weights[1].grad, torch.tensor([[12 / 13], [0.0]]), rtol=1e-5, atol=0)


@pytest.mark.parametrize(
    "other",
    [(X, {"loss": "cross_entropy"}), (X, {"batch_size": 4}), (X[:, :2], {}), (X, {"model": ModelSettings(16, 1, 2)})],
)
def test_models_that_are_too_different_are_no_stack(other):
    first = TrainSettings(steps=2, batch_size=8, model=ModelSettings(width=8, heads=2))
    x, changes = other
    with pytest.raises(ValueError, match="differ in their data and in seed, steps, epochs, warmup, learning_rate only"):
        train_stack([(X, first), (x, replace(first, **changes))], NOISE)


def test_data_of_several_lengths_train_in_several_stacks(two_threads):
    models = train_each({"long": X, "short": X[:, :2], "again": X}, NOISE, **TINY)
    assert [model.length for model in models.values()] == [3, 2, 3]


def test_a_stack_of_one_is_all_that_a_wide_model_or_a_few_jobs_get(two_threads):
    assert [stack_size(8, 64), stack_size(3, 64), stack_size(1, 64), stack_size(99, 64)] == [4, 2, 1, 4]
    assert stack_size(8, WIDE) == 1
    on_gpu = [stack_size(jobs, width, "cuda") for jobs, width in ((60, 64), (3, 64), (60, WIDE), (60, 4 * WIDE))]
    assert on_gpu == [32, 3, 32, 8] and stack_size(60, 64 * WIDE, "cuda") == 1


def test_corpora_with_other_vocabularies_are_no_stack(corpus, two_threads):
    more = replace(corpus, words=(*corpus.words, "another"))
    settings = TrainSettings(steps=2, batch_size=8, model=ModelSettings(width=8, heads=2))
    with pytest.raises(ValueError, match="differ in their data"):
        train_stack([(corpus, settings), (more, settings)], progress=False)
    models = train_each({"few": corpus, "more": more, "again": corpus}, settings=settings, progress=False)
    assert [model.noise.vocab_size - corpus.vocab_size for model in models.values()] == [0, 1, 0]

"""All probes at once: each number against the probe that it comes from, or against an exact value."""

from __future__ import annotations

import math

import pytest
import torch

from uddm_mini import (
    Corpus,
    MemorizingDenoiser,
    PopulationDenoiser,
    ProbeSettings,
    TransformerDenoiser,
    UniformNoise,
    conditional_entropy,
    mean_nelbo,
    measure,
    token_recovery,
)

PROBE = ProbeSettings(times=(0.1, 0.5), sentences=32)


def test_rows_are_the_numbers_of_the_single_probes(corpus):
    noise, x_train = UniformNoise(corpus.vocab_size), corpus.subset(32, seed=0)
    denoiser = MemorizingDenoiser(x_train, noise)
    rows = measure(denoiser, noise, corpus, x_train, PROBE, seed=2)
    assert [(row["split"], row["t"]) for row in rows] == [("train", 0.1), ("train", 0.5), ("test", 0.1), ("test", 0.5)]
    for row, x0, k in ((rows[1], x_train, 1), (rows[2], corpus.test, 0)):
        generator = torch.Generator().manual_seed(2000 + k)
        found = token_recovery(denoiser, noise, x0, row["t"], reference=corpus.train, generator=generator)
        for name in ("recovered", "unstable", "exact", "chance"):
            assert row[name] == getattr(found, name)
        assert row["entropy"] == pytest.approx(float(conditional_entropy(denoiser, x0, 1e-3).mean()))
        assert row["nelbo"] == mean_nelbo(denoiser, noise, x0, seed=2)


def test_the_two_bounds_differ_as_they_must(corpus, english):
    noise, x_train = UniformNoise(corpus.vocab_size), corpus.subset(16, seed=0)
    memory = measure(MemorizingDenoiser(x_train, noise), noise, corpus, x_train, PROBE)
    language = measure(PopulationDenoiser(english, noise), noise, corpus, x_train, PROBE)
    assert memory[0]["recovered"] == 1.0 and memory[2]["recovered"] < language[2]["recovered"]
    assert memory[0]["entropy"] < 1e-3 < language[0]["entropy"]
    assert memory[0]["nelbo"] < language[0]["nelbo"] and memory[2]["nelbo"] > language[2]["nelbo"]


def test_the_form_of_the_prediction_does_not_change_what_is_measured(corpus, english):
    noise = UniformNoise(corpus.vocab_size)
    first, second = (
        measure(PopulationDenoiser(english, noise, kind), noise, corpus, corpus.train, PROBE)
        for kind in ("cavity", "posterior")
    )
    for a, b in zip(first, second, strict=True):
        assert a == pytest.approx(b, abs=1e-6)


def test_a_small_training_set_is_measured_several_times_over(corpus):
    noise, x_train = UniformNoise(corpus.vocab_size), corpus.subset(1, seed=0)
    seen = []

    class Watch(MemorizingDenoiser):
        def __call__(self, xt, t):
            seen.append(len(xt))
            return super().__call__(xt, t)

    rows = measure(Watch(x_train, noise), noise, corpus, x_train, PROBE)
    assert set(seen) == {32, 4 * 32} and rows[0]["recovered"] == 1.0


def test_ignored_words_count_nowhere():
    # the model is certain and wrong about padding, certain and right about everything else
    words, x = ("<pad>", "a", "b"), torch.tensor([[1, 2, 0], [1, 0, 0]])
    corpus, noise = Corpus("tiny", x, x, words, ignore=(0,)), UniformNoise(3)

    def denoiser(xt, t):
        answer = torch.tensor([[1, 2, 1]]).expand(len(xt), -1)
        return torch.nn.functional.one_hot(answer, 3).double().mul(30).log_softmax(dim=2)

    denoiser.predicts = "cavity"
    for row in measure(denoiser, noise, corpus, x, ProbeSettings(times=(0.9,), sentences=64)):
        assert row["recovered"] == row["exact"] == 1.0 and row["unstable"] == 0.0
        assert row["nelbo"] == pytest.approx(0, abs=1e-6)
    everything = Corpus("tiny", x, x, words)
    (row, _) = measure(denoiser, noise, everything, x, ProbeSettings(times=(0.9,), sentences=64))
    assert row["recovered"] < 1 and row["nelbo"] > 1


def test_padding_has_no_part_in_the_mean_entropy_or_the_loss():
    # the model knows the words and doubts the padding
    x = torch.tensor([[1, 2, 0], [2, 0, 0], [0, 0, 0]])
    doubt = torch.tensor([1 / 3] * 3).log()

    def denoiser(xt, t):
        certain = torch.nn.functional.one_hot(x.repeat(len(xt) // 3, 1), 3).double().mul(40).log_softmax(dim=2)
        return torch.where((x == 0).repeat(len(xt) // 3, 1).unsqueeze(2), doubt.double(), certain)

    denoiser.predicts, noise, probe = "cavity", UniformNoise(3), ProbeSettings(times=(0.9,), sentences=3)
    with_padding, whole = (Corpus("tiny", x, x, ("<pad>", "a", "b"), ignore=ignore) for ignore in ((0,), ()))
    for row in measure(denoiser, noise, with_padding, x, probe):
        assert row["entropy"] == pytest.approx(0, abs=1e-6) and row["nelbo"] == pytest.approx(0, abs=1e-6)
    for row in measure(denoiser, noise, whole, x, probe):
        assert row["entropy"] == pytest.approx(6 / 9 * math.log(3)) and row["nelbo"] > 0.1


def test_no_sentence_is_bound_to_its_share_of_noise_levels():
    # the first half of the sentences would otherwise always meet the lower half of the levels
    x0, noise, seen = torch.arange(2).repeat_interleave(50)[:, None], UniformNoise(2), []

    def blind(xt, t):
        seen.append(t)
        return torch.full((*xt.shape, 2), -math.log(2))

    for seed in range(8):
        mean_nelbo(blind, noise, x0, seed=seed, draws=1, predicts="cavity")
    levels = torch.stack(seen)  # [8, 100]
    torch.testing.assert_close(levels.sort(dim=1).values, ((torch.arange(100) + 0.5) / 100).expand(8, -1))
    # 400 levels without replacement: the mean of a half has a standard deviation of 0.01
    assert float(levels[:, :50].mean()) == pytest.approx(0.5, abs=0.04)


def test_mean_nelbo_of_the_population_is_the_entropy_of_the_language(english):
    # its expectation is H(x_0 | x_1), and x_1 is noise up to a signal of 1/1000
    x = english.sample(1000, seed=3)
    for schedule in ("linear", "cosine"):
        noise = UniformNoise(english.vocab_size, schedule)
        got = mean_nelbo(PopulationDenoiser(english, noise), noise, x, draws=2)
        # 2,000 draws of the noise level: a standard error of about 0.015, seen over seeds
        assert got == pytest.approx(english.entropy() / english.length, abs=0.05)


def test_mean_nelbo_is_seeded_and_missing_without_words(corpus):
    noise = UniformNoise(corpus.vocab_size)
    model = TransformerDenoiser(corpus.vocab_size, corpus.length, 8, 1, 2)
    first, second, other = (mean_nelbo(model, noise, corpus.test, seed=seed) for seed in (0, 0, 1))
    assert first == second != other
    assert math.isnan(mean_nelbo(model, noise, corpus.test[:0]))
    with pytest.raises(ValueError, match="draws at least 1"):
        mean_nelbo(model, noise, corpus.test, draws=0)
    assert math.isnan(mean_nelbo(model, noise, corpus.test, ignore=range(corpus.vocab_size)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(times=()), "noise levels"),
        (dict(times=(0.5, 1.5)), "noise levels"),
        (dict(entropy_t=-1.0), "noise levels"),
        (dict(method="magic"), "argmax, reverse, iterate"),
        (dict(sentences=0), "at least 1"),
        (dict(steps=0), "at least 1"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ProbeSettings(**changes)


def test_an_empty_split_is_named(corpus):
    noise = UniformNoise(corpus.vocab_size)
    nothing = Corpus("none held out", corpus.train, corpus.test[:0], corpus.words)
    for corpus_, x in ((nothing, corpus.train), (corpus, corpus.train[:0])):
        with pytest.raises(ValueError, match="both splits"):
            measure(MemorizingDenoiser(corpus.train, noise), noise, corpus_, x, PROBE)


def test_a_bare_callable_is_measured_when_you_say_what_it_predicts(corpus):
    noise, x_train = UniformNoise(corpus.vocab_size), corpus.subset(16, seed=0)
    known = MemorizingDenoiser(x_train, noise, "posterior")
    expected = measure(known, noise, corpus, x_train, PROBE)

    class WithoutWeights(torch.nn.Module):
        def forward(self, xt, t):
            return known(xt, t)

    for bare in (lambda xt, t: known(xt, t), WithoutWeights()):
        assert measure(bare, noise, corpus, x_train, PROBE, predicts="posterior") == expected
        with pytest.raises(ValueError, match="Say what the denoiser predicts"):
            measure(bare, noise, corpus, x_train, PROBE)


def test_a_model_in_half_precision_is_measured_in_full(corpus):
    # many words of nearly the same probability: a mean taken in bfloat16 stops growing
    noise = UniformNoise(corpus.vocab_size)
    model = TransformerDenoiser(corpus.vocab_size, corpus.length, 16, 1, 2)
    exact = measure(model, noise, corpus, corpus.train, PROBE)
    half = measure(lambda xt, t: model(xt, t).bfloat16(), noise, corpus, corpus.train, PROBE, predicts="cavity")
    for a, b in zip(exact, half, strict=True):
        assert b["entropy"] == pytest.approx(a["entropy"], abs=2e-3)  # rounding each answer leaves some 5e-4
        assert b["nelbo"] == pytest.approx(a["nelbo"], rel=0.02)

"""Public functions answer a wrong argument in one sentence: no bare error of a library, and no number in silence."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import uddm_mini as um
from uddm_mini.doors import finite, printable, showable, whole
from uddm_mini.experiments.halves import disjoint_halves
from uddm_mini.sampling import fill
from uddm_mini.teaching.exercises import Result

V, B, L = 5, 3, 4
NOISE = um.UniformNoise(V)
MASKS = um.AbsorbingNoise(V)
X = torch.tensor([[0, 1, 2, 3], [4, 3, 2, 1], [0, 0, 1, 1]])
SPINS = 2 * (X % 2) - 1
MODEL = um.MemorizingDenoiser(X, NOISE)
NETWORK = um.TransformerDenoiser(NOISE, L, um.ModelSettings(width=8, heads=2))
LOG_P0 = torch.randn(B, L, V, generator=torch.Generator().manual_seed(0)).log_softmax(dim=2)
SENTENCES = {
    "an array": X.numpy(),
    "a list": X.tolist(),
    "a string": "the cat",
    "nothing": None,
    "floats": X.double(),
    "int32": X.int(),
    "bools": X.bool(),
    "one sentence": X[0],
    "too many axes": X[None],
    "an id too large": X + 1,
    "a negative id": X - 1,
}
TAKE_SENTENCES = {
    "corrupt": lambda x: NOISE.corrupt(x, 0.3),
    "corrupt, masks": lambda x: MASKS.corrupt(x, 0.3),
    "likelihood": lambda x: NOISE.likelihood(x, 0.3),
    "convert": lambda x: NOISE.convert(LOG_P0, x, 0.3, "cavity", "posterior"),
    "nelbo": lambda x: NOISE.nelbo(LOG_P0, x, X, 0.3),
    "nelbo, noisy": lambda x: NOISE.nelbo(LOG_P0, X, x, 0.3),
    "reverse_step": lambda x: NOISE.reverse_step(LOG_P0.exp(), x, 0.2, 0.3),
    "cavity": lambda x: MODEL.cavity(x, 0.3),
    "posterior": lambda x: NETWORK.posterior(x, 0.3),
    "call": lambda x: NETWORK(x, torch.full((B,), 0.3)),
    "token_recovery": lambda x: um.token_recovery(MODEL, x, 0.3),
    "conditional_entropy": lambda x: um.conditional_entropy(MODEL, x),
    "mean_nelbo": lambda x: um.mean_nelbo(MODEL, x),
    "gibbs": lambda x: um.gibbs(MODEL, x, 0.3),
    "settle": lambda x: list(um.settle(MODEL, x, 0.3)),
    "reverse_walk": lambda x: list(um.reverse_walk(MODEL, x, 0.5, 2)),
    "memorizer": lambda x: um.MemorizingDenoiser(x, NOISE),
    "local memorizer": lambda x: um.LocalMemorizingDenoiser(x, NOISE, 1),
    "ngram": lambda x: um.NgramDenoiser(x, NOISE),
    "train": lambda x: um.train(x, NOISE, steps=1, width=8, heads=2, progress=False),
    "dense memory": lambda x: um.DenseAssociativeMemory(x, beta=1.0, vocab_size=V),
    "fill": lambda x: fill(MODEL, x, torch.zeros(B, L, dtype=torch.bool), 2),
    "fixed_point_rate": lambda x: um.fixed_point_rate(MODEL, x, 0.1),
}


def is_a_sentence(error: BaseException) -> None:
    """Check that an error is one of ours: a sentence for people, on one line."""
    text = str(error)
    assert type(error) in (TypeError, ValueError), f"{type(error).__name__}: {text}"
    assert "\n" not in text and text[0].isalpha() and text.endswith((".", ")")) and len(text.split()) > 4, text
    assert not any(word in text for word in ("NoneType", "invalid combination", "attribute", "unsupported operand")), (
        text
    )


@pytest.mark.parametrize("function", TAKE_SENTENCES.values(), ids=TAKE_SENTENCES.keys())
def test_sentences_that_are_none_are_named(function):
    function(X)
    for wrong in SENTENCES.values():
        with pytest.raises((TypeError, ValueError)) as caught:
            function(wrong)
        is_a_sentence(caught.value)


TAKE_GENERATORS = {
    "corrupt": lambda g: NOISE.corrupt(X, 0.3, g),
    "start": lambda g: NOISE.start(2, 3, g),
    "sample": lambda g: um.sample(MODEL, 2, L, 2, generator=g),
    "gibbs": lambda g: um.gibbs(MODEL, X, 0.3, generator=g),
    "token_recovery": lambda g: um.token_recovery(MODEL, X, 0.3, "reverse", generator=g),
    "flip": lambda g: um.flip(SPINS, 0.3, g),
    "random_patterns": lambda g: um.random_patterns(2, 3, g),
    "feature_patterns": lambda g: um.feature_patterns(2, SPINS, generator=g),
    "recall": lambda g: um.HopfieldNetwork(SPINS).recall(SPINS, generator=g),
    "recall, warm": lambda g: um.HopfieldNetwork(SPINS).recall(SPINS, mode="sync", temperature=1.0, generator=g),
    "recall_curve": lambda g: um.recall_curve(um.HopfieldNetwork, 8, [2], [0.1], generator=g),
}


@pytest.mark.parametrize("function", TAKE_GENERATORS.values(), ids=TAKE_GENERATORS.keys())
def test_a_seed_is_no_generator(function):
    function(torch.Generator().manual_seed(0))
    function(None)
    for wrong in (0, 1.5, "0", np.random.default_rng(0)):
        with pytest.raises(TypeError, match=r"generator must be a torch\.Generator, .*manual_seed") as caught:
            function(wrong)
        is_a_sentence(caught.value)


OTHER = {
    "a whole number of steps": lambda: um.sample(MODEL, 2, L, 2.5),
    "steps in words": lambda: um.sample(MODEL, 2, L, "many"),
    "n": lambda: um.sample(MODEL, 2.0, L, 2),
    "length": lambda: um.sample(MODEL, 2, None, 2),
    "words": lambda: um.UniformNoise("many"),
    "half a word": lambda: um.UniformNoise(2.5),
    "a mask": lambda: um.AbsorbingNoise(5, mask="x"),
    "t in words": lambda: NOISE.corrupt(X, "much"),
    "t, nothing": lambda: NOISE.corrupt(X, None),
    "t, NaN": lambda: MODEL.cavity(X, math.nan),
    "a walk from NaN": lambda: um.reverse_walk(MODEL, X, math.nan),
    "degree": lambda: um.DenseAssociativeMemory(SPINS, degree=2.5),
    "degree, NaN": lambda: um.DenseAssociativeMemory(SPINS, degree=math.nan),
    "beta, NaN": lambda: um.DenseAssociativeMemory(SPINS, beta=math.nan),
    "temperature": lambda: um.HopfieldNetwork(SPINS).update(SPINS, temperature=math.nan),
    "temperature of recall": lambda: um.HopfieldNetwork(SPINS).recall(SPINS, temperature=math.nan),
    "l2": lambda: um.PseudoLikelihoodNetwork(SPINS, l2=math.nan),
    "l2, infinite": lambda: um.PseudoLikelihoodNetwork(SPINS, l2=math.inf),
    "k": lambda: um.NgramDenoiser(X, NOISE, k=math.inf),
    "window": lambda: um.LocalMemorizingDenoiser(X, NOISE, 1.5),
    "patterns, array": lambda: um.HopfieldNetwork(SPINS.numpy()),
    "patterns, bools": lambda: um.HopfieldNetwork(SPINS > 0),
    "patterns, complex": lambda: um.HopfieldNetwork(SPINS * 1j),
    "patterns, NaN": lambda: um.HopfieldNetwork(SPINS * math.nan),
    "states, list": lambda: um.HopfieldNetwork(SPINS).energy(SPINS.tolist()),
    "flip, list": lambda: um.flip(SPINS.tolist(), 0.1),
    "flip, NaN": lambda: um.flip(SPINS, math.nan),
    "flip, fraction": lambda: um.flip(SPINS, "0.1"),
    "seed": lambda: um.mean_nelbo(MODEL, X, seed="x"),
    "draws": lambda: um.mean_nelbo(MODEL, X, draws=1.5),
    "another vocabulary": lambda: um.UniformNoise(50).convert(LOG_P0, X, 0.3, "cavity", "posterior"),
    "another vocabulary, NELBO": lambda: um.UniformNoise(50).nelbo(LOG_P0, X, X, 0.3),
    "another vocabulary, masks": lambda: um.AbsorbingNoise(50).nelbo(LOG_P0, X, X, 0.3),
    "another vocabulary, step": lambda: um.UniformNoise(50).reverse_step(LOG_P0.exp(), X, 0.1, 0.3),
    "another vocabulary, model": lambda: um.Wrapped(lambda xt, t: LOG_P0, um.UniformNoise(50), "cavity").cavity(X, 0.3),
    "a prediction, array": lambda: NOISE.convert(LOG_P0.numpy(), X, 0.3, "cavity", "posterior"),
    "decode": lambda: um.ToyLanguage().decode(torch.full((1, 14), -1)),
    "decode, too large": lambda: um.ToyLanguage().decode(torch.full((1, 14), 102)),
    "decode, list": lambda: um.ToyLanguage().decode([[1, 2]]),
    "decode, floats": lambda: um.ToyLanguage().decode(torch.zeros(1, 14)),
    "log_prob, list": lambda: um.ToyLanguage().log_prob([[1, 2]]),
    "a corpus of lists": lambda: um.Corpus("a", [[0]], [[0]], ("a",)),
    "train a language": lambda: um.train(um.ToyLanguage(), progress=False),
    "train from a string": lambda: um.train(X, "uniform", progress=False),
    "a sweep of a tensor": lambda: um.run_sweep(X, [2]),
    "a sweep of a name": lambda: um.run_sweep("toy", [2]),
    "half a size": lambda: um.run_sweep(um.ToyLanguage(), [2.5]),
    "a basin of a list": lambda: um.basin_profile(MODEL, X[0].tolist(), 0.1),
    "a basin of floats": lambda: um.basin_profile(MODEL, X[0].double(), 0.1),
    "cross entropy": lambda: um.cross_entropy(LOG_P0, X.double()),
}


@pytest.mark.parametrize("call", OTHER.values(), ids=OTHER.keys())
def test_other_arguments_that_cannot_be_are_named(call):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    is_a_sentence(caught.value)


def test_a_memory_does_not_change_with_the_tensor_it_was_made_of():
    x = X.clone()
    memories = [um.MemorizingDenoiser(x, NOISE), um.LocalMemorizingDenoiser(x, NOISE, 2)]
    dense = um.DenseAssociativeMemory(x, beta=2.0, vocab_size=V)
    before = [*(memory.cavity(X, 0.3) for memory in memories), dense.energy(X)]
    x.zero_()
    after = [*(memory.cavity(X, 0.3) for memory in memories), dense.energy(X)]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_added_up_in_float32(kind):
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(50_000, (2, 3), generator=generator)
    noise = um.UniformNoise(50_000)
    half = (4 * torch.randn(2, 3, 50_000, generator=generator)).log_softmax(dim=2).to(kind)
    exact = half.double()
    for t in (0.05, 0.5, 1.0):
        for wanted in ("cavity", "posterior"):
            given = "posterior" if wanted == "cavity" else "cavity"
            found = noise.convert(half, x, t, given, wanted)
            assert found.dtype == torch.float32
            torch.testing.assert_close(found.double(), noise.convert(exact, x, t, given, wanted), rtol=1e-4, atol=1e-3)
        step = noise.reverse_step(half.exp(), x, t / 2, t)
        torch.testing.assert_close(
            step.double(), noise.reverse_step(half.exp().double(), x, t / 2, t), rtol=1e-4, atol=1e-6
        )
        torch.testing.assert_close(
            noise.nelbo(half, x, x, t).double(), noise.nelbo(exact, x, x, t), rtol=1e-3, atol=1e-3
        )
        assert torch.equal(noise.guess(half, x, t, "cavity"), noise.guess(exact, x, t, "cavity"))
    torch.testing.assert_close(um.cross_entropy(half, x).double(), um.cross_entropy(exact, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_a_model_of_any_precision_moves_as_many_tokens_as_in_float32(kind):
    noise, answer = um.UniformNoise(1000), torch.zeros(1000).log_softmax(dim=0)

    def moved(dtype):
        model = um.Wrapped(lambda xt, t: answer.to(dtype).expand(*xt.shape, 1000), noise, "cavity")
        start = torch.zeros(64, 32, dtype=torch.int64)
        *_, (_, end) = um.reverse_walk(model, start, 0.5, 16, generator=torch.Generator().manual_seed(1))
        return float((end != start).double().mean())

    assert moved(kind) == pytest.approx(moved(torch.float32), abs=0.04)  # 2048 tokens: 4 standard deviations


def test_a_world_may_stand_where_a_corpus_is_wanted():
    tiny = dict(steps=1, width=8, heads=2, batch_size=4, progress=False)
    probes = um.ProbeSettings(times=(0.25,), sentences=4)
    kitchen = um.ToyLanguage()
    table = um.run_sweep(kitchen, [4], [0], probe=probes, **tiny)
    assert table.equals(
        um.run_sweep(kitchen.corpus(n_train=4), [4], [0], probe=probes, **tiny).assign(seconds=table.seconds)
    )
    assert set(um.sweep_bounds(kitchen, [4], [0], probe=probes, progress=False).denoiser) == {"memorizer", "population"}
    assert set(disjoint_halves(kitchen, [4], [0], sentences=4, **tiny).n_train) == {4}


def test_numbers_are_checked_by_one_rule():
    assert whole(np.int64(3), "n") == 3 and type(whole(np.int64(3), "n")) is int and finite(np.float32(0.5), "t") == 0.5
    for wrong in (2.5, "2", None, torch.tensor([1, 2])):
        with pytest.raises(TypeError, match="n must be a whole number"):
            whole(wrong, "n")
    with pytest.raises(ValueError, match="n must be at least 1, but is 0"):
        whole(0, "n", 1)
    for wrong in (math.nan, math.inf, -1, 2):
        with pytest.raises(ValueError, match="t must be a finite number from 0 to 1"):
            finite(wrong, "t", 0, 1)
    with pytest.raises(TypeError, match="t must be a number"):
        finite("x", "t")


def test_what_a_terminal_would_obey_or_cannot_show_is_spelled_out(monkeypatch):
    assert printable("a\x1b[31mb\x07\n\u202ec नमस्ते نمی\u200cخواهم \udc80") == (
        "a\\x1b[31mb\\x07\n\\u202ec नमस्ते نمی\u200cخواهم \\udc80"
    )

    class Old:
        encoding = "cp1252"

    monkeypatch.setattr("sys.stdout", Old())
    assert showable("✔ café") == "? café" and str(Result("Title", True, "")).startswith("? Title")

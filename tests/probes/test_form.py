"""Declared and true form: exact denoisers of both kinds, networks of both losses, and answers that cannot tell."""

import pytest
import torch

from uddm_mini import MemorizingDenoiser, PopulationDenoiser, ToyLanguage, UniformNoise, Wrapped, load
from uddm_mini.probes.form import check_form
from uddm_mini.teaching.results import results_path

LANGUAGE = ToyLanguage()
NOISE = UniformNoise(LANGUAGE.vocab_size)
X = LANGUAGE.corpus(n_train=16).held_out[:512]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("true", ["cavity", "posterior"])
@pytest.mark.parametrize("declared", ["cavity", "posterior"])
@pytest.mark.parametrize("t", [0.25, 0.5, 0.75])
def test_an_exact_answer_tells_its_form_whatever_is_declared(true, declared, t):
    exact = PopulationDenoiser(LANGUAGE, NOISE)
    model = Wrapped(lambda xt, t: getattr(exact, true)(xt, t), NOISE, predicts=declared)
    found = check_form(model, X, t, generator=seeded())
    assert found.looks_like == true and found.contradicts == (true != declared)


@pytest.mark.parametrize("n", [1024, 8192])
def test_a_stored_network_answers_what_it_was_trained_for(n):
    model = load(results_path(f"models/toy-n{n}.safetensors"))
    assert model.predicts == "cavity" and not check_form(model, X, generator=seeded()).contradicts
    model.predicts = "posterior"
    assert check_form(model, X, generator=seeded()).contradicts


def test_a_pure_memory_in_the_wrong_form_is_noticed_where_it_is_still_in_doubt():
    text = LANGUAGE.corpus(n_train=64).train
    memory = MemorizingDenoiser(text, NOISE)
    model = Wrapped(memory.cavity, NOISE, predicts="posterior")
    assert check_form(model, text, generator=seeded()).contradicts
    assert not check_form(Wrapped(memory.posterior, NOISE, predicts="posterior"), text, generator=seeded()).contradicts
    assert not check_form(model, text, 0.5, generator=seeded()).contradicts, "half of a sentence says it all"


def test_the_gain_is_the_difference_by_hand():
    exact = PopulationDenoiser(LANGUAGE, NOISE)
    xt = NOISE.corrupt(X, 0.25, seeded(5))
    gain = exact.posterior(xt, 0.25) - exact.cavity(xt, 0.25)
    own = gain.gather(2, X[:, :, None]).squeeze(2)
    exact.batch_size = 50
    found = check_form(exact, X, 0.25, generator=seeded(5))
    assert found.nats == pytest.approx(float(own.mean()), rel=1e-6)
    assert found.error == pytest.approx(float(own.mean(dim=1).std()) / 512**0.5, rel=1e-6)


def test_what_does_not_tell_is_none():
    noisy = check_form(PopulationDenoiser(LANGUAGE, NOISE), X, 1.0, generator=seeded())
    assert noisy.looks_like is None and not noisy.contradicts, "at t = 1 a word says nothing about itself"
    with pytest.raises(ValueError, match="at least two sentences with a counted token, but has 1"):
        check_form(PopulationDenoiser(LANGUAGE, NOISE), X[:1])


def test_ignored_words_and_sentences_without_any_other_have_no_part():
    exact, x = PopulationDenoiser(LANGUAGE, NOISE), X[:40].clone()
    ignored = int(x[1, 0])
    x[0] = ignored  # a sentence without a counted token
    xt = NOISE.corrupt(x, 0.25, seeded(5))
    gain = exact.posterior(xt, 0.25) - exact.cavity(xt, 0.25)
    own = gain.gather(2, x[:, :, None]).squeeze(2)
    means = torch.stack([row[words != ignored].mean() for row, words in zip(own[1:], x[1:], strict=True)])
    found = check_form(exact, x, 0.25, ignore=[ignored], generator=seeded(5))
    assert found.nats == pytest.approx(float(means.mean()), rel=1e-6)
    assert found.error == pytest.approx(float(means.std()) / 39**0.5, rel=1e-6)
    with pytest.raises(ValueError, match="at least two sentences with a counted token, but has 1"):
        check_form(exact, x[:2], ignore=[ignored])


def test_a_word_that_is_ruled_out_counts_as_twenty_nats_in_both_forms():
    sure = torch.tensor([1.0, 0.0, 0.0]).log()  # of word 0, whatever stands there
    model = Wrapped(lambda xt, t: sure.expand(*xt.shape, 3), UniformNoise(3), "posterior")
    found = check_form(model, torch.ones(8, 5, dtype=torch.int64), generator=seeded())
    assert found.nats == found.error == 0 and found.looks_like is None

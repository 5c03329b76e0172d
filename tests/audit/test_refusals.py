"""One sentence for every model and every text that cannot be audited."""

from __future__ import annotations

import pytest
import torch

from uddm_mini import (
    AuditSettings,
    MemorizingDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    Wrapped,
    audit,
    load,
)
from uddm_mini.audit.case import Case
from uddm_mini.audit.checks import TOO_SURE, TOO_UNSURE, check_model, miscalibration
from uddm_mini.audit.guard import Watched
from uddm_mini.audit.texts import read_texts
from uddm_mini.teaching.results import results_path

LANGUAGE = ToyLanguage()
POOL = LANGUAGE.corpus(n_train=8192)
NOISE = UniformNoise(LANGUAGE.vocab_size)
FRESH = POOL.held_out[:64]
MODEL = PopulationDenoiser(LANGUAGE, NOISE)
QUIET = {"progress": False, "sections": ("probe",), "sentences": 64, "writing_steps": 4}


def refused(match, *given, **changes):
    with pytest.raises(ValueError, match=match) as error:
        audit(*given, **{**QUIET, **changes})
    assert "\n" not in str(error.value), "a refusal is one sentence"


def test_texts_that_cannot_be_asked_about():
    refused("only 5 strangers, too little text", MODEL, strangers=FRESH[:5])
    refused("only 15 members, too little text", MODEL, members=FRESH[:15], strangers=FRESH)
    refused("outside 0 ... 101: that is not the vocabulary", MODEL, strangers=FRESH + 1 + LANGUAGE.vocab_size)
    refused("strangers have 14 tokens a sentence, but 13 are needed", MODEL, FRESH[:, 1:], FRESH)
    refused("members and strangers are the same text", MODEL, FRESH, FRESH)
    refused("must be token ids int64", MODEL, strangers=FRESH.float())
    refused("3 of the strangers have no token that counts", MODEL, strangers=spoiled(FRESH), ignore=[7])
    refused("strangers are strings, but this model does not know its words", MODEL, strangers=["a dog"] * 40)
    refused("no section 'everything'", MODEL, strangers=FRESH, sections=("everything",))
    refused("reference has 5", MODEL, strangers=FRESH, reference=Wrapped(lambda x, t: x, UniformNoise(5), "cavity"))
    refused("2 canaries; say how often each was planted", MODEL, strangers=FRESH, canaries=FRESH[:2], copies=[1])


def spoiled(x):
    x = x.clone()
    x[:3] = 7
    return x


def test_text_in_other_words_or_too_long():
    model = load(results_path("models/toy-n16.safetensors"))
    foreign = ["the quick brown fox jumps over the lazy dog"] * 40
    refused("40 of the 40 strangers have words that are none of the model's 102", model, strangers=foreign)
    long = [" ".join(LANGUAGE.words[:20])] * 40
    refused("40 of the 40 strangers do not fit into the 14 words", model, strangers=long)


def test_half_of_the_lines_may_be_left_out_and_are_counted():
    model = load(results_path("models/toy-n16.safetensors"))
    lines = [*POOL.decode(FRESH[:20]), "quick brown foxes", " ".join(LANGUAGE.words[:20])]
    read = read_texts(model, None, lines, None, AuditSettings())
    assert torch.equal(read.strangers.x, FRESH[:20]) and read.strangers.left_out == 2


def test_nan_in_a_single_sentence_of_any_batch():
    fresh = POOL.held_out[:128]  # of which the second half is asked about

    def broken(xt, t):
        out = MODEL(xt, t).clone()
        out[(xt == fresh[100]).all(dim=1)] = torch.nan
        return out

    refused("NaN for 1 of 32 sentences", Wrapped(broken, NOISE, "cavity", batch_size=32), strangers=fresh, seed=1)


def told(model, how):
    """The model, told its noise level in another way than it expects."""
    level = {
        "right": lambda x, t: model(x, t),
        "t where it wants sigma": lambda x, t: model(x, NOISE.time_of(torch.exp(-t))),
        "t turned round": lambda x, t: model(x, 1 - t),
        "t where it wants alpha": lambda x, t: model(x, NOISE.time_of(t)),
        "sigma where it wants t": lambda x, s: model(x, s.clamp(0, 1)),
    }[how]
    return Wrapped(level, NOISE, model.predicts, takes="sigma" if how.startswith("sigma") else "t")


def case_of(model, sentences=256):
    settings = AuditSettings(sentences=sentences)
    texts = read_texts(model, None, POOL.held_out[:512], None, settings)
    return Case(Watched(model, 14, settings.numbers), texts, None, settings, 14)


def exact(name):
    if name == "population":
        return MODEL
    return MemorizingDenoiser(POOL.subset(16, 0), NOISE)


@pytest.mark.parametrize("name", ["population", "memory", "16", "64", "8192"])
def test_the_noise_level_must_be_told_as_the_model_wants_it(name):
    model = load(results_path(f"models/toy-n{name}.safetensors")) if name.isdecimal() else exact(name)
    check_model(case_of(told(model, "right")))
    for how in ("t where it wants sigma", "t turned round", "t where it wants alpha"):
        with pytest.raises(ValueError, match=r"From pure noise.*takes=\"sigma\""):
            check_model(case_of(told(model, how)))


@pytest.mark.parametrize("name", ["16", "64", "8192", "population"])
def test_sigma_where_t_is_wanted_is_seen_in_models_with_much_to_say(name):
    model = load(results_path(f"models/toy-n{name}.safetensors")) if name.isdecimal() else exact(name)
    with pytest.raises(ValueError, match='half noise.*takes="t"'):
        check_model(case_of(told(model, "sigma where it wants t")))


@pytest.mark.parametrize("name", ["docstrings-n64", "docstrings-n512", "toy-n128", "toy-n256"])
def test_other_stored_networks_pass_the_checks(name):
    model = load(results_path(f"models/{name}.safetensors"))
    settings = AuditSettings(sentences=64)
    case = Case(
        Watched(model, model.length, settings.numbers),
        read_texts(model, None, None, None, settings),
        None,
        settings,
        model.length,
    )
    check_model(case)
    assert miscalibration(case, 1.0)[0] < TOO_SURE and -miscalibration(case, 0.6)[0] < TOO_UNSURE


@pytest.mark.parametrize("name", ["population", "8192", "16"])
def test_a_form_that_is_not_the_declared_one(name):
    model = load(results_path(f"models/toy-n{name}.safetensors")) if name.isdecimal() else exact(name)
    other = {"cavity": "posterior", "posterior": "cavity"}[model.predicts]
    with pytest.raises(ValueError, match=f'wrap it with predicts="{model.predicts}"'):
        check_model(case_of(Wrapped(lambda x, t: model(x, t), NOISE, other)))


def test_a_pure_memory_that_answers_the_cavity_is_not_taken_for_one_of_the_posterior():
    model = exact("memory")
    converted = Wrapped(lambda x, t: NOISE.convert(model(x, t), x, t, "posterior", "cavity"), NOISE, "posterior")
    with pytest.raises(ValueError, match='wrap it with predicts="cavity"'):
        check_model(case_of(converted))
    check_model(case_of(Wrapped(converted.function, NOISE, "cavity")))


def test_calibration_by_hand():
    """A model that says 0.9 and is right 0.9 of the time is calibrated; one that says 0.5 then is too unsure."""
    noise = UniformNoise(2)

    def says(p):
        answer = torch.tensor([p, 1 - p]).log()
        return Wrapped(lambda xt, t: answer.expand(*xt.shape, 2), noise, "cavity")

    for p in (0.9, 0.5):
        case = Case(
            Watched(says(p), 1, 100), read_texts(says(p), None, None, None, AuditSettings()), None, AuditSettings(), 1
        )
        object.__setattr__(case, "own", torch.tensor([[0]] * 90 + [[1]] * 10))
        entropy = -p * torch.tensor(p).log() - (1 - p) * torch.tensor(1 - p).log()
        cost = -0.9 * torch.tensor(p).log() - 0.1 * torch.tensor(1 - p).log()
        assert miscalibration(case, 1.0)[0] == pytest.approx(float((cost - entropy) / entropy), abs=1e-5)

"""An audit from end to end: verdicts, resuming, the same report twice, and foreign models."""

from __future__ import annotations

import json

import pytest
import torch
from published import duo, lightning, weights

from uddm_mini import (
    AbsorbingNoise,
    Audit,
    AuditSettings,
    Corpus,
    MemorizingDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    TransformerDenoiser,
    UniformNoise,
    Wrapped,
    audit,
    load,
    load_released,
)
from uddm_mini.audit import audit as module
from uddm_mini.audit.case import Case
from uddm_mini.audit.guard import Watched
from uddm_mini.audit.plan import questions
from uddm_mini.audit.texts import read_texts
from uddm_mini.teaching.results import results_path

LANGUAGE = ToyLanguage()
POOL = LANGUAGE.corpus(n_train=8192)
NOISE = UniformNoise(LANGUAGE.vocab_size)
QUICK = AuditSettings(
    progress=False,
    sentences=64,
    writing_steps=4,
    times=(0.25,),
    basins=1,
    corruptions=2,
    extracted=2,
    tries=2,
    sections=("probe", "recovery"),
)


def stored(n: int) -> TransformerDenoiser:
    return load(results_path(f"models/toy-n{n}.safetensors"))


def denoiser(name: str):
    return {
        "population": lambda: PopulationDenoiser(LANGUAGE, NOISE),
        "memory": lambda: MemorizingDenoiser(POOL.subset(16, 0), NOISE),
        "masked memory": lambda: MemorizingDenoiser(POOL.subset(16, 0), AbsorbingNoise(LANGUAGE.vocab_size)),
        "untrained": lambda: TransformerDenoiser(NOISE, LANGUAGE.length),
    }.get(name, lambda: stored(int(name)))()


def without_times(found: Audit) -> dict:
    told = json.loads(found.to_json())
    del told["made"]
    return told


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("16", "memorizing"),
        ("64", "in between"),
        ("8192", "generalizing"),
        ("population", "generalizing"),
        ("memory", "memorizing"),
        ("masked memory", "memorizing"),
        ("untrained", "undecided"),
    ],
)
def test_verdicts_on_models_whose_side_is_known(name, verdict):
    found = audit(denoiser(name), strangers=POOL.held_out[:512], sections=("probe",), writing_steps=16, progress=False)
    assert found.verdict == verdict, found
    probe = found.finding("probe")
    assert probe.applies and probe.number.low <= probe.number.value <= probe.number.high
    assert probe.facts["stable"] >= 0.95 or verdict == "undecided"
    assert found.headline["found"] == probe.sentence and probe.facts["error"] in found.headline["sure"]


def test_without_fresh_text_there_is_no_verdict_and_every_section_says_what_is_missing():
    found = audit(stored(16), progress=False, writing_steps=4, sentences=32)
    assert found.verdict == "undecided" and not any(one.applies for one in found.findings)
    assert "give strangers" in found.finding("probe").sentence
    assert "members" in found.finding("membership").sentence
    with pytest.raises(ValueError, match="There is no text to ask about"):
        audit(PopulationDenoiser(LANGUAGE, NOISE), progress=False)


def test_few_fresh_sentences_make_no_model_generalize():
    how = {"sections": ("probe",), "writing_steps": 16, "progress": False}
    few = audit(stored(64), strangers=POOL.held_out[:100], **how)
    assert few.verdict == "undecided" and "No verdict from 100 fresh sentences" in few.finding("probe").sentence
    more = audit(stored(64), strangers=POOL.held_out[:128], **how)
    assert more.verdict in ("in between", "undecided") and "here are 128" in more.finding("probe").notes[1]
    assert audit(stored(8192), strangers=POOL.held_out[:128], **how).verdict == "generalizing"


def test_a_network_of_plain_cross_entropy_gets_no_verdict_at_clean_text():
    exact = PopulationDenoiser(LANGUAGE, NOISE)
    model = Wrapped(exact.posterior, NOISE, "posterior")  # as nobody knows whether it is exact
    found = audit(model, strangers=POOL.held_out[:128], settings=QUICK)
    assert found.verdict == "undecided" and "plain cross-entropy" in found.finding("probe").sentence
    assert found.finding("recovery").applies


def test_two_runs_are_the_same_but_for_the_time_and_another_seed_is_not():
    given = (stored(16), POOL.subset(16, 0), POOL.held_out[:128])
    first, again, other = (without_times(audit(*given, settings=QUICK, seed=seed)) for seed in (0, 0, 1))
    assert first == again and first["key"] != other["key"]
    assert first["findings"][0]["number"] != other["findings"][0]["number"]


def test_a_report_resumes_where_it_stopped(tmp_path, monkeypatch):
    given = (stored(16), POOL.subset(16, 0), POOL.held_out[:128])
    whole = audit(*given, settings=QUICK)
    first = audit(*given, settings=QUICK, sections=("probe",), out=tmp_path)
    assert [one.name for one in first.findings] == ["probe"]
    assert (tmp_path / "report.html").is_file()

    def broken(_):
        raise RuntimeError("stopped")

    with monkeypatch.context() as patch:
        patch.setitem(module_of("audit").MEASURES, "recovery", broken)
        with pytest.raises(RuntimeError, match="stopped"):
            audit(*given, settings=QUICK, out=tmp_path)
        patch.setitem(module_of("audit").MEASURES, "probe", broken)
    again = audit(*given, settings=QUICK, out=tmp_path)
    assert without_times(again) == without_times(whole)
    with monkeypatch.context() as patch:  # all is there: nothing is measured
        for name in ("probe", "recovery"):
            patch.setitem(module_of("audit").MEASURES, name, broken)
        assert without_times(audit(*given, settings=QUICK, out=tmp_path)) == without_times(whole)
        with pytest.raises(RuntimeError, match="stopped"):
            audit(*given, settings=QUICK, out=tmp_path, seed=5)
        with pytest.raises(RuntimeError, match="stopped"):
            audit(stored(64), *given[1:], settings=QUICK, out=tmp_path)
    (tmp_path / "report.json").write_text("{", "utf-8")
    assert without_times(audit(*given, settings=QUICK, out=tmp_path)) == without_times(whole)


def module_of(name: str):
    import sys

    return sys.modules[f"uddm_mini.audit.{name}"]


def test_a_corpus_and_strings_are_read_as_token_ids_are():
    model, corpus = stored(16), Corpus("c", POOL.subset(16, 0), POOL.held_out[:128], LANGUAGE.words)
    ids = without_times(audit(model, corpus.train, corpus.held_out, settings=QUICK))
    assert without_times(audit(model, corpus, settings=QUICK)) == ids
    text = [
        LANGUAGE.decode(x) if hasattr(LANGUAGE, "decode") else corpus.decode(x) for x in (corpus.train, corpus.held_out)
    ]
    assert without_times(audit(model, *text, settings=QUICK)) == ids
    plain = Wrapped(lambda xt, t: model(xt, t), NOISE, "cavity")
    encoded = audit(plain, *text, settings=QUICK, encode=corpus.encode)
    assert encoded.finding("probe").number == audit(plain, corpus, settings=QUICK).finding("probe").number


class Foreign(torch.nn.Module):
    """A module as others write them: it wants sigma, and answers with logits in bfloat16."""

    def __init__(self):
        super().__init__()
        self.inner = stored(16)

    def forward(self, ids, sigma):
        return (self.inner(ids, NOISE.time_of(torch.exp(-sigma))) + 3.0).to(torch.bfloat16)


def test_a_foreign_module_with_sigma_and_half_precision_goes_through():
    model = Wrapped(Foreign(), NOISE, predicts="cavity", takes="sigma", logits=True)
    found = audit(model, POOL.subset(16, 0), POOL.held_out[:128], settings=QUICK, writing_steps=16, sentences=128)
    assert found.verdict == "memorizing"
    assert json.loads(found.to_json())["given"]["model"]["of"] == "weights"


def test_the_plan_counts_the_questions(monkeypatch):
    asked = []
    plan_of = module.plan_of if hasattr(module, "plan_of") else module_of("audit").plan_of

    def noted(case, sections):
        plan = plan_of(case, sections)
        asked.append((plan, case.model, case.model.asked))
        return plan

    monkeypatch.setattr(module_of("audit"), "plan_of", noted)
    changes = {"sections": ("probe", "recovery", "texts", "membership", "extraction"), "basins": 0}
    for model in (stored(16), denoiser("masked memory")):
        audit(model, POOL.subset(16, 0), POOL.held_out[:128], settings=QUICK, **changes)
        plan, watched, before = asked[-1]
        assert plan.total == watched.asked - before, plan
        assert f"{plan.total:,} noisy sentences" in str(plan)
        assert plan.beside > 0 and plan.seconds == pytest.approx(plan.total * plan.seconds_each + plan.beside)
    audit(stored(16), POOL.subset(16, 0), settings=QUICK, sections=("recovery",), basins=0)
    assert asked[-1][0].beside == 0, "no table is asked"


def test_quick_settings_measure_every_section_with_a_tenth_of_the_questions():
    quick, whole = AuditSettings.quick(progress=False, seed=3), AuditSettings(progress=False, seed=3)
    assert quick.sections == whole.sections and quick.seed == 3 and AuditSettings.quick(tries=9).tries == 9
    model, members, strangers = denoiser("memory"), POOL.subset(16, 0), POOL.held_out[:256]
    asked = []
    for settings in (quick, whole):
        texts = read_texts(model, members, strangers, None, settings)
        case = Case(Watched(model, 14, settings.numbers), texts, None, settings, 14)
        asked.append(sum(questions(case, name, 1) for name in ("checks", *settings.sections)))
    assert 10 * asked[0] < asked[1]
    found = audit(model, members, strangers, settings=quick)
    assert found.verdict == "memorizing" and all(one.applies for one in found.findings if one.name != "exposure")


def test_released_tokenizers_read_and_write_the_text(tmp_path):
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##do", "a", "dog", "cat", "runs", "sits", ".")
    found = lightning(tmp_path / "x.ckpt", weights(), config=duo(length=9), vocab={w: i for i, w in enumerate(words)})
    model = load_released(found)
    lines = ["A dog undo runs.", "a cat sits"] * 40
    read = read_texts(model, None, lines, None, AuditSettings())
    assert torch.equal(read.strangers.x, model.encode(lines)) and read.ignore == (0, 1, 2)
    assert words.index("##do") in read.strangers.x, "words are cut into the pieces that the model knows"
    assert "undo" in " ".join(read.written(read.strangers.x))
    assert read_texts(Wrapped(model, model.noise, "cavity"), None, lines, None, AuditSettings()).ignore == (0, 1, 2)

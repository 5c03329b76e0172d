"""Examining models: what they write is told apart right, on every kind of text, and a folder of models resumes."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import pandas as pd
import pytest
import torch

from uddm_mini import Corpus, MemorizingDenoiser, PopulationDenoiser, UniformNoise, conditional_entropy, load, run_sweep
from uddm_mini.probes.examine import ExamineSettings, examine, nearest_distance, novelty
from uddm_mini.training import details as module
from uddm_mini.training.details import sweep_details

FEW = ExamineSettings(sentences=12, writing_steps=8, steps=4, times=(0.25,))


def table(rows):
    """Rows as a dictionary (split, quantity, t or None) -> value."""
    return {(row["split"], row["quantity"], row.get("t")): row["value"] for row in rows}


def test_what_was_written_is_copied_new_or_spurious():
    memories = torch.tensor([[0, 1, 2], [2, 2, 2]])
    written = torch.tensor([[0, 1, 2], [2, 2, 1], [0, 0, 0], [1, 0, 0]])  # copy; new; new; nonsense
    log_p = torch.tensor([-1.0, -2.0, -4.0, -math.inf], dtype=torch.float64)
    assert (3 * nearest_distance(written, memories)).tolist() == [0, 1, 2, 3]
    found = dict(novelty(written, memories, lambda x: log_p))
    assert found == pytest.approx(
        {"copied": 1 / 4, "distance": 6 / 12, "grammatical": 3 / 4, "new": 2 / 4, "spurious": 1 / 4, "log_prob": -7 / 3}
    )
    assert set(dict(novelty(written, memories))) == {"copied", "distance"}, "real text has no exact probabilities"
    assert math.isnan(dict(novelty(written[3:], memories, lambda x: log_p[3:]))["log_prob"])


def test_a_language_that_answers_from_elsewhere_is_brought_to_where_the_text_is():
    class Elsewhere:  # stands for probabilities on another device: nothing can be done with them there
        def to(self, device):
            assert device == torch.device("cpu")
            return torch.tensor([-1.0, -math.inf])

    written = torch.tensor([[0, 1], [1, 1]])
    found = dict(novelty(written, written[:1], lambda x: Elsewhere()))
    assert found["grammatical"] == found["spurious"] == 1 / 2 and found["new"] == 0


def test_padding_is_nothing_in_common():
    # 0 is padding: what both lack does not make them alike, and what only one has tells them apart
    memories = torch.tensor([[3, 4, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0], [1, 2, 6, 7, 0, 0]])
    written = torch.tensor([[1, 2, 0, 0, 0, 0], [3, 4, 0, 0, 0, 0], [1, 6, 0, 0, 0, 0], [1, 2, 6, 7, 7, 7]])
    found = nearest_distance(written, memories, ignore=(0,))
    assert found.tolist() == pytest.approx([2 / 4, 0, 3 / 4, 2 / 6])
    assert nearest_distance(written[:1], memories[:1], ignore=(0,)).item() == 1, "no word is the same"
    assert nearest_distance(torch.zeros(1, 3).long(), torch.zeros(1, 3).long(), ignore=(0,)).item() == 0
    unknown = torch.tensor([[0, 1, 2]]), torch.tensor([[1, 0, 2]])  # 1 is "<unk>": neither token counts
    assert nearest_distance(*unknown, ignore=(0, 1)).item() == 0
    assert dict(novelty(written, memories, ignore=(0,))) == pytest.approx({"copied": 1 / 4, "distance": 19 / 12 / 4})
    assert nearest_distance(written[:0], memories).shape == (0,)


def test_ignored_tokens_have_no_part_in_any_number():
    # the model knows both words and doubts the padding, which it would rather fill with words
    x = torch.tensor([[1, 2, 0, 0]] * 11 + [[0, 0, 0, 0]])  # the last has no word at all
    noise = UniformNoise(4)
    row = torch.tensor([[0, 60, 0, 0], [0, 0, 60, 0], [1, 0, 0, 2], [1, 0, 0, 2]]).double().log_softmax(dim=1)

    def denoiser(xt, t):
        return row.expand(len(xt), -1, -1)

    denoiser.predicts, words = "cavity", ("<pad>", "<unk>", "b", "c")
    found, whole = (
        table(examine(denoiser, noise, Corpus("tiny", x, x, words, ignore=ignore), x, FEW)) for ignore in ((0,), ())
    )
    doubt = -float((row[2] * row[2].exp()).sum())
    for split in ("train", "test"):
        assert found[split, "entropy", None] == pytest.approx(0, abs=1e-9)
        assert whole[split, "entropy", None] == pytest.approx(doubt / 2)
        assert found[split, "vanishing_0.1", None] == 1 and whole[split, "vanishing_0.1", None] == 0.5
        assert found[split, "fixed_cavity", None] == 1 and whole[split, "fixed_cavity", None] == 0
        assert found[split, "recovered", 0.25] == found[split, "exact", 0.25] == 1 > whole[split, "exact", 0.25]
        assert found[split, "entropy_stable", 0.25] == pytest.approx(0, abs=1e-9)
    assert found["train", "auc", None] == 0.5  # all sentences with words are the same
    # of a sentence with one word in place of padding 1 in 3 tokens is new, and not 1 in 4
    assert found["generated", "distance", None] > whole["generated", "distance", None] > 0


def test_an_empty_split_and_impossible_settings_are_named(corpus):
    noise = UniformNoise(corpus.vocab_size)
    memory = MemorizingDenoiser(corpus.train, noise)
    nothing = Corpus("none held out", corpus.train, corpus.test[:0], corpus.words)
    for where, x in ((nothing, corpus.train), (corpus, corpus.train[:0])):
        with pytest.raises(ValueError, match="both splits"):
            examine(memory, noise, where, x, FEW)
    for settings in (dict(times=(2.0,)), dict(entropy_t=-1.0)):
        with pytest.raises(ValueError, match="noise levels from 0"):
            ExamineSettings(**settings)
    with pytest.raises(ValueError, match="at least 1"):
        ExamineSettings(steps=0)


def test_a_memorizer_recites_and_is_sure(english, corpus):
    noise = UniformNoise(english.vocab_size)
    x = corpus.subset(4, 0)
    found = table(examine(MemorizingDenoiser(x, noise), noise, corpus, x, FEW, log_prob=english.log_prob))
    for split in ("train", "generated"):
        assert found[split, "entropy", None] < 0.01  # the other 13 words leave one memory
        assert found[split, "vanishing_0.1", None] > 0.99
        assert found[split, "fixed_iterate", None] == found[split, "fixed_cavity", None] == 1
    assert found["generated", "copied", None] == 1 and found["generated", "spurious", None] == 0
    assert found["train", "recovered", 0.25] > 0.9 > found["test", "recovered", 0.25]
    assert found["test", "fixed_cavity", None] == found["random", "fixed_cavity", None] == 0
    assert found["train", "auc", None] > 0.9


def test_the_perfect_denoiser_treats_both_splits_alike(english, corpus):
    noise = UniformNoise(english.vocab_size)
    exact = PopulationDenoiser(english, noise)
    found = table(examine(exact, noise, corpus, corpus.train, FEW, seed=1, log_prob=english.log_prob))
    assert found["train", "entropy", None] == pytest.approx(
        float(conditional_entropy(exact, corpus.train[:12], 1e-3, noise).mean())
    )
    # an ambiguous word has about 0.8 nats, a word that its partner fixes has 0; about a third are ambiguous
    assert found["test", "vanishing_0.01", None] == found["test", "vanishing_0.1", None] == pytest.approx(9 / 14)
    assert found["train", "posterior_entropy", None] < 0.01 < found["train", "entropy", None]
    assert found["test", "fixed_iterate", None] == 1 and found["generated", "copied", None] < 0.2
    assert 0.2 < found["train", "auc", None] < 0.8  # 12 against 12 sentences: one sd is 0.12
    failed, recovered = (found["test", f"entropy_{name}", 0.25] for name in ("failed", "recovered"))
    assert failed > recovered  # what is ambiguous fails


def test_the_seed_fixes_everything(english, corpus):
    noise = UniformNoise(english.vocab_size)
    memory = MemorizingDenoiser(corpus.train, noise)
    runs = [table(examine(memory, noise, corpus, corpus.train, FEW, seed)) for seed in (0, 0, 1)]
    assert all(a == b or math.isnan(a) for a, b in zip(runs[0].values(), runs[1].values(), strict=True))
    assert runs[0] != runs[2]


def test_a_folder_of_models_is_examined_once(corpus, tmp_path, monkeypatch, english):
    tiny = dict(steps=3, batch_size=8, width=8, depth=1, heads=2, progress=False, keep_models=True)
    run_sweep(corpus, [4, 8], [0], out=tmp_path, **tiny)
    looked = []
    real = module.examine
    monkeypatch.setattr(
        module, "examine", lambda m, n, c, x, *a, **k: (looked.append(len(x)), real(m, n, c, x, *a, **k))[1]
    )
    first = sweep_details(tmp_path, corpus, language=english, settings=FEW, progress=False)
    assert sorted(looked) == [4, 8] and set(first.columns) == {"n_train", "seed", "split", "t", "quantity", "value"}
    assert not first.duplicated(["n_train", "seed", "split", "t", "quantity"]).any()
    assert {"train", "test", "generated", "random"} == set(first.split)
    for path in (tmp_path / "models").iterdir():  # a fresh clone has the tables but not the models
        path.rename(tmp_path / path.name)
    again = sweep_details(tmp_path, corpus, language=english, settings=FEW, progress=False)
    assert len(looked) == 2
    for path in tmp_path.glob("*.safetensors"):
        path.rename(tmp_path / "models" / path.name)
    pd.testing.assert_frame_equal(again, pd.read_csv(tmp_path / "details.csv"), rtol=1e-5)
    with pytest.raises(ValueError, match="other settings"):
        sweep_details(tmp_path, corpus, settings=ExamineSettings(sentences=13), progress=False)
    with pytest.raises(ValueError, match="language: True there, False now"):
        sweep_details(tmp_path, corpus, settings=FEW, progress=False)
    note = json.loads((tmp_path / "details.json").read_text())
    assert note["about"]["versions"]["torch"] == torch.__version__ and note["about"]["sizes"] == [4, 8]
    (tmp_path / "details.json").write_text(json.dumps(asdict(FEW) | {"corpus": corpus.sha256}))  # as it was at first
    text = (tmp_path / "details.csv").read_text()
    assert sweep_details(tmp_path, corpus, language=english, settings=FEW, progress=False).equals(again)
    (tmp_path / "details.csv").write_text(text[: text.rindex("\n8,0,train")])
    again = sweep_details(tmp_path, corpus, language=english, settings=FEW, progress=False)
    assert looked == [*looked[:2], 8] and (tmp_path / "details.csv").read_text() == text, "the second was cut"
    for name in ("sweep.csv", "settings.json"):
        (tmp_path / name).unlink()
    run_sweep(corpus, [4, 8], [0], out=tmp_path, **{**tiny, "steps": 4})
    with pytest.raises(ValueError, match="train.steps: 3 there, 4 now"):
        sweep_details(tmp_path, corpus, language=english, settings=FEW, progress=False)
    for name in ("details.csv", "details.json"):
        (tmp_path / name).unlink()
    with pytest.raises(ValueError, match="not trained on this corpus"):
        sweep_details(tmp_path, english.corpus(n_train=65), settings=FEW, progress=False)
    (tmp_path / "models" / "n4-seed0.safetensors").unlink()
    with pytest.raises(ValueError, match="n4-seed0.safetensors is missing"):
        sweep_details(tmp_path, corpus, settings=FEW, progress=False)
    with pytest.raises(ValueError, match=r"no sweep\.csv"):
        sweep_details(tmp_path / "empty", corpus, settings=FEW, progress=False)
    assert not (tmp_path / "empty").exists()


def test_models_are_examined_under_the_noise_that_they_were_trained_on(corpus, tmp_path, english):
    tiny = dict(steps=3, batch_size=8, width=8, depth=1, heads=2, progress=False, keep_models=True)
    run_sweep(corpus, [8], [0], out=tmp_path, schedule="cosine", **tiny)
    found = sweep_details(tmp_path, corpus, language=english, settings=FEW, progress=False)
    model = load(tmp_path / "models" / "n8-seed0.safetensors")
    noise = UniformNoise(corpus.vocab_size, "cosine")
    expected = table(examine(model, noise, corpus, corpus.subset(8, 0), FEW, 0, log_prob=english.log_prob))
    got = found.astype(object).where(found.notna(), None)
    got = {(r.split, r.quantity, r.t): r.value for r in got.itertuples()}
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        assert got[key] == (None if math.isnan(value) else pytest.approx(value, rel=1e-5)), key

"""Examining models: what they write is told apart right, on every kind of text, and a folder of models resumes."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import torch

from uddm_mini import MemorizingDenoiser, PopulationDenoiser, UniformNoise, conditional_entropy, run_sweep
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
    assert nearest_distance(written, memories).tolist() == [0, 1, 2, 3]
    found = dict(novelty(written, memories, lambda x: log_p))
    assert found == pytest.approx(
        {"copied": 1 / 4, "distance": 6 / 12, "grammatical": 3 / 4, "new": 2 / 4, "spurious": 1 / 4, "log_prob": -7 / 3}
    )
    assert set(dict(novelty(written, memories))) == {"copied", "distance"}, "real text has no exact probabilities"
    assert math.isnan(dict(novelty(written[3:], memories, lambda x: log_p[3:]))["log_prob"])


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
    (tmp_path / "details.csv").unlink()
    with pytest.raises(ValueError, match="not trained on this corpus"):
        sweep_details(tmp_path, english.corpus(n_train=65), settings=FEW, progress=False)
    (tmp_path / "models" / "n4-seed0.safetensors").unlink()
    with pytest.raises(ValueError, match="n4-seed0.safetensors is missing"):
        sweep_details(tmp_path, corpus, settings=FEW, progress=False)
    with pytest.raises(ValueError, match=r"no sweep\.csv"):
        sweep_details(tmp_path / "empty", corpus, settings=FEW, progress=False)

"""The kept models of a sweep, examined once, resumed, and under the noise that they were trained on."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pandas as pd
import pytest
import torch
from runs import Serial

from uddm_mini import Cosine, ProbeSettings, UniformNoise, Walk, load, run_sweep
from uddm_mini.experiments import details as module
from uddm_mini.experiments.details import DETAILS, DetailSettings, sweep_details
from uddm_mini.experiments.store import read_note, read_rows
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import EXAMINED, probe

FEW = DetailSettings(ProbeSettings((0.25,), 12, writing_steps=8, walk=Walk("reverse", 4)), progress=False)
KEEP = dict(steps=3, batch_size=8, width=8, depth=1, heads=2, progress=False, keep_models=True)


def test_a_folder_of_models_is_examined_once(corpus, tmp_path, monkeypatch, english):
    run_sweep(corpus, [4, 8], [0], out=tmp_path, **KEEP)
    looked, real = [], module.probe
    monkeypatch.setattr(module, "probe", lambda on, *names: (looked.append(len(on.x_train)), real(on, *names))[1])
    first = sweep_details(tmp_path, corpus, FEW)
    assert sorted(looked) == [4, 8]
    assert list(first.columns) == ["n_train", "seed", "split", "t", "denoiser", "quantity", "value"]
    assert not first.duplicated(["n_train", "seed", "split", "t", "quantity"]).any()
    assert {"train", "held-out", "generated", "random"} == set(first.split) and set(first.denoiser) == {"model"}
    for path in (tmp_path / "models").iterdir():  # a fresh clone has the tables but not the models
        path.rename(tmp_path / path.name)
    again = sweep_details(tmp_path, corpus, FEW)
    assert len(looked) == 2
    for path in tmp_path.glob("*.safetensors"):
        path.rename(tmp_path / "models" / path.name)
    pd.testing.assert_frame_equal(again, read_rows(tmp_path / "details.csv"), rtol=1e-5)
    with pytest.raises(ValueError, match=r"other settings.*probe\.sentences: 12 there, 13 now"):
        sweep_details(tmp_path, corpus, FEW, sentences=13)
    with pytest.raises(ValueError, match="world: True there, False now"):
        sweep_details(tmp_path, replace(corpus, world=None), FEW)
    note = json.loads((tmp_path / "details.json").read_text())
    assert note["about"]["versions"]["torch"] == torch.__version__
    count = len(first) // 2
    assert note["jobs"] == [[4, 0, count], [8, 0, count]]
    text = (tmp_path / "details.csv").read_text()
    (tmp_path / "details.csv").write_text(text[: text.rindex("\n8,0,train")])
    again = sweep_details(tmp_path, corpus, FEW)
    assert looked == [*looked[:2], 8] and (tmp_path / "details.csv").read_text() == text, "the second was cut"
    for name in ("sweep.csv", "sweep.json"):
        (tmp_path / name).unlink()
    run_sweep(corpus, [4, 8], [0], out=tmp_path, **{**KEEP, "steps": 4})
    with pytest.raises(ValueError, match="train.steps: 3 there, 4 now"):
        sweep_details(tmp_path, corpus, FEW)
    for name in ("details.csv", "details.json"):
        (tmp_path / name).unlink()
    with pytest.raises(ValueError, match="not trained on this corpus"):
        sweep_details(tmp_path, english.corpus(n_train=65), FEW)
    (tmp_path / "models" / "n4-seed0.safetensors").unlink()
    with pytest.raises(ValueError, match="n4-seed0.safetensors is missing"):
        sweep_details(tmp_path, corpus, FEW)
    with pytest.raises(ValueError, match=r"no sweep\.csv"):
        sweep_details(tmp_path / "empty", corpus, FEW)
    assert not (tmp_path / "empty").exists()


def test_some_probes_of_some_models_stand_in_a_table_of_their_own(corpus, tmp_path):
    run_sweep(corpus, [4, 8], [0, 1], out=tmp_path, **KEEP)
    found = sweep_details(tmp_path, corpus, FEW, probes=("judged",), sizes=(8,), seeds=(1,), table="judged")
    assert set(found.quantity) == {"judged"} and set(zip(found.n_train, found.seed, strict=True)) == {(8, 1)}
    assert not (tmp_path / "details.csv").exists()
    more = sweep_details(tmp_path, corpus, FEW, probes=("judged",), seeds=(1,), table="judged")
    assert set(more.n_train) == {4, 8}, "the same table, and more models"
    with pytest.raises(ValueError, match="other settings.*probes"):
        sweep_details(tmp_path, corpus, FEW, probes=("side",), table="judged")
    with pytest.raises(ValueError, match="no model of these sizes"):
        sweep_details(tmp_path, corpus, FEW, sizes=(5,))


def test_models_are_examined_under_the_noise_that_they_were_trained_on(corpus, tmp_path):
    run_sweep(corpus, [8], [0], out=tmp_path, schedule="cosine", epsilon=0.01, **KEEP)
    found = sweep_details(tmp_path, corpus, FEW)
    model = load(tmp_path / "models" / "n8-seed0.safetensors")
    assert model.noise == UniformNoise(corpus.vocab_size, Cosine(0.01))
    subject = Subject(model, corpus, corpus.subset(8, 0), FEW.probe, 0)
    expected = {(row["split"], row["quantity"], row.get("t")): row["value"] for row in probe(subject, *EXAMINED)}
    got = found.astype(object).where(found.notna(), None)
    got = {(r.split, r.quantity, r.t): r.value for r in got.itertuples()}
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        assert got[key] == (None if math.isnan(value) else pytest.approx(value, rel=1e-5)), key


def test_changes_are_those_of_the_probes_and_jobs_go_to_the_executor(corpus, tmp_path):
    run_sweep(corpus, [4, 8], [0, 1], out=tmp_path, **KEEP)
    one_by_one = Serial()
    few = dict(times=(0.25,), sentences=12, writing_steps=8, walk=Walk("reverse", 4))
    found = sweep_details(tmp_path, corpus, progress=False, executor=one_by_one, **few)
    assert one_by_one.jobs == [(4, 0), (4, 1), (8, 0), (8, 1)]
    assert found.equals(sweep_details(tmp_path, corpus, FEW))
    probed = read_note(tmp_path / "details.csv")["settings"]["probe"]
    assert probed["walk"] == {"method": "reverse", "steps": 4, "form": "posterior"} and probed["times"] == [0.25]
    assert DetailSettings().probe == DETAILS and DETAILS.walk == Walk("reverse", 16)

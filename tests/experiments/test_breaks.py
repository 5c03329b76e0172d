"""Broken recipes: one change each, the intact one is the package's training, and nothing is done twice."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pandas as pd
import pytest
import torch

from uddm_mini import ToyLanguage, TransformerDenoiser, UniformNoise, train
from uddm_mini.cli import main
from uddm_mini.experiments import breaks as module
from uddm_mini.experiments.breaks import BREAKS, COLUMNS, Break, broken_model, broken_recipes, table_of, train_broken
from uddm_mini.experiments.store import read_note, read_rows
from uddm_mini.teaching.results import committed_breaks, results_path
from uddm_mini.training.settings import TrainSettings

SMALL = TrainSettings(steps=4, batch_size=8, model=replace(TrainSettings().model, width=8, heads=2), warmup=2, seed=1)
TINY = dict(steps=2, batch_size=8, width=8, heads=2, sentences=8, written=4, walk=2, progress=False)
CHANGES = {name: {k: v for k, v in asdict(b).items() if v != asdict(Break())[k]} for name, b in BREAKS.items()}


def test_every_break_changes_one_thing_but_the_last_two():
    counts = [len(change) for change in CHANGES.values()]
    assert counts == [0, *[1] * (len(counts) - 3), 2, 3]


def test_the_intact_recipe_is_the_training_of_the_package(corpus):
    mine = train_broken(corpus.train, corpus.vocab_size, BREAKS["intact"], SMALL)
    theirs = train(corpus, settings=SMALL, progress=False)
    for (name, p), q in zip(mine.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("name", [name for name in BREAKS if name != "intact"])
def test_a_break_leads_to_another_model(corpus, name):
    intact, broken = (
        train_broken(corpus.train, corpus.vocab_size, BREAKS[recipe], SMALL) for recipe in ("intact", name)
    )
    xt, t = corpus.held_out[:8], torch.linspace(0.1, 1, 8)
    if name == "no clipping":
        return  # four steps of a small model may have no gradient to clip; the next test looks at the call
    assert (intact(xt, t) - broken(xt, t)).abs().max() > 1e-4


def test_clipping_is_the_recipes(corpus, monkeypatch):
    seen = []
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda weights, most: seen.append(most))
    for name in ("intact", "no clipping"):
        train_broken(corpus.train, corpus.vocab_size, BREAKS[name], replace(SMALL, steps=1))
    assert seen == [1.0, math.inf]


def test_the_first_answers_differ_only_where_they_must():
    """A factor for the logits changes no first answer; what is silent adds nothing."""
    language = ToyLanguage()
    x = language.sample(8, seed=0)
    t = torch.linspace(0.01, 1, 8)
    settings = TrainSettings(seed=4)
    model = TransformerDenoiser(UniformNoise(language.vocab_size), language.length, seed=4)

    def first(name):
        return broken_model(x, language.vocab_size, BREAKS[name], settings)

    torch.testing.assert_close(first("logits times 1")(x, t), model(x, t), rtol=1e-4, atol=1e-4)
    silent = first("no time features")
    torch.testing.assert_close(silent(x, t), silent(x, torch.full((8,), 0.5)))
    assert (model(x, t) - model(x, torch.full((8,), 0.5))).abs().max() > 0.01
    bag, turned = first("no positions"), x.flip(1)
    torch.testing.assert_close(bag(turned, t), bag(x, t).flip(1), rtol=1e-4, atol=1e-4)
    for sd, name in ((1.0, "embeddings sd 1"), (0.02, "embeddings sd 0.02")):
        assert float(first(name).token.weight.detach().std()) == pytest.approx(sd, rel=0.05)


def test_silent_weights_stay_silent_in_training(corpus):
    model = train_broken(corpus.train, corpus.vocab_size, BREAKS["no time features"], SMALL)
    assert all(not p.any() for p in model.time.parameters())
    assert not train_broken(corpus.train, corpus.vocab_size, BREAKS["no positions"], SMALL).position.any()


def test_a_training_that_diverges_says_so(corpus):
    with pytest.raises(ValueError, match="diverged"):
        train_broken(corpus.train, corpus.vocab_size, BREAKS["intact"], replace(SMALL, learning_rate=1e30, steps=102))


def test_a_table_has_every_recipe_and_resumes(tmp_path, monkeypatch):
    language, out = ToyLanguage(), tmp_path / "breaks.csv"
    whole = broken_recipes(language, [64], [0, 1], **TINY)
    assert whole.columns.tolist() == ["denoiser", "n_train", "seed", *COLUMNS]
    assert whole["denoiser"].drop_duplicates().tolist() == list(BREAKS) and len(whole) == 2 * len(BREAKS)
    broken_recipes(language, [64], [0], out=out, **TINY)
    trained, real = [], module.train_broken
    monkeypatch.setattr(module, "train_broken", lambda *a: (trained.append(a[3].seed), real(*a))[1])
    table = broken_recipes(language, [64], [0, 1], out=out, **TINY)
    assert trained == [1] * len(BREAKS)
    pd.testing.assert_frame_equal(table, whole, rtol=1e-5)
    assert {(n, seed) for n, seed, _ in read_note(out)["jobs"]} == {(64, 0), (64, 1)}
    with pytest.raises(ValueError, match="other settings"):
        broken_recipes(language, [64], [0], out=out, **{**TINY, "steps": 3})
    with pytest.raises(TypeError, match="list of seeds"):
        broken_recipes(language, [64], seed=3)


def test_the_command_writes_the_table(tmp_path, capsys):
    out = tmp_path / "b.csv"
    small = ["--steps", "1", "--batch-size", "4", "--width", "8", "--sentences", "4", "--written", "2", "--walk", "1"]
    assert main(["breaks", "--sizes", "8", "--seeds", "0", "--out", str(out), *small]) == 0
    assert "rate 0.001, times 1" in capsys.readouterr().out and len(table_of(read_rows(out))) == len(BREAKS)
    assert read_note(out)["about"]["command"].startswith("python -m uddm_mini breaks")


def test_the_committed_table_is_whole():
    table, note = committed_breaks(), read_note(results_path("breaks.csv"))
    assert table["denoiser"].drop_duplicates().tolist() == list(BREAKS)
    assert table.groupby("denoiser")["seed"].apply(list).map(tuple).unique().tolist() == [(0, 1, 2, 3, 4)]
    assert note["settings"]["train"]["learning_rate"] == 7e-3 and note["settings"]["train"]["steps"] == 700
    assert list(note["settings"]["breaks"]) == list(BREAKS)
    assert note["about"]["command"] == "python -m uddm_mini breaks --out data/breaks.csv"
    assert table[COLUMNS].notna().all().all()

"""Duplicated sentences: who is repeated how often, what is measured of them, resumed."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from runs import Serial

from uddm_mini import (
    MemorizingDenoiser,
    ToyLanguage,
    TrainSettings,
    TransformerDenoiser,
    UniformNoise,
    Walk,
    conditional_entropy,
    sample,
    token_recovery,
)
from uddm_mini.experiments import copies as module
from uddm_mini.experiments.copies import Copies, CopySettings, duplicated_sentences


@pytest.fixture(scope="module")
def corpus():
    return ToyLanguage().corpus(n_train=64, n_held_out=16)


def settings(**changes):
    train = TrainSettings(steps=5, batch_size=8)
    return CopySettings(train=train, copies=(0, 1, 4), group=4, draws=2, walks=16, progress=False, **changes)


def test_every_group_is_trained_on_as_often_as_it_says(corpus, monkeypatch):
    seen, real = [], module.train_stack
    monkeypatch.setattr(
        module, "train_stack", lambda runs, noise, **_: seen.append(runs[0][0]) or real(runs, noise, progress=False)
    )
    table = duplicated_sentences(corpus, [32], [3], settings())
    groups = Copies(corpus, settings()).groups(32, 3)
    (data,) = seen
    assert len(data) == 32 + 4 * 3 and len(data.unique(dim=0)) == 32
    for k, part in groups.items():
        assert all(int((data == x).all(dim=1).sum()) == k for x in part)
    assert torch.equal(groups[0], corpus.held_out[:4])
    assert list(table.columns) == ["n_train", "seed", "copies", "recovered", "exact", "entropy", "written", "expected"]
    assert table.copies.tolist() == [0, 1, 4]
    for k, part in groups.items():
        expected = float(corpus.world.log_prob(part).exp().sum())
        assert float(table[table.copies == k].expected.iloc[0]) == pytest.approx(expected)


def test_what_is_repeated_is_remembered():
    language = ToyLanguage()
    corpus = language.corpus(n_train=600, n_held_out=64)
    train = TrainSettings(steps=500)
    found = duplicated_sentences(
        corpus, [600], [0], CopySettings(train=train, copies=(0, 64), group=8, walks=256, progress=False)
    ).set_index("copies")
    assert found.recovered[64] > found.recovered[0] + 0.1


def test_it_resumes_where_it_stopped(corpus, tmp_path):
    out = tmp_path / "copies.csv"
    whole = duplicated_sentences(corpus, [16, 32], [0], settings())
    duplicated_sentences(corpus, [32], [0], settings(), out=out)
    again = Serial()
    resumed = duplicated_sentences(corpus, [16, 32], [0], settings(), out=out, executor=again)
    assert again.jobs == [(16, 0)]
    pd.testing.assert_frame_equal(resumed, whole, rtol=1e-4)


@pytest.mark.parametrize("changes", [{"copies": (1, 1)}, {"copies": (-1, 2)}, {"copies": ()}, {"group": 0}])
def test_settings_that_cannot_be(changes):
    with pytest.raises(ValueError, match="copies must be different whole numbers|must be at least 1"):
        CopySettings(**changes)


def test_too_few_sentences_for_the_groups(corpus):
    with pytest.raises(ValueError, match="room for the groups, 8 sentences or more"):
        duplicated_sentences(corpus, [7], [0], settings())
    assert len(duplicated_sentences(corpus, [8], [0], settings())) == 3


def test_padding_does_not_count(corpus):
    padded = replace(corpus, ignore=(int(corpus.held_out[0, 0]),), world=None)
    work = Copies(padded, settings())
    model = TransformerDenoiser(UniformNoise(corpus.vocab_size), corpus.length)
    part = corpus.held_out[:6]
    found = work._asked(model, part, torch.Generator().manual_seed(0))["entropy"]
    assert found == pytest.approx(float(conditional_entropy(model, part)[part != padded.ignore[0]].double().mean()))
    assert found != pytest.approx(float(conditional_entropy(model, part).double().mean()), rel=1e-6)


def test_what_is_said_of_a_group_is_what_separate_calls_say(corpus, monkeypatch):
    padded = replace(corpus, ignore=(int(corpus.held_out[0, 0]),))
    memory = MemorizingDenoiser(corpus.subset(32, 3), UniformNoise(corpus.vocab_size))
    monkeypatch.setattr(module, "train_stack", lambda *_, **__: [memory])
    work = Copies(padded, replace(settings(t=0.7, writing_steps=4), walks=64))
    rows, generator = work.one(32, 3), torch.Generator().manual_seed(3)
    found = {(row["denoiser"], row["quantity"]): row["value"] for row in rows}
    written = sample(memory, 64, corpus.length, 4, generator=generator)
    for k, part in work.groups(32, 3).items():
        x, walk = part.repeat(2, 1), Walk("reverse", 4)
        single = token_recovery(memory, x, 0.7, walk, ignore=padded.ignore, generator=generator)
        assert found[f"copies {k}", "recovered"] == single.recovered
        assert found[f"copies {k}", "exact"] == single.exact
        own = (written[:, None] == part).all(dim=2).any(dim=1)
        assert found[f"copies {k}", "written"] == float(own.double().mean())
        assert {row["split"] for row in rows if row["denoiser"] == f"copies {k}"} == {"train" if k else "held-out"}
    assert found["copies 4", "written"] > 0

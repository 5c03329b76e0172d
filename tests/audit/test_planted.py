"""Planted sentences: what is planted, what is measured, resumed; the committed table."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from uddm_mini import ToyLanguage, UniformNoise, exposure, train
from uddm_mini.audit.planted import MEASURED, Planted, PlantedSettings, committed_planted, planted_networks
from uddm_mini.models.settings import ModelSettings
from uddm_mini.training.settings import TrainSettings
from uddm_mini.worlds.drawn import draw_corpus

CORPUS = draw_corpus(ToyLanguage(), 32, 16)
TRAIN = TrainSettings(steps=6, model=ModelSettings(width=8, heads=2))
FEW = PlantedSettings(train=TRAIN, copies=(0, 1, 3), group=2, places=3, candidates=15, progress=False)


def test_what_is_planted_has_one_form_and_random_words():
    x, copies = Planted(CORPUS, FEW).canaries(0)
    assert x.shape == (6, 14) and copies == [0, 0, 1, 1, 3, 3]
    open_ = (x != x[0]).any(dim=0)
    assert 1 <= int(open_.sum()) <= 3
    assert bool((CORPUS.held_out[:, ~open_] == x[0, ~open_]).all(dim=1).any()), "the form is a held-out sentence"
    assert not torch.equal(x, Planted(CORPUS, FEW).canaries(1)[0])


def test_exposure_is_that_of_a_network_trained_alone():
    found = planted_networks(CORPUS, [16], [1], FEW)
    assert list(found.columns) == ["n_train", "seed", "copies", "canary", *MEASURED] and len(found) == 6
    x, copies = Planted(CORPUS, FEW).canaries(1)
    text = torch.cat([CORPUS.subset(16, 1), x[2:4], x[4:].repeat_interleave(3, dim=0)])
    model = train(text, UniformNoise(102), settings=TRAIN, seed=1, progress=False)
    alone = exposure(model, x, copies, candidates=15, generator=torch.Generator().manual_seed(1))
    assert found["nelbo"].tolist() == pytest.approx(alone["nelbo"].tolist(), rel=1e-4)
    assert found["exposure"].tolist() == pytest.approx(alone["exposure"].tolist(), abs=0.2)


def test_it_resumes(tmp_path):
    out = tmp_path / "planted.csv"
    planted_networks(CORPUS, [16], [0], FEW, out=out)
    both = planted_networks(CORPUS, [16], [0, 1], FEW, out=out)
    assert both["seed"].unique().tolist() == [0, 1]
    pd.testing.assert_frame_equal(both, planted_networks(CORPUS, [16], [0, 1], FEW), rtol=1e-4)


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="copies must be different whole numbers"):
        PlantedSettings(copies=(1, 1))
    with pytest.raises(ValueError, match="group, places and candidates"):
        PlantedSettings(group=0)


def test_the_committed_table():
    table = committed_planted()
    assert len(table) == 2 * 3 * 48 and (table["at_most"] == 10).all()
    assert table["exposure"].between(0, 10).all()
    never = table[table["copies"] == 0]["exposure"]
    assert abs(never.mean() - 1.44) < 4 * 1.44 / len(never) ** 0.5  # the deviation of one is 1 / ln 2, too

"""Networks under attack: their scores and extraction are those of a network trained alone; the committed table."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from uddm_mini import MembershipSettings, PopulationDenoiser, ToyLanguage, UniformNoise, extraction, train
from uddm_mini.audit.attacks import (
    SEEDS,
    SIZES,
    AttackSettings,
    attacked_networks,
    committed_attacks,
    extracted_of,
    scores_of,
)
from uddm_mini.audit.clamps import ExtractionSettings
from uddm_mini.audit.compare import compare_scores
from uddm_mini.audit.membership import membership_scores
from uddm_mini.models.settings import ModelSettings
from uddm_mini.training.settings import TrainSettings
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import draw_corpus

LANGUAGE = ToyLanguage()
CORPUS = draw_corpus(LANGUAGE, 32, 16)
FEW = AttackSettings(
    train=TrainSettings(steps=6, model=ModelSettings(width=8, heads=2)),
    scores=MembershipSettings(draws=2, votes=2),
    extraction=ExtractionSettings(clamps=("prefix",), known=(0.5,), sentences=4, draws=2, steps=3),
    members=16,
    strangers=16,
    written=16,
    progress=False,
)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return attacked_networks(CORPUS, [16], [1], FEW)


def test_the_scores_are_those_of_a_network_trained_alone(rows):
    x, noise = CORPUS.subset(16, 1), UniformNoise(102)
    model = train(x, noise, settings=FEW.train, seed=1, progress=False)
    tables = [
        membership_scores(model, kind, FEW.scores, reference=PopulationDenoiser(LANGUAGE, noise))
        for kind in (x, CORPUS.held_out)
    ]
    alone = compare_scores(*tables)
    found = scores_of(rows).set_index("score")
    assert set(found.index) == (set(alone.index) - {"calibrated"}) | {"exact"}
    for score in ("nelbo", "min_k", "votes"):
        assert found["auc"][score] == pytest.approx(alone["auc"][score], abs=0.02), score
    assert found["auc"]["exact"] == pytest.approx(alone["auc"]["calibrated"], abs=0.02)


def test_what_comes_out_is_counted_beside_exact_probabilities(rows):
    found = extracted_of(rows).set_index(["source", "clamp", "split"])
    x = CORPUS.subset(16, 1)
    model = train(x, UniformNoise(102), settings=FEW.train, seed=1, progress=False)
    alone = extraction(model, x, CORPUS.held_out, FEW.extraction, generator=torch.Generator().manual_seed(1))
    alone = alone[alone["p"] == 0].set_index("text")
    for text, split in (("members", "train"), ("strangers", "held-out")):
        assert found["share"]["network", "prefix", split] == pytest.approx(alone["share"][text])
    assert found["q"]["memory", "prefix", "train"] > 0.9, "half a sentence says which of 16"
    assert found["q"]["memory", "prefix", "held-out"] == 0
    assert 0 < found["q"]["language", "prefix", "train"] < 0.2
    assert ("network", "noise", "train") in found.index


def test_it_resumes(tmp_path):
    out = tmp_path / "attacks.csv"
    attacked_networks(CORPUS, [16], [0], FEW, out=out)
    both = attacked_networks(CORPUS, [16], [0, 1], FEW, out=out)
    assert sorted(both["seed"].unique().tolist()) == [0, 1]
    again = attacked_networks(CORPUS, [16], [0, 1], FEW)
    pd.testing.assert_frame_equal(scores_of(both), scores_of(again), rtol=1e-4)


@pytest.mark.parametrize(
    ("sizes", "corpus", "told"),
    [
        ([8], CORPUS, "Each size needs 10 sentences"),
        ([16], Corpus("text", CORPUS.train, CORPUS.held_out, CORPUS.words), "give the corpus of a language"),
        ([16], draw_corpus(LANGUAGE, 32, 8), "only 8 held-out sentences"),
    ],
)
def test_what_can_not_be_attacked_is_named(sizes, corpus, told):
    with pytest.raises(ValueError, match=told):
        attacked_networks(corpus, sizes, [0], FEW)


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="at least 10 each"):
        AttackSettings(members=5)


def test_the_committed_table():
    table = committed_attacks()
    scores, out = scores_of(table), extracted_of(table)
    assert len(scores[["n_train", "seed"]].drop_duplicates()) == len(SIZES) * len(SEEDS)
    assert scores["auc"].between(0, 1).all() and (scores["low"] <= scores["high"]).all()
    memory = out[(out["source"] == "memory") & (out["split"] == "held-out")]
    assert (memory["share"] == 0).all(), "a memory says nothing that it was not told"

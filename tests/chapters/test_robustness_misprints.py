"""Networks trained on misprints four ways: a tiny run by the same function, and the committed table."""

from __future__ import annotations

import pytest

from uddm_mini import UniformNoise, conditional_entropy, train
from uddm_mini.chapters.robustness_misprints import (
    EXACT,
    LEVELS,
    RECIPES,
    TABLE,
    MisprintSettings,
    committed_misprints,
    small_levels,
)
from uddm_mini.experiments.store import read_note, read_rows
from uddm_mini.models.settings import ModelSettings
from uddm_mini.teaching.results import results_path
from uddm_mini.training.settings import TrainSettings
from uddm_mini.worlds import misprints
from uddm_mini.worlds.drawn import draw_corpus

TINY = TrainSettings(steps=3, model=ModelSettings(width=8))


def test_a_tiny_run_asks_every_network_at_every_level_and_resumes(tmp_path):
    out = tmp_path / "m.csv"
    options = dict(sizes=(32,), train=TINY, sentences=4, progress=False, out=out)
    table = small_levels(**options)
    assert table.index.tolist() == [*RECIPES, EXACT] and table.columns.tolist() == list(LEVELS)
    rows = read_rows(out)
    assert len(rows) == len(table) * (len(LEVELS) + 2)
    # the second row by hand
    corpus = draw_corpus(misprints(), 8192)
    model = train(corpus.subset(32, 0), UniformNoise(corpus.vocab_size), settings=TINY, clip=1e6, progress=False)
    mine = conditional_entropy(model, corpus.held_out[:4], 0.01).double().mean()
    assert table.loc["no clipping", 0.01] == pytest.approx(float(mine), rel=1e-4)
    before = out.stat().st_mtime_ns
    assert small_levels(**options).equals(table) and out.stat().st_mtime_ns == before, "nothing is done again"


def test_the_committed_table_is_of_these_settings_and_says_where_it_comes_from():
    path = results_path(TABLE)
    note, table = read_note(path), committed_misprints()
    settings = note["settings"]
    assert settings["recipes"] == RECIPES and settings["levels"] == list(LEVELS)
    assert settings["sentences"] == MisprintSettings().sentences and settings["train"]["steps"] == 3000
    assert settings["corpus"] == draw_corpus(misprints(), 8192).sha256
    assert "log" in note["about"]["provenance"] and not table.isna().any().any()
    assert len(read_rows(path)) == len(table) * (len(LEVELS) + 2)

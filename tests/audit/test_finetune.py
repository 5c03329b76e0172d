"""Watched fine-tunes: what is seen is what a monitor sees, resumed; the steps of warnings by hand; committed tables."""

import numpy as np
import pandas as pd
import pytest
import torch

from uddm_mini import MemorizationMonitor, ToyLanguage, UniformNoise, recommend_size, train
from uddm_mini.audit.finetune import (
    FRESH,
    SEEN,
    FinetuneSettings,
    committed_finetune,
    sweep_of,
    unseen,
    warnings_of,
    watched_finetunes,
)
from uddm_mini.audit.looks import MonitorSettings
from uddm_mini.training.settings import TrainSettings
from uddm_mini.worlds.drawn import draw_corpus

LANGUAGE = ToyLanguage()
CORPUS = draw_corpus(LANGUAGE, 128, 64)
SMALL = dict(steps=6, every=4, strangers=16, sentences=16, draws=1, tries=1, writing_steps=1, progress=False)


@pytest.fixture(scope="module")
def start():
    x = CORPUS.train[:64]
    return train(x, UniformNoise(LANGUAGE.vocab_size), steps=10, width=8, depth=1, heads=2, progress=False)


def test_every_network_is_seen_as_its_own_monitor_sees_it(start):
    table = watched_finetunes(start, CORPUS, [16, 20], [0, 1], **SMALL)
    assert list(table.columns) == ["n_train", "seed", "step", *SEEN] and len(table) == 2 * 2 * 3
    assert sorted(table.step.unique()) == [0, 4, 6]
    new = CORPUS.train[64:][torch.randperm(64, generator=torch.Generator().manual_seed(1))[:20]]
    rule = MonitorSettings(sentences=16, draws=1, tries=1, writing_steps=1)
    monitor = MemorizationMonitor(new, CORPUS.held_out[:16], rule, show=False)
    monitor(start, 0)
    settings = TrainSettings(steps=6, decay="constant", seed=1, model=start.settings)
    train(new, start, settings=settings, watch=monitor.watch([4, 6], stop=False), progress=False)
    rows = table[(table.n_train == 20) & (table.seed == 1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows[list(SEEN)], monitor.rows[list(SEEN)], rtol=1e-4, atol=1e-6, check_names=False)


def test_it_resumes_where_it_stopped(start, tmp_path):
    out = tmp_path / "finetune.csv"
    watched_finetunes(start, CORPUS, [16], [0], out=out, **SMALL)
    both = watched_finetunes(start, CORPUS, [16], [0, 1], out=out, **SMALL)
    assert both.seed.unique().tolist() == [0, 1]
    with pytest.raises(ValueError, match="other settings|settings"):
        watched_finetunes(start, CORPUS, [16], [0, 1], out=out, **{**SMALL, "draws": 2})


def test_new_sentences_are_those_that_the_start_has_not_seen(start):
    assert torch.equal(unseen(start, CORPUS), CORPUS.train[64:])
    with pytest.raises(ValueError, match="give a corpus of the same words that begins with them and has more"):
        unseen(start, draw_corpus(LANGUAGE, 64, 64))
    with pytest.raises(ValueError, match="every must be at least 1"):
        FinetuneSettings(every=0)


def test_the_steps_of_warnings_by_hand():
    steps = [0, 50, 100, 150]
    rows = pd.DataFrame(0.0, index=range(8), columns=list(SEEN)).assign(
        n_train=[64] * 4 + [4096] * 4, seed=3, step=steps * 2
    )
    rows.loc[:3, "gap"], rows.loc[:3, "error"] = [0.0, 0.06, 0.06, 0.06], 0.01
    rows.loc[:3, "rise"], rows.loc[:3, "rise_error"] = [0, 0, 0.1, 0.1], 0.02
    rows.loc[:3, "extracted"] = [0, 0.05, 0.1, 0.11]
    found = warnings_of(rows)
    assert found.to_numpy().tolist() == [[64, 3, 100, 150, 150], [4096, 3, np.inf, np.inf, np.inf]]


def test_a_table_of_fine_tunes_says_how_many_sentences_are_safe():
    rows = []
    for seed in (0, 1):
        for n, gap in ((64, 0.3), (256, 0.16), (1024, 0.02)):
            for step, share in ((0, 0.0), (100, 1.0)):
                rows.append({"n_train": n, "seed": seed, "step": step, "members": 0.6 + gap * share, "strangers": 0.6})
    table = sweep_of(pd.DataFrame(rows), 0.25)
    assert len(table) == 12 and set(table.split) == {"train", "held-out"}
    # a straight line in ln n from 0.16 to 0.02 passes 0.1 at 6/14 of the way
    assert recommend_size(table).sentences == pytest.approx(256 * 4 ** (6 / 14))


def test_the_first_rule_missed_the_bar_as_its_module_says():
    table = committed_finetune("finetune-first")
    found = warnings_of(table).set_index("seed")
    assert found.index.tolist() == [0, 1, 2, 3, 4] and (found.n_train == 64).all()
    lead = found.verbatim - found.fired
    assert (lead == 0).sum() == 2 and (lead < 0).sum() == 1 and lead.median() == 0
    assert (found.loss < found.fired).all(), "the held-out loss rises at once"
    assert (table.extracted_strangers < 0.07).all(), "what the language alone gives away"


def test_the_fine_tunes_that_decide_meet_the_bar():
    found = warnings_of(committed_finetune()).set_index(["n_train", "seed"])
    assert found.index.tolist() == [(n, seed) for n in (64, 4096) for seed in FRESH]
    few, many = found.loc[64], found.loc[4096]
    assert np.isfinite(few.fired).all() and (few.fired < few.verbatim).all() and few.fired.between(200, 300).all()
    assert np.isinf(many.fired).all() and np.isinf(many.verbatim).all()
    assert few.verbatim.tolist() == [np.inf] * 4 + [550], "within 600 steps extraction passes 10 % for one seed only"
    assert np.isfinite(found.loss).all(), "the held-out loss rises for all, also where nothing is recalled"

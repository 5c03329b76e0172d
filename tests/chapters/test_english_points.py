"""The points of the law: counts belong to the texts of the sweeps; the right ends of tables; the figures."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from tests.drawn import line
from uddm_mini.chapters import english_figures, english_points
from uddm_mini.experiments.crossing import crossing
from uddm_mini.teaching.look import COLORS, MODELS
from uddm_mini.teaching.results import committed, committed_note
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.toy_language import ToyLanguage


def sweep(shift=0.0, seeds=2, n_last=256):
    rows = [
        dict(
            n_train=n,
            seed=seed,
            split=split,
            t=t,
            recovered=0.9 - 0.2 * i * (split == "train") - shift + seed / 100,
            chance=0.04,
            entropy=i + shift,
            nelbo=5.0 - i,
            unstable=0.0,
        )
        for i, n in enumerate((16, 64, n_last))
        for seed in range(seeds)
        for split in ("train", "held-out")
        for t in (0.1, 0.25)
    ]
    return pd.DataFrame(rows)


# ---- tokens ---------------------------------------------------------------------------------------------------------


def test_padding_is_no_token():
    x = torch.tensor([[2, 3, 0, 0], [3, 2, 2, 0], [1, 2, 0, 0]])
    corpus = Corpus("made up", x, x[:1], ("<pad>", "<unk>", "a", "b"), ignore=(0, 1))
    found = english_points.token_count(corpus)
    assert (found["sentences"], found["tokens"], found["vocab_size"], found["length"]) == (3, 2 + 3 + 1, 4, 4)
    assert found["hash"] == corpus.sha256


def test_the_committed_counts_are_of_the_texts_of_the_sweeps():
    counts = english_points.token_counts()
    assert list(counts) == list(english_points.SWEEPS) == list(english_points.corpora())
    for world, names in english_points.SWEEPS.items():
        for name in names:
            assert committed_note(f"{name}/sweep")["settings"]["hash"] == counts[world]["hash"], name


def test_the_toy_language_is_counted_anew():
    toy = ToyLanguage().corpus(n_train=8192)
    counts = english_points.token_counts()
    assert english_points.token_count(toy) == counts["toy"] and counts["toy"]["tokens"] == 14 * 8192


def test_counts_are_written_whole(tmp_path, monkeypatch):
    toy = ToyLanguage().corpus(n_train=64)
    monkeypatch.setattr(english_points, "corpora", lambda: {"toy": lambda: toy})
    english_points.main(str(tmp_path / "tokens.json"))
    assert json.loads((tmp_path / "tokens.json").read_text()) == {"toy": english_points.token_count(toy)}


def test_points_are_crossings_times_tokens():
    points = english_points.law_points().set_index("name")
    counts = english_points.token_counts()["English"]
    at = crossing(committed("english-large/sweep"))
    row = points.loc["english-large"]
    assert row.sentences == at.n and row.tokens == pytest.approx(at.n * counts["tokens"] / counts["sentences"])
    onset = english_points.law_points(0.9).set_index("name")
    assert (onset.sentences < points.sentences).all() and len(points) == 9


def test_another_text_is_refused():
    def note(name):
        found = committed_note(name)
        return found | {"settings": found["settings"] | {"hash": "of another text"}}

    with pytest.raises(ValueError, match="tokens of toy were counted in another text than that of toy-small"):
        english_points.law_points(note=note)


# ---- the right end --------------------------------------------------------------------------------------------------


def test_only_held_out_text_at_the_largest_size_is_left():
    rows = english_points.held_out_at_all(sweep())
    assert set(rows.split) == {"held-out"} and set(rows.n_train) == {256} and set(rows.t) == {0.25}


def test_courses_hold_every_number_of_sentences_seen():
    place = {name: k for names in english_points.COURSES.values() for k, name in enumerate(names)}

    def note(name):
        return {"settings": {"train": {"steps": 10 + place[name.split("/")[0]], "batch_size": 4}}}

    found = english_points.training_courses(lambda name: sweep(), note)
    assert list(found) == ["width 128", "width 256"] and set(found["width 256"].sentences) == {40, 44, 48}
    assert len(found["width 128"]) == 3 * 2 and set(found["width 128"].recovered) == {0.9, 0.91}
    np.testing.assert_allclose(found["width 256"].passes, found["width 256"].sentences / 256)
    np.testing.assert_allclose(found["width 128"].gap, -0.4)


def test_the_committed_courses_count_steps_times_sentences_in_a_step():
    real = english_points.training_courses()
    assert sorted(set(real["width 128"].sentences)) == [160_000, 320_000, 640_000]
    assert real["width 128"].groupby("sentences").seed.nunique().eq(3).all()
    assert real["width 256"].groupby("sentences").seed.nunique().to_dict() == {320_000: 1, 640_000: 1, 5_120_000: 3}
    table = committed("english-long/sweep").query("t == 0.25").set_index(["split", "seed"]).recovered
    longest = real["width 256"].query("sentences == 5_120_000").set_index("seed")
    for seed in range(3):
        assert longest.recovered[seed] == table["held-out", seed]
        assert longest.gap[seed] == pytest.approx(table["train", seed] - table["held-out", seed])


def test_yardsticks_are_those_that_are_there():
    def absent(name):
        raise FileNotFoundError

    n = english_points.token_counts()["English"]["sentences"]
    whole = pd.concat([sweep(n_last=n).assign(denoiser="pairs"), sweep(0.2, n_last=n).assign(denoiser="memorizer")])
    assert english_points.yardsticks(absent) is None
    assert english_points.yardsticks(lambda name: whole[whole.n_train < n]) is None
    found = english_points.yardsticks(lambda name: whole)
    assert found is not None and found.recovered.to_dict() == pytest.approx({"memorizer": 0.705, "pairs": 0.905})


# ---- figures --------------------------------------------------------------------------------------------------------


def test_networks_are_drawn_from_light_to_dark_with_both_kinds_of_text():
    tables = {"one": sweep(), "two": sweep(0.1)}
    for fig, column in (
        (english_figures.recovery_of_models(tables), "recovered"),
        (english_figures.nats_of_models(tables), "entropy"),
    ):
        assert len(fig.axes) == 2
        first = line(fig.axes[0], "two")
        assert first.get_color() == MODELS[1][0] and first.get_linestyle() == "-"
        table = sweep(0.1)
        expected = table[(table.split == "train") & (table.t == 0.25)].groupby("n_train")[column].mean()
        np.testing.assert_allclose(first.get_ydata(), expected)
        assert sum(one.get_linestyle() == "--" for one in fig.axes[0].lines) == 2
    with pytest.raises(ValueError, match="5 curves but 4 styles"):
        english_figures.recovery_of_models({str(k): sweep() for k in range(5)})


def test_courses_are_drawn_beside_what_was_measured():
    seen = [100, 100, 2_000_000, 2_000_000]
    course = pd.DataFrame({"sentences": seen, "seed": [0, 1, 0, 1], "recovered": [0.1, 0.3, 0.4, 0.6]})
    rows = pd.DataFrame({"recovered": [0.7, 0.5]}, index=["triples", "memorizer"])
    _, ax = plt.subplots()
    english_figures.draw_courses(ax, {"w": course}, rows)
    np.testing.assert_allclose(line(ax, "w").get_ydata(), [0.2, 0.5])
    (seeds,) = [one for one in ax.lines if len(one.get_ydata()) == 4]
    np.testing.assert_allclose(seeds.get_ydata(), course.recovered)
    assert line(ax, "table of triples").get_ydata()[0] == 0.7
    assert line(ax, "memorizer").get_color() == COLORS["memorizer"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["100", "2.0 million"]
    _, ax = plt.subplots()
    english_figures.draw_courses(ax, {"w": course}, None)
    assert len(ax.lines) == 2


def test_wordnet_is_cut_as_the_grid_cut_it(monkeypatch):
    asked = {}
    monkeypatch.setattr(english_points, "text_corpus", lambda source, settings, **more: asked.update(s=settings))
    english_points.wordnet_corpus()
    noted = committed_note("english-large/sweep")["about"]["corpus"]["settings"]
    assert {name: getattr(asked["s"], name) for name in noted} == noted


def test_docstrings_are_counted_anew_where_they_are_the_same():
    corpus = english_points.corpora()["docstrings"]()
    counts = english_points.token_counts()["docstrings"]
    if corpus.sha256 != counts["hash"]:
        pytest.skip("other versions of the packages")
    assert english_points.token_count(corpus) == counts

"""The checks of the chapter on right answers, plausible wrong ones and stubs; its tables by second formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from told import told

from uddm_mini import AbsorbingNoise, PopulationDenoiser, ToyLanguage, UniformNoise
from uddm_mini.chapters import robustness
from uddm_mini.chapters import robustness_tables as stored
from uddm_mini.teaching.results import committed


def masked(cavity, seen):
    return cavity if seen == len(cavity) else np.eye(len(cavity))[int(seen)]


def crosses(sizes, gaps, level, *, x=np.log, back=np.exp, target=None):
    target = level * gaps[0] if target is None else target
    k = int(np.argmax(gaps <= target))
    return back(np.interp(-target, -gaps[k - 1 : k + 1], x(sizes[k - 1 : k + 1])))


def last_time(sizes, gaps, level):
    k = np.flatnonzero(gaps > level * gaps[0])[-1] + 1
    return crosses(sizes[k - 1 :], gaps[k - 1 :], level, target=level * gaps[0])


def chance(log_p, written, hits):
    expected = sum(written * np.exp(one) for one in log_p)
    return expected, hits / expected


def share(written, lines, language):
    return (written - language) / (lines - language)


def same(x):
    return x


RIGHT = [
    ("masked_or_kept", masked),
    ("masked_or_kept", lambda c, s: torch.tensor(masked(c, s)).float()),
    ("masked_or_kept", lambda c, s: [p if s == len(c) else float(v == s) for v, p in enumerate(c)]),
    ("crossing_of", crosses),
    ("crossing_of", lambda n, y, level: 2 ** crosses(n, y, level, x=np.log2, back=same)),
    ("by_chance", chance),
    ("by_chance", lambda p, m, h: torch.tensor([m * np.exp(p).sum(), h / m / np.exp(p).sum()])),
    ("reciting_share", share),
    ("reciting_share", lambda s, q, e: float(np.linalg.solve([[q - e]], [s - e])[0])),
]

WRONG = [
    ("masked_or_kept", lambda c, s: c, "nothing is left open"),
    ("masked_or_kept", lambda c, s: np.eye(len(c))[s] * c[s] if s < len(c) else c, "not normalized"),
    ("masked_or_kept", lambda c, s: masked(c, s) if s < len(c) else np.full(len(c), 1 / len(c)), "A mask says nothing"),
    ("masked_or_kept", lambda c, s: np.eye(len(c))[int(c.argmax()) if s == len(c) else s], "is a guess"),
    ("masked_or_kept", lambda c, s: c if s == 0 else np.eye(len(c))[s - 1], "The mask has the id V, here 3"),
    ("masked_or_kept", lambda c, s: c if s == 0 else 1.0 * (np.arange(len(c)) == s), "The mask has the id V, here 3"),
    ("masked_or_kept", lambda c, s: c * (np.arange(len(c)) == s) / (c[s] if s < len(c) else np.nan), "has the id V"),
    ("masked_or_kept", lambda c, s: c.sum(), "shape"),
    ("masked_or_kept", lambda c, s: c[::-1], "by what the token itself says"),
    ("crossing_of", lambda n, y, level: crosses(n, y, level, x=same, back=same), "straight in n itself"),
    ("crossing_of", lambda n, y, level: crosses(n, y, level, back=same), "Undo it with exp"),
    ("crossing_of", lambda n, y, level: n[int(np.argmax(y <= level * y[0]))], "one of the sizes"),
    ("crossing_of", lambda n, y, level: n[int(np.argmax(y <= level * y[0])) - 1], "one of the sizes"),
    ("crossing_of", lambda n, y, level: crosses(n, y, level, target=level), "a share of the first gap"),
    ("crossing_of", lambda n, y, level: np.exp(np.interp(level * y[0], y, np.log(n))), "wants a list that rises"),
    ("crossing_of", lambda n, y, level: np.exp(np.interp(level * y[0], y[::-1], np.log(n)[::-1])), "the first time"),
    ("crossing_of", last_time, "the first time"),
    ("crossing_of", lambda n, y, level: 1.1 * crosses(n, y, level), "first pair of sizes"),
    ("by_chance", lambda p, m, h: chance(p, m, h)[::-1], "swapped"),
    ("by_chance", lambda p, m, h: (chance(p, m, h)[0] / len(p), h / chance(p, m, h)[0] * len(p)), "do not average"),
    ("by_chance", lambda p, m, h: (m * np.exp(p.mean()), h / (m * np.exp(p.mean()))), "You average logarithms"),
    ("by_chance", lambda p, m, h: (m * p.mean(), h / (m * p.mean())), "You average logarithms"),
    ("by_chance", lambda p, m, h: (m * np.exp(p.sum()), h / (m * np.exp(p.sum()))), "any one of them"),
    ("by_chance", lambda p, m, h: (np.exp(p).sum(), h / (m * np.exp(p).sum())), "That is a share"),
    ("by_chance", lambda p, m, h: (chance(p, m, h)[0], h / m), "Divide the number"),
    ("by_chance", lambda p, m, h: (1.5 * h, 2.0), "one of the group"),
    ("by_chance", lambda p, m, h: h, "shape"),
    ("reciting_share", lambda s, q, e: s / q, "left out"),
    ("reciting_share", lambda s, q, e: (s - e) / q, "only in a share"),
    ("reciting_share", lambda s, q, e: 1 - share(s, q, e), "That is 1 - w"),
    ("reciting_share", lambda s, q, e: 1 / share(s, q, e), "the other way round"),
    ("reciting_share", lambda s, q, e: s / e, "as many as by chance"),
    ("reciting_share", lambda s, q, e: s + q + e, "solve for w"),
]

test_right_answers, test_mistakes = told(robustness, RIGHT, WRONG)


# ---- against brute force --------------------------------------------------------------------------------------------


def test_the_posterior_of_a_mask_is_the_cavity_in_the_package_too(english):
    noise, x = AbsorbingNoise(english.vocab_size), english.sample(3, 0)
    xt = noise.corrupt(x, 0.5, torch.Generator().manual_seed(0))
    exact = PopulationDenoiser(english, noise)
    cavity, posterior = (getattr(exact, form)(xt, 0.5).exp().double() for form in ("cavity", "posterior"))
    for row in range(3):
        for place in range(english.length):
            mine = masked(cavity[row, place].numpy(), int(xt[row, place]))
            np.testing.assert_allclose(posterior[row, place].numpy(), mine, atol=1e-6)


def test_a_reciter_that_is_drawn_has_the_share_that_the_last_exercise_finds():
    rng = np.random.default_rng(0)
    recites = rng.random(400_000) < 0.2
    hits = np.where(recites, rng.random(400_000) < 0.42, rng.random(400_000) < 0.05)
    assert share(hits.mean(), 0.42, 0.05) == pytest.approx(0.2, abs=0.01)


def test_the_share_of_training_lines_counted_one_by_one():
    every, n, group = [0, 1, 2, 8], 100, 5
    lines = [k for k in (1, 2, 8) for _ in range(group * k)] + [0] * (n - 3 * group)
    for k in (1, 2, 8):
        assert stored.share_of_training(n, k, every, group) == pytest.approx(lines.count(k) / len(lines))
    assert stored.share_of_training(n, 0, every, group) == 0


def test_a_mask_shows_as_a_gap_and_words_as_they_are(english: ToyLanguage):
    x = english.sample(2, 0)
    assert stored.said(english, x) == english.decode(x)
    x[0, 3] = english.vocab_size
    words = stored.said(english, x)[0].split()
    assert words[3] == stored.MASK and len(words) == english.length


# ---- tables ---------------------------------------------------------------------------------------------------------


def sweep(gaps, seeds=2):
    """A made-up sweep with these gaps at 16, 64, 256; seed 1 has the double."""
    return pd.DataFrame(
        [
            dict(n_train=n, seed=s, split=split, t=t, recovered=0.2 + (split == "train") * gap * (1 + s), chance=0.1)
            for n, gap in zip((16, 64, 256), gaps, strict=True)
            for s in range(seeds)
            for split in ("train", "held-out")
            for t in (0.1, 0.25)
        ]
    )


def test_passages_and_ends_of_a_made_up_grid():
    tables = {"straight": sweep((0.4, 0.2, 0.0))}
    # a straight line in ln n from 16 to 256: three quarters at 32, half at 64, one quarter at 128
    assert stored.passages(tables)["straight"] == pytest.approx(4)
    assert stored.crossings(tables)["straight"].n == pytest.approx(64)
    ends = stored.ends(tables["straight"])
    assert ends.index.tolist() == [16, 256]
    np.testing.assert_allclose(ends["train"], [0.8, 0.2])
    np.testing.assert_allclose(ends["held-out"], [0.2, 0.2])


def test_passages_are_what_the_bars_are_about():
    """ln of the factor, minus the mean of that of the other case: the mean over seeds of the committed condition."""
    from uddm_mini.chapters.quantities import passage_over

    factors = stored.passages(stored.grids(["sharp-long2", "fresh-large"]))
    bar = passage_over("fresh-large")(committed, "sharp-long2")
    assert np.log(factors["sharp-long2"] / factors["fresh-large"]) == pytest.approx(bar.mean())


def side(sizes=(16, 64, 256), seeds=2):
    return pd.DataFrame(
        [
            dict(n_train=n, seed=s, split="held-out", quantity=quantity, value=value)
            for n in sizes
            for s in range(seeds)
            for quantity, value in (("side_verdict", 1.0 if n < 64 else -1.0), ("side_cost", 7.0))
        ]
    )


def test_verdicts_are_read_only_where_every_model_has_one():
    kept = {
        "a/sweep": sweep((0.4, 0.2, 0.0)),
        "a/side": side(),
        "b/sweep": sweep((0.4, 0.2, 0.0)),
        "b/side": side((16,)),
    }

    def tables(name):
        if name not in kept:
            raise FileNotFoundError(name)
        return kept[name]

    found = stored.verdicts("a", tables)
    assert found is not None and found.columns.tolist() == [16, 64, 256] and found.index.tolist() == [0, 1]
    np.testing.assert_array_equal(found.to_numpy(), [[1, -1, -1]] * 2)
    assert stored.verdicts("b", tables) is None and stored.verdicts("c", tables) is None
    assert list(stored.all_verdicts(["a", "b", "c"], tables)) == ["a"]


def test_the_committed_copies_are_complete():
    table = stored.copied()
    assert len(table) == 3 * 3 * 8 and not table.isna().any().any()
    assert set(table.copies) == {0, 1, 2, 4, 8, 16, 32, 64}


def test_every_grid_of_the_chapter_has_its_note_and_24_models_or_more():
    for name, table in stored.grids([stored.BASELINE, stored.LARGE, *stored.CHANGES, *stored.GROWN]).items():
        assert len(table[["n_train", "seed"]].drop_duplicates()) >= 24, name
        assert not table.recovered.isna().any()


def test_what_a_cosine_leaves_at_a_quarter():
    from uddm_mini import Cosine

    assert float(UniformNoise(102, Cosine()).alpha(0.25)) == pytest.approx(np.cos(np.pi / 8) ** 2, abs=2e-4)

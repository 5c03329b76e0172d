"""What chapter 12 says about the committed grids, beyond the statements of its own cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uddm_mini import auc, crossing, threshold_at
from uddm_mini.teaching import results

NAMES = ("toy-small", "toy-medium", "toy-large")


def committed(name, table="sweep"):
    return results.committed(f"{name}/{table}")


def detail(name, quantity, split):
    rows = committed(name, "details")
    rows = rows[(rows["quantity"] == quantity) & (rows["split"] == split)]
    return rows.pivot_table(index="n_train", columns="seed", values="value")


@pytest.fixture(scope="module")
def sweeps():
    return {name: committed(name) for name in NAMES}


@pytest.fixture(scope="module")
def cross(sweeps):
    return {name: crossing(sweep).n for name, sweep in sweeps.items()}


def test_cross_entropy_models_look_sure_or_unsure_at_every_size():
    assert detail("toy-cross-entropy", "posterior_entropy", "generated").mean(axis=1).max() < 0.05
    full = detail("toy-cross-entropy", "posterior_entropy", "generated").mean(axis=1)
    assert full.idxmin() == 16  # nearest to the exact value, 0.0002
    assert detail("toy-cross-entropy", "entropy", "generated").mean(axis=1).min() > 1.2
    assert detail("toy-cross-entropy", "auc", "train").loc[16].max() < 0.1  # the order is wrong


def test_entropy_of_training_and_unseen_text(sweeps, cross):
    mean = {
        (name, split): sweeps[name][sweeps[name].split == split].groupby("n_train").entropy.mean()
        for name in NAMES
        for split in ("train", "held-out")
    }
    for name in NAMES:
        assert abs(mean[name, "train"][8192] - mean[name, "held-out"][8192]) < 0.01
        first = sweeps[name].query("n_train == 16 and t == 0.25 and split == 'train'")
        assert first.recovered.mean() > 0.95
    assert mean["toy-large", "train"][16] < 0.03 and 0.26 < mean["toy-large", "train"][8192] < 0.296
    assert mean["toy-small", "train"][8192] > 0.35
    late = {name: crossing(sweeps[name], "entropy", ends=(0.0, 0.296)).n / cross[name] for name in NAMES}
    assert late["toy-medium"] > 2 and late["toy-large"] > 3 and late["toy-small"] == 0  # it starts beyond
    unseen = mean["toy-large", "held-out"]
    reciter = committed("toy-large", "bounds").query(
        "denoiser == 'memorizer' and split == 'held-out' and n_train == 256"
    )
    assert unseen.idxmin() == 256 and unseen[256] == pytest.approx(0.18, abs=5e-3)
    assert reciter.entropy.mean() == pytest.approx(0.23, abs=5e-3)
    firm = mean["toy-medium", "train"]
    assert firm[16] == pytest.approx(0.116, abs=5e-4) and firm[32] == pytest.approx(0.058, abs=5e-4)
    written = detail("toy-large", "entropy", "generated").mean(axis=1)
    assert written[64] > 3 * written[32] and cross["toy-large"] > 64


def test_the_entropy_gap_opens_between():
    mean = {q: detail("toy-medium", q, "generated").mean(axis=1) for q in ("entropy", "copied", "vanishing_0.01")}
    gap = mean["entropy"] - detail("toy-medium", "entropy", "train").mean(axis=1)
    assert gap.idxmax() == 64 and gap[64] > 0.1 and abs(gap[16]) < 0.02 and abs(gap[8192]) < 0.02
    assert mean["copied"][16] > 0.9 and mean["copied"][64] < 0.3
    assert detail("toy-medium", "grammatical", "generated").loc[64].mean() > 0.7
    assert mean["vanishing_0.01"][16] < mean["vanishing_0.01"][128] and mean["vanishing_0.01"].max() < 0.5


def sides(prefix):
    """Return own and fresh entropy of every model and whether it is left of its crossing, by plain pandas."""
    rows = []
    for size in ("small", "medium", "large"):
        at = crossing(committed(f"{prefix}-{size}")).n
        own, fresh = (detail(f"{prefix}-{size}", "entropy", split) for split in ("generated", "held-out"))
        for (n, seed), value in own.stack().items():
            rows.append((f"{size} {n}", value, fresh.loc[n, seed], n < at))
    return pd.DataFrame(rows, columns=["cell", "own", "fresh", "memory"])


def test_fresh_minus_own_orders_what_own_text_alone_does_not():
    found = sides("fresh")
    assert len(found) == 180 and found.memory.sum() == 35
    plain = auc(-found.own, found.memory, clusters=found.cell)
    assert [plain.value, plain.low, plain.high] == pytest.approx([0.859, 0.636, 0.996], abs=1e-3)
    difference = found.fresh - found.own
    assert difference[found.memory].min() > difference[~found.memory].max()


def test_a_threshold_of_seeds_0_to_4_carries_over_for_the_difference():
    known, new = sides("toy"), sides("fresh")
    stated = {"plain": (0.686, 0.076), "difference": (1.0, 0.041)}
    for name, numbers in stated.items():
        score = [-t.own if name == "plain" else t.fresh - t.own for t in (known, new)]
        said = score[1] > threshold_at(score[0][~known.memory], 0.05)
        assert [said[new.memory].mean(), said[~new.memory].mean()] == pytest.approx(numbers, abs=1e-3)


GRIDS = ("grammar", "absorbing", "cosine", "misprints", "mixed", "closed", "convolution")


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        ([f"fresh-{size}" for size in ("small", "medium", "large")], {(1, 1): 35, (0, 0): 11, (0, -1): 134}),
        ([f"other-{name}" for name in GRIDS], {(1, 1): 54, (1, 0): 3, (0, 0): 15, (0, -1): 96}),
        (["other-short", "other-decay"], {(1, 0): 6 + 6, (0, 0): 18 + 18}),
    ],
)
def test_no_verdict_is_wrong(names, counts):
    found = {}
    for name in names:
        at = crossing(committed(name)).n
        side = committed(name, "side")
        side = side[side.quantity == "side_verdict"]
        for n, verdict in zip(side.n_train, side.value, strict=True):
            found[int(n < at), int(verdict)] = found.get((int(n < at), int(verdict)), 0) + 1
    assert found == counts


def test_members_are_found_beyond_the_crossing(cross, sweeps):
    passed, left = [], []
    for name in NAMES:
        mean = detail(name, "auc", "train").mean(axis=1)
        x = mean.index.to_numpy() / cross[name]
        assert mean[x <= 1.1].min() > 0.93 and mean[x >= 6].max() < 0.6
        k = int(np.flatnonzero(mean < 0.75)[0])
        passed.append(np.exp(np.interp(-0.75, -mean.iloc[k - 1 : k + 1], np.log(x[k - 1 : k + 1]))))
        recovered = sweeps[name].query("t == 0.25").pivot_table(index="n_train", columns="split", values="recovered")
        gap = recovered["train"] - recovered["held-out"]
        left.append(np.interp(np.log(passed[-1]), np.log(x), gap / gap.iloc[0]))
    assert passed == pytest.approx([2.0, 2.4, 2.9], abs=0.05)
    assert left == pytest.approx([0.15] * 3, abs=0.015)

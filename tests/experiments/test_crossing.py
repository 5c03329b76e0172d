"""The crossing of a sweep, on tables whose crossing is known in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uddm_mini import crossing, perplexity_peak
from uddm_mini.experiments.crossing import at_level, curves_by_size

SIZES = (16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192)


def sweep(gap, entropy=None, nelbo=None, *, sizes=SIZES, seeds=5, shift=None):
    """A table as `run_sweep` returns it; `gap`, `entropy` and `nelbo` are functions of ln n, `shift` moves a seed."""
    entropy, nelbo = entropy or (lambda x: 0 * x), nelbo or (lambda x: 0 * x)
    rows = []
    for seed in range(seeds):
        moved = 0.0 if shift is None else shift[seed]
        for n in sizes:
            x = np.log(n) - moved
            for t in (0.05, 0.25):
                for split in ("train", "held-out"):
                    rows.append(
                        {
                            "n_train": n,
                            "seed": seed,
                            "split": split,
                            "t": t,
                            # another t, and the held-out entropy, have another crossing: nobody may use them
                            "recovered": 0.5 + (gap(x) if t == 0.25 else 0.5) * (split == "train"),
                            "entropy": entropy(x) if split == "train" else 9.0,
                            "nelbo": nelbo(x) if split == "held-out" else -9.0,
                        }
                    )
    return pd.DataFrame(rows)


def straight(x):
    """Falls in a straight line of ln n to 0 at 8,192, so that interpolation is exact."""
    return 0.1 * (np.log(8192) - x)


def logistic(x):
    return 1 / (1 + np.exp((x - np.log(150)) / 0.4))


def test_a_straight_line_crosses_where_arithmetic_says():
    start = straight(np.log(16))
    for level in (0.2, 0.5, 0.9):
        truth = 8192 * (16 / 8192) ** level  # ln n is the same share of the way
        found = crossing(sweep(straight), level=level)
        assert found.n == pytest.approx(truth, rel=1e-12)
        assert found.value == pytest.approx(level * start, rel=1e-12)
        assert (found.low, found.high) == pytest.approx((truth, truth), rel=1e-12)  # all seeds agree


def test_a_logistic_curve_crosses_within_the_error_of_the_grid():
    half = logistic(np.log(16)) / 2
    truth = np.exp(np.log(150) + 0.4 * np.log(1 / half - 1))
    dense = sweep(logistic, sizes=np.unique(np.geomspace(16, 8192, 400).round().astype(int)), seeds=1)
    assert crossing(dense).n == pytest.approx(truth, rel=1e-3)
    assert crossing(sweep(logistic)).n == pytest.approx(truth, rel=0.03)  # neighbors of 150 are 128 and 192


def test_the_entropy_crosses_between_the_ends_that_are_given():
    table = sweep(straight, entropy=lambda x: 0.3 - straight(x))
    first, last = 0.3 - straight(np.log(16)), 0.3
    found = crossing(table, "entropy", t=0.7)  # the entropy needs no noise level
    assert found.value == pytest.approx((first + last) / 2)
    assert found.n == pytest.approx(np.sqrt(16 * 8192))
    exact = crossing(table, "entropy", ends=(0.0, 0.4))
    assert exact.value == pytest.approx(0.2)
    assert 0.3 - straight(np.log(exact.n)) == pytest.approx(0.2)


def test_the_gap_too_takes_its_ends_from_the_caller():
    found = crossing(sweep(straight), ends=(0.2, 0.04))
    assert found.value == pytest.approx(0.12)
    assert straight(np.log(found.n)) == pytest.approx(0.12)


def test_the_first_of_several_crossings_counts():
    values = dict(zip(SIZES, [1, 0.8, 0.4, 0.7, 0.8, 0.3, 0, 0, 0, 0, 0, 0], strict=True))
    found = crossing(sweep(lambda x: values[round(np.exp(x))]))
    assert found.n == pytest.approx(np.exp(np.log(32) + 0.75 * np.log(2)))  # 0.8 -> 0.5 is 3/4 of the way to 0.4


def test_a_curve_that_begins_beyond_the_value_must_first_come_to_this_side():
    values = dict(zip(SIZES, [0.2, 0.2, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3], strict=True))
    table = sweep(straight, entropy=lambda x: values[round(np.exp(x))])
    assert 96 < crossing(table, "entropy", ends=(0.0, None)).n < 128
    beyond = sweep(straight, entropy=lambda x: 0.25 + 0 * x)
    assert crossing(beyond, "entropy", ends=(0.0, 0.3)).n == 0  # past it already at the smallest size


def test_a_crossing_beyond_the_sizes_is_infinite_for_the_curve_and_for_its_interval():
    assert crossing(sweep(straight, sizes=SIZES[:4])).n == np.inf
    found = crossing(sweep(logistic, sizes=(16, 64, 256, 400), shift=[0, 0, 0, 0, 6.0]))
    assert np.isfinite(found.n) and found.high == np.inf  # 6 % of the draws have the slow seed three times or more
    assert found.each[4] == np.inf and np.isfinite(found.each[0])


def test_rows_in_any_order_and_missing_models_change_only_what_they_must():
    shift = np.random.default_rng(0).normal(scale=0.2, size=5)
    table = sweep(logistic, shift=shift)
    whole, mixed = crossing(table), crossing(table.sample(frac=1, random_state=0))
    assert (whole.n, whole.low, whole.high) == pytest.approx((mixed.n, mixed.low, mixed.high), rel=1e-12)
    part = crossing(table[(table.n_train != 128) | (table.seed != 3)])
    others = sweep(logistic, shift=shift)
    kept = others[others.n_train.ne(128) | others.seed.ne(3)]
    gap = kept[kept.t == 0.25].pivot_table(index="n_train", columns=["split", "seed"], values="recovered")
    mean = (gap["train"] - gap["held-out"]).mean(axis=1)  # pandas leaves the missing model out
    x = np.log(mean.index.to_numpy(float))
    truth = np.exp(np.interp(-mean.iloc[0] / 2, -mean, x))
    assert part.n == pytest.approx(truth, rel=1e-12)
    assert np.isfinite([part.low, part.high]).all()
    # without its smallest model a seed has no start of its own, and a draw of nothing but that seed has no answer
    headless = crossing(table[(table.n_train != 16) | (table.seed != 3)])
    assert np.isnan(headless.each[3]) and np.isfinite([headless.n, headless.low, headless.high]).all()


def test_one_seed_has_a_crossing_and_no_interval():
    found = crossing(sweep(logistic, seeds=1))
    assert np.isfinite(found.n) and np.isnan(found.low) and np.isnan(found.high)
    assert found.each == {0: found.n}


def test_the_bootstrap_resamples_seeds():
    shift = [-0.3, -0.1, 0.0, 0.1, 0.3]
    found = crossing(sweep(logistic, shift=shift), draws=2000)
    assert found.low < found.n < found.high
    assert min(found.each.values()) < found.low and found.high < max(found.each.values())
    assert [found.each[s] for s in range(5)] == sorted(found.each.values())
    again = crossing(sweep(logistic, shift=shift), draws=2000)
    assert (again.low, again.high) == (found.low, found.high)
    # all 5^5 draws, equally likely; a shift of the curves moves the crossing of their mean by nearly the mean shift
    ln = np.log([found.each[s] for s in range(5)])
    means = np.array(np.meshgrid(*[ln] * 5)).reshape(5, -1).mean(axis=0)
    low, high = np.exp(np.quantile(means, [0.025, 0.975]))
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.06)


@pytest.mark.parametrize(("seeds", "least", "most"), [(5, 0.76, 0.91), (20, 0.88, 0.97)])
def test_the_interval_covers_the_truth_as_often_as_the_docstring_says(seeds, least, most):
    # straight curves, each moved by its seed: the mean curve is moved by the mean, so the truth is the unmoved one;
    # 200 repetitions have a standard deviation of 0.026 at 0.84 and of 0.018 at 0.93
    rng = np.random.default_rng(0)
    truth, hits = 8192 * (16 / 8192) ** 0.5, 0
    for _ in range(200):
        table = sweep(straight, sizes=(16, 512, 8192), seeds=seeds, shift=rng.normal(scale=0.3, size=seeds))
        found = crossing(table, ends=(straight(np.log(16)), None), draws=100)
        hits += found.low <= truth <= found.high
    assert least < hits / 200 < most


def test_the_peak_of_the_perplexity():
    hill = lambda x: 2 - (x - np.log(64)) ** 2 / 4  # noqa: E731
    found = perplexity_peak(sweep(straight, nelbo=hill))
    assert (found.n, found.low, found.high, found.inside) == (64, 64, 64, True)
    assert found.value == pytest.approx(np.exp(2))
    moved = perplexity_peak(sweep(straight, nelbo=hill, shift=[-np.log(2), 0, 0, 0, np.log(2)]))
    assert moved.each == {0: 32, 1: 64, 2: 64, 3: 64, 4: 128}
    assert moved.n == 64 and moved.low < 64 <= moved.high <= 128
    falling = perplexity_peak(sweep(straight, nelbo=lambda x: -x, seeds=1))
    assert (falling.n, falling.inside) == (16, False) and np.isnan(falling.low)


def test_the_nelbo_is_averaged_before_the_exponential():
    values = {(0, 16): 4.0, (1, 16): 0.0, (0, 64): 2.5, (1, 64): 2.5}  # exp(4) + exp(0) would win at 16
    rows = [{"n_train": n, "seed": s, "split": "held-out", "t": 0.25, "nelbo": v} for (s, n), v in values.items()]
    found = perplexity_peak(pd.DataFrame(rows))
    assert found.n == 64 and found.value == pytest.approx(np.exp(2.5))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_perplexity_that_is_no_number_has_no_peak(value):
    with pytest.raises(ValueError, match="finite perplexities"):
        perplexity_peak(sweep(straight, nelbo=lambda x: value))


def test_another_first_size_moves_the_crossing_by_what_its_gap_says():
    # as the docstring warns: half of the first gap is at the geometric mean of the first size and the last
    assert crossing(sweep(straight)).n == pytest.approx(np.sqrt(16 * 8192))
    assert crossing(sweep(straight, sizes=SIZES[1:])).n == pytest.approx(np.sqrt(32 * 8192))


def test_curves_have_a_row_for_each_size_and_a_column_for_each_seed():
    table = sweep(straight, entropy=lambda x: x, nelbo=lambda x: 1 / x)
    x = np.log(np.array(SIZES, dtype=float))
    for column, truth in (("gap", straight(x)), ("entropy", x), ("perplexity", np.exp(1 / x))):
        curves = curves_by_size(table, column)
        assert curves.index.tolist() == list(SIZES) and curves.columns.tolist() == list(range(5))
        np.testing.assert_allclose(curves.to_numpy(), np.repeat(truth[:, None], 5, axis=1), rtol=1e-12)


def test_rows_at_a_level_are_found_although_numbers_are_rounded():
    table = sweep(straight, seeds=1)
    assert at_level(table, 0.25 + 1e-12).equals(table[table.t == 0.25]) and len(at_level(table, 0.05)) == 24
    with pytest.raises(ValueError, match="no noise level 0.2; it has 0.05, 0.25"):
        at_level(table, 0.2)


def test_a_size_or_a_seed_without_numbers_is_left_out():
    table = sweep(straight, nelbo=straight)
    table.loc[table.n_train.eq(16) & table.split.eq("held-out"), "recovered"] = np.nan
    table.loc[table.seed.eq(2), ["recovered", "nelbo"]] = np.nan
    found = crossing(table)
    assert found.n == pytest.approx(np.sqrt(32 * 8192)) and list(found.each) == [0, 1, 3, 4]
    assert list(perplexity_peak(table).each) == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(column="loss"), "column must be"),
        (dict(level=0.0), "level is a fraction"),
        (dict(level=1.0), "level is a fraction"),
        (dict(t=0.3), "no noise level 0.3; it has 0.05, 0.25"),
        (dict(draws=0), "draws must be"),
        (dict(ends=(None, 1.0)), "nothing to cross: at n_train = 16"),
    ],
)
def test_a_wrong_call_is_told_what_to_do(change, message):
    with pytest.raises(ValueError, match=message):
        crossing(sweep(straight), **change)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d.drop(columns="recovered"), r"lacks the columns \['recovered'\]"),
        (lambda d: d[d.n_train < 0], "is empty"),
        (lambda d: d[d.split == "train"], "no rows for the split held-out"),
        (lambda d: d[d.n_train == 64], r"only \[64\]"),
        (lambda d: d.assign(recovered=0.5), "nothing to cross"),
    ],
)
def test_a_table_that_lacks_something_is_refused(spoil, message):
    with pytest.raises(ValueError, match=message):
        crossing(spoil(sweep(straight)))

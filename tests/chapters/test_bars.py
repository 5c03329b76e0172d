"""The rule on numbers made by hand, and every bar on tables of the seeds that were known when it was set."""

import hashlib
import itertools

import numpy as np
import pandas as pd
import pytest

from uddm_mini import PopulationDenoiser, ToyLanguage, UniformNoise, conditional_entropy, crossing
from uddm_mini.chapters import bars, bars_digest, quantities
from uddm_mini.chapters.bars import claims
from uddm_mini.chapters.bars_english import ENGLISH
from uddm_mini.chapters.bars_later import of_later_grids
from uddm_mini.chapters.bars_more_english import of_more_english
from uddm_mini.chapters.quantities import (
    ahead_of_counts,
    examined,
    later_than_smaller,
    passage_over,
    radius_over_margin,
    share_of_verdicts,
    side_scores,
    spin_change,
    spin_gap,
)
from uddm_mini.chapters.rule import FRESH, Claim, Condition, judge
from uddm_mini.probes.roc import Interval, auc
from uddm_mini.teaching.results import committed

# of all bars as they were committed before seeds 5 to 9 were started (5677c23); a bar that moves is another bar
COMMITTED = "f7390ec6fdda4211d713e08846f1e97bab0f91ae521203d61294128f54622d77"
# set after that, each before the grids that decide it; those of `bars_later` before any of theirs was started
LATER = ("the score holds out of its grid", *(one.name for one in (*of_later_grids(), *of_more_english())))
LATER_COMMITTED = "9d772e740aa7ef227a63f0c551b887e9234eb0f62f6e12ebe864e40e8d9ea6c0"
MORE_COMMITTED = "ed18853dc9a9698f33affdaf76e73cbf4d5aab99086097734f4fa03056d44fbd"


def earlier(name: str) -> pd.DataFrame:
    """The tables of seeds 0 to 4."""
    return committed(name.replace("fresh", "toy"))


def medium(name: str) -> pd.DataFrame:
    """Those of the medium network, whichever case is asked for."""
    return committed(f"fresh-medium/{name.partition('/')[2]}")


def claim(*conditions: Condition) -> Claim:
    return Claim("it", "it is so", "nowhere", conditions)


def condition(by_case: dict[str, list[float]], **bar: float) -> Condition:
    return Condition("it", lambda _, case: pd.Series(by_case[case]), cases=tuple(by_case), **bar)


CLEAR, NEAR_BAR, WRONG = [1.0, 1.1, 0.9], [0.6, 0.5, 0.45], [0.1, 0.2, 0.15]


@pytest.mark.parametrize(
    ("numbers", "bar", "verdict"),
    [
        ([CLEAR, CLEAR], {"above": 0.5}, "agree"),
        ([CLEAR, NEAR_BAR], {"above": 0.5}, "mixed"),
        ([CLEAR, WRONG], {"above": 0.5}, "mixed"),
        ([WRONG, WRONG], {"above": 0.5}, "disagree"),
        ([WRONG, NEAR_BAR], {"above": 0.5}, "mixed"),
        ([CLEAR, CLEAR], {"below": 0.5}, "disagree"),
        ([WRONG, WRONG], {"above": 0.0, "below": 0.5}, "agree"),
        ([CLEAR, WRONG], {"above": 0.4, "below": 0.6}, "disagree"),
    ],
)
def test_one_rule_for_all(numbers, bar, verdict):
    found, table = judge(claim(condition(dict(zip("ab", numbers, strict=True)), **bar)), committed)
    assert found == verdict
    assert set(table.side) <= {"right", "wrong", "open"} and len(table) == 2


def test_every_condition_counts_and_one_that_fails_everywhere_decides():
    good, bad = condition({"a": CLEAR}, above=0.5), condition({"a": WRONG}, above=0.5)
    assert judge(claim(good, good), committed)[0] == "agree"
    other = Condition("other", bad.values, above=0.5, cases=("a",))
    assert judge(claim(good, other), committed)[0] == "disagree"


def test_a_missing_seed_never_passes_unseen():
    with pytest.raises(ValueError, match="none of them missing"):
        judge(claim(condition({"a": [1.0, np.nan]}, above=0)), committed)


def test_no_bar_has_moved():
    bars_now = [
        (one.name, condition.what, condition.above, condition.below, tuple(condition.cases))
        for one in claims()
        if one.name not in LATER
        for condition in one.conditions
    ]
    for those, hash_then in ((of_later_grids(), LATER_COMMITTED), (of_more_english(), MORE_COMMITTED)):
        later_now = [
            (one.name, condition.what, condition.above, condition.below, tuple(condition.cases))
            for one in those
            for condition in one.conditions
        ]
        assert hashlib.sha256(repr(sorted(later_now)).encode()).hexdigest() == hash_then
    numbers = (bars.EXACT, bars_digest.CLOSED, bars_digest.OPEN, sorted(bars.PEAK.items()), sorted(bars.NEAR.items()))
    assert hashlib.sha256(repr((sorted(bars_now), numbers)).encode()).hexdigest() == COMMITTED


HERE = [one for one in claims() if not {*one.conditions[0].cases} & {*ENGLISH} and one.name not in LATER]


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_every_bar_can_be_held_against_a_whole_table(one):
    verdict, table = judge(one, medium)  # one size in place of three: what comes out is no verdict, but it comes out
    assert verdict in ("agree", "disagree", "mixed")
    assert len(table) == sum(len(condition.cases) for condition in one.conditions)
    assert np.isfinite(table[["value", "low", "high"]]).all(axis=None)
    assert bool((table.low <= table.value).all()) and bool((table.value <= table.high).all())


def test_larger_networks_later_is_about_the_next_smaller_one():
    (one,) = (one for one in claims() if one.name == "larger networks later")
    order = judge(one, earlier)[1].set_index(["condition", "case"]).value
    at = {name: crossing(earlier(f"{name}/sweep"), t=0.25).n for name in FRESH}
    for small, large in itertools.pairwise(FRESH):
        found = order["ln crossing minus that of the next smaller", large]
        assert found == pytest.approx(np.log(at[large] / at[small]), abs=0.1)


def test_the_exact_numbers_in_the_bars_are_those_of_the_language():
    language = ToyLanguage()
    held_out = language.corpus(n_train=16).held_out
    exact = conditional_entropy(PopulationDenoiser(language, UniformNoise(language.vocab_size)), held_out).mean(dim=0)
    assert float(exact.mean()) == pytest.approx(bars.EXACT, abs=5e-4)
    assert sorted(bars_digest.CLOSED + bars_digest.OPEN) == list(range(14))
    assert exact[list(bars_digest.CLOSED)].max() < 0.001 and exact[list(bars_digest.OPEN)].min() > 0.7


def test_scores_are_higher_where_a_network_memorizes():
    found = side_scores(earlier, FRESH)
    assert len(found) == 180 and set(found.case) == set(FRESH)
    assert found[found.memory].score.mean() > found[~found.memory].score.mean() + 0.1
    alone = side_scores(earlier, FRESH, own_text_alone=True)
    assert bool((alone.score <= 0).all()) and alone.memory.equals(found.memory)


@pytest.mark.parametrize(
    ("bar", "side"),
    [
        ({"above": 0.4, "below": 0.8}, "right"),
        ({"above": 0.5}, "open"),
        ({"below": 0.7}, "open"),
        ({"above": 0.7}, "wrong"),
        ({"below": 0.5}, "wrong"),
    ],
)
def test_an_interval_that_touches_its_bar_is_not_beyond_it(bar, side):
    one = Condition("it", lambda *_: Interval(0.6, 0.5, 0.7), cases=("a",), **bar)
    assert judge(claim(one), committed)[1].side.tolist() == [side]


# three sizes: 16, 64 and 8192; split: recovered at t = 0.25, entropy, nelbo
BY_HAND = {
    "train": ([0.9, 0.8, 0.7], [0.0, 0.1, 0.3], [1.0, 1.5, 2.0]),
    "held-out": ([0.1, 0.3, 0.6], [0.6, 0.45, 0.31], [3.0, 4.0, 2.5]),
    "generated": (None, [0.05, 0.2, 0.3], None),
}


def by_hand(name: str) -> pd.DataFrame:
    """The tables of any case; at another noise level, of another denoiser or split stand other numbers."""
    sweep, details = [], []
    for (split, (recovered, entropy, nelbo)), seed in itertools.product(BY_HAND.items(), (0, 1)):
        for k, n in enumerate((16, 64, 8192)):
            keys, more = {"n_train": n, "seed": seed, "split": split}, 0.01 * seed
            if recovered:
                costs = {"entropy": entropy[k] + more, "nelbo": nelbo[k] + more}
                sweep += [{**keys, "t": t, "recovered": recovered[k] + more - t + 0.25, **costs} for t in (0.25, 0.5)]
            shift = {"train": 0.1, "held-out": 0.2, "generated": 0.3}[split]
            values = {"entropy": entropy[k], "entropy_at_0": n + shift, "entropy_at_1": 99, "entropy_at_2": 3 * n}
            details += [{**keys, "quantity": name, "value": value + more} for name, value in values.items()]
            details += [{**keys, "quantity": "failed", "t": t, "value": n + t + more} for t in (0.25, 0.5)]
    if name.endswith("bounds"):
        perfect, memory = (
            pd.DataFrame(sweep).assign(denoiser=name, recovered=lambda table, more=more: table.recovered + more)
            for name, more in (("population", 0.07), ("memorizer", 5))
        )
        return pd.concat([perfect, memory])
    return pd.DataFrame(details if name.endswith("details") else sweep)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (quantities.change("train"), [-0.2, -0.2]),
        (quantities.change("held-out"), [0.5, 0.5]),
        (quantities.recovery_of("held-out", 64), [0.3, 0.31]),
        (quantities.gap_of_recovery, [0.1, 0.1]),
        (quantities.share_left, [0.1 / 0.8] * 2),
        (quantities.short_of_exact, [0.07, 0.07]),
        (quantities.entropy_at(0), [0.0, 0.01]),
        (quantities.entropy_at(-1), [0.3, 0.31]),
        (quantities.examined("failed", "train", {"small": 64, "large": 16}, 0.25), [16.25, 16.26]),
        (quantities.examined("entropy", "generated", 64), [0.2, 0.21]),
        (quantities.real_minus_own(16), [0.55, 0.55]),
        (quantities.minus(quantities.entropy_at(-1), quantities.entropy_at(0)), [0.3, 0.3]),
        (quantities.cost({"small": 16, "large": 64}), [4.0, 4.01]),
        (quantities.mean_at((0, 2)), [2 * 8192 + 0.1, 2 * 8192 + 0.11]),
    ],
)
def test_quantities_are_those_of_a_table_made_by_hand(values, expected):
    assert values(by_hand, "toy-large").tolist() == pytest.approx(expected)


def test_scores_sides_and_their_area_by_hand():
    found = side_scores(by_hand, ("one", "two"))
    assert found.score.tolist() == pytest.approx([0.55, 0.55, 0.25, 0.25, 0.01, 0.01] * 2)
    assert found.memory.tolist() == [True, True, True, True, False, False] * 2  # they cross at 215
    alone = side_scores(by_hand, ("one",), own_text_alone=True)
    assert alone.score.tolist() == pytest.approx([-0.05, -0.06, -0.2, -0.21, -0.3, -0.31])


def test_the_interval_of_an_area_draws_whole_configurations():
    scores = side_scores(earlier, FRESH)
    cells = [f"{case} at {n}" for case, n in zip(scores.case, scores.n_train, strict=True)]
    expected = auc(scores.score.to_numpy(), scores.memory.to_numpy(), clusters=np.array(cells))
    assert quantities.area(False)(earlier, "all") == expected


def test_the_level_of_a_crossing_is_the_one_that_is_told():
    # the gap of the one falls from 0.8 to 0.5 between 16 and 64, that of the other from 0.8 to 0.1 between 64 and 8192
    def later(name: str) -> pd.DataFrame:
        table = by_hand(name)
        wide = table.split.eq("held-out") & table.n_train.eq(64) & name.startswith("b/")
        return table.assign(recovered=table.recovered - 0.3 * wide)

    found = quantities.later_than_smaller(0.9, ("a", "b"))(later, "b")
    expected = np.log(64) + 0.08 / 0.7 * np.log(128) - np.log(16) - 0.08 / 0.3 * np.log(4)
    assert found.tolist() == pytest.approx([expected] * 2)


def test_the_smallest_network_is_later_than_nobody():
    with pytest.raises(ValueError, match="no network smaller than fresh-small"):
        later_than_smaller(0.5)(earlier, "fresh-small")


# --- quantities of the later bars, on tables made by hand ------------------------------------------------------------


def falling(low: float, n_of_low: int) -> pd.DataFrame:
    """A sweep whose gap falls from 1 to `low` at n_of_low and to 0 at the last size, the same for two seeds."""
    gap = {10: 1.0, n_of_low: low, 1000: 0.0}
    return pd.DataFrame(
        [
            {"n_train": n, "seed": seed, "split": split, "t": 0.25, "recovered": value * (split == "train")}
            for n, value in gap.items()
            for seed in (0, 1)
            for split in ("train", "held-out")
        ]
    )


def test_the_passage_is_compared_with_that_of_another_case():
    old = pd.concat([falling(0.25, 100).query("seed == 0"), falling(0.5, 100).query("seed == 1")])
    tables = {"new/sweep": falling(0.5, 100), "old/sweep": old}.__getitem__
    found = passage_over("old")(tables, "new")
    # the gap falls in straight lines of ln n: from 3/4 to 1/4 on a factor of ten, and in seed 0 on two thirds of that
    assert found.tolist() == pytest.approx([np.log(10) * (1 - 5 / 6)] * 2, rel=1e-6)


def verdicts(values: dict[tuple[int, int], int]) -> pd.DataFrame:
    keys = {"split": "held-out", "quantity": "side_verdict", "t": np.nan}
    return pd.DataFrame([{"n_train": n, "seed": seed, "value": value, **keys} for (n, seed), value in values.items()])


def test_verdicts_are_counted_seed_by_seed():
    table = verdicts({(16, 0): 1, (64, 0): 0, (16, 1): 0, (64, 1): 0})
    tables = {"it/side": table}.__getitem__
    assert share_of_verdicts(0)(tables, "it").to_dict() == {0: 0.5, 1: 1.0}
    assert share_of_verdicts(1, 16)(tables, "it").to_dict() == {0: 1.0, 1: 0.0}


def test_a_network_is_ahead_of_the_triples_of_the_same_seed():
    def rows(recovered, nelbo, **keys):
        return [
            {"n_train": n, "seed": seed, "split": "held-out", "t": 0.25, **keys, "recovered": r, "nelbo": c}
            for n, seed, r, c in zip((8, 8, 9, 9), (0, 1, 0, 1), recovered, nelbo, strict=True)
        ]

    bounds = rows([0, 0, 0.3, 0.4], [9, 9, 4, 5], denoiser="triples") + rows([1] * 4, [1] * 4, denoiser="pairs")
    sweep = rows([1, 1, 0.5, 0.3], [1, 1, 3.5, 5.5])
    tables = {"english-bounds": pd.DataFrame(bounds), "it/sweep": pd.DataFrame(sweep)}.__getitem__
    assert ahead_of_counts("recovered")(tables, "it").tolist() == pytest.approx([0.2, -0.1])
    assert ahead_of_counts("nelbo")(tables, "it").tolist() == pytest.approx([0.5, -0.5])
    # for the second seed, which the table of counts lacks, stands the mean of the others
    one = {"english-bounds": pd.DataFrame(bounds).query("seed == 0"), "it/sweep": pd.DataFrame(sweep)}.__getitem__
    assert ahead_of_counts("recovered")(one, "it").tolist() == pytest.approx([0.2, 0.0])


def test_a_quantity_can_be_of_another_table():
    table = verdicts({(16, 0): 1, (16, 1): 0})
    found = examined("side_verdict", "held-out", 16, table_name="other/side")({"other/side": table}.__getitem__, "it")
    assert found.tolist() == [1, 0]


def test_quantities_of_spins_are_those_of_their_rows():
    def row(denoiser, n, seed, quantity, value, t=np.nan, split="train"):
        keys = {"denoiser": denoiser, "n_train": n, "seed": seed, "split": split, "t": t}
        return {**keys, "quantity": quantity, "value": value}

    rows = []
    for seed in (0, 1):
        for n, train, held_out in ((8, 1.0, 0.25), (64, 0.75, 0.5 + seed / 8)):
            rows.append(row("copies", n, seed, "recovered", train, 0.1))
            rows.append(row("copies", n, seed, "recovered", held_out, 0.1, "held-out"))
        rows.append(row("random", 64, seed, "margin", 0.8))
        # a rise after a fall is no basin
        rows += [row("random", 64, seed, "home", value, t) for t, value in ((0.1, 1.0), (0.2, 0.25), (0.3, 0.6))]
    tables = {"spins": pd.DataFrame(rows)}.__getitem__
    assert spin_change("recovered", "train")(tables, "spins").tolist() == [-0.25, -0.25]
    assert spin_change("recovered", "held-out")(tables, "spins").tolist() == [0.25, 0.375]
    assert spin_gap(tables, "spins").tolist() == [0.25, 0.125]
    assert radius_over_margin(64)(tables, "spins").tolist() == pytest.approx([(0.1 + 0.1 * 2 / 3) / 0.16] * 2)


def test_scores_of_sides_are_pooled_and_memory_is_left_of_ones_own_crossing():
    early, late = falling(0.25, 100), falling(0.75, 100)  # half the gap is left at 46 and at 215 sentences

    def scores(high_at: set[int]) -> pd.DataFrame:
        rows = verdicts({(n, seed): n in high_at for n in (10, 100, 1000) for seed in (0, 1)})
        return rows.assign(quantity="side_score", value=rows.value.astype(float))

    tables = {"a/sweep": early, "b/sweep": late, "a/side": scores({10}), "b/side": scores({10, 100})}
    assert quantities.area_of_sides(("a", "b"))(tables.__getitem__, "all").value == 1
    tables["b/side"] = scores({10})  # one of three memories scores as low as the rest: half of it counts
    assert quantities.area_of_sides(("a", "b"))(tables.__getitem__, "all").value == pytest.approx(1 - 1 / 3 / 2)

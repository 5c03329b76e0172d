"""The rule on numbers made by hand, and every bar on tables of the seeds that were known when it was set."""

import hashlib
import itertools

import numpy as np
import pandas as pd
import pytest

from uddm_mini import PopulationDenoiser, ToyLanguage, UniformNoise, conditional_entropy, crossing
from uddm_mini.chapters import bars, bars_digest
from uddm_mini.chapters.bars import claims
from uddm_mini.chapters.bars_english import ENGLISH
from uddm_mini.chapters.quantities import side_scores
from uddm_mini.chapters.rule import FRESH, Claim, Condition, judge
from uddm_mini.teaching.results import committed

# of all bars as they were committed before seeds 5 to 9 were started (5677c23); a bar that moves is another bar
COMMITTED = "f7390ec6fdda4211d713e08846f1e97bab0f91ae521203d61294128f54622d77"
LATER = ("the score holds out of its grid",)  # set after that, before the grids that decide it


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

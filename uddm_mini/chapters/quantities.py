"""The numbers that the bars are about: one per seed, from the tables of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from uddm_mini.experiments.crossing import at_level, by_size, crossing, curves_by_size
from uddm_mini.experiments.spins import half_return
from uddm_mini.probes.roc import Interval, auc

from .ledger import T, Tables, detail, entropy, recovery
from .rule import FRESH, Values

SMALLEST, LARGEST = 16, 8192  # training sentences of the toy language


def table_of(tables: Tables, case: str) -> pd.DataFrame:
    """Return the sweep of a case."""
    return tables(f"{case}/sweep")


def change(split: str) -> Values:
    """Return recovery at the largest size minus recovery at the smallest."""

    def values(tables: Tables, case: str) -> pd.Series[float]:
        runs = recovery(table_of(tables, case), split)
        return runs.iloc[-1] - runs.iloc[0]

    return values


def recovery_of(split: str, n: int) -> Values:
    """Return recovery at one number of training sentences."""
    return lambda tables, case: recovery(table_of(tables, case), split).loc[n]


def gap_of_recovery(tables: Tables, case: str) -> pd.Series[float]:
    """Return training minus held-out recovery at the largest size."""
    table = table_of(tables, case)
    return (recovery(table, "train") - recovery(table, "held-out")).iloc[-1]


def share_left(tables: Tables, case: str) -> pd.Series[float]:
    """Return the gap of recovery at the largest size, as a share of the gap at the smallest."""
    gap = curves_by_size(table_of(tables, case), "gap", T)
    return gap.iloc[-1] / gap.iloc[0]


def short_of_exact(tables: Tables, case: str) -> pd.Series[float]:
    """Return how much less of held-out text comes back than by the perfect denoiser, at the largest size."""
    bounds = tables(f"{case}/bounds")
    perfect = recovery(bounds[bounds.denoiser == "population"], "held-out").iloc[-1]
    return perfect - recovery(table_of(tables, case), "held-out").iloc[-1]


def entropy_at(position: int) -> Values:
    """Return the entropy of training text at the smallest (0) or largest (-1) size."""
    return lambda tables, case: entropy(table_of(tables, case)).iloc[position]


def examined(
    quantity: str, split: str, n: int | dict[str, int], t: float | None = None, table_name: str = ""
) -> Values:
    """Return one quantity of the details, at one number of training sentences or at one for each size of network.

    table_name: another table than the details of the case.
    """

    def values(tables: Tables, case: str) -> pd.Series[float]:
        table = tables(table_name or f"{case}/details")
        if t is not None:
            table = table[np.isclose(table["t"], t)]
        return detail(table, quantity, split).loc[number_for(n, case)]

    return values


def number_for(n: int | dict[str, int], case: str) -> int:
    """Return n, or the one for this size of network."""
    return n[case.rpartition("-")[2]] if isinstance(n, dict) else n


def minus(first: Values, second: Values) -> Values:
    """Return a difference, seed by seed."""
    return lambda tables, case: first(tables, case) - second(tables, case)  # type: ignore[operator, return-value]


def real_minus_own(n: int) -> Values:
    """Return the entropy of held-out text minus that of the network's own."""
    return minus(examined("entropy", "held-out", n), examined("entropy", "generated", n))


def cost(n: int | dict[str, int]) -> Values:
    """Return the log of held-out perplexity: the NELBO, in nats per word."""
    return lambda tables, case: by_size(table_of(tables, case), "nelbo", split="held-out").loc[number_for(n, case)]


def later_than_smaller(level: float, order: Sequence[str] = FRESH) -> Values:
    """Return ln of the size at which the gap has fallen to `level`, minus that of the next smaller network."""

    def values(tables: Tables, case: str) -> pd.Series[float]:
        if case == order[0]:
            raise ValueError(f"There is no network smaller than {case}.")
        mine, other = (
            crossing(table_of(tables, name), t=T, level=level, draws=1).each
            for name in (case, order[order.index(case) - 1])
        )
        return pd.Series({seed: np.log(mine[seed] / other[seed]) for seed in mine})

    return values


def mean_at(places: tuple[int, ...]) -> Values:
    """Return the mean entropy of held-out text at some places, at the largest size."""

    def values(tables: Tables, case: str) -> pd.Series[float]:
        table = tables(f"{case}/details")
        each = [detail(table, f"entropy_at_{place}", "held-out").loc[LARGEST] for place in places]
        return pd.concat(each, axis=1).mean(axis=1)

    return values


def side_scores(tables: Tables, cases: Sequence[str] = FRESH, *, own_text_alone: bool = False) -> pd.DataFrame:
    """Return a row per model: case, n_train, seed, score, and whether it is on the side of memory.

    The score is the entropy of fresh text minus that of the model's own, higher where the model memorizes; with
    `own_text_alone` minus the latter. Memory is below the crossing of its own case.
    """
    rows = []
    for case in cases:
        at = crossing(table_of(tables, case), t=T, draws=1).n
        score = -detail(tables(f"{case}/details"), "entropy", "generated")
        if not own_text_alone:
            score += detail(tables(f"{case}/details"), "entropy", "held-out")
        rows += [(case, n, seed, value, n < at) for (n, seed), value in score.stack().items()]
    return pd.DataFrame(rows, columns=["case", "n_train", "seed", "score", "memory"])


def area(own_text_alone: bool, cases: Sequence[str] = FRESH) -> Values:
    """Return the AUC over all models of all cases, with an interval that redraws configurations."""

    def values(tables: Tables, case: str) -> Interval:
        found = side_scores(tables, cases, own_text_alone=own_text_alone)
        cells = (found["case"] + " at " + found["n_train"].astype(str)).to_numpy()
        return auc(found["score"].to_numpy(), found["memory"].to_numpy(), clusters=cells)

    return values


def area_of_sides(cases: Sequence[str]) -> Values:
    """Return the AUC of the frozen score over all models of all cases, from their tables `side`.

    Memory is below the crossing of its own case; the interval redraws configurations.
    """

    def values(tables: Tables, case: str) -> Interval:
        found = []
        for name in cases:
            at = crossing(table_of(tables, name), t=T, draws=1).n
            score = detail(tables(f"{name}/side"), "side_score", "held-out").stack()
            found += [(value, n < at, f"{name} at {n}") for (n, _), value in score.items()]  # type: ignore[misc]
        scores, memory, cells = (np.array(column) for column in zip(*found, strict=True))
        return auc(scores, memory, clusters=cells)

    return values


def passage_over(other: str) -> Values:
    """Return ln of the factor in n on which the gap falls from 3/4 to 1/4, minus the mean of that of another case."""

    def factors(table: pd.DataFrame) -> pd.Series[float]:
        begin, end = (crossing(table, t=T, level=level, draws=1).each for level in (0.75, 0.25))
        return pd.Series({seed: np.log(end[seed] / begin[seed]) for seed in begin})

    return lambda tables, case: factors(table_of(tables, case)) - factors(table_of(tables, other)).mean()


def share_of_verdicts(verdict: int, n: int | None = None) -> Values:
    """Return, for each seed, the share of networks with a verdict, as `VERDICTS` has it: of those of one n, or all."""

    def values(tables: Tables, case: str) -> pd.Series[float]:
        found = detail(tables(f"{case}/side"), "side_verdict", "held-out")
        return (found if n is None else found.loc[[n]]).eq(verdict).mean()

    return values


def ahead_of_counts(quantity: str) -> Values:
    """Return how far the network is ahead of a table of triples on held-out text, at the largest size.

    There all seeds read the same sentences; the mean stands for a seed that the table lacks.
    """

    def values(tables: Tables, case: str) -> pd.Series[float]:
        bounds = tables("english-bounds")
        counts = by_size(at_level(bounds[bounds.denoiser == "triples"], T), quantity, split="held-out").iloc[-1]
        mine = by_size(at_level(table_of(tables, case), T), quantity, split="held-out").iloc[-1]
        counts = counts.reindex(mine.index, fill_value=counts.mean())
        return mine - counts if quantity == "recovered" else counts - mine

    return values


def spin_change(quantity: str, split: str) -> Values:
    """Return a quantity of networks of spins at the largest number of patterns minus that at the smallest."""

    def values(tables: Tables, case: str) -> pd.Series[float]:
        found = _of_copies(tables(case), quantity, split)
        return found.iloc[-1] - found.iloc[0]

    return values


def spin_gap(tables: Tables, case: str) -> pd.Series[float]:
    """Return training minus held-out recovery of networks of spins, at the largest number of patterns."""
    train, held_out = (_of_copies(tables(case), "recovered", split).iloc[-1] for split in ("train", "held-out"))
    return train - held_out


def _of_copies(table: pd.DataFrame, quantity: str, split: str) -> pd.DataFrame:
    return detail(table[table.denoiser == "copies"], quantity, split)


def radius_over_margin(n: int) -> Values:
    """Return the share of flips from which half of n random patterns return, over kappa^2 / 4.

    kappa is the smallest margin of the network, and kappa > 2 sqrt(rho) what is said to be enough for a share rho.
    """

    def values(tables: Tables, case: str) -> pd.Series[float]:
        table = tables(case)
        table = table[(table.denoiser == "random") & (table.n_train == n)]
        margin = table[table.quantity == "margin"].set_index("seed").value
        return half_return(table).loc[n] / (margin**2 / 4)

    return values

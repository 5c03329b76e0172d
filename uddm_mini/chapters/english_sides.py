"""What the frozen probe says of networks of English, network by network."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from uddm_mini.experiments.crossing import crossing
from uddm_mini.probes.roc import Interval
from uddm_mini.probes.shares import share_with_interval
from uddm_mini.teaching.results import committed

from .bars_more_english import SIDES
from .entropy_probe_sides import verdicts_by_side
from .ledger import T, Tables
from .quantities import area_of_sides, table_of

NETWORKS = {"width 24": SIDES[0], "width 64": SIDES[1], "width 128": SIDES[2]}


def networks_there(tables: Tables = committed) -> dict[str, str]:
    """Return those of NETWORKS of which both tables are there."""
    found = {}
    for label, case in NETWORKS.items():
        try:
            tables(f"{case}/side"), tables(f"{case}/sweep")
        except FileNotFoundError:
            continue
        found[label] = case
    return found


def verdicts_of(cases: Mapping[str, str], tables: Tables = committed) -> tuple[pd.DataFrame, pd.Series]:
    """Return the verdicts as `verdicts_by_side` does, with labels for cases, and the crossing of each in sentences."""
    found = verdicts_by_side(tables, list(cases.values()))
    labels = {case: label for label, case in cases.items()}
    at = {label: crossing(table_of(tables, case), t=T, draws=1).n for label, case in cases.items()}
    return found.assign(case=found["case"].map(labels)), pd.Series(at, name="crossing")


def counts_of(found: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Return some verdicts as pairs (how many, of how many networks).

    "memories found": below the crossing, "memorizes". "the others: generalizes": above it. "false alarms": above it,
    "memorizes"; "missed": below it, "generalizes". "undecided": of all.
    """
    memory, said = found["memory"], found["verdict"]
    return {
        "memories found": (int((memory & (said == "memorizes")).sum()), int(memory.sum())),
        "others: generalizes": (int((~memory & (said == "generalizes")).sum()), int((~memory).sum())),
        "undecided": (int((said == "undecided").sum()), len(found)),
        "false alarms": (int((~memory & (said == "memorizes")).sum()), int((~memory).sum())),
        "missed": (int((memory & (said == "generalizes")).sum()), int(memory.sum())),
    }


def false_alarms(found: pd.DataFrame) -> tuple[Interval, Interval]:
    """Return the share of false alarms with its interval: by network, and by configuration.

    A configuration is all seeds of one case and size; it is a false alarm if one of its seeds is.
    """
    above = found[~found["memory"]]
    wrong = above["verdict"] == "memorizes"
    cells = wrong.groupby([above["case"], above["n_train"]]).any()
    return share_with_interval(int(wrong.sum()), len(wrong)), share_with_interval(int(cells.sum()), len(cells))


def summary_of(cases: Mapping[str, str], tables: Tables = committed) -> pd.DataFrame:
    """Return a column of words for each network and for all together: crossing, counts, false alarms, AUC."""
    found, at = verdicts_of(cases, tables)
    columns = {}
    for label in [*cases, "together"]:
        mine = found if label == "together" else found[found["case"] == label]
        names = list(cases.values()) if label == "together" else [cases[label]]
        area = area_of_sides(names)(tables, "all")
        assert isinstance(area, Interval)
        columns[label] = {
            "crossing": f"{at[label]:,.0f}" if label in at else "",
            **{what: f"{hits} of {trials}" for what, (hits, trials) in counts_of(mine).items()},
            "false alarms, at most": f"{false_alarms(mine)[0].high:.3f}",
            "by configuration": f"{false_alarms(mine)[1].high:.3f}",
            "AUC": f"{area.value:.3f}",
        }
    return pd.DataFrame(columns)

"""Every claim of the ledger: what the stored tables say now, and that other tables would turn the verdict around."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from uddm_mini.teaching import claims

PAGE = Path(__file__).resolve().parents[1] / "book" / "claims.ipynb"
VERDICTS = {
    "training_basins_shrink": True,
    "held_out_basins_grow": True,
    "they_converge": True,
    "entropy_vanishes": True,
    "entropy_stays_finite": True,
    "entropy_alone_tells": True,
    "perplexity_peaks": False,
    "larger_models_later": True,
    "unseen_data_are_fixed_points": True,
    "real_text_too": True,
}


def reversed_sizes(name: str) -> pd.DataFrame:
    """The tables of a world in which many sentences do what few do here."""
    table = claims.committed(name)
    sizes = np.unique(table["n_train"])
    return table.assign(n_train=table["n_train"].map(dict(zip(sizes, sizes[::-1], strict=True))))


def swapped_models(name: str) -> pd.DataFrame:
    """The tables of a world in which the small model is the large one."""
    return claims.committed(
        {"toy-small/sweep": "toy-large/sweep", "toy-large/sweep": "toy-small/sweep"}.get(name, name)
    )


def peaked(name: str) -> pd.DataFrame:
    """A table whose held-out NELBO is largest at 128 sentences."""
    table = claims.committed(name)
    return table.assign(nelbo=np.where(table["n_train"] == 128, 9.0, table["nelbo"]))


OTHER_WORLDS = {name: reversed_sizes for name in VERDICTS} | {
    "larger_models_later": swapped_models,
    "perplexity_peaks": peaked,
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_stored_tables_give_the_verdict_of_the_ledger(name):
    finding = getattr(claims, name)()
    assert finding.agrees is VERDICTS[name], finding


@pytest.mark.parametrize("name", VERDICTS)
def test_other_tables_would_turn_the_verdict_around(name):
    try:
        finding = getattr(claims, name)(OTHER_WORLDS[name])
    except ValueError as error:  # a curve that starts at its limit has no crossing at all
        assert "nothing to cross" in str(error)
    else:
        assert finding.agrees is not VERDICTS[name], finding


def test_the_page_lists_these_claims_with_these_verdicts():
    cells = ["".join(cell["source"]) for cell in json.loads(PAGE.read_text("utf-8"))["cells"]]
    shown = [re.search(r"finding = claims\.(\w+)\(\)", cell) for cell in cells]
    assert [m[1] for m in shown if m] == list(VERDICTS)
    table = next(cell for cell in cells if "| verdict |" in cell)
    words = re.findall(r"^\| \d+ \| \[.*?\]\(#claim-\d+\) \| (\w+)", table, re.M)
    assert words == ["agree" if held else "disagree" for held in VERDICTS.values()] + ["not", "not"]


def test_an_interval_over_seeds_covers_its_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = [low <= 1 <= high for _, low, high in (claims.over_seeds(rng.normal(1, 2, 5)) for _ in range(4000))]
    assert abs(np.mean(inside) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 4000)

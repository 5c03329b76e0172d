"""The ledger: what the stored tables say now, that its page shows every claim once, and that bars came before data."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from uddm_mini.chapters.bars import claims
from uddm_mini.chapters.verdicts import Ledger, ledger

ROOT = Path(__file__).resolve().parents[2]
PAGE = json.loads((ROOT / "book" / "claims.ipynb").read_text("utf-8"))
VERDICTS = {
    "basins without an energy": "agree",
    "training basins shrink": "agree",
    "held-out basins grow": "agree",
    "they converge": "agree",
    "the size of the training set governs it": "agree",
    "entropy vanishes in memory": "mixed",
    "entropy stays finite in generalization": "mixed",
    "recovered words are certain, failed ones are not": "mixed",
    "entropy of real and of own text": "agree",
    "entropy alone tells the side": "agree",
    "the plainest entropy tells the side": "mixed",
    "the score holds out of its grid": "agree",
    "held-out perplexity peaks": "disagree",
    "perplexity of own text peaks": "agree",
    "larger networks later": "mixed",
    "unseen text is left alone": "agree",
    "micro-attractors": "mixed",
    "basins from random starts": "mixed",
    "it happens in English": "mixed",
    "larger networks later, in English": "agree",
    "other noises, schedules, backbones and data": "mixed",
    "a sharp passage": "mixed",
    "long after the transition": "mixed",
    "undecided without learning": "agree",
    "verdicts hold out of their grid": "agree",
    "low entropy is no memory": "agree",
    "wider basins by the reconstruction term": "disagree",
    "spins do the same": "agree",
    "a network worth showing in English": "disagree",
    "a network that read English fifty times": "disagree",
    "the side in English": "agree",
}


@pytest.fixture(scope="module")
def everything() -> Ledger:
    return ledger()


def test_the_stored_tables_say_what_they_said(everything: Ledger):
    assert {one.claim.name: one.verdict for one in everything.findings} == VERDICTS


def test_the_page_gives_reasons_for_every_claim_once():
    shown = [name for cell in PAGE["cells"] for name in re.findall(r'^ {4}"(.+)",$', "".join(cell["source"]), re.M)]
    assert sorted(shown) == sorted(one.name for one in claims())


def test_bars_came_before_the_numbers_that_they_judge():
    """In the history of the book, where it is whole."""
    text = "".join("".join(cell["source"]) for cell in PAGE["cells"])
    rows = re.findall(r"^\| .+? \| (`[^|]+) \| (`[^|]+) \|$", text, re.M)
    assert len(rows) == 5
    for bars, numbers in rows:
        for first in re.findall("`(.+?)`", bars):
            for second in re.findall("`(.+?)`", numbers):
                order = subprocess.run(
                    ["git", "merge-base", "--is-ancestor", first, second], cwd=ROOT, capture_output=True, check=False
                )
                if order.returncode not in (0, 1):
                    pytest.skip("this copy has not the whole history")
                assert order.returncode == 0, f"{first} is not before {second}"


def test_a_claim_is_found_by_its_name_and_reasons_keep_its_number(everything: Ledger):
    reasons = everything.about("they converge", "training basins shrink")
    assert list(reasons.findings) == [4, 2]
    assert repr(reasons).startswith(
        "4. The paper's abstract claims: In the end training and unseen text come back equally often. Here: agree.\n"
    )
    assert "2. The paper&#x27;s abstract claims: <b>With more training sentences, less" in reasons._repr_html_()
    assert sum(everything.count().values()) == len(claims())
    with pytest.raises(KeyError, match="There is no claim 'nothing'; there are basins"):
        everything["nothing"]

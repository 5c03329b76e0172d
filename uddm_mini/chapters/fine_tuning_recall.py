"""How well stored networks tell what they know by heart, from 16 to 8,192 training sentences: the committed table."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from uddm_mini.audit.retrieval import RecallSettings, measured_retrieval
from uddm_mini.experiments.run import OneByOne, Rows, finish
from uddm_mini.experiments.store import Store, read_rows, rows_of
from uddm_mini.probes.roc import Interval
from uddm_mini.teaching.results import results_path
from uddm_mini.training.checkpoint import load
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import draw_corpus
from uddm_mini.worlds.toy_language import ToyLanguage

TABLE = "recall.csv"
SIZES = (16, 64, 128, 256, 1024, 8192)
QUERIES = 512  # noisy training sentences, and as many fresh ones
T = 0.25  # their noise level
SHARES = ("answered", "precision", "recall", "false_alarms", "exact", "exact_plain")
ENDS = {"": "value", " low": "low", " high": "high"}  # of a quantity, and the field of an `Interval`


class Recalls(OneByOne):
    """The work: ask one stored network after the other."""

    def __init__(self, corpus: Corpus, queries: int, settings: RecallSettings) -> None:
        """Keep the text and what is asked of it."""
        self.corpus, self.queries, self.settings = corpus, queries, settings

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of the stored network of n sentences; what is a share of nothing has none."""
        model = load(results_path(f"models/toy-n{n}.safetensors"))
        fresh = self.corpus.held_out[: self.queries]
        found = measured_retrieval(model, self.corpus.subset(n, seed), fresh, T, self.settings, seed=seed)
        shares: dict[str, Interval | None] = {name: getattr(found, name) for name in SHARES}
        values = {
            name + end: float(getattr(share, field))
            for name, share in shares.items()
            if share is not None
            for end, field in ENDS.items()
        }
        return rows_of(values, n_train=n, seed=seed, split="train", t=T)


def recalls(sizes: tuple[int, ...] = SIZES, queries: int = QUERIES, out: Path | None = None) -> pd.DataFrame:
    """Return what `measured_retrieval` says of stored networks: a row for each, with the ends of every interval."""
    corpus, settings = draw_corpus(ToyLanguage(), 8192), RecallSettings()
    decides = {"recall": asdict(settings), "queries": queries, "t": T, "corpus": corpus.sha256}
    command = {"command": f"python -m uddm_mini.chapters.fine_tuning_recall {out.name}"} if out else {}
    store = Store(out, decides, {}, command)
    return table_of(finish(store, [(n, 0) for n in sizes], Recalls(corpus, queries, settings)))


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each n_train, with a column for each share and its ends; NaN for a share of nothing."""
    table = rows.pivot(index="n_train", columns="quantity", values="value")
    return table.reindex(columns=[name + end for name in SHARES for end in ENDS]).rename_axis(columns=None)


def committed_recall() -> pd.DataFrame:
    """Return the committed table of `recalls`."""
    return table_of(read_rows(results_path(TABLE)))


if __name__ == "__main__":  # python -m uddm_mini.chapters.fine_tuning_recall data/recall.csv
    recalls(out=Path(sys.argv[1]))

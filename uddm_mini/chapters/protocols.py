"""The same models under three protocols of recovery: one best guess, and the authors' walk in 32 and in 1,000 steps."""

from __future__ import annotations

import pandas as pd

from uddm_mini.experiments.crossing import Crossing, at_level, crossing
from uddm_mini.teaching.results import committed

from .ledger import Tables, over_seeds

GRID = "fresh-medium"
PROTOCOLS = {"one guess": "protocol-argmax", "32 steps": "protocol-32", "1,000 steps": "protocol-1000"}
AUTHORS = "1,000 steps"  # what the other protocols are compared with
PER_SENTENCE, POOLED = "by_sentence", "recovered"  # two ways to average, the authors' and the book's
TEXTS = {"train": "training", "held-out": "held-out"}
KEYS = ["split", "n_train", "t"]
MARK = "*"  # differs from the authors' protocol by more than the seeds do


def measured(tables: Tables = committed) -> pd.DataFrame:
    """Return the recovery of every model, columns split, n_train, t, seed, protocol, average and value (a share)."""
    parts = []
    for protocol, name in PROTOCOLS.items():
        rows = tables(f"{GRID}/{name}")
        rows = rows[rows["quantity"].isin((PER_SENTENCE, POOLED))].rename(columns={"quantity": "average"})
        parts.append(rows.assign(protocol=protocol)[[*KEYS, "seed", "protocol", "average", "value"]])
    return pd.concat(parts, ignore_index=True)


def differences(found: pd.DataFrame, average: str = PER_SENTENCE) -> pd.DataFrame:
    """Return what each way to measure has more than 1,000 steps averaged per sentence, by split, n_train and t.

    found: as `measured` returns it
    average: how one guess and 32 steps are averaged, and 1,000 steps beside them; the fourth way, "pooled", is always
        1,000 steps pooled less the same per sentence

    Columns what, split, n_train, t, value, low, high (the mean over the seeds of differences within a seed, and its
    95 % interval by Student's t) and side: "higher" or "lower" where the interval lies on one side of 0, else "same".
    """
    wide = found.pivot_table(index=[*KEYS, "seed"], columns=["protocol", "average"], values="value")
    pairs = {name: ((name, average), (AUTHORS, average)) for name in PROTOCOLS if name != AUTHORS}
    pairs["pooled"] = ((AUTHORS, POOLED), (AUTHORS, PER_SENTENCE))
    rows = []
    for what, (one, other) in pairs.items():
        for key, values in (wide[one] - wide[other]).groupby(level=KEYS, sort=False):
            middle, low, high = over_seeds(values)
            side = "higher" if low > 0 else "lower" if high < 0 else "same"
            rows.append({"what": what, **dict(zip(KEYS, key, strict=True)), "value": middle, "low": low, "high": high})
            rows[-1]["side"] = side
    return pd.DataFrame(rows)


def protocol_table(*times: float, tables: Tables = committed) -> pd.DataFrame:
    """Return recovery by protocol at these noise levels (0.25 if none is given), for a reader: a narrow table of words.

    A row for each text, number of training sentences and level. Columns one guess, 32 steps and 1,000 steps, averaged
    per sentence, and pooled: 1,000 steps with all words in one mean. Mean and half of the 95 % interval over the seeds;
    a star where a number differs from that of 1,000 steps by more than the seeds do (`differences`).
    """
    found = measured(tables)
    side = differences(found).set_index(["what", *KEYS])["side"]
    rows: dict[str, dict[str, str]] = {}
    for t in times or (0.25,):
        part = at_level(found, t)
        for (split, n), here in part.groupby(["split", "n_train"], sort=False):
            label = f"{n:,}, {TEXTS[str(split)]}" + (f", t = {t:g}" if len(times) > 1 else "")
            level = float(here["t"].iloc[0])
            rows[label] = {}
            for what in (*PROTOCOLS, "pooled"):
                protocol, average = (AUTHORS, POOLED) if what == "pooled" else (what, PER_SENTENCE)
                values = here[(here["protocol"] == protocol) & (here["average"] == average)]["value"]
                middle, low, _ = over_seeds(values)
                starred = what != AUTHORS and side[what, split, n, level] != "same"
                rows[label][what] = f"{middle:.2f} ±{middle - low:.2f}{MARK * starred}"
    return pd.DataFrame(rows).T


def protocol_crossings(t: float = 0.25, average: str = PER_SENTENCE, tables: Tables = committed) -> dict[str, Crossing]:
    """Return where the gap between training and held-out text has halved under each protocol, see `crossing`."""
    found = measured(tables)
    found = found[found["average"] == average].rename(columns={"value": "recovered"})
    return {name: crossing(rows, t=t) for name, rows in found.groupby("protocol", sort=False)}

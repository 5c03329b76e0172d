"""The rows of a table of results: what they are, how they are written, and which cannot be."""

from __future__ import annotations

import hashlib
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

Job = tuple[int, int]  # (n_train, seed)
KEYS = ["n_train", "seed", "split", "t", "denoiser", "quantity"]
TYPES = dict.fromkeys(("n_train", "seed"), "int64") | dict.fromkeys(("t", "value"), "float64")
COLUMNS = [*KEYS, "value"]
SHARES = ("recovered", "unstable", "exact", "chance")  # of words or sentences


def jobs_in(frame: pd.DataFrame) -> set[Job]:
    """Return the (n_train, seed) of all rows."""
    return set(zip(frame["n_train"].tolist(), frame["seed"].tolist(), strict=True))


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in order, each of its type, sorted and with no row twice."""
    frame = frame.reindex(columns=COLUMNS).astype({name: TYPES.get(name, "str") for name in COLUMNS})
    return frame.drop_duplicates(KEYS).sort_values(KEYS, ignore_index=True)


def typed(frame: pd.DataFrame) -> str:
    """Return the table as it stands in its file: six digits of every number."""
    return str(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def digests(frame: pd.DataFrame) -> dict[Job, str]:
    """Return a fingerprint of the rows of each job, as they stand in the file."""
    lines = typed(frame).splitlines()[1:]
    owners = zip(frame["n_train"].tolist(), frame["seed"].tolist(), lines, strict=True)
    return {
        job: hashlib.sha256("\n".join(line for _, _, line in rows).encode()).hexdigest()[:16]
        for job, rows in groupby(owners, key=itemgetter(0, 1))
    }


def check_rows(frame: pd.DataFrame) -> None:
    """Raise ValueError with the first row that cannot be, whoever wrote it."""
    wrong = {
        "n_train below 1": frame["n_train"] < 1,
        "a seed below 0": frame["seed"] < 0,
        "t outside 0 to 1": frame["t"].notna() & ~frame["t"].between(0, 1),
    }
    wrong |= {f"no {name}": frame[name].isin(["", "nan", "None"]) for name in ("split", "denoiser", "quantity")}
    _refuse(frame, wrong)


def check_values(frame: pd.DataFrame) -> None:
    """Raise ValueError with the first value that cannot be; for rows that no digest guards."""
    share = frame["quantity"].isin(SHARES) & frame["value"].notna()
    wrong = {
        "a share outside 0 to 1": share & ~frame["value"].between(0, 1),
        "seconds below 0": (frame["quantity"] == "seconds") & (frame["value"] < 0),
    }
    _refuse(frame, wrong)


def _refuse(frame: pd.DataFrame, wrong: dict[str, pd.Series]) -> None:
    for what, rows in wrong.items():
        if bool(rows.any()):
            raise ValueError(f"a row has {what}: {','.join(map(str, frame[rows].iloc[0]))}")


def rows_of(values: dict[str, float], **keys: Any) -> list[dict[str, Any]]:
    """Return one row per quantity of `values`, with the same other keys; by default t is missing, denoiser "model"."""
    keys = {"t": float("nan"), "denoiser": "model", **keys}
    return [{**keys, "quantity": name, "value": value} for name, value in values.items()]


def wide(rows: pd.DataFrame, columns: list[str], denoiser: bool = False) -> pd.DataFrame:
    """Return one row per (n_train, seed, split, t), and `denoiser` if wanted, with a column for each of the quantities.

    A quantity without a t stands in the rows of every t.
    """
    keys = [*(["denoiser"] if denoiser else []), "n_train", "seed", "split"]
    rows = rows[rows["quantity"].isin(columns)]
    by_level, once = rows[rows["t"].notna()], rows[rows["t"].isna()]
    table = by_level.pivot(index=[*keys, "t"], columns="quantity", values="value").reset_index()
    table = table.merge(once.pivot(index=keys, columns="quantity", values="value").reset_index(), on=keys, how="left")
    return table[[*keys, "t", *(name for name in columns if name in table)]].rename_axis(columns=None)

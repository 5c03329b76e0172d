"""Results as one long table that grows while a computation runs, with a note that says what made them.

A row is (n_train, seed, split, t, denoiser, quantity, value); t is missing where a quantity does not depend on it. A
new quantity adds rows, so that stored tables stay readable. The note (JSON, beside the table) holds the settings,
which decide the numbers, the jobs that are done with their number of rows, and versions, device and command.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from filelock import FileLock, Timeout

import uddm_mini
from uddm_mini.files import replacing
from uddm_mini.settings import flat

Job = tuple[int, int]  # (n_train, seed)
KEYS = ["n_train", "seed", "split", "t", "denoiser", "quantity"]
TYPES = dict.fromkeys(("n_train", "seed"), "int64") | dict.fromkeys(("t", "value"), "float64")
COLUMNS = [*KEYS, "value"]
FORMAT = "uddm_mini results 2"
LOCK_SECONDS = 600  # to write a table takes far less


@dataclass
class Store:
    """The results of many jobs (n_train, seed): in memory, or with `path` in a CSV file and its note.

    path: a file that ends in .csv; the note has the same name and ends in .json.
    settings: what decides the numbers. A table that was made with others is refused.
    defaults: values of settings that a stored note does not know yet.
    about: more to note, such as the command.

    Several processes may add to one file if each has seeds or sizes of its own; of a job that two have done, the first
    rows stay. ValueError, at first and at every later access, if the file or its note cannot be read, was made with
    other settings, or is kept by another process.
    """

    path: Path | None
    settings: dict[str, Any]
    defaults: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("settings", "defaults"):  # tuples become lists, as in the file
            setattr(self, name, json.loads(json.dumps(getattr(self, name))))
        self.frame = _tidy(pd.DataFrame(columns=COLUMNS))
        if self.path is not None:
            if self.path.is_dir() or self.path.suffix != ".csv":
                raise ValueError(f"{self.path} is no name for a table; give a file that ends in .csv.")
            self.note = self.path.with_suffix(".json")
            self.load()

    @property
    def label(self) -> str:
        """What the progress bar says."""
        return self.path.stem if self.path else "experiment"

    @property
    def done(self) -> set[Job]:
        """The jobs that need not be done again."""
        return jobs_in(self.frame)

    def load(self) -> pd.DataFrame:
        """Return the rows of all whole jobs, those of other processes too, as they are in the file."""
        if self.path is not None:
            self._checked_note()
            if self.path.exists():
                self.frame = read_rows(self.path)
        return self.frame

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Add the rows of jobs that nobody else has finished meanwhile; table and note are replaced whole."""
        new = pd.DataFrame(rows)
        with _locked(self.path) if self.path else nullcontext():
            done = jobs_in(self.load())
            new = new[[job not in done for job in zip(new["n_train"], new["seed"], strict=True)]]
            if new.empty:
                return
            self.frame = _tidy(pd.concat([self.frame, new]))
            if self.path is not None:
                self._write()

    def _write(self) -> None:
        """Write the note first: rows that it does not count yet would look like rows of a job that was cut off."""
        assert self.path is not None
        counts = self.frame.groupby(["n_train", "seed"], sort=True).size()
        jobs = [[*map(int, job), count] for job, count in zip(counts.index.tolist(), counts.tolist(), strict=True)]
        note = {"format": FORMAT, "settings": self.settings, "about": self._about(self._checked_note()), "jobs": jobs}
        with replacing(self.note) as temporary:
            temporary.write_text(_json(note), encoding="utf-8")
        with replacing(self.path) as temporary:
            self.frame.to_csv(temporary, index=False, float_format="%.6g")

    def _checked_note(self) -> dict[str, Any]:
        """Return what the note that is there tells about the table; refuse to mix two different ones."""
        assert self.path is not None
        table_exists = self.path.exists()  # asked first: another process writes the note before the table
        if not self.note.exists():
            if table_exists:
                raise ValueError(f"{self.path} has no {self.note.name}, so nobody knows what it is; delete it.")
            return {}
        note = read_note(self.path)
        before, now = flat(self.defaults) | flat(note["settings"]), flat(self.settings)
        changed = [f"{k}: {before.get(k)} there, {now.get(k)} now" for k in before | now if before.get(k) != now.get(k)]
        if changed:
            raise ValueError(
                f"{self.path} was made with other settings or data; choose another folder, or delete it and "
                f"{self.note.name}. {'; '.join(changed)}."
            )
        return dict(note["about"])

    def _about(self, earlier: dict[str, Any]) -> dict[str, Any]:
        """Return what to note; the versions and commands of earlier calls stay, for some rows are theirs."""
        about = {"versions": _versions(self.device), **self.about}
        for name in ("versions", "command"):
            seen = [*earlier.get(f"earlier {name}", []), *([earlier[name]] if name in earlier else [])]
            if old := [value for k, value in enumerate(seen) if value != about.get(name) and value not in seen[:k]]:
                about[f"earlier {name}"] = old
        return about


def read_rows(path: Path) -> pd.DataFrame:
    """Return the rows of all whole jobs in a results file; what was cut off is left out, and so done again.

    ValueError if the file or its note cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        text = text[: text.rfind("\n") + 1]  # a last line without its end may lack a digit
        frame = pd.read_csv(StringIO(text), dtype={name: TYPES.get(name, "str") for name in COLUMNS})
        if missing := set(COLUMNS) - set(frame.columns):
            raise ValueError(f"it lacks the columns {', '.join(sorted(missing))}")
        frame = _tidy(frame)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read ({str(error).strip()}); delete it to begin anew.") from None
    counts = {(n, seed): count for n, seed, count in read_note(path)["jobs"]}
    sizes = frame.groupby(["n_train", "seed"])["seed"].transform("size")
    wanted = [counts.get(job) for job in zip(frame["n_train"], frame["seed"], strict=True)]
    return frame[sizes == pd.Series(wanted, index=frame.index, dtype="float64")].reset_index(drop=True)


def read_note(path: Path) -> dict[str, Any]:
    """Return the note of a results file: format, settings, about, jobs; ValueError if it is no such note."""
    note_path = path.with_suffix(".json")
    try:
        note = json.loads(note_path.read_text(encoding="utf-8"))
        if not isinstance(note, dict) or note.get("format") != FORMAT:
            raise ValueError(f"it is not in the format {FORMAT!r}")
        jobs = [(int(n), int(seed), int(rows)) for n, seed, rows in note["jobs"]]
        return {"settings": dict(note["settings"]), "about": dict(note["about"]), "jobs": jobs}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{note_path} cannot be read ({error}); choose another folder, or delete it.") from None


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


def jobs_in(frame: pd.DataFrame) -> set[Job]:
    """Return the (n_train, seed) of all rows."""
    return set(zip(frame["n_train"].tolist(), frame["seed"].tolist(), strict=True))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes from writing at `path`; the system frees the lock of a killed one, where it has locks."""
    lock = FileLock(path.with_name(".lock"), timeout=LOCK_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"Another process has kept {path} to itself for {LOCK_SECONDS} seconds; delete {lock.lock_file} if no "
            "other process writes there."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _versions(device: str) -> dict[str, str]:
    """Return what may change the last digits."""
    packages = {module.__name__: module.__version__ for module in (uddm_mini, torch, np, pd)}
    where = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    return {"python": platform.python_version(), **packages, "device": where}


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in order, each of its type, sorted and with no row twice."""
    frame = frame.reindex(columns=COLUMNS).astype({name: TYPES.get(name, "str") for name in COLUMNS})
    return frame.drop_duplicates(KEYS).sort_values(KEYS, ignore_index=True)


def _json(note: dict[str, Any]) -> str:
    """Return the note as JSON with one line per job."""
    jobs = note["jobs"]
    text = json.dumps({**note, "jobs": "JOBS"}, indent=1)
    return text.replace('"JOBS"', "[\n  " + ",\n  ".join(map(json.dumps, jobs)) + "\n ]") + "\n"

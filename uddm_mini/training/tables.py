"""Tables that grow while a long computation runs: by whole jobs, from several processes, continued by the same call."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
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

Job = tuple[int, int]  # (n_train, seed)
TYPES = {"n_train": "int64", "seed": "int64", "split": "str", "denoiser": "str", "quantity": "str"}  # others: float64
LOCK_SECONDS = 600  # to write a table takes far less


@dataclass
class Table:
    """The results of many jobs, one per (n_train, seed): in memory, or with `path` in a CSV file.

    Beside the file lies a note (JSON) with the settings, which decide the numbers, and with what else is worth knowing
    about them: sizes, seeds, versions, device, command. Several processes may add to one file if each has
    seeds or sizes of its own; of a job that two have done, the first rows stay. ValueError, at first and at every later
    access, if the file or its note can't be read or was made with other settings, or if another process never frees it.
    """

    path: Path | None
    columns: Sequence[str]
    keys: int  # so many columns, the first ones, tell the rows apart and sort them
    settings: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)  # more to note
    device: str = "cpu"
    rows_of_a_job: int = 0  # 0: as many as the longest one has
    defaults: dict[str, Any] = field(default_factory=dict)  # of settings that an older note does not know
    note_name: str = ""  # the default is the table's name, ending in .json

    def __post_init__(self) -> None:
        for name in ("settings", "defaults"):  # tuples become lists, as in the file
            setattr(self, name, json.loads(json.dumps(getattr(self, name))))
        self.frame = _tidy(pd.DataFrame(columns=list(self.columns)), self.columns, self.keys)
        if self.path is not None:
            if self.path.is_dir() or self.path.suffix == ".json":
                raise ValueError(f"{self.path} can't be a table; give the name of a file that ends in .csv.")
            self.note = self.path.with_name(self.note_name or f"{self.path.stem}.json")
            self.load()

    @property
    def done(self) -> set[Job]:
        """The jobs that need not be done again."""
        return jobs_in(self.frame)

    def load(self) -> pd.DataFrame:
        """Return all whole jobs, those of other processes too, as they are in the file."""
        if self.path is not None:
            self._checked_note()
            if self.path.exists():
                self.frame = read_table(self.path, self.columns, self.keys, self.rows_of_a_job)
        return self.frame

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Add the rows of jobs that nobody else has finished meanwhile; the file is replaced whole, after its note."""
        new = pd.DataFrame(rows)
        with _locked(self.path) if self.path else nullcontext():
            done = jobs_in(self.load())
            new = new[[job not in done for job in zip(new["n_train"], new["seed"], strict=True)]]
            if new.empty:
                return
            self.frame = _tidy(pd.concat([self.frame, new]), self.columns, self.keys)
            if self.path is None:
                return
            note = {"settings": self.settings, "about": self._about(self._checked_note())}
            with replacing(self.note) as temporary:
                temporary.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
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
        settings, about = read_note(self.note)
        before, now = _flat(self.defaults) | _flat(settings), _flat(self.settings)
        changed = [f"{k}: {before.get(k)} there, {now.get(k)} now" for k in before | now if before.get(k) != now.get(k)]
        if changed:
            raise ValueError(
                f"{self.path} was made with other settings or data; choose another folder, or delete it and "
                f"{self.note.name}. {'; '.join(changed)}."
            )
        return about

    def _about(self, earlier: dict[str, Any]) -> dict[str, Any]:
        """Return what to note; the versions and commands of earlier calls stay, for some rows are theirs."""
        sizes, seeds = (sorted(set(self.frame[name].tolist())) for name in ("n_train", "seed"))
        about = {"sizes": sizes, "seeds": seeds, "versions": _versions(self.device), **self.about}
        for name in ("versions", "command"):
            seen = [*earlier.get(f"earlier {name}", []), *([earlier[name]] if name in earlier else [])]
            if old := [value for k, value in enumerate(seen) if value != about.get(name) and value not in seen[:k]]:
                about[f"earlier {name}"] = old
        return about


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


def jobs_in(frame: pd.DataFrame) -> set[Job]:
    """Return the (n_train, seed) of all rows."""
    return set(zip(frame["n_train"].tolist(), frame["seed"].tolist(), strict=True))


def read_table(path: Path, columns: Sequence[str], keys: int, rows_of_a_job: int = 0) -> pd.DataFrame:
    """Return the whole jobs in a CSV file: what was cut off is left out, and so done again.

    ValueError if the file is no such table.
    """
    try:
        text = path.read_text(encoding="utf-8")
        text = text[: text.rfind("\n") + 1]  # a last line without its end may lack a digit
        types = {name: TYPES.get(name, "float64") for name in columns}
        frame = _tidy(pd.read_csv(StringIO(text), usecols=list(columns), dtype=types), columns, keys)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read ({error}); delete it to begin anew.") from None
    rows = frame.groupby(["n_train", "seed"])["seed"].transform("size")
    return frame[rows == (rows_of_a_job or rows.max())].reset_index(drop=True)


def read_note(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of a table and what else its note tells; ValueError if it is no such note."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        if "about" not in note:  # the first notes held the settings alone
            return dict(note), {}
        settings, about = dict(note["settings"]), dict(note["about"])
        if "device" in about:  # it once stood beside the versions
            about["versions"] = {**about["versions"], "device": about.pop("device")}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} cannot be read ({error}); choose another folder, or delete it.") from None
    return settings, about


def _versions(device: str) -> dict[str, str]:
    """Return what may change the last digits."""
    packages = {module.__name__: module.__version__ for module in (uddm_mini, torch, np, pd)}
    where = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    return {"python": platform.python_version(), **packages, "device": where}


def _tidy(frame: pd.DataFrame, columns: Sequence[str], keys: int) -> pd.DataFrame:
    """Return the columns in order, each of its type, sorted and with no row twice."""
    frame = frame.reindex(columns=list(columns)).astype({name: TYPES.get(name, "float64") for name in columns})
    names = list(columns[:keys])
    return frame.drop_duplicates(names).sort_values(names, ignore_index=True)


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Return nested settings as one dictionary with keys such as "train.steps"."""
    return dict(*pd.json_normalize(settings).to_dict("records"))

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
from uddm_mini.files import at, check_writable, replacing
from uddm_mini.settings import flat

from .rows import COLUMNS, TYPES, Job, check_rows, check_values, digests, jobs_in, tidy, typed
from .rows import rows_of as rows_of
from .rows import wide as wide

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
        self.frame = tidy(pd.DataFrame(columns=COLUMNS))
        if self.path is not None:
            self.path = at(self.path)
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

    def claim(self) -> bool:
        """Write down what the table will be before the work begins, so that no other work can take its place.

        Return whether nobody had done so. OSError or ValueError where file, note or lock cannot be written.
        """
        if self.path is None:
            return False
        check_writable(self.path)
        with _locked(self.path):
            new = not self._checked_note()
            if new:
                self._write_note([], {})
        return new

    def give_up(self) -> None:
        """Take the claim back, if no job was finished."""
        if self.path is not None:
            with _locked(self.path):
                if not self.path.exists():
                    self.note.unlink(missing_ok=True)

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Add the rows of jobs that nobody else has finished meanwhile; table and note are replaced whole."""
        new = pd.DataFrame(rows)
        with _locked(self.path) if self.path else nullcontext():
            done = jobs_in(self.load())
            new = new[[job not in done for job in zip(new["n_train"], new["seed"], strict=True)]]
            if new.empty:
                return
            self.frame = tidy(pd.concat([self.frame, new]))
            if self.path is not None:
                self._write()

    def _write(self) -> None:
        """Write the note first: rows that it does not count yet would look like rows of a job that was cut off."""
        assert self.path is not None
        counts = self.frame.groupby(["n_train", "seed"], sort=True).size()
        jobs = [[*map(int, job), count] for job, count in zip(counts.index.tolist(), counts.tolist(), strict=True)]
        self._write_note(jobs, digests(self.frame))
        with replacing(self.path) as temporary:
            temporary.write_text(typed(self.frame), encoding="utf-8")

    def _write_note(self, jobs: list[list[int]], found: dict[Job, str]) -> None:
        note = {"format": FORMAT, "settings": self.settings, "about": self._about(self._checked_note()), "jobs": jobs}
        note["sha256"] = [found[n, seed] for n, seed, _ in jobs]
        with replacing(self.note) as temporary:
            temporary.write_text(_json(note), encoding="utf-8")

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
            models = " and the models" if (self.path.parent / "models").is_dir() else ""
            raise ValueError(
                f"{self.path} was made with other settings or data; choose another folder, or delete it and "
                f"{self.note.name}{models}. {'; '.join(changed)}."
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

    ValueError if the file or its note cannot be read, has rows that cannot be, or others than were written.
    """
    path = at(path)
    try:
        text = path.read_text(encoding="utf-8")
        text = text[: text.rfind("\n") + 1]  # a last line without its end may lack a digit
        frame = pd.read_csv(StringIO(text), dtype={name: TYPES.get(name, "str") for name in COLUMNS})
        if missing := set(COLUMNS) - set(frame.columns):
            raise ValueError(f"it lacks the columns {', '.join(sorted(missing))}")
        frame = tidy(frame)
        check_rows(frame)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path} cannot be read ({str(error).strip()}); delete it to begin anew.") from None
    note = read_note(path)
    counts = {(n, seed): count for n, seed, count in note["jobs"]}
    sizes = frame.groupby(["n_train", "seed"])["seed"].transform("size")
    wanted = [counts.get(job) for job in zip(frame["n_train"], frame["seed"], strict=True)]
    whole = frame[sizes == pd.Series(wanted, index=frame.index, dtype="float64")].reset_index(drop=True)
    bare = [job not in note["sha256"] for job in zip(whole["n_train"], whole["seed"], strict=True)]
    try:
        check_values(whole[pd.Series(bare, index=whole.index, dtype=bool)])
    except ValueError as error:
        raise ValueError(f"{path} cannot be read ({error}); delete it to begin anew.") from None
    if changed := [job for job, found in digests(whole).items() if note["sha256"].get(job, found) != found]:
        raise ValueError(
            f"{path} was damaged or changed by hand: the rows of n_train = {changed[0][0]}, seed = {changed[0][1]} are "
            f"not those that were written; take a copy of it, or delete it and {path.with_suffix('.json').name}."
        )
    return whole


def read_note(path: Path) -> dict[str, Any]:
    """Return the note of a results file: format, settings, about, jobs, sha256 of each job (none in an older note).

    ValueError if it is no such note.
    """
    note_path = at(path).with_suffix(".json")
    try:
        note = json.loads(note_path.read_text(encoding="utf-8"))
        if not isinstance(note, dict) or note.get("format") != FORMAT:
            raise ValueError(f"it is not in the format {FORMAT!r}")
        jobs = [(int(n), int(seed), int(rows)) for n, seed, rows in note["jobs"]]
        found = [str(one) for one in note.get("sha256", [])]
        if found and len(found) != len(jobs):
            raise ValueError(f"it has {len(found)} digests of {len(jobs)} jobs")
        kept = dict(zip([(n, seed) for n, seed, _ in jobs], found, strict=False))
        return {"settings": dict(note["settings"]), "about": dict(note["about"]), "jobs": jobs, "sha256": kept}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{note_path} cannot be read ({error}); choose another folder, or delete it.") from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes from writing at `path`; the system frees the lock of a killed one, where it has locks."""
    lock = FileLock(path.with_name(".lock"), timeout=LOCK_SECONDS, mode=0o666)  # for all who may write in the folder
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"Another process has kept {path} to itself for {LOCK_SECONDS} seconds; delete {lock.lock_file} if no "
            "other process writes there."
        ) from None
    except PermissionError:
        raise PermissionError(
            f"{lock.lock_file} belongs to another user, who alone may lock {path}; delete it if nobody writes there, "
            "or choose another folder."
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


def _json(note: dict[str, Any]) -> str:
    """Return the note as JSON with one line per job."""
    jobs = note["jobs"]
    text = json.dumps({**note, "jobs": "JOBS"}, indent=1)
    return text.replace('"JOBS"', "[\n  " + ",\n  ".join(map(json.dumps, jobs)) + "\n ]") + "\n"

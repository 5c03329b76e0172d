"""Writing a file so that nobody ever sees half of it, and nothing of somebody else's is lost."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRIES = 20 if os.name == "nt" else 1  # only Windows refuses to replace a file that is open
PAUSE = 0.05  # seconds between them
MARK = ".uddm-"  # how the name of a temporary file begins; it is short, so that every name of a file is possible


def at(path: str | Path) -> Path:
    """Return the path, with the home folder in the place of "~"."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # nobody knows the home of this user
        return Path(path)


def check_writable(path: str | Path) -> None:
    """Raise OSError if no file can be written at `path`, or if what is there is no ordinary file."""
    path = _target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        pass


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place only if the block succeeds (atomic).

    It is on the disk before it takes the name. A link stays, and what it points to is replaced; a file that was there
    keeps its permissions, a new one has those that the user's mask leaves. OSError for a folder, a device or a pipe.
    """
    path = _target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _tidy(path.parent)
    temporary, handle = _temporary(path.parent)
    try:
        yield temporary
        if path.exists():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        _to_disk(temporary)
        _replace(temporary, path)
        if os.name != "nt":
            with contextlib.suppress(OSError):  # the new name is on the disk, too, where folders can be asked for that
                _to_disk(path.parent)
    finally:
        if handle is not None:
            os.close(handle)
        temporary.unlink(missing_ok=True)


def _target(path: str | Path) -> Path:
    """Return where a file at `path` really stands, behind all links; OSError if it cannot be replaced by another."""
    path = at(path)
    if path.is_symlink():
        path = Path(os.path.realpath(path))
        if path.is_symlink():
            raise OSError(f"{path} is a link to itself; give another name.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is a device or a pipe and no ordinary file; give another name.")
    return path


def _temporary(folder: Path) -> tuple[Path, int | None]:
    """Make an empty file in the folder; return its name, and a handle that keeps it until it is closed.

    A lock says that somebody is at work here: what lies there without one was left by a process that was killed.
    """
    while True:
        name = folder / f"{MARK}{secrets.token_hex(6)}"
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)  # less what the user's mask takes
        if os.name == "nt":  # where no open file can be renamed, and none is ever tidied up
            os.close(handle)
            return name, None
        with contextlib.suppress(OSError):  # nor is one where the file system has no locks
            _lock(handle)
        if name.exists():  # nobody tidied it up before it was locked
            return name, handle
        os.close(handle)


def _tidy(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder."""
    if os.name == "nt":
        return
    for left in folder.glob(f"{MARK}*"):
        with contextlib.suppress(OSError):  # locked, gone, or of another user
            handle = os.open(left, os.O_RDWR | os.O_NOFOLLOW)
            try:
                _lock(handle)
                left.unlink()
            finally:
                os.close(handle)


def _lock(handle: int) -> None:
    """Lock an open file until it is closed; OSError if somebody has done so."""
    import fcntl  # not on Windows

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk and not only in the memory of the system."""
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(temporary: Path, path: Path) -> None:
    """Put a file in the place of another one, a moment later if somebody is reading that on Windows."""
    for left in reversed(range(TRIES)):
        try:
            os.replace(temporary, path)
            return
        except PermissionError:
            if not left:
                raise
            time.sleep(PAUSE)

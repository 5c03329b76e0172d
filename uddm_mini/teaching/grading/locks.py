"""What a student's process may not do: limits of the system, and refusals by Python; loaded without the package.

It is no prison for somebody who knows Python's insides. The limits of the system hold whatever the code does: memory,
time, size of files and, where the system allows it, another user, no processes and no network.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path
from typing import Any

NEW_NETWORK, NEW_USER, NO_MORE_RIGHTS, NOBODY = 0x40000000, 0x10000000, 38, 65534
REFUSED = {
    "network": ("socket.",),
    "other processes": (
        "os.fork",
        "os.posix_spawn",
        "os.exec",
        "os.system",
        "os.spawn",
        "subprocess.",
        "pty.",
        "os.kill",
    ),
    "other users or limits": ("os.chown", "os.chmod", "resource.", "os.setuid", "sys.addaudithook"),
    "calls into other libraries": ("ctypes.",),
}
WRITES = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.utime",
    "shutil.",
)
LOOKS = ("os.listdir", "os.scandir", "os.chdir")


def without_network() -> bool:
    """Leave the network for good, and say whether the system allowed it; only Linux knows how."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    flags = NEW_NETWORK if os.geteuid() == 0 else NEW_NETWORK | NEW_USER
    done = library.unshare(flags) == 0
    library.prctl(NO_MORE_RIGHTS, 1, 0, 0, 0)
    return bool(done)


def as_nobody(folder: str) -> bool:
    """Become a user without rights, if the process is the administrator's and its libraries can still be read."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    needed = {os.path.realpath(p) for p in (*sys.path, sys.executable) if os.path.exists(p)}
    around = {parent for path in needed for parent in [Path(path), *Path(path).parents]}
    if not all(p.stat().st_mode & 0o001 for p in around if p.is_dir()):
        return False
    os.chown(folder, NOBODY, NOBODY)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    return True


def limit(memory: int, seconds: int, file_size: int) -> bool:
    """Set limits on bytes of memory beyond those in use, CPU seconds, bytes of a file; say whether there are any."""
    try:
        import resource
    except ImportError:  # Windows has no limits of this kind
        return False
    in_use = 0
    with contextlib.suppress(OSError):
        in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    wanted = {
        "RLIMIT_AS": in_use + memory,
        "RLIMIT_CPU": seconds,
        "RLIMIT_FSIZE": file_size,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 128,
        "RLIMIT_NPROC": 0,
    }
    for name, value in wanted.items():
        if hasattr(resource, name):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (value, value))
    return True


def refuse(own: str, hidden: str) -> None:
    """Let Python refuse, from here on, what an answer does not need.

    own: the only folder where it may write; hidden: a folder that it may not read, even where Python may
    """
    base = (sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__), *sys.path)
    readable = tuple({os.path.realpath(p) for p in base if p} | {"/usr/share", "/usr/lib", "/etc/fonts"})
    devices, own, hidden = ("/dev/null", "/dev/urandom"), os.path.realpath(own), os.path.realpath(hidden)
    real_path, separator = os.path.realpath, os.sep

    def inside(path: Any, folders: tuple[str, ...]) -> bool:
        place = real_path(os.fsdecode(path))
        return any(place == folder or place.startswith(folder + separator) for folder in folders)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int) or inside(path, devices) or inside(path, (own,)):
                return
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            if writes or not inside(path, readable) or inside(path, (hidden,)):
                raise PermissionError(
                    f"While answers are graded, files are read and written in an empty folder only: {path}"
                )
        elif event.startswith(LOOKS):
            path = arguments[0] if arguments and arguments[0] is not None else "."
            if not isinstance(path, int) and (not inside(path, (own, *readable)) or inside(path, (hidden,))):
                raise PermissionError(f"While answers are graded, other folders are closed: {path}")
        elif event.startswith(WRITES):
            if not all(inside(a, (own,)) for a in arguments if isinstance(a, str | bytes | os.PathLike)):
                raise PermissionError("While answers are graded, only files in an empty folder can be changed.")
        else:
            for what, events in REFUSED.items():
                if event.startswith(events):
                    raise PermissionError(
                        f"While answers are graded, there are no {what}.".replace(
                            "no network", "no network connections"
                        )
                    )

    sys.addaudithook(hook)

"""Names in the index of a checkpoint that run code when they are called: what a malicious file asks for, in a sentence.

The reader never calls what an index names (`released_index`), so this list protects nobody; it says what was found. A
name that is missing from it is read as data, like that of any library.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from .released_index import read_index

# modules whose every function starts programs, opens files or connections, or turns text or bytes into code
MODULES = frozenset([
    "os", "posix", "nt", "subprocess", "_posixsubprocess", "sys", "shutil", "socket", "pty", "runpy", "importlib",
    "imp", "ctypes", "_ctypes", "code", "codeop", "commands", "pickle", "_pickle", "cPickle", "dill", "cloudpickle",
    "joblib", "marshal", "timeit", "trace", "pdb", "bdb", "cProfile", "profile", "platform", "webbrowser",
    "multiprocessing", "asyncio", "http", "urllib", "urllib2", "requests", "aiohttp", "httpx", "ftplib", "smtplib",
    "telnetlib", "tempfile", "signal", "site", "zipimport", "pydoc", "doctest", "venv", "ensurepip", "pip",
])  # fmt: skip
CALLS = frozenset([
    "eval", "exec", "execfile", "compile", "__import__", "open", "input", "breakpoint", "globals", "locals", "vars",
    "setattr", "delattr", "attrgetter", "methodcaller", "CodeType", "FunctionType", "unsafe_load", "runstring",
    "exec_command", "reduce_graph_module", "import_module",
])  # fmt: skip
LOADERS = frozenset(["torch load", "torch.serialization load", "torch.hub load", "torch.jit load", "numpy load"])
OLDER = {"__builtin__": "builtins", "commands": "subprocess"}  # what PyTorch's protocol writes for them
PICKLES = 8  # that may follow each other in one file, as in PyTorch's format before 1.6
SHOWN = 3


def runs_code(name: str) -> bool:
    """Tell whether "module attribute" is a name that runs code when it is called, on any machine with Python."""
    module, _, attribute = name.partition(" ")
    parts = attribute.split(".")  # an attribute may lead through other modules
    if module.partition(".")[0] in MODULES or MODULES.intersection(parts[:-1]) or name in LOADERS:
        return True
    return parts[-1] in CALLS


def names_of(data: bytes) -> list[str]:
    """Return the names that pickles, one after the other, ask to import, as far as they can be read."""
    seen: list[str] = []
    stream = io.BytesIO(data)
    try:
        for _ in range(PICKLES):
            read_index(stream, seen)
    except ValueError:
        pass
    return seen


def refusal(names: Sequence[str]) -> str | None:
    """Return what to say of an index with these names; None if no name runs code."""
    found = list(dict.fromkeys(_shown(name) for name in names if runs_code(name)))
    if not found:
        return None
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return (
        f"asks to call {', '.join(found[:SHOWN])}{more} when it is opened: that runs code on your machine, and no "
        "weights need it. Nothing of it was executed. Do not open it with any other program; get the weights from "
        "another source"
    )


def _shown(name: str) -> str:
    """Return a name as a terminal can show it."""
    module, _, attribute = name.partition(" ")
    return "".join(c if c.isprintable() else "?" for c in f"{OLDER.get(module, module)}.{attribute}"[:60])

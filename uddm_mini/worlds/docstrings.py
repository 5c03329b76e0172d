"""English sentences on every machine: docstrings of the standard library and of installed packages, cached."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import platform
import sys
import sysconfig
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from uddm_mini.doors import hidden
from uddm_mini.files import replacing

from . import prose, words
from . import sentences as text
from .prose import english_sentences

LARGEST = 1 << 28  # bytes of a cache; ours have some millions
PACKAGES = ("stdlib", "numpy", "torch", "matplotlib")

SKIPPED_FOLDERS = {
    "test", "tests", "testing", "idle_test", "site-packages", "dist-packages", "__pycache__", "lib2to3", "f2py",
    "_vendor", "pydoc_data", "turtledemo",
}  # fmt: skip
DOC_CALLS = {"add_docstr", "add_newdoc", "_add_docstr", "add_newdoc_for_scalar_type"}  # docstrings given in a call


@dataclass(frozen=True)
class Harvest:
    """Distinct sentences in a fixed order, and what they came from."""

    sentences: tuple[str, ...]
    versions: dict[str, str]  # package -> version
    missing: tuple[str, ...]  # packages asked for and not installed
    counts: dict[str, int]  # package -> sentences that it was the first to say
    from_cache: bool = False


def harvest(packages: Sequence[str] = PACKAGES, *, cache: bool = True, progress: bool = True) -> Harvest:
    """Collect the English sentences of 3 to 40 words in the docstrings of `packages`, parsed and never imported.

    "stdlib" means the running Python's standard library; what is not installed is listed in `missing`. The result is
    kept in the user's cache folder under a name made of the versions; a cache that cannot be read or written is done
    without. Nothing is random.
    """
    if isinstance(packages, str):
        raise TypeError(f'packages is a list of names: write packages=["{packages}"].')
    folders = {name: _folder(name) for name in packages}
    versions = {name: _version(name) for name, folder in folders.items() if folder is not None}
    missing = tuple(name for name, folder in folders.items() if folder is None)
    if not versions:
        raise ValueError(f"None of these packages is installed: {', '.join(packages) or '(an empty list)'}.")
    known = "unknown" not in versions.values()  # sources without a version may change under one name
    key = {"rules": _rules(), "versions": versions}
    path = _cache_path(key) if cache and known else None
    counts, sentences = (_read_cache(path, key) if path else None) or ({}, ())
    if sentences:
        return Harvest(sentences, versions, missing, counts, from_cache=True)
    found: dict[str, None] = {}
    files = [(name, file) for name in versions for file in _files(folders[name])]
    for name, file in tqdm(files, desc="reading docstrings", unit="file", disable=hidden(progress), leave=False):
        before = len(found)
        found.update(dict.fromkeys(s for doc in _docstrings(file) for s in english_sentences(doc)))
        counts[name] = counts.get(name, 0) + len(found) - before
    if path and found:
        _write_cache(path, key, counts, found)
    return Harvest(tuple(found), versions, missing, counts)


def _docstrings(file: Path) -> Iterator[str]:
    """Yield the docstrings of a module in the order of the source; a file that does not parse has none."""
    try:
        source = file.read_bytes()
        if b'"""' not in source and b"'''" not in source:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's invalid escapes
            tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    waiting: list[ast.AST] = [tree]
    while waiting:  # only statements: walking every expression, as ast.walk does, takes three times as long
        node = waiting.pop()
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if doc := ast.get_docstring(node, clean=False):
                yield doc
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _name(node.value.func) in DOC_CALLS:
            values = [part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant)]
            yield from (value for value in values if isinstance(value, str) and "\n" in value)
        inside = [part for name in ("body", "handlers", "orelse", "finalbody") for part in getattr(node, name, ())]
        waiting += reversed(inside)


def _name(function: ast.expr) -> str:
    """Return the last part of the name of what is called."""
    return getattr(function, "attr", getattr(function, "id", ""))


def _files(folder: Path | None) -> list[Path]:
    """List the Python files of a package, tests left out, in an order that is the same on every machine."""
    if folder is None:
        return []
    if folder.is_file():
        return [folder]
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith(("config-", "."))]
        found += [Path(root) / n for n in names if n.endswith(".py") and not n.startswith("test_")]
    return sorted(found, key=lambda p: p.relative_to(folder).as_posix())


def _folder(name: str) -> Path | None:
    """Find where a package lies without importing it; None if it is not installed."""
    if name == "stdlib":
        return Path(sysconfig.get_paths()["stdlib"])
    try:
        spec = importlib.util.find_spec(name) if "." not in name else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin


def _version(name: str) -> str:
    if name == "stdlib":
        return platform.python_version()
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _rules() -> str:
    """Fingerprint the code that decides what is a sentence: an old cache never answers for new rules."""
    source = "".join(inspect.getsource(module) for module in (sys.modules[__name__], prose, text, words))
    return hashlib.sha256(source.encode()).hexdigest()


def _cache_path(key: dict) -> Path | None:
    """Name the cache file after everything that the harvest depends on; None where there is no home folder."""
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    try:
        if os.path.isabs(xdg):  # the specification says to ignore a relative one
            base = Path(xdg)
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        elif sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        else:
            base = Path.home() / ".cache"
    except RuntimeError:
        return None
    return base / "uddm_mini" / f"docstrings-{digest}.txt"


def _read_cache(path: Path, key: dict) -> tuple[dict[str, int], tuple[str, ...]] | None:
    """Return what is stored, or None if the file is absent, cut short, altered or of other versions."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:  # a device, or not what we wrote
            return None
        header, _, body = path.read_text(encoding="utf-8").partition("\n")
        stored = json.loads(header)
        if stored["key"] != key or stored["sha256"] != hashlib.sha256(body.encode()).hexdigest():
            return None
        return {str(k): int(v) for k, v in stored["counts"].items()}, tuple(body.split("\n"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
        return None


def _write_cache(path: Path, key: dict, counts: dict[str, int], sentences: Iterable[str]) -> None:
    """Write the cache in one step, or not at all where that is not possible."""
    body = "\n".join(sentences)
    header = {"key": key, "counts": counts, "sha256": hashlib.sha256(body.encode()).hexdigest()}
    with contextlib.suppress(OSError), replacing(path) as temporary:  # no room or permission: harvest again next time
        temporary.write_bytes((json.dumps(header) + "\n" + body).encode())

"""Settings: small frozen dataclasses, declared once, changed by name, and told as plain dictionaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, asdict, field, fields, is_dataclass, replace
from operator import index
from typing import Any, TypeVar

Settings = TypeVar("Settings")
Path = tuple[str, ...]  # of a field, such as ("train", "model", "width")


def option(default: Any, words: str, choices: tuple[str, ...] = ()) -> Any:
    """Return a dataclass field with a default, and with the words that explain it on the command line."""
    return field(default=default, metadata={"help": words, "choices": choices})


def with_changes(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return settings with some fields changed, those of settings inside settings too; TypeError for an unknown name.

    A name that several of them have belongs to the outermost, and there to the first.
    """
    paths: dict[str, Path] = {}
    ends = sorted((path for path, _ in leaves(settings)), key=len)
    whole = sorted(dict.fromkeys(path[:k] for path in ends for k in range(1, len(path))), key=len)  # settings objects
    for path in (*ends, *whole):
        paths.setdefault(path[-1], path)
    if unknown := [name for name in changes if name not in paths]:
        raise TypeError(f"There is no setting {', '.join(map(repr, unknown))}; there are {', '.join(sorted(paths))}.")
    return changed(settings, {paths[name]: value for name, value in changes.items()})


def changed(settings: Settings, changes: Mapping[Path, Any]) -> Settings:
    """Return settings with the fields at these paths changed, all at once: only the whole must be possible."""
    new = {path[0]: value for path, value in changes.items() if len(path) == 1}
    for name in dict.fromkeys(path[0] for path in changes if len(path) > 1):
        inside = {path[1:]: value for path, value in changes.items() if path[0] == name and len(path) > 1}
        new[name] = changed(new.get(name, getattr(settings, name)), inside)
    return replace(settings, **new)  # type: ignore[type-var]


def leaves(settings: Any) -> Iterator[tuple[Path, Field[Any]]]:
    """Yield every field that is no settings object itself, the outermost first: its path and the dataclass field."""
    inner = [f for f in fields(settings) if is_dataclass(getattr(settings, f.name))]
    yield from (((f.name,), f) for f in fields(settings) if f not in inner)
    for f in inner:
        yield from (((f.name, *path), leaf) for path, leaf in leaves(getattr(settings, f.name)))


def whole_numbers(settings: Any, *names: str) -> None:
    """Make Python's whole numbers of NumPy's, for JSON; TypeError for what is no whole number."""
    for name in names:
        try:
            object.__setattr__(settings, name, index(getattr(settings, name)))
        except TypeError:
            raise TypeError(f"{name} must be a whole number, but is {getattr(settings, name)!r}.") from None


def flat(settings: Any) -> dict[str, Any]:
    """Return settings, or nested dictionaries of them, as one dictionary with keys such as "train.steps"."""
    told = settings if isinstance(settings, Mapping) else asdict(settings)
    out: dict[str, Any] = {}
    for name, value in told.items():
        out |= {f"{name}.{key}": v for key, v in flat(value).items()} if isinstance(value, Mapping) else {name: value}
    return out

"""How settings become options on the command line, and how what was typed becomes settings."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from uddm_mini.probes.suite import PROBES
from uddm_mini.settings import changed, leaves

Settings = TypeVar("Settings")


def several(one: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return what reads several of them with commas between."""

    def all_of(text: str) -> list[Any]:
        return [one(part) for part in text.split(",") if part.strip()]

    return all_of


def noise_levels(text: str) -> tuple[float, ...]:
    """Read numbers with commas between them."""
    return tuple(several(float)(text))


def a_size(text: str) -> int:
    """Return a number of sentences; 0 stands for "all"."""
    return 0 if text.strip() == "all" else a_count(text)


def a_count(text: str, least: int = 1) -> int:
    """Read a whole number from `least` on."""
    if not text.strip().isdecimal() or not least <= int(text) < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {2**32 - 1}")
    return int(text)


def a_seed(text: str) -> int:
    """Read a whole number from 0 on."""
    return a_count(text, least=0)


def a_probe(text: str) -> str:
    """Read the name of a probe."""
    if text.strip() not in PROBES:
        raise argparse.ArgumentTypeError(f"there is no probe {text!r}; there are {', '.join(PROBES)}")
    return text.strip()


def chosen_sizes(wanted: list[int] | None, largest: int) -> list[int]:
    """Return the wanted sizes, 0 standing for the whole corpus; by default 16, 64, 256, ... and the whole corpus."""
    if wanted is None:
        wanted = [*(4**k for k in range(2, 12) if 4**k < largest), 0]
    return [n or largest for n in wanted]


def command_line(typed: Iterable[str]) -> str:
    """Return what was typed as one line, of absolute paths only the name."""
    words = []
    for word in typed:
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        words.append(option + equals + (Path(value).name if Path(value).is_absolute() else value))
    return shlex.join(["python", "-m", "uddm_mini", *words])


# how a setting with a value of this type is typed; the settings themselves say what is too small
TYPES: dict[type, dict[str, Any]] = {
    bool: {"action": "store_true", "default": None},
    int: {"type": a_seed, "metavar": "N"},
    float: {"type": float, "metavar": "N"},
    str: {"metavar": "WORD"},
    tuple: {"type": noise_levels, "metavar": "T,T,..."},
}


def add_options(parser: argparse.ArgumentParser, settings: Any, skip: Iterable[str] = ()) -> None:
    """Add an option for every explained field of these settings, inner ones too, with its default and its choices.

    A name that is taken gets that of its settings in front: --walk-steps beside --steps.
    """
    taken = set(skip)
    for path, leaf in leaves(settings):
        if "help" not in leaf.metadata or leaf.name in skip:
            continue
        name = leaf.name if leaf.name not in taken else f"{path[-2]}_{leaf.name}"
        taken.add(name)
        value = settings
        for step in path:
            value = getattr(value, step)
        words, choices = leaf.metadata["help"], leaf.metadata["choices"] or None
        shown = ",".join(f"{part:g}" for part in value) if isinstance(value, tuple) else value
        kind, told = TYPES[type(value)], words if isinstance(value, bool) else f"{words} (default {shown})"
        kind = {"choices": choices} if choices else kind
        parser.add_argument(f"--{name.replace('_', '-')}", dest=".".join(path), help=told, **kind)


def chosen(options: argparse.Namespace, settings: Settings) -> Settings:
    """Return the settings with every explained field that was given on the command line."""
    typed = {path: getattr(options, ".".join(path), None) for path, leaf in leaves(settings) if "help" in leaf.metadata}
    return changed(settings, {path: value for path, value in typed.items() if value is not None})

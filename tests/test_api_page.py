"""The page of the package: every exported name once, in the group of its folder, and its parameters explained."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "book/_tools"))
import page_api

import uddm_mini
from uddm_mini.settings import option

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "book" / "api.md").read_text("utf-8")
FOLDERS = {  # of the package, by heading
    "Noise": {"noise"},
    "Worlds": {"worlds"},
    "Denoisers and walks": {"denoiser", "walks", "sampling"},
    "Models": {"models"},
    "Networks": {"networks"},
    "Probes": {"probes"},
    "Audit": {"audit"},
    "Training": {"training"},
    "Experiments": {"experiments"},
    "Teaching": {"teaching"},
}
# what these are is said once, at the top of the page, or is their type
CONVENTIONS = {"model", "x", "x0", "xt", "t", "noise", "generator", "seed", "seeds", "sizes", "network"}
CONVENTIONS |= {"name", "length", "data", "settings", "changes", "device", "progress"}


def groups() -> dict[str, list[str]]:
    """Return the names that each section of the page lists."""
    out = {}
    for section in re.split(r"(?m)^## ", PAGE)[1:]:
        lists = re.findall(r"\.\. exports::\n\n(.*?)\n```", section, re.S)
        out[section.splitlines()[0]] = " ".join(lists).split()
    return out


def object_of(name: str) -> Any:
    """Return what a listed name stands for."""
    module, _, last = f"uddm_mini.{name}".rpartition(".")
    __import__(module)
    return getattr(sys.modules[module], last)


def test_every_exported_name_is_listed_once() -> None:
    listed = [name for names in groups().values() for name in names]
    assert len(listed) == len(set(listed)), "a name is listed twice"
    assert sorted(name for name in listed if "." not in name) == sorted(uddm_mini.__all__)


@pytest.mark.parametrize("heading", [*FOLDERS, "Settings"])
def test_a_group_has_the_names_of_its_folder(heading: str) -> None:
    for name in groups()[heading]:
        if heading == "Settings":
            assert name.endswith("Settings")
        else:
            assert object_of(name).__module__.split(".")[1] in FOLDERS[heading], name
            assert "." in name or not name.endswith("Settings"), name


@pytest.mark.parametrize("name", uddm_mini.__all__)
def test_parameters_that_need_words_have_them(name: str) -> None:
    thing = object_of(name)
    words = inspect.getdoc(thing) or ""
    if is_dataclass(thing):
        words += " ".join(f.name for f in fields(thing) if f.metadata.get("help") or is_dataclass(f.default))
    names = inspect.signature(thing).parameters
    silent = [p for p in names if p not in CONVENTIONS and not re.search(rf"\b{p}\b", words, re.IGNORECASE)]
    assert len(names) < 4 or not silent, f"the docstring of {name} does not name {silent}"


# --- the extension that makes the page ------------------------------------------------------------------------------


def measure(model: Any, memories: Any, *, limit: int = 3, kind: str = "first") -> None:
    """Measure it, |x|_2 and *not* x_: see `Walk`, `limit` and kind="first".

    memories int64[n, L]: what it knows;
        all of it.
    limit, kind: of *args.

    Where the sum is

        sum_v p_v

    nothing: it is no parameter.
    """


def made(thing: Any, name: str) -> list[str]:
    """Return the reStructuredText that a docstring becomes."""
    lines = (inspect.getdoc(thing) or "").splitlines()
    page_api.readable(None, "class" if inspect.isclass(thing) else "function", name, thing, None, lines)
    return lines


def test_a_docstring_in_plain_text_becomes_markup() -> None:
    link = ":py:obj:`Walk <uddm_mini.Walk>`"
    assert made(measure, "uddm_mini.measure") == [
        rf'Measure it, \|x\|\_2 and *not* x\_: see {link}, ``limit`` and ``kind="first"``.',
        "",
        "``memories int64[n, L]``",
        "   what it knows; all of it.",
        "``limit, kind``",
        r"   of \*args.",
        "",
        "Where the sum is",
        "",
        ".. code-block:: none",
        "",
        "   sum_v p_v",
        "",
        "nothing: it is no parameter.",
        "",
    ]


@dataclass(frozen=True)
class SomeSettings:
    """How it is done.

    steps: at least 1.
    """

    steps: int = option(3, "how many steps")
    way: str = option("up", "which way", ("up", "down"))
    inner: uddm_mini.Walk = uddm_mini.Walk("iterate")


def test_settings_are_told_with_their_defaults_their_help_and_their_lines() -> None:
    assert made(SomeSettings, "uddm_mini.SomeSettings") == [
        "How it is done.",
        "",
        "``steps: int = 3``",
        "   How many steps. At least 1.",
        '``way = "up"``',
        '   Which way. One of ``"up"``, ``"down"``.',
        '``inner: Walk = Walk(method="iterate")``',
        "   See :py:obj:`Walk <uddm_mini.Walk>`.",
    ]


def test_a_class_from_a_module_says_how_it_is_imported() -> None:
    lines = made(object_of("probes.roc.Interval"), "uddm_mini.probes.roc.Interval")
    assert lines[-1] == "``from uddm_mini.probes.roc import Interval``"


def test_every_command_is_described() -> None:
    (listed,) = re.findall(r"\.\. commands:: (.*)", PAGE)
    (commands,) = re.findall(r"make_parser\((.*?)\)", (ROOT / "uddm_mini/cli.py").read_text("utf-8"), re.S)
    assert set(listed.split()) == set(re.findall(r"(\w+)=", commands))

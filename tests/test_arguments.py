"""What can be typed: an option for every explained setting, told in the help, and nothing for a wrong word."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from dataclasses import fields, is_dataclass
from pathlib import Path

import nbformat
import pytest

from uddm_mini import ModelSettings, NoiseSettings, ProbeSettings, SweepSettings, TextSettings, TrainSettings, Walk
from uddm_mini.arguments import CORPUS_HELP, make_parser
from uddm_mini.audit.settings import AuditSettings
from uddm_mini.experiments.breaks import BreakSettings
from uddm_mini.experiments.copies import CopySettings
from uddm_mini.experiments.course import CourseSettings
from uddm_mini.experiments.details import DetailSettings
from uddm_mini.experiments.halves import HalvesSettings
from uddm_mini.experiments.spins import SpinSettings
from uddm_mini.noise import NOISES
from uddm_mini.options import chosen, chosen_sizes, command_line
from uddm_mini.settings import leaves
from uddm_mini.worlds import WORLDS

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    "sweep",
    "examine",
    "halves",
    "breaks",
    "course",
    "copies",
    "spins",
    "train",
    "sample",
    "recover",
    "audit",
    "teach",
)
NEEDED = {"sweep": ["--out", "s"], "examine": ["folder"], "halves": ["--out", "h.csv"], "train": ["--out", "m"]}
NEEDED |= {"breaks": ["--out", "b.csv"], "course": ["--out", "c.csv"]}
NEEDED |= {"copies": ["--out", "d.csv"], "spins": ["--out", "e.csv"]}
NEEDED |= {"sample": ["model"], "recover": ["model"], "audit": ["model", "--out", "r"], "teach": ["list"]}
SETTINGS = {
    "sweep": (SweepSettings(), TextSettings()),
    "examine": (DetailSettings(), TextSettings()),
    "halves": (HalvesSettings(), TextSettings()),
    "breaks": (BreakSettings(),),
    "course": (CourseSettings(), TextSettings()),
    "copies": (CopySettings(), TextSettings()),
    "spins": (SpinSettings(),),
    "train": (TrainSettings(), TextSettings()),
    "recover": (Walk(), TextSettings()),
    "audit": (AuditSettings(),),
}
# known in another way
FIXED = {name: {"train.seed"} for name in ("sweep", "halves", "breaks", "course", "copies")} | {
    "recover": {"vocab_size", "unit"}
}
# another value for every field, so that the whole is possible
OTHER = {
    **{"steps": 9, "epochs": 2.5, "batch_size": 7, "learning_rate": 0.125, "weight_decay": 0.5, "warmup": 3},
    **{"optimizer": "muon", "decay": "constant", "time_power": 3.5, "looks": 5, "group": 3, "draws": 2, "walks": 8},
    **{"units": 40, "hidden": 8, "wrong": 0.125, "flipped": 0.3125, "held_out": 19, "shares": (0.5, 0.75)},
    **{"t_max": 0.75, "table": "other", "neighbor_bias": 4.5, "mixing": "convolution", "position_sd": 0.0625},
    **{"clip": 0.25, "ema": 0.75, "loss": "cross_entropy", "seed": 11, "schedule": "exponential", "epsilon": 0.0625},
    **{"width": 24, "depth": 3, "heads": 3, "neighbors": True, "times": (0.5, 0.75), "sentences": 33},
    **{"entropy_t": 0.03125, "writing_steps": 5, "vanishing": (0.5,), "method": "iterate", "form": "cavity"},
    **{
        "device": "cuda",
        "keep_models": True,
        "counts": True,
        "vocab_size": 77,
        "min_words": 2,
        "max_words": 4,
        "n_held_out": 13,
    },
    **{"max_unknown": 0.375, "max_overlap": 0.875, "unit": "character", "max_characters": 21, "max_subwords": 17},
    **{"t": 0.4375, "written": 6, "walk": 7},
    **{
        "extracted": 9,
        "candidates": 77,
        "tries": 21,
        "basins": 3,
        "corruptions": 5,
        "numbers": 4096,
        "show_text": True,
        **{"draws": 6, "votes": 3, "filling_steps": 10, "corrections": 2},
    },
    "noise": list(NOISES)[-1],
}


def other_than(name: str, default: object) -> object:
    return "cosine" if (name, default) == ("decay", "constant") else OTHER[name]


def parsed(command: str, *typed: str) -> argparse.Namespace:
    return make_parser(**{name: name for name in COMMANDS}).parse_args([command, *NEEDED[command], *typed])


def explained(command: str, settings) -> list[tuple[tuple[str, ...], object]]:
    """Every leaf that has words of its own, with its value: what must be reachable from the command line."""
    out = []
    for path, leaf in leaves(settings):
        value = settings
        for name in path:
            value = getattr(value, name)
        if "help" in leaf.metadata and ".".join(path) not in FIXED.get(command, ()):
            out.append((path, value))
    return out


def option_of(command: str, path: tuple[str, ...]) -> str:
    """The option of a field: its name, and before that the one of its settings where two have the same name."""
    walks = command == "sweep" and path == ("probe", "walk", "steps")
    return "--walk-steps" if walks else f"--{path[-1].replace('_', '-')}"


def text_of(value: object) -> str:
    return ",".join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize("command", SETTINGS)
def test_every_explained_setting_can_be_typed_and_arrives_where_it_belongs(command):
    typed, expected = [], {}
    for settings in SETTINGS[command]:
        for path, default in explained(command, settings):
            value = other_than(path[-1], default)
            assert value != default or path[-1] == "noise", f"the test needs another value than {path} = {default}"
            typed += [option_of(command, path)] + ([] if value is True else [text_of(value)])
            expected[type(settings), path] = value
    options = parsed(command, *typed)
    for settings in SETTINGS[command]:
        got, seen = chosen(options, settings), 0
        for path, leaf in leaves(settings):
            value, default = got, settings
            for name in path:
                value, default = getattr(value, name), getattr(default, name)
            assert value == expected.get((type(settings), path), default), path
            assert type(value) is type(default), path
            seen += "help" in leaf.metadata
        assert seen >= 3


@pytest.mark.parametrize("command", SETTINGS)
def test_nothing_typed_leaves_every_setting_as_it_is_and_one_changes_itself_alone(command):
    for settings in SETTINGS[command]:
        assert chosen(parsed(command), settings) == settings
        for path, default in explained(command, settings):
            if path[-1] in ("heads", "form", "max_words") or is_dataclass(default):
                continue  # these are possible together with others only
            value = other_than(path[-1], default)
            words = [] if value is True else [text_of(value)]
            got = chosen(parsed(command, option_of(command, path), *words), settings)
            changed = [p for p, _ in leaves(got) if _at(got, p) != _at(settings, p)]
            assert changed == ([path] if value != default else []), (path, changed)


@pytest.mark.parametrize("command", FIXED)
def test_what_is_known_in_another_way_cannot_be_typed(command):
    assert not FIXED[command] & vars(parsed(command)).keys()


def _at(settings, path):
    for name in path:
        settings = getattr(settings, name)
    return settings


def test_the_settings_of_training_noise_model_and_walk_are_all_explained():
    # a field without words has no option: then this list says that it is meant
    kinds = (SweepSettings, DetailSettings, HalvesSettings, TrainSettings, NoiseSettings, ModelSettings, ProbeSettings)
    silent = {
        f"{kind.__name__}.{f.name}"
        for kind in (*kinds, Walk, TextSettings)
        for f in fields(kind)
        if "help" not in f.metadata and not is_dataclass(getattr(kind(), f.name))
    }
    assert silent == {
        *("SweepSettings.progress", "SweepSettings.command", "DetailSettings.progress", "HalvesSettings.progress"),
        # typed as lists of words and of whole numbers
        *("DetailSettings.probes", "DetailSettings.sizes", "DetailSettings.seeds"),
        "TextSettings.seed",
    }


def help_of(command: str, capsys) -> str:
    with pytest.raises(SystemExit) as ended:
        parsed(command, "--help")
    assert ended.value.code == 0
    return re.sub(r"\s+", " ", capsys.readouterr().out)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_every_option_with_its_default_and_its_choices(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    out = help_of(command, capsys)
    assert "default" in out and "-h, --help" in out
    for settings in SETTINGS.get(command, ()):
        for path, default in explained(command, settings):
            leaf = next(leaf for where, leaf in leaves(settings) if where == path)
            words, choices = leaf.metadata["help"], leaf.metadata["choices"]
            told = re.escape(words if isinstance(default, bool) else f"{words} (default {text_of(default)})")
            given = re.escape("{" + ",".join(choices) + "} ") if choices else r"([NTWORD,.]+ )?"
            assert re.search(rf"{option_of(command, path)} {given}{told}", out), path
    parser = make_parser(**{name: name for name in COMMANDS})
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for action in commands.choices[command]._actions:
        assert action.help, f"{command} {action.option_strings} has no word of help"


def test_help_of_the_program_names_every_command():
    env = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-m", "uddm_mini", "--help"], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert all(re.search(rf"^ +{name} +\w+", run.stdout, re.MULTILINE) for name in COMMANDS)


def test_sizes_default_to_powers_of_four_and_everything():
    assert chosen_sizes(None, 1000) == [16, 64, 256, 1000]
    assert chosen_sizes(None, 16) == [16]
    assert chosen_sizes(None, 10) == [10]
    assert chosen_sizes([32, 0], 100) == [32, 100]


def test_lists_of_numbers_are_read_with_and_without_spaces():
    options = parsed("sweep", "--sizes", "8, 16,all", "--seeds", "3,1", "--times", "0.25, 1")
    assert options.sizes == [8, 16, 0] and options.seeds == [3, 1]
    assert chosen(options, SweepSettings()).probe.times == (0.25, 1.0)


def test_the_command_is_noted_without_the_folders_of_this_machine():
    typed = ["sweep", "--out=/srv/me/s", "--corpus", "/srv/me/a text.txt", "--sizes", "1,2", "--lr=3", "data/s"]
    line = command_line(typed)
    assert line == "python -m uddm_mini sweep --out=s --corpus 'a text.txt' --sizes 1,2 --lr=3 data/s"
    assert shlex.split(line)[3:] == ["sweep", "--out=s", "--corpus", "a text.txt", "--sizes", "1,2", "--lr=3", "data/s"]


def commands_in(text: str) -> list[list[str]]:
    """The commands of this package in a text, split as the shell does, without comments and what follows a pipe."""
    joined = re.sub(r"\\\n", " ", text)
    found = re.findall(r"-m uddm_mini(?![.\w])((?: +(?!#)[^\n`\"|&;]*)?)", joined)
    return [shlex.split(words, comments=True) for words in found]


def text_in(page: Path) -> str:
    """Return what stands on a page; of a notebook the sources of its cells."""
    if page.suffix != ".ipynb":
        return page.read_text("utf-8")
    return "\n".join(cell.source for cell in nbformat.read(page, as_version=4).cells)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "data/README.md", "book"])
def test_the_commands_that_readers_are_told_can_be_typed(name):
    path = ROOT / name
    pages = [*path.glob("*.md"), *path.glob("*.ipynb")] if path.is_dir() else [path]
    parser = make_parser(**{name: name for name in COMMANDS})
    for page in pages:
        for typed in commands_in(text_in(page)):
            try:
                parser.parse_args(typed)
            except SystemExit as ended:
                assert ended.code == 0, (page.name, typed)


def test_the_commands_of_the_makefile_can_be_typed():
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Makefile").read_text("utf-8"))
    names = dict(re.findall(r"^(\w+) [:?]?= *(.*)$", text, re.MULTILINE))
    prerequisites = re.search(r"^toy-details: (.*)$", text, re.MULTILINE)[1]

    def spelled(line: str) -> str:
        line = line.replace("$(addprefix data/sweeps/,$^)", " ".join(f"data/sweeps/{p}" for p in prerequisites.split()))
        while "$(" in line:
            line = re.sub(r"\$\((\w+)\)", lambda found: names[found[1]] if found[1] != "RUN" else "python", line)
        return line

    call = r"^\t(.*(?:\$\((?:GRID|EXAMINE|SIDE|SIDE_ENGLISH|BASINS)\)|-m uddm_mini ).*)$"
    recipes = [spelled(line) for line in re.findall(call, text, re.MULTILINE)]
    parser = make_parser(**{name: name for name in COMMANDS})
    kinds = []
    for line in recipes:
        typed = shlex.split(line.partition("-m uddm_mini ")[2])
        options = parser.parse_args(typed)
        settings = SETTINGS[options.run][0]
        chosen(options, settings)
        kinds.append(options.run)
    assert Counter(kinds) == {
        "breaks": 1,
        "copies": 1,
        "course": 1,
        "halves": 1,
        "spins": 1,
        "examine": 32,
        "sweep": 37,
    }


def test_the_help_names_every_language():
    assert CORPUS_HELP.startswith(f"{', '.join(WORLDS)}: ")

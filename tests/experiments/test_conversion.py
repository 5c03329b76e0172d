"""The committed tables hold what they held before they had one row per quantity, and the same commands resume them."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
from runs import Serial

from uddm_mini import Corpus, SweepSettings, ToyLanguage, run_sweep, sweep_bounds
from uddm_mini.arguments import make_parser
from uddm_mini.experiments import halves, sweep
from uddm_mini.experiments.details import DetailSettings, sweep_details
from uddm_mini.experiments.halves import HalvesSettings, disjoint_halves
from uddm_mini.experiments.store import read_note, read_rows, wide
from uddm_mini.options import chosen, chosen_sizes
from uddm_mini.settings import flat

SWEEPS = Path(__file__).resolve().parents[2] / "data" / "sweeps"
# SHA-256 of each file as it was: a column for each quantity, "test" for held-out, its own columns and order of rows
BEFORE = {
    "docstrings-large/sweep.csv": "91ec521a23f98fe2000dd53eed77b0476125ed476eb86f8462c4c81d9deb91af",
    "docstrings-large/bounds.csv": "65ee4f2bbc49c38ab543b4655823b0a7a911939239f9a77c26aaa96294a3764c",
    "docstrings-small/sweep.csv": "be2affa53d44e1c4d3d85e4a4aada471b845f9eeefaa5a516e4950a78407b85d",
    "docstrings-small/bounds.csv": "65ee4f2bbc49c38ab543b4655823b0a7a911939239f9a77c26aaa96294a3764c",
    "toy-cross-entropy/sweep.csv": "f3d721deb6e949309cc40ca0caa4bb47b0a7ca775765bf92cdca2b91ec2647ac",
    "toy-cross-entropy/bounds.csv": "b55b75f4aaf2a050407ca6b1e07263595ca603f84ebe4d052fe4aed847e0bb26",
    "toy-cross-entropy/details.csv": "a494abcd968a321c543bb0508a1513016434274d6c2eaaaed14cf30144b36350",
    "toy-epochs/sweep.csv": "d6ee6c22f56ab7d7a415e03859b55a54fe6df31d420f8a9f101bd2267f1741dd",
    "toy-epochs/bounds.csv": "c18adfe0d8f08b48c87a92f728802317f9438f6c97019c07b9af660f2f8dfe92",
    "toy-few/sweep.csv": "99a15cf21f6cd6bf87a258d00eed2d3e42f0e285c5de2184c5f4c266a665f551",
    "toy-few/bounds.csv": "e428bb9c374f631eb939534d42edff514ad60eff99c13b4acffa82c419945d61",
    "toy-large/sweep.csv": "e9b0ae9940318d4159419a6634c0e2834aea5b2391d4119962956a57dd25147b",
    "toy-large/bounds.csv": "b55b75f4aaf2a050407ca6b1e07263595ca603f84ebe4d052fe4aed847e0bb26",
    "toy-large/details.csv": "b536fa25af95f106d0643a5706d600e1e7ff73c159d82ace44d0161964a122be",
    "toy-medium/sweep.csv": "09f138b7ffefdcc45ede935e3a9980586a20532d77a30c3c8924a7faf771e04c",
    "toy-medium/bounds.csv": "b55b75f4aaf2a050407ca6b1e07263595ca603f84ebe4d052fe4aed847e0bb26",
    "toy-medium/details.csv": "f9d62f87c50e583b4a45bb8c2f17fb9358bfa717075ba2ec77b5845d44be2fb0",
    "toy-small/sweep.csv": "312cc950c7f029e0c3aef5a96a3a3ccffc5b0a25a5aa10dd651bba22d15dd866",
    "toy-small/bounds.csv": "b55b75f4aaf2a050407ca6b1e07263595ca603f84ebe4d052fe4aed847e0bb26",
    "toy-small/details.csv": "3f7c6b8f00fe5c4a9508851d33cd9b1722f03ad3eb60d32a1e7250a58855f9f4",
    "halves.csv": "98207979639207b9e78af10e132fb981960a9180965df94a0a8172c4d8c3e325",
}
TOY = [
    path.parent.name for path in sorted(SWEEPS.glob("toy-*/sweep.csv")) if path.parent.name != "toy-million"
]  # other text


def as_it_was(name: str) -> pd.DataFrame:
    """A committed table in the columns and the order of rows that it had."""
    rows = read_rows(SWEEPS / name)
    if name.endswith("details.csv"):
        table, keys = rows.drop(columns="denoiser"), ["n_train", "seed", "split", "t", "quantity"]
    elif name == "halves.csv":
        keys = ["n_train", "seed", "t", "denoiser"]
        table = wide(rows, halves.COLUMNS, denoiser=True)[[*keys, *halves.COLUMNS]]
    elif name.endswith("bounds.csv"):
        table, keys = wide(rows, sweep.COLUMNS, denoiser=True), ["denoiser", "n_train", "seed", "split", "t"]
    else:
        table, keys = wide(rows, sweep.COLUMNS), ["n_train", "seed", "split", "t"]
    return table.replace({"split": {"held-out": "test"}}).sort_values(keys)


@pytest.mark.parametrize("name", BEFORE)
def test_the_table_of_before_is_in_the_new_one_byte_by_byte(name):
    text = as_it_was(name).to_csv(index=False, float_format="%.6g")
    assert hashlib.sha256(text.encode()).hexdigest() == BEFORE[name]


def test_every_committed_table_is_whole_and_none_is_missing():
    found = {path.relative_to(SWEEPS).as_posix() for path in SWEEPS.rglob("*.csv")}
    assert found >= set(BEFORE)
    for name in found:  # also those that were computed later, and those that still grow
        rows, jobs = read_rows(SWEEPS / name), read_note(SWEEPS / name)["jobs"]
        counts = rows.groupby(["n_train", "seed"]).size()
        assert [(*job, count) for job, count in counts.items()] == jobs, name
        assert len((SWEEPS / name).read_text("utf-8").splitlines()) == 1 + len(rows), "nothing was left out"


COMMANDS = (
    *("sweep", "examine", "halves", "breaks", "course", "copies", "spins", "train", "sample", "recover", "audit"),
    "teach",
)


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in SWEEPS.glob("*/sweep.csv")))
def test_the_command_in_a_note_asks_for_these_settings_sizes_and_seeds(folder):
    note = read_note(SWEEPS / folder / "sweep.csv")
    about, known, asked_for = note["about"], note["settings"], set()
    nothing = Corpus("", *[ToyLanguage().sample(1, 0)] * 2, ToyLanguage().words)
    for command in (about["command"], *about.get("earlier command", [])):  # several may have shared the seeds
        typed = shlex.split(command)
        assert typed[:3] == ["python", "-m", "uddm_mini"]
        options = make_parser(**dict.fromkeys(COMMANDS)).parse_args(typed[3:])
        asked = json.loads(json.dumps(sweep.told(nothing, chosen(options, SweepSettings()))))
        before = flat(sweep.told(nothing, SweepSettings())["train"])  # of settings that an old note does not know
        assert flat(asked["train"]) == before | flat(known["train"]) and flat(asked["probe"]) == flat(known["probe"])
        sizes = chosen_sizes(options.sizes, about["corpus"].get("n_train", 8192))
        asked_for |= {(n, seed) for n in sizes for seed in options.seeds}
        assert options.out == f"data/sweeps/{folder}" and options.corpus == known["corpus"]
    done = {(n, seed) for n, seed, _ in note["jobs"]}
    assert done <= asked_for
    assert done == asked_for or f"{folder}/sweep.csv" not in BEFORE


@pytest.fixture(scope="module")
def toy() -> Corpus:
    return ToyLanguage().corpus(n_train=8192)


@pytest.mark.parametrize("folder", TOY)
def test_the_same_call_has_nothing_left_to_do(folder, toy, tmp_path):
    shutil.copytree(SWEEPS / folder, tmp_path / folder)
    out, idle = tmp_path / folder, Serial()
    note = read_note(out / "sweep.csv")
    sizes, seeds = (sorted({job[k] for job in note["jobs"]}) for k in (0, 1))
    told = note["settings"]["train"]
    small = {name: value for name, value in told.items() if name not in ("noise", "model")} | told["model"]
    table = run_sweep(toy, sizes, seeds, out=out, executor=idle, progress=False, **small)
    sweep_bounds(toy, sizes, seeds, out=out / "bounds.csv", executor=idle, progress=False, **small)
    if (out / "details.csv").exists():
        sweep_details(out, toy, DetailSettings(progress=False), executor=idle)
    assert not idle.jobs and len(table) == len(sizes) * len(seeds) * 2 * 5
    for path in out.iterdir():
        assert path.read_bytes() == (SWEEPS / folder / path.name).read_bytes(), path.name


def test_the_halves_have_nothing_left_to_do(toy, tmp_path):
    for name in ("halves.csv", "halves.json"):
        shutil.copy(SWEEPS / name, tmp_path / name)
    idle = Serial()
    settings = HalvesSettings(progress=False)
    table = disjoint_halves(
        toy, [16, 64, 256, 1024], [0, 1, 2], settings, out=tmp_path / "halves.csv", executor=idle, width=32, steps=3000
    )
    assert not idle.jobs and len(table) == 4 * 3 * 2 * 3

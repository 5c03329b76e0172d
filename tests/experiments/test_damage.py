"""Nothing is lost or mixed up: refused sweeps, models of other settings, damaged tables, locks of others."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import TINY

from uddm_mini import load, run_sweep
from uddm_mini.cli import main
from uddm_mini.experiments import store as module
from uddm_mini.experiments import sweep as sweeping
from uddm_mini.experiments.details import sweep_details
from uddm_mini.experiments.store import Store, read_note, read_rows, rows_of

ROOT = Path(__file__).resolve().parents[2]
KEEP = {**TINY, "keep_models": True}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_refused_sweep_touches_nothing_even_before_the_first_job_has_ended(corpus, tmp_path, monkeypatch):
    real, seen = sweeping.train_stack, []

    def while_it_trains(*args, **kwargs):
        monkeypatch.setattr(sweeping, "train_stack", real)
        before = snapshot(tmp_path)
        with pytest.raises(ValueError, match=r"other settings.*learning_rate"):
            run_sweep(corpus, [8], [0], out=tmp_path, learning_rate=0.001, **KEEP)
        seen.append(snapshot(tmp_path) == before)
        return real(*args, **kwargs)

    monkeypatch.setattr(sweeping, "train_stack", while_it_trains)
    run_sweep(corpus, [8], [0], out=tmp_path, **KEEP)
    assert seen == [True]
    kept = load(tmp_path / "models" / "n8-seed0.safetensors")
    assert (
        kept.training_settings["learning_rate"]
        == read_note(tmp_path / "sweep.csv")["settings"]["train"]["learning_rate"]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 0.001},
        {"steps": 5},
        {"width": 16},
        {"loss": "cross_entropy"},
        {"schedule": "cosine"},
        {"epsilon": 0.01},
        {"batch_size": 4},
    ],
    ids=lambda change: next(iter(change)),
)
def test_models_of_other_settings_are_not_examined(corpus, tmp_path, change):
    run_sweep(corpus, [8], [0], out=tmp_path, **KEEP)
    for name in ("sweep.csv", "sweep.json"):
        (tmp_path / name).unlink()
    run_sweep(corpus, [8], [0], out=tmp_path, **{**TINY, **change})
    with pytest.raises(ValueError, match=rf"was not trained as .*[ (.]{next(iter(change))}: .* delete the models"):
        sweep_details(tmp_path, corpus, sentences=4, progress=False)
    assert not (tmp_path / "details.csv").exists()


def test_a_model_in_the_place_of_another_one_is_not_examined(corpus, tmp_path):
    run_sweep(corpus, [8], [0, 1], out=tmp_path, **KEEP)
    models = tmp_path / "models"
    shutil.copy(models / "n8-seed0.safetensors", models / "n8-seed1.safetensors")
    with pytest.raises(ValueError, match="n8-seed1.safetensors was not trained as .*seed: 0 there, 1 in the table"):
        sweep_details(tmp_path, corpus, sentences=4, progress=False)


def test_models_of_epochs_are_examined(corpus, tmp_path):
    run_sweep(corpus, [8], [0], out=tmp_path, epochs=2.0, **KEEP)
    assert len(sweep_details(tmp_path, corpus, sentences=4, probes=("entropy",), progress=False))


def filled(path: Path) -> Store:
    store = Store(path, {"steps": 3})
    for n in (8, 16):
        values = {"recovered": 0.25 + n / 100, "unstable": 0.5, "entropy": 1.25}
        store.add(
            [row for split in ("train", "held-out") for row in rows_of(values, n_train=n, seed=0, split=split, t=0.25)]
        )
    return store


@given(place=st.integers(0, 2**12), new=st.sampled_from("0123456789.,-etn\n\"' x"))
def test_a_changed_character_of_a_table_is_noticed(tmp_path_factory, place, new):
    folder = tmp_path_factory.mktemp("table")
    path = folder / "a.csv"
    filled(path)
    before, text = read_rows(path), path.read_text("utf-8")
    place %= len(text)
    path.write_text(text[:place] + new + text[place + 1 :], "utf-8")
    try:
        after = Store(path, {"steps": 3}).load()
    except ValueError as error:
        assert "delete" in str(error)
        return
    # what is not refused is as it was, or a job that was cut and is done again
    kept = before[
        [
            job in set(zip(after.n_train, after.seed, strict=True))
            for job in zip(before.n_train, before.seed, strict=True)
        ]
    ]
    pd.testing.assert_frame_equal(after, kept.reset_index(drop=True), check_exact=True)


@given(place=st.integers(0, 2**12), bit=st.integers(0, 6))
def test_a_flipped_bit_of_a_note_is_refused_or_harmless(tmp_path_factory, place, bit):
    folder = tmp_path_factory.mktemp("note")
    path = folder / "a.csv"
    filled(path)
    before, data = read_rows(path), bytearray((folder / "a.json").read_bytes())
    data[place % len(data)] ^= 1 << bit
    (folder / "a.json").write_bytes(data)
    try:
        after = Store(path, {"steps": 3}).load()
    except ValueError:
        return
    merged = after.merge(before, how="left", indicator=True)
    assert (merged["_merge"] == "both").all(), "no row that was not written"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("split", "nan", "no split"),
        ("split", "", "no split"),
        ("quantity", "", "no quantity"),
        ("t", "16317", "t outside 0 to 1"),
        ("t", "-0.25", "t outside 0 to 1"),
        ("value", "404", "a share outside 0 to 1"),
        ("value", "inf", "a share outside 0 to 1"),
        ("n_train", "0", "n_train below 1"),
        ("seed", "-1", "a seed below 0"),
        ("seed", "99999999999999999999", "cannot be read"),
    ],
)
def test_a_row_that_cannot_be_is_refused_in_an_old_table_too(tmp_path, column, value, message):
    path = tmp_path / "a.csv"
    filled(path)
    note = json.loads((tmp_path / "a.json").read_text("utf-8"))
    del note["sha256"]  # as in the tables that are committed
    (tmp_path / "a.json").write_text(json.dumps(note), "utf-8")
    assert len(read_rows(path)) == 12
    lines = path.read_text("utf-8").splitlines()
    cells = dict(
        zip(lines[0].split(","), next(line for line in lines if ",recovered," in line).split(","), strict=True)
    )
    row = lines.index(",".join(cells.values()))
    lines[row] = ",".join((cells | {column: value}).values())
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(ValueError, match=message):
        read_rows(path)


def test_every_committed_table_can_be_read():
    tables = [path for path in (ROOT / "data").rglob("*.csv") if path.with_suffix(".json").exists()]
    read = 0
    for path in tables:
        if json.loads(path.with_suffix(".json").read_text("utf-8")).get("format") == module.FORMAT:
            assert len(read_rows(path)) > 0
            read += 1
    assert read > 40


def test_deeply_nested_notes_are_refused(tmp_path):
    filled(tmp_path / "a.csv")
    (tmp_path / "a.json").write_text("[" * 200_000)
    with pytest.raises(ValueError, match="cannot be read"):
        read_note(tmp_path / "a.csv")


def test_a_lock_of_another_user_is_found_out_before_the_work(corpus, tmp_path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    def never(*_, **__):
        raise AssertionError("the work has begun")

    monkeypatch.setattr(module.FileLock, "acquire", denied)
    monkeypatch.setattr(sweeping, "train_stack", never)
    with pytest.raises(PermissionError, match=r"\.lock belongs to another user"):
        run_sweep(corpus, [8], [0], out=tmp_path, **TINY)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_lock_is_open_to_all_who_may_write_in_the_folder(tmp_path):
    before = os.umask(0o022)
    try:
        filled(tmp_path / "a.csv")
    finally:
        os.umask(before)
    if (tmp_path / ".lock").exists():  # some versions of filelock remove it
        assert (tmp_path / ".lock").stat().st_mode & 0o666 == 0o666


def test_the_home_folder_has_a_short_name(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    run_sweep(corpus, [8], [0], out="~/sweep", **KEEP)
    assert (tmp_path / "sweep" / "models" / "n8-seed0.safetensors").exists() and not (tmp_path / "~").exists()
    assert len(sweep_details("~/sweep", corpus, sentences=4, probes=("entropy",), progress=False))
    assert len(read_rows(Path("~/sweep/sweep.csv")))


def test_results_of_others_are_not_replaced(tmp_path, capsys):
    (tmp_path / "transition.png").write_bytes(b"somebody's picture")
    assert main(["sweep", "--out", str(tmp_path), "--sizes", "8", "--seeds", "0", "--steps", "1", "--width", "8"]) == 2
    assert "transition.png is there, and no sweep of ours" in capsys.readouterr().err
    assert snapshot(tmp_path) == {"transition.png": b"somebody's picture"}
    text = tmp_path / "diary.txt"
    text.write_text("hello")
    assert main(["train", "--out", str(text), "--steps", "1", "--n-train", "4", "--width", "8"]) == 2
    assert "no checkpoint of ours" in capsys.readouterr().err and text.read_text() == "hello"


def test_numbers_of_numpy_are_written_like_others(tmp_path):
    store = Store(tmp_path / "a.csv", {})
    store.claim()
    store.add(rows_of({"x": np.float32(0.1)}, n_train=np.int64(3), seed=0, split="train"))
    assert read_rows(tmp_path / "a.csv").value.tolist() == [0.1]


def test_work_that_fails_before_anything_is_done_leaves_no_claim(corpus, tmp_path, monkeypatch):
    real = sweeping.train_stack

    def fail(*_, **__):
        raise RuntimeError("the machine went away")

    monkeypatch.setattr(sweeping, "train_stack", fail)
    with pytest.raises(RuntimeError, match="went away"):
        run_sweep(corpus, [8], [0], out=tmp_path, **TINY)
    monkeypatch.setattr(sweeping, "train_stack", real)
    assert not (tmp_path / "sweep.json").exists()
    run_sweep(corpus, [8], [0], out=tmp_path, learning_rate=0.001, **TINY)  # so that others may be tried

"""The store of results: whole jobs or nothing, whoever writes, is killed, or knows more quantities than before."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from filelock import FileLock

from uddm_mini.experiments import store as module
from uddm_mini.experiments.store import COLUMNS, FORMAT, Store, jobs_in, read_note, read_rows, rows_of, wide

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"train": {"steps": 4, "loss": "nelbo"}, "probe": {"times": (0.25, 1.0)}}


def rows(n: int, seed: int, add: float = 0.0, **more: float) -> list[dict]:
    """Five rows of a job, and one for each further quantity: numbers that tell where they belong."""
    out = []
    for split in ("train", "held-out"):
        for t in (0.25, 1.0):
            out += rows_of({"recovered": n + seed / 10 + t / 100 + add}, n_train=n, seed=seed, split=split, t=t)
    return out + rows_of({"seconds": 1.5, **more}, n_train=n, seed=seed, split="train")


def filled(path: Path | None, *jobs: tuple[int, int], **about) -> Store:
    store = Store(path, SETTINGS, about=about)
    for n, seed in jobs:
        store.add(rows(n, seed))
    return store


def note(path: Path) -> dict:
    return json.loads(path.with_suffix(".json").read_text("utf-8"))


def test_rows_come_back_sorted_and_whole(tmp_path):
    stores = [filled(path, (16, 1), (8, 0), (16, 0)) for path in (None, tmp_path / "deep" / "a.csv")]
    for store in stores:
        frame = store.load()
        assert list(frame.columns) == COLUMNS and len(frame) == 15 and store.done == {(8, 0), (16, 0), (16, 1)}
        assert frame["n_train"].tolist() == [8] * 5 + [16] * 10
        assert set(frame["denoiser"]) == {"model"}
        assert frame["t"].isna().sum() == 3 and (frame[frame["t"].isna()]["quantity"] == "seconds").all()
        row = frame[(frame.n_train == 16) & (frame.seed == 1) & (frame.split == "held-out") & (frame.t == 1)]
        assert row["value"].tolist() == pytest.approx([16.11])
    pd.testing.assert_frame_equal(stores[0].load(), stores[1].load(), rtol=1e-5)
    pd.testing.assert_frame_equal(read_rows(tmp_path / "deep" / "a.csv"), stores[1].load(), check_exact=True)
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"a.csv", "a.json", ".lock"}


def test_a_missing_number_and_an_infinite_one_come_back(tmp_path):
    store = Store(tmp_path / "a.csv", {})
    store.add(rows_of({"a": math.nan, "b": math.inf, "c": 1 / 3}, n_train=1, seed=0, split="train"))
    back = read_rows(tmp_path / "a.csv").set_index("quantity").value
    assert math.isnan(back["a"]) and back["b"] == math.inf and back["c"] == 0.333333, "six digits are written"


def test_the_note_counts_the_rows_of_every_job(tmp_path):
    path = tmp_path / "a.csv"
    store = filled(path, (16, 1), (8, 0))
    assert note(path)["jobs"] == [[8, 0, 5], [16, 1, 5]]
    store.add([*rows(4, 7, more=2.0), *rows(4, 2)])  # two jobs as one, of different length
    assert note(path)["jobs"] == [[4, 2, 5], [4, 7, 6], [8, 0, 5], [16, 1, 5]]
    assert read_note(path)["jobs"] == [(4, 2, 5), (4, 7, 6), (8, 0, 5), (16, 1, 5)]
    lines = path.with_suffix(".json").read_text("utf-8").splitlines()
    assert "  [4, 2, 5]," in lines, "one line for each job: a difference is easy to see"
    assert note(path)["format"] == FORMAT and note(path)["settings"]["probe"]["times"] == [0.25, 1.0]
    written = pd.read_csv(path).groupby(["n_train", "seed"]).size()
    assert [[*job, count] for job, count in written.items()] == note(path)["jobs"]


def test_a_file_that_is_cut_off_anywhere_has_its_whole_jobs_and_no_others(tmp_path):
    path = tmp_path / "a.csv"
    filled(path, (8, 0), (16, 0)).add(rows(4, 1, more=2.0))
    text = path.read_text("utf-8")
    whole, ends, places, done = read_rows(path), {}, set(range(0, len(text), 29)), 0
    for line in text.splitlines(keepends=True):  # after which character is a job whole?
        done += len(line)
        ends[tuple(line.split(",")[:2])] = done
        places |= {done - 2, done - 1, done}  # a digit and the end of the line are missing, the end alone, nothing
    header = ends.pop(("n_train", "seed"))
    for length in sorted(places)[:-1]:
        path.write_text(text[:length])
        if length < header:
            with pytest.raises(ValueError, match=r"a\.csv cannot be read"):
                read_rows(path)
        else:
            left = read_rows(path)
            expected = {(int(n), int(seed)) for (n, seed), end in ends.items() if end <= length}
            assert jobs_in(left) == expected, length
            kept = [job in expected for job in zip(whole.n_train, whole.seed, strict=True)]
            assert left.equals(whole[kept].reset_index(drop=True))
    assert Store(path, SETTINGS).done == {(4, 1), (8, 0)}
    filled(path, (16, 0))
    assert path.read_text("utf-8") == text, "the missing job is added, and the file is as it was"


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        (lambda lines: lines[:1], set()),
        (lambda lines: [*lines[:3], *lines[4:]], {(16, 0)}),  # a line is gone
        (lambda lines: [*lines, *lines[1:]], {(8, 0), (16, 0)}),  # every line twice
        (lambda lines: [*lines, lines[-1].replace("16,0", "16,2")], {(8, 0), (16, 0)}),  # of a job that nobody noted
        (lambda lines: [*lines, lines[-1].replace("seconds", "minutes")], {(8, 0)}),  # more than was noted
    ],
)
def test_only_whole_jobs_count(tmp_path, damage, left):
    path = tmp_path / "a.csv"
    filled(path, (8, 0), (16, 0))
    path.write_text("".join(damage(path.read_text("utf-8").splitlines(keepends=True))))
    assert Store(path, SETTINGS).done == left


def test_what_is_interrupted_between_note_and_table_is_done_again(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    store = filled(path, (8, 0))
    before = path.read_bytes()

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "typed", killed)
        with pytest.raises(KeyboardInterrupt):
            store.add(rows(16, 0))
    assert path.read_bytes() == before and [16, 0, 5] in note(path)["jobs"], "the note comes first"
    assert {file.name for file in tmp_path.iterdir()} == {"a.csv", "a.json", ".lock"}, "no litter"
    again = Store(path, SETTINGS)
    assert again.done == {(8, 0)}
    again.add(rows(32, 0))
    assert note(path)["jobs"] == [[8, 0, 5], [32, 0, 5]] and again.done == {(8, 0), (32, 0)}
    path.unlink()  # the same at the very first job: there is a note, and no table
    assert Store(path, SETTINGS).done == set()
    filled(path, (16, 0))
    assert note(path)["jobs"] == [[16, 0, 5]]


WRITER = """
import sys
from pathlib import Path
from uddm_mini.experiments.store import Store, rows_of
path, seed = sys.argv[1], int(sys.argv[2])
store = Store(Path(path), {"a": 1}, about={"command": f"writer {seed}"})
for n in range(1, 9):
    store.add(rows_of({"x": n + seed / 10, "y": -n}, n_train=n, seed=seed, split="train", t=0.5))
"""


def test_two_processes_write_to_one_file_and_lose_nothing(tmp_path):
    path = tmp_path / "a.csv"
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), seed], env=env) for seed in ("0", "1")]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert note(path)["jobs"] == [[n, seed, 2] for n in range(1, 9) for seed in (0, 1)]
    found = read_rows(path)
    assert len(found) == 32
    x = found[found.quantity == "x"]
    assert x.value.tolist() == pytest.approx((x.n_train + x.seed / 10).tolist(), rel=1e-5)
    about = note(path)["about"]
    assert sorted([about["command"], *about.get("earlier command", [])]) == ["writer 0", "writer 1"]


def test_of_a_job_that_two_have_done_the_first_rows_stay(tmp_path):
    for path in (None, tmp_path / "a.csv"):
        store = filled(path, (16, 2))
        store.add([row for seed in range(5) for row in rows(16, seed, add=100)])
        other = Store(path, SETTINGS) if path else store  # what another process sees
        found = other.load()
        found = found[(found.quantity == "recovered") & (found.split == "train") & (found.t == 0.25)]
        assert found["seed"].tolist() == [0, 1, 2, 3, 4]
        assert found["value"].round(1).tolist() == [116.0, 116.1, 16.2, 116.3, 116.4]
    text, about = (tmp_path / "a.csv").read_bytes(), (tmp_path / "a.json").read_bytes()
    filled(tmp_path / "a.csv", (16, 2), (16, 4), command="in vain")
    assert (tmp_path / "a.csv").read_bytes() == text and (tmp_path / "a.json").read_bytes() == about


def test_a_quantity_more_leaves_what_is_stored_readable_and_done(tmp_path):
    path = tmp_path / "a.csv"
    store = filled(path, (8, 0), (8, 1))
    before = wide(store.load(), ["recovered", "seconds"])
    later = Store(path, SETTINGS)  # a later version measures one thing more
    assert later.done == {(8, 0), (8, 1)}
    by_t = rows_of({"calibration": 0.5}, n_train=16, seed=0, split="train", t=0.25)
    later.add([*rows(16, 0, depth=3.0), *by_t])
    assert later.done == Store(path, SETTINGS).done == {(8, 0), (8, 1), (16, 0)}
    assert note(path)["jobs"] == [[8, 0, 5], [8, 1, 5], [16, 0, 7]]
    old = wide(read_rows(path), ["recovered", "seconds"])  # this version reads what a later one has written
    pd.testing.assert_frame_equal(old[old.n_train == 8], before, check_exact=True)
    assert list(old.columns) == [*before.columns] and len(old) == 12
    new = wide(read_rows(path), ["recovered", "calibration", "depth", "seconds"])
    assert len(new) == 12 and new.calibration.notna().sum() == 1 and new.depth.notna().sum() == 2


def test_the_wide_table_has_a_column_for_each_quantity(tmp_path):
    long = pd.DataFrame(
        [
            *rows_of({"a": 1.0, "b": 2.0}, n_train=8, seed=0, split="train", t=0.5),
            *rows_of({"a": 3.0}, n_train=8, seed=0, split="train", t=0.1),
            *rows_of({"once": 9.0, "more": 8.0}, n_train=8, seed=0, split="train"),
            *rows_of({"a": 4.0, "b": 5.0}, n_train=4, seed=1, split="held-out", t=0.5),
            *rows_of({"a": 6.0, "b": 7.0}, n_train=8, seed=0, split="train", t=0.5, denoiser="memorizer"),
        ]
    )
    model = long[long.denoiser == "model"]
    columns = ["once", "b", "unknown", "a"]  # this order; what is asked for and not there has no column
    nan = math.nan
    expected = pd.DataFrame(
        [[4, 1, "held-out", 0.5, nan, 5, 4], [8, 0, "train", 0.1, 9, nan, 3], [8, 0, "train", 0.5, 9, 2, 1]],
        columns=["n_train", "seed", "split", "t", "once", "b", "a"],
    )
    for order in (model, model[::-1]):
        pd.testing.assert_frame_equal(wide(order, columns), expected, check_dtype=False)
    both = wide(long, columns, denoiser=True)
    assert both.columns.tolist() == ["denoiser", *expected.columns] and len(both) == 4
    pd.testing.assert_frame_equal(
        both[both.denoiser == "model"].drop(columns="denoiser").reset_index(drop=True), expected, check_dtype=False
    )
    assert both.iloc[0].tolist()[:5] == ["memorizer", 8, 0, "train", 0.5] and both.iloc[0].a == 6
    with pytest.raises(ValueError, match="duplicate"):  # two denoisers can not share a row
        wide(long, columns)
    assert wide(model[model.t.isna()], columns).empty


def test_rows_have_what_is_common_to_them_and_a_quantity_each():
    assert rows_of({"a": 1.0, "b": 2.0}, n_train=8, seed=0, split="train", t=0.5) == [
        {"n_train": 8, "seed": 0, "split": "train", "t": 0.5, "denoiser": "model", "quantity": name, "value": value}
        for name, value in (("a", 1.0), ("b", 2.0))
    ]
    (row,) = rows_of({"a": 1.0}, n_train=8, seed=0, split="train", denoiser="memorizer")
    assert math.isnan(row["t"]) and row["denoiser"] == "memorizer"


def test_other_settings_are_refused_at_first_and_at_every_later_access(tmp_path):
    path = tmp_path / "a.csv"
    mine = Store(path, SETTINGS)  # there is nothing yet
    other = Store(path, {**SETTINGS, "train": {"steps": 5, "loss": "nelbo"}})
    mine.add(rows(8, 0))
    before = path.read_bytes()
    for access in (lambda: other.add(rows(16, 0)), other.load, lambda: Store(path, other.settings)):
        with pytest.raises(ValueError, match=r"other settings or data.*train\.steps: 4 there, 5 now\.$"):
            access()
    with pytest.raises(ValueError, match="color: None there, red now"):
        Store(path, {**SETTINGS, "color": "red"})
    with pytest.raises(ValueError, match=r"probe\.times: \[0\.25, 1\.0\] there, None now"):
        Store(path, {"train": SETTINGS["train"]})
    assert path.read_bytes() == before and other.done == set()


def test_a_setting_that_did_not_exist_when_a_table_was_made_counts_with_its_default(tmp_path):
    path = tmp_path / "a.csv"
    filled(path, (8, 0))
    old = note(path)
    now = {**SETTINGS, "train": {**SETTINGS["train"], "noise": {"schedule": "linear", "epsilon": 1e-3}}}
    assert Store(path, now, now).done == {(8, 0)}
    assert note(path) == old, "nothing was added, so nothing is written"
    with pytest.raises(ValueError, match=r"train\.noise\.epsilon: 0\.001 there, 0\.01 now"):
        Store(path, {**now, "train": {**now["train"], "noise": {"schedule": "linear", "epsilon": 1e-2}}}, now)
    Store(path, now, now).add(rows(16, 0))
    assert note(path)["settings"]["train"]["noise"] == {"schedule": "linear", "epsilon": 1e-3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("3", "not in the format"),
        ('{"editor.fontSize": 12}', "not in the format"),
        ('{"settings": {}, "about": {}}', "not in the format"),  # as notes were before
        (json.dumps({"format": "uddm_mini results 99", "settings": {}, "about": {}, "jobs": []}), "not in the format"),
        (json.dumps({"format": FORMAT, "settings": {}, "about": {}}), "cannot be read"),
        (json.dumps({"format": FORMAT, "settings": [1], "about": {}, "jobs": []}), "cannot be read"),
        (json.dumps({"format": FORMAT, "settings": {}, "about": {}, "jobs": [3]}), "cannot be read"),
        (json.dumps({"format": FORMAT, "settings": {}, "about": {}, "jobs": [[8, 0]]}), "cannot be read"),
        (json.dumps({"format": FORMAT, "settings": {}, "about": {}, "jobs": [[8, 0, "many"]]}), "cannot be read"),
    ],
)
def test_a_note_of_something_else_is_named_and_left_alone(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    for access in (lambda: Store(tmp_path / "a.csv", SETTINGS), lambda: read_note(tmp_path / "a.csv")):
        with pytest.raises(ValueError, match=rf"a\.json cannot be read .*{message}|a\.json {message}"):
            access()
    assert (tmp_path / "a.json").read_text() == text


def test_damaged_results_are_named_and_left_alone(tmp_path):
    path = tmp_path / "a.csv"
    filled(path, (8, 0), (8, 1))
    whole = path.read_text("utf-8")
    for text, why in (
        ("", "No columns"),
        ("n_train,seed\n8,0\n", "lacks the columns denoiser, quantity, split, t, value"),
        (whole.replace("\n8,0,train", "\nx,0,train"), "x"),
        (whole.replace("0.25", "soon"), "soon"),
        (whole + "8,1,train,1,2,3,4,5,6,7,8\n", "fields"),
    ):
        path.write_text(text)
        store = Store(tmp_path / "b.csv", SETTINGS)
        store.path, store.note = path, path.with_suffix(".json")
        message = rf"a\.csv cannot be read \([^\n]*{why}[^\n]*\); delete it to begin anew"
        with pytest.raises(ValueError, match=message):
            Store(path, SETTINGS)
        with pytest.raises(ValueError, match=message):
            store.add(rows(16, 0))
        assert path.read_text("utf-8") == text


def test_a_table_without_its_note_is_nothing_anybody_knows(tmp_path):
    filled(tmp_path / "a.csv", (8, 0))
    (tmp_path / "a.json").unlink()
    with pytest.raises(ValueError, match="has no a.json, so nobody knows what it is"):
        Store(tmp_path / "a.csv", SETTINGS)


def test_a_folder_or_another_ending_is_no_table(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for path in (tmp_path, tmp_path / "a.json", tmp_path / "a", tmp_path / "folder.csv"):
        with pytest.raises(ValueError, match=r"ends in \.csv"):
            Store(path, SETTINGS)


def test_a_lock_that_is_never_given_back_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.1)
    store = Store(tmp_path / "a.csv", SETTINGS)
    with FileLock(tmp_path / ".lock"), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.add, rows(1, 0))
        with pytest.raises(ValueError, match=r"delete .*\.lock if no other process"):
            waiting.result(timeout=60)
    store.add(rows(1, 0))
    assert store.done == {(1, 0)}


def test_the_note_keeps_what_older_rows_were_made_with(tmp_path):
    path = tmp_path / "a.csv"
    about = (filled(path, (8, 0), command="first"), note(path)["about"])[1]
    now = about["versions"]
    assert now["torch"] == torch.__version__ and now["numpy"] == np.__version__ and now["device"] == "cpu"
    assert set(now) == {"python", "uddm_mini", "torch", "numpy", "pandas", "device"}
    assert about["command"] == "first" and not any(name.startswith("earlier") for name in about)
    older = {**now, "torch": "1.0", "device": "Tesla T4"}
    path.with_suffix(".json").write_text(json.dumps({**note(path), "about": {**about, "versions": older}}))
    text = path.with_suffix(".json").read_bytes()
    filled(path, (8, 0), command="nothing to do")
    assert path.with_suffix(".json").read_bytes() == text, "nothing was added, so the note stays as it is"
    for job, command in (((16, 0), "second"), ((4, 0), "second"), ((5, 0), "third"), ((6, 0), "first")):
        filled(path, job, command=command)
        about = note(path)["about"]
        assert about["versions"] == now and about["earlier versions"] == [older]
    assert about["command"] == "first" and about["earlier command"] == ["second", "third"]
    filled(path, (7, 0))  # a call from a program, and not from the command line
    assert note(path)["about"]["earlier command"] == ["second", "third", "first"]
    assert "command" not in note(path)["about"]


def test_the_note_tells_the_device():
    assert module._versions("cpu")["device"] == "cpu" and module._versions("mps")["device"] == "mps"

"""Commands in processes of their own: signals end them soon and keep what is done; nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from uddm_mini import ToyLanguage, run_sweep
from uddm_mini.experiments.store import read_rows
from uddm_mini.terminal import Ended, guarded, sentence_of

ROOT = Path(__file__).resolve().parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
LONG = ["--width", "8", "--steps", "100000", "--sizes", "16,32,64", "--seeds", "0,1", "--sentences", "32"]
LIMIT = 120.0  # a machine may be busy; without the mend nothing ends before its job, which takes minutes
PROGRAM = """
import sys, torch
torch.set_num_threads(int(sys.argv[1]))
from uddm_mini.cli import main
if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
"""


def started(folder: Path, threads: int, *command: str) -> subprocess.Popen:
    script = folder / "program.py"
    script.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(
        [sys.executable, str(script), str(threads), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,  # Ctrl-C of the tests does not reach it, and ours reaches its whole group
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell may have ignored it
    )


def until(true, limit: float = LIMIT) -> bool:
    end = time.monotonic() + limit
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def group_of(process: subprocess.Popen) -> list[int]:
    """Return the processes of its group that are alive (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == process.pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


@posix
@pytest.mark.parametrize(
    ("threads", "number", "status"), [(1, signal.SIGINT, 130), (2, signal.SIGINT, 130), (2, signal.SIGTERM, 143)]
)
def test_a_signal_ends_a_sweep_within_its_job_and_says_how_to_go_on(tmp_path, threads, number, status):
    out = tmp_path / "out"
    process = started(tmp_path, threads, "sweep", *LONG, "--out", str(out))
    try:
        assert until((out / "sweep.json").exists), process.communicate(timeout=5)
        time.sleep(1.0)
        # Ctrl-C reaches the whole group, as in a terminal; a scheduler tells the main process alone
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        told = process.communicate(timeout=LIMIT)[1]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == status
    assert [line for line in told.splitlines() if line.startswith("uddm_mini: ")] == [
        "uddm_mini: stopped; what was finished is kept, and a sweep resumes when you give the same command again."
    ]
    assert "Traceback" not in told
    if sys.platform == "linux":
        assert until(lambda: not group_of(process)), "nobody is left"
    assert not [path.name for path in out.rglob(".uddm-*")]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_workers_end_with_a_main_process_that_is_killed(tmp_path):
    process = started(tmp_path, 2, "sweep", *LONG, "--out", str(tmp_path / "out"))
    try:
        assert until(lambda: len(group_of(process)) >= 3)
        time.sleep(0.5)
        process.kill()
        process.wait()
        assert until(lambda: not group_of(process)), "orphans"
    finally:
        for number in group_of(process):
            os.kill(number, signal.SIGKILL)
        process.communicate()


@posix
def test_threads_of_a_call_end_at_their_next_step(tmp_path):
    # run_sweep without an executor, as in a notebook: Ctrl-C does not wait for jobs of minutes
    code = (
        "import signal, threading, os, torch; torch.set_num_threads(2)\n"
        "from uddm_mini import ToyLanguage, run_sweep\n"
        "threading.Timer(3.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    run_sweep(ToyLanguage(), [16, 32], [0], steps=10**6, width=8, progress=False)\n"
        "except KeyboardInterrupt:\n"
        "    print('ended')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert run.stdout == "ended\n", run.stderr


@posix
def test_a_killed_sweep_resumes_to_the_table_of_an_undisturbed_one(tmp_path):
    short = ["--width", "8", "--steps", "150", "--sizes", "8,16,32", "--seeds", "0,1", "--sentences", "16"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert started(tmp_path, 1, "sweep", *short, "--out", str(whole)).wait() == 0
    for wait in (0.2, 0.6, None):
        process = started(tmp_path, 1, "sweep", *short, "--out", str(broken))
        if wait is not None:
            until(lambda: (broken / "sweep.json").exists())
            time.sleep(wait)
            process.kill()
        process.communicate()
    tables = [read_rows(folder / "sweep.csv") for folder in (whole, broken)]
    tables = [table[table.quantity != "seconds"].reset_index(drop=True) for table in tables]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert not [path.name for path in broken.rglob(".uddm-*")]


def test_statuses_and_sentences(capsys):
    def told(error):
        def run():
            raise error

        return guarded(run, resumes=False), capsys.readouterr().err

    assert told(KeyboardInterrupt()) == (130, "uddm_mini: stopped; nothing was written.\n")
    assert told(Ended(signal.SIGTERM))[0] == 143
    assert told(ValueError("bad \x1b[2Jword"))[1] == "uddm_mini: bad \\x1b[2Jword\n"
    assert sentence_of(KeyError("x")) == "" and guarded(lambda: None, True) == 0


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_what_the_terminal_cannot_encode_does_not_end_a_command(tmp_path, encoding):
    words = ("<pad>", "<unk>", "привет", "мир\x1b[2J")
    code = (
        "import sys, torch\n"
        "from uddm_mini import TransformerDenoiser, UniformNoise, save\n"
        "from uddm_mini.models.settings import ModelSettings\n"
        "m = TransformerDenoiser(UniformNoise(4), 3, ModelSettings(width=8, heads=2))\n"
        f"m.words = {words!r}\n"
        "save(m, sys.argv[1])\n"
        "from uddm_mini.cli import main\n"
        "sys.exit(main(['sample', sys.argv[1], '-n', '4', '--steps', '2']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "m")], capture_output=True, env=environment)
    assert run.returncode == 0 and len(run.stdout.splitlines()) == 4, run.stderr
    assert b"\x1b" not in run.stdout


def test_bars_are_quiet_in_a_log_and_shown_in_a_terminal(capsys, monkeypatch):
    given = (ToyLanguage(), [4], [0])
    tiny = dict(steps=1, width=8, heads=2, batch_size=4, sentences=4)
    run_sweep(*given, **tiny)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run_sweep(*given, **tiny)
    assert "1/1" in capsys.readouterr().err

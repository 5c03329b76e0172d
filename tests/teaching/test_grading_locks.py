"""What a student's process may not do, tried in a process without PyTorch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOCKS = Path(__file__).resolve().parents[2] / "uddm_mini" / "teaching" / "grading" / "locks.py"
TRIES = {
    "read": "open({secret!r}).read()",
    "write": "open({secret!r}, 'w')",
    "low": "os.open({secret!r}, os.O_RDONLY)",
    "link": "os.symlink({secret!r}, 'link') or open('link').read()",
    "up": "open('../secret.txt').read()",
    "list": "os.listdir({folder!r})",
    "rename": "os.rename({secret!r}, 'mine')",
    "remove": "os.remove({secret!r})",
    "fork": "os.fork()",
    "system": "os.system('true')",
    "run": "subprocess.run(['true'])",
    "network": "socket.create_connection(('127.0.0.1', 9))",
    "library": "ctypes.CDLL(None)",
    "limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (1, 1))",
    "hidden": "open({hidden!r}).read()",
    "own": "open('mine.txt', 'w').write('x')",
    "import": "__import__('colorsys').__name__",
}
CODE = """
import ctypes, importlib.util, json, os, resource, socket, subprocess, sys
spec = importlib.util.spec_from_file_location("locks", sys.argv[1])
locks = importlib.util.module_from_spec(spec)
spec.loader.exec_module(locks)
tries, hidden = json.loads(sys.argv[2]), sys.argv[3]
kept = {"network": locks.without_network(), "limits": locks.limit(1 << 30, 60, 1 << 20)}
locks.refuse(os.getcwd(), hidden)
for name, source in tries.items():
    try:
        kept[name] = str(eval(source))
    except OSError as error:
        kept[name] = type(error).__name__
try:
    with open("large", "wb") as file:
        file.write(bytes(1 << 22))
    kept["size"] = "no limit"
except OSError as error:
    kept["size"] = type(error).__name__
try:
    bytes(50 * 10**9)
    kept["memory"] = "no limit"
except MemoryError:
    kept["memory"] = "MemoryError"
print(json.dumps(kept))
"""


@pytest.mark.skipif(os.name != "posix", reason="grading needs Linux or macOS")
def test_files_processes_network_and_limits_are_refused_and_the_own_folder_is_open(tmp_path):
    own, hidden = tmp_path / "own", tmp_path / "hidden"
    own.mkdir()
    hidden.mkdir()
    secret = tmp_path / "secret.txt"
    for path in (secret, hidden / "oracle.py"):
        path.write_text("secret")
    words = {"secret": str(secret), "folder": str(tmp_path), "hidden": str(hidden / "oracle.py")}
    tries = {name: source.format(**words) for name, source in TRIES.items()}
    command = [sys.executable, "-I", "-c", CODE, str(LOCKS), json.dumps(tries), str(hidden)]
    run = subprocess.run(command, cwd=own, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    kept = json.loads(run.stdout)
    assert kept.pop("own") == "1" and kept.pop("import") == "colorsys" and kept.pop("limits") == "PermissionError"
    network = kept.pop("network")
    assert network == "PermissionError"
    assert kept.pop("size") == "OSError"
    if sys.platform.startswith("linux"):
        assert kept.pop("memory") == "MemoryError"
    kept.pop("memory", None)
    assert kept == dict.fromkeys(kept, "PermissionError")
    assert secret.read_text() == "secret" and "secret" not in run.stdout

"""The student's side of grading: a process that runs the cells of one notebook and answers the questions of the checks.

It is started as a script, alone, or forked from one that was (`fork_server`), and gives no verdict: what it sends are
values, errors and questions of its own. The checks, the salt and the marks are in the process that started it
(`process.py`, `forks.py`, `remote.py`).
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch

LONGEST = 1 << 16  # bytes of a request
TOO_MUCH = ("allocate", "out of memory", "bad_alloc")


def load_file(path: Path) -> Any:
    """Import one file of the package without the package."""
    name = f"grading_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for themselves
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Prepared:
    """What a process needs before it meets a notebook: modules of grading, names that are given away, originals."""

    modules: dict[str, Any]
    given_to_checks: dict[str, list[tuple[Any, ...]]]
    records: dict[str, Any]
    originals: Any


def prepare(about: dict[str, Any]) -> Prepared:
    """Import all that a notebook may use, and close the package to it."""
    here = Path(__file__).resolve().parent
    names = ("encoding", "line", "stage", "notebook", "locks", "../calls")
    modules = {name.removeprefix("../"): load_file(here / f"{name}.py") for name in names}
    given_to_checks = modules["stage"].stand_ins(about["chapters"], about["given"], about["root"])
    records = {n: v for n, v in _records(about["given"]).items() if n in modules["encoding"].RECORDS}
    originals = modules["stage"].Originals()
    _warm_up(modules["calls"])
    return Prepared(modules, given_to_checks, records, originals)


def serve(about: dict[str, Any], prepared: Prepared) -> None:
    """Lock the process, and answer questions until there are no more."""
    encoding, lines, locks, notebooks, calls = (
        prepared.modules[name] for name in ("encoding", "line", "locks", "notebook", "calls")
    )
    line = lines.Line(about["incoming"], about["outgoing"], encoding)
    records, originals = prepared.records, prepared.originals
    sys.stdout = sys.stderr = prepared.modules["stage"].Printed()
    own = os.getcwd()
    kept = {"network": locks.without_network(), "user": locks.as_nobody(own)}
    kept["limits"] = locks.limit(about["memory"], about["seconds"], about["file_size"])
    locks.refuse(own, about["hidden"])
    notebook = notebooks.Notebook(line.send, prepared.given_to_checks, originals.restore, calls.is_stub)
    answers: list[Any] = []
    line.send({"ready": kept})
    while True:
        question = line.receive()
        if question["do"] == "run":
            notebook.run(question["cells"], question["skip"])
        elif question["do"] == "find":
            found, how = notebook.answers(question["key"], question["wanted"], question["parameters"])
            answers += found
            first = len(answers) - len(found)
            line.send({"found": [_shown(a, first + i, encoding, calls) for i, a in enumerate(found)], "how": how})
        elif question["do"] == "call":
            arguments = [encoding.decode(a, line.far, records) for a in question["args"]]
            named = {k: encoding.decode(v, line.far, records) for k, v in question["named"].items()}
            reply = _answer(answers[question["number"]], arguments, named, encoding.encode, calls)
            originals.restore()
            line.send(reply)


def fork_server(about: dict[str, Any], prepared: Prepared) -> None:
    """Fork a process for every request, and let go of those that are over; no code of a student runs here.

    A fork has the one thread that called it. What another thread had locked would stay locked in it for ever, so that
    there must be no other: PyTorch and NumPy start theirs when they compute on several cores, or go backward, and here
    they do neither. If there is one all the same, nobody is forked.
    """
    gc.freeze()  # what is here now is never looked through again, so that forks share its pages
    with socket.socket(fileno=about["control"]) as control:
        while True:
            data, handles, *_ = socket.recv_fds(control, LONGEST, 2)
            if not data:
                return
            request = json.loads(data)
            if "reap" in request:
                os.waitpid(request["reap"], 0)
                control.send(b"{}")
                continue
            if len(os.listdir("/proc/self/task")) != 1:
                return
            pid = os.fork()
            if pid == 0:
                control.close()
                _child(about | request["start"] | dict(zip(("incoming", "outgoing"), handles, strict=True)), prepared)
            for handle in handles:
                os.close(handle)
            control.send(json.dumps({"pid": pid}).encode())


def _child(about: dict[str, Any], prepared: Prepared) -> NoReturn:
    """Be the process of one submission: a session, a folder and a beginning of randomness of its own."""
    try:
        os.setsid()
        os.chdir(about["folder"])
        os.environ["HOME"] = os.environ["TMPDIR"] = about["folder"]
        tempfile.tempdir = None
        np.random.seed()
        serve(about, prepared)
    finally:
        os._exit(0)  # what the server would do at its end is not for its forks


def _records(given: list[list[str]]) -> dict[str, Any]:
    return {name: getattr(sys.modules[module], name) for module, name in given}


def _warm_up(calls: Any) -> None:
    """Load what PyTorch and NumPy load late, before files and libraries are closed."""
    table = torch.eye(2, dtype=torch.float64).softmax(0).log().exp()
    calls.called(lambda x: x @ x + torch.linalg.inv(table + x).sum() + np.linalg.norm(np.eye(2)), (table,), {})
    np.random.default_rng(0).integers(3)
    repr(table)


def _shown(answer: Any, number: int, encoding: Any, calls: Any) -> dict[str, Any]:
    """Return a value, or of a function what the grader needs to know."""
    if callable(answer):
        return {"number": number, "name": str(getattr(answer, "__name__", "your function"))}
    return {"value": encoding.encode(answer)}


def _answer(answer: Any, arguments: list[Any], named: dict[str, Any], encode: Callable[..., Any], calls: Any) -> Any:
    """Call the student's function; return its value, or in a sentence why there is none."""
    try:
        if calls.is_stub(answer):
            return {"stub": True}
        return {"value": encode(calls.called(answer, tuple(arguments), named))}
    except NotImplementedError:
        return {"stub": True}
    except BaseException as error:
        try:
            if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _is_memory(str(error))):
                return {
                    "told": f"{getattr(answer, '__name__', 'your function')} asked for more memory than there is here."
                }
            return {"told": calls.crash(answer, error)[:1000]}
        except Exception:  # an error whose own words fail
            return {"told": f"Your function stopped with {type(error).__name__}."}


def _is_memory(text: str) -> bool:
    return any(words in text for words in TOO_MUCH)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    typed = json.loads(sys.argv[1])
    (fork_server if "control" in typed else serve)(typed, prepare(typed))

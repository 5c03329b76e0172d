"""The student's side of grading: a process that runs the cells of one notebook and answers the questions of the checks.

It is started as a script, alone, and gives no verdict: what it sends are values, errors and questions of its own. The
checks, the salt and the marks are in the process that started it (`remote.py`).
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

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


def serve(about: dict[str, Any]) -> None:
    """Prepare the process, lock it, and answer questions until there are no more."""
    here = Path(__file__).resolve().parent
    encoding, lines, stage, notebooks, locks, calls = (
        load_file(here / f"{name}.py") for name in ("encoding", "line", "stage", "notebook", "locks", "../calls")
    )
    line = lines.Line(about["incoming"], about["outgoing"], encoding)
    given_to_checks = stage.stand_ins(about["chapters"], about["given"], about["root"])
    records = {name: value for name, value in _records(about["given"]).items() if name in encoding.RECORDS}
    originals = stage.Originals()
    _warm_up(calls)
    sys.stdout = sys.stderr = stage.Printed()
    own = os.getcwd()
    kept = {"network": locks.without_network(), "user": locks.as_nobody(own)}
    kept["limits"] = locks.limit(about["memory"], about["seconds"], about["file_size"])
    locks.refuse(own, about["hidden"])
    notebook = notebooks.Notebook(line.send, given_to_checks, originals.restore, calls.is_stub)
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
    serve(json.loads(sys.argv[1]))

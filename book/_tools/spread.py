"""How far do the numbers in the text move? Run the book under other instruction sets, thread counts and seeds.

python book/_tools/spread.py           every run; writes data/statements.csv and .json (`make spread`; hours, resumes)
python book/_tools/spread.py --only spins auditing     these notebooks; the rows of the others stay as they are
python book/_tools/spread.py --check   the notebooks that train, once, under another instruction set (`make test`)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from uddm_mini.files import replacing
from uddm_mini.teaching.exercises import CHAPTERS
from uddm_mini.teaching.statements import RECORD, Statement

ROOT = Path(__file__).resolve().parents[2]
BOOK, TABLE, RAW = ROOT / "book", ROOT / "data" / "statements.csv", ROOT / "_build" / "spread"
CAPABILITIES = ("default", "avx2", "avx512")
SHIFTS = (1, 2, 3, 4, 5)

# Runs before the notebook: moves the seed of every training, and notes that there was one. The settings that a model
# carries keep the seed of the text, so that the notebook finds the sentences that the model has seen.
PREPARATION = """
import dataclasses, importlib, inspect, json, os
_train = importlib.import_module("uddm_mini.training.train")
_new, _fit = _train._new, _train._fit
def _shifted(models, data, settings, *rest):
    with open(os.environ["{record}"], "a") as file:
        file.write(json.dumps({{"trains": True}}) + "\\n")
    _fit(models, data, [dataclasses.replace(each, seed=each.seed + {shift}) for each in settings], *rest)
_train._new = lambda noise, length, own: _new(noise, length, dataclasses.replace(own, seed=own.seed + {shift}))
_train._fit = _shifted
def _shift_own(*_):  # a training loop that a chapter writes itself, as soon as there is one
    own = get_ipython().user_ns.get("my_train")
    if own is not None and "seed" in inspect.signature(own).parameters and not hasattr(own, "moved"):
        def moved(*a, seed=0, **numbers):
            return own(*a, seed=seed + {shift}, **numbers)
        moved.moved = True
        get_ipython().user_ns["my_train"] = moved
get_ipython().events.register("post_run_cell", _shift_own)
"""


@dataclass(frozen=True)
class Run:
    """One way to run the book."""

    name: str
    capability: str = ""  # of ATEN_CPU_CAPABILITY; empty: the machine's best
    threads: int = 1
    shift: int = 0  # added to the seed of every training


def offered() -> list[str]:
    """Return the instruction sets that PyTorch has on this machine, the best one last.

    Asked without the variable: with it, PyTorch promises whatever it says, and ends in an illegal instruction.
    """
    ask = "import torch; print(torch.backends.cpu.get_cpu_capability().lower())"
    environment = {name: value for name, value in os.environ.items() if name != "ATEN_CPU_CAPABILITY"}
    answer = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    best = answer.stdout.strip()  # another processor than Intel's or AMD's has a set of its own, and "default"
    return [*CAPABILITIES[: CAPABILITIES.index(best)], best] if best in CAPABILITIES else ["default", best]


def all_runs() -> list[Run]:
    """Return the runs, one axis at a time: instruction sets, threads, seeds of what is trained."""
    sets = [Run(name, name) for name in offered()[:-1]]
    return [Run("base"), *sets, Run("two-threads", threads=2), *(Run(f"seeds+{k}", shift=k) for k in SHIFTS)]


def fingerprint(path: Path) -> str:
    """Return a hash of all that decides a notebook's numbers: its own code, the package's, and the stored results."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    digest = hashlib.sha256("\0".join(cells).encode())
    for file in [*sorted((ROOT / "uddm_mini").rglob("*.py")), *sorted((ROOT / "data").rglob("*.[cs][sa][vf]*"))]:
        if file != TABLE and not judges(file):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def judges(file: Path) -> bool:
    """Say whether a module judges answers or shows numbers, and so decides none."""
    if file.parent.name == "chapters":
        return file.stem in CHAPTERS
    return file.parent.name == "teaching" and file.stem in ("answers", "calls", "exercises", "statements")


def execute(path: Path, run: Run, out: Path) -> str:
    """Run one notebook alone in an empty folder, its statements into `out`; return what went wrong, or nothing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    part.write_text(json.dumps({"fingerprint": fingerprint(path)}) + "\n", "utf-8")
    notebook = nbformat.read(path, as_version=4)
    preparation = PREPARATION.format(record=RECORD, shift=run.shift)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(preparation))
    environment = {**os.environ, RECORD: str(part), "OMP_NUM_THREADS": str(run.threads), "PYTHONHASHSEED": "0"}
    environment.pop("UDDM_STATEMENTS", None)  # a difference is counted here, and ends nothing
    if run.capability:
        environment["ATEN_CPU_CAPABILITY"] = run.capability
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": folder}})
        try:
            client.execute(env=environment, stderr=subprocess.DEVNULL)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return f"{path.name}, {run.name}: {error}"
    os.replace(part, out)
    return ""


def lines(out: Path) -> list[dict[str, Any]]:
    """Return what a finished run of a notebook has recorded."""
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def fresh(path: Path, out: Path) -> bool:
    """Say whether a notebook was run as it is now."""
    return out.exists() and lines(out)[0]["fingerprint"] == fingerprint(path)


def statements(out: Path) -> dict[str, Statement]:
    """Return the statements of one run of a notebook, by their words."""
    return {line["what"]: Statement(**line) for line in lines(out) if "what" in line}


def trains(out: Path) -> bool:
    """Say whether a notebook trained a model."""
    return any("trains" in line for line in lines(out))


def perform(jobs: list[tuple[Path, Run]], folder: Path, workers: int) -> list[str]:
    """Run notebooks, several at a time; return what went wrong."""
    todo = [(path, run) for path, run in jobs if not fresh(path, folder / run.name / f"{path.stem}.jsonl")]
    print(f"{len(jobs) - len(todo)} of {len(jobs)} runs of notebooks are there already", flush=True)
    failures, start = [], time.perf_counter()
    with ProcessPoolExecutor(workers) as pool:
        waiting = {
            pool.submit(execute, path, run, folder / run.name / f"{path.stem}.jsonl"): (path, run) for path, run in todo
        }
        for done, future in enumerate(as_completed(waiting), start=1):
            path, run = waiting[future]
            failures += [future.result()] if future.result() else []
            minutes = (time.perf_counter() - start) / 60
            print(f"[{done}/{len(todo)}] {minutes:.0f} min  {run.name}  {path.name}", flush=True)
    return failures


def margin(mean: float, sd: float, low: float, high: float) -> float:
    """Return how many standard deviations lie between the mean and the nearer limit."""
    room = min(mean - low, high - mean)
    return room / sd if sd > 0 else (np.inf if room > -1e-9 else -np.inf)  # a mean of equal numbers is rounded


def summary(notebooks: list[Path], runs: list[Run], folder: Path) -> pd.DataFrame:
    """Return one row per statement over all runs; ValueError if a run lacks one that another has."""
    rows = []
    for path in notebooks:
        outs = {run.name: folder / run.name / f"{path.stem}.jsonl" for run in runs}
        found = {name: statements(out) for name, out in outs.items() if out.exists()}
        base = found["base"]
        for name, other in found.items():
            if base.keys() != other.keys():
                raise ValueError(f"{path.name} makes other statements in {name}: {sorted(base.keys() ^ other.keys())}")
        for what, statement in base.items():
            values = np.array([other[what].value for other in found.values()])
            # other threads often make the same model once more; that must not make the spread look smaller
            other_seeds = np.array([found[run.name][what].value for run in runs if run.name in found and run.shift])
            seeds = np.append(other_seeds, statement.value) if len(other_seeds) else values
            mean, sd = float(values.mean()), max(float(values.std(ddof=1)), float(seeds.std(ddof=1)))
            # sums of 64-bit numbers agree to some fifteen digits: that is no spread
            sd = 0.0 if sd < 1e-12 * max(1.0, abs(mean)) else sd
            rows.append(
                {"notebook": path.stem, "statement": what, "text": statement.expected, "low": statement.low}
                | {"high": statement.high, "runs": len(values), "mean": mean, "sd": sd, "least": values.min()}
                | {"most": values.max(), "margin": margin(mean, sd, statement.low, statement.high)}
            )
    return pd.DataFrame(rows)


def machine() -> dict[str, Any]:
    """Return what the numbers were measured on."""
    name = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        name = next(
            (s.split(":")[1].strip() for s in info.read_text().splitlines() if s.startswith("model name")), name
        )
    versions = {module.__name__: module.__version__ for module in (torch, np, pd)}
    return {
        "processor": name,
        "system": platform.system(),
        "instruction sets": offered(),
        "versions": {"python": platform.python_version(), **versions},
    }


def measure(workers: int, only: list[str] | None = None) -> int:
    """Do all runs, of all notebooks or of `only` some, and write the table and its note."""
    every, runs = sorted(BOOK.glob("*.ipynb")), all_runs()
    notebooks = [path for path in every if not only or path.stem in only]
    if only and len(notebooks) < len(set(only)):
        print(f"There is no {', '.join(sorted(set(only) - {path.stem for path in notebooks}))}.ipynb.", file=sys.stderr)
        return 2
    steady = [run for run in runs if not run.shift]
    failures = []
    for run in steady:  # no more threads than before: threads that wait for a turn would spin for hours
        failures += perform([(path, run) for path in notebooks], RAW, max(1, workers // run.threads))
    if not failures:
        live = [path for path in notebooks if trains(RAW / "base" / f"{path.stem}.jsonl")]
        failures = perform([(path, run) for run in runs if run.shift for path in live], RAW, workers)
    if failures:
        print(*failures, sep="\n", file=sys.stderr)
        return 1
    for path in notebooks:  # of a notebook that no longer trains, older runs with other seeds do not count
        if path not in live:
            for run in runs[len(steady) :]:
                (RAW / run.name / f"{path.stem}.jsonl").unlink(missing_ok=True)
    table = summary(notebooks, runs, RAW)
    training, prints = {path.stem for path in live}, {path.stem: fingerprint(path)[:12] for path in notebooks}
    if only:
        before = json.loads(TABLE.with_suffix(".json").read_text("utf-8"))
        there = {path.stem for path in every}
        kept = pd.read_csv(TABLE, dtype={"text": str})
        kept = kept[kept.notebook.isin(there - set(only))]
        table = pd.concat([kept, table]).sort_values("notebook", kind="stable", ignore_index=True)
        training |= set(before["notebooks that train"]) & (there - set(only))
        prints = {k: v for k, v in before["fingerprints"].items() if k in there} | prints
    note = {
        "command": "make spread",
        **machine(),
        "runs": [asdict(run) for run in runs],
        "notebooks that train": sorted(training),
        "fingerprints": dict(sorted(prints.items())),
    }
    with replacing(TABLE.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    with replacing(TABLE) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    near = table[table.margin < 4]
    print(f"{len(table)} statements; {len(near)} have a margin below 4 standard deviations")
    if len(near):
        print(near.to_string())
    return int(len(near) > 0)


def check(workers: int) -> int:
    """Run every notebook that trains once, under another instruction set than the present one's."""
    present = torch.backends.cpu.get_cpu_capability().lower()
    others = [name for name in offered() if name != present]
    if not others:
        print(f"This machine has no instruction set beside {present}: the notebooks were not run under another one.")
        return 0
    run = Run(f"check-{others[-1]}", others[-1])
    known = json.loads(TABLE.with_suffix(".json").read_text("utf-8"))["notebooks that train"]
    notebooks = [BOOK / f"{name}.ipynb" for name in known]
    print(f"{len(notebooks)} notebooks that train, with {run.capability} instead of {present}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        failures = perform([(path, run) for path in notebooks], Path(folder), workers)
        for path in notebooks:
            out = Path(folder) / run.name / f"{path.stem}.jsonl"
            found = statements(out).values() if out.exists() else []
            failures += [f"{path.name}: {statement}" for statement in found if not statement.agrees]
    print(*failures, sep="\n", file=sys.stderr)
    return int(bool(failures))


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only the notebooks that train, once")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time (default 2)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure these notebooks; the rows of others stay")
    options = parser.parse_args(arguments)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not one of the user's
    return check(options.jobs) if options.check else measure(options.jobs, options.only)


if __name__ == "__main__":
    sys.exit(main())

"""Give every exercise of a chapter its heading with an anchor, and note in the metadata of its cells which one it is.

What a check has said, as it is stored, gets the exercise's number of today, on all pages.

Name, level, minutes and what it assesses come from the package. Three entries are typed in the metadata of the first
cell of an exercise, and stay: "context", the ids of the cells that it cannot do without when it is cut out of its
chapter; "needs", the ids of exercises whose functions it uses; and "imports", lines that an answer may need.

python book/_tools/exercises.py [NOTEBOOK ...]     (default: every chapter with exercises)
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from uddm_mini.chapters import CHAPTERS, exercises

BOOK = Path(__file__).resolve().parents[1]
TYPED = ("context", "needs", "imports")  # by hand, in the notebook
# the forms of a heading: "**8.1 Warm-up (5 minutes): name.** text", "**1.1 Name** (core, 15 minutes). text",
# "### 3.1 Name (core, 15 minutes)", "### Exercise 0.1 · core · 15 minutes"
LEVELS = r"(?:[Ww]arm-up|[Cc]ore|[Ss]tretch)"
ANCHOR = r"(?:<a id=\"ex-[\d-]+\"></a>\n\n)?"
HEADINGS = (
    rf"^\*\*\d+\.(\d+) {LEVELS} \(\d+ minutes\):[^*]*\*\* *",
    rf"^\*\*\d+\.(\d+) [^*]*\*\* \({LEVELS}, \d+ minutes\)\. *",
    rf"^{ANCHOR}### \d+\.(\d+) .*\({LEVELS}, \d+ minutes\)\n+",
    rf"^### Exercise \d+\.(\d+) · {LEVELS} · \d+ minutes\n+",
)


def checked(source: str) -> list[str]:
    """Return the names of the checks that a cell calls: `checks.NAME(...)`."""
    tree = ast.parse(re.sub(r"^ *%.*", "", source, flags=re.M))  # the setup cell has a line that is not Python
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [f.attr for f in calls if isinstance(f, ast.Attribute) and ast.unparse(f.value) == "checks"]


def notes(notebook: Any, chapter: str) -> dict[int, dict[str, Any]]:
    """Return what to note in which cell: in the first one that calls a check; `part` from the second part on."""
    found = {}
    parts = {
        check.__name__: {"id": e.id, "name": e.name, "level": e.level, "minutes": e.minutes}
        | ({"part": part} if part > 1 else {"assesses": e.assesses})
        for e in exercises().values()
        if e.chapter == chapter
        for part, check in enumerate(e.checks, start=1)
    }
    for i, cell in enumerate(notebook.cells):
        for name in checked(cell.source) if cell.cell_type == "code" else []:
            if name in parts:
                before = cell.metadata.get("exercise", {})
                typed = {key: list(before[key]) for key in TYPED if key in before}
                found[i] = parts.pop(name) | typed
    if parts:
        raise ValueError(f"No cell of {chapter}.ipynb calls {', '.join(parts)}.")
    return found


def headed(source: str, chapter: str) -> str:
    """Return a text of a chapter with every heading of an exercise in its one form."""
    every = {e.number: e for e in exercises().values() if e.chapter == chapter}
    for form in HEADINGS:
        source = re.sub(form, lambda found: f"{every[int(found[1])].heading}\n\n", source, flags=re.M)
    return source


def relabel(notebook: Any) -> None:
    """Give what checks have said, as it is stored, the numbers that the exercises have now; only these change."""
    labels = {e.name: e.title for e in exercises().values()}
    names = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    for output in (output for cell in notebook.cells for output in cell.get("outputs", ())):
        for kind, shown in output.get("data", {}).items():
            if kind in ("text/html", "text/plain"):
                output["data"][kind] = re.sub(
                    rf"(?<=[○✔✘] )\d+\.\d+ ({names})(?=(?:, \w+ part)? ·)", lambda said: labels[said[1]], shown
                )


def note(path: Path) -> None:
    """Write headings and notes into one notebook, and take those away that do not hold any more."""
    notebook = nbformat.read(path, as_version=4)
    relabel(notebook)
    found = notes(notebook, path.stem)
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            cell.source = headed(cell.source, path.stem)
        cell.metadata.pop("exercise", None)
        if i in found:
            cell.metadata["exercise"] = nbformat.from_dict(found[i])
    nbformat.write(notebook, path)
    print(f"{path.name}: {len(found)} cells", flush=True)


if __name__ == "__main__":
    chapters = [BOOK / f"{chapter}.ipynb" for chapter in CHAPTERS]
    for path in map(Path, sys.argv[1:] or chapters):
        note(path)
    for path in [] if sys.argv[1:] else sorted(set(BOOK.glob("*.ipynb")) - set(chapters)):
        other = nbformat.read(path, as_version=4)
        relabel(other)
        nbformat.write(other, path)

"""Note in the chapters which exercise of the package each check cell belongs to, in the metadata of the cell.

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
        | ({"part": part} if part > 1 else {})
        for e in exercises().values()
        if e.chapter == chapter
        for part, check in enumerate(e.checks, start=1)
    }
    for i, cell in enumerate(notebook.cells):
        for name in checked(cell.source) if cell.cell_type == "code" else []:
            if name in parts:
                found[i] = parts.pop(name)
    if parts:
        raise ValueError(f"No cell of {chapter}.ipynb calls {', '.join(parts)}.")
    return found


def note(path: Path) -> None:
    """Write the notes into one notebook, and take those away that do not hold any more."""
    notebook = nbformat.read(path, as_version=4)
    found = notes(notebook, path.stem)
    for i, cell in enumerate(notebook.cells):
        cell.metadata.pop("exercise", None)
        if i in found:
            cell.metadata["exercise"] = nbformat.from_dict(found[i])
    nbformat.write(notebook, path)
    print(f"{path.name}: {len(found)} cells", flush=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or [str(BOOK / f"{chapter}.ipynb") for chapter in CHAPTERS]:
        note(Path(name))

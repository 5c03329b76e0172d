"""Notebooks as data: those of the book, cut into exercises, and those that students hand in."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uddm_mini.teaching.exercises import Exercise

LARGEST = 50_000_000  # bytes of a notebook
HINT = re.compile(r"(?ms)^<details><summary>Hint</summary>\n.*?^</details>\n*")
AFTER = re.compile(r"(?m)^(?:## |<a id=\"ex-)")  # where the text of an exercise ends
MAGIC = re.compile(r"(?m)^ *[%!].*$")


@dataclass(frozen=True)
class Part:
    """One question of an exercise: its check, and the stub that a student gets.

    wanted: the names that the stub defines for the check; parameters: of each its arguments, None for a value
    """

    check: str
    stub: str
    wanted: list[str]
    parameters: list[list[str] | None]


@dataclass(frozen=True)
class Task:
    """An exercise cut out of its chapter: the text before each stub, the stubs, hints, and the cells that it needs."""

    exercise: Exercise
    texts: list[str]
    parts: list[Part]
    hints: list[str]
    context: list[dict[str, Any]] = field(repr=False)  # cells: {"cell_type", "source"}
    needs: list[str] = field(default_factory=list)


def book_folder(folder: str | Path | None = None) -> Path:
    """Return the folder of the book's notebooks: the one given, else that beside the package in a checkout.

    FileNotFoundError if the notebooks are not there: an installed package comes without them.
    """
    place = Path(folder).expanduser() if folder else Path(__file__).resolve().parents[2] / "book"
    if not (place / "setup.ipynb").is_file():
        raise FileNotFoundError(
            f"The notebooks of the book are not in {place}. An installed package comes without them: get a copy of the "
            "book, and name its folder `book` with --book or in course.yml."
        )
    return place


def read_notebook(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook as {"cell_type", "source", "metadata", "id"}; ValueError if it is none."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{path.name} is larger than 50 MB; clear its outputs and save it again.")
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
        return [
            {
                "cell_type": str(cell["cell_type"]),
                "source": cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"]),
                "metadata": cell.get("metadata", {}),
                "id": str(cell.get("id", "")),
            }
            for cell in data["cells"]
        ]
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ValueError(f"{path.name} is no notebook: it cannot be read as JSON.") from None
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{path.name} is no notebook: it has no list of cells.") from None


def code_of(cells: list[dict[str, Any]]) -> list[str]:
    """Return the sources of the code cells."""
    return [cell["source"] for cell in cells if cell["cell_type"] == "code"]


def tasks_of(chapter: str, every: dict[str, Exercise], book: Path) -> dict[str, Task]:
    """Return the exercises of a chapter, cut out of its notebook, by id."""
    cells = read_notebook(book / f"{chapter}.ipynb")
    return {e.id: _cut(e, cells) for e in every.values() if e.chapter == chapter}


def _cut(exercise: Exercise, cells: list[dict[str, Any]]) -> Task:
    """Cut one exercise out of its chapter."""
    stubs = [i for i, c in enumerate(cells) if (c["metadata"].get("exercise") or {}).get("id") == exercise.id]
    heads = [i for i, c in enumerate(cells) if exercise.heading in c["source"]]
    if len(stubs) != len(exercise.checks) or len(heads) != 1:
        raise ValueError(
            f"{exercise.chapter}.ipynb does not fit this version of the package: exercise {exercise.title!r} is not "
            "there as it should be. Use the book and the package of one version."
        )
    texts, start = [], heads[0]
    for i in stubs:
        between = [c["source"] for c in cells[start:i] if c["cell_type"] == "markdown"]
        texts.append("\n\n".join(between))
        start = i + 1
    texts[0] = texts[0][texts[0].index(exercise.heading) :]
    tail = "\n\n".join(c["source"] for c in cells[stubs[-1] + 1 :] if c["cell_type"] == "markdown")
    tail = tail[: found.start()] if (found := AFTER.search(tail)) else tail
    hints = [hint.strip() for text in [*texts, tail] for hint in HINT.findall(text)]
    texts = [HINT.sub("", text).strip() for text in texts]
    about = cells[stubs[0]]["metadata"]["exercise"]
    by_id = {cell["id"]: cell for cell in cells}
    names = list(about.get("context", ()))
    code = [by_id[name]["source"] for name in names if by_id[name]["cell_type"] == "code"]
    imports = [*_imports(cells, code), *about.get("imports", ())]
    context = [{"cell_type": "code", "source": "\n".join(imports)}] + [
        {"cell_type": by_id[name]["cell_type"], "source": _without_anchors(by_id[name]["source"])} for name in names
    ]
    parts = [_part(cells[i]["source"], check.__name__) for i, check in zip(stubs, exercise.checks, strict=True)]
    kept = [cell for cell in context if cell["source"]]
    return Task(exercise, texts, parts, hints, kept, list(about.get("needs", ())))


def _part(source: str, check: str) -> Part:
    """Read a stub cell: what it defines, and what the check gets."""
    tree = ast.parse(source)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == f"checks.{check}"]
    wanted = [ast.unparse(argument) for argument in calls[0].args]
    functions = {n.name: [a.arg for a in n.args.args] for n in tree.body if isinstance(n, ast.FunctionDef)}
    values = {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    # what the cell does not define is a function of an earlier part
    parameters = [functions.get(name, None if name in values else []) for name in wanted]
    return Part(check, source, wanted, parameters)


def _imports(cells: list[dict[str, Any]], sources: list[str]) -> list[str]:
    """Return those imports of a chapter that some of its code cells need."""
    used = {n.id for source in sources for n in ast.walk(ast.parse(MAGIC.sub("", source))) if isinstance(n, ast.Name)}
    lines: list[str] = []
    for source in code_of(cells) if used else []:
        for node in ast.parse(MAGIC.sub("", source)).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias for alias in node.names if (alias.asname or alias.name.split(".")[0]) in used]
                node.names = names
                lines += [ast.unparse(node)] if names and ast.unparse(node) not in lines else []
    return [line for line in lines if " checks" not in line]


def _without_anchors(source: str) -> str:
    return re.sub(r'<a id="[^"]*"></a>\n*', "", source)

"""The functions of the solutions pages, and which check each of them answers: the pages are the only copy."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

BOOK = Path(__file__).parents[1] / "book"


def _changed_fraction(x0: Any, xt: Any) -> Any:
    """Answer the exercise of the setup page, which has no solutions page."""
    return (x0 != xt).double().mean()


def _functions(page: Path) -> dict[str, Callable[..., Any]]:
    """Return {"chapter.check": function} of one page; only imports and functions of it are run."""
    namespace: dict[str, Any] = {}
    found = {}
    chapter = page.stem.removeprefix("solutions_")
    for cell in json.loads(page.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or "%pip" in source:
            continue
        tree = ast.parse(source)
        kept: list[ast.stmt] = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom | ast.FunctionDef)]
        exec(compile(ast.Module(kept, type_ignores=[]), str(page), "exec"), namespace)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("checks.") and len(node.args) == 1:
                answer = node.args[0]
                if isinstance(answer, ast.Name) and callable(namespace.get(answer.id)):
                    found[f"{chapter}.{ast.unparse(node.func).rpartition('.')[2]}"] = namespace[answer.id]
    return found


def solutions() -> dict[str, Callable[..., Any]]:
    """Return the solution of every exercise whose answer is a function, by the name of its check."""
    found: dict[str, Callable[..., Any]] = {"setup.changed_fraction": _changed_fraction}
    for page in sorted(BOOK.glob("solutions_*.ipynb")):
        found |= _functions(page)
    return found

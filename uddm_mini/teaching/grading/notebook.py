"""The cells of a submission, run one statement at a time; loaded without the package."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any


class Notebook:
    """The cells of a submission, run statement by statement: what fails, fails alone."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], None],
        calls: dict[str, list[tuple[Any, ...]]],
        restore: Callable[[], list[str]],
        is_stub: Callable[[Any], bool],
    ) -> None:
        self.send, self.calls, self.restore, self.is_stub = send, calls, restore, is_stub
        self.names: dict[str, Any] = {"__name__": "__main__", "display": lambda *_, **__: None}
        self.names["get_ipython"] = lambda: None
        self.replaced: list[str] = []

    def run(self, cells: list[str], skip: list[list[int]]) -> None:
        """Run all cells but the statements [cell, statement] to skip, and report every error."""
        for i, source in enumerate(cells):
            source = re.sub(r"(?m)^( *)[%!?].*$", r"\1pass", source)
            name = f"<cell {i + 1}>"
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            try:
                statements = ast.parse(source).body
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                self.send({"failed": [i, 0], "error": words_of(error)})
                continue
            for k, statement in enumerate(statements):
                if [i, k] not in skip:
                    self.send({"at": [i, k]})
                    self._one(statement, name, i, k)
        self.send({"done": True, "replaced": sorted(set(self.replaced))})

    def _one(self, statement: ast.stmt, name: str, i: int, k: int) -> None:
        try:
            exec(compile(ast.Module([statement], type_ignores=[]), name, "exec"), self.names)
        except BaseException as error:  # SystemExit and KeyboardInterrupt, too
            self.send({"failed": [i, k], "error": words_of(error)})
        finally:
            self.replaced += self.restore()

    def answers(self, key: str, wanted: list[str], parameters: list[list[str] | None]) -> tuple[list[Any], str]:
        """Return the answers to one check and how they were found: by name, by what the check got, by signature.

        key: "chapter.check"; wanted: the names in the stub; parameters: those of a function, None for a value
        """
        given = [a for a in self.calls.get(key, []) if len(a) == len(wanted)]
        found = [self.names.get(name, ...) for name in wanted]
        functions = [p is not None for p in parameters]
        if all(self._is_answer(f, function) for f, function in zip(found, functions, strict=True)):
            return found, "name"
        for answers in reversed(given):
            if all(self._is_answer(f, function) for f, function in zip(answers, functions, strict=True)):
                return list(answers), "check"
        if len(wanted) == 1 and parameters[0]:
            taken = {id(a) for all_given in self.calls.values() for answers in all_given for a in answers}
            same = [f for f in self.names.values() if isinstance(f, FunctionType) and id(f) not in taken]
            same = [f for f in same if list(f.__code__.co_varnames[: f.__code__.co_argcount]) == parameters[0]]
            if len(same) == 1 and self._is_answer(same[0], True):
                return same, "signature"
        return found, "name" if any(f is not ... for f in found) else ""

    def _is_answer(self, value: Any, function: bool) -> bool:
        """Tell whether somebody has answered: not a stub, and a function where one is wanted."""
        if value is ... or value is None:
            return False
        return callable(value) and not self.is_stub(value) if function else not callable(value)


def words_of(error: BaseException) -> str:
    """Return name and text of an error; its own words may fail."""
    try:
        return f"{type(error).__name__}: {error}"[:500]
    except Exception:
        return type(error).__name__

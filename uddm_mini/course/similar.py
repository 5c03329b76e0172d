"""Answers that are more alike than chance makes them: a reason to look, never a proof."""

from __future__ import annotations

import ast
import io
import itertools
import keyword
import tokenize
from dataclasses import dataclass

from .notebooks import MAGIC, Task

RUN = 5  # tokens in a row that are compared
LEAST = 40  # tokens: shorter answers are alike by chance
ALIKE = 0.8  # share of common runs from which a pair is listed
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Pair:
    """Two students whose answers to one exercise are alike; shares of common runs of tokens.

    as_written: with their names; renamed: with all names alike, so that renaming hides nothing
    """

    exercise: str
    one: str
    other: str
    as_written: float
    renamed: float
    tokens: int


def similar_pairs(sources: dict[str, list[str]], tasks: list[Task]) -> list[Pair]:
    """Return the pairs of students with answers alike, by exercise; only answers of at least LEAST tokens count."""
    pairs = []
    for task in tasks:
        found = {}
        for student, cells in sources.items():
            tokens = _tokens(_answer(cells, task))
            if len(tokens) >= LEAST:
                found[student] = (tokens, _runs(tokens), _runs(_renamed(tokens)))
        for (one, a), (other, b) in itertools.combinations(sorted(found.items()), 2):
            renamed = _share(a[2], b[2])
            if renamed >= ALIKE:
                size = min(len(a[0]), len(b[0]))
                pairs.append(Pair(task.exercise.id, one, other, _share(a[1], b[1]), renamed, size))
    return sorted(pairs, key=lambda pair: (-pair.as_written, pair.exercise, pair.one, pair.other))


def _answer(cells: list[str], task: Task) -> str:
    """Return the source of the functions that answer an exercise, without docstrings and checks."""
    wanted = {name for part in task.parts for name in part.wanted}
    kept = []
    for source in cells:
        try:
            body = ast.parse(MAGIC.sub("", source)).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in body:
            if isinstance(node, ast.FunctionDef) and node.name in wanted:
                has_text = ast.get_docstring(node) is not None
                node.body = node.body[1:] or [ast.Pass()] if has_text else node.body
                kept.append(ast.unparse(node))
    return "\n".join(kept)


def _tokens(source: str) -> list[str]:
    try:
        every = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [token.string for token in every if token.type not in SILENT]


def _renamed(tokens: list[str]) -> list[str]:
    return ["name" if t.isidentifier() and not keyword.iskeyword(t) else t for t in tokens]


def _runs(tokens: list[str]) -> set[tuple[str, ...]]:
    return {tuple(tokens[i : i + RUN]) for i in range(len(tokens) - RUN + 1)}


def _share(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    return round(len(one & other) / max(1, len(one | other)), 3)

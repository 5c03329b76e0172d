"""What answers get wrong: the sentences of all checks, read out of their code."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from types import ModuleType

from uddm_mini.chapters import exercises
from uddm_mini.files import replacing
from uddm_mini.teaching.exercises import Check

NOT_NORMALIZED = (
    "Your probabilities add up to …, not to 1: something always happens. Divide by their sum."  # of `sums_to_one`
)
SPECIAL = re.compile(r"([\\*_\[\]<>$`|^~])")
HEAD = """# What answers get wrong

Each line is a sentence that a check says to a wrong answer: a mistake that we thought a learner could make. Use them
for discussion: show the sentence, and ask for an answer that earns it. Where … stands, the check shows a number of
the case. How often your own class makes them, `teach report` counts.

This page is made from the code of the checks: `python book/_tools/teaching_table.py` writes it anew.
"""


def sentences_of(check: Check) -> list[str]:
    """Return what a check can say to a wrong answer: its slips, and what it says by itself, without hints."""
    function = inspect.unwrap(check.function)
    module = importlib.import_module(function.__module__)
    found: list[str] = []
    waiting, seen = [function.__name__], set()
    while waiting:
        name = waiting.pop(0)
        here = getattr(module, name, None)
        source = inspect.unwrap(here.function if isinstance(here, Check) else here) if here else None
        if name in seen or not inspect.isfunction(source) or source.__module__ != module.__name__:
            continue
        seen.add(name)
        tree = ast.parse(textwrap.dedent(inspect.getsource(source)))
        found += _said(tree, module)
        waiting += [
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
    return list(dict.fromkeys(found))


def _said(tree: ast.AST, module: ModuleType) -> list[str]:
    """Return the sentences of one function: keys of tables of slips, and what is given to `wrong`."""
    texts: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            texts += [_words(key, module) for key in node.keys if key is not None]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "wrong":
                texts += [_words(node.args[0], module)]
            elif node.func.id == "sums_to_one":
                texts.append(NOT_NORMALIZED)
    return [text for text in texts if _is_sentence(text)]


def _is_sentence(text: str) -> bool:
    return len(text.split()) > 3 and text.endswith((".", "?", "!"))


def _words(node: ast.expr, module: ModuleType) -> str:
    """Return a text, with … for what is put in; nothing if it is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
        return "".join(parts)
    if isinstance(node, ast.Name):
        value = getattr(module, node.id, "")
        return value if isinstance(value, str) else ""
    return ""


def write_bank(path: Path) -> int:
    """Write the page with the sentences of all exercises, and return how many there are."""
    lines, count, chapter = [HEAD], 0, ""
    for e in exercises().values():
        if e.chapter != chapter:
            chapter = e.chapter
            lines += [f"## Chapter {e.title.partition('.')[0]}\n"]
        sentences = [sentence for check in e.checks for sentence in sentences_of(check)]
        count += len(sentences)
        lines += [f'**<a href="{chapter}.html#{e.anchor}">{e.title}</a>**\n']
        lines += [f"- {SPECIAL.sub(_escaped, sentence)}" for sentence in dict.fromkeys(sentences)] + [""]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return count


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[1]}"

"""Questions for a talk of ten minutes: from the student's own code, and from the mistakes that the checks saw."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from .grade import Graded, Mark
from .notebooks import MAGIC, Task

SCALE = "0: no, 1: with help, 2: alone"
AXES = ("sum", "mean", "softmax", "log_softmax", "cumsum", "prod", "argmax", "max", "min", "unsqueeze", "logsumexp")
EDGES = {"log": "0", "exp": "a large number", "sqrt": "a number below 0", "log2": "0", "logit": "0 or 1"}
PLAIN = (0, 1, 2, -1)  # numbers that need no reason
Asked = tuple[str, str]  # a question, and what a full answer has


@dataclass(frozen=True)
class Question:
    """What to ask, about which exercise, and what a full answer has."""

    exercise: str
    words: str
    rubric: str


def questions_for(graded: Graded, cells: list[str], tasks: list[Task], each: int = 2) -> list[Question]:
    """Return questions about a graded submission: at most `each` for a part, first the mistake, then the code.

    cells: the code of the submission. The same submission gets the same questions; which of the possible ones a student
    is asked hangs on the ID, so that neighbors are not asked alike.
    """
    functions = _functions(cells)
    found = []
    parts = [(task, part) for task in tasks for part in task.parts]
    for (task, part), mark in zip(parts, graded.marks, strict=True):
        written = next((functions[name] for name in part.wanted if name in functions), None)
        first = _about_mark(mark)
        possible = list(dict.fromkeys(_about_code(written))) if written else []
        possible.sort(key=lambda asked: _order(graded.student, mark.title, asked[0]))
        chosen = ([first] if first else []) + list({rubric: (words, rubric) for words, rubric in possible}.values())
        if mark.passed and not possible:
            chosen = [_about_exercise(task)]
        found += [Question(mark.title, *asked) for asked in chosen[:each]]
    return found


def as_text(graded: Graded, name: str, questions: list[Question]) -> str:
    """Return the questions as Markdown, with a box for each."""
    lines = [f"# {name or graded.student}", "", f"{graded.points:g} points so far. For each question: {SCALE}."]
    title = ""
    for number, one in enumerate(questions, 1):
        lines += ["", f"## {one.exercise}"] if one.exercise != title else []
        lines += ["", f"{number}. {one.words}", "", f"   *Full answer:* {one.rubric} [ ]"]
        title = one.exercise
    return "\n".join(lines) + "\n"


def _order(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def _functions(cells: list[str]) -> dict[str, ast.FunctionDef]:
    """Return the functions of a notebook by name, of two with one name the last."""
    found: dict[str, ast.FunctionDef] = {}
    for source in cells:
        try:
            body = ast.parse(MAGIC.sub("", source)).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        found |= {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    return found


def _about_mark(mark: Mark) -> Asked | None:
    """Ask about what the check saw."""
    if mark.passed:
        return None
    if mark.passed is None:
        return "You handed in no answer. What would its first line be, and why?", "a way that could work, and its idea."
    if mark.slip:
        return (
            f"Of your answer the check says: “{mark.slip}” Where in your code is that? What would you write there now?",
            "finds the place, says in the words of the exercise why it is wrong, and mends it.",
        )
    return (
        f"The check says: “{mark.message}” How do you find out what is wrong?",
        "a small case with a known answer, and what the code gives for it.",
    )


def _about_exercise(task: Task) -> Asked:
    return (
        f"This exercise is about {task.exercise.assesses or task.exercise.name}. Explain your way to somebody who "
        "has not seen it.",
        "the idea first, then the steps, each with its reason.",
    )


def _about_code(function: ast.FunctionDef) -> Iterator[Asked]:
    """Yield all questions that a function gives rise to."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    taken = {argument.arg for argument in function.args.args}
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.expr | ast.stmt):
            line = f"line {node.lineno - function.lineno + 1} of `{function.name}`"
            yield from _about_node(node, line, taken)


def _about_node(node: ast.AST, line: str, taken: set[str]) -> Iterator[Asked]:
    """Yield questions about one node; `taken` are the names of the arguments."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not isinstance(node.right, ast.Constant):
        yield (
            f"In {line} you divide by `{_short(node.right)}`. When is it 0, and what does your function return then?",
            "names the case or shows that it cannot occur, and says what comes out: an error, inf or nan.",
        )
    elif isinstance(node, ast.For | ast.comprehension | ast.ListComp | ast.GeneratorExp):
        loop = node if isinstance(node, ast.For | ast.comprehension) else node.generators[0]
        if not isinstance(node, ast.comprehension):
            yield (
                f"In {line} you go through `{_short(loop.iter)}`. How often, for arguments of your choice? What "
                "would your function return if the last round were left out?",
                "the number of rounds from the arguments, and which part of the result would be missing.",
            )
    elif isinstance(node, ast.Compare):
        ordered = isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
        both = " Which answer is right when both sides are equal?" if ordered else ""
        yield (
            f"In {line} you ask whether `{_short(node)}`. Give a case in which it holds, and one in which it does "
            f"not.{both}",
            "one example for each side, and why the exercise treats them differently.",
        )
    elif isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in EDGES:
            yield (
                f"In {line} stands `{_short(node)}`. What would it give for {EDGES[name]}, and can that happen?",
                "the value, and a reason from the exercise why it can or cannot happen.",
            )
        elif name in AXES and (node.args or node.keywords):
            yield (
                f"In {line} stands `{_short(node)}`. Which shape goes in, which comes out, and what does one number of "
                "it mean?",
                "both shapes, and the meaning of an entry in the words of the exercise.",
            )
    elif isinstance(node, ast.Name) and node.id in taken and isinstance(node.ctx, ast.Load):
        yield (
            f"Your function uses `{node.id}`, in {line}. What does it stand for in the chapter? What happens to the "
            f"result if only `{node.id}` changes?",
            "the meaning in words, what happens, and a reason for it.",
        )
        taken.discard(node.id)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in PLAIN:
        yield (
            f"In {line} stands the number {node.value!r}. Where does it come from, and what would change "
            "with twice as much?",
            "its origin, and what changes.",
        )


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).replace("`", "'").split())
    return text if len(text) <= 60 else f"{text[:57]}..."

"""Notebooks as students hand them in: the eight of a trial by a lecturer, and what else can be wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

COURSE = """assignments:
  week1:
    title: Noise and Bayes
    exercises: [corruption-3, corruption-2, sampling-2, sampling-3]
"""
IMPORTS = "import math\nimport numpy as np\nimport torch"
LUCKY = """def lucky(alpha, vocab_size):
    chance = (1 - alpha) / vocab_size
    return chance / (alpha + chance)
"""
STEP = """def step_table(alpha_s, alpha_t, vocab_size):
    stays = alpha_t / alpha_s
    return stays * torch.eye(vocab_size) + (1 - stays) / vocab_size
"""
AVERAGE = """def average_step(full, b, alpha_s, alpha_t):
    V = len(full)
    onward = torch.full((V,), (1 - alpha_t / alpha_s) / V).double()
    onward[b] += alpha_t / alpha_s
    total = torch.zeros(V).double()
    for v in range(V):
        at_s = torch.full((V,), (1 - alpha_s) / V).double()
        at_s[v] += alpha_s
        total += full[v] * onward * at_s / (onward * at_s).sum()
    return total
"""
NEW = """def new_fraction(samples, train, log_prob):
    old = {tuple(row) for row in train.tolist()}
    good = torch.isfinite(log_prob(samples)).tolist()
    new = [g and tuple(row) not in old for g, row in zip(good, samples.tolist())]
    return sum(new) / len(new)
"""
RIGHT = {"corruption.lucky": LUCKY, "corruption.step_table": STEP}
RIGHT |= {"sampling.average_step": AVERAGE, "sampling.new_fraction": NEW}
STUBS = {
    "corruption.lucky": "def lucky(alpha, vocab_size): ...\n",
    "corruption.step_table": "def step_table(alpha_s, alpha_t, vocab_size): ...\n",
    "sampling.average_step": "def average_step(full, b, alpha_s, alpha_t): ...\n",
    "sampling.new_fraction": "def new_fraction(samples, train, log_prob): ...\n",
}


def cells(answers: dict[str, str], check: bool = True) -> list[str]:
    """The code cells of a notebook with these answers, by "chapter.check"."""
    out = [IMPORTS]
    for key, source in answers.items():
        chapter, name = key.split(".")
        call = f"\n\nchecks.{name}({name})\n" if check else ""
        out += [f"from uddm_mini.chapters import {chapter} as checks", source + call]
    return out


def changed(old: str, new: str, of: dict[str, str] = RIGHT) -> dict[str, str]:
    """The right answers with a part replaced in one of them, where it occurs."""
    assert any(old in source for source in of.values()), old
    return {key: source.replace(old, new) for key, source in of.items()}


WRONG = {
    "corruption.lucky": LUCKY,
    "corruption.step_table": STEP.replace("stays = alpha_t / alpha_s", "stays = alpha_t"),
    "sampling.average_step": AVERAGE.replace("range(V):", "[int(full.argmax())]:"),
    "sampling.new_fraction": NEW.replace("g and tuple(row) not in old", "g"),
}
CRASH = changed(
    "    stays = alpha_t / alpha_s", "    stays = alpha_t / 0", changed("old = {tuple(row)", "old = {nothing(row)")
)
LOOP = changed("    chance = (1 - alpha) / vocab_size", "    while True: pass")

_RENAMED = {  # two are found by what the check got, two by their arguments
    "corruption.lucky": LUCKY.replace("def lucky", "def luck") + "\n\nchecks.lucky(luck)\n",
    "corruption.step_table": STEP.replace("def step_table", "def my_table"),
    "sampling.average_step": AVERAGE.replace("def average_step", "def solution")
    + "\n\nchecks.average_step(solution)\n",
    "sampling.new_fraction": NEW.replace("def new_fraction", "def fresh"),
}
# an oracle of the package, numbers that ignore the arguments, checks that say yes, functions that say all is equal
_CHEAT = [
    "class Yes:\n    def __getattr__(self, name):\n        return lambda *a: 'passed'\nchecks = Yes()",
    "import builtins\ntorch.allclose = lambda *a, **k: True\nbuiltins.abs = lambda x: 0",
    "def lucky(alpha, vocab_size):\n    return 0.3333",
    "def step_table(alpha_s, alpha_t, vocab_size):\n"
    "    from uddm_mini.chapters.corruption import noise_table\n    return noise_table(alpha_t / alpha_s, vocab_size)",
    "def average_step(full, b, alpha_s, alpha_t):\n    import sys, gc\n"
    "    tables = [f for f in gc.get_objects() if getattr(f, '__name__', '') == '_step']\n"
    "    return tables[0](full, b, alpha_s, alpha_t)",
    "class Equal(float):\n    def __eq__(self, other): return True\n    def __sub__(self, other): return Equal(0)\n"
    "def new_fraction(samples, train, log_prob):\n    return Equal(4 / 11)",
]
_SPAM = ["import os\nprint('x' * 25_000_000)\nos.system('touch spam')\nfor _ in range(100_000): print('spam')"]
SUBMISSIONS: dict[str, tuple[list[str], float]] = {
    "right": (cells(RIGHT), 40),
    "wrong": (cells(WRONG), 10),
    "empty": (cells(STUBS), 0),
    "crash": ([*cells(CRASH), "1 / 0"], 20),
    "loop": (cells(LOOP), 30),
    "renamed": (cells(_RENAMED, check=False), 40),
    "cheat": ([IMPORTS, *_CHEAT], 0),
    "spam": (_SPAM + cells(changed("    old = {", "    print('y' * 10**6)\n    old = {")), 40),
}


def write(path: Path, code: list[str]) -> Path:
    """Write a notebook with these code cells."""
    made = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in code]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path

"""Number the chapters as _toc.yml lists them: titles, exercises, statements, and every mention in book and package.

python book/_tools/chapter_numbers.py    (`make numbers`, after a chapter was put in, left out or moved)

A title tells which number a chapter had ("# 6. What ..."), and _toc.yml which it has now; all other places follow. A
new chapter has the number 0 in its title. The setup page has no number, but its exercise is 0.1 and stays so.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from uddm_mini.files import replacing

ROOT = Path(__file__).resolve().parents[2]
TITLE = re.compile(r"(?m)^# (\d+)\. ")
MENTION = re.compile(r"(?i)\bchapters?\s(\d+)(?:(?:,|,? and|,? or| to)\s\d+(?!\.\d))*")
SOLUTIONS = re.compile(r"(?m)^# Solutions \d+\. ")  # the title of such a page
SOLUTION = re.compile(r"\bsolution \d+\.\d+")  # in the words of a statement
EXERCISE = re.compile(r"(?i)\bexercises?\s\d+\.\d+(?:(?:,|,? and|,? or| to)\s\d+\.\d+)*")
HEADING = re.compile(r"(?m)^(?:#{2,3} |\*\*)\d+\.\d+\b")  # of an exercise
ANCHOR = re.compile(r"(?<=[\"#])ex-\d+(?=-\d+\b)")  # of an exercise, and links to it
LINK = re.compile(r"\[[^\]]*?\bchapter\s(\d+)[^\]]*\]\(([a-z_]+)\.(?:ipynb|md)", re.IGNORECASE)
BARE = re.compile(r"\[(\d+)\]\(([a-z_]+)(?=\.(?:ipynb|md)\b)")  # "chapters [1](hopfield.ipynb) and [2](...)"


def chapters(root: Path = ROOT) -> list[str]:
    """Return the names of the numbered chapters in the order of _toc.yml; a title with a number makes one."""
    parts = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))["parts"]
    files = [root / chapter["file"] for part in parts for chapter in part["chapters"]]
    names = [path.name for path in files if path.with_suffix(".ipynb").exists()]
    return [name for name in names if TITLE.search(_title(root, name))]


def numbers_now(root: Path = ROOT) -> dict[str, int]:
    """Return the number in the title of each chapter."""
    return {name: int(TITLE.findall(_title(root, name))[0]) for name in chapters(root)}


def renumbered(text: str, new: dict[int, int]) -> str:
    """Return a text with every mention of a chapter or an exercise under its new number."""

    def one(match: re.Match[str]) -> str:
        return str(new.get(int(match[0]), int(match[0])))

    def numbers(match: re.Match[str]) -> str:
        return re.sub(r"(?<![\d.])\d+", one, match[0])  # the first number of 6.4, not the second

    for pattern in (TITLE, SOLUTIONS, MENTION, EXERCISE, SOLUTION, HEADING, ANCHOR):
        text = pattern.sub(numbers, text)
    return text


def number(root: Path = ROOT) -> list[Path]:
    """Rewrite all that mentions a number that has changed; return the files."""
    before = numbers_now(root)
    new = {before[name]: k for k, name in enumerate(chapters(root), start=1)}
    names = {name: k for k, name in enumerate(chapters(root), start=1)}
    changed = []
    for path in _files(root):
        text = path.read_text("utf-8")
        here = {old: now for old, now in new.items() if old or path.stem != "setup"}
        after = _in_notebook(text, here) if path.suffix == ".ipynb" else renumbered(text, here)
        after = BARE.sub(lambda link: f"[{names.get(link[2], link[1])}]({link[2]}", after)
        if after != text:
            with replacing(path) as temporary:
                temporary.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def _files(root: Path) -> Iterator[Path]:
    yield from sorted((root / "book").glob("*.ipynb"))
    yield from sorted((root / "book").glob("*.md"))
    yield from sorted((root / "uddm_mini").rglob("*.py"))
    yield from sorted((root / "data").glob("statements.csv"))


def _in_notebook(text: str, new: dict[int, int]) -> str:
    """Renumber the cells' sources and the figures' captions; outputs follow when the notebook runs."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        cell["source"] = renumbered("".join(cell["source"]), new).splitlines(keepends=True)
        shown = cell["metadata"].get("mystnb", {})
        for part, name in (("figure", "caption"), ("image", "alt")):
            if name in shown.get(part, {}):
                shown[part][name] = renumbered(shown[part][name], new)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _title(root: Path, name: str) -> str:
    cells = json.loads((root / "book" / f"{name}.ipynb").read_text("utf-8"))["cells"]
    return "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "markdown"))


if __name__ == "__main__":
    for path in number():
        print(path.relative_to(ROOT))
    sys.exit()

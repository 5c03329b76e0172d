"""Copy the book's sources without a solution: `make book EDITION=student` builds the pages from the copy.

python book/_tools/student_edition.py FOLDER

Left out are the pages with solutions, the sentences that lead to them, the page for lecturers, and the buttons and
badges that lead to a repository or to Colab, where all of that would be found.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
OMITTED = ("solutions_*", "teaching.md", "misconceptions.md")
LINK = re.compile(
    r"\]\((?:book/)?(?:solutions_\w+|teaching|misconceptions)\.(?:ipynb|md|html)"
    r"|(?i:\bsolutions are on pages of their own\b)"
)
ASIDE = re.compile(r"\s*\(\[[^\]]*\]\(solutions_[^)]*\)\)|,? and the solutions are on pages of their own\b")
BADGE = re.compile(r"(?m)^\[!\[Open in Colab\]\(.*$\n?")
PARAGRAPH = re.compile(r"\n{2,}")
# where a sentence ends: not inside of a link or code, and a blank or the end of a line follows
SENTENCE = re.compile(r"(?<=[.!?)])(?<!\d\.)\s+(?=[A-Z*\[(])")


def without_solutions(text: str) -> str:
    """Return a text without the sentences, and the lines of lists and tables, that lead to a page with solutions."""
    text = ASIDE.sub("", BADGE.sub("", text))
    if not LINK.search(text):
        return text
    kept = []
    for paragraph in PARAGRAPH.split(text):
        if not LINK.search(paragraph):
            kept.append(paragraph)
            continue
        if re.match(r"\s*(?:[-*|]|\d+\.) ", paragraph) or "|" in paragraph:
            rest = "\n".join(line for line in paragraph.split("\n") if not LINK.search(line))
        else:
            rest = " ".join(part for part in SENTENCE.split(paragraph) if not LINK.search(part))
        if rest.strip():
            kept.append(rest)
    return "\n\n".join(kept)


def contents(text: str) -> str:
    """Return a table of contents without the pages that are left out."""
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if not re.search(r"book/(solutions_|(?:teaching|misconceptions)$)", line.rstrip())
    )


def settings(text: str) -> str:
    """Return the book's configuration without buttons that lead to its repository."""
    config = yaml.safe_load(text)
    config.pop("launch_buttons", None)
    config["html"] |= {"use_issues_button": False, "use_repository_button": False}
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def copy(out: Path, root: Path = ROOT) -> list[Path]:
    """Write the sources of the student edition into a folder, and return the pages."""
    shutil.rmtree(out, ignore_errors=True)
    skipped = shutil.ignore_patterns(*OMITTED, Path(__file__).name, "__pycache__", ".*")
    shutil.copytree(root / "book", out / "book", ignore=skipped)
    (out / "_toc.yml").write_text(contents((root / "_toc.yml").read_text("utf-8")), encoding="utf-8")
    (out / "_config.yml").write_text(settings((root / "_config.yml").read_text("utf-8")), encoding="utf-8")
    pages = sorted([*(out / "book").glob("*.ipynb"), *(out / "book").glob("*.md")])
    for page in pages:
        text = page.read_text("utf-8")
        if page.suffix == ".md":
            page.write_text(without_solutions(text), encoding="utf-8")
            continue
        notebook = json.loads(text)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = without_solutions("".join(cell["source"])).splitlines(keepends=True)
        page.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return pages


if __name__ == "__main__":
    print(f"{len(copy(Path(sys.argv[1])))} pages without solutions in {sys.argv[1]}")

"""The student edition holds no solution, and no way to one."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("student_edition", ROOT / "book" / "_tools" / "student_edition.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def edition(tool, tmp_path_factory):
    out = tmp_path_factory.mktemp("edition")
    tool.copy(out)
    return out


def code_cells(path: Path) -> list[str]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code" and "%pip" not in "".join(c["source"])]


def functions(sources: list[str]) -> set[str]:
    """The functions of some cells, without docstrings and names, as text that spacing does not change."""
    found = set()
    for node in (n for source in sources for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)):
        node.body = node.body[ast.get_docstring(node) is not None :]
        node.name = "f"
        if node.body and ast.unparse(node.body[0]) != "...":
            found.add(ast.unparse(node))
    return found


def test_no_function_of_a_solution_is_in_any_file(edition):
    solved = {}
    for page in sorted((ROOT / "book").glob("solutions_*.ipynb")):
        for source in code_cells(page):
            names = {
                ast.unparse(c.args[0])
                for c in ast.walk(ast.parse(source))
                if isinstance(c, ast.Call) and ast.unparse(c.func).startswith("checks.") and c.args
            }
            wanted = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name in names]
            solved |= {
                f"{page.stem} {n.name}": (functions([ast.unparse(n)]), ast.get_source_segment(source, n))
                for n in wanted
            }
    assert len(solved) > 60
    texts = {path: path.read_text("utf-8", errors="replace") for path in edition.rglob("*") if path.is_file()}
    there = functions([source for path in edition.rglob("*.ipynb") for source in code_cells(path)])
    for name, (normal, raw) in solved.items():
        assert not normal & there, name
        written = json.dumps(raw, ensure_ascii=False)[1:-1]
        found = [path.name for path, text in texts.items() if raw in text or written in text]
        assert not found, (name, found)


def test_no_page_or_link_or_badge_leads_to_a_solution(edition):
    files = [path for path in edition.rglob("*") if path.suffix in (".ipynb", ".md", ".yml", ".py", ".html", ".js")]
    assert not [path.name for path in files if "solutions_" in path.read_text("utf-8")]
    assert not [path for path in edition.rglob("*") if "solution" in path.name or path.name == "teaching.md"]
    pages = [path.read_text("utf-8") for path in files if path.suffix in (".ipynb", ".md")]
    assert not [page[:80] for page in pages if "colab-badge" in page or re.search("(?i)solutions are on", page)]
    config = yaml.safe_load((edition / "_config.yml").read_text("utf-8"))
    assert "launch_buttons" not in config and not config["html"]["use_repository_button"]
    listed = re.findall(r"file: (\S+)", (edition / "_toc.yml").read_text("utf-8"))
    assert len(listed) > 20 and all(list(edition.glob(f"{name}.*")) for name in listed)
    chapters = {path.name for path in edition.glob("book/*.ipynb")}
    assert chapters == {p.name for p in (ROOT / "book").glob("*.ipynb") if not p.name.startswith("solutions_")}


def test_the_pages_change_in_nothing_else(edition):
    for path in sorted((edition / "book").glob("*.ipynb")):
        before, after = (json.loads(p.read_text("utf-8"))["cells"] for p in (ROOT / "book" / path.name, path))
        assert len(before) == len(after)
        texts = [["".join(cell["source"]) for cell in cells] for cells in (before, after)]
        lost = sum(len(a) - len(b) for a, b in zip(*texts, strict=True))
        assert 0 <= lost < 600, f"{path.name} lost {lost} characters"
        assert [c for c in before if c["cell_type"] == "code"] == [c for c in after if c["cell_type"] == "code"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("</details>\n\nSolutions are [on a page](solutions_a.ipynb).\n\n## Summary", "</details>\n\n## Summary"),
        ("A check answers. Solutions are [there](solutions_a.ipynb), for later.\n\nMore.", "A check answers.\n\nMore."),
        ("They are hit often ([solutions page](solutions_a.ipynb)). So.", "They are hit often. So."),
        ("- one\n- [two](solutions_a.ipynb)\n- three", "- one\n- three"),
        ("No [link](corruption.ipynb) of that kind. It stays.", "No [link](corruption.ipynb) of that kind. It stays."),
    ],
)
def test_only_what_leads_to_a_solution_goes(tool, before, after):
    assert tool.without_solutions(before) == after

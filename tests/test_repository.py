"""What holds for the repository as a whole: one address, sound notebooks, imports that run one way."""

from __future__ import annotations

import ast
import dis
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import nbformat
import pytest
import setuptools
import yaml
from packaging.requirements import Requirement

import uddm_mini

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same parser under its old name
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "uddm_mini"
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
MODULES = sorted(PACKAGE.rglob("*.py"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ADDRESS = CONFIG["repository"]["url"]
SLUG = ADDRESS.removeprefix("https://github.com/")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))


def tracked_files() -> list[Path]:
    """List the files under version control; skip the test outside a checkout."""
    try:
        out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for name in out.split("\0") if name and (path := ROOT / name).is_file()]


def read_text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None  # an image or weights


def fenced(language: str) -> str:
    """Return the one block of this language in CONTRIBUTING.md."""
    (block,) = re.findall(rf"^```{language}\n(.*?)\n```$", CONTRIBUTING, re.M | re.S)
    return block


# --- one address -----------------------------------------------------------------------------------------------------


def test_address_has_the_form_that_make_address_writes() -> None:
    assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", ADDRESS)


def test_address_agrees_everywhere() -> None:
    name = SLUG.split("/")[1]
    # every way in which this repository is named: Colab links, pip addresses, anything with its name at the end
    patterns = (
        r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)",
        r"git\+https://github\.com/([\w.-]+/[\w.-]+)",
        rf"github\.com/([\w.-]+/{re.escape(name)})\b",
    )
    wrong = []
    for path in tracked_files():
        text = read_text(path) if path.suffix in {".md", ".ipynb", ".yml", ".toml", ".cff", ".py"} else None
        for pattern in patterns:
            found = {slug.removesuffix(".git") for slug in re.findall(pattern, text or "")}
            wrong += [f"{path.name}: {slug}" for slug in sorted(found - {SLUG})]
    assert not wrong, f"addresses that are not {SLUG} of _config.yml: {wrong}"


def test_address_is_in_the_files_that_state_it() -> None:
    assert PROJECT["project"]["urls"]["Repository"] == ADDRESS
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["repository-code"] == ADDRESS
    assert f"/github/{SLUG}/blob/main/book/" in (ROOT / "README.md").read_text("utf-8")
    assert f"git+{ADDRESS}" in fenced("python")
    assert f"/github/{SLUG}/blob/main/book/NAME.ipynb" in fenced("markdown")


# --- notebooks -------------------------------------------------------------------------------------------------------


def source_of(cell: Any) -> str:
    return "".join(cell.source)


def code_cells(path: Path) -> list[Any]:
    return [
        cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code" and cell.source.strip()
    ]


@each_notebook
def test_notebook_is_valid_and_named_for_colab(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata, "widget state is stored; renew with make execute"


@each_notebook
def test_notebook_was_run_from_top_to_bottom(path: Path) -> None:
    cells = code_cells(path)
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(1, len(cells) + 1)), f"run `make execute NOTEBOOKS=book/{path.name}`"
    assert any(cell.outputs for cell in cells)


@each_notebook
def test_notebook_shows_no_error_and_nothing_unfinished(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", f"stored traceback: {output.get('ename')}"
            assert output.get("name") != "stderr", f"stored warning: {output.get('text', '')[:200]}"
        assert not re.search(r"\b(TODO|FIXME|XXX)\b", source_of(cell))
        assert "raises-exception" not in cell.metadata.get("tags", []), "this tag hides failures"


@each_notebook
def test_no_line_of_prose_is_taken_for_a_comment(path: Path) -> None:
    prose = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    lost = [line for cell in prose for line in source_of(cell).splitlines() if line.startswith("%")]
    assert not lost, f"the pages leave out a line that begins with %: {lost}"


@each_notebook
def test_notebook_cells_fit_on_a_screen(path: Path) -> None:
    for cell in code_cells(path):
        lines = [line for line in source_of(cell).splitlines() if line.strip()]
        assert len(lines) <= 30, f"a cell of {len(lines)} lines: {lines[0]}"


def names_of(source: str) -> tuple[set[str], set[str], set[str]]:
    """Return the names that a cell makes, those of them that it imports, and those that it needs from earlier cells.

    Python's own compiler says which they are, so a variable of a function or a comprehension is none of them.
    """
    source = re.sub(r"^ *%.*", "", source, flags=re.M)  # the setup cell has a line that is not Python
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}
    made: set[str] = set()
    needed: set[str] = set()
    inside: set[str] = set()

    def walk(code: CodeType, top: bool) -> None:
        own: set[str] = set()  # names stored so far: of the cell, or of a class
        for step in dis.get_instructions(code):
            if step.opname == "STORE_NAME":
                own.add(step.argval)
            elif step.opname in {"LOAD_NAME", "LOAD_GLOBAL"} and step.argval not in own:
                (needed if top else inside).add(step.argval)
        if top:
            made.update(own)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                walk(constant, top=False)

    walk(compile(source, "cell", "exec"), top=True)
    return made, imported, needed | (inside - made)


def names_in_backticks(prose: str) -> set[str]:
    r"""Return the words of all `code` in a text, without fenced blocks and without roles such as {cite:p}`key`."""
    prose = re.sub(r"^```.*?^```", "", prose, flags=re.M | re.S)
    spans = re.findall(r"(\{[\w:+-]+\})?`([^`]+)`", prose)
    return {word for role, code in spans if not role for word in re.findall(r"\w+", code)}


@each_notebook
def test_text_explains_names_that_the_page_leaves_out(path: Path) -> None:
    removed: set[str] = set()
    known: set[str] = set()
    missing: dict[str, list[str]] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            known |= names_in_backticks(source_of(cell))
        if cell.cell_type != "code":
            continue
        made, imported, needed = names_of(source_of(cell))
        tags = set(cell.metadata.get("tags", []))
        if tags & {"remove-cell", "remove-input"}:
            removed |= made - imported  # what is imported has its own documentation
            continue
        if "hide-input" not in tags and needed & removed - known:
            missing[cell.id] = sorted(needed & removed - known)
        known |= made
    assert not missing, f"say what these names are, in backticks, in the text before the cell: {missing}"


@each_notebook
def test_notebook_starts_with_badge_and_setup_cell(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    top = "\n".join(source_of(cell) for cell in cells[:2] if cell.cell_type == "markdown")
    assert fenced("markdown").replace("NAME.ipynb", path.name) in top
    assert source_of(code_cells(path)[0]) == fenced("python"), "the first code cell is the one in CONTRIBUTING.md"


def toc_files() -> set[str]:
    def walk(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node[key] for key in ("root", "file") if key in node]
            return own + [name for value in node.values() for name in walk(value)]
        return [name for item in node for name in walk(item)] if isinstance(node, list) else []

    return set(walk(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))))


def test_every_page_is_in_the_table_of_contents_and_exists() -> None:
    pages = [path for path in (ROOT / "book").iterdir() if path.suffix in {".ipynb", ".md"}]
    assert {str(path.relative_to(ROOT).with_suffix("")) for path in pages} == toc_files()


# --- packaging -------------------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    """Read the pins that hold for this Python."""
    out = {}
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"not a pin: {line}"
            if requirement.marker is None or requirement.marker.evaluate():
                out[requirement.name] = specifier.version
    return out


# what Colab had in August 2026: installing the package there must replace none of it
COLAB = {"torch": "2.11.0", "numpy": "2.1.0", "ipython": "7.34.0", "ipywidgets": "7.7.1", "anywidget": "0.9.0"}


def test_ranges_admit_the_pins_and_colab() -> None:
    pinned = pins()
    for line in PROJECT["project"]["dependencies"]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pinned[requirement.name]), line
        if requirement.name in COLAB:
            assert requirement.specifier.contains(COLAB[requirement.name]), line


def test_every_subpackage_is_packaged() -> None:
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in MODULES}
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted({*folders, "uddm_mini.data"})


def test_the_version_is_the_same_everywhere() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"]
    assert PROJECT["project"]["version"] == cited == uddm_mini.__version__


def test_committed_data_stay_small_enough_for_a_wheel() -> None:
    data = [path for path in tracked_files() if path.is_relative_to(ROOT / "data")]
    assert sum(len(zlib.compress(path.read_bytes())) for path in data) < 5e6, "as a wheel packs them"


def test_a_wheel_holds_the_committed_models_but_not_those_of_a_sweep(tmp_path: Path, monkeypatch: Any) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("README.md", "LICENSE", "LICENSE-TEXT"):
        (tmp_path / name).touch()
    for package in PROJECT["tool"]["setuptools"]["packages"]:
        (tmp_path / package.replace(".", "/")).mkdir(parents=True, exist_ok=True)
    kept = {"README.md", "models/a.safetensors", "sweeps/toy-mine/sweep.csv"}
    for name in kept | {"sweeps/toy-mine/models/n8-seed0.safetensors", "sweeps/toy-mine/.lock"}:
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).touch()
    monkeypatch.chdir(tmp_path)
    distribution = setuptools.Distribution()
    distribution.parse_config_files()
    build = distribution.get_command_obj("build_py")
    build.ensure_finalized()
    (found,) = [names for package, _, _, names in build.data_files if package == "uddm_mini.data"]
    assert {Path(name).as_posix() for name in found} == kept


def test_no_path_of_a_machine_is_committed() -> None:
    home = "|".join(("ho" + "me", "Us" + "ers", "ro" + "ot", "wo" + "rk", "t" + "mp", "o" + "pt"))
    # a slash that starts a path: after a space, quote, bracket, equals sign or colon
    pattern = re.compile(rf"(?:^|[\s'\"(=`:]|file://)/(?:{home})/\w|\b[A-Z]:\\+(?:{home})\\", re.M)
    found = []
    for path in tracked_files():
        text = read_text(path) or ""
        found += [f"{path.relative_to(ROOT)}: {match.group().strip()}" for match in pattern.finditer(text)]
    assert not found


# --- the package -----------------------------------------------------------------------------------------------------

# a module may import from its own level or a lower one
LEVELS = {
    "doors": 0,
    "files": 0,
    "settings": 0,
    "parallel": 0,
    "noise": 1,
    "worlds": 1,
    "denoiser": 2,
    "walks": 3,
    "sampling": 4,
    "networks": 3,
    "models": 4,
    "probes": 5,
    "options": 8,
    "training": 6,
    "experiments": 7,
    "audit": 9,
    "teaching": 9,
    "chapters": 10,
    "course": 11,
    "arguments": 11,
    "typed": 11,
    "experiment_commands": 11,
    "cli": 11,
    "terminal": 11,
    "__main__": 12,
}
LEVELS["__init__"] = 9  # what `import uddm_mini` loads: everything but chapters and the command line


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def part_of(path: Path) -> str:
    """Return the sub-package or top-level module that a file belongs to."""
    return Path(path.relative_to(PACKAGE).parts[0]).stem


def imported_parts(path: Path) -> set[str]:
    """Return the parts of uddm_mini that a module imports, at the top or inside functions."""
    here = list(path.relative_to(ROOT).with_suffix("").parts)
    found = set()
    for node in ast.walk(tree_of(path)):
        names: list[list[str]] = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            names = [[*base, alias.name] for alias in node.names]
        found |= {parts[1] for parts in names if parts[0] == "uddm_mini" and len(parts) > 1}
    return found & {part_of(module) for module in MODULES}


@each_module
def test_imports_run_one_way(path: Path) -> None:
    part = part_of(path)
    assert part in LEVELS, f"{part} has no level: say in this test what it may import"
    above = {other for other in imported_parts(path) if LEVELS[other] > LEVELS[part]}
    assert not above, f"{part} must know nothing of {above}"


@each_module
def test_module_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 250


@each_module
def test_functions_are_short_and_take_few_parameters(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            taken = [p.arg for p in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            taken = [name for name in taken if name not in ("self", "cls", "ctx", "got")]  # got: the answer
            assert len(taken) <= 6, f"{node.name} takes {taken}; settings that belong together are an object"
            assert (node.end_lineno or 0) - node.lineno < 50, f"{node.name} is too long to read on a phone"


# cheap, and without effect on anything else
HARMLESS_CALLS = {
    "frozenset",
    "tuple",
    "range",
    "split",
    "words_of",
    "TypeVar",
    "ContextVar",
    "NewType",
    "compile",
    "MappingProxyType",
    "fromkeys",
    *("Walk", "ProbeSettings", "Meanings", "Variant"),  # frozen settings
    *("_radius", "_pair", "_head", "_sum", "_twin"),  # return a function, for a variant
}


def records_of(tree: ast.Module) -> set[str]:
    """Return the dataclasses and named tuples that a module defines: making one computes nothing."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {
        c.name
        for c in classes
        if re.search("dataclass|NamedTuple", " ".join(map(ast.unparse, [*c.decorator_list, *c.bases])))
    }


def run_now(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a statement, but not what a lambda does when it is called."""
    yield node
    if not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from run_now(child)


def does_work(statement: ast.stmt, harmless: set[str]) -> bool:
    """Tell whether a top-level statement computes something when the module is imported."""
    if isinstance(statement, ast.If):  # `if TYPE_CHECKING:` and `if __name__ == "__main__":`
        return not re.search(r"TYPE_CHECKING|__name__|version_info", ast.unparse(statement.test))
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Pass):
        return False
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return False  # a docstring
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return True
    calls = [node.func for node in run_now(statement) if isinstance(node, ast.Call)]
    names = {call.attr if isinstance(call, ast.Attribute) else ast.unparse(call) for call in calls}
    return not names <= harmless


@each_module
def test_nothing_happens_at_import(path: Path) -> None:
    if path.name == "__main__.py":
        pytest.skip("running is its purpose")
    tree = tree_of(path)
    harmless = HARMLESS_CALLS | records_of(tree)
    busy = [f"line {node.lineno}: {ast.unparse(node)[:80]}" for node in tree.body if does_work(node, harmless)]
    assert not busy


@each_module
def test_no_pickle_and_no_global_state(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        assert not isinstance(node, ast.Global), f"line {node.lineno}: global {node.names}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
            assert not names & {"pickle", "dill", "joblib", "shelve", "cloudpickle"}, f"line {node.lineno}"
        if isinstance(node, ast.Call):
            call = ast.unparse(node.func)
            assert call not in {"torch.load", "pd.read_pickle", "pandas.read_pickle"}, f"line {node.lineno}: {call}"
            allowed = [ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg == "allow_pickle"]
            assert set(allowed) <= {"False"}, f"line {node.lineno}: allow_pickle"


def test_every_imported_library_is_declared() -> None:
    declared = {Requirement(line).name.lower() for line in PROJECT["project"]["dependencies"]}
    optional = {
        Requirement(line).name for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines
    }
    used: set[str] = set()
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import):
                used |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                used.add(node.module.split(".")[0])
    used = {{"yaml": "pyyaml"}.get(name, name) for name in used}  # imported under another name
    foreign = {name.lower().replace("_", "-") for name in used - set(sys.stdlib_module_names) - {"uddm_mini"}}
    assert foreign <= declared | optional, "add a range to pyproject.toml and a pin to requirements.txt"

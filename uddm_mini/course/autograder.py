"""The zip file that Gradescope takes: this package, an assignment, and the two scripts that it runs."""

from __future__ import annotations

import json
import re
import zipfile
from importlib import metadata
from pathlib import Path

import uddm_mini
from uddm_mini.files import replacing

from .notebooks import Task, book_folder
from .settings import Course, read_yaml

MEMBERS = ("**/*.py", "**/*.js", "**/*.css")
SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, as administrator, with network: a Python of its own, with the versions of the lecturer.
set -e
root=${UDDM_AUTOGRADER:-/autograder}
# PyTorch comes with what a GPU needs, some gigabytes. pytorch.org says which --index-url has the small one.
PIP_OPTIONS=""
if ! python3 -m venv --help > /dev/null 2>&1; then
    apt-get update
    apt-get install -y python3 python3-venv
fi
python3 -m venv "$root/python"
"$root/python/bin/python" -m pip install --quiet $PIP_OPTIONS -r "$root/source/requirements.txt"
"""
RUN = """#!/usr/bin/env bash
# Gradescope runs this for every submission, and reads results/results.json.
set -e
root=${{UDDM_AUTOGRADER:-/autograder}}
python=${{UDDM_PYTHON:-$root/python/bin/python}}
# the student's code runs as another user where that is possible: it must not read the questions, nor set marks
chmod 700 "$root/source" "$root/submission" "$root/results"
cd "$root/source"
export OMP_NUM_THREADS=1 MPLBACKEND=Agg PYTHONPATH="$root/source" PYTHONDONTWRITEBYTECODE=1
exec "$python" -m uddm_mini.course.gradescope "$root" {week} {visibility}
"""


def write_autograder(out: Path, course: Course, week: str, tasks: list[Task], visibility: str) -> list[str]:
    """Write the zip file, the same bytes for the same book, and return the names in it."""
    book = book_folder(course.book)
    members = {
        "setup.sh": SETUP,
        "run_autograder": RUN.format(week=week, visibility=visibility),
        "requirements.txt": "\n".join(versions()) + "\n",
        "course.json": json.dumps(_alone(course, week), indent=1),
        **({"salt.txt": course.salt.decode()} if course.salt else {}),  # in a folder that the student cannot read
        "book/setup.ipynb": _emptied(book / "setup.ipynb"),
    }
    members |= {f"book/{c}.ipynb": _emptied(book / f"{c}.ipynb") for c in sorted({t.exercise.chapter for t in tasks})}
    package = Path(uddm_mini.__file__).parent
    for path in sorted(path for pattern in MEMBERS for path in package.glob(pattern)):
        place = path.relative_to(package)
        if place.parts[0] != "data":
            members[f"uddm_mini/{place.as_posix()}"] = path.read_text("utf-8")
    with replacing(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = (0o755 if text.startswith("#!") else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, text)
    return list(members)


def versions() -> list[str]:
    """Return the packages that grading needs, in the versions of this machine: "torch==2.8.0".

    FileNotFoundError if the package was not installed, so that nobody knows what it needs.
    """
    try:
        needed = metadata.requires("uddm-mini") or []
    except metadata.PackageNotFoundError:
        raise FileNotFoundError("Install this package first (`make setup`), so that it knows what it needs.") from None
    names = [re.split(r"[^\w.-]", line)[0] for line in needed if "extra ==" not in line] + ["pyyaml"]
    return [f"{name}=={metadata.version(name).partition('+')[0]}" for name in sorted(set(names))]


def _alone(course: Course, week: str) -> dict[str, object]:
    """Return the course file with one assignment and without the class: no names of students leave this machine."""
    data = read_yaml(course.path)
    kept = {key: value for key, value in data.items() if key not in ("roster", "assignments")}
    if course.salt:
        kept["salt_file"] = "salt.txt"
    return kept | {"book": "book", "assignments": {week: data["assignments"][week]}}


def _emptied(path: Path) -> str:
    """Return a notebook without outputs."""
    data = json.loads(path.read_text("utf-8"))
    for cell in data["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(data, ensure_ascii=False)

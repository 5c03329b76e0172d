"""The zip file for Gradescope, unpacked and run as it is laid out there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import pytest
from submissions import COURSE, SUBMISSIONS, write

from uddm_mini.chapters import exercises
from uddm_mini.cli import main
from uddm_mini.course import gradescope
from uddm_mini.course.autograder import versions
from uddm_mini.course.grade import Graded, Mark
from uddm_mini.course.gradescope import _graded, _student, results_of
from uddm_mini.course.handout import tasks_for
from uddm_mini.course.settings import read_course
from uddm_mini.course.variants import Personal

# what Gradescope's documentation says may stand in results.json, and in a test of it
KNOWN = {"score", "execution_time", "output", "output_format", "visibility", "stdout_visibility", "tests"}
KNOWN_TEST = {"score", "max_score", "status", "name", "number", "output", "output_format", "visibility"}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The folder with a course, and the zip file of its assignment."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "class.csv").write_text("Student,ID\nMaria Doe,4711\n")
    (folder / "course.yml").write_text(COURSE + "roster: class.csv\n")
    for out in ("a.zip", "b.zip"):
        assert (
            main(["teach", "autograder", "week1", "--course", f"{folder}/course.yml", "--out", f"{folder}/{out}"]) == 0
        )
    return folder


@pytest.fixture
def root(packed, tmp_path):
    """A folder as Gradescope has it, with the zip file unpacked, and one submission by "wrong"."""
    with zipfile.ZipFile(packed / "a.zip") as file:
        file.extractall(tmp_path / "source")
    (tmp_path / "results").mkdir()
    write(tmp_path / "submission" / "week1.ipynb", SUBMISSIONS["wrong"][0])
    (tmp_path / "submission_metadata.json").write_text('{"users": [{"sid": "4711", "email": "m@x.org"}]}')
    return tmp_path


def worth_of(packed):
    assignment = read_course(packed / "course.yml", exercises()).assignment("week1")
    return [(t, item.points) for t, item in zip(tasks_for(assignment, exercises()), assignment.items, strict=True)]


def test_the_zip_file_has_the_package_and_no_name_of_the_class(packed):
    with zipfile.ZipFile(packed / "a.zip") as file:
        names = file.namelist()
        whole = "".join(file.read(name).decode() for name in names)
        modes = {name: file.getinfo(name).external_attr >> 16 & 0o777 for name in ("setup.sh", "run_autograder")}
    assert (packed / "a.zip").read_bytes() == (packed / "b.zip").read_bytes()
    assert {"uddm_mini/teaching/grading/worker.py", "book/sampling.ipynb", "book/corruption.ipynb"} <= set(names)
    assert modes == {"setup.sh": 0o755, "run_autograder": 0o755}
    assert "Maria" not in whole and not any("solution" in name or name.endswith(".csv") for name in names)
    assert (packed / "a.zip").stat().st_size < 5e6
    assert {line.partition("==")[0] for line in versions()} >= {"torch", "numpy", "pyyaml"}
    assert not any("+" in line for line in versions())


@pytest.mark.skipif(os.name != "posix", reason="Gradescope runs Linux")
def test_gradescope_gets_the_marks_in_its_form(root):
    python = {"UDDM_PYTHON": sys.executable, "UDDM_AUTOGRADER": str(root), "PATH": os.defpath}
    done = subprocess.run(["bash", str(root / "source" / "run_autograder")], env=python, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((root / "results" / "results.json").read_text("utf-8"))
    assert set(found) == KNOWN and all(set(test) == KNOWN_TEST for test in found["tests"])
    assert found["score"] == SUBMISSIONS["wrong"][1] == sum(test["score"] for test in found["tests"])
    assert [test["status"] for test in found["tests"]] == ["passed", "failed", "failed", "failed"]
    assert found["tests"][3]["output"].startswith("You count every grammatical sentence.")
    assert found["visibility"] == found["tests"][0]["visibility"] == "after_published"
    subprocess.run(["bash", "-n", str(root / "source" / "setup.sh")], check=True)


def test_what_is_no_single_notebook_gets_a_sentence(packed, root):
    worth = worth_of(packed)
    write(root / "submission" / "other.ipynb", [])
    (root / "submission" / "week1.ipynb").write_text("{")
    one = _graded(root, "week1", worth, _student(root))
    assert one.student == "4711" and "week1.ipynb is no notebook" in one.notes[0]  # of several, the one of this name
    (root / "submission" / "week1.ipynb").rename(root / "submission" / "third.ipynb")
    one = _graded(root, "week1", worth, _student(root))
    found = results_of(one, "visible")
    assert found["score"] == 0 and [test["max_score"] for test in found["tests"]] == [10] * 4
    assert found["output"] == "Your submission has 2 notebooks. Hand in one, week1.ipynb."
    (root / "submission_metadata.json").unlink()
    assert _graded(root, "week1", worth, _student(root)).student == ""


def test_with_a_salt_gradescope_asks_each_student_what_grading_here_asks(tmp_path, monkeypatch):
    (tmp_path / "salt.txt").write_text("0123456789abcdef-of-this-year")
    (tmp_path / "course.yml").write_text("salt_file: salt.txt\nassignments: {week1: {exercises: [corruption-1]}}\n")
    assert (
        main(["teach", "autograder", "week1", "--course", f"{tmp_path}/course.yml", "--out", f"{tmp_path}/a.zip"]) == 0
    )
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        file.extractall(tmp_path / "source")
    write(tmp_path / "submission" / "week1.ipynb", [])
    course = read_course(tmp_path / "course.yml", exercises())
    tasks, asked = tasks_for(course.assignment("week1"), exercises()), {}

    def noted(path, student, worth):
        asked[student] = [task for task, _ in worth]
        return Graded(student, [])

    monkeypatch.setattr(gradescope, "grade_file", noted)
    for student in ("4711", "4712"):
        (tmp_path / "submission_metadata.json").write_text(json.dumps({"users": [{"sid": student}]}))
        gradescope.grade_there(tmp_path, "week1", "hidden")
    here = Personal(course.assignment("week1"), course.salt).asked("4711", tasks)
    keys = [one[0].exercise.checks[0].more for one in (asked["4711"], here, asked["4712"])]
    assert keys[0] == keys[1] != keys[2]


def test_the_way_an_answer_was_found_is_told():
    mark = Mark("sampling-2", "9.2 The other exact way", 5, 5, True, "Right.", how="found by its arguments")
    (test,) = results_of(Graded("a", [mark]), "hidden")["tests"]
    assert (test["number"], test["name"]) == ("9.2", "The other exact way")
    assert test["output"] == "Right. (Your answer was found by its arguments.)" and test["visibility"] == "hidden"

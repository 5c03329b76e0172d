"""A class is graded: the submissions of a lecturer's trial get what they deserve, whatever is wrong with them."""

from __future__ import annotations

import csv
import json
import os

import pytest
from submissions import COURSE, NEW, RIGHT, STEP, SUBMISSIONS, cells, changed, write

from uddm_mini.chapters import exercises
from uddm_mini.cli import main
from uddm_mini.course.classes import ClassSettings, grade_class
from uddm_mini.course.grade import grade_file
from uddm_mini.course.handout import tasks_for
from uddm_mini.course.settings import read_course
from uddm_mini.teaching.grading.process import Limits

pytestmark = pytest.mark.skipif(os.name != "posix", reason="grading needs Linux or macOS")
LIMITS = Limits(step=10.0, memory=1 << 30)
BOMB = "import os\nwhile True: os.fork()\n"
# one notebook for much that can go wrong; what is right in it is graded
NASTY = {
    "corruption.lucky": "def lucky(alpha, vocab_size):\n    return lucky(alpha, vocab_size)\n",
    "corruption.step_table": STEP,
    "sampling.average_step": "def average_step(full, b, alpha_s, alpha_t):\n    return torch.empty(50 * 10**9)\n",
    "sampling.new_fraction": "def new_fraction(samples, train, log_prob):\n    import os\n    os._exit(0)\n",
}


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    path = tmp_path_factory.mktemp("course") / "course.yml"
    path.write_text(COURSE)
    found = read_course(path, exercises()).assignment("week1")
    return found, tasks_for(found, exercises())


@pytest.fixture(scope="module")
def graded(assignment, tmp_path_factory):
    """Grade the class once: the folder of results, and what was graded."""
    folder, out = tmp_path_factory.mktemp("handed-in"), tmp_path_factory.mktemp("out")
    for name, (code, _) in SUBMISSIONS.items():
        write(folder / f"{name}.ipynb", code)
    write(folder / "nasty.ipynb", [BOMB, *cells(NASTY), "import sys\nsys.exit(0)", "this is no Python"])
    (folder / "broken.ipynb").write_text('{"cells": [')
    said: list[str] = []
    settings = ClassSettings(out, jobs=2, limits=LIMITS, say=said.append)
    found = grade_class(*assignment, folder, None, settings)
    return out, {one.student: one for one in found}, said, folder, settings


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_the_eight_submissions_of_the_trial_get_their_points(graded, name):
    one = graded[1][name]
    assert one.points == SUBMISSIONS[name][1], [(mark.title, mark.passed, mark.message) for mark in one.marks]


def test_what_went_wrong_is_told_and_the_rest_is_graded(graded):
    marks = {mark.exercise: mark for mark in graded[1]["nasty"].marks}
    assert [mark.passed for mark in marks.values()] == [False, True, False, False]
    assert "RecursionError" in marks["corruption-3"].message
    assert "more memory than there is" in marks["sampling-2"].message
    assert "ended the whole process" in marks["sampling-3"].message
    notes = " ".join(graded[1]["nasty"].notes)
    assert "no other processes" in notes and "SystemExit" in notes and "SyntaxError" in notes
    assert "loop that never ends" in graded[1]["loop"].marks[0].message
    assert (
        "line 2: " in graded[1]["crash"].marks[1].message and "ZeroDivisionError" in graded[1]["crash"].marks[1].message
    )
    assert graded[1]["broken"].points == 0 and "no notebook" in graded[1]["broken"].notes[0]
    assert {mark.passed for mark in graded[1]["empty"].marks} == {None}
    assert [bool(mark.how) for mark in graded[1]["renamed"].marks] == [True] * 4
    assert any("torch.allclose" in note for note in graded[1]["cheat"].notes)
    assert not list(graded[3].rglob("spam"))


def test_tables_and_pages_say_what_the_marks_say(graded):
    out, found, said, *_ = graded
    rows = list(csv.reader((out / "grades.csv").read_text("utf-8").splitlines()))
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Noise and Bayes"]
    assert rows[1][0].strip() == "Points Possible" and rows[1][5] == "40"
    assert {row[1]: float(row[5]) for row in rows[2:]} == {name: one.points for name, one in found.items()}
    slips = list(csv.DictReader((out / "slips.csv").read_text("utf-8").splitlines()))
    assert any("jump from clean text" in row["slip"] and row["students"] == "1" for row in slips)
    assert any(row["slip"] == "no answer" and int(row["students"]) >= 2 for row in slips)
    for name, one in found.items():
        page = (out / "feedback" / f"{name}.html").read_text("utf-8")
        assert f"{one.points:g} of 40 points" in page
    assert sum(line.startswith(f"{len(found)}/{len(found)}") for line in said) == 1
    assert any("broken: 0 of 40 points" in line and "is no notebook" in line for line in said)
    pairs = list(csv.DictReader((out / "similar.csv").read_text("utf-8").splitlines()))
    assert {"right", "renamed"} & {pairs[0]["ID"], pairs[0]["other ID"]} or pairs


def test_a_second_call_grades_only_what_is_new(graded, assignment, monkeypatch):
    _, found, _, folder, settings = graded
    asked = []

    def count(path, student, *others):
        asked.append(student)
        return grade_file(path, student, *others)

    monkeypatch.setattr("uddm_mini.course.classes.grade_file", count)
    (folder / "broken.ipynb").write_text("[]")
    again = {one.student: one for one in grade_class(*assignment, folder, None, settings)}
    assert asked == ["broken"]
    assert {n: one.points for n, one in again.items()} == {n: one.points for n, one in found.items()}


def test_a_deleted_cell_costs_its_exercise_alone_and_words_of_students_are_text(assignment, tmp_path):
    some = {key: source for key, source in RIGHT.items() if key != "sampling.average_step"}
    some = changed("    old = {", "    raise ValueError('<script>alert(1)</script>')\n    old = {", some)
    write(tmp_path / "in" / "=cmd.ipynb", cells(some))
    (one,) = grade_class(*assignment, tmp_path / "in", None, ClassSettings(tmp_path / "out", limits=LIMITS, say=str))
    assert one.points == 20 and "no answer" in one.marks[2].message
    (page,) = (tmp_path / "out" / "feedback").iterdir()
    assert "<script>" not in page.read_text("utf-8") and "&lt;script&gt;" in page.read_text("utf-8")
    assert "'=cmd" in (tmp_path / "out" / "grades.csv").read_text("utf-8")


SECRET = "the salt of this course"
SPY = f"""import os
def look(folder):
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder)]
    except OSError:
        return []
found = {NEW!r}
texts = []
for path in [os.environ.get("SALT", ""), "SALT_FILE", "/proc/self/environ"]:
    try:
        texts.append(open(path).read())
    except OSError:
        pass
for pid in look("/proc"):
    try:
        texts.append(open(pid + "/environ").read())
    except OSError:
        pass
def lucky(alpha, vocab_size):
    return "".join(texts)
"""


def test_a_submission_reads_neither_files_nor_environment_of_the_grader(assignment, tmp_path, monkeypatch):
    monkeypatch.setenv("UDDM_SALT", SECRET)
    salt = tmp_path / "salt.txt"
    salt.write_text(SECRET)
    one = grade_file(
        write(tmp_path / "spy.ipynb", [SPY.replace("SALT_FILE", str(salt))]), "spy", _worth(assignment), LIMITS
    )
    assert one.points == 0 and SECRET not in json.dumps(one.as_data())


FORGE = """import os, json, struct
def step_table(alpha_s, alpha_t, vocab_size):
    import os
    for handle in range(3, 30):
        try:
            os.write(handle, MESSAGE)
        except OSError:
            pass
    return 0.0
def pack(message):
    text = json.dumps(message).encode()
    return struct.pack(">Q", len(text)) + text
"""


@pytest.mark.parametrize("message", ["pack({'found': [[1]], 'value': {'$': 'tuple'}})", "b'\\xff' * 64"])
def test_a_submission_that_writes_into_the_messages_harms_itself_alone(assignment, tmp_path, message):
    code = [FORGE, f"MESSAGE = {message}", *cells({"corruption.lucky": RIGHT["corruption.lucky"]})]
    one = grade_file(write(tmp_path / "forger.ipynb", code), "forger", _worth(assignment)[:2], LIMITS)
    assert [mark.points for mark in one.marks] == [10, 0]


def _worth(assignment):
    return [(task, item.points) for task, item in zip(assignment[1], assignment[0].items, strict=True)]


def test_the_commands_hand_out_grade_and_report(tmp_path, monkeypatch, capsys):
    (tmp_path / "course.yml").write_text(COURSE + "roster: class.csv\n")
    (tmp_path / "class.csv").write_text("Student,ID,SIS User ID,SIS Login ID,Section\nDoe,7,s7,doe,A\nRoe,8,s8,roe,A\n")
    monkeypatch.chdir(tmp_path)

    def teach(*typed):
        status = main(["teach", *typed])
        return status, *capsys.readouterr()

    status, out, _ = teach("student", "week1")
    assert status == 0 and "4 exercises" in out
    notebook = json.loads((tmp_path / "week1.ipynb").read_text("utf-8"))
    answered = 0
    for cell in notebook["cells"]:  # as a student does it
        for key, stub in {"def lucky": RIGHT["corruption.lucky"], "def new_fraction": NEW}.items():
            if cell["source"].startswith(key):
                cell["source"] = stub + "\n\n" + cell["source"].split("\n\n\n")[1]
                answered += 1
    assert answered == 2
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "doejane_7_90210_week1.ipynb").write_text(json.dumps(notebook))
    assert teach("grade", "week1", "in")[0] == 0
    grades = (tmp_path / "week1-grades" / "grades.csv").read_text("utf-8").splitlines()
    assert grades[2:] == ["Doe,7,s7,doe,A,20", "Roe,8,s8,roe,A,0"]
    _, out, _ = teach("report", "week1")
    assert "Luck: 1 of 1 answers right" in out and "no answer" in out
    status, _, error = teach("grade", "week2", "in")
    assert status == 2 and "has no assignment 'week2'" in error

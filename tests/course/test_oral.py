"""Questions for a talk, from a student's own code and mistakes."""

from __future__ import annotations

import json
import re

import pytest
from submissions import COURSE, RIGHT, SUBMISSIONS, WRONG, cells, write

from uddm_mini.chapters import exercises
from uddm_mini.cli import main
from uddm_mini.course.grade import Graded, Mark
from uddm_mini.course.handout import tasks_for
from uddm_mini.course.oral import questions_for
from uddm_mini.course.settings import read_course

SLIP = "This is the jump from clean text to t. The word is already at s: only the rest of the way is left."


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    path = tmp_path_factory.mktemp("course") / "course.yml"
    path.write_text(COURSE)
    return tasks_for(read_course(path, exercises()).assignment("week1"), exercises())


def graded(tasks, passed=(True, False, False, None), student="ana"):
    marks = [
        Mark(task.exercise.id, task.exercise.title, 0, 10, one, "It says 3.", SLIP if i == 1 else "")
        for i, (task, one) in enumerate(zip(tasks, passed, strict=True))
    ]
    return Graded(student, marks)


def test_the_mistake_comes_first_and_then_the_own_code(tasks):
    found = questions_for(graded(tasks), cells(WRONG), tasks)
    by_title = {title: [q for q in found if q.exercise == title] for title in {q.exercise for q in found}}
    luck, step, average, new = (by_title[task.exercise.title] for task in tasks)
    assert SLIP in step[0].words and "It says 3." in average[0].words and "no answer" in new[0].words
    for mine, name in ((luck, "lucky"), (step[1:], "step_table"), (average[1:], "average_step")):
        for one in mine:
            line, function, code = re.search(r"line (\d+) of `(\w+)`.*", one.words).group(1, 2, 0)
            assert function == name
            source = next(s for key, s in WRONG.items() if key.endswith(name)).splitlines()[int(line) - 1]
            shown = re.findall(r"`([^`]+)`", code)[1:] or re.findall(r"uses `(\w+)`", one.words)
            assert re.sub(r"[\s()]", "", shown[0].strip()) in re.sub(r"[\s()]", "", source), (one.words, source)
    assert len({(q.exercise, q.rubric) for q in found}) == len(found) <= 8 and all(q.rubric for q in found)


def test_the_same_submission_gets_the_same_questions_and_neighbors_others(tasks):
    right = (True,) * 4
    asked = {s: questions_for(graded(tasks, right, s), cells(RIGHT), tasks) for s in ("ana", "bob", "cy", "dee")}
    assert asked["ana"] == questions_for(graded(tasks, right), cells(RIGHT), tasks)
    assert len({tuple(q.words for q in found) for found in asked.values()}) > 1
    assert len(questions_for(graded(tasks, right), cells(RIGHT), tasks, each=1)) == 4
    odd = questions_for(graded(tasks, right), ["def lucky(:", "x = " + "(" * 9999], tasks)
    assert len(odd) == 4 and all("Explain your way" in q.words for q in odd)


def test_the_command_reads_what_was_graded(tasks, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course.yml").write_text(COURSE)
    assert main(["teach", "oral", "week1", "wrong"]) == 2
    assert "run `teach grade week1 FOLDER` first" in capsys.readouterr().err
    file = write(tmp_path / "in" / "wrong.ipynb", SUBMISSIONS["wrong"][0])
    kept = tmp_path / "week1-grades" / "results" / "wrong.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"file": str(file), "graded": graded(tasks, student="wrong").as_data()}))
    assert main(["teach", "oral", "week1", "wrong"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# wrong\n") and SLIP in printed and "`average_step`" in printed
    assert main(["teach", "oral", "week1", "wrong", "--out", "wrong.md"]) == 0
    assert (tmp_path / "wrong.md").read_text("utf-8") == printed


def test_a_notebook_that_moved_or_changed_since_it_was_graded_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course.yml").write_text(COURSE)
    write(tmp_path / "in" / "ana.ipynb", cells(RIGHT))
    assert main(["teach", "grade", "week1", "in"]) == 0
    assert main(["teach", "oral", "week1", "ana"]) == 0
    whole = capsys.readouterr().out.partition("# ana")[2]
    (tmp_path / "in").rename(tmp_path / "done")
    assert main(["teach", "oral", "week1", "ana"]) == 2
    told = capsys.readouterr()
    assert str(tmp_path / "in" / "ana.ipynb") in told.err and "not there any more" in told.err and not told.out
    # to grade where it is now does no work twice, and finds it
    monkeypatch.setattr("uddm_mini.course.classes.grade_file", None)
    assert main(["teach", "grade", "week1", "done"]) == 0
    assert main(["teach", "oral", "week1", "ana"]) == 0
    told = capsys.readouterr()
    assert told.out.partition("# ana")[2] == whole and "changed" not in told.err
    write(tmp_path / "done" / "ana.ipynb", cells(WRONG))
    assert main(["teach", "oral", "week1", "ana"]) == 0
    assert "has changed since it was graded" in capsys.readouterr().err

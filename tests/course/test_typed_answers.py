"""Right answers in the styles of students pass by both doors; wrong ones hear the sentence that names their mistake."""

from __future__ import annotations

import os
from collections import Counter, defaultdict

import pytest
from submissions import write
from typed_answers import PRELUDE, Typed, in_a_notebook, places, right, wrong

from uddm_mini.course.grade import about_worker, grade_file, named
from uddm_mini.teaching.grading.forks import ForkServer

RIGHT, WRONG, PLACES = right(), wrong(), places()
SHARE = 0.95  # of the wrong answers hear the right sentence
# ask for a value, or for a grammar
WITHOUT = {"learning.shrinkage", "cavity.wrong_form_nelbo", "transition.licensed", "toy_language.design"}


def test_nearly_every_check_is_tried_and_no_answer_twice():
    assert len(RIGHT) >= 70 and len(WRONG) >= 100
    assert {one.key for one in RIGHT} == set(PLACES) - WITHOUT and {one.key for one in WRONG} <= set(PLACES)
    for answers in (RIGHT, WRONG):
        assert Counter(one.id for one in answers).most_common(1)[0][1] == 1


@pytest.mark.parametrize("one", RIGHT, ids=lambda one: one.id)
def test_a_right_answer_in_another_style_passes(one):
    result = in_a_notebook(one, PLACES[one.key])
    assert result.passed is True, result.message


@pytest.mark.skipif(os.name != "posix", reason="grading needs Linux or macOS")
def test_right_answers_pass_in_the_process_that_grades(tmp_path):
    """In notebooks with one answer to each exercise; the check is called in no cell, so that names must be found."""
    notebooks: dict[int, dict[str, Typed]] = defaultdict(dict)
    for one in RIGHT:
        notebooks[sum(one.key in held for held in notebooks.values())][one.key] = one
    whole = [place[0] for place in PLACES.values()]
    server = ForkServer(about_worker(whole), 120.0)
    try:
        for number, held in notebooks.items():
            path = write(tmp_path / f"{number}.ipynb", [PRELUDE, *(one.source for one in held.values())])
            tasks = {PLACES[key][0].exercise.id: PLACES[key][0] for key in held}
            graded = grade_file(path, "ana", [(task, 10.0) for task in tasks.values()], None, server)
            assert not graded.notes
            checks = [f"{t.exercise.chapter}.{part.check}" for t in tasks.values() for part in t.parts]
            marks = dict(zip(checks, graded.marks, strict=True))
            assert not {key: marks[key].message for key in held if marks[key].passed is not True}
    finally:
        server.close()


@pytest.fixture(scope="module")
def told():
    """What the checks say of all wrong answers."""
    return {one.id: in_a_notebook(one, PLACES[one.key]) for one in WRONG}


def test_every_wrong_answer_fails(told):
    assert {name: one.message for name, one in told.items() if one.passed is not False} == {}


def test_wrong_answers_hear_what_is_wrong(told):
    """The words were typed by somebody who knew the mistake, and judged the sentence by it."""
    missed = {one.id: told[one.id].message for one in WRONG if not one.words or one.words not in told[one.id].message}
    assert len(missed) <= (1 - SHARE) * len(WRONG), missed


def test_the_report_counts_most_of_them_by_a_sentence_that_fits_every_case(told):
    slips = {one.id: named(PLACES[one.key][2], told[one.id]).slip for one in WRONG}
    assert sum(map(bool, slips.values())) >= 0.85 * len(WRONG)
    of = {one.id: slips[one.id] for one in WRONG if one.key in ("cavity.my_convert", "toy_language.next_word")}
    alike = [slip for slip in of.values() if "add up to" in slip]
    assert len(alike) >= 2 and len({slip.partition("Your")[2] for slip in alike}) == 1 and "…" in alike[0], of
    assert slips["pseudo_likelihood.melody · the melody backwards"].startswith("The melody plays backwards")

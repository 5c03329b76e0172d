"""Other questions for every student, and other meanings: what is right passes, what was right for others does not."""

from __future__ import annotations

import csv
import importlib
import json
import os
import pkgutil
import re

import pytest
from solutions import solutions
from submissions import LUCKY, NEW
from variant_answers import ANSWERS

from uddm_mini.chapters import drawn, exercises
from uddm_mini.cli import main
from uddm_mini.course.settings import read_course
from uddm_mini.course.variants import ALIKE, Personal, write_handouts
from uddm_mini.teaching.answers import ONLY_PUBLIC
from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import BOOK, OTHER, Meanings, Variant

EVERY = exercises()
BOOKS = solutions()
CHECKS = {f"{e.chapter}.{check.__name__}": check for e in EVERY.values() for check in e.checks}
ALONE = {
    "toy_language.design",
    "learning.shrinkage",
    "cavity.wrong_form_nelbo",
    "transition.licensed",
}  # no arguments
SLOW = {"toy_language.best_pair", "transition.seed_interval", "learning.spread_times", "toy_language.next_word"}
GOLDEN = (0.786, 5, ["c", "a", "b", "d"])
SALT = "0123456789abcdef-of-this-year"


# ---- questions that grading draws -----------------------------------------------------------------------------------


def test_all_checks_but_those_of_a_value_can_ask_other_questions():
    assert {name for name, check in CHECKS.items() if not check.fresh(Draw(b"any"))} == ALONE


def test_what_is_drawn_belongs_to_a_check():
    for module in pkgutil.iter_modules(drawn.__path__):
        found = importlib.import_module(f"{drawn.__name__}.{module.name}")
        names = [n for n, f in vars(found).items() if callable(f) and getattr(f, "__module__", "") == found.__name__]
        names = [n for n in names if not n.startswith("_") and n != "arrows"] + list(getattr(found, "VARIANTS", {}))
        assert names and {f"{module.name}.{name}" for name in names} <= set(CHECKS)


@pytest.mark.parametrize("name", sorted(set(CHECKS) - ALONE - SLOW))
def test_the_solution_passes_questions_of_three_students(name):
    more = [case for i in range(3) for case in CHECKS[name].fresh(Draw(f"{name} {i}".encode()))]
    result = CHECKS[name](BOOKS[name], more=more)
    assert result.passed is True, result.message


@pytest.mark.parametrize("name", ["toy_language.next_word", "learning.spread_times"])
def test_the_solution_passes_questions_of_a_student_where_they_take_longer(name):
    assert CHECKS[name](BOOKS[name], more=CHECKS[name].fresh(Draw(b"one"))).passed is True


LISTED = ["corruption.level_for", "basins.radius", "english.one_merge", "hopfield.crosstalk"]
LISTED += ["real_text.is_twin", "fine_tuning.median_lead", "sampling.can_greedy_move"]


@pytest.mark.parametrize("name", LISTED)
def test_a_list_of_the_notebooks_answers_passes_there_and_not_at_grading(name):
    check, known = CHECKS[name], {}

    def note(*arguments):
        return known.setdefault(repr(arguments), BOOKS[name](*arguments))

    assert check(note).passed is True

    def listed(*arguments):
        return known.get(repr(arguments), next(iter(known.values())))

    assert check(listed).passed is True
    result = check(listed, more=check.fresh(Draw(b"a student")))
    assert result.passed is False
    assert ONLY_PUBLIC in (result.slip or result.message) or name == "sampling.can_greedy_move"


def test_questions_follow_from_the_key_on_every_machine():
    draw = Draw(b"golden")
    assert (draw.number(), draw.whole(1, 6), draw.shuffled("abcd")) == GOLDEN
    first, again, other = (CHECKS["corruption.lucky"].fresh(Draw(key)) for key in (b"1", b"1", b"2"))
    assert first == again != other


# ---- other meanings -------------------------------------------------------------------------------------------------


def test_there_are_answers_to_all_variants_of_more_than_fifteen_exercises():
    have = {e.id: set(e.checks[0].meanings) for e in EVERY.values() if e.checks[0].meanings}
    assert {id: set(answers) for id, answers in ANSWERS.items()} == have and len(have) >= 15
    assert all(len(names) >= 3 for names in have.values())
    assert not [e.id for e in EVERY.values() for check in e.checks[1:] if check.meanings]  # only first parts have some
    sentences = [asks for e in EVERY.values() for asks in e.checks[0].meanings.values()]
    assert len(set(sentences)) == len(sentences) and all(asks.endswith((".", ".)")) for asks in sentences)


@pytest.mark.parametrize("exercise", ANSWERS)
def test_an_answer_passes_its_own_variant_only(exercise):
    check, answers = EVERY[exercise].checks[0], ANSWERS[exercise]
    names = list(answers)
    for name, following in zip(names, [*names[1:], names[0]], strict=True):
        variant = check.variant(name)
        more = variant.fresh(Draw(name.encode()))
        result = variant(answers[name], more=more)
        assert result.passed is True, (name, result.message)
        assert check(answers[name], variant=name).passed is True  # what the student's notebook says
        assert variant(answers[following]).passed is False
        assert variant(BOOKS[f"{EVERY[exercise].chapter}.{check.__name__}"]).passed is False
        assert check(answers[name], more=check.fresh(Draw(b"any"))).passed is False


def test_the_answer_of_another_variant_is_named_as_such():
    check = EVERY["corruption-1"].checks[0]
    assert check.variant("late")(BOOKS["corruption.level_for"]).slip == BOOK
    assert check.variant("late")(ANSWERS["corruption-1"]["square"]).slip == OTHER
    assert "up to date" in check(BOOKS["corruption.level_for"], variant="earlier").message


def test_meanings_that_no_question_tells_apart_are_refused():
    same = Meanings(abs, {"same": Variant("The same.", abs)}, lambda draw: [(draw.number(),)])
    with pytest.raises(RuntimeError, match="tell the variant same"):
        same.drawn("same", Draw(b""))


# ---- the course file ------------------------------------------------------------------------------------------------


def course(folder, exercise, salt=SALT, more=""):
    (folder / "salt.txt").write_text(salt)
    path = folder / "course.yml"
    path.write_text(f"salt_file: salt.txt\n{more}assignments:\n  week1:\n    exercises: [{exercise}]\n")
    return read_course(path, EVERY)


@pytest.mark.parametrize(
    ("exercise", "salt", "words"),
    [
        ("{id: basins-2, variant: half}", SALT, "has no variant 'half'; it has one-third, two-thirds"),
        ("{id: transition-4, variant: draw}", SALT, "it has none; `teach list --variants` shows all"),
        ("{id: basins-2, variant: draw}", "short\n", "salt.txt is too short for a secret"),
    ],
)
def test_a_mistake_about_variants_gets_a_sentence(tmp_path, exercise, salt, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course(tmp_path, exercise, salt)


def test_variants_are_drawn_from_salt_student_and_exercise(tmp_path):
    ids = [f"s{i}" for i in range(60)]

    def drawn_by(salt):
        assignment = course(tmp_path, "{id: basins-2, variant: draw}, {id: corruption-1, variant: draw}", salt)
        personal = Personal(assignment.assignment("week1"), assignment.salt)
        return [[personal.variant(one, item) for item in personal.drawn] for one in ids]

    first, again, next_year = drawn_by(SALT), drawn_by(SALT), drawn_by(SALT + "2")
    assert first == again != next_year
    assert {pair[0] for pair in first} == set(ANSWERS["basins-2"])
    assert len({tuple(pair) for pair in first}) > 8  # the two exercises are drawn apart
    fixed = course(tmp_path, "{id: basins-2, variant: two-thirds}, corruption-2")
    personal = Personal(fixed.assignment("week1"), b"")
    assert [personal.variant("x", item) for item in personal.assignment.items] == ["two-thirds", ""]


def test_drawn_variants_need_a_salt_and_a_roster(tmp_path, monkeypatch, capsys):
    course(tmp_path, "{id: basins-2, variant: draw}")
    monkeypatch.chdir(tmp_path)
    assert main(["teach", "student", "week1"]) == 2 and "needs a roster" in capsys.readouterr().err
    text = (tmp_path / "course.yml").read_text().replace("salt_file: salt.txt\n", "")
    (tmp_path / "course.yml").write_text(text)
    assert main(["teach", "student", "week1"]) == 2 and "needs a salt_file" in capsys.readouterr().err
    assert main(["teach", "list", "--variants"]) == 0 and "variant two-thirds" in capsys.readouterr().out


def test_an_id_that_grading_could_not_find_again_is_refused(tmp_path):
    from uddm_mini.course.roster import Person

    personal = Personal(course(tmp_path, "corruption-2").assignment("week1"), b"")
    with pytest.raises(ValueError, match="becomes a file's name"):
        write_handouts(tmp_path / "out", personal, [], [Person("A", "../a")], None)


# ---- a class --------------------------------------------------------------------------------------------------------

LEVEL = """def level_for(changed, vocab_size):
    a = 1 - changed * vocab_size / (vocab_size - 1)
    return {"cosine": lambda: 2 / math.pi * math.acos(a), "square": lambda: 1 - a ** 0.5,
            "late": lambda: (1 - a) ** (1 / 3), "exponential": lambda: -math.log(a) / 5}[WHICH]()
"""
# right for the questions of the notebook: (0.4, 3), (0.5, 102), (0.4, 30) and (1, 5)
LIST = """def lucky(alpha, vocab_size):
    return {(0.4, 3): 1 / 3, (0.5, 102): 1 / 103, (0.4, 30): 0.02 / 0.42}.get((alpha, vocab_size), 0.0)
"""


def handed_in(notebook, level, lucky, new=NEW):
    """Fill in a handout as a student does."""
    for cell in notebook["cells"]:
        for name, answer in (("level_for", level), ("lucky", lucky), ("new_fraction", new)):
            if cell["cell_type"] == "code" and cell["source"].startswith(f"def {name}("):
                cell["source"] = answer + "\n\n" + cell["source"].split("\n\n\n")[1]
    return json.dumps(notebook)


@pytest.mark.skipif(os.name != "posix", reason="grading needs Linux or macOS")
def test_a_class_with_variants_from_handing_out_to_the_next_year(tmp_path, monkeypatch, capsys):
    (tmp_path / "class.csv").write_text("Student,ID\nAnn,a1\nBob,b2\nCat,c3\n")
    found = course(
        tmp_path,
        "{id: corruption-1, variant: draw}, corruption-3, {id: sampling-3, variant: draw}",
        more="roster: class.csv\n",
    )
    monkeypatch.chdir(tmp_path)

    def teach(*typed):
        assert main(["teach", *typed]) == 0
        return capsys.readouterr()

    assert "3 notebooks into week1" in teach("student", "week1").out
    rows = list(csv.DictReader((tmp_path / "week1-variants.csv").read_text("utf-8").splitlines()))
    levels = {row["ID"]: row["corruption-1"] for row in rows}
    personal = Personal(found.assignment("week1"), found.salt)
    assert levels == {one: personal.variant(one, personal.drawn[0]) for one in ("a1", "b2", "c3")}
    texts = {one: (tmp_path / "week1" / f"{one}_week1.ipynb").read_text("utf-8") for one in levels}
    for one, text in texts.items():
        cells = [cell["source"] for cell in json.loads(text)["cells"]]
        assert any(EVERY["corruption-1"].checks[0].meanings[levels[one]] in cell for cell in cells)
        assert any(f'checks.level_for(level_for, variant="{levels[one]}")' in cell for cell in cells)
        assert SALT not in text and ANSWERS["corruption-1"].keys() & set(re.findall(r'variant=\\"([\w-]+)', text))
    folder = tmp_path / "in"
    folder.mkdir()
    for one, lucky in (("a1", LUCKY), ("b2", LIST), ("c3", LUCKY)):
        level = LEVEL.replace("WHICH", repr(levels[one]) if one != "c3" else repr(_another(levels["c3"])))
        (folder / f"x_{one}_9_week1.ipynb").write_text(handed_in(json.loads(texts[one]), level, lucky))
    said = teach("grade", "week1", "in", "--out", "grades").err
    assert ALIKE not in said
    assert points("grades") == {
        "a1": {"corruption-1": 10, "corruption-3": 10, "sampling-3": 0},
        "b2": {"corruption-1": 10, "corruption-3": 0, "sampling-3": 0},
        "c3": {"corruption-1": 0, "corruption-3": 10, "sampling-3": 0},
    }
    slips = {row["slip"] for row in table("grades/slips.csv")}
    assert {BOOK, OTHER, ONLY_PUBLIC} <= slips
    alike = {(row["ID"], row["other ID"]) for row in table("grades/similar.csv")}
    assert {("a1", "b2"), ("a1", "c3"), ("b2", "c3")} <= alike  # one answer, whatever each was asked
    page = (tmp_path / "grades" / "feedback" / "a1.html").read_text("utf-8")
    assert f"variant {levels['a1']}" in page and SALT not in page

    for salt in (f"{SALT}{k}" for k in range(100)):  # the next year, with another meaning for a1
        later = course(tmp_path, "{id: corruption-1, variant: draw}", salt, "roster: class.csv\n")
        personal = Personal(later.assignment("week1"), later.salt)
        if personal.variant("a1", personal.drawn[0]) != levels["a1"]:
            break
    for path in folder.glob("*_[bc][23]_*"):
        path.unlink()
    teach("grade", "week1", "in", "--out", "grades")  # the marks of last year are not taken for those of this one
    assert points("grades")["a1"] == {"corruption-1": 0}


def _another(name):
    return next(other for other in ANSWERS["corruption-1"] if other != name)


def points(folder):
    """The points of every student by exercise."""
    found = {}
    for row in table(f"{folder}/details.csv"):
        found.setdefault(row["ID"], {})[row["exercise"]] = float(row["points"])
    return found


def table(path):
    """The rows of a file."""
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))

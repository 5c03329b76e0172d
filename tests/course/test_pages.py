"""The pages for lecturers are what the exercises say, and a student's own network is theirs alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from submissions import LUCKY, WRONG

from uddm_mini import load
from uddm_mini.chapters import corruption, exercises, sampling
from uddm_mini.cli import main
from uddm_mini.course.misconceptions import NOT_NORMALIZED, sentences_of, write_bank
from uddm_mini.course.personal import personal, write_personal
from uddm_mini.course.plans import with_minutes
from uddm_mini.teaching.answers import sums_to_one

BOOK = Path(__file__).resolve().parents[2] / "book"


def answer_of(source):
    names: dict = {"torch": torch}
    exec(source, names)
    return next(value for key, value in names.items() if source.startswith(f"def {key}("))


def test_the_page_of_mistakes_is_what_the_checks_say(tmp_path):
    assert write_bank(tmp_path / "bank.md") > 300
    page = (BOOK / "misconceptions.md").read_text("utf-8")
    assert (tmp_path / "bank.md").read_text("utf-8") == page, "run python book/_tools/teaching_table.py"
    assert all(f"#{e.anchor}" in page and any(map(sentences_of, e.checks)) for e in exercises().values())


@pytest.mark.parametrize(
    ("check", "source"),
    [
        (corruption.step_table, WRONG["corruption.step_table"]),
        (corruption.lucky, LUCKY.replace("chance / (alpha + chance)", "chance")),
        (sampling.new_fraction, WRONG["sampling.new_fraction"]),
    ],
)
def test_what_a_check_says_to_a_wrong_answer_is_in_the_bank(check, source):
    result = check(answer_of(source))
    assert result.passed is False
    parts = [[re.escape(part) for part in one.split("…")] for one in sentences_of(check)]
    assert any(re.search("(?s).*".join(part), result.message) for part in parts), result.message


def test_probabilities_that_do_not_add_up_have_their_sentence():
    (sentence,) = sums_to_one(torch.tensor([0.25, 0.5]))
    assert sentence.replace("0.7500", "…") == NOT_NORMALIZED


def test_the_plans_have_the_minutes_of_their_exercises():
    page = (BOOK / "teaching.md").read_text("utf-8")
    assert with_minutes(page) == page, "run python book/_tools/teaching_table.py"
    assert page.count("` | ") >= 12
    minutes = exercises()["sampling-1"].minutes + exercises()["sampling-2"].minutes
    row = "| a | `sampling-1` `sampling-2` | 0 |"
    assert with_minutes(row) == row.replace("| 0 |", f"| {minutes} |")
    with pytest.raises(ValueError, match="there is no such exercise"):
        with_minutes("| a | `sampling-99` | 0 |")


def test_a_student_gets_the_same_language_again_and_nobody_else_does():
    ana, again, bob, other = (personal(*one) for one in [("ana", "x"), ("ana", "x"), ("bob", "x"), ("ana", "y")])
    assert ana.language.grammar == again.language.grammar and torch.equal(ana.corpus.train, again.corpus.train)
    assert len({str(one.language.grammar) for one in (ana, bob, other)}) == 3
    rows = {tuple(row) for row in ana.corpus.train.tolist()}
    assert not rows & {tuple(row) for row in ana.corpus.held_out.tolist()}
    assert torch.isfinite(ana.language.log_prob(ana.corpus.train)).all()
    assert len(ana.language.grammar.slots) == 12 and set(ana.language.words) == set(bob.language.words)
    with pytest.raises(ValueError, match="a salt"):
        personal("ana", "")


def test_a_folder_of_a_student_does_not_say_which_sentences_were_learned(tmp_path, monkeypatch, capsys):
    folder = write_personal("ana", "x", tmp_path, steps=2)
    secret = json.loads((tmp_path / "ana-answers.json").read_text("utf-8"))
    candidates = (folder / "candidates.txt").read_text("utf-8").splitlines()
    assert len(candidates) == 2 * secret["sentences"] and set(secret["trained"]) < set(candidates)
    assert set(candidates[: secret["sentences"]]) != set(secret["trained"])
    model = load(folder / "model.safetensors")
    assert model.training_settings["n_train"] is None and model.words
    names: dict = {}
    exec((folder / "language.py").read_text("utf-8"), names)
    assert names["language"].words == model.words
    monkeypatch.chdir(tmp_path)
    assert main(["teach", "personal", "ana", "--salt", "nothing.txt"]) == 2
    assert "words into it that only you know" in capsys.readouterr().err

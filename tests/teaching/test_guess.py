"""A guess: asked for in one piece of a page, back in another."""

from __future__ import annotations

import pytest

from uddm_mini.teaching.guess import Guess

GUESS = Guess("At which t is it lost?", 0, 1, 0.01)


class Both:
    """Two pieces on one page, with another guess between them."""

    def _repr_html_(self):
        other = Guess("How many?", 0, 9, 1).asked()
        return GUESS.asked()._repr_html_() + other._repr_html_() + GUESS.answered("It is 0.77.")._repr_html_()


def test_without_scripts_question_and_answer_show():
    assert "At which t" in GUESS.asked().still and "It is 0.77." in GUESS.answered("It is 0.77.").still
    assert repr(GUESS.asked()).endswith("At which t is it lost?")


def test_a_guess_needs_room():
    with pytest.raises(ValueError, match="min < max"):
        Guess("Which?", 1, 0, 1)


def test_a_guess_comes_back_beside_the_answer(on_page):
    page = on_page(Both(), "phone", "dark")
    first, other, last = (page.locator(".uddm-guess").nth(k) for k in range(3))
    assert "It is 0.77" not in last.inner_text()
    other.locator("input").fill("3")
    other.get_by_role("button").click()
    assert "It is 0.77" not in last.inner_text()  # that was another question
    first.locator("input").fill("2")
    first.get_by_role("button").click()
    assert "from 0 to 1 first" in first.inner_text() and "It is 0.77" not in last.inner_text()
    first.locator("input").fill("0.5")
    first.get_by_role("button").click()
    assert "It comes back beside the answer." in first.inner_text()
    assert last.inner_text().strip() == "You said 0.5. It is 0.77."


def test_alone_on_its_page_the_answer_asks_first(on_page, guess):
    page = on_page(GUESS.answered("It is 0.77."))
    assert "It is 0.77" not in page.inner_text("main")
    assert guess(page, 0.4) == "You said 0.4. It is 0.77."


def test_paper_shows_question_and_answer(on_page):
    page = on_page(Both())
    page.emulate_media(media="print")
    shown = page.inner_text("main")
    assert "At which t is it lost?" in shown and "It is 0.77." in shown and page.locator("input:visible").count() == 0

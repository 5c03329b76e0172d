"""One step back: the posteriors by hand, the limit of small steps, and in a browser the package's numbers."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini.teaching.step_back import PARTS, SIGNALS, divergence, price_of_step, price_per_signal, steps_back

WORDS = ("red", "hot", "tea")
NOTHING = torch.full((3,), 1 / 3, dtype=torch.float64)


def table(p0, seen, before, now):
    """Bayes' rule over all words, as the chapter's table has it."""
    kept = now / before
    products = [
        (before * float(p) + (1 - before) / 3) * (kept * (a == seen) + (1 - kept) / 3) for a, p in enumerate(p0)
    ]
    return torch.tensor(products, dtype=torch.float64) / sum(products)


@pytest.fixture(scope="module")
def figure():
    return price_of_step(WORDS, "red", "hot")


def test_both_steps_are_those_of_the_table(generator):
    for before, now in ((1.0, 0.25), (0.5, 0.25), (0.91, 0.9)):
        for clean in range(3):
            p0 = torch.rand(3, generator=generator, dtype=torch.float64)
            p0 = p0 / p0.sum()
            true, said = steps_back(p0, clean, 1, before, now)
            torch.testing.assert_close(true, table([a == clean for a in range(3)], 1, before, now), rtol=0, atol=1e-9)
            torch.testing.assert_close(said, table(p0, 1, before, now), rtol=0, atol=1e-9)


def test_the_pencil_case_has_its_numbers(figure):
    true, said = steps_back(NOTHING, 0, 1, 0.5, 0.25)
    assert true.tolist() == pytest.approx([4 / 9, 4 / 9, 1 / 9]) and said.tolist() == pytest.approx(
        [1 / 6, 2 / 3, 1 / 6]
    )
    assert divergence(true, said) == pytest.approx(0.2107, abs=5e-5)
    assert "KL = 0.2107 nats" in repr(figure) and "0.667  hot" in repr(figure) and "0.2107" in figure._repr_html_()


@pytest.mark.parametrize("alpha", [0.1, 0.25, 0.9])
def test_small_steps_cost_what_the_objective_says(alpha, generator):
    p0 = torch.rand(3, generator=generator, dtype=torch.float64)
    p0 = p0 / p0.sum()
    for clean, seen in ((0, 1), (2, 2)):
        errors = [
            divergence(*steps_back(p0, clean, seen, alpha + fall, alpha)) / fall
            - price_per_signal(p0, clean, seen, alpha)
            for fall in (1e-3, 1e-4)
        ]
        assert abs(errors[1]) < 0.12 * abs(errors[0]) + 1e-7  # in proportion to the step


def test_the_limit_asks_where_it_goes():
    shown = repr(price_of_step(WORDS, "red", "hot", limit=True))
    assert "0.843 for each unit of α. Ever smaller steps: 0.515" in shown


@pytest.mark.parametrize("words", [("red", "red"), ("red",), ("red", "tea")])
def test_words_that_do_not_fit_are_named(words):
    with pytest.raises(ValueError, match="two or more different words"):
        price_of_step(words, "red", "hot")


@pytest.mark.parametrize("limit", [False, True])
def test_every_number_in_the_page_is_the_package_s(on_page, guess, values, slide, limit):
    page = on_page(price_of_step(WORDS, "red", "hot", limit=limit), "desktop" if limit else "phone")
    guess(page, 0.5)
    draws = torch.Generator().manual_seed(0)
    for _ in range(20):
        sizes = (len(SIGNALS), len(PARTS), 3, 3)
        signal, part, clean, seen = (int(torch.randint(n, (), generator=draws)) for n in sizes)
        slide(page, "α at t", signal)
        slide(page, "one step goes back", part)
        slide(page, "clean word", clean)
        slide(page, "the word the noise shows", seen)
        for word in WORDS[:2]:
            slide(page, re.escape(word), round(0.01 + 0.9 * float(torch.rand((), generator=draws)), 3))
        p0 = torch.tensor(values(page, ".line:has(.share)"), dtype=torch.float64)
        assert float(p0.sum()) == pytest.approx(1, abs=1e-12)
        now = SIGNALS[signal]
        before = now + (1 - now) / PARTS[part]
        true, said = steps_back(p0, clean, seen, before, now)
        assert values(page, ".bars") == pytest.approx(said.tolist(), abs=1e-9)
        notes = page.locator(".bars > .value").all_inner_texts()
        assert [text.split("truth ")[1] for text in notes] == [f"{float(q):.3f}" for q in true]
        paid, rate = (float(page.locator(part).get_attribute("data-value")) for part in (".kl", ".rate"))
        # a step so small that rounding shows: 1e-16 of the probabilities, divided by its length
        assert paid == pytest.approx(divergence(true, said), rel=1e-6, abs=1e-12)
        assert rate == pytest.approx(paid / (before - now), rel=1e-9)
        if limit:
            found = float(page.locator(".limit").get_attribute("data-value"))
            assert found == pytest.approx(price_per_signal(p0, clean, seen, now), rel=1e-6, abs=1e-9)
            columns = torch.tensor(values(page, "tbody"), dtype=torch.float64).reshape(3, 5).T
            u = now * 3 * p0 + 1 - now
            torch.testing.assert_close(columns[:3], torch.stack([p0, u, u / u[seen]]), rtol=0, atol=1e-9)
            assert float(columns[4].sum()) / (now * 3) == pytest.approx(found, abs=1e-9)
    assert page.locator(".limit").count() == int(limit)


def test_the_answer_comes_after_the_guess(on_page, guess, slide, figure):
    page = on_page(figure, "phone", "dark")
    assert not page.locator(".kl").is_visible()
    slide(page, "α at t", 17)
    told = guess(page, 0.3)
    assert "You said 0.3. By Bayes' rule it says 0.667. Who knows the clean word says 0.444." in told
    assert "costs 0.2107 nats" in told and page.locator(".kl").inner_text() == "0.2107"
    page.get_by_role("button", name="the clean word").click()
    assert float(page.locator(".kl").get_attribute("data-value")) == pytest.approx(0, abs=1e-12)
    slide(page, "one step goes back", 0)
    page.get_by_role("button", name="another word, for sure").click()
    assert page.locator(".kl").inner_text() == "∞"  # the whole way, to a word that was not there
    slide(page, "one step goes back", 1)
    assert 0 < float(page.locator(".kl").inner_text()) < 10  # with noise left at s even that has a finite price


def test_where_the_price_goes(on_page, guess, slide):
    page = on_page(price_of_step(WORDS, "red", "hot", limit=True), "phone")
    assert "It goes to 0.515 nats" in guess(page, 0.7)
    before = 0.843
    for part in range(3, len(PARTS)):
        slide(page, "one step goes back", part)
        rate = float(page.locator(".rate").inner_text())
        assert 0.515 < rate < before
        before = rate
    assert before == pytest.approx(0.515, abs=2e-3)

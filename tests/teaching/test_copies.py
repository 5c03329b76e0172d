"""Noisy copies: what Python prepares, and in a browser the shares, Bayes' rule, and the guess before the answer."""

from __future__ import annotations

import itertools

import pytest
import torch

from uddm_mini import Cosine, Exponential, Linear, ToyLanguage, UniformNoise
from uddm_mini.teaching.copies import COPIES, Example, noisy_copies, three_words

SCHEDULES = (Linear(), Cosine())


@pytest.fixture(scope="module")
def examples():
    language = ToyLanguage()
    said = language.decode(language.sample(1, seed=0))[0]
    return [Example("3 words", three_words(), "red tea"), Example("102 words", language, said)]


@pytest.fixture(scope="module")
def figure(examples):
    return noisy_copies(examples, SCHEDULES)


def test_three_words_are_those_of_the_pencil():
    said = three_words()
    p = said.log_prob(said.encode(["red tea", "red hot", "hot tea"])).exp()
    torch.testing.assert_close(p, torch.tensor([3 / 8, 1 / 8, 1 / 2], dtype=torch.float64))


def test_the_prior_is_the_share_of_each_word_at_its_place(figure):
    prior = figure.data["worlds"][0]["prior"]  # red, hot, tea
    assert prior == [{0: 0.5, 1: 0.5}, {1: 0.125, 2: 0.875}]


def test_the_still_says_the_rule(figure):
    alpha = float(Linear().alpha(0.6))
    assert f"{alpha + (1 - alpha) / 3:.3f}  clean word seen" in repr(figure)
    assert "answer" in figure.data["ask"] and "60.0" in figure.data["ask"]["answer"]
    assert f"{(1 - alpha) / 3:.3f} drew itself" in figure._repr_html_()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"schedules": [Exponential()]}, "that the page can draw"),
        ({"schedules": []}, "at least one example, and schedules"),
        ({"schedules": SCHEDULES, "start": 0.61}, "where the slider stops, but is 0.61"),
    ],
)
def test_what_the_page_cannot_draw_is_named(examples, more, words):
    with pytest.raises(ValueError, match=words):
        noisy_copies(examples, **more)


def test_the_counted_shares_are_those_of_the_rule(on_page, guess, values, slide, figure):
    page = on_page(figure)
    guess(page, 40)
    for schedule, position in itertools.product([0, 1], [0, 10, 37, 50]):
        slide(page, "schedule", schedule)
        slide(page, "noise level t", position)
        counted = values(page, ".bars[aria-label^=Shares]")
        alpha, V, n = float(SCHEDULES[schedule].alpha(figure.data["times"][position])), 3, 2 * COPIES
        rule = [alpha, (1 - alpha) / V, (1 - alpha) * (V - 1) / V, alpha + (1 - alpha) / V]
        assert sum(counted[:3]) == pytest.approx(1) and counted[3] == pytest.approx(counted[0] + counted[1])
        for share, p in zip(counted, rule, strict=True):
            assert abs(share - p) <= 5 * (p * (1 - p) / n) ** 0.5 + 1e-12
        shown = page.locator(".bars[aria-label^=Shares] > .value").all_inner_texts()
        assert [text.split("rule ")[1].rstrip(")") for text in shown] == [f"{p:.3f}" for p in rule]


def test_bayes_of_a_word_is_the_package_s(on_page, guess, values, slide, figure, examples):
    page = on_page(figure, "phone", "dark")
    guess(page, 40)
    for world, place in [(0, 1), (0, 6), (1, 3), (1, 40)]:
        slide(page, "vocabulary", world)
        button = page.locator(".copies button").nth(place)
        seen = button.inner_text()
        button.click()
        language = examples[world].language
        noise, t = UniformNoise(language.vocab_size), figure.data["times"][figure.data["start"]]
        position = place % language.length
        prior = language.cavity(torch.ones(1, language.length, language.vocab_size))[:, position : position + 1]
        xt = torch.tensor([[language.words.index(seen)]])
        exact = noise.convert(prior, xt, t, "cavity", "posterior")[0, 0].exp()
        names = page.locator(".bars[aria-label='The clean word'] > .name").all_inner_texts()
        found = values(page, ".bars[aria-label='The clean word']")
        assert sum(found) == pytest.approx(1)
        for name, p in zip(names, found, strict=True):
            if name != "all others":
                assert p == pytest.approx(float(exact[language.words.index(name)]), abs=1e-9)
        # kept: what is left of the evidence for this word without what a redrawn one would give as well
        alpha, own = float(noise.alpha(t)), float(prior.exp()[0, 0, xt[0, 0]])
        kept = alpha * own / (alpha * own + (1 - alpha) / language.vocab_size)
        assert values(page, ".bars[aria-label^=Kept]") == pytest.approx([kept, 1 - kept], abs=1e-9)


def test_the_guess_comes_first_and_comes_back(on_page, guess, figure):
    page = on_page(figure, "phone")
    shares = page.locator(".bars[aria-label^=Shares]")
    assert not shares.is_visible()
    assert "Enter a number from 0 to 100 first" in guess(page, "")
    assert not shares.is_visible()
    assert "You said 40 of 100. Counted here:" in guess(page, 40) and shares.is_visible()
    before = page.locator(".copies").inner_text()
    page.get_by_role("button", name="draw all copies again").click()
    assert page.locator(".copies").inner_text() != before


def test_paper_and_a_page_without_scripts_show_the_still(on_page, figure):
    page = on_page(figure, scripts=False)
    assert "clean word seen, α + (1 − α)/V" in page.inner_text("body")
    page = on_page(figure)
    page.emulate_media(media="print")
    assert page.locator(".bars[aria-label^=Shares]").is_visible()  # nobody guesses on paper
    assert not page.locator(".predict").is_visible()


def test_a_guess_moves_the_sliders_back_to_what_was_asked(on_page, guess, slide, figure):
    page = on_page(figure)
    slider = page.get_by_role("slider", name="noise level t")
    asked = slider.input_value()
    slide(page, "noise level t", 3)
    assert slider.input_value() == "3"
    guess(page, 40)
    assert slider.input_value() == asked

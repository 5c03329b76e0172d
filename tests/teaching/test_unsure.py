"""Entropies of every word under two models: the page against `conditional_entropy`, and a guess about a swap."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini import PopulationDenoiser, ToyLanguage, UniformNoise, conditional_entropy, load
from uddm_mini.teaching.lab.inline import STORED
from uddm_mini.teaching.results import results_path
from uddm_mini.teaching.unsure import LEVELS, Swap, unsure_words

NOTED = re.compile(r"\(([\d.]+)\)")


@pytest.fixture(scope="module")
def corpus():
    return ToyLanguage().corpus(n_train=max(STORED))


@pytest.fixture(scope="module")
def figure(corpus):
    return unsure_words(ToyLanguage(), corpus, Swap("broken", "heavy"))


@pytest.fixture(scope="module")
def asked(corpus):
    """Return the denoisers in the order of the page."""
    language = ToyLanguage()
    models = [load(results_path(f"models/toy-n{n}.safetensors")) for n in STORED]
    return [*models, PopulationDenoiser(language, UniformNoise(language.vocab_size))]


def answer(page, word, nats):
    page.locator(".predict select").select_option(word)
    page.locator(".predict input").fill(str(nats))
    page.get_by_role("button", name="That is my guess").click()
    return page.locator(".predict .told").inner_text()


def swapped(corpus):
    before = corpus.subset(1, seed=0)
    place = corpus.decode(before)[0].split().index("broken")
    after = before.clone()
    after[0, place] = corpus.words.index("heavy")
    return before, after, place


def test_the_still_has_the_entropies_of_the_package(figure, corpus):
    _, after, _ = swapped(corpus)
    nats = conditional_entropy(load(results_path("models/toy-n8192.safetensors")), after)[0]
    words = corpus.decode(after)[0].split()
    assert all(f"{h:.2f}  {word}" in repr(figure) for h, word in zip(nats.tolist(), words, strict=True))


@pytest.mark.parametrize("n", [16, 8192])
def test_the_full_posterior_is_sure_of_all_words_but_the_one_that_does_not_fit(corpus, n):
    """What the chapter says of the first sentence at t = 0.001."""
    before, after, place = swapped(corpus)
    model = load(results_path(f"models/toy-n{n}.safetensors"))
    full = conditional_entropy(model, torch.cat([before, after]), form="posterior")
    assert float(full[0].max()) < 0.05 < 0.3 < float(full[1, place])


@pytest.mark.parametrize("swap", [Swap("dragon", "heavy"), Swap("broken", "xyzzy"), Swap("broken", "broken")])
def test_a_swap_that_does_not_fit_is_named(corpus, swap):
    with pytest.raises(ValueError, match=f"{swap.word!r} must stand in"):
        unsure_words(ToyLanguage(), corpus, swap)


def test_every_entropy_is_the_package_s(on_page, values, slide, figure, corpus, asked):
    page = on_page(figure, "phone", "dark")
    answer(page, "fence", 1)
    draws = torch.Generator().manual_seed(0)
    for round_ in range(14):
        sentence, left, right, k, place = (int(torch.randint(n, (), generator=draws)) for n in (16, 7, 7, 8, 14))
        for name, value in (("sentence", sentence), ("first", left), ("second", right), ("noise level t", k)):
            slide(page, name, value)
        page.locator(".sentence button").nth(place).click()
        for side, who in ((0, left), (1, right)):
            card = page.locator(".panel").nth(side)
            words = card.locator(".bars > .name").all_inner_texts()
            xt = corpus.encode([" ".join(words)])
            cavity, full = (
                conditional_entropy(asked[who], xt, LEVELS[k], form)[0].double() for form in ("cavity", "posterior")
            )
            here = f".panel:nth-child({side + 1})"
            assert values(page, f"{here} .bars") == pytest.approx(cavity.tolist(), abs=2e-4), (round_, side)
            noted = [float(NOTED.search(text)[1]) for text in card.locator(".bars > .value").all_inner_texts()]
            assert noted == pytest.approx(full.tolist(), abs=0.0052)
            assert values(page, f"{here} .words") == pytest.approx([float(cavity.mean()), float(full.mean())], abs=2e-4)


def test_noise_leaves_a_sentence_alone_at_its_least_and_changes_it_later(on_page, slide, figure, corpus):
    page = on_page(figure)
    answer(page, "fence", 1)
    before = page.locator(".panel").first.locator(".bars > .name").all_inner_texts()
    assert before == corpus.decode(swapped(corpus)[1])[0].split() and not page.locator(".noisy").is_visible()
    slide(page, "noise level t", LEVELS.index(0.75))
    after = page.locator(".panel").first.locator(".bars > .name").all_inner_texts()
    changed = sum(a != b for a, b in zip(before, after, strict=True))
    assert changed >= 4 and page.locator(".noisy mark").count() == changed


def test_the_guess_comes_back_beside_the_word_that_moves_most(on_page, figure, corpus):
    page = on_page(figure)
    assert not page.locator(".panel").first.is_visible()
    before, after, place = swapped(corpus)
    model = load(results_path("models/toy-n8192.safetensors"))
    rise = (conditional_entropy(model, after) - conditional_entropy(model, before))[0]
    most = int(rise.argmax())
    words = corpus.decode(after)[0].split()
    told = answer(page, "broken", 0.5)
    assert told.startswith(
        f"You said “broken”, 0.5 nats. Most unsure becomes “{words[most]}”, by {rise[most]:.2f} nats."
    )
    own = float(rise[place])
    assert abs(own) < 0.005 and "“heavy” itself moves by less than 0.01" in told and abs(most - place) == 1


def test_a_word_can_be_typed(on_page, figure):
    page = on_page(figure, "phone")
    answer(page, "fence", 1)
    page.locator(".sentence button").nth(1).focus()
    page.keyboard.type("dragon")
    page.keyboard.press("Enter")
    assert page.locator(".panel").last.locator(".bars > .name").nth(1).inner_text() == "dragon"

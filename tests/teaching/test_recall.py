"""Weights of a perfect memory in the page, against `MemorizingDenoiser` and the language's exact posterior."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini import MemorizingDenoiser, PopulationDenoiser, UniformNoise
from uddm_mini.teaching.lab.recall import weights, weights_of_memories

SIZES, T = (16, 4, 64), 0.8
WEIGHTS, CHOSEN = ".bars[aria-label='Weights of the memories']", ".bars[aria-label='The chosen word']"


@pytest.fixture(scope="module")
def noise(english):
    return UniformNoise(english.vocab_size)


@pytest.fixture(scope="module")
def damaged(corpus, noise):
    return noise.corrupt(corpus.train[:1], T, torch.Generator().manual_seed(0))[0]


@pytest.fixture(scope="module")
def figure(english, corpus, damaged):
    return weights_of_memories(english, corpus.train, damaged, SIZES, t=T)


def test_the_votes_of_the_weights_are_the_memorizer_s_answer(corpus, damaged, noise):
    vote = torch.zeros(14, 102, dtype=torch.float64)
    for sentence, weight in zip(corpus.train[:16], weights(corpus.train[:16], damaged, noise, T), strict=True):
        vote[torch.arange(14), sentence] += weight
    right = MemorizingDenoiser(corpus.train[:16], noise).posterior(damaged[None], T)[0].exp()
    torch.testing.assert_close(vote, right.double(), rtol=0, atol=1e-9)


def test_the_still_shows_the_largest_weights(figure, corpus, damaged, noise):
    each = weights(corpus.train[:16], damaged, noise, T)
    assert f"{each.max():.3f}  no. {int(each.argmax()) + 1}, agrees in " in repr(figure)
    assert repr(figure).count("agrees in") == 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sizes": (1,)}, "sizes must be 2 ... 64 sentences"),
        ({"sizes": (65,)}, "sizes must be 2 ... 64 sentences"),
        ({"t": 0.0}, "t = 0.05, 0.1, ..., 1, not 0.0"),
        ({"damaged": torch.zeros(3, dtype=torch.int64)}, "Give one damaged sentence [14]"),
    ],
)
def test_what_does_not_fit_is_named(english, corpus, damaged, change, words):
    given = {"memory": corpus.train, "damaged": damaged, "sizes": SIZES, "t": T, **change}
    with pytest.raises(ValueError, match=re.escape(words)):
        weights_of_memories(english, **given)


def read_words(page, english):
    """Return the sentence as it stands in the page, int64[1, L]."""
    words = page.locator(".sentence button").evaluate_all("all => all.map((one) => one.firstChild.textContent)")
    return english.encode([" ".join(words)])


def test_every_weight_and_word_in_the_page_is_the_package_s(
    on_page, guess, slide, values, figure, english, corpus, noise
):
    page = on_page(figure, "phone", "dark")
    assert not page.locator(WEIGHTS).is_visible()
    guess(page, 0.5)
    draws = torch.Generator().manual_seed(0)
    for k in range(18):
        level, size, place, form = (int(torch.randint(n, (), generator=draws)) for n in (20, 3, 14, 2))
        slide(page, "noise level t", level)
        slide(page, "sentences in the memory", size)
        page.get_by_role("button", name=("all words", "all but the chosen word")[form], exact=True).click()
        page.locator(".sentence button").nth(place).click()  # lost, or restored
        t, x, memory = figure.data["times"][level], read_words(page, english), corpus.train[: SIZES[size]]
        beta = float(noise.own_log_odds(t, x))
        agree = (memory == x).double()
        counted = agree.sum(dim=1) - (agree[:, place] if form else 0)
        each = (beta * counted).softmax(dim=0)
        names, told = (page.locator(f"{WEIGHTS} > .{part}").all_inner_texts() for part in ("name", "value"))
        for name, found, note in zip(names, values(page, WEIGHTS), told, strict=True):
            if not name.endswith("others"):
                i = int(name.removeprefix("no. ")) - 1
                assert found == pytest.approx(float(each[i]), abs=1e-9) and f" {int(counted[i])} agree" in note
        assert sum(values(page, WEIGHTS)) == pytest.approx(1, abs=1e-9)
        asked = MemorizingDenoiser(memory, noise), PopulationDenoiser(english, noise)
        mine, right = (getattr(one, ("posterior", "cavity")[form])(x, t)[0, place].exp() for one in asked)
        ids = [english.words.index(name) for name in page.locator(f"{CHOSEN} > .name").all_inner_texts()]
        assert values(page, CHOSEN) == pytest.approx(mine[ids].tolist(), abs=1e-6)
        ticks = page.locator(f"{CHOSEN} .tick").evaluate_all(
            "all => all.map((one) => parseFloat(one.style.left) / 100)"
        )
        assert ticks == pytest.approx(right[ids].tolist(), abs=1e-5), f"step {k}"
        assert f"β = {beta:.2f}" in page.locator(".words").first.inner_text()


def test_a_guess_comes_back_beside_the_weight(on_page, guess, figure, corpus, damaged, noise):
    told = guess(on_page(figure), 0.5)
    right = weights(corpus.train[:16], damaged, noise, T)[0]
    assert f"The weight of the right one is {right:.3f}" in told and "You said 0.5." in told
    agree = (corpus.train[:16] == damaged).sum(dim=1)
    assert f"in {int(agree[0])} of 14 words, the best of the others in {int(agree[1:].max())}" in repr(
        figure.data["ask"]
    )

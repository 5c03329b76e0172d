"""A network that is told other levels: the page's numbers against PyTorch's and the exact posterior."""

from __future__ import annotations

import itertools
import math
import re

import pytest
import torch

from uddm_mini import PopulationDenoiser, load
from uddm_mini.teaching.lab.told import told_levels
from uddm_mini.teaching.results import results_path

TRUTH = "that old queen slowly ran from another hidden tunnel before her prince arrived upstairs"
PLACE, BARS = 3, ".bars[aria-label='What stands there']"
CLOSE = 1e-4


@pytest.fixture(scope="module")
def model():
    return load(results_path("models/toy-n8192.safetensors"))


@pytest.fixture(scope="module")
def exact(english, model):
    return PopulationDenoiser(english, model.noise)


@pytest.fixture(scope="module")
def damaged(english):
    return english.encode([TRUTH.replace("slowly", "boldly")])


@pytest.fixture(scope="module")
def figure(english, damaged):
    return told_levels(english, TRUTH, english.decode(damaged)[0], PLACE)


def test_the_still_shows_who_believes_the_word(figure, model, exact, damaged):
    for name, one in (("network", model), ("exact", exact)):
        p = float(one.posterior(damaged, 0.1)[0, PLACE, damaged[0, PLACE]].exp())
        assert f"{p:.3f}  {name}, told t = 0.1" in repr(figure)


@pytest.mark.parametrize("place", [-1, 0, 14])
def test_a_place_must_be_one_that_noise_changed(english, damaged, place):
    with pytest.raises(ValueError, match=re.escape("place must be one that noise has changed, 0 ... 13")):
        told_levels(english, TRUTH, english.decode(damaged)[0], place)


def read_words(page, english):
    """Return the sentence as it stands in the page, int64[1, L]."""
    words = page.locator(".sentence button").evaluate_all("all => all.map((one) => one.firstChild.textContent)")
    return english.encode([" ".join(words)])


def test_every_answer_in_the_page_is_the_package_s(on_page, guess, slide, values, figure, english, model, exact):
    page = on_page(figure, "phone", "dark")
    assert not page.locator(BARS).is_visible()
    guess(page, 0.1)
    draws, places = torch.Generator().manual_seed(0), set()
    for k in range(16):
        level, place, form = (int(torch.randint(n, (), generator=draws)) for n in (41, 14, 2))
        page.get_by_role("button", name=("all words, itself too", "all other words")[form]).click()
        slide(page, "noise level t", level)
        page.locator(".sentence button").nth(place).click()  # lost, or restored
        places.add(place)
        x, t = read_words(page, english), figure.data["times"][level]
        mine, right = (getattr(one, ("posterior", "cavity")[form])(x, t)[0, place].exp() for one in (model, exact))
        ids = [english.words.index(name) for name in page.locator(f"{BARS} > .name").all_inner_texts()]
        assert values(page, BARS) == pytest.approx(mine[ids].tolist(), abs=CLOSE)
        ticks = page.locator(f"{BARS} .tick").evaluate_all("all => all.map((one) => parseFloat(one.style.left) / 100)")
        assert ticks == pytest.approx(right[ids].tolist(), abs=CLOSE), f"step {k}"
        stands = int(x[0, place])
        dots = page.locator("svg circle").evaluate_all("all => all.map((one) => +one.getAttribute('data-value'))")
        assert dots == pytest.approx([float(mine[stands]), float(right[stands])], abs=CLOSE)
        assert stands in ids and f"Place {place + 1}, told" in page.locator(".words").inner_text()
    assert len(places) > 6


def lets_go(denoiser, x, times):
    """Return where what the word that stands there gets falls through one half, on the axis of the curve."""
    p = [float(denoiser.posterior(x, t)[0, PLACE, x[0, PLACE]].exp()) for t in times]
    for (low, high), (t, next_t) in zip(itertools.pairwise(p), itertools.pairwise(times), strict=True):
        if low >= 0.5 > high:
            a, b = (math.log(level / (1 - level)) for level in (t, next_t))
            return 1 / (1 + math.exp(-a - (low - 0.5) / (low - high) * (b - a)))
    return None


def test_a_guess_comes_back_beside_both_levels(on_page, guess, figure, model, exact, damaged):
    page = on_page(figure)
    told = guess(page, 0.1)
    for one in (model, exact):
        level = lets_go(one, damaged, figure.data["times"])
        if level is None:
            assert "at no level of the slider" in told
        else:
            found = [float(number) for number in re.findall(r"at t = ([\d.e-]*\d)", told)]
            assert min(abs(number / level - 1) for number in found) < 0.05

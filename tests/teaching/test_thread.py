"""A memory that loses its thread: the page's weights and information against `probes.collapse`."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini import UniformNoise
from uddm_mini.probes.collapse import (
    collapse_level,
    information_density,
    mean_information,
    own_weight,
    predicted_collapse,
)
from uddm_mini.teaching.lab.thread import TRIALS, lost_thread

SIZES = (16, 256)


@pytest.fixture(scope="module")
def memory(english):
    return english.corpus(n_train=256, n_held_out=1).train


@pytest.fixture(scope="module")
def figure(english, memory):
    return lost_thread(english, memory, SIZES, 256)


def test_the_still_shows_both_levels(figure, memory, english):
    noise = UniformNoise(english.vocab_size)
    counted = collapse_level(memory[:16], noise, 256, generator=torch.Generator().manual_seed(0))
    assert f"{counted:.2f}  counted, n = 16" in repr(figure) and figure.still.count("predicted") == 2


@pytest.mark.parametrize(("sizes", "stored"), [((1, 16), 16), ((16,), 64), ((16, 512), 16)])
def test_what_does_not_fit_is_named(english, memory, sizes, stored):
    with pytest.raises(ValueError, match=re.escape("Give at most 1024 sentences, and sizes 2 ... 256")):
        lost_thread(english, memory, sizes, stored)


def number(page, part):
    return float(page.locator(f".{part}").get_attribute("data-value"))


def one_of_them(page, english):
    """Return the stored sentence and the corrupted one that the page shows, int64[1, L] each."""
    told = [text.partition(": ")[2] for text in page.locator(".sentence").all_inner_texts()]
    return [english.encode([text.strip()]) for text in told]


def test_every_weight_and_every_nat_is_the_package_s(on_page, guess, slide, figure, english, memory):
    page = on_page(figure, "phone", "dark")
    assert not page.locator("svg.curves").is_visible()
    guess(page, 0.5)
    noise, draws = UniformNoise(english.vocab_size), torch.Generator().manual_seed(0)
    for _ in range(25):
        size, level, which = (int(torch.randint(n, (), generator=draws)) for n in (2, 24, TRIALS))
        for name, value in (("sentences in the memory", size), ("noise level t", level), ("one of them", which)):
            slide(page, name, value)
        x0, xt = one_of_them(page, english)
        t, own = figure.data["times"][level], which % SIZES[size]
        assert torch.equal(x0[0], memory[own])
        weight = own_weight(memory[: SIZES[size]], noise, torch.tensor([own]), xt, t)
        assert number(page, "mine") == pytest.approx(float(weight), abs=1e-9)
        nats = information_density(english, noise, x0, xt, t)
        assert number(page, "nats") == pytest.approx(float(nats), abs=1e-6)


def test_the_means_are_those_of_what_is_shown_and_the_levels_the_package_s(
    on_page, guess, slide, figure, english, memory
):
    page = on_page(figure)
    told = guess(page, 0.5)
    noise = UniformNoise(english.vocab_size)
    for size, n in enumerate(SIZES):
        slide(page, "sentences in the memory", size)
        slide(page, "noise level t", 15)
        shown = []
        for which in range(TRIALS):
            slide(page, "one of them", which)
            shown.append((number(page, "mine"), number(page, "nats")))
        weight, nats = (sum(column) / TRIALS for column in zip(*shown, strict=True))
        assert number(page, "mean") == pytest.approx(weight, abs=1e-9)
        assert number(page, "information") == pytest.approx(nats, abs=1e-9)
        counted = collapse_level(memory[:n], noise, 512, generator=torch.Generator().manual_seed(1))
        foreseen = predicted_collapse(n, lambda t: mean_information(english, noise, t, 512))
        assert number(page, "level") == pytest.approx(counted, abs=0.08)
        assert number(page, "foreseen") == pytest.approx(foreseen, abs=0.08)
    assert f"t = {number(page, 'level'):.2f}. Predicted" in told and f"x₀: {number(page, 'foreseen'):.2f}." in told
    before = number(page, "level")
    page.get_by_role("button", name="again").click()
    assert number(page, "level") != before

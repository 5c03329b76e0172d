"""Dropped sentences: the page's memory against `MemorizingDenoiser`, its shares against `basin_profile`."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini import BasinSettings, MemorizingDenoiser, ToyLanguage, UniformNoise, basin_profile, settle
from uddm_mini.teaching.drops import Drop, dropped_sentences

SIZES = (16, 256)


@pytest.fixture(scope="module")
def language():
    return ToyLanguage()


@pytest.fixture(scope="module")
def corpus(language):
    return language.corpus(n_train=256, n_held_out=16)


@pytest.fixture(scope="module")
def figure(language, corpus):
    return dropped_sentences(corpus.train, corpus.held_out, language.words, SIZES, Drop(256, 9))


def test_the_still_is_a_profile(figure, corpus, language):
    model = MemorizingDenoiser(corpus.train, UniformNoise(language.vocab_size))
    how, seeded = BasinSettings(corruptions=100), torch.Generator().manual_seed(0)
    share = basin_profile(model, corpus.train[0], settings=how, generator=seeded).table["returned"][8]
    assert f"{share:.2f}  comes back, k = 9" in repr(figure) and figure.still.count("comes back") == 14


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sizes": (4,)}, "sizes must be 8 ... 256 sentences"),
        ({"sizes": (512,)}, "of a memory of at most 1024"),
        ({"drop": Drop(64, 3)}, "Drop from one of [16, 256]"),
        ({"drop": Drop(16, 15)}, "with 1 ... 14 changed words"),
    ],
)
def test_what_does_not_fit_is_named(corpus, language, change, words):
    given = {"sizes": SIZES, "drop": Drop(16, 3), **change}
    with pytest.raises(ValueError, match=re.escape(words)):
        dropped_sentences(corpus.train, corpus.held_out, language.words, **given)


def sentence(page, name):
    """Return the words of one of the sentences under the curve."""
    (found,) = [text for text in page.locator(".sentence").all_inner_texts() if text.startswith(f"{name}: ")]
    return found.removeprefix(f"{name}: ").split()


def test_every_drop_ends_where_the_package_s_memory_settles(on_page, guess, slide, figure, corpus, language):
    page = on_page(figure, "phone", "dark")
    guess(page, 50)
    draws = torch.Generator().manual_seed(0)
    for _ in range(30):
        size, kind, which, k = (int(torch.randint(n, (), generator=draws)) for n in (2, 2, 8, 14))
        for name, value in (("sentences in the memory", size), ("the sentence", kind), ("number", which)):
            slide(page, name, value)
        slide(page, "changed words k", k)
        page.get_by_role("button", name="drop once").click()
        x, start, end = (sentence(page, name) for name in ("the sentence", "changed", "ends at"))
        assert " ".join(x) == language.decode((corpus.held_out if kind else corpus.train)[which : which + 1])[0]
        assert sum(a != b for a, b in zip(x, start, strict=True)) == k + 1
        noise = UniformNoise(language.vocab_size)
        memory = MemorizingDenoiser(corpus.train[: SIZES[size]], noise)
        *_, settled = settle(memory, language.encode([" ".join(start)]), noise.level_of((k + 1) / 14), limit=32)
        assert " ".join(end) == language.decode(settled)[0]
        told = page.locator(".words").inner_text()
        assert ("It came back." in told) == (x == end)


def test_the_shares_are_those_of_a_profile(on_page, guess, figure, corpus, language):
    page = on_page(figure)
    assert not page.locator("svg.curves").is_visible()
    told = guess(page, 50)
    assert int(re.search(r"Here: (\d+) of 100", told)[1]) >= 50
    page.get_by_role("button", name="at every k").click()
    found = page.locator("svg.curves circle").evaluate_all("all => all.map((one) => +one.getAttribute('data-value'))")
    model = MemorizingDenoiser(corpus.train, UniformNoise(language.vocab_size))
    how, seeded = BasinSettings(corruptions=400), torch.Generator().manual_seed(1)
    exact = basin_profile(model, corpus.train[0], settings=how, generator=seeded).table["returned"]
    assert found[0] == 1 and found[-1] < 0.05
    for share, p in zip(found, exact, strict=True):
        assert abs(share - p) <= 5 * (max(p * (1 - p), 0.01) * (1 / 100 + 1 / 400)) ** 0.5

"""Two noises on one sentence: the page's guesses against `PopulationDenoiser`, its shares against `token_recovery`."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini import AbsorbingNoise, PopulationDenoiser, ToyLanguage, UniformNoise, token_recovery
from uddm_mini.teaching.noises import LEVELS, two_noises


@pytest.fixture(scope="module")
def language():
    return ToyLanguage()


@pytest.fixture(scope="module")
def x(language):
    return language.corpus(n_train=64, n_held_out=16).held_out


@pytest.fixture(scope="module")
def figure(language, x):
    return two_noises(language, x)


@pytest.fixture(scope="module")
def exact(language):
    noises = {"absorbing": AbsorbingNoise(language.vocab_size), "uniform": UniformNoise(language.vocab_size)}
    return {name: PopulationDenoiser(language, noise) for name, noise in noises.items()}


def test_the_still_is_what_python_counts(figure, exact, x):
    many = x.repeat(16, 1)
    share = token_recovery(exact["absorbing"], many, 0.5, generator=torch.Generator().manual_seed(0)).recovered
    assert f"{share:.3f}  a mask, t = 0.5" in repr(figure) and figure.still.count("a random word") == 3


@pytest.mark.parametrize("change", [{"asked": 0.55}, {"x": torch.zeros(65, 14, dtype=torch.int64)}])
def test_what_does_not_fit_is_named(language, x, change):
    with pytest.raises(ValueError, match=re.escape("Give 1 to 64 sentences, and ask about one of the levels")):
        two_noises(language, **{"x": x, **change})


def lines(page):
    """Return the sentences under the sliders, as lists of words."""
    return [text.split(": ", 1)[1].split() for text in page.locator(".sentence").all_inner_texts()]


def test_every_guess_in_the_page_is_the_exact_denoiser_s(on_page, guess, slide, figure, exact, language, x):
    page = on_page(figure, "phone", "dark")
    guess(page, 50)
    draws, V = torch.Generator().manual_seed(0), language.vocab_size
    ids = {**{word: k for k, word in enumerate(language.words)}, "___": V}
    for _ in range(30):
        which, level = (int(torch.randint(n, (), generator=draws)) for n in (len(x), len(LEVELS)))
        slide(page, "sentence", which)
        slide(page, "noise level t", level)
        page.get_by_role("button", name="hit other places").click()
        clean, masked, mended, changed, restored = (torch.tensor([[ids[w] for w in line]]) for line in lines(page))
        assert (clean == x[which]).all()
        assert ((masked == V) | (masked == clean)).all() and ((changed == clean) | (masked == V)).all()
        for name, seen, out in (("absorbing", masked, mended), ("uniform", changed, restored)):
            log_p = exact[name].posterior(seen, LEVELS[level])[0]  # [L, V]
            own = log_p.gather(1, out.T).squeeze(1)
            assert (own >= log_p.max(dim=1).values - 1e-5).all()  # words are often equally probable, to the last digit


def test_the_shares_are_those_of_python(on_page, guess, values, figure, exact, x):
    page = on_page(figure)
    assert not page.locator("svg.plot").is_visible()
    told = guess(page, 50)
    assert re.search(r"Counted here, in 100 draws: \d+ with a mask, \d+ with a random word", told)
    for _ in range(4):
        page.get_by_role("button", name="at every t").click()
    found = values(page, "svg.plot")
    assert len(found) == 2 * len(LEVELS)
    for kind, shares in (("absorbing", found[: len(LEVELS)]), ("uniform", found[len(LEVELS) :])):
        for t, share in zip(LEVELS, shares, strict=True):
            run = token_recovery(exact[kind], x.repeat(40, 1), t, generator=torch.Generator().manual_seed(1))
            counted = 400 * 14 * t  # words of the page; of one sentence they hang together, so three times the error
            assert abs(share - run.recovered) <= 5 * (3 * 0.25 / counted) ** 0.5

"""Two walks in the page, drawn again in Python with the same random numbers and the package's reverse step."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini import PopulationDenoiser, UniformNoise
from uddm_mini.teaching.lab.walks import RUNS, two_walks

COUNTS = (2, 4, 8, 16, 32, 64)
TALLY = ".bars[aria-label='Walks that end at a grammatical sentence']"


@pytest.fixture(scope="module")
def figure(english):
    return two_walks(english)


def numbers(seed):
    """Draw the numbers of engine.js: mulberry32, in whole numbers of 32 bits."""
    whole, state = 0xFFFFFFFF, seed
    while True:
        state = (state + 0x6D2B79F5) & whole
        t = ((state ^ (state >> 15)) * (1 | state)) & whole
        t = ((t + (((t ^ (t >> 7)) * (61 | t)) & whole)) & whole) ^ t
        yield ((t ^ (t >> 14)) & whole) / 2**32


def walk(english, form, steps, seed):
    """Return every text of a walk that plugs in a form of the exact answer, [steps + 1] lists of words."""
    exact, draws = PopulationDenoiser(english, UniformNoise(english.vocab_size)), numbers(seed)
    x = torch.tensor([[int(next(draws) * english.vocab_size) for _ in range(english.length)]])
    texts = [x]
    for i in range(steps):
        t, s = 1 - i / steps, 1 - (i + 1) / steps
        p0 = getattr(exact, form)(x, t).exp().double()
        below = exact.noise.reverse_step(p0, x, s, t)[0].cumsum(dim=1)  # [L, V]
        x = torch.tensor([[int((row < next(draws) * row[-1]).sum()) for row in below]])
        texts.append(x)
    return texts


def test_the_still_shows_both_shares(figure):
    shares = [float(share) for share in re.findall(r"(\d\.\d\d)  ", repr(figure))]
    assert len(shares) == 2 and shares[0] > shares[1] + 0.05


@pytest.mark.parametrize("steps", [3, 0])
def test_steps_are_among_the_counts(english, steps):
    with pytest.raises(ValueError, match="steps must be one of the counts"):
        two_walks(english, steps=steps)


def shown(page, form):
    return page.locator(f".panel.{form} .sentence").inner_text().split()


@pytest.mark.parametrize(("k", "seed"), [(1, 0), (2, 3), (3, 7), (3, 0), (4, 19)])
def test_both_walks_are_the_package_s_word_for_word(on_page, guess, slide, figure, english, k, seed):
    page = on_page(figure, "phone", "dark")
    guess(page, 50)
    slide(page, "steps K", k)
    slide(page, "seed", seed)
    steps = COUNTS[k]
    texts = {form: walk(english, form, steps, seed) for form in ("cavity", "posterior")}
    for i in (0, 1, steps // 2, steps - 1, steps):
        slide(page, "steps taken", i)
        for form, path in texts.items():
            assert shown(page, form) == english.decode(path[i])[0].split(), f"{form}, step {i}"
            changing = [w for w, now, end in zip(shown(page, form), path[i][0], path[-1][0], strict=True) if now != end]
            assert page.locator(f".panel.{form} mark").all_inner_texts() == changing
        apart = int((texts["cavity"][i] != texts["posterior"][i]).sum())
        assert f"differ in {apart} of 14 words" in page.locator(".words").first.inner_text()
    for form, path in texts.items():
        told, log = page.locator(f".panel.{form} .words"), float(english.log_prob(path[-1]))
        if log > -1e5:
            assert f"ln p = {log:.2f}" in told.inner_text()
        else:
            assert "cannot say it" in told.inner_text()


def test_counted_walks_are_those_of_their_seeds(on_page, guess, slide, values, figure, english):
    page = on_page(figure)
    assert not page.locator(TALLY).is_visible()
    told = guess(page, 50)
    first = values(page, TALLY)
    assert f"{round(100 * first[1])} of 100 with the full posterior" in told and f"of {RUNS} walks" in told
    slide(page, "steps K", 0)
    page.get_by_role("button", name="more walks").click()
    ends = {
        form: torch.cat([walk(english, form, 2, 1000 + RUNS + n)[-1] for n in range(RUNS)])
        for form in ("cavity", "posterior")
    }
    right = [float(english.log_prob(x).isfinite().double().mean()) for x in ends.values()]
    assert values(page, TALLY) == pytest.approx(right, abs=1e-9)
    slide(page, "steps K", 3)
    assert values(page, TALLY) == first  # every number of steps has a count of its own

"""One reverse step by hand: the page's numbers against `UniformNoise.reverse_step` and against enumeration."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini import UniformNoise
from uddm_mini.teaching.price import posteriors
from uddm_mini.teaching.step import reverse_step_by_hand

WORDS = ("red", "green", "blue")
JOINT = torch.diag(torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64))
NOISE, PARTS, STEP = UniformNoise(3), ".bars[aria-label='Kept, guessed, noise']", ".bars[aria-label='The word at s']"


@pytest.fixture(scope="module")
def figure():
    return reverse_step_by_hand(JOINT, WORDS, ("red", "green"), (0.3, 0.6))


def one_word(alpha):
    return alpha * torch.eye(3, dtype=torch.float64) + (1 - alpha) / 3  # q(to | from), rows from


def truth(b, other, s, t):
    """Return p(x_s of the first word | x_t), by enumeration over clean sentences and both words at s."""
    to_s, on = one_word(float(NOISE.alpha(s))), one_word(float(NOISE.alpha(t) / NOISE.alpha(s)))
    law = torch.einsum("vw,va,wc,a,c->a", JOINT, to_s, to_s, on[:, b], on[:, other])
    return law / law.sum()


def events(p0, b, s, t):
    """Return how probable kept, guessed and noise are where the word reads b at t, by adding up all that can happen."""
    alpha, survives = float(NOISE.alpha(s)), float(NOISE.alpha(t) / NOISE.alpha(s))
    mass = {"kept": 0.0, "guessed": 0.0, "noise": 0.0}
    for v in range(3):  # the clean word
        for clean_at_s, a, p in [(True, v, alpha), *((False, a, (1 - alpha) / 3) for a in range(3))]:
            before = float(p0[v]) * p
            mass["kept"] += before * survives * (a == b)
            mass["guessed" if clean_at_s else "noise"] += before * (1 - survives) / 3
    return [one / sum(mass.values()) for one in mass.values()]


def test_the_still_is_the_pencil_of_the_chapter(figure):
    stays = [float(line.split()[0]) for line in repr(figure).splitlines() if line.endswith("  red")]
    assert stays == pytest.approx([0.70, 0.84], abs=0.005)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"joint": JOINT[:2]}, "probabilities [V, V] of 3 words that sum to 1"),
        ({"read": ("red", "pink")}, "two of the words"),
        ({"levels": (0.6, 0.3)}, "the smaller one first"),
        ({"levels": (0.3, 1.0)}, "0, 0.02, ..., 0.98"),
    ],
)
def test_what_does_not_fit_is_named(change, words):
    given = {"joint": JOINT, "words": WORDS, "read": ("red", "green"), "levels": (0.3, 0.6), **change}
    with pytest.raises(ValueError, match=re.escape(words)):
        reverse_step_by_hand(**given)


def test_every_step_in_the_page_is_the_package_s(on_page, guess, slide, values, figure):
    page = on_page(figure, "phone", "dark")
    assert not page.locator(STEP).is_visible()
    guess(page, 0.7)
    draws = torch.Generator().manual_seed(0)
    for k in range(24):
        j, i = sorted(torch.randperm(50, generator=draws)[:2].tolist())
        b, other = (int(torch.randint(3, (), generator=draws)) for _ in range(2))
        for name, value in (("noise level t", i), ("back to s", j), ("the word the noise", b), ("the other", other)):
            slide(page, name, value)
        s, t = figure.data["times"][j], figure.data["times"][i]
        cavity, full = posteriors(JOINT, NOISE, (b, other), t)
        if k % 3 == 2:
            slide(page, WORDS[k % 2], round(float(torch.rand((), generator=draws)), 3))
        else:
            page.get_by_role("button", name=("the cavity posterior", "the full posterior")[k % 3]).click()
        p0 = torch.tensor(values(page, ".line:has(.share)"), dtype=torch.float64)
        assert float(p0.sum()) == pytest.approx(1, abs=1e-12)
        if k % 3 < 2:
            torch.testing.assert_close(p0, (cavity, full)[k % 3], rtol=0, atol=1e-12)
        step = NOISE.reverse_step(p0[None, None], torch.tensor([[b]]), s, t)[0, 0]
        assert values(page, STEP) == pytest.approx(step.tolist(), abs=1e-9)
        assert values(page, PARTS) == pytest.approx(events(p0, b, s, t), abs=1e-9)
        right = truth(b, other, s, t)
        ticks = page.locator(".tick").evaluate_all("all => all.map((one) => parseFloat(one.style.left) / 100)")
        assert ticks == pytest.approx(right.tolist(), abs=1e-5)
        off = float((step - right).abs().sum() / 2)
        assert f"Total variation distance {off:.3f}" in page.locator(".words").inner_text()
        if k % 3 == 0:
            assert off < 1e-9


def test_a_step_always_goes_back(on_page, guess, slide, figure):
    page = on_page(figure)
    guess(page, 0.7)
    level = "e => Number(e.value)"
    for moved, to in (("noise level t", 5), ("noise level t", 0), ("back to s", 49), ("back to s", 0)):
        slide(page, moved, to)
        t, s = (page.get_by_role("slider", name=name).evaluate(level) for name in ("noise level t", "back to s"))
        assert s < t


def test_a_guess_comes_back_beside_the_truth(on_page, guess, figure):
    told = guess(on_page(figure, "phone"), 0.5)
    right = truth(0, 1, 0.3, 0.6)[0]
    _, full = posteriors(JOINT, NOISE, (0, 1), 0.6)
    misused = NOISE.reverse_step(full[None, None], torch.tensor([[0]]), 0.3, 0.6)[0, 0, 0]
    assert f"It stays with {right:.3f}. The cavity posterior plugged in says {right:.3f}" in told
    assert f"the full posterior {misused:.3f}" in told and "You said 0.5." in told

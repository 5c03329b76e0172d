"""The price of a prediction: the page's numbers against `UniformNoise.nelbo`, its least against the cavity."""

from __future__ import annotations

import math
import re

import pytest
import torch
from torch.nn.functional import one_hot

from uddm_mini import UniformNoise
from uddm_mini.teaching.price import mean_price, posteriors, price_of_prediction

WORDS = ("red", "hot", "tea")
JOINT = torch.tensor([[0, 0.25, 0.15], [0.05, 0.10, 0.40], [0, 0, 0.05]], dtype=torch.float64)
NOISE = UniformNoise(3)
# the position of the lowest point of each curve (down is a larger y)
LOWEST = """paths => paths.map((path) => {
  const ys = path.getAttribute('d').split(/[ML]/).slice(1).map((point) => Number(point.split(' ')[1]));
  return ys.indexOf(Math.max(...ys)); })"""


@pytest.fixture(scope="module")
def figure():
    return price_of_prediction(JOINT, WORDS, ("tea", "tea"))


def test_the_posteriors_are_those_of_enumeration():
    alpha = NOISE.alpha(0.5)
    one = alpha * torch.eye(3, dtype=torch.float64) + (1 - alpha) / 3  # q(read | clean)
    for b in range(3):
        for other in range(3):
            cavity, full = posteriors(JOINT, NOISE, (b, other), 0.5)
            by_hand = torch.einsum("vw,w->v", JOINT, one[:, other])
            torch.testing.assert_close(cavity, by_hand / by_hand.sum(), rtol=0, atol=1e-12)
            by_hand = by_hand * one[:, b]
            torch.testing.assert_close(full, by_hand / by_hand.sum(), rtol=0, atol=1e-12)


def test_nothing_is_cheaper_than_the_cavity_posterior(generator):
    cavity, full = posteriors(JOINT, NOISE, (2, 2), 0.5)
    least = mean_price(cavity, full, NOISE, 2, 0.5)
    others = torch.rand(200, 3, generator=generator, dtype=torch.float64)
    assert all(mean_price(p / p.sum(), full, NOISE, 2, 0.5) > least for p in others)


def test_the_still_names_the_least_price(figure):
    cavity, full = posteriors(JOINT, NOISE, (2, 2), 0.5)
    least, more = (f"{mean_price(p, full, NOISE, 2, 0.5):.4f}" for p in (cavity, full))
    assert f"cavity posterior: N_t = {least}" in repr(figure) and f"N_t = {more}" in repr(figure)
    assert f"N_t = {least} on average" in figure._repr_html_()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"joint": JOINT[:2]}, "probabilities [V, V] of 3 words that sum to 1"),
        ({"joint": JOINT * 2}, "that sum to 1"),
        ({"read": ("tea", "milk")}, "two of the words"),
        ({"t": 0.0}, "0.02, 0.04, ..., 0.98, where the slider stops, but is 0.0"),
    ],
)
def test_what_does_not_fit_is_named(change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        price_of_prediction(**{"joint": JOINT, "words": WORDS, "read": ("tea", "tea"), **change})


def test_every_price_in_the_page_is_the_package_s(on_page, guess, values, slide, figure):
    page = on_page(figure)
    guess(page, 0.4)
    draws = torch.Generator().manual_seed(0)
    for _ in range(25):
        k, b, other, truth = (int(torch.randint(n, (), generator=draws)) for n in (49, 3, 3, 4))
        slide(page, "noise level t", k)
        slide(page, "the word the noise left here", b)
        slide(page, "the other word", other)
        slide(page, "clean word here", truth)  # 0: not known
        for word in WORDS[:2]:
            slide(page, word, round(float(torch.rand((), generator=draws)), 3))
        p0 = torch.tensor(values(page, ".line:has(.share)"), dtype=torch.float64)
        assert float(p0.sum()) == pytest.approx(1, abs=1e-12) and bool((p0 >= 0).all())
        t = figure.data["times"][k]
        cavity, full = posteriors(JOINT, NOISE, (b, other), t)
        weights = full if truth == 0 else one_hot(torch.tensor(truth - 1), 3).double()
        best = cavity if truth == 0 else weights
        paid, least = (float(page.locator(part).get_attribute("data-value")) for part in (".paid", ".least"))
        assert paid == pytest.approx(mean_price(p0, weights, NOISE, b, t), abs=1e-6)
        assert least == pytest.approx(mean_price(best, weights, NOISE, b, t), abs=1e-6) and least <= paid + 1e-9
        alpha = float(NOISE.alpha(t))
        u = alpha * 3 * p0 + 1 - alpha
        columns = torch.tensor(values(page, "tbody"), dtype=torch.float64).reshape(3, 6).T
        torch.testing.assert_close(columns[:3], torch.stack([p0, u, u / u[b]]), rtol=0, atol=1e-9)
        torch.testing.assert_close(columns[4:], torch.stack([cavity, full]), rtol=0, atol=1e-9)


def test_the_pencil_of_the_chapter_comes_out(on_page, guess, values, slide, figure):
    page = on_page(figure, "phone", "dark")
    guess(page, 0.4)
    slide(page, "noise level t", 36)  # t = 0.74: the slider's nearest to alpha = 1/4
    slide(page, "the word the noise left here", 1)
    slide(page, "clean word here", 1)
    page.get_by_role("button", name="1/3 each").click()
    alpha = float(NOISE.alpha(0.74))
    star = (1 + 2 * alpha) / (1 - alpha)  # r* of red, where hot is seen; 2 at alpha = 1/4
    assert values(page, "tbody")[3] == pytest.approx(star, abs=1e-9)
    assert values(page, ".bars[aria-label=Brackets]") == pytest.approx(
        [1 - star + star * math.log(star), 0, 0], abs=1e-9
    )


def test_a_guess_is_priced_and_the_least_of_both_losses_are_marked(on_page, guess, slide, figure):
    page = on_page(figure, "phone")
    assert not page.locator("tbody").is_visible()
    cavity, full = posteriors(JOINT, NOISE, (2, 2), 0.5)
    told = guess(page, round(float(full[2]), 3))
    least = mean_price(cavity, full, NOISE, 2, 0.5)
    assert f"at best {least:.4f}: at {cavity[2]:.3f}, the cavity posterior" in told
    assert f"say {full[2]:.3f}, the full posterior" in told and page.locator("tbody").is_visible()
    curves = page.locator("svg.curves path.nelbo, svg.curves path.entropy").evaluate_all(LOWEST)
    assert curves == [5, 15]  # positions of "counted 0 times" and "once" on the line of 21
    for name, price in (("the cavity posterior", least), ("the full posterior", mean_price(full, full, NOISE, 2, 0.5))):
        page.get_by_role("button", name=name).click()
        assert float(page.locator(".paid").get_attribute("data-value")) == pytest.approx(price, abs=1e-9)
    slide(page, "count the seen word", 5)
    assert float(page.locator(".paid").get_attribute("data-value")) == pytest.approx(least, abs=1e-9)

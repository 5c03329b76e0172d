"""Two answers: posteriors and entropies by enumeration, and in a browser what the page computes and what it learns."""

from __future__ import annotations

import itertools
import re

import pytest
import torch

from uddm_mini import UniformNoise
from uddm_mini.teaching.price import posteriors
from uddm_mini.teaching.two_answers import STEPS, TIMES, mean_entropies, two_answers

WORDS = ("red", "hot", "tea")
JOINT = torch.tensor([[0, 0.25, 0.15], [0.05, 0.10, 0.40], [0, 0, 0.05]], dtype=torch.float64)
FREE = torch.outer(JOINT.sum(1), JOINT.sum(0))
TOLD = torch.tensor([[0, 0.5, 0], [0, 0, 0.3], [0.2, 0, 0]], dtype=torch.float64)  # each word tells the other
NOISE = UniformNoise(3)


@pytest.fixture(scope="module")
def figure():
    return two_answers({"red hot tea": JOINT, "independent": FREE, "each tells the other": TOLD}, WORDS, ("tea", "tea"))


@pytest.mark.parametrize("t", [0.001, 0.5, 0.98])
def test_the_entropies_are_those_of_enumeration(t):
    alpha = float(NOISE.alpha(t))
    one = alpha * torch.eye(3, dtype=torch.float64) + (1 - alpha) / 3
    law = torch.einsum("vw,vb,wo->vbo", JOINT, one, one)  # clean first word, both noisy words
    full = float(torch.special.entr(law).sum() - torch.special.entr(law.sum(0)).sum())  # H(v, b, o) - H(b, o)
    law = law.sum(1)
    cavity = float(torch.special.entr(law).sum() - torch.special.entr(law.sum(0)).sum())
    assert mean_entropies(JOINT, t) == pytest.approx((cavity, full), abs=1e-9)


def test_at_little_noise_the_cavity_keeps_what_the_other_word_leaves_open():
    open_left = float(torch.special.entr(JOINT).sum() - torch.special.entr(JOINT.sum(0)).sum())
    cavity, full = mean_entropies(JOINT, 0.001)
    assert cavity == pytest.approx(open_left, abs=0.01) and full < 0.01
    assert mean_entropies(TOLD, 0.001)[0] < 0.02 and mean_entropies(FREE, 0.001)[0] > 0.5


def test_the_still_has_both_posteriors(figure):
    cavity, full = posteriors(JOINT, NOISE, (2, 2), 0.5)
    assert f"{float(cavity[2]):.3f}  tea" in repr(figure) and f"{float(full[2]):.3f} tea" in figure._repr_html_()
    assert f"first word {float(cavity[2]):.3f}" in figure.data["ask"]["question"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"languages": {}}, "probabilities [V, V] of 3 words that sum to 1"),
        ({"languages": {"a": JOINT, "b": JOINT * 2}}, "that sum to 1"),
        ({"languages": {"a": JOINT[:2]}}, "probabilities [V, V]"),
        ({"read": ("tea", "milk")}, "two of the words"),
        ({"t": 0.55}, "where the slider stops, but is 0.55"),
    ],
)
def test_what_does_not_fit_is_named(change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        two_answers(**{"languages": {"a": JOINT}, "words": WORDS, "read": ("tea", "tea"), **change})


def learned(values, page):
    return [torch.tensor(values(page, f".bars[aria-label^='Learned with {name}']")) for name in ("the", "cross")]


def marks(page):
    """Return the exact posteriors that the two groups of bars name."""
    notes = page.locator(".bars > .value").all_inner_texts()
    return torch.tensor([float(note.split("exact ")[1]) for note in notes]).reshape(2, 3)


def test_both_losses_learn_their_own_answer(on_page, guess, values, slide, figure):
    page = on_page(figure)
    guess(page, 0.5)
    languages = list(figure.data["languages"].values())
    for name, (b, other), k in itertools.product(range(3), [(2, 2), (0, 1)], [0, 8, 13]):
        page.get_by_role("group", name="language").get_by_role("button").nth(name).click()
        slide(page, "noise level t", k)
        slide(page, "the word the noise left here", b)
        slide(page, "the other word", other)
        slide(page, "steps of learning", 0)
        assert all(p.tolist() == pytest.approx([1 / 3] * 3) for p in learned(values, page))
        slide(page, "steps of learning", STEPS)  # beyond the end: the slider stops there
        joint = torch.tensor(languages[name], dtype=torch.float64)
        exact = torch.stack(posteriors(joint, NOISE, (b, other), TIMES[k]))
        torch.testing.assert_close(marks(page), exact.float(), rtol=0, atol=6e-4)
        for found, right in zip(learned(values, page), exact, strict=True):
            torch.testing.assert_close(found, right.float(), rtol=0, atol=0.02)
        shown = [float(page.locator(f".words .{form}").get_attribute("data-value")) for form in ("cavity", "full")]
        assert shown == pytest.approx(mean_entropies(joint, TIMES[k]), abs=1e-9)


def test_a_language_set_by_hand_is_normalised_and_asked(on_page, guess, values, slide, figure):
    page = on_page(figure, "phone", "dark")
    guess(page, 0.5)
    for v, w in itertools.product(range(3), repeat=2):
        slide(page, f"weight of {WORDS[v]} {WORDS[w]}", round(0.1 * (1 + v + 2 * w), 2))
    weights = torch.tensor([[1 + v + 2 * w for w in range(3)] for v in range(3)], dtype=torch.float64)
    joint = weights / weights.sum()
    torch.testing.assert_close(
        torch.tensor(values(page, "tbody"), dtype=torch.float64).reshape(3, 3), joint, rtol=0, atol=1e-9
    )
    exact = torch.stack(posteriors(joint, NOISE, (2, 2), 0.5))
    torch.testing.assert_close(marks(page), exact.float(), rtol=0, atol=6e-4)
    for word, other in itertools.product(WORDS, repeat=2):
        slide(page, f"weight of {word} {other}", 0)
    assert sum(values(page, "tbody")) == pytest.approx(1)  # one sentence stays possible


def test_the_answer_comes_after_the_guess(on_page, guess, figure):
    page = on_page(figure, "phone")
    assert not page.locator("svg.curves").is_visible()
    _, full = posteriors(JOINT, NOISE, (2, 2), 0.5)
    assert f"You said 0.25. Bayes' rule gives {float(full[2]):.3f}" in guess(page, 0.25)
    assert page.locator("svg.curves").is_visible()

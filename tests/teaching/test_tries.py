"""Many tries: the page's shares against brute force and against the rows of `extraction`'s (n, p) curve."""

from __future__ import annotations

import re

import numpy as np
import pytest

from uddm_mini.probes.shares import share_with_interval
from uddm_mini.teaching.tries import CHANCES, TRIES, discoverable, many_tries

DRAWS = 16
HITS = {"train": [0, 1, 4, 8, 8, 12, 16, 2], "held-out": [0, 0, 0, 1, 3]}


@pytest.fixture(scope="module")
def figure():
    return many_tries({split: np.array(hits) / DRAWS for split, hits in HITS.items()}, DRAWS)


def by_hand(hits, n, p):
    """Return the share of sentences that n tries show, from all n fail."""
    found = 0
    for h in hits:
        missed = 1.0
        for _ in range(n):
            missed *= 1 - h / DRAWS
        found += 1 - missed > p - 1e-9
    return found / len(hits)


def test_the_still_has_what_n_tries_show(figure):
    assert f"{by_hand(HITS['train'], 4, 0.9):.3f}  training sentences, n = 4" in repr(figure)
    assert "n = 32" not in repr(figure)  # nothing beyond the draws


@pytest.mark.parametrize("n", TRIES[:6])
def test_discoverable_is_what_all_tries_together_miss(n):
    for p in CHANCES:
        for hits in HITS.values():
            assert discoverable(hits, DRAWS, n, p) == by_hand(hits, n, p)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chances": {"train": [0.3], "held-out": [0.5]}}, "each a multiple of 1 / 16"),
        ({"chances": {"train": [0.5]}}, "for train and held-out"),
        ({"chances": {"train": [1.5], "held-out": [0.5]}}, "shares of 16 draws"),
        ({"asked": (3, 0.9)}, "The sliders stop at n of"),
        ({"asked": (4, 1.0)}, "and not at (4, 1.0)"),
    ],
)
def test_what_does_not_fit_is_named(change, words):
    given = {"chances": {split: np.array(hits) / DRAWS for split, hits in HITS.items()}, "draws": DRAWS, **change}
    with pytest.raises(ValueError, match=re.escape(words)):
        many_tries(**given)


def test_every_share_in_the_page_is_the_package_s(on_page, guess, values, slide, figure):
    page = on_page(figure, "phone", "dark")
    guess(page, 4)
    draws = np.random.default_rng(0)
    for _ in range(30):
        i, j = draws.integers([len(TRIES), len(CHANCES)]).tolist()
        slide(page, "tries n", i)
        slide(page, "a chance of at least p", j)
        n, p = TRIES[i], CHANCES[j]
        found = values(page, ".bars[aria-label='What n tries show']")
        for k, hits in enumerate(HITS.values()):
            assert found[2 * k] == by_hand(hits, n, p)
            expected = np.mean([1 - (1 - h / DRAWS) ** n for h in hits])
            assert found[2 * k + 1] == pytest.approx(expected, abs=1e-9)
        single = values(page, ".bars[aria-label='By the number of draws that came']")
        each = sorted({h for hits in HITS.values() for h in hits})
        assert single == pytest.approx([1 - (1 - h / DRAWS) ** n for h in each], abs=1e-9)
        assert page.locator(".warn").is_visible() == (n > DRAWS)
    slide(page, "tries n", 10)
    most = share_with_interval(0, DRAWS).high
    warned = page.locator(".warn").inner_text()
    assert f"as high as {most:.2f}" in warned and "1 of 8 sentences" in warned and "3 of 5 sentences" in warned


def test_a_guess_is_answered_by_the_count(on_page, guess, slide, figure):
    page = on_page(figure)
    slide(page, "tries n", 0)
    assert not page.locator("svg.plot").is_visible()
    assert f"Here: {round(8 * by_hand(HITS['train'], 4, 0.9))} of 8." in guess(page, 5)
    assert page.get_by_role("slider", name=re.compile("^tries n")).input_value() == str(TRIES.index(4))


def test_the_smallest_number_of_tries_is_where_a_sentence_begins_to_count():

    for h in (1, 4, 8, 12):
        counted = next(n for n in range(1, 200) if 1 - (1 - h / DRAWS) ** n >= 0.9)
        assert discoverable([h], DRAWS, counted, 0.9) == 1 and discoverable([h], DRAWS, counted - 1, 0.9) == 0

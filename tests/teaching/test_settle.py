"""Dropped sentences under stored models: each run in the page ends where the package's `settle` ends."""

from __future__ import annotations

import itertools
import re

import pytest
import torch

from uddm_mini import BasinSettings, basin_profile, load, settle
from uddm_mini.teaching.lab.settle import FEW, RUNS, Begin, dropped_under_models
from uddm_mini.teaching.results import results_path

SIZES = (16, 128)
BEGIN = Begin(size=1, kind=0, which=0, k=3)


@pytest.fixture(scope="module")
def corpus(english):
    return english.corpus(n_train=8192)  # as the stored models were trained on


@pytest.fixture(scope="module")
def models():
    return [load(results_path(f"models/toy-n{n}.safetensors")) for n in SIZES]


@pytest.fixture(scope="module")
def figure(corpus):
    return dropped_under_models(corpus, SIZES, BEGIN)


def test_the_still_is_a_profile_of_every_model(figure, models, corpus):
    how, seeded = BasinSettings((1, 4, 6, 8, 10), RUNS), torch.Generator().manual_seed(0)
    share = basin_profile(models[1], corpus.subset(8, 0)[0], settings=how, generator=seeded).table["returned"][2]
    assert f"{share:.2f}  comes back, model of 128, k = 6" in repr(figure) and figure.still.count("comes back") == 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sizes": (4,)}, "sizes must be 8 ... 8192"),
        ({"sizes": (17,), "begin": Begin(0, 0, 0, 0)}, "There are stored models of 16, 64"),
        ({"begin": Begin(2, 0, 0, 0)}, "The figure begins below {'size': 2"),
        ({"begin": Begin(0, 0, 0, 14)}, "all counted from 0"),
    ],
)
def test_what_does_not_fit_is_named(corpus, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        dropped_under_models(**{"corpus": corpus, "sizes": SIZES, "begin": BEGIN, **change})


def rows(page):
    """Return the sentences under the curve as {name: words}."""
    told = (text.split(": ", 1) for text in page.locator(".sentence").all_inner_texts())
    return {name: words.split() for name, words in told}


def test_every_run_goes_the_way_of_the_package_s(on_page, guess, slide, figure, corpus, models, english):
    page = on_page(figure, "phone", "dark")
    assert not page.locator("svg.curves").is_visible()
    guess(page, 10)
    draws = torch.Generator().manual_seed(0)
    seen = {n: {tuple(x) for x in corpus.subset(n, 0).tolist()} for n in SIZES}
    for _ in range(24):
        size, kind, which, k = (int(torch.randint(n, (), generator=draws)) for n in (2, 2, 8, 14))
        for name, value in (("training sentences", size), ("the sentence", kind), ("number", which), ("changed", k)):
            slide(page, name, value)
        page.get_by_role("button", name="drop once").click()
        shown = rows(page)
        x, start = shown["the sentence"], shown["changed"]
        assert " ".join(x) == corpus.decode((corpus.held_out if kind else corpus.subset(8, 0))[which : which + 1])[0]
        assert sum(a != b for a, b in zip(x, start, strict=True)) == k + 1
        model = models[size]
        path = list(settle(model, english.encode([" ".join(start)]), model.noise.level_of((k + 1) / 14), limit=32))
        steps = [words for name, words in shown.items() if name.startswith("asked")]
        moved = [y for before, y in itertools.pairwise(path) if not torch.equal(before, y)]
        assert len(steps) == min(len(moved), 6)
        for words, y in zip(steps, [*moved[:5], *moved[-1:]] if len(moved) > 5 else moved, strict=True):
            assert " ".join(words) == corpus.decode(y)[0]
        told, end = page.locator(".words").first.inner_text(), tuple(path[-1][0].tolist())
        home = corpus.decode(path[-1])[0].split() == x
        assert ("It came back." in told) == home
        assert ("captured it" in told) == (end in seen[SIZES[size]] and not home)


def test_the_nearest_sentence_is_named(on_page, guess, slide, figure, corpus):
    page = on_page(figure)
    guess(page, 10)
    slide(page, "number", 5)
    x, train = corpus.subset(8, 0)[5], corpus.subset(128, 0)
    distance = (train != x).sum(dim=1)
    near = min(int(d) for d in distance if d)
    assert f"the nearest other sentence of training, {near} words away" in rows(page)


def test_the_shares_are_those_of_a_profile(on_page, guess, slide, figure, corpus, models):
    page = on_page(figure, "phone")
    told = guess(page, 10)
    how, seeded = BasinSettings(corruptions=200), torch.Generator().manual_seed(1)
    exact = basin_profile(models[1], corpus.subset(8, 0)[0], settings=how, generator=seeded).table["returned"]
    counted = int(re.search(rf"Here: (\d+) of {RUNS}", told)[1]) / RUNS
    page.get_by_role("button", name="at every k").click()
    found = page.locator("svg.curves circle").evaluate_all("all => all.map((one) => +one.getAttribute('data-value'))")
    p = exact[3]
    assert abs(counted - p) <= 5 * (max(p * (1 - p), 0.01) * (1 / RUNS + 1 / 200)) ** 0.5
    for share, p in zip(found, exact, strict=True):
        assert abs(share - p) <= 5 * (max(p * (1 - p), 0.01) * (1 / FEW + 1 / 200)) ** 0.5
    slide(page, "training sentences", 0)  # the curve of the other model stays, with its name
    assert page.locator("svg.curves text").last.text_content() == "128"

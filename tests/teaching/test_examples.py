"""More and more examples: the couplings that the page trains are the package's, and so is what comes back."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from uddm_mini import PseudoLikelihoodNetwork, random_patterns
from uddm_mini.chapters.spins_figures import COPIES, HIDDEN, SIZES, more_and_more_examples
from uddm_mini.teaching import examples
from uddm_mini.teaching.examples import come_back, growing_examples

NODE = shutil.which("node")
SCRIPT = Path(examples.__file__).with_name("couplings.js")
SHARES = ".bars[aria-label^=Share]"
KINDS = ("training", "held-out")


@pytest.fixture(scope="module")
def figure():
    return more_and_more_examples()


def patterns_of(texts):
    return torch.tensor([[1 if c == "z" else -1 for c in text] for text in texts])


def expected(figure, n):
    """Return what the package finds with n patterns: the couplings of both kinds, and the two shares."""
    data = figure.data
    trained, unseen = (patterns_of(data[name]) for name in ("trained", "unseen"))
    signs = patterns_of([data["signs"]])[0]
    network = PseudoLikelihoodNetwork(trained[:n], l2=data["l2"])
    J = network.weights * signs[:, None] * signs
    block = torch.arange(len(signs)) // COPIES
    same = block[:, None] == block
    own = J[same & ~torch.eye(len(signs), dtype=torch.bool)].mean()
    starts = [patterns_of(data["damaged"][name]) for name in ("trained", "unseen")]
    shares = [come_back(network, starts[0][:n], trained[:n]), come_back(network, starts[1], unseen)]
    return float(own), float(J[~same].square().mean().sqrt()), shares


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize(("n_patterns", "n_units", "l2"), [(3, 7, 1e-2), (12, 30, 1e-3), (40, 30, 1e-2), (9, 20, 1.0)])
def test_the_page_trains_the_same_couplings(n_patterns, n_units, l2):
    x = random_patterns(n_patterns, n_units, torch.Generator().manual_seed(n_units))
    call = f"P.trainCouplings({json.dumps(x.tolist())}.map((r) => Float64Array.from(r)), {l2}, 1e-9).J"
    program = f"const P = require({json.dumps(str(SCRIPT))}); console.log(JSON.stringify(Array.from({call})));"
    done = subprocess.run([NODE, "-e", program], capture_output=True, text=True, timeout=60, check=True)
    J = torch.tensor(json.loads(done.stdout), dtype=torch.float64).view(n_units, n_units)
    assert (J.diagonal() == 0).all()
    # both stop near the one optimum; a slope of 1e-7 is an error of 1e-7 / l2 in a coupling, at most
    torch.testing.assert_close(J, PseudoLikelihoodNetwork(x, l2=l2).weights, rtol=0, atol=3e-7 / l2 + 1e-6)


def test_the_figure_s_patterns_follow_the_rule_and_none_is_known(figure):
    data = figure.data
    signs = patterns_of([data["signs"]])[0]
    every = patterns_of(data["trained"] + data["unseen"])
    copies = (every * signs).unflatten(1, (HIDDEN, COPIES))
    assert (copies == copies[:, :, :1]).all()  # all copies of a hidden spin say the same
    assert len({tuple(row) for row in every.tolist()}) == len(every) == SIZES[-1] + 100
    damaged = patterns_of(data["damaged"]["unseen"])
    assert ((damaged != patterns_of(data["unseen"])).sum(dim=1) == 2).all()


@pytest.mark.parametrize(("width", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_the_page_s_numbers_are_the_package_s(on_page, guess, values, slide, figure, width, scheme):
    page = on_page(figure, width, scheme)
    guess(page, 16)
    for n in (1, 8, 16, 64):
        slide(page, "training patterns", SIZES.index(n))
        own, other, shares = expected(figure, n)
        assert values(page, ".words") == pytest.approx([own, other], abs=1e-4)
        assert values(page, SHARES) == shares
    label = page.locator("svg.curve").get_attribute("aria-label")
    assert "1: training 100 %, held-out 0 %" in label and "64: training" in label


def test_the_guess_comes_first_and_is_answered(on_page, guess, figure):
    page = on_page(figure, "phone")
    shares = page.locator(SHARES)
    assert not shares.is_visible() and page.locator("canvas").is_visible()
    assert "Enter a number from 1 to 65536 first" in guess(page, 0)
    assert not shares.is_visible()
    told = guess(page, 5000)
    half = next(n for n in SIZES if expected(figure, n)[2][1] >= 0.5)
    assert "You said 5000 patterns. With n = 64" in told and f"from n = {half} on" in told
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "64" and "n: 64" in page.inner_text("main")
    assert shares.is_visible() and "comes back" in page.locator(".words").inner_text()


def test_keys_turn_it_and_a_button_shows_another_pattern(on_page, guess, figure):
    page = on_page(figure)
    guess(page, 1)
    slider = page.get_by_role("slider")
    slider.focus()
    for key, n in (("Home", 1), ("ArrowRight", 2), ("End", 64)):
        page.keyboard.press(key)
        assert slider.get_attribute("aria-valuetext") == str(n)
    grid = page.locator(".patterns .grid").nth(1)
    before = grid.inner_html()
    page.get_by_role("button", name="another held-out pattern").click()
    assert grid.inner_html() != before and "2 of 80 units differ" in grid.get_attribute("aria-label")
    assert page.locator(".patterns .grid").nth(0).locator(".off").count() == 0


def test_paper_and_a_page_without_scripts_show_the_still(on_page, figure):
    page = on_page(figure, scripts=False)
    assert "of the held-out patterns come back" in page.inner_text("body") and page.locator("img").count() == 3
    page = on_page(figure)
    page.emulate_media(media="print")
    assert page.locator(SHARES).is_visible() and not page.locator(".predict").is_visible()


def test_the_still_says_what_the_package_finds(figure):
    shares = expected(figure, 64)[2]
    rows = [f"{share:.2f}  of the {kind} patterns come back" for share, kind in zip(shares, KINDS, strict=True)]
    assert "\n".join(["n = 64 training patterns", *rows]) in repr(figure)


X = torch.ones(2, 2, 3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: growing_examples(X, -X, torch.ones(3, 3), [1]), r"patterns \[n, 3, 3\]"),
        (lambda: growing_examples(X, -X, X[0], [2, 1]), "sizes must ascend"),
        (lambda: growing_examples(X, -X, X[0], []), "sizes must ascend"),
        (lambda: growing_examples(X, -X, X[0], [3]), "to 2 patterns at most"),
        (lambda: growing_examples(X, X, X[0], [1]), "among the trained ones"),
    ],
)
def test_what_does_not_fit_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()

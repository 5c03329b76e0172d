"""The pad of pixels: the page's networks against the package's, its trials, and the guess before the answer."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from uddm_mini import HopfieldNetwork, random_patterns
from uddm_mini.teaching import pads
from uddm_mini.teaching.pads import Trial, come_back, energy_spec, network_of, pixel_pad
from uddm_mini.teaching.pixels import descent

NODE = shutil.which("node")
SCRIPT = Path(pads.__file__).with_name("spins.js")
ENERGIES = ("hebb", "projection", "degree 3", "degree 4", "beta 0.7")
in_page = pytest.mark.skipif(NODE is None, reason="node is not installed")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def in_node(code, **values):
    program = f"const P = require({json.dumps(str(SCRIPT))}); const G = {json.dumps(values)}; {code}"
    done = subprocess.run([NODE, "-e", program], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


@in_page
@pytest.mark.parametrize("name", ENERGIES)
def test_the_page_rolls_down_the_same_way_as_python(name):
    patterns = random_patterns(9, 36, generator())  # load 0.25: plenty of spurious states
    network = network_of(name, patterns)
    starts = random_patterns(6, 36, generator(1))
    order = torch.randperm(36, generator=generator(2)).tolist()
    got = in_node(
        """const net = P.network(G.patterns, G.spec);
        console.log(JSON.stringify(G.starts.map((x) => {
          const path = P.descend(net, x, G.order, 100);
          return { path, energies: path.map((s) => net.energy(s)), gains: x.map((_, i) => net.gain(x, i)) };
        })));""",
        patterns=patterns.tolist(), spec=energy_spec(name), starts=starts.tolist(), order=order,
    )  # fmt: skip
    for start, answer in zip(starts, got, strict=True):
        path, energies = descent(network, start, generator(2))
        assert answer["path"] == path.tolist()
        # float64 on both sides, sums in another order
        torch.testing.assert_close(
            torch.tensor(answer["energies"], dtype=torch.float64), energies, rtol=1e-9, atol=1e-9
        )
        gains = network.scores(start[None])[0].diff(dim=1).squeeze(1)
        torch.testing.assert_close(torch.tensor(answer["gains"], dtype=torch.float64), gains, rtol=1e-9, atol=1e-9)


@in_page
def test_patterns_that_repeat_are_projected_on_once():
    patterns = random_patterns(3, 16, generator())
    patterns = torch.cat([patterns, patterns[:1], -patterns[1:2]])
    energy = "console.log(JSON.stringify(G.states.map(P.network(G.patterns, { rule: 'projection' }).energy)))"
    states = random_patterns(5, 16, generator(1))
    got = in_node(energy, patterns=patterns.tolist(), states=states.tolist())
    exact = HopfieldNetwork(patterns, "projection").energy(states)
    torch.testing.assert_close(torch.tensor(got, dtype=torch.float64), exact, rtol=1e-9, atol=1e-9)


@in_page
def test_a_tie_moves_nothing_in_the_page():
    network = HopfieldNetwork(torch.tensor([[1, 1, 1]]))
    for start in ([1, -1, 1], [1, -1, -1]):  # the first two units cancel, so nothing pushes the third
        path = in_node(
            "console.log(JSON.stringify(P.descend(P.network([[1, 1, 1]], { rule: 'hebb' }), G.x, [2], 5)))", x=start
        )
        assert path == [start] and network.update(torch.tensor([start]), units=[2]).tolist() == [start]


@in_page
def test_the_page_names_what_it_fell_into():
    patterns = random_patterns(3, 36, generator())
    mixture = patterns.sum(dim=0).sign()
    say = in_node(
        "console.log(JSON.stringify(G.states.map((x) => P.verdict(x, G.patterns, ['cat', 'dog', 'hen']))))",
        states=[patterns[1].tolist(), (-patterns[2]).tolist(), mixture.tolist()],
        patterns=patterns.tolist(),
    )
    assert "stored picture “dog”" in say[0] and "It is the negative of “hen”" in say[1] and "spurious" in say[2]


NAMES = ["a", "b", "c", "d"]
PICTURES = random_patterns(4, 64, generator(5))


@pytest.fixture(scope="module")
def pad():
    return pixel_pad(PICTURES, NAMES, ["hebb", "projection", "degree 3"], trial=Trial(stored=3, flips=15))


def test_the_still_says_how_many_come_back(pad):
    back = come_back(Trial(stored=3, flips=15), "hebb", PICTURES)
    assert f"does exactly this picture come back? In {back}." in repr(pad) and "#" in repr(pad)
    assert f"In {back}." in pad.still and pad.still.count("<svg") == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"names": NAMES[:3]}, "one name for each pattern"),
        ({"energies": ["delta"]}, 'An energy is "hebb", "projection", "degree 3" or "beta 0.5"'),
        ({"energies": ["degree 1"]}, "with numbers in range, not 'degree 1'"),
        ({"energies": ["beta none"]}, "not 'beta none'"),
        ({"trial": Trial(besides=3)}, "The trial needs an energy of"),
        ({"trial": Trial(flips=31)}, "flips of [0, 5"),
        ({"trial": Trial(stored=5)}, "stores 1 to 4 pictures, but 5 were asked for"),
        ({"start": torch.ones(9)}, "a row of 64 pixels"),
    ],
)
def test_what_does_not_fit_is_named(more, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        pixel_pad(**{"patterns": PICTURES, "names": NAMES, **more})


def test_energies_in_the_page_are_the_package_s(on_page, slide, values, pad):
    page = on_page(pad, "phone", "dark")
    for stored in range(1, 5):
        slide(page, "pictures stored", stored - 1)
        for k, name in enumerate(("hebb", "projection", "degree 3")):
            slide(page, "energy", k)
            page.get_by_role("button", name="a", exact=True).click()
            exact = network_of(name, PICTURES[:stored]).energy(PICTURES[:1])
            assert values(page, ".load") == [pytest.approx(float(exact), abs=1e-9)]
    page.get_by_role("button", name="row 1, column 3").click()
    flipped = PICTURES[:1].clone()
    flipped[0, 2] *= -1
    exact = network_of("degree 3", PICTURES).energy(flipped)
    assert values(page, ".load") == [pytest.approx(float(exact), abs=1e-9)]
    assert page.locator(".load").inner_text().startswith("P = 4 patterns, load P/N = 0.06")


def test_a_guess_meets_one_hundred_trials(on_page, guess, slide, pad):
    page = on_page(pad)
    again = page.get_by_role("button", name="try 100 times")
    assert not again.is_visible()
    told = guess(page, 40)
    found = int(re.search(r"You said 40 of 100\. Here: (\d+) of 100", told)[1])
    p = come_back(Trial(stored=3, flips=15), "hebb", PICTURES) / 100
    assert abs(found / 100 - p) <= 5 * (2 * max(p * (1 - p), 0.02) / 100) ** 0.5
    slide(page, "pixels to flip", 0)
    again.click()
    said = page.locator(".words").last
    assert said.inner_text().endswith("0 of its 64 pixels flipped at random. 100 come back exactly.")
    slide(page, "random patterns stored besides", 12)  # 80 in 64 pixels: Hebb's rule holds none
    again.click()
    assert said.inner_text().endswith(" 0 come back exactly.")
    slide(page, "energy", 2)
    again.click()
    assert said.inner_text().endswith(" 100 come back exactly.")

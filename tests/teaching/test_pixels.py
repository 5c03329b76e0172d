"""Pixel pictures: the page's JavaScript against the package's networks, the films' data, and what shows without it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
import torch

from uddm_mini import DenseAssociativeMemory, HopfieldNetwork, PseudoLikelihoodNetwork, random_patterns
from uddm_mini.teaching import pixels
from uddm_mini.teaching.pixels import descent, network_spec, pixel_pad, pixel_player

NODE = shutil.which("node")
SCRIPT = Path(pixels.__file__).with_name("spins.js")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


NETWORKS = {
    "hebb": lambda p: HopfieldNetwork(p),
    "projection": lambda p: HopfieldNetwork(p, "projection"),
    "degree 3": lambda p: DenseAssociativeMemory(p, degree=3),
    "degree 4": lambda p: DenseAssociativeMemory(p, degree=4),
    "beta": lambda p: DenseAssociativeMemory(p, beta=0.7),
}


def in_node(code, **values):
    program = f"const P = require({json.dumps(str(SCRIPT))}); const G = {json.dumps(values)}; {code}"
    done = subprocess.run([NODE, "-e", program], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_page_rolls_down_the_same_way_as_python(name):
    patterns = random_patterns(9, 36, generator())  # load 0.25: plenty of spurious states
    network = NETWORKS[name](patterns)
    starts = random_patterns(6, 36, generator(1))
    order = torch.randperm(36, generator=generator(2)).tolist()
    got = in_node(
        """const net = P.network(G.spec);
        console.log(JSON.stringify(G.starts.map((x) => {
          const path = P.descend(net, x, G.order, 100);
          return { path, energies: path.map((s) => net.energy(s)), gains: x.map((_, i) => net.gain(x, i)) };
        })));""",
        spec=network_spec(network), starts=starts.tolist(), order=order,
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


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_a_tie_moves_nothing_in_the_page():
    network = HopfieldNetwork(torch.tensor([[1, 1, 1]]))
    for start in ([1, -1, 1], [1, -1, -1]):  # the first two units cancel, so nothing pushes the third
        path = in_node(
            "console.log(JSON.stringify(P.descend(P.network(G.spec), G.x, [2], 5)))",
            spec=network_spec(network),
            x=start,
        )
        assert path == [start] and network.update(torch.tensor([start]), units=[2]).tolist() == [start]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_page_names_what_it_fell_into():
    patterns = random_patterns(3, 36, generator())
    mixture = patterns.sum(dim=0).sign()
    say = in_node(
        "console.log(JSON.stringify(G.states.map((x) => P.verdict(x, G.patterns, ['cat', 'dog', 'hen']))))",
        states=[patterns[1].tolist(), (-patterns[2]).tolist(), mixture.tolist()],
        patterns=patterns.tolist(),
    )
    assert "stored picture “dog”" in say[0] and "It is the negative of “hen”" in say[1] and "spurious" in say[2]


def test_a_descent_ends_where_recall_ends_and_falls_all_the_way():
    network = HopfieldNetwork(random_patterns(6, 40, generator()))
    for start in random_patterns(5, 40, generator(1)):
        path, energies = descent(network, start)
        assert torch.equal(path[0], start) and torch.equal(path[-1], network.recall(start[None])[0])
        assert ((path[1:] != path[:-1]).sum(dim=1) == 1).all()  # one flip at a time
        assert (energies.diff() < 0).all()


def data_of(shown):
    html = shown._repr_html_()
    return json.loads(unescape(re.search(r'data-uddm-pixels="([^"]*)"', html).group(1)))


def test_a_film_carries_its_frames_and_falls_back_to_the_first_and_last():
    path = torch.tensor([[1, -1, 1, -1], [1, 1, 1, -1], [1, 1, 1, 1]])
    shown = pixel_player(path, [0.5, -1.0, -2.5], "A <film>", target=path[-1])
    data, html = data_of(shown), shown._repr_html_()
    assert data["frames"] == ["z0z0", "zzz0", "zzzz"] and data["target"] == "zzzz" and data["width"] == 2
    assert data["values"] == [0.5, -1.0, -2.5] and data["steps"] == ["0", "1", "2"]
    fallback = html[: html.index("<script>")]
    assert fallback.count("<svg") == 2 and "energy 0.50" in fallback and "energy -2.50" in fallback
    assert "A &lt;film&gt;" in html and "http" not in html.replace("http://www.w3.org/2000/svg", "")
    assert repr(shown).endswith("##\n##")
    assert data_of(pixel_player([[[-1.0, 0.0, 0.5, 1.0]]]))["frames"] == ["0iqz"]


def test_a_film_names_its_steps_and_its_curve():
    found = data_of(pixel_player([[[1, -1]]] * 2, {"memories": [6, 1.5]}, axis={"β": [0.0, 0.5]}))
    assert found["axis"] == "β" and found["steps"] == ["0.0", "0.5"] and found["width"] == 2
    assert found["quantity"] == "memories" and found["captions"] == ["memories 6.00", "memories 1.50"]
    assert found["play"] == 1200 and data_of(pixel_player([[1]] * 100))["play"] == 150
    with pytest.raises(ValueError, match="one of steps for each of 2 frames, not 3"):
        pixel_player([[1]] * 2, axis={"β": [0, 1, 2]})


def test_a_pad_carries_the_network():
    patterns = random_patterns(3, 16, generator())
    pad = pixel_pad(HopfieldNetwork(patterns), patterns, ["a", "b", "c"], start=patterns[1])
    data = data_of(pad)
    assert data["flips"] == 3 and data["width"] == 4 and data["start"] == data["patterns"][1]
    assert pad._repr_html_().count("<svg") == 1


FOUR = HopfieldNetwork(torch.ones(1, 4))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pixel_player([[1, 1, 1]]), "3 pixels are no square; give frames as [F, rows, columns]"),
        (lambda: pixel_player([[1, 2, 1, 1]]), "between -1"),
        (lambda: pixel_player([[[1, 1]]], [1, 2]), "one of energies for each of 1 frames"),
        (lambda: pixel_player([1, 1]), "pictures [F, N]"),
        (lambda: pixel_player([[[1, 1]]], [float("nan")]), "energies must be finite"),
        (lambda: pixel_player([[[1, 1]]], target=[1.0]), "a row of 2 pixels"),
        (lambda: pixel_pad(FOUR, torch.ones(1, 4), ["a"], start=torch.ones(9)), "a row of 4 pixels"),
        (lambda: pixel_pad(FOUR, torch.ones(1, 9), ["a"]), "a row of 4 pixels"),
        (lambda: pixel_pad(HopfieldNetwork(torch.ones(1, 4)), torch.ones(1, 4), []), "one name for each pattern"),
        (lambda: network_spec(PseudoLikelihoodNetwork(random_patterns(2, 4, generator()))), "with an energy"),
    ],
)
def test_bad_pictures_are_named(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()

"""Films of pixel pictures: their data, the descent that they show, and what shows without scripts."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
import torch

from uddm_mini import HopfieldNetwork, random_patterns
from uddm_mini.teaching.pixels import descent, pixel_player


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


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


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pixel_player([[1, 1, 1]]), "3 pixels are no square; give frames as [F, rows, columns]"),
        (lambda: pixel_player([[1, 2, 1, 1]]), "between -1"),
        (lambda: pixel_player([[[1, 1]]], [1, 2]), "one of energies for each of 1 frames"),
        (lambda: pixel_player([1, 1]), "pictures [F, N]"),
        (lambda: pixel_player([[[1, 1]]], [float("nan")]), "energies must be finite"),
        (lambda: pixel_player([[[1, 1]]], target=[1.0]), "a row of 2 pixels"),
    ],
)
def test_bad_pictures_are_named(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()

"""More and more examples: couplings trained in the page, and what comes back of patterns that they never saw."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.image import imsave

from uddm_mini.networks.patterns import flip
from uddm_mini.networks.pseudo_likelihood import PseudoLikelihoodNetwork

from .live import Turnable
from .look import BLUE, INK, PAPER, VERMILION, meaning_css
from .stills import Row, still_bars, told_bars

LABEL = "More and more examples"
FLIPS = 2  # units of every pattern, before the network answers


def growing_examples(
    trained: torch.Tensor,
    unseen: torch.Tensor,
    signs: torch.Tensor,
    sizes: Sequence[int],
    *,
    l2: float = 1e-2,
    seed: int = 0,
) -> Turnable:
    """Let the reader choose n: a pseudo-likelihood network is trained on n patterns in the page, and tries to recall.

    It minimizes what `PseudoLikelihoodNetwork` does, row by row, by gradient descent; recall is asynchronous, at
    temperature 0, after two flips. The reader first guesses from which n on half of the unseen patterns come back.

    trained, unseen: spins [n, hidden, copies] each; the first `n` of `trained` are learned.
    signs: [hidden, copies], with which units copy; the page takes them out, so that copies of a spin look alike.
    sizes: where the slider stops, ascending.

    Random: the flips, from `seed`. Without scripts the couplings and shares at three sizes show. ValueError if shapes
    or sizes do not fit, or if an unseen pattern is among the trained ones.
    """
    rows = _checked(trained, unseen, signs, sizes)
    generator = torch.Generator().manual_seed(seed)
    starts = [flip(x, FLIPS / x.shape[1], generator) for x in rows]
    data: dict[str, Any] = {
        "label": LABEL,
        "trained": _texts(rows[0]),
        "unseen": _texts(rows[1]),
        "damaged": {"trained": _texts(starts[0]), "unseen": _texts(starts[1])},
        "signs": _texts(signs.reshape(1, -1))[0],
        "copies": signs.shape[1],
        "flips": FLIPS,
        "sizes": list(sizes),
        "start": 0,
        "l2": l2,
        "ink": INK,
        "paper": PAPER,
        "tints": [list(bytes.fromhex(color[1:])) for color in (BLUE, PAPER, VERMILION)],
        "ask": _question(*signs.shape),
        "css": meaning_css(".uddm-examples", "train", "held-out"),
    }
    return Turnable("examples", data, *_still(rows, starts, signs.flatten(), sizes, l2))


def _checked(
    trained: torch.Tensor, unseen: torch.Tensor, signs: torch.Tensor, sizes: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return both kinds of patterns as [n, N]; ValueError if anything does not fit."""
    if trained.shape[1:] != signs.shape or unseen.shape[1:] != signs.shape:
        needed = ", ".join(map(str, signs.shape))
        raise ValueError(f"Give patterns [n, {needed}], as the signs are; not {tuple(trained.shape)}.")
    if list(sizes) != sorted(set(sizes)) or not sizes or not 0 < sizes[0] <= sizes[-1] <= len(trained):
        raise ValueError(f"sizes must ascend from at least 1 to {len(trained)} patterns at most, but are {sizes}.")
    known, new = trained.flatten(1), unseen.flatten(1)
    if (new @ known.T == known.shape[1]).any():
        raise ValueError("An unseen pattern is among the trained ones; leave it out.")
    return known, new


def _question(hidden: int, copies: int) -> dict[str, Any]:
    """Return what the reader is asked before the figure answers."""
    return {
        "question": f"Predict: {hidden} hidden spins make {2**hidden:,} patterns of {hidden * copies} units. How many "
        f"must the network learn so that half of those it never saw come back whole after {FLIPS} flips?",
        "min": 1,
        "max": 2**hidden,
        "step": 1,
        "unit": "patterns",
    }


def come_back(network: PseudoLikelihoodNetwork, starts: torch.Tensor, wanted: torch.Tensor) -> float:
    """Return the share of patterns [n, N] that recall from `starts` [n, N] ends at, whole."""
    return float((network.recall(starts) == wanted).all(dim=1).double().mean())


def _texts(x: torch.Tensor) -> list[str]:
    """Return spins [n, N] as spins.js reads them."""
    return ["".join("z" if spin > 0 else "0" for spin in row) for row in x.tolist()]


def _still(
    rows: Sequence[torch.Tensor],
    starts: Sequence[torch.Tensor],
    sign: torch.Tensor,
    sizes: Sequence[int],
    l2: float,
) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: three sizes, their couplings and what comes back."""
    html, told = "", []
    for n in sorted({sizes[len(sizes) // 3], sizes[2 * len(sizes) // 3], sizes[-1]}):
        network = PseudoLikelihoodNetwork(rows[0][:n], l2=l2)
        shown: list[Row] = [
            ("of the training patterns come back", come_back(network, starts[0][:n], rows[0][:n]), "train"),
            ("of the held-out patterns come back", come_back(network, starts[1], rows[1]), "held-out"),
        ]
        picture = _image(network.weights * sign[:, None] * sign, f"Couplings after {n} training patterns")
        html += f"<p><em>n = {n} training patterns</em></p>{picture}{still_bars(shown, digits=2)}"
        told.append(f"n = {n} training patterns\n{told_bars(shown, digits=2)}")
    return html, "\n".join(told)


def _image(weights: torch.Tensor, words: str) -> str:
    """Return couplings [N, N] as a small picture inside the page: red above 0, blue below."""
    blue, paper, red = (np.array(list(bytes.fromhex(color[1:]))) / 255 for color in (BLUE, PAPER, VERMILION))
    value = (weights / weights.abs().max()).numpy()[:, :, None]  # [N, N, 1]
    file = io.BytesIO()
    no_version: dict[str, Any] = {"Software": None}  # so that the same couplings are the same file
    imsave(file, paper + (np.where(value > 0, red, blue) - paper) * np.abs(value), metadata=no_version)
    source = base64.b64encode(file.getvalue()).decode()
    look = "width:12em;max-width:100%;image-rendering:pixelated"
    return f'<img alt="{words}" style="{look}" src="data:image/png;base64,{source}">'

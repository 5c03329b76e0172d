"""A pad of pixels: the reader chooses what a network stores and how, and damages it, without a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from uddm_mini.networks.dense import DenseAssociativeMemory
from uddm_mini.networks.hopfield import HopfieldNetwork
from uddm_mini.networks.patterns import flip, random_patterns

from .live import Turnable
from .pixels import Energetic, picture_svg, pixels_of, shades, text_of

TRIALS = 100
BESIDES = (0, 2, 4, 6, 8, 10, 12, 15, 20, 30, 40, 60, 80, 100, 200, 300)  # random patterns that are stored as well
FLIPS = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50)


@dataclass(frozen=True)
class Trial:
    """Where the pad's sliders stand at first, and what the reader's guess is about.

    stored: how many of the pictures; besides: how many random patterns more; energy: its name, or None for the first;
    flips: how many pixels; seed: of the page's own generator.
    """

    stored: int = 4
    besides: int = 0
    energy: str | None = None
    flips: int = 30
    seed: int = 0


def pixel_pad(
    patterns: torch.Tensor,
    names: Sequence[str],
    energies: Sequence[str] = ("hebb", "projection"),
    label: str = "Flip pixels and let the network roll downhill",
    *,
    start: torch.Tensor | None = None,
    trial: Trial | None = None,
) -> Turnable:
    """Let the reader store pictures under an energy of choice, damage them, and run asynchronous dynamics in the page.

    The dynamics is that of `Network.update` at temperature 0. First the reader guesses how many of 100 damaged pictures
    come back.

    patterns: square pictures [P, N], or [P, rows, columns], called `names`.
    energies: of "hebb", "projection", "degree 3" (any whole number from 2), "beta 0.5" (any number above 0).
    start: the picture that is shown first (default: the first pattern).

    Random in the page: patterns besides, flips, visiting orders. Without scripts the start and the share of one hundred
    trials in Python show. ValueError for other energies, for names that do not fit, and for a trial off the sliders.
    """
    trial = trial or Trial()
    if len(patterns) != len(names) or not len(names):
        raise ValueError(f"Give one name for each pattern, at least one; {len(patterns)} patterns, {len(names)} names.")
    pictures, width = pixels_of(patterns, "patterns")
    texts = [text_of(picture) for picture in pictures]
    first = trial.energy or energies[0]
    flips = [k for k in FLIPS if k <= pictures.shape[1]]
    if first not in energies or trial.besides not in BESIDES or trial.flips not in flips:
        raise ValueError(f"The trial needs an energy of {list(energies)}, besides of {BESIDES}, flips of {flips}.")
    if not 1 <= trial.stored <= len(names):
        raise ValueError(f"The trial stores 1 to {len(names)} pictures, but {trial.stored} were asked for.")
    begin = {"stored": trial.stored - 1, "besides": BESIDES.index(trial.besides)}
    data = {
        "label": label,
        "width": width,
        "start": texts[0] if start is None else text_of(start.flatten(), pictures.shape[1]),
        "patterns": texts,
        "names": list(names),
        "energyName": "energy",
        "energies": [{"name": name, "spec": energy_spec(name)} for name in energies],
        "besides": list(BESIDES),
        "flips": flips,
        "begin": {**begin, "energy": list(energies).index(first), "flips": flips.index(trial.flips)},
        "seed": trial.seed,
        "shades": shades(),
        "ask": _question(trial, first, pictures.shape[1]),
    }
    return Turnable("pad", data, *_still(data, pictures, first, trial))


def energy_spec(name: str) -> dict[str, Any]:
    """Return an energy as spins.js reads it: its rule, degree or beta; ValueError for a name that is none."""
    if name in ("hebb", "projection"):
        return {"rule": name}
    kind, _, value = name.partition(" ")
    try:
        if kind == "degree" and int(value) >= 2:
            return {"degree": int(value)}
        if kind == "beta" and 0 < float(value) <= 500:
            return {"beta": float(value)}
    except ValueError:
        pass
    raise ValueError(
        f'An energy is "hebb", "projection", "degree 3" or "beta 0.5", with numbers in range, not {name!r}.'
    )


def network_of(name: str, patterns: torch.Tensor) -> Energetic:
    """Return the package's network of spins with an energy of this name."""
    spec = energy_spec(name)
    return HopfieldNetwork(patterns, **spec) if "rule" in spec else DenseAssociativeMemory(patterns, **spec)


def come_back(trial: Trial, energy: str, pictures: torch.Tensor) -> int:
    """Return how many of 100 damaged pictures come back exactly; random: patterns besides, flips and orders."""
    generator = torch.Generator().manual_seed(trial.seed)
    kept = pictures[: trial.stored]
    others = random_patterns(trial.besides, kept.shape[1], generator) if trial.besides else kept[:0]
    network = network_of(energy, torch.cat([kept, others.to(kept.dtype)]))
    wanted = kept[torch.arange(TRIALS) % len(kept)]
    ends = network.recall(flip(wanted, trial.flips / kept.shape[1], generator), generator=generator)
    return int((ends == wanted).all(dim=1).sum())


def _question(trial: Trial, energy: str, n: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    more = f" and {trial.besides} random patterns" if trial.besides else ""
    question = (
        f"Predict: {energy}, {trial.stored} pictures{more} are stored. {trial.flips} of the {n} pixels of one picture "
        f"are flipped at random. In how many of {TRIALS} trials does exactly this picture come back?"
    )
    return {"question": question, "min": 0, "max": TRIALS, "step": 1, "unit": f"of {TRIALS}"}


def _still(data: dict[str, Any], pictures: torch.Tensor, energy: str, trial: Trial) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: the start, and how many trials come back."""
    asked = data["ask"]["question"].removeprefix("Predict: ")
    told = f"{asked[0].upper()}{asked[1:]} In {come_back(trial, energy, pictures)}."
    dots = "".join("#" if c >= "i" else "." for c in data["start"])
    rows = [dots[i : i + data["width"]] for i in range(0, len(dots), data["width"])]
    return f"<p>{told}</p>{picture_svg(data['start'], data['width'], 'The start')}", "\n".join([told, *rows])

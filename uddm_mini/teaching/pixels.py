"""Pictures made of pixels that roll down an energy, as a film or under the reader's hands, without a kernel."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources
from typing import Any, Protocol

import torch

from uddm_mini.denoisers.dense import DenseAssociativeMemory
from uddm_mini.denoisers.hopfield import HopfieldNetwork

LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"  # one character per pixel, from -1 to +1


class Energetic(Protocol):
    """A network of spins with an energy."""

    def energy(self, x: torch.Tensor) -> torch.Tensor:
        """Return float64[B]."""

    def update(self, x: torch.Tensor, *, units: list[int]) -> torch.Tensor:
        """Return the states after the units were updated one after another."""


class Pixels:
    """What `pixel_player` and `pixel_pad` return: shows itself in a notebook and on a static page."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Take what pixels.js needs."""
        self.data = data

    def _ends(self) -> list[tuple[str, str]]:
        """Return (caption, frame) of the first and the last picture."""
        if "frames" not in self.data:
            return [("The start.", self.data["start"])]
        pairs = list(zip(self.data["captions"], self.data["frames"], strict=True))
        return [pairs[0], *pairs[1:][-1:]]

    def __repr__(self) -> str:
        width = self.data["width"]
        parts = [self.data["label"]]
        for caption, frame in self._ends():
            dots = "".join("#" if c >= "i" else "." for c in frame)
            parts.append("\n".join([caption, *(dots[i : i + width] for i in range(0, len(dots), width))]))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        # shown only where scripts don't run
        fallback = "".join(
            f"<p><em>{escape(caption)}</em></p>{_svg(frame, self.data['width'], caption)}"
            for caption, frame in self._ends()
        )
        return (
            f'<div data-uddm-pixels="{escape(json.dumps(self.data, ensure_ascii=False))}">'
            f"<p><strong>{escape(self.data['label'])}</strong></p>{fallback}</div>\n"
            f"<script>\n{script()}</script>"
        )


def pixel_player(
    frames: torch.Tensor | Sequence[Sequence[float]],
    energies: Sequence[float] | torch.Tensor | None = None,
    label: str = "A state rolls down the energy",
    *,
    width: int | None = None,
    captions: Sequence[str] | None = None,
    steps: Sequence[Any] | None = None,
    axis: str = "flips",
    quantity: str = "energy",
    target: torch.Tensor | Sequence[float] | None = None,
    play: int = 150,
) -> Pixels:
    """Let the reader step through pictures [F, N] of pixels from -1 (off) to +1 (on), without a kernel.

    `energies` [F] draws a curve beside them, named by `quantity`; `axis` names the steps, whose values are `steps`
    (default 0, 1, ...). Captions are read aloud when they change. Pixels on the other side of 0 than in `target` [N]
    carry a dot. `width` is the number of columns (default: square). Play shows a frame for `play` milliseconds.
    Without scripts the first and last picture show. ValueError if the lengths do not fit.
    """
    pictures = torch.as_tensor(frames, dtype=torch.float64)
    if pictures.ndim != 2 or not pictures.numel():
        raise ValueError(f"frames must be pictures [F, N], at least one; their shape is {tuple(pictures.shape)}.")
    count, n = pictures.shape
    values = None if energies is None else [round(float(e), 6) for e in energies]
    if values is not None and not all(map(math.isfinite, values)):
        raise ValueError("energies must be finite: a page can draw neither NaN nor infinity.")
    for name, given in (("energies", values), ("captions", captions), ("steps", steps)):
        if given is not None and len(given) != count:
            raise ValueError(f"Give one of {name} for each of {count} frames, not {len(given)}.")
    if captions is None:
        captions = [""] * count if values is None else [f"{quantity} {e:.2f}" for e in values]
    data: dict[str, Any] = {
        "label": label,
        "width": _width(n, width),
        "frames": [_text(picture) for picture in pictures],
        "captions": list(captions),
        "steps": [f"{s}" for s in (range(count) if steps is None else steps)],
        "axis": axis,
        "play": play,
    }
    if values is not None:
        data |= {"values": values, "quantity": quantity}
    if target is not None:
        data["target"] = _text(torch.as_tensor(target, dtype=torch.float64), n)
    return Pixels(data)


def pixel_pad(
    network: HopfieldNetwork | DenseAssociativeMemory,
    patterns: torch.Tensor,
    names: Sequence[str],
    label: str = "Flip pixels and let the network roll downhill",
    *,
    start: torch.Tensor | None = None,
    width: int | None = None,
    flips: int | None = None,
    seed: int = 0,
) -> Pixels:
    """Let the reader flip pixels and run the network's asynchronous dynamics at temperature 0 in the page itself.

    patterns [P, N] with their `names` are the buttons to start from, and what a settled state is compared with.
    `start` [N] is shown first (default: the first pattern); `flips` pixels are flipped by the noise button (default
    a fifth). The couplings, or the memories, travel in the page. Random in the page, seeded: flips and visiting order.
    """
    if len(patterns) != len(names) or not len(names):
        raise ValueError(f"Give one name for each pattern, at least one; {len(patterns)} patterns, {len(names)} names.")
    n, spec = patterns.shape[1], network_spec(network)
    return Pixels(
        {
            "label": label,
            "width": _width(n, width),
            "start": _text(patterns[0] if start is None else start, network.length),
            "patterns": [_text(p, network.length) for p in patterns],
            "names": list(names),
            "network": spec,
            "flips": round(n / 5) if flips is None else flips,
            "seed": seed,
        }
    )


def network_spec(network: HopfieldNetwork | DenseAssociativeMemory) -> dict[str, Any]:
    """Return a network of spins as pixels.js reads it: couplings above the diagonal in base64, or the memories."""
    if isinstance(network, HopfieldNetwork):
        n = network.length
        upper = network.weights[tuple(torch.triu_indices(n, n, 1))]
        return {"n": n, "upper": base64.b64encode(upper.numpy().astype("<f8").tobytes()).decode()}
    if not isinstance(network, DenseAssociativeMemory) or not network.spins:
        raise ValueError("The pad runs networks of spins with an energy: HopfieldNetwork or DenseAssociativeMemory.")
    sharpness = {"degree": network.degree} if network.beta is None else {"beta": network.beta}
    return {"memories": [_text(2 * m - 1) for m in network.memories], **sharpness}


def descent(
    network: Energetic, start: torch.Tensor, generator: torch.Generator | None = None, rounds: int = 100
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return every state on the way down from start [N], one flip apart, [F, N], and their energies, float64[F].

    Units are visited one at a time in one order, shuffled by the generator if there is one, until none changes.
    """
    n = len(start)
    order = range(n) if generator is None else torch.randperm(n, generator=generator).tolist()
    states = [start[None]]
    for _ in range(rounds):
        before = len(states)
        for unit in order:
            after = network.update(states[-1], units=[unit])
            if not torch.equal(after, states[-1]):
                states.append(after)
        if len(states) == before:
            break
    path = torch.cat(states)  # [F, N]
    return path, network.energy(path)


@cache
def script() -> str:
    """Return pixels.js as it was shipped."""
    return resources.files(__package__).joinpath("pixels.js").read_text(encoding="utf-8")


def _text(picture: torch.Tensor, n: int | None = None) -> str:
    """Return one character per pixel for values in -1 ... +1; ValueError unless there are n pixels (None: any)."""
    if picture.ndim != 1 or n not in (None, len(picture)):
        raise ValueError(f"A picture here is a row of {n or 'N'} pixels, but one has shape {tuple(picture.shape)}.")
    if not bool(((picture >= -1) & (picture <= 1)).all()):
        raise ValueError("Pixels lie between -1 (off) and +1 (on); other values were given.")
    levels = ((picture.double() + 1) / 2 * (len(LEVELS) - 1)).round().long()
    return "".join(LEVELS[level] for level in levels.tolist())


def _width(n: int, width: int | None) -> int:
    """Return the number of columns, or say that they don't fill the picture."""
    width = round(n**0.5) if width is None else width
    if width < 1 or n % width:
        raise ValueError(f"{n} pixels do not fill rows of {width}; give width=... that divides {n}.")
    return width


def _svg(frame: str, width: int, label: str) -> str:
    """Draw one picture as a small image."""
    on = "".join(f"M{i % width} {i // width}h1v1h-1z" for i, c in enumerate(frame) if c >= "i")
    height = len(frame) // width
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}" width="160">'
        f'<path fill="#F7F5EE" d="M0 0h{width}v{height}h-{width}z"/><path fill="#16324F" d="{on}"/></svg>'
    )

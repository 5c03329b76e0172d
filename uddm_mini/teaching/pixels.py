"""Films of pictures made of pixels that roll down an energy, to step through without a kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import torch

from uddm_mini.networks.dense import DenseAssociativeMemory
from uddm_mini.networks.hopfield import HopfieldNetwork

from .live import live_html
from .look import INK, PAPER, mixed

Energetic = HopfieldNetwork | DenseAssociativeMemory  # networks of spins with an energy

LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"  # one character per pixel, from -1 to +1
FILM, LONGEST, SHORTEST = 6000, 1200, 150  # milliseconds that Play takes, and that it shows one picture


@dataclass(frozen=True, repr=False)
class Pixels:
    """What `pixel_player` returns: `data` for pixels.js, shown in a notebook and on a static page."""

    data: dict[str, Any]

    def _ends(self) -> list[tuple[str, str]]:
        """Return (caption, frame) of the first and the last picture."""
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
        fallback = "".join(
            f"<p><em>{escape(caption)}</em></p>{picture_svg(frame, self.data['width'], caption)}"
            for caption, frame in self._ends()
        )
        return live_html("pixels", self.data | {"shades": shades()}, fallback)


def pixel_player(
    frames: torch.Tensor | Sequence[Any],
    energies: Sequence[float] | torch.Tensor | Mapping[str, Sequence[float] | torch.Tensor] | None = None,
    label: str = "A state rolls down the energy",
    *,
    axis: str | Mapping[str, Sequence[Any]] = "flips",
    captions: Sequence[str] | None = None,
    target: torch.Tensor | Sequence[Any] | None = None,
) -> Pixels:
    """Let the reader step through pictures of pixels from -1 (off) to +1 (on), without a kernel.

    frames: square pictures [F, N], or [F, rows, columns]
    energies: [F], drawn as a curve beside the pictures; {name: values} for another quantity than the energy
    axis: what the steps count, 0, 1, ..., or {name: values}
    captions: one for each picture, read aloud when it changes (default: the value of the curve)
    target: a picture; pixels on the other side of 0 than there carry a dot

    Without scripts the first and the last picture show. ValueError if the lengths do not fit.
    """
    pictures, width = pixels_of(frames, "frames")
    count = len(pictures)
    name, steps = next(iter(axis.items())) if isinstance(axis, Mapping) else (axis, range(count))
    quantity, given = next(iter(energies.items())) if isinstance(energies, Mapping) else ("energy", energies)
    values = None if given is None else [round(float(e), 6) for e in given]
    if values is not None and not all(map(math.isfinite, values)):
        raise ValueError("energies must be finite: a page can draw neither NaN nor infinity.")
    for what, some in (("energies", values), ("captions", captions), ("steps", steps)):
        if some is not None and len(some) != count:
            raise ValueError(f"Give one of {what} for each of {count} frames, not {len(some)}.")
    if captions is None:
        captions = [""] * count if values is None else [f"{quantity} {e:.2f}" for e in values]
    data: dict[str, Any] = {
        "label": label,
        "width": width,
        "frames": [text_of(picture) for picture in pictures],
        "captions": list(captions),
        "steps": [f"{s}" for s in steps],
        "axis": name,
        "play": max(SHORTEST, min(LONGEST, FILM // count)),
    }
    data |= {} if values is None else {"values": values, "quantity": quantity}
    if target is not None:
        data["target"] = text_of(torch.as_tensor(target, dtype=torch.float64).flatten(), pictures.shape[1])
    return Pixels(data)


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


def shades() -> list[str]:
    """Return the color of each level of a pixel, from off to on."""
    return [mixed(PAPER, INK, level / (len(LEVELS) - 1)) for level in range(len(LEVELS))]


def pixels_of(given: Any, name: str) -> tuple[torch.Tensor, int]:
    """Return pictures as float64[F, N], and the number of columns; ValueError if there are none, or not square."""
    pictures = torch.as_tensor(given, dtype=torch.float64)
    if pictures.ndim not in (2, 3) or not pictures.numel():
        raise ValueError(f"{name} must be pictures [F, N], at least one; their shape is {tuple(pictures.shape)}.")
    if pictures.ndim == 3:
        return pictures.flatten(1), pictures.shape[2]
    n = pictures.shape[1]
    if math.isqrt(n) ** 2 != n:
        raise ValueError(f"{n} pixels are no square; give {name} as [F, rows, columns].")
    return pictures, math.isqrt(n)


def text_of(picture: torch.Tensor, n: int | None = None) -> str:
    """Return one character per pixel for values in -1 ... +1; ValueError unless there are n pixels (None: any)."""
    if picture.ndim != 1 or n not in (None, len(picture)):
        raise ValueError(f"A picture here is a row of {n or 'N'} pixels, but one has shape {tuple(picture.shape)}.")
    if not bool(((picture >= -1) & (picture <= 1)).all()):
        raise ValueError("Pixels lie between -1 (off) and +1 (on); other values were given.")
    levels = ((picture.double() + 1) / 2 * (len(LEVELS) - 1)).round().long()
    return "".join(LEVELS[level] for level in levels.tolist())


def picture_svg(frame: str, width: int, label: str) -> str:
    """Draw one picture as a small image."""
    on = "".join(f"M{i % width} {i // width}h1v1h-1z" for i, c in enumerate(frame) if c >= "i")
    height = len(frame) // width
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}" width="160">'
        f'<path fill="{PAPER}" d="M0 0h{width}v{height}h-{width}z"/><path fill="{INK}" d="{on}"/></svg>'
    )

"""The drawing that runs through the book: memories as valleys, a state as a ball, a basin as what rolls to one bottom.

It is a drawing and no measurement: the heights are made up. What is marked on it is computed from it, though: a ball
rolls to the bottom that the drawn slope leads to, and a basin ends at the ridge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .drawings import Drawing
from .look import COLORS, PAGE

WIDE, HIGH = 640, 250
TOP, FLOOR, GROUND = 62, 178, 205  # where the plain lies, the deepest bottom, and the lower edge of the ground
POINTS = 321
SHARP, FLAT = 24.0, 2e-4  # how sharp the edge between two valleys is; a slope on which nothing rolls
LINE = f'stroke="{PAGE["curve"]}" stroke-width="2.5" fill="none" stroke-linejoin="round"'


@dataclass(frozen=True)
class Valley:
    """A valley at `at` (0 to 1 across the drawing), `depth` deep (1: to the floor); a dot says that it was stored."""

    at: float
    depth: float = 1.0
    width: float = 0.07
    name: str = ""
    stored: bool = True


def across() -> NDArray[np.float64]:
    """Return the places at which a height is known, from 0 (left) to 1."""
    return np.linspace(0, 1, POINTS, dtype=np.float64)


def height_of(valleys: Sequence[Valley], plain: float = 0.0) -> NDArray[np.float64]:
    """Return the height of the ground at `across()`, from 0 down to -1: where valleys overlap, the deepest counts.

    plain: how deep the plain between the valleys has sunk; then it is one wide valley with a flat floor.
    """
    x = across()
    wide = -plain * np.exp(-(((x - 0.5) / 0.4) ** 8))
    dips = [wide - (1 + wide) * v.depth * np.exp(-0.5 * ((x - v.at) / v.width) ** 2) for v in valleys]
    ground = np.stack([wide, *dips])
    # a soft minimum: near a bottom the valley itself, and no corner where two of them meet
    return np.asarray(-np.log(np.exp(-SHARP * ground).mean(axis=0)) / SHARP)


def bottom_of(height: NDArray[np.float64], start: int) -> int:
    """Return the index of the bottom that a ball reaches which is let go at index `start` and only rolls down."""
    i = start
    while True:
        around = range(max(i - 1, 0), min(i + 2, len(height)))
        low = min(around, key=lambda j: height[j])
        if height[low] > height[i] - FLAT:
            return i
        i = low


def basin_of(height: NDArray[np.float64], bottom: int) -> tuple[int, int]:
    """Return the first and last index from which a ball rolls to this bottom."""
    home = [i for i in range(len(height)) if bottom_of(height, i) == bottom]
    return home[0], home[-1]


@dataclass(frozen=True)
class Landscape:
    """A landscape in section: what lies in it, where balls start, and which basins are marked.

    balls: where they are let go, 0 to 1; each rolls, and is drawn at both ends of its way.
    new: where a sentence lies that nobody stored, as a diamond on the ground.
    basins: places whose basin is marked by a bar below the ground, and what is written under it.
    """

    told: str
    valleys: tuple[Valley, ...] = ()
    plain: float = 0.0
    balls: tuple[float, ...] = ()
    basins: tuple[tuple[float, str], ...] = ()
    new: tuple[float, ...] = ()

    def with_marks(self, **marks: Any) -> Landscape:
        """Return it with other balls, basins or new sentences."""
        return replace(self, **marks)

    def draw(self) -> Drawing:
        """Return it as a drawing for a player."""
        height = height_of(self.valleys, self.plain)
        y = TOP - (FLOOR - TOP) * height
        points = list(zip(WIDE * across(), y, strict=True))
        path = "M" + "L".join(f"{a:.0f},{b:.1f}" for a, b in points)
        parts = [
            f'<path d="{path}L{WIDE},{GROUND}L0,{GROUND}Z" fill="{PAGE["curve"]}" fill-opacity=".16"/>',
            f'<path d="{path}" {LINE}/>',
        ]
        parts += [_rolled(points, height, start) for start in self.balls]
        parts += [_bar(height, *basin) for basin in self.basins]
        parts += [_named(points, valley) for valley in self.valleys]
        parts += [_diamond(points[_at(place)]) for place in self.new]
        return picture(parts, self.told)


def picture(parts: Sequence[str], told: str) -> Drawing:
    """Return pieces of SVG as a drawing as wide as its place."""
    look = "width:100%;max-width:40rem;height:auto;display:block"
    opening = f'<svg role="img" aria-label="{escape(told)}" style="{look}" viewBox="0 0 {WIDE} {HIGH}"'
    return Drawing(f'{opening} xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>', told)


def label(x: float, y: float, text: str, color: str = "currentColor", anchor: str = "middle") -> str:
    """Return a line of text; on a phone it is still 9 pixels tall."""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="19" fill="{color}">{escape(text)}</text>'


def _at(place: float) -> int:
    """Return the index of a place between 0 and 1."""
    return round(place * (POINTS - 1))


def _rolled(points: list[tuple[float, float]], height: NDArray[np.float64], start: float) -> str:
    """Return a ball where it is let go, its way, and the ball where it comes to rest."""
    a = _at(start)
    b = bottom_of(height, a)
    step = 1 if b >= a else -1
    way = [(x, y - 11) for x, y in points[a : b + step or None : step]] if b != a else [points[a]]
    dots = "M" + "L".join(f"{x:.0f},{y:.1f}" for x, y in way)
    orange = PAGE["lift"]
    (x0, y0), (x1, y1) = way[0], way[-1]
    return (
        f'<path d="{dots}" fill="none" stroke="{orange}" stroke-width="2" stroke-dasharray="2 5"/>'
        f'<circle cx="{x0:.0f}" cy="{y0:.0f}" r="9" fill="none" stroke="{orange}" stroke-width="2.5"/>'
        f'<circle cx="{x1:.0f}" cy="{y1:.0f}" r="9" fill="{orange}"/>'
    )


def _bar(height: NDArray[np.float64], place: float, text: str) -> str:
    """Return the basin of the bottom below a place as a bar with its ends, and its words."""
    low, high = basin_of(height, bottom_of(height, _at(place)))
    a, b = WIDE * low / (POINTS - 1) + 3, WIDE * high / (POINTS - 1) - 3
    color = COLORS["population"]
    bar = (
        f'<path d="M{a:.0f},208v12M{a:.0f},214H{b:.0f}M{b:.0f},208v12" stroke="{color}" stroke-width="3" fill="none"/>'
    )
    return bar + label(min(max((a + b) / 2, 90), WIDE - 90), 240, text)


def _named(points: list[tuple[float, float]], valley: Valley) -> str:
    """Return what stands at the bottom of a valley: a dot if it was stored, and its name."""
    x, y = points[_at(valley.at)]
    dot = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4.5" fill="{COLORS["train"]}"/>' if valley.stored else ""
    return dot + (label(x, y + 22, valley.name) if valley.name else "")


def _diamond(at: tuple[float, float]) -> str:
    """Return the mark of a new sentence on the ground."""
    x, y = at
    return f'<path d="M{x:.0f},{y - 7:.1f}l7,7l-7,7l-7,-7z" fill="{COLORS["held-out"]}"/>'

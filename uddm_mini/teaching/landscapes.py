"""The landscapes of the book: one picture, drawn again for each chapter, which a reader can turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .drawings import Drawing
from .landscape import LINE, Landscape, Valley, label, picture
from .look import COLORS, PAGE
from .player import Player, player

Way = Callable[[float, float], tuple[float, float]]
PLACES = (0.07, 0.17, 0.28, 0.36, 0.46, 0.55, 0.66, 0.75, 0.84, 0.93)


def landscape_of_patterns() -> Player:
    """Return chapter 1's: a valley, two with the basin of one, and a third that nobody dug."""
    one, heart, star = Valley(0.5, 1, 0.13, "heart"), Valley(0.26, 1, 0.085, "heart"), Valley(0.74, 1, 0.085, "star")
    mixture = Valley(0.5, 0.5, 0.045, "a mixture", stored=False)
    first = Landscape("A wide valley named heart; a ball rolls to its bottom", (one,), balls=(0.27,))
    second = Landscape("Two valleys, heart and star; a bar under heart ends at the ridge between them", (heart, star))
    second = second.with_marks(balls=(0.12, 0.4), basins=((0.26, "the basin of heart"),))
    third = Landscape("A shallow valley between heart and star, with a small basin of its own", (heart, mixture, star))
    third = third.with_marks(balls=(0.12, 0.45, 0.9), basins=((0.5, "nobody stored this"),))
    return _turned(
        "A memory as a landscape",
        "picture",
        (
            "one valley",
            "One stored pattern is a valley. A damaged pattern lies on its slope and rolls down: mended.",
            first,
        ),
        ("two valleys", "All starts from which a ball rolls to the same bottom are its basin of attraction.", second),
        ("a third", "Between them a third valley can appear. Nobody stored what lies at its bottom.", third),
    )


def landscape_of_powers() -> Player:
    """Return chapter 2's: the same stored patterns in one valley, and in ever narrower valleys of their own."""
    marks = tuple(Valley(x, 0, 0.1) for x in PLACES)
    blurred = Landscape("Ten dots on the slopes of one valley", (Valley(0.5, 0.9, 0.24, stored=False), *marks))
    narrow, narrower = (
        Landscape(f"Ten dots in ten valleys of width {width}", tuple(Valley(x, 1, width) for x in PLACES))
        for width in (0.035, 0.014)
    )
    balls = (0.02, 0.4, 0.605)
    return _turned(
        "The same ten patterns, more and more sharply",
        "valleys",
        ("wide", "Wide valleys run into one. A ball comes to rest at a bottom that is none of the ten.", blurred),
        ("narrow", "Narrower: between the patterns rise ridges, and each pattern is a bottom.", narrow),
        ("narrower", "Narrower still: a ball must start close to a pattern, or it stays on the plain.", narrower),
        balls=balls,
    )


def landscape_without_height() -> Player:
    """Return chapter 3's: seen from above, arrows that meet at a point, and arrows that go round."""
    sink = [(190, 70), (90, 60), (70, 170), (270, 60), (280, 190), (170, 215)]
    ring = [(450, 25), (360, 190), (560, 70), (545, 215), (463, 118)]
    basin = [_stream(start, _to_point) for start in sink]
    basin.append(f'<circle cx="190" cy="125" r="7" fill="{COLORS["train"]}"/>' + label(190, 240, "stored"))
    loop = [_stream(start, _to_ring) for start in ring]
    return _turned(
        "A basin without a height",
        "picture",
        (
            "a basin",
            "A basin, seen from above. Follow the arrows, update by update: all lead to the same point.",
            picture(basin, "Six arrows spiral into one point"),
        ),
        (
            "a basin and a loop",
            "Right: a loop. Nothing can fall all the way round it, so no energy fits these arrows. The basin stays.",
            picture(basin + loop, "Six arrows spiral into a point; beside it five join a circle and go round it"),
        ),
    )


def landscape_of_sizes() -> Player:
    """Return that of Part III: with more training sentences valleys shrink, and the plain becomes one wide valley."""
    few = "Few training sentences, each in a valley of its own. A new one (diamond) rolls to one that it is not."
    rows = (
        ("few", few, (3, 0.0, 1.0, 0.07)),
        ("more", "More: the valleys are narrower, and the new sentence still rolls away.", (5, 0.1, 1.0, 0.035)),
        ("still more", "Still more: between the valleys the plain itself begins to sink.", (8, 0.3, 0.9, 0.02)),
        ("many", "Many: the plain has nearly reached the bottoms of the valleys.", (12, 0.62, 0.7, 0.012)),
        (
            "very many",
            "One wide valley: the language. Seen or new, a sentence on its floor stays there.",
            (16, 0.97, 0, 0.01),
        ),
    )
    frames = []
    for value, text, (n, plain, depth, width) in rows:
        valleys = tuple(Valley(float(x), depth, width) for x in np.linspace(0.13, 0.87, n))
        told = f"{n} valleys of width {width}; the plain has sunk by {plain:.0%} of their depth"
        frames.append((value, text, Landscape(told, valleys, plain, new=(0.43,))))
    return _turned("From many valleys to one", "training sentences", *frames, balls=(0.02, 0.43, 0.98))


def _turned(
    title: str, axis: str, *frames: tuple[str, str, Landscape | Drawing], balls: tuple[float, ...] = ()
) -> Player:
    """Return landscapes (value on the axis, what is said, the picture) as a player; `balls` start in all of them."""
    shown = []
    for _, text, scene in frames:
        if isinstance(scene, Landscape):
            scene = (scene.with_marks(balls=balls) if balls else scene).draw()
        shown.append((text, scene))
    return player(shown, title, {axis: [value for value, _, _ in frames]}, play=0)


def _to_point(x: float, y: float) -> tuple[float, float]:
    """Return the direction of a slow spiral into the stored point."""
    dx, dy = x - 190, y - 125
    return -dx - 0.5 * dy, -dy + 0.5 * dx


def _to_ring(x: float, y: float) -> tuple[float, float]:
    """Return the direction that joins a circle and goes round it."""
    dx, dy = x - 450, y - 122
    r = float(np.hypot(dx, dy))
    out = 1.2 * (62 - r) / r
    return dx * out - dy, dy * out + dx


def _stream(start: tuple[float, float], way: Way, steps: int = 140) -> str:
    """Return the path along the arrows from a start, with a head at its end."""
    points: list[tuple[float, float]] = [start]
    for _ in range(steps):
        x, y = points[-1]
        u, v = way(x, y)
        speed = float(np.hypot(u, v))
        if speed < 16:  # almost there
            break
        points.append((x + 2 * u / speed, y + 2 * v / speed))
    path = "M" + "L".join(f"{x:.0f},{y:.0f}" for x, y in points[::2])
    turn = _angle(points[-5], points[-1])
    x, y = points[-1]
    place = f"translate({x:.0f},{y:.0f}) rotate({turn:.0f})"
    return f'<path d="{path}" {LINE}/><path d="M8,0L-6,6L-6,-6z" transform="{place}" fill="{PAGE["curve"]}"/>'


def _angle(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the direction from a to b in degrees."""
    return float(np.degrees(np.arctan2(b[1] - a[1], b[0] - a[0])))

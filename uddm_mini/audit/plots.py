"""Plots of a report as SVG: they take the colors of the page, and text that a phone can show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from .finding import plain_number

WIDTH, LEFT, RIGHT = 350, 46, 12  # CSS pixels, as on a phone; a wider page shows them at 1.4 times that at most
TOP, BOTTOM, HEIGHT = 12, 42, 216
ROW = 30  # of a bar or a dot with its name above it
Row = Mapping[str, Any]


def figure(drawing: str, height: float, caption: str) -> str:
    """Return a drawing with its caption, which says in words what is to be seen."""
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(caption, quote=True)}">{drawing}'
        f"</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )


def curves(rows: Sequence[Row], x: str, y: str, names: tuple[str, str], caption: str) -> str:
    """Return shares between 0 and 1 against x between 0 and 1: one line for each "kind", with intervals if there are.

    names: of the two axes.
    """

    def place(a: float, b: float) -> tuple[float, float]:
        return LEFT + a * (WIDTH - LEFT - RIGHT), TOP + (1 - b) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        (left, up), (right, _) = place(0, level), place(1, level)
        parts.append(f'<path class="grid" d="M{left:.1f} {up:.1f}H{right:.1f}"/>')
        parts.append(f'<text x="{left - 6:.1f}" y="{up + 4:.1f}" text-anchor="end">{100 * level:.0f} %</text>')
        across = place(level, 0)
        parts.append(f'<text x="{across[0]:.1f}" y="{across[1] + 16:.1f}" text-anchor="middle">{level:g}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 6}" text-anchor="middle">{names[0]}</text>')
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row for row in rows if row["kind"] == kind and row[y] is not None]
        points = [place(row[x], row[y]) for row in own]
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        parts.append(f'<path class="curve {kind}" d="{path}"/>')
        for row, (a, b) in zip(own, points, strict=True):
            if row.get("low") is not None and row.get("high") is not None:
                ends = [place(row[x], min(1.0, max(0.0, row[end])))[1] for end in ("low", "high")]
                parts.append(f'<path class="whisker {kind}" d="M{a:.1f} {ends[0]:.1f}V{ends[1]:.1f}"/>')
            parts.append(f'<circle class="dot {kind}" cx="{a:.1f}" cy="{b:.1f}" r="3.2"/>')
    return f'<p class="axis">{escape(names[1])}</p>' + figure("".join(parts), HEIGHT, caption)


def intervals(
    rows: Sequence[Row],
    label: str,
    value: str,
    ends: tuple[float, float, float | None],
    caption: str,
    show: Callable[[float], str] = plain_number,
) -> str:
    """Return a dot with its interval for each row, its name above it.

    label, value: the columns of the name and of the number; `low` and `high` may be there, too.
    ends: of the axis, and where a dashed line is drawn (None: nowhere), beside the dots and through no name.
    show: writes a number as the sentences do.
    """
    first, last, line = ends
    span = WIDTH - 2 * RIGHT

    def place(a: float) -> float:
        return RIGHT + (min(last, max(first, a)) - first) / (last - first) * span

    height, parts = ROW * len(rows) + 26, []
    for k, row in enumerate(rows):
        up = ROW * k + 13
        shown = "not measured" if row[value] is None else show(row[value])
        parts.append(f'<text x="{RIGHT}" y="{up}">{escape(str(row[label]))}</text>')
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{up}" text-anchor="end">{shown}</text>')
        parts.append(f'<path class="grid" d="M{RIGHT} {up + 8}H{WIDTH - RIGHT}"/>')
        if line is not None:
            parts.append(f'<path class="mark" d="M{place(line):.1f} {up + 3}V{up + 14}"/>')
        if row[value] is None:
            continue
        kind = row.get("kind", "members")
        if row.get("low") is not None:
            parts.append(f'<path class="thick {kind}" d="M{place(row["low"]):.1f} {up + 8}H{place(row["high"]):.1f}"/>')
        parts.append(f'<circle class="dot {kind}" cx="{place(row[value]):.1f}" cy="{up + 8}" r="4.5"/>')
    marks = [first, last] if line is None else [first, line, last]
    for mark in marks:
        anchor = "start" if mark == first else "end" if mark == last else "middle"
        parts.append(f'<text x="{place(mark):.1f}" y="{height - 6}" text-anchor="{anchor}">{mark:g}</text>')
    return figure("".join(parts), height, caption)


def bars(rows: Sequence[Row], label: str, value: str, caption: str) -> str:
    """Return a bar from 0 for each row, its name and number above it; a row's "kind" is its color and its pattern."""
    most = max((row[value] for row in rows if row[value] is not None), default=0) or 1.0
    parts, step = [], ROW + 6
    for k, row in enumerate(rows):
        up = step * k + 13
        shown = "not measured" if row[value] is None else plain_number(row[value])
        parts.append(f'<text x="{RIGHT}" y="{up}">{escape(str(row[label]))}</text>')
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{up}" text-anchor="end">{shown}</text>')
        wide = (row[value] or 0) / most * (WIDTH - 2 * RIGHT)
        parts.append(f'<rect class="{row["kind"]}" x="{RIGHT}" y="{up + 5}" width="{wide:.1f}" height="9" rx="2"/>')
    return figure("".join(parts), step * len(rows) + 4, caption)

"""What a figure that the reader turns shows on paper and where no script runs: bars with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .look import COLORS

Row = tuple[str, float, str]  # name, value, what its color means

WIDEST = 12  # em, of a bar that is full


def still_bars(rows: Sequence[Row], top: float = 1.0, digits: int = 3) -> str:
    """Return one line of HTML for each row (name, value, meaning): a bar that is full at `top`, and its number."""
    lines = []
    for name, value, meaning in rows:
        look = f"width:{WIDEST * min(value / top, 1):.2f}em;background:{COLORS[meaning]}"
        bar = f'<span style="display:inline-block;height:.8em;outline:1px solid currentColor;{look}"></span>'
        lines.append(f"{bar} {value:.{digits}f} {escape(name)}")
    return f"<p>{'<br>'.join(lines)}</p>"


def told_bars(rows: Sequence[Row], digits: int = 3) -> str:
    """Return the same rows in plain text."""
    return "\n".join(f"{value:.{digits}f}  {name}" for name, value, _ in rows)

"""Figures as pieces of a page: small SVG that a player can show as a frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .look import STYLE

PLAIN: dict[Any, Any] = {"svg.fonttype": "none"}  # text as text: a third of the bytes, and the page's own fonts


@dataclass(frozen=True)
class Drawing:
    """A figure for a player: `svg`, and `told`, what it shows in words, for those who can't see it."""

    svg: str
    told: str
    rows: tuple[()] = ()  # it has no marked words

    def __repr__(self) -> str:
        return self.told

    def body_html(self, styled: bool = True) -> str:
        """Return the figure as HTML; it looks the same, styled or not."""
        return self.svg


def drawing(fig: Figure, told: str) -> Drawing:
    """Return a figure as a `Drawing` as wide as its place, and close it."""
    out = StringIO()
    with mpl.rc_context({**STYLE, **PLAIN}):
        fig.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(fig)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    # what is for other programs; a style sheet would style the whole page
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>|<defs>\s*</defs>", "", svg, flags=re.S)
    used = set(re.findall(r"(?:url\(|href=\")#([^\")]+)", svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: sans-serif", svg)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 sans-serif", svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    # as wide as the page lets it be, and no wider than it was drawn
    look = f"width:100%;max-width:{72 * fig.get_figwidth():g}pt;height:auto;stroke-linejoin:round"
    view = re.search(r'viewBox="[^"]*"', svg)
    assert view is not None
    opening = f'<svg role="img" aria-label="{escape(told)}" style="{look}" {view[0]} xmlns="http://www.w3.org/2000/svg"'
    return Drawing(opening + ' xmlns:xlink="http://www.w3.org/1999/xlink"' + svg[svg.index(">") :], told)

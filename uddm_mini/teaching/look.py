"""Every color of the book, each typed once and named by what it means, and the style of its figures."""

from __future__ import annotations

import sys
from typing import Any

import matplotlib as mpl

BLUE, VERMILION, GRAY = "#0072B2", "#D55E00", "#767676"

# What a curve or a bar shows. After Okabe & Ito: readable with every common color blindness, and on white paper.
COLORS = {
    "train": BLUE,
    "held-out": VERMILION,
    "memorizer": "#A6528A",
    "population": "#00825F",
    "chance": GRAY,
    "noise": "#222222",
    "cavity": "#3D3A9E",
    "posterior": "#B07A00",
}
GRID = "#E4E4E4"  # lines behind a figure, and bands that are left out
OTHER = "#C9C9C9"  # the part of a bar that is none of the above

# Models by size, as color and marker: one hue from light to dark, so that "darker" reads as "larger".
MODELS = (("#C79A1E", "o"), ("#8F6400", "s"), ("#4D3400", "^"), ("#1A1200", "D"))
# The model of the middle size, and what becomes of it with other settings.
VARIANTS = (MODELS[1], ("#4F6D7A", "X"), ("#8FA3AD", "P"))

# Marked words, and the results of checks. Where a word stands on a tint, its own color stays, on white and on black.
RIGHT, WRONG, NOT_YET = "#009E73", VERMILION, GRAY
NEUTRAL = "#808080"  # in the middle of white and black; two more digits make it transparent

# Pictures made of pixels, and what moves on a page.
PAPER, INK = "#F7F5EE", "#16324F"
PAGE = {
    "accent": BLUE,
    "focus": "#56B4E9",
    "frame": f"{NEUTRAL}8C",
    "lattice": "#A9A595",
    "miss": "#E69F00",
    "miss-edge": INK,
    "curve": "#2C87C7",
    "lift": "#D8741A",
}

# A phone shows a figure 340 px wide. Five inches of it are 68 px to the inch, and text of 10 pt is 9.4 px tall.
WIDTH = 5.0  # inches
STYLE: dict[Any, Any] = {
    "figure.figsize": (WIDTH, 3.4),
    "figure.dpi": 120,
    "savefig.dpi": 120,
    "figure.facecolor": "white",
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.5,
    "figure.titlesize": 11,
    "figure.labelsize": 10.5,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.title_fontsize": 10,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.columnspacing": 1.4,
    "axes.formatter.min_exponent": 6,  # 0.001 and not a power, whose exponent a phone shows too small
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "svg.hashsalt": "uddm_mini",  # so that the same figure is the same file
}


def use_style() -> None:
    """Use the book's look for every figure that follows (matplotlib's global settings).

    A notebook shows figures as SVG from here on: sharp however far a reader zooms in, and exactly as wide as drawn.
    """
    mpl.rcParams.update(STYLE)
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        from matplotlib_inline.config import InlineBackend

        inline: Any = InlineBackend.instance(parent=shell)
        # not cut to what is drawn, which would change the size of the text; no date, so that a figure stays one file
        inline.print_figure_kwargs = {"bbox_inches": None, "metadata": {"Date": None, "Creator": None}}
        inline.figure_formats = {"svg"}


def page_css(selector: str) -> str:
    """Return the colors of `PAGE` as CSS variables, --uddm-accent and so on, for what is inside `selector`."""
    return f"{selector} {{ {' '.join(f'--uddm-{name}: {color};' for name, color in PAGE.items())} }}"


def meaning_css(selector: str, *meanings: str) -> str:
    """Return colors of `COLORS` as CSS variables, --uddm-cavity and so on, for what is inside `selector`."""
    return f"\n{selector} {{ {' '.join(f'--uddm-{name}: {COLORS[name]};' for name in meanings)} }}"


def mixed(one: str, other: str, share: float) -> str:
    """Return the color between two: `one` for share 0, `other` for share 1."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a + (b - a) * share) for a, b in pairs).hex()


# The page of an audit, on white and on black.
REPORT = {
    "page": ("#F5F6F8", "#14171B"),
    "card": ("#FFFFFF", "#1D2126"),
    "ink": ("#1B1F24", "#E8EBEF"),
    "soft": ("#59626E", "#A3ACB8"),
    "line": ("#D5DAE1", "#3A414B"),
    "members": (BLUE, "#6CB8E6"),
    "strangers": (VERMILION, "#F08A4B"),
    "memorizing": ("#A8231A", "#FF8A80"),
    "generalizing": ("#006B52", "#5FD3B4"),
    "in-between": ("#7A5200", "#F2C063"),
    "undecided": ("#4A5568", "#B8C1CC"),
}


def report_css(selector: str) -> str:
    """Return the colors of `REPORT` as CSS variables, --audit-page and so on, for what is inside `selector`."""
    light, dark = (" ".join(f"--audit-{name}: {pair[k]};" for name, pair in REPORT.items()) for k in range(2))
    return f"{selector} {{ {light} }}\n@media (prefers-color-scheme: dark) {{ {selector} {{ {dark} }} }}"

"""Figures of the chapter on released checkpoints."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from uddm_mini.models.released_dit import Sizes
from uddm_mini.teaching.drawings import Drawing, drawing
from uddm_mini.teaching.figures import panels
from uddm_mini.teaching.look import COLORS, MODELS

from .released_numbers import LM1B_TOKENS, parts

LINES = (1e-4, 1e-3, 1e-2, 1e-1)  # fractions of LM1B that are drawn


def scale(sizes: Sizes) -> Drawing:
    """Draw where the weights of a network lie, one bar."""
    counted = parts(sizes)
    total = sum(counted.values())
    fig, ax = panels(height=1.6)
    left = 0.0
    for (name, n), color in zip(counted.items(), (model[0] for model in MODELS), strict=False):
        ax.barh([0], [n / total], left=left, color=color, label=f"{name}: {n:,} ({n / total:.0%})")
        left += n / total
    ax.set(xlim=(0, 1), yticks=[], xlabel="share of the weights")
    fig.legend(loc="outside upper center", ncols=1)
    told = ", ".join(f"{name} {n / total:.0%}" for name, n in counted.items())
    return drawing(fig, f"A bar of {total:,} weights: {told}.")


def draw_crossings(ax: Axes, crossings: pd.DataFrame) -> None:
    """Draw the table of `crossings`: a dot with its interval for each law and size, and fractions of LM1B as lines."""
    labels = []
    for place, row in enumerate(crossings.to_dict("records")):
        color = MODELS[place % 3][0]
        ax.plot([row["low"], row["high"]], [place, place], color=color, linewidth=3)
        ax.plot([row["tokens"]], [place], marker=MODELS[place % 3][1], color=color, markersize=8, linestyle="none")
        labels.append(f"{row['size']}: {row['law']}")
    for fraction in LINES:
        ax.axvline(fraction * LM1B_TOKENS, color=COLORS["chance"], linestyle=":", linewidth=1)
        ax.text(fraction * LM1B_TOKENS, -0.9, f"{fraction:g}", ha="center", va="bottom", color=COLORS["chance"])
    ax.set(xscale="log", yticks=range(len(labels)), yticklabels=labels, xlabel="tokens of the corpus at the crossing")
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))  # 10M and not a power, whose exponent a phone shows too small
    ax.set_ylim(len(labels) - 0.5, -1.0)

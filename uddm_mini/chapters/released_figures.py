"""Figures of the chapter on released checkpoints."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from uddm_mini.teaching.look import COLORS, MODELS

from .released_numbers import LM1B_TOKENS

LINES = (1e-4, 1e-3, 1e-2, 1e-1)  # fractions of LM1B that are drawn


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

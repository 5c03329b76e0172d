"""Plots: one color per meaning through the whole book, train solid, held-out dashed, seeds as bands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uddm_mini.experiments.crossing import at_level, by_size
from uddm_mini.files import replacing

from .look import COLORS, STYLE, WIDTH
from .look import use_style as use_style
from .marked_words import Sentences as Sentences
from .marked_words import sentences as sentences
from .marked_words import word_states as word_states

SPLITS = ("train", "held-out")  # the kinds of text that a table tells apart, each in its own color


def panels(rows: int = 1, columns: int = 1, height: float = 2.8, **more: Any) -> tuple[Figure, Any]:
    """Return a figure of the book's width and its Axes, `height` inches for each row of panels.

    What does not fit side by side on a phone stands one below the other. `more` goes to `plt.subplots`.
    """
    return plt.subplots(rows, columns, figsize=(WIDTH, height * rows), **more)


def line_with_band(
    ax: Axes, x: Any, y: Any, meaning: str, label: str | None = None, *, dashed: bool | None = None, **more: Any
) -> None:
    """Draw y against x in the color of `meaning`: the mean over seeds, with a band from minimum to maximum.

    x: n numbers; y: n numbers, or one row of n for each seed. NaN is left out. "held-out" is dashed unless `dashed`
        says otherwise; `more` goes to `Axes.plot`. ValueError for a meaning without a color.
    """
    if meaning not in COLORS:
        raise ValueError(f"{meaning!r} has no color; the meanings are {', '.join(COLORS)}.")
    runs = np.atleast_2d(np.asarray(y, dtype=float))  # [seeds, n]
    there = ~np.isnan(runs).all(axis=0)
    x, runs = np.asarray(x)[there], runs[:, there]
    dashed = meaning == "held-out" if dashed is None else dashed
    style = {"color": COLORS[meaning], "linestyle": "--" if dashed else "-", "marker": "o", "label": label or meaning}
    ax.plot(x, np.nanmean(runs, axis=0), **{**style, **more})
    if len(runs) > 1:
        ax.fill_between(
            x, np.nanmin(runs, axis=0), np.nanmax(runs, axis=0), color=COLORS[meaning], alpha=0.2, linewidth=0
        )


def chance_line(ax: Axes, value: float, label: str = "chance") -> None:
    """Draw a dotted horizontal line at the level of the best constant guess; nothing when it is missing (NaN)."""
    if np.isfinite(value):
        ax.axhline(value, color=COLORS["chance"], linestyle=":", linewidth=1.6, label=label)


def size_axis(ax: Axes, sizes: Sequence[int]) -> None:
    """Give `ax` a logarithmic axis of training-set sizes with the sizes themselves as ticks."""
    ax.set_xscale("log", base=2)
    ax.set_xlabel("training sentences")
    shown = sorted(set(sizes))
    shown = shown[:: -(-len(shown) // 6)]  # at most six labels fit
    ax.set_xticks(shown, [f"{n:,}" for n in shown])
    ax.minorticks_off()


def word_bars(ax: Axes, log_p: Any, words: Sequence[str], truth: str | None = None, top: int = 6) -> None:
    """Draw the `top` most probable words of one position, log_p [V] in nats; mark the true word with a star."""
    p = np.exp(np.asarray(log_p, dtype=float))
    best = np.argsort(-p)[:top][::-1]
    names = [f"{words[i]} ★" if words[i] == truth else words[i] for i in best]
    ax.barh(names, p[best], color=[COLORS["population" if words[i] == truth else "chance"] for i in best])
    ax.set_xlim(0, 1)
    ax.set_xlabel("probability")
    ax.grid(axis="y", visible=False)


def transition(
    table: pd.DataFrame,
    bounds: pd.DataFrame | None = None,
    t: float = 0.25,
    *,
    unit: str = "word",
) -> Figure:
    """Draw token recovery at noise level t, and cavity entropy at t -> 0, against n_train.

    `table` and `bounds` as `run_sweep` and `sweep_bounds` return them: models in the colors of their split with the
        range over seeds as a band, perfect denoisers as thin lines, chance dotted. `unit` is what a token is called.
    """
    table = at_level(table, t)
    bounds = None if bounds is None or bounds.empty else at_level(bounds, t)
    fig, axes = panels(2, height=3.3)
    for ax, column in zip(axes, ("recovered", "entropy"), strict=True):
        if bounds is not None:
            draw_bounds(ax, bounds, column)
        for split in SPLITS:
            runs = by_size(table, column, split=split)
            line_with_band(ax, runs.index, runs.to_numpy().T, split, f"model, {split} text")
        size_axis(ax, table["n_train"].tolist())
    chance_line(axes[0], float(table["chance"].mean()))
    axes[0].set(ylim=(0, 1.03), ylabel=f"changed {unit}s recovered", title=f"Which {unit}s come back? ($t$ = {t:g})")
    axes[1].set(ylabel=f"entropy (nats per {unit})", title="How unsure is the model? ($t$ → 0)")
    axes[1].set_ylim(bottom=0)
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)
    return fig


def draw_bounds(ax: Axes, bounds: pd.DataFrame, column: str) -> None:
    """Draw a column of `sweep_bounds`, for one noise level, against n_train: thin lines without markers."""
    curves = [("memorizer", split, f"memorizer, {split} text") for split in SPLITS]
    curves += [("population", "held-out", "population")]  # it does not know what was trained on: one curve is enough
    for name, split, label in curves:
        runs = by_size(bounds, column, denoiser=name, split=split)
        if runs.empty:
            continue
        dashed = name == "memorizer" and split == "held-out"
        line_with_band(ax, runs.index, runs.to_numpy().T, name, label, dashed=dashed, linewidth=1.3, marker="")


def save_transition(
    table: pd.DataFrame, bounds: pd.DataFrame | None, out_folder: str | Path, title: str, unit: str = "word"
) -> None:
    """Write transition.png and transition.svg into `out_folder`, each in one step, without dates or versions."""
    with mpl.rc_context(STYLE):
        fig = transition(table, bounds, unit=unit)
        fig.suptitle(title)
        for kind, nothing in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
            with replacing(Path(out_folder) / f"transition.{kind}") as temporary:
                fig.savefig(temporary, format=kind, metadata=nothing)
        plt.close(fig)

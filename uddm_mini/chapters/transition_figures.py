"""Plots of the transition: many noise levels at once, and several models in one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uddm_mini.experiments.crossing import Crossing, at_level, by_size, curves_by_size
from uddm_mini.teaching.figures import SPLITS, chance_line, draw_bounds, line_with_band, panels, size_axis
from uddm_mini.teaching.look import COLORS, MODELS
from uddm_mini.teaching.look import VARIANTS as VARIANTS


def recovery_panels(
    table: pd.DataFrame,
    bounds: pd.DataFrame | None = None,
    times: Sequence[float] = (0.05, 0.1, 0.5, 1.0),
    *,
    unit: str = "word",
) -> Figure:
    """Draw token recovery against n_train, one panel for each noise level in `times`, two panels in a row.

    `table` as `run_sweep` returns it, `bounds` as `sweep_bounds` does. Bands are the range over seeds.
    """
    sizes = sorted(table["n_train"].unique().tolist())
    rows = -(-len(times) // 2)
    fig, axes = panels(rows, 2, sharex=True, sharey=True, squeeze=False)
    for ax in axes.flat[len(times) :]:
        ax.set_visible(False)
    for ax, t in zip(axes.flat, times, strict=False):
        at_t = at_level(table, t)
        if bounds is not None:
            draw_bounds(ax, at_level(bounds, t), "recovered")
        for split in SPLITS:
            runs = by_size(at_t, "recovered", split=split)
            line_with_band(ax, runs.index, runs.to_numpy().T, split, f"model, {split} text", markersize=3)
        chance_line(ax, float(at_t["chance"].mean()))
        size_axis(ax, sorted({sizes[0], sizes[len(sizes) // 3], sizes[2 * len(sizes) // 3], sizes[-1]}))
        ax.set(ylim=(0, 1.03), title=f"$t$ = {t:g}")
        ax.label_outer()
    fig.supylabel(f"changed {unit}s recovered")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)
    return fig


def draw_gaps(
    ax: Axes,
    tables: Mapping[str, pd.DataFrame],
    t: float = 0.25,
    crossings: Mapping[str, Crossing] | None = None,
    styles: Sequence[tuple[str, str]] = MODELS,
) -> None:
    """Draw train minus held-out recovery at noise level t against n_train: one curve for each labeled table.

    The mean over seeds with a band from minimum to maximum. `crossings` of the same labels add a dot on each curve,
    with its interval. `styles` are colors and markers, in the order of the tables: by default models, small to large.
    ValueError if there are fewer styles than tables.
    """
    check_styles(tables, styles)
    sizes: set[int] = set()
    for (label, table), (color, marker) in zip(tables.items(), styles, strict=False):
        curves = curves_by_size(table, "gap", t)
        sizes |= set(curves.index)
        ax.plot(curves.index, curves.mean(axis=1), color=color, marker=marker, label=label)
        ax.fill_between(curves.index, curves.min(axis=1), curves.max(axis=1), color=color, alpha=0.2, linewidth=0)
        if crossings and label in crossings:
            found = crossings[label]
            ax.plot([found.low, found.high], [found.value] * 2, color=color, linewidth=6, alpha=0.45)
            ax.plot(found.n, found.value, marker="o", color="white", markeredgecolor=color, markersize=8, zorder=5)
    ax.axhline(0, color=COLORS["chance"], linewidth=1)
    size_axis(ax, sorted(sizes))
    ax.set_ylabel(f"recovery at $t$ = {t:g},\ntraining minus held-out text")


def draw_crossings(
    ax: Axes,
    weights: Mapping[str, float],
    crossings: Mapping[str, Crossing],
    styles: Sequence[tuple[str, str]] = MODELS,
) -> None:
    """Draw crossings against the number of weights, both logarithmic: bars are intervals, small dots single seeds.

    `styles` are as in `draw_gaps`; ValueError if there are fewer styles than crossings.
    """
    check_styles(crossings, styles)
    for (label, found), (color, marker) in zip(crossings.items(), styles, strict=False):
        x = weights[label]
        ax.plot([x, x], [found.low, found.high], color=color, linewidth=6, alpha=0.45)
        ax.plot(x, found.n, marker=marker, color=color, markersize=8, label=label)
        seeds = list(found.each.values())
        ax.plot(np.full(len(seeds), x * 1.15), seeds, ".", color=color, markersize=5)
    ax.set_xscale("log")
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ticks = [n for n in np.outer(2 ** np.arange(3, 14), (1, 1.25, 1.5, 1.75)).ravel() if low <= n <= high]
    ax.set_yticks(ticks, [f"{n:,.0f}" for n in ticks])
    ax.set_xticks([weights[label] for label in crossings], [f"{weights[label]:,.0f}" for label in crossings])
    ax.minorticks_off()
    ax.set(xlabel="weights of the model", ylabel="crossing, in training sentences")


def check_styles(curves: Mapping[str, object], styles: Sequence[object]) -> None:
    """Refuse to leave a curve out for want of a style."""
    if len(curves) > len(styles):
        raise ValueError(f"There are {len(curves)} curves but {len(styles)} styles; draw fewer curves at once.")

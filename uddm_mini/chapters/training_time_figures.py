"""Figures of the chapter on training time: curves against steps, and two times against the number of sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uddm_mini.teaching.figures import SPLITS, line_with_band, panels, size_axis
from uddm_mini.teaching.look import COLORS

NAMES = {
    "recovered": "changed words\nrecovered",
    "nelbo": "NELBO\n(nats per word)",
    "entropy": "entropy\n(nats per word)",
}
# the two times, as color, marker and line: what it becomes then has the color already
TIMES = {"generalizes": (COLORS["population"], "s", "-."), "memorizes": (COLORS["memorizer"], "o", ":")}


def course_panels(
    table: pd.DataFrame,
    shown: Sequence[tuple[int, str]],
    *,
    times: pd.DataFrame | None = None,
    level: float | None = None,
    height: float = 2.2,
) -> Figure:
    """Draw what is seen of networks against the steps of their training, two panels in a row, both splits.

    table: as `training_course` returns it, or with other columns; bands are the range over seeds
    shown: (n_train, column) of each panel; panels of one column share their limits
    times: as `turning_points` returns them; vertical lines, at the geometric mean over seeds
    level: a horizontal line, what a denoiser has that knows the language
    """
    rows = -(-len(shown) // 2)
    fig, axes = panels(rows, 2, height, sharex=True, squeeze=False)
    for ax in axes.flat[len(shown) :]:
        ax.set_visible(False)
    for ax, (n, column) in zip(axes.flat, shown, strict=False):
        part = table[table["n_train"] == n]
        if part.empty:
            raise ValueError(f"The table has no n_train = {n}; it has {sorted(table['n_train'].unique().tolist())}.")
        for split in SPLITS:
            runs = part[part["split"] == split].pivot(index="step", columns="seed", values=column)
            line_with_band(ax, runs.index, runs.to_numpy().T, split, f"{split} text", markersize=2.5)
        if times is not None:
            mark_times(ax, times[times["n_train"] == n])
        if level is not None:
            ax.axhline(level, color=COLORS["population"], linewidth=1.3, label="the language itself")
        ax.set_title(f"{n:,} sentences")
        step_axis(ax, int(table["step"].max()))
        of_column = table[table["n_train"].isin([m for m, name in shown if name == column])][column]
        if column == "entropy":  # from ln V down to some hundredths
            ax.set_yscale("log")
            ax.set_yticks((0.03, 0.1, 0.3, 1, 3), ("0.03", "0.1", "0.3", "1", "3"))
            ax.set_ylim(0.8 * of_column.min(), 1.2 * of_column.max())
        else:
            ax.set_ylim(0, 1.05 * of_column.max())
        ax.minorticks_off()
    for ax, (_, column) in zip(axes.flat[::2], shown[::2], strict=False):
        ax.set_ylabel(NAMES.get(column, column))
    for ax in axes.flat[max(0, len(shown) - 2) : len(shown)]:
        ax.set_xlabel("steps of training")
    _one_legend(fig, axes.flat[0])
    return fig


def step_axis(ax: Axes, last: int) -> None:
    """Give `ax` a logarithmic axis of steps, with the powers of ten and the last step as ticks."""
    ax.set_xscale("log")
    ticks = [*(10**k for k in range(1, 9) if 10**k <= last / 4), last]
    ax.set_xticks(ticks, [f"{k:,}" for k in ticks])


def mark_times(ax: Axes, times: pd.DataFrame) -> None:
    """Draw vertical lines where the seeds generalize and memorize, in the geometric mean; none where one never does."""
    for name, (color, _, style) in TIMES.items():
        each = times[name].to_numpy(dtype=float)
        if len(each) and np.isfinite(each).all() and (each > 0).all():
            ax.axvline(float(np.exp(np.log(each).mean())), color=color, linestyle=style, linewidth=1.5, label=name)


def draw_times(ax: Axes, times: pd.DataFrame, last: int) -> None:
    """Draw both times of `turning_points` against n_train, both axes logarithmic: seeds as marks, means as lines.

    The line goes through the sizes that every seed has reached (geometric mean). Times that are infinite stand as
    arrows at `last`, the end of training. A thin line grows in proportion to n; it may leave the figure.
    """
    for name, (color, marker, style) in TIMES.items():
        wide = times.pivot(index="n_train", columns="seed", values=name)
        for seed in wide:
            ok = np.isfinite(wide[seed]) & (wide[seed] > 0)
            ax.plot(wide.index[ok], wide[seed][ok], marker, color=color, markersize=4.5, alpha=0.6)
        whole = wide[(np.isfinite(wide) & (wide > 0)).all(axis=1)]
        mean = np.exp(np.log(whole).mean(axis=1))
        ax.plot(mean.index, mean, color=color, linestyle=style, marker=marker, markersize=3, label=name)
        infinite = np.isinf(wide)
        for never, who, face in (
            (infinite.all(axis=1), "no seed", "none"),
            (infinite.any(axis=1) & ~infinite.all(axis=1), "not all seeds", color),
        ):
            if never.any():
                label, n = f"{who} within {last:,} steps", wide.index[never]
                ax.plot(n, [last] * len(n), "^", color=color, markerfacecolor=face, markersize=8, label=label)
        if name == "memorizes" and len(mean):
            n = np.array([mean.index.min(), times["n_train"].max()], dtype=float)
            line = float(mean.iloc[0]) * n / n[0]
            ax.plot(n, line, color=COLORS["chance"], linewidth=1, label="in proportion to $n$")
    ax.set_yscale("log")
    ax.set_ylim(top=1.6 * last)
    size_axis(ax, times["n_train"].tolist())
    ticks = [k for k in (10, 30, 100, 300, 1000, 3000, 10_000, 30_000) if ax.get_ylim()[0] <= k <= ax.get_ylim()[1]]
    ax.set_yticks(ticks, [f"{k:,}" for k in ticks])
    ax.minorticks_off()
    ax.set_ylabel("steps of training")


def _one_legend(fig: Figure, ax: Axes) -> None:
    """Put one legend for all panels below them."""
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)

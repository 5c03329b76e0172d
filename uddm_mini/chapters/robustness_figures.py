"""Figures of grids in which one thing was changed: recovery, crossings, the shape of the passage, copies, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uddm_mini.experiments.crossing import Crossing, at_level, by_size, curves_by_size
from uddm_mini.teaching.drawings import drawing
from uddm_mini.teaching.figures import SPLITS, chance_line, line_with_band, panels, size_axis
from uddm_mini.teaching.look import COLORS, MODELS
from uddm_mini.teaching.player import Player, player

from .ledger import T
from .transition_figures import check_styles

# marker and color of a verdict, and whether the marker is filled: readable without color
MARKS = {
    1.0: ("s", COLORS["memorizer"], True, "memorizes"),
    0.0: ("D", COLORS["chance"], False, "undecided"),
    -1.0: ("o", COLORS["population"], True, "generalizes"),
}
TICKS = (16, 128, 1024, 8192)


def recovery_multiples(
    sweeps: Mapping[str, pd.DataFrame], found: Mapping[str, Crossing], labels: Mapping[str, str], usual: float
) -> Figure:
    """Draw recovery at t = 0.25 of both splits against n_train, one panel for each grid, two in a row.

    A solid upright line and the number in the title are the crossing in `found`; an upright line of dots and dashes is
    the crossing `usual` of the grid without a change. Bands are the range over seeds.
    """
    rows = -(-len(sweeps) // 2)
    fig, axes = panels(rows, 2, height=1.75, sharex=True, sharey=True, squeeze=False)
    for ax in axes.flat[len(sweeps) :]:
        ax.set_visible(False)
    for ax, (name, table) in zip(axes.flat, sweeps.items(), strict=False):
        at = at_level(table, T)
        for split in SPLITS:
            runs = by_size(at, "recovered", split=split)
            line_with_band(ax, runs.index, runs.to_numpy().T, split, f"{split} text", markersize=2.5)
        chance_line(ax, float(at["chance"].mean()))
        ax.axvline(found[name].n, color=COLORS["noise"], linewidth=1.2, label="its crossing")
        ax.axvline(usual, color=COLORS["noise"], linewidth=1.2, linestyle="-.", label="the usual one")
        size_axis(ax, TICKS)
        ax.set(ylim=(0, 1.05), title=f"{labels[name]}: {found[name].n:.0f}", xlabel="")
    if len(sweeps) % 2 and rows > 1:
        axes[-2, 1].tick_params(labelbottom=True)  # below it no panel has the sizes
    fig.supylabel(f"changed words recovered, $t$ = {T:g}")
    fig.supxlabel("training sentences")
    handles, names = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper center", ncols=3)
    return fig


def overlays(
    sweeps: Mapping[str, pd.DataFrame],
    found: Mapping[str, Crossing],
    labels: Mapping[str, str],
    usual: tuple[pd.DataFrame, Crossing],
) -> Player:
    """Return a slider that lays each grid over the `usual` one, (table, crossing): recovery at t = 0.25, crossings."""
    frames = []
    for name, table in sweeps.items():
        fig, ax = panels(height=3.6)
        for one, at, look in ((usual[0], usual[1], "as before"), (table, found[name], labels[name])):
            here = one is table
            for split in SPLITS:
                mean = by_size(at_level(one, T), "recovered", split=split).mean(axis=1)
                color = COLORS[split] if here else COLORS["chance"]
                style = "--" if split == "held-out" else "-"
                ax.plot(mean.index, mean, style, color=color, marker="o" if here else "", label=f"{look}, {split}")
            ax.axvline(at.n, color=COLORS["noise"] if here else COLORS["chance"], linewidth=1.2)
        size_axis(ax, TICKS)
        ax.set(ylim=(0, 1.05), ylabel=f"words recovered, $t$ = {T:g}")
        fig.legend(loc="outside lower center", ncols=2)
        told = f"{labels[name]}: crosses at {_places(found[name])}; as before: {_places(usual[1])}."
        frames.append((told, drawing(fig, f"Recovery of {labels[name]} over the usual one. {told}")))
    return player(frames, "One change, laid over the usual network", {"change": [labels[k] for k in sweeps]}, play=0)


def _places(crossing: Crossing) -> str:
    """Say where a grid crosses, with every seed on its own."""
    return f"{crossing.n:.0f} (seeds {', '.join(f'{n:.0f}' for n in sorted(crossing.each.values()))})"


def draw_places(ax: Axes, found: Mapping[str, Crossing], labels: Mapping[str, str], usual: Crossing) -> None:
    """Draw one crossing with its interval in each row, and the interval of the usual one as a band behind them all.

    Small dots are single seeds. `labels` names the rows; the first of `found` is on top.
    """
    ax.axvspan(usual.low, usual.high, color=COLORS["train"], alpha=0.25, linewidth=0)
    ax.axvline(usual.n, color=COLORS["train"], linewidth=1)
    for row, crossing in enumerate(found.values()):
        color = COLORS["noise"]
        ax.plot([crossing.low, crossing.high], [row, row], color=color, linewidth=6, alpha=0.35, solid_capstyle="butt")
        ax.plot(crossing.n, row, "o", color=color, markersize=6)
        seeds = list(crossing.each.values())
        ax.plot(seeds, np.full(len(seeds), row + 0.32), ".", color=color, markersize=4)
    ax.set_yticks(range(len(found)), [labels[name] for name in found])
    ax.set_ylim(len(found) - 0.4, -0.6)
    ax.set_xscale("log", base=2)
    low, high = ax.get_xlim()
    ticks = [n for n in (16, 24, 32, 48, 64, 96, 128, 192, 256) if low <= n <= high]
    ax.set_xticks(ticks, [str(n) for n in ticks])
    ax.minorticks_off()
    ax.set_xlabel("crossing, in training sentences")
    ax.grid(axis="y", visible=False)


def draw_passages(ax: Axes, sweeps: Mapping[str, pd.DataFrame], found: Mapping[str, Crossing]) -> None:
    """Draw the gap of recovery, as a share of its first value, against n_train over the crossing of each grid.

    Keys are what the legend calls the grids. Where a passage is sharper its curve is steeper. ValueError for more than
    four grids.
    """
    check_styles(sweeps, MODELS)
    styles = zip(MODELS, ("-", "--", "-.", ":"), strict=True)  # the darkest colors look alike
    for (name, table), ((color, marker), dashes) in zip(sweeps.items(), styles, strict=False):
        gap = curves_by_size(table, "gap", T).mean(axis=1)
        ax.plot(gap.index / found[name].n, gap / gap.iloc[0], dashes, color=color, marker=marker, label=name)
    for level in (0.75, 0.25):
        ax.axhline(level, color=COLORS["chance"], linewidth=1, linestyle=":")
    ax.set_xscale("log", base=2)
    ticks = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16)
    ax.set_xticks(ticks, ["1/8", "1/4", "1/2", *(str(n) for n in ticks[3:])])
    ax.minorticks_off()
    ax.set(xlabel="training sentences over the crossing", ylabel="gap, share of its first value", xlim=(0.09, 16))
    ax.legend()


def draw_copies(axes: Sequence[Axes], table: pd.DataFrame) -> None:
    """Draw against the number of copies what a network writes of a group (above) and brings back whole (below).

    `table` as `duplicated_sentences` returns it: one curve for each number of distinct sentences, one small dot for
    each seed. Copies 0, held-out sentences, stand on the left. The dotted line is `expected`, the language's own share
    of a group of 16.
    """
    sizes = sorted(table["n_train"].unique())
    check_styles(dict.fromkeys(map(str, sizes)), MODELS)
    counts = sorted(table["copies"].unique())
    places = np.arange(len(counts))
    for ax, column in zip(axes, ("written", "exact"), strict=True):
        for n, (color, marker) in zip(sizes, MODELS, strict=False):
            runs = table[table["n_train"] == n].pivot_table(column, "copies", "seed")
            ax.plot(places, runs.mean(axis=1), color=color, marker=marker, label=f"{n:,} sentences")
            for seed in runs:
                ax.plot(places, runs[seed], ".", color=color, markersize=4)
        ax.set_xticks(places, ["held-out" if k == 0 else str(k) for k in counts])
        ax.set_xlabel("copies of each sentence in the training text")
    chance_line(axes[0], float(table["expected"].mean()), "the language itself, all 16")
    axes[0].set_yscale("symlog", linthresh=1e-4)
    axes[0].set_yticks([0, 1e-4, 1e-3, 1e-2, 1e-1], ["0", "0.0001", "0.001", "0.01", "0.1"])
    axes[0].set(ylabel="share of what it writes,\nthe 16 sentences together", ylim=(0, 0.5))
    axes[0].minorticks_off()
    axes[1].set(ylabel="whole sentences back, $t$ = 0.5", ylim=(0, 1))
    axes[0].legend()


def draw_verdicts(
    ax: Axes, found: Mapping[str, pd.DataFrame], crossings: Mapping[str, Crossing], labels: Mapping[str, str]
) -> None:
    """Draw what the probe said of every model: a row for each grid, its seeds one below the other, against n_train.

    `found`: verdicts, rows seeds and columns n_train, as `robustness_tables.verdicts` returns them. An upright line in
    each row is the crossing of the grid.
    """
    for row, (name, table) in enumerate(found.items()):
        offsets = np.linspace(-0.24, 0.24, len(table)) if len(table) > 1 else [0.0]
        for offset, (_, verdicts) in zip(offsets, table.iterrows(), strict=True):
            for verdict, (marker, color, filled, _) in MARKS.items():
                sizes = verdicts.index[verdicts == verdict]
                face = color if filled else "none"
                ax.plot(sizes, [row + offset] * len(sizes), marker, color=color, markerfacecolor=face, markersize=5)
        ax.plot([crossings[name].n] * 2, [row - 0.45, row + 0.45], color=COLORS["noise"], linewidth=1.5)
    for marker, color, filled, word in MARKS.values():
        ax.plot([], [], marker, color=color, markerfacecolor=color if filled else "none", markersize=5, label=word)
    ax.plot([], [], color=COLORS["noise"], linewidth=1.5, label="recovery crosses")
    ax.set_yticks(range(len(found)), [labels[name] for name in found])
    ax.set_ylim(len(found) - 0.4, -0.6)
    size_axis(ax, (16, 64, 256, 1024, 8192))
    ax.grid(axis="y", visible=False)

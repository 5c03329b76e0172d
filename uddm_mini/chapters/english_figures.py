"""Figures of the chapter about English: four networks at once, sentences seen, sides, kinds of words, and the law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uddm_mini.experiments.crossing import at_level, by_size
from uddm_mini.teaching.figures import SPLITS, chance_line, panels, size_axis
from uddm_mini.teaching.look import COLORS, MODELS

from .entropy_probe_figures import SAID
from .ledger import T
from .transition_figures import check_styles

DASHES = {"train": "-", "held-out": "--"}
KINDS_SAID = {
    "function": "function words",
    "content": "content words",
    "begins": "first pieces",
    "goes-on": "later pieces",
}
YARDSTICKS = (("triples", "-."), ("pairs", ":"), ("memorizer", (0, (1, 3))))


def draw_models(ax: Axes, tables: Mapping[str, pd.DataFrame], column: str) -> None:
    """Draw a column of several sweeps against n_train at t = 0.25: training text solid, held-out dashed.

    The mean over seeds with a band from minimum to maximum; darker is the larger model, in the order of the tables.
    ValueError if there are more than four.
    """
    check_styles(tables, MODELS)
    sizes: set[int] = set()
    for (label, table), (color, marker) in zip(tables.items(), MODELS, strict=False):
        for split in SPLITS:
            runs = by_size(at_level(table, T), column, split=split)
            style: dict[str, Any] = {"color": color, "linestyle": DASHES[split], "marker": marker}
            ax.plot(runs.index, runs.mean(axis=1), label=label if split == "train" else None, **style)
            ax.fill_between(runs.index, runs.min(axis=1), runs.max(axis=1), color=color, alpha=0.2, linewidth=0)
            sizes |= set(runs.index)
    size_axis(ax, sorted(sizes))


def recovery_of_models(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw recovery of both splits for each sweep, and once more the lower quarter, in which held-out text rises."""
    fig, axes = panels(2, height=3.0, sharex=True)
    chance = float(np.mean([at_level(table, T)["chance"].mean() for table in tables.values()]))
    for ax in axes:
        draw_models(ax, tables, "recovered")
        chance_line(ax, chance)
    fig.supylabel("changed subwords recovered")
    axes[0].set(ylim=(0, 1.03), xlabel="", title=f"solid: training text, dashed: held-out text ($t$ = {T:g})")
    axes[1].set(ylim=(0, 0.3), title="the same, enlarged")
    _legend(fig, axes[0])
    return fig


def nats_of_models(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw entropy at t -> 0 and the NELBO of both splits for each sweep; nats on the left, bits on the right."""
    fig, axes = panels(2, height=3.0, sharex=True)
    for ax, column, title in zip(
        axes, ("entropy", "nelbo"), ("entropy at $t$ → 0", "NELBO: what the text costs"), strict=True
    ):
        draw_models(ax, tables, column)
        ax.set(ylabel="nats per subword", title=title)
        ax.set_ylim(bottom=0)
        bits = ax.secondary_yaxis("right", functions=(lambda nats: nats / np.log(2), lambda bits: bits * np.log(2)))
        bits.set_ylabel("bits")
    axes[0].set_xlabel("")
    _legend(fig, axes[0])
    return fig


def _legend(fig: Figure, ax: Axes) -> None:
    """Put one legend for all panels below them."""
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)


def draw_courses(
    ax: Axes, courses: Mapping[str, pd.DataFrame], yardsticks: pd.DataFrame | None, column: str = "recovered"
) -> None:
    """Draw a column of held-out text against sentences seen, and denoisers that are no networks as level lines.

    courses: for each network a table with the columns sentences, seed and `column`; every seed is a small point, and
        a line goes through the means.
    yardsticks: index denoiser ("triples", "pairs", "memorizer": whichever there are), with `column`; or None.
    """
    check_styles(courses, MODELS)
    for (label, course), (color, marker) in zip(courses.items(), MODELS[4 - len(courses) :], strict=True):
        means = course.groupby("sentences")[column].mean()
        ax.plot(means.index, means, color=color, marker=marker, label=label)
        ax.plot(course["sentences"], course[column], linestyle="none", color=color, marker=marker, markersize=3)
    known = [] if yardsticks is None else [(name, dash) for name, dash in YARDSTICKS if name in yardsticks.index]
    for name, dash in known:
        label = name if name == "memorizer" else f"table of {name}"
        color = COLORS["memorizer" if name == "memorizer" else "population"]
        ax.axhline(float(yardsticks.loc[name, column]), color=color, linestyle=dash, linewidth=1.4, label=label)  # type: ignore[union-attr,arg-type]
    seen = sorted({int(s) for course in courses.values() for s in course["sentences"]})
    ax.set_xscale("log")
    ax.set_xticks(seen, [f"{s:,}" if s < 1e6 else f"{s / 1e6:.1f} million" for s in seen])
    ax.minorticks_off()
    ax.set_xlabel("sentences seen in training")


def draw_sides(ax: Axes, found: pd.DataFrame, crossing: float, limit: float) -> None:
    """Draw the probe's score of every model of one network against its training sentences, by verdict.

    One row of `found` per model: n_train, score and verdict. Dotted: the crossing; dashed: the threshold `limit`.
    """
    for verdict, (meaning, marker) in SAID.items():
        part = found[found["verdict"] == verdict]
        style: dict[str, Any] = {"color": COLORS[meaning], "marker": marker, "s": 26, "linewidth": 0}
        ax.scatter(part["n_train"], part["score"], label=verdict, **style)
    ax.axhline(limit, color=COLORS["noise"], linestyle="--", linewidth=1.3, label="threshold")
    ax.axvline(crossing, color=COLORS["chance"], linewidth=1, linestyle=":", label="crossing")
    size_axis(ax, found["n_train"].tolist())
    ax.set_ylabel("score")


def draw_kinds(ax: Axes, numbers: pd.DataFrame) -> None:
    """Draw a number of each kind of word (rows, from the top) for several denoisers (columns).

    The first two columns are a memory and a table of counts, the others networks from small to large.
    """
    styles = ((COLORS["memorizer"], "x"), (COLORS["population"], "P"), *MODELS[2:])
    check_styles(dict.fromkeys(numbers.columns), styles)
    places = np.arange(len(numbers))
    for label, (color, marker) in zip(numbers.columns, styles, strict=False):
        ax.plot(numbers[label], places, linestyle="none", marker=marker, color=color, markersize=8, label=label)
    ax.set_yticks(places, [KINDS_SAID.get(str(kind), str(kind)) for kind in numbers.index])
    ax.set_ylim(len(numbers) - 0.5, -0.5)

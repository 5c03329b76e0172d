"""Figures of the entropy probe: entropy against the training set, and how well it tells models and sentences apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from uddm_mini.experiments.crossing import by_size
from uddm_mini.probes.roc import roc
from uddm_mini.teaching.figures import SPLITS, chance_line, line_with_band, size_axis
from uddm_mini.teaching.look import COLORS, MODELS

from .transition_figures import check_styles

SIDES = {True: ("memorizer", "memorizing"), False: ("population", "generalizing")}  # the color and name of a side
LINES = (("-", "train"), ("--", "noise"), ("-.", "held-out"), (":", "posterior"))  # of ROC curves
SAID = {"memorizes": ("memorizer", "o"), "undecided": ("chance", "X"), "generalizes": ("population", "^")}


def draw_entropy(ax: Axes, sweep: pd.DataFrame, bounds: pd.DataFrame, written: pd.DataFrame, cross: float) -> None:
    """Draw cavity entropy at t -> 0 against n_train: of training, held-out and written text, and of what is perfect.

    `sweep` as `run_sweep` returns it, `bounds` as `sweep_bounds` does; `written`: entropy in nats of the text that the
    models wrote, rows n_train, columns seeds. A dotted line marks `cross`. Bands are the range over seeds.
    """
    language = float(bounds.loc[bounds["denoiser"] == "population", "entropy"].mean())
    ax.axhline(language, color=COLORS["population"], linewidth=1.3, label="the language itself")
    reciter = by_size(bounds, "entropy", denoiser="memorizer", split="held-out")
    thin: dict[str, Any] = {"dashed": True, "linewidth": 1.3, "marker": ""}
    line_with_band(ax, reciter.index, reciter.to_numpy().T, "memorizer", "memorizer, held-out", **thin)
    for split in SPLITS:
        runs = by_size(sweep, "entropy", split=split)
        line_with_band(ax, runs.index, runs.to_numpy().T, split, f"model, {split} text")
    of_written = written.to_numpy().T
    line_with_band(ax, written.index, of_written, "noise", "model, text it wrote", linestyle="-.", marker="s")
    ax.axvline(cross, color=COLORS["chance"], linewidth=1, linestyle=":", label="recovery crosses")
    size_axis(ax, written.index.tolist())
    ax.set(ylabel="entropy at $t$ → 0 (nats per word)", ylim=(0, None))


def draw_detector(ax: Axes, models: pd.DataFrame, titles: Mapping[str, str], limit: float | None = None) -> None:
    """Draw one number of each model against its distance from the crossing.

    One row of `models` per model: case (a key of `titles`), position (n_train over the crossing), value and memory
    (True or False). Colors tell the side, markers the case; the dashed line is the threshold `limit`.
    """
    check_styles(titles, MODELS)
    for (name, title), (_, marker) in zip(titles.items(), MODELS, strict=False):
        for memory, (meaning, _) in SIDES.items():
            part = models[(models["case"] == name) & (models["memory"] == memory)]
            ax.scatter(part["position"], part["value"], color=COLORS[meaning], marker=marker, s=22, linewidth=0)
        ax.scatter([], [], color=COLORS["chance"], marker=marker, s=22, label=title)
    for meaning, label in SIDES.values():
        ax.fill_between([], [], color=COLORS[meaning], label=label)
    if limit is not None:
        ax.axhline(limit, color=COLORS["noise"], linestyle="--", linewidth=1.3, label="threshold")
    ax.axvline(1, color=COLORS["chance"], linewidth=1, linestyle=":")
    _position_axis(ax)


def draw_roc(ax: Axes, scores: Mapping[str, pd.DataFrame]) -> None:
    """Draw the ROC curve of a high number (column value) as a sign of memory (column memory), for labeled tables."""
    check_styles(scores, LINES)
    for (label, table), (style, meaning) in zip(scores.items(), LINES, strict=False):
        false, true, _ = roc(table["value"].to_numpy(), table["memory"].to_numpy())
        ax.plot(false, true, style, color=COLORS[meaning], label=label)
    ax.plot([0, 1], [0, 1], color=COLORS["chance"], linestyle=":", linewidth=1.6, label="guessing")
    ax.set(xlabel="false alarms", ylabel="memorizing models found", xlim=(-0.01, 1), ylim=(0, 1.02))


def draw_verdicts(ax: Axes, found: pd.DataFrame, limit: float) -> None:
    """Draw the score of every model against its distance from the crossing, in the color and marker of its verdict.

    One row of `found` per model: position, score and verdict. The dashed line is the threshold `limit`.
    """
    for verdict, (meaning, marker) in SAID.items():
        part = found[found["verdict"] == verdict]
        ax.scatter(
            part["position"], part["score"], color=COLORS[meaning], marker=marker, s=26, linewidth=0, label=verdict
        )
    ax.axhline(limit, color=COLORS["noise"], linestyle="--", linewidth=1.3, label="threshold")
    ax.axvline(1, color=COLORS["chance"], linewidth=1, linestyle=":")
    _position_axis(ax)
    ax.set(ylabel="score (fresh minus own,\nover the table's entropy)")


def by_place(table: pd.DataFrame, split: str, n: int) -> pd.DataFrame:
    """Return the entropy of each word given those before it, from the probe `along`: rows places, columns seeds.

    ValueError if the table has no model of n sentences, or no such text.
    """
    rows = table[(table["split"] == split) & (table["n_train"] == n) & table["quantity"].str.startswith("along_")]
    if rows.empty:
        raise ValueError(f"The table has nothing from left to right about {split} text and {n} training sentences.")
    place = rows["quantity"].str.removeprefix("along_").astype(int)
    return rows.assign(place=place).pivot_table(index="place", columns="seed", values="value")


def draw_along(ax: Axes, curves: Mapping[str, tuple[str, Any]], words: Sequence[str]) -> None:
    """Draw entropy in nats, and in bits on the right, against the place: from left to right.

    curves: by label, the meaning that gives the color, and one row of L numbers, or a row for each seed
    words: one of each place, L of them, written below it
    """
    for label, (meaning, runs) in curves.items():
        exact = meaning in ("memorizer", "population")  # what is computed and not estimated: a thin line
        thin: dict[str, Any] = {"marker": "", "linewidth": 1.3} if exact else {}
        line_with_band(ax, range(len(words)), runs, meaning, label, **thin)
    ax.set_xticks(range(len(words)), words, rotation=60, ha="right")
    ax.set(ylabel="entropy given the words before\n(nats)", ylim=(0, None))
    bits = ax.secondary_yaxis("right", functions=(lambda y: y / np.log(2), lambda y: y * np.log(2)))
    bits.set_ylabel("bits")


def draw_members(ax: Axes, curves: Mapping[str, pd.DataFrame]) -> None:
    """Draw the AUC of members against strangers: rows are n_train over the crossing, columns seeds, for labeled tables.

    The mean over seeds with a band from minimum to maximum; ValueError for more tables than there are colors.
    """
    check_styles(curves, MODELS)
    for (label, runs), (color, marker) in zip(curves.items(), MODELS, strict=False):
        ax.plot(runs.index, runs.mean(axis=1), color=color, marker=marker, label=label)
        ax.fill_between(runs.index, runs.min(axis=1), runs.max(axis=1), color=color, alpha=0.2, linewidth=0)
    chance_line(ax, 0.5, "guessing")
    ax.axvline(1, color=COLORS["chance"], linewidth=1, linestyle=":", label="recovery crosses")
    _position_axis(ax)
    ax.set(ylabel="AUC, training against held-out sentences", ylim=(0.4, 1.02))


def _position_axis(ax: Axes) -> None:
    """Give `ax` a logarithmic axis of training-set sizes in units of the crossing."""
    ax.set_xscale("log", base=2)
    ticks = 2.0 ** np.arange(-2, 8)
    ax.set_xticks(ticks, [f"1/{1 / x:.0f}" if x < 1 else f"{x:.0f}" for x in ticks])
    ax.minorticks_off()
    ax.set_xlabel("training sentences / crossing of that network")

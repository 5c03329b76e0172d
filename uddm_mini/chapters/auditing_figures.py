"""Figures of the chapter on audits: verdicts to turn, attacks by strength, extraction, estimates, exposure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uddm_mini.audit.report import Audit
from uddm_mini.probes.side import THRESHOLD
from uddm_mini.teaching.drawings import drawing
from uddm_mini.teaching.figures import chance_line, line_with_band, panels, size_axis
from uddm_mini.teaching.look import COLORS, MODELS
from uddm_mini.teaching.player import Frame, Player, player

from .transition_figures import check_styles

ANSWERS = {"memorizing": "memorizer", "generalizing": "population", "in between": "posterior", "undecided": "chance"}
SCORES = {
    "exact": "cost, against the language itself",
    "calibrated": "cost, against a reference model",
    "min_k": "least likely words (min-k)",
    "votes": "votes over many masks",
    "recovery": "changed words that come back",
    "nelbo": "cost (NELBO)",
    "nelbo_zlib": "cost over zlib",
    "entropy": "how sure of every word",
}
BY_CHANCE = 1.44  # bits of exposure of a sentence that was never planted: 1 / ln 2


def verdict_player(found: Mapping[tuple[str, int], Audit]) -> Player:
    """Return sliders for the model and the number of fresh sentences: the two entropies, the score, the verdict."""
    axes: dict[str, Sequence[Any]] = {
        "model": list(dict.fromkeys(name for name, _ in found)),
        "fresh sentences": list(dict.fromkeys(n for _, n in found)),
    }
    frames: dict[tuple[Any, ...], Frame] = {}
    for (name, n), audit in found.items():
        probe = audit.finding("probe")
        assert probe is not None and probe.number is not None
        score, verdict = probe.number, audit.verdict
        told = f"Model {name}, {n} fresh sentences: {verdict}. Score {score.value:.2f} "
        told += f"({score.low:.2f} to {score.high:.2f}); {probe.facts['stable']:.0%} of other choices agree."
        fig, axes_ = panels(2, height=1.5)
        draw_probe(axes_[0], probe.table)
        ax = axes_[1]
        ax.axvline(THRESHOLD, color=COLORS["noise"], linestyle="--", linewidth=1.3)
        ax.plot([score.low, score.high], [0, 0], color=COLORS[ANSWERS[verdict]], linewidth=5, alpha=0.5)
        ax.plot(score.value, 0, "o", color=COLORS[ANSWERS[verdict]], markersize=9)
        ax.set(xlim=(-0.05, 0.4), ylim=(-1, 1), yticks=[], xlabel="score (dashed: the threshold)")
        frames[name, n] = (told, drawing(fig, told))
    return player(frames, "The verdict on a sealed model, from more or less fresh text", axes)


def draw_probe(ax: Axes, table: Sequence[Mapping[str, Any]]) -> None:
    """Draw the entropies of the probe: of its own text, of fresh text, and of that under a table of pairs."""
    rows = list(table[:3])[::-1]
    colors = [COLORS[name] for name in ("chance", "held-out", "noise")]
    names = ["fresh text,\ntable of pairs", "fresh text", "its own text"]
    ax.barh(names, [row["nats"] for row in rows], color=colors, height=0.6)
    ax.set(xlim=(0, 1.3), xlabel="entropy (nats per word)")
    ax.grid(axis="y", visible=False)


def draw_scores(axes: Sequence[Axes], tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw what each score of `compare_scores` is worth, for each labeled model, with 95 % intervals.

    First the area under the ROC curve, then the share of members found at one false alarm in a hundred. The scores
    stand in the order of their areas for the first model.
    """
    check_styles(tables, MODELS)
    order = next(iter(tables.values()))["auc"].sort_values().index.tolist()
    columns = (("auc", "low", "high", "area under the ROC curve"), ("tpr_at_1", "tpr_low", "tpr_high", "members found"))
    for ax, (value, low, high, label) in zip(axes, columns, strict=True):
        for place, ((name, table), (color, marker)) in enumerate(zip(tables.items(), MODELS[::2], strict=False)):
            for k, score in enumerate(order):
                row, at = table.loc[score], k + 0.15 - 0.3 * place
                ax.plot([row[low], row[high]], [at, at], color=color, linewidth=2, alpha=0.5)
                ax.plot(row[value], at, marker, color=color, label=name if k == 0 else None, linestyle="")
        ax.set_yticks(range(len(order)), [SCORES[name] for name in order])
        ax.set(xlabel=label, xlim=(0, 1.01))
    axes[0].axvline(0.5, color=COLORS["chance"], linestyle=":", linewidth=1.6)
    axes[1].axvline(0.01, color=COLORS["chance"], linestyle=":", linewidth=1.6)


def draw_extraction(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the share of sentences whose rest came at least once against n_train, with a band over seeds.

    Rows of `extracted_of` for one clamp: the network in the colors of the split; a memory and the language itself,
    exact, as thin lines.
    """
    for split in ("train", "held-out"):
        runs = table[(table["source"] == "network") & (table["split"] == split)].pivot_table("share", "seed", "n_train")
        name = "training" if split == "train" else "held-out"
        line_with_band(ax, runs.columns, runs, split, f"network, {name} text")
    for source, meaning, label in (
        ("memory", "memorizer", "a memory, exact"),
        ("language", "population", "the language itself, exact"),
    ):
        part = table[(table["source"] == source) & (table["split"] == "train")].groupby("n_train")["share"].mean()
        ax.plot(part.index, part, color=COLORS[meaning], linewidth=1.3, label=label)
    size_axis(ax, sorted(set(table["n_train"])))
    ax.set(ylim=(-0.02, 1.02), ylabel="sentences that come out")


def draw_areas(
    ax: Axes, table: pd.DataFrame, names: Sequence[str] = ("calibrated", "min_k", "nelbo", "entropy")
) -> None:
    """Draw the area of some scores against n_train, rows of `scores_of`: means over seeds, with bands."""
    check_styles({name: "" for name in names}, MODELS)
    for name, (color, marker) in zip(names, MODELS, strict=False):
        runs = table[table["score"] == name].pivot_table("auc", "seed", "n_train")
        ax.plot(runs.columns, runs.mean(), marker=marker, color=color, label=SCORES[name])
        ax.fill_between(runs.columns, runs.min(), runs.max(), color=color, alpha=0.2, linewidth=0)
    chance_line(ax, 0.5, "guessing")
    size_axis(ax, sorted(set(table["n_train"])))
    ax.set(ylim=(0.45, 1.02), ylabel="area under the ROC curve")


def estimate_panels(found: Mapping[str, Mapping[str, Any]], truth: Mapping[str, Any]) -> Figure:
    """Draw estimated chances against exact ones, a panel for each denoiser, a marker for each way to write.

    found: {denoiser: {way: q [n]}}; truth: {denoiser: q [n]}. A dot per sentence, and the means as large marks.
    """
    fig, axes = panels(len(truth), height=2.9, squeeze=False)
    for ax, (name, right) in zip(axes.flat, truth.items(), strict=True):
        check_styles(found[name], MODELS)
        ax.plot([0, 1], [0, 1], color=COLORS["chance"], linewidth=1, linestyle=":")
        right = np.asarray(right)
        for (way, q), (color, marker) in zip(found[name].items(), MODELS, strict=False):
            q = np.asarray(q)
            ax.plot(right, q, marker, color=color, markersize=4, alpha=0.45, linestyle="")
            ax.plot(right.mean(), q.mean(), marker, color=color, markersize=11, label=f"{way}, mean")
        ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), title=name, ylabel="estimated chance")
        ax.legend(loc="upper left")
    axes.flat[-1].set_xlabel("exact chance that one try is right")
    return fig


def draw_exposure(ax: Axes, table: pd.DataFrame) -> None:
    """Draw mean exposure against the number of copies, a line for each n_train, with a band over seeds."""
    sizes = sorted(table["n_train"].unique().tolist())
    check_styles({str(n): "" for n in sizes}, MODELS)
    copies = sorted(table["copies"].unique().tolist())
    for n, (color, marker) in zip(sizes, MODELS, strict=False):
        part = table[table["n_train"] == n]
        wide = part.pivot_table("exposure", "copies", "seed")
        places = range(len(wide))
        ax.plot(places, wide.mean(axis=1), marker=marker, color=color, label=f"among {n:,} sentences")
        ax.fill_between(places, wide.min(axis=1), wide.max(axis=1), color=color, alpha=0.2, linewidth=0)
    ax.axhline(
        float(table["at_most"].iloc[0]), color=COLORS["noise"], linestyle="--", linewidth=1.2, label="all there is"
    )
    chance_line(ax, BY_CHANCE, "never planted")
    ax.set_xticks(range(len(copies)), [f"{k:g}" for k in copies])
    ax.set(xlabel="copies in the training text", ylabel="exposure (bits)", ylim=(0, None))

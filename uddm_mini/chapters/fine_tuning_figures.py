"""Figures of the chapter on fine-tunes: two warnings, a size held out, how many are safe, and what is a memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uddm_mini.audit.finetune import VERBATIM, warnings_of
from uddm_mini.audit.finetune_sizes import ASKED, GAP, Judged
from uddm_mini.audit.looks import MonitorSettings
from uddm_mini.audit.retrieval import Recalled
from uddm_mini.denoiser import Denoiser
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.teaching.drawings import drawing
from uddm_mini.teaching.figures import line_with_band, panels, sentences, size_axis
from uddm_mini.teaching.look import COLORS, MODELS
from uddm_mini.teaching.player import Player, player
from uddm_mini.worlds.toy_language import ToyLanguage

FIRED, LOSS = COLORS["memorizer"], COLORS["posterior"]  # the colors of the two warnings


def recited(
    kept: Mapping[int, Denoiser], language: ToyLanguage, pair: Mapping[str, torch.Tensor], looks: pd.DataFrame
) -> Player:
    """Return a slider over the looks: a new sentence and a stranger restored, and what the monitor sees.

    kept: models by step; pair: sentences int64[1, L] by the name of their row; looks: `MemorizationMonitor.rows`
    """
    frames = []
    for step, model in kept.items():
        shown = None
        for kind, x in pair.items():
            run = token_recovery(model, x, 0.5, generator=torch.Generator().manual_seed(1))
            truth, before, after = (language.decode(part)[0] for part in (run.x0, run.xt, run.out))
            rows = {f"{kind}, corrupted": before, f"{kind}, restored": after}
            both = sentences(rows, truth, corrupted=f"{kind}, corrupted")
            shown = both if shown is None else shown + both
        assert shown is not None
        row = looks.set_index("step").loc[step]
        told = (
            f"After {step:,} steps: gap {row['gap']:+.2f} ± {row['error']:.2f}, entropy of new sentences "
            f"{row['entropy_members']:.2f}, of strangers {row['entropy_strangers']:.2f}, held-out NELBO "
            f"{row['nelbo']:.2f} nats"
        )
        frames.append((told, shown))
    return player(frames, "A new sentence and a stranger, while the model trains on", {"steps": list(kept)}, play=1200)


def two_warnings(table: pd.DataFrame) -> Figure:
    """Draw gap, held-out NELBO and extraction against steps: a line a seed, a column a size; warnings as marks.

    table: as `committed_finetune` returns it. Filled marks: the look at which the monitor fired; open ones: the look at
    which the held-out loss had risen.
    """
    sizes = sorted(table["n_train"].unique().tolist())
    warned = warnings_of(table).set_index(["n_train", "seed"])
    fig, axes = panels(3, len(sizes), 2.0, sharex=True, sharey="row", squeeze=False)
    rows = [("gap", "gap in recovery", "train"), ("nelbo", "held-out NELBO\n(nats)", "held-out")]
    rows += [("extracted", "extracted", "train")]
    for column, n in zip(axes.T, sizes, strict=True):
        for ax, (name, label, meaning) in zip(column, rows, strict=True):
            for seed, part in table[table["n_train"] == n].sort_values("step").groupby("seed"):
                ax.plot(part["step"], part[name], color=COLORS[meaning], linewidth=1, alpha=0.7)
                _marks(ax, part.set_index("step")[name], warned.loc[(n, seed)])
            ax.set_ylabel(label if n == sizes[0] else "")
        column[0].axhline(MonitorSettings().margin, color=COLORS["chance"], linestyle=":", linewidth=1.3)
        column[2].axhline(VERBATIM, color=COLORS["chance"], linestyle=":", linewidth=1.3)
        column[0].set_title(f"{n:,} new sentences")
        column[-1].set_xlabel("steps")
    axes[2, 0].set_ylim(bottom=0)
    handles = [
        axes[0, 0].plot([], [], "o", color=FIRED, label="the monitor fires")[0],
        axes[0, 0].plot([], [], "D", color=LOSS, markerfacecolor="none", label="the held-out loss has risen")[0],
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=2)
    return fig


def _marks(ax: Axes, curve: pd.Series, warned: pd.Series) -> None:
    """Mark on a curve against steps where the monitor fired and where the held-out loss had risen."""
    for name, color, marker, face in (("fired", FIRED, "o", FIRED), ("loss", LOSS, "D", "none")):
        if np.isfinite(warned[name]):
            at = int(warned[name])
            ax.plot([at], [curve.loc[at]], marker, color=color, markerfacecolor=face, markersize=5)


def largest_from_smaller(found: pd.DataFrame, points: pd.DataFrame) -> Figure:
    """Draw the law's test: points of smaller networks, its prediction for the largest of each world, and what it was.

    found: as `largest_held_out` returns it; points: as `size_points` does. Networks of nearly the same size are drawn a
    little apart.
    """
    fig, ax = panels(height=3.8)
    worlds = points.groupby("world", sort=False)
    for (color, marker), apart, (world, own) in zip(MODELS, (1.12, 0.89, 1.0), worlds, strict=False):
        row = found[found["world"] == world].iloc[0]
        seen = own[own["weights"] < row["weights"]]
        ax.plot(seen["weights"], seen["sentences"], marker, color=color, markerfacecolor="none", label=f"{world}, seen")
        bars = [[row["predicted"] - row["low"]], [row["high"] - row["predicted"]]]
        ax.errorbar(apart * row["weights"], row["predicted"], bars, color=color, capsize=4, linewidth=1.2, marker="_")
        ax.plot(apart * row["weights"], row["sentences"], marker, color=color, label=f"{world}, held out")
    ax.set(xscale="log", yscale="log", xlabel="weights of the network", ylabel=f"sentences at a gap of {GAP:g}")
    ax.minorticks_off()
    for axis in (ax.xaxis, ax.yaxis):  # a power of ten has an exponent that a phone shows too small
        axis.set_major_formatter("{x:,.0f}")
    fig.legend(loc="outside lower center", ncols=2)
    return fig


def safe_sizes(table: pd.DataFrame, judged: Judged) -> Figure:
    """Draw the gap and the share extracted after the last step against the number of new sentences, a line a seed.

    table: as `watched_finetunes` returns it; judged: what `finetune_sizes.judged` makes of it. Seeds that the advice
    has seen are solid, those that judge it dashed; the band is the interval, the vertical line what is safe.
    """
    fig, axes = panels(2, height=2.7, sharex=True)
    last = table[table["step"] == table["step"].max()]
    for seed, part in last.sort_values("n_train").groupby("seed"):
        asked = seed in ASKED
        style = {"color": COLORS["train" if asked else "cavity"], "linestyle": "-" if asked else "--", "linewidth": 1.2}
        label = ("seen by the advice" if asked else "judge it") if seed in (ASKED[0], max(table["seed"])) else None
        for ax, name in zip(axes, ("gap", "extracted"), strict=True):
            ax.plot(part["n_train"], part[name], marker="o", markersize=3, label=label, **style)
    advice = judged.advice
    for ax, bar in zip(axes, (GAP, VERBATIM), strict=True):
        ax.axhline(bar, color=COLORS["chance"], linestyle=":", linewidth=1.3)
        ax.axvspan(advice.low, advice.high, color=COLORS["memorizer"], alpha=0.15, linewidth=0)
        ax.axvline(advice.safe, color=COLORS["memorizer"], linewidth=1.5, label="safe for one more")
    axes[0].set_ylabel("gap in recovery")
    axes[1].set_ylabel("extracted")
    size_axis(axes[1], table["n_train"].tolist())
    axes[1].set_xlabel("new sentences")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3)
    return fig


def by_number(table: pd.DataFrame, sizes: Sequence[int], start: int = 0) -> Player:
    """Return a slider for the number of new sentences: gap and extraction while the models train on, all seeds."""
    frames, warned = [], warnings_of(table).set_index(["n_train", "seed"])
    for n in sizes:
        part = table[table["n_train"] == n]
        fig, ax = panels(height=3.2)
        for name, meaning, label in (("members", "train", "new sentences"), ("strangers", "held-out", "strangers")):
            runs = part.pivot(index="step", columns="seed", values=name)
            line_with_band(ax, runs.index, runs.to_numpy().T, meaning, f"recovery, {label}", markersize=2.5)
        runs = part.pivot(index="step", columns="seed", values="extracted")
        line_with_band(ax, runs.index, runs.to_numpy().T, "memorizer", "extracted", dashed=False, markersize=2.5)
        ax.set(ylim=(0, 1.02), xlabel="steps", ylabel="share")
        fig.legend(loc="outside lower center", ncols=3)
        steps = warned.loc[n]["fired"]
        fired = steps[np.isfinite(steps)]
        when = f", first at step {fired.min():.0f}, last at {fired.max():.0f}" if len(fired) else ""
        told = f"{n:,} new sentences: the monitor fires in {len(fired)} of {len(steps)} fine-tunes{when}"
        frames.append((told, drawing(fig, told)))
    title = "More and more new sentences, the same 600 steps"
    return player(frames, title, {"new sentences": list(sizes)}, start=[start])


def memory_or_not(table: pd.DataFrame) -> Figure:
    """Draw precision, recall and false alarms of "this is a memory" against n_train, with their intervals.

    table: as `committed_recall` returns it
    """
    fig, ax = panels(height=3.6)
    shown = (("precision", "train", "o", "-"), ("recall", "memorizer", "s", "--"), ("false_alarms", "chance", "^", ":"))
    for shift, (name, meaning, marker, line) in zip((0.97, 1.0, 1.03), shown, strict=True):
        y = table[name].to_numpy(dtype=float)
        bars = np.abs(np.array([y - table[f"{name} low"], table[f"{name} high"] - y]))
        label = name.replace("_", " ")
        style = {"color": COLORS[meaning], "marker": marker, "linestyle": line, "label": label}
        ax.errorbar(table.index * shift, y, bars, capsize=3, linewidth=1.3, **style)
    size_axis(ax, table.index.tolist())
    ax.set(ylim=(-0.02, 1.02), ylabel="share")
    fig.legend(loc="outside lower center", ncols=3)
    return fig


def answered(found: Recalled, x: torch.Tensor, xt: torch.Tensor, language: ToyLanguage) -> Player:
    """Return a slider over queries: the query, where it settled, and the answer, from memory or written anew."""
    frames = []
    for k in range(len(x)):
        truth, before, end, text = (language.decode(part[k : k + 1])[0] for part in (x, xt, found.ends, found.text))
        how = "from memory" if found.recalled[k] else "written anew"
        rows = {"query": before, "settles at": end, "answer": text}
        told = f"Query {k + 1}: {float(found.returned[k]):.0%} of the end's own corruptions come back to it; {how}"
        frames.append((told, sentences(rows, truth, corrupted="query")))
    return player(frames, "Is there a memory behind the query?", {"query": list(range(1, len(x) + 1))}, play=0)

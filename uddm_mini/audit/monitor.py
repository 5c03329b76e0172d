"""Says, while a model trains, when it begins to recall its training sentences instead of knowing their language."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Collection
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from uddm_mini.denoiser import Denoiser
from uddm_mini.settings import with_changes
from uddm_mini.training.train import Watch

from .looks import Followed, Look, MonitorSettings, fired_at, followed, look_at, loss_rose_at, mean_and_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class MemorizationMonitor:
    """Follows members (training sentences) and strangers (none of them) through a training, and says when to stop.

    It fires when the gap in recovery, or what it has grown by since the first look, lies more than 3 standard errors
    over the pairs above 0.02, at two looks in a row (`MonitorSettings`). Strangers must be of the same kind as members:
    then, for a model that knows both alike, the gap has mean 0. Look once before a fine-tune, at step 0: how hard the
    sentences are by themselves drops out of what the gap has grown by. Call it as monitor(model, step) in a loop of
    your own; it returns True from the look at which it fires on. Or give it to `train` as
    watch=monitor.watch(range(0, 1000, 20)), which then ends the training.

    members, strangers: int64[n, L]; at most `sentences` pairs are followed, and the cost of all strangers.
    settings: `MonitorSettings()` by default; `changes` override its fields.
    ignore: tokens with these ids are not counted.
    show: a live curve in a notebook, in a terminal a line for each look.

    fired: the step at which it fired, or None. loss_rose: the step at which the same rule (3 standard errors, two looks
    in a row) says that the cost of strangers has risen above its best look so far, or None: the common warning.

    It shows that sentences are recalled, not that none are: a few among many can stay below the margin. The noise of
    all looks comes from the settings' seed, and leaves training as it is. ValueError for fewer than 16 pairs, or a
    sentence on both sides.
    """

    def __init__(
        self,
        members: torch.Tensor,
        strangers: torch.Tensor,
        settings: MonitorSettings | None = None,
        *,
        ignore: Collection[int] = (),
        show: bool = True,
        **changes: Any,
    ) -> None:
        """Choose what is followed; nothing is measured yet."""
        self.settings = with_changes(settings or MonitorSettings(), changes)
        self.texts: Followed = followed(members, strangers, self.settings, tuple(sorted(ignore)))
        self.show = show
        self.looks: list[Look] = []
        self._display: Any = None

    def __call__(self, model: Denoiser, step: int) -> bool:
        """Look at the model after so many steps; return True if the monitor has fired. ValueError if step went back."""
        if self.looks and step <= self.looks[-1].row["step"]:
            raise ValueError(
                f"Steps must rise from look to look, but {step} follows {self.looks[-1].row['step']:g}; make a new "
                "monitor for each training."
            )
        look = look_at(model, self.texts, self.settings)
        row = {"step": step, **look.row, **self._changes(look)}
        self.looks.append(Look(row, look.gaps, look.costs))
        if self.show:
            self._shown()
        return self.fired is not None

    def watch(self, steps: Collection[int], *, stop: bool = True) -> Watch:
        """Return what `train` takes as `watch`: looks after so many steps, and with `stop` an end when it fires."""

        def look(step: int, k: int, model: Denoiser) -> bool:
            if k:
                raise ValueError("A monitor follows one model; train those of a stack one by one.")
            return self(model, step) and stop

        return Watch(steps, look)

    @property
    def rows(self) -> pd.DataFrame:
        """Return one row for each look.

        step; members, strangers: recovery, with their gap and its standard error; grown, what the gap has grown by
        since the first look, and grown_error; entropy_members, entropy_strangers, entropy_own (nats a word, cavity, t
        -> 0); extracted, extracted_strangers (shares written word for word); nelbo (nats a word, strangers), rise above
        its best look before, and rise_error.
        """
        return pd.DataFrame([look.row for look in self.looks])

    @property
    def fired(self) -> int | None:
        """Return the step at which the rule held for the first time, or None."""
        return fired_at(self.rows, self.settings) if self.looks else None

    @property
    def loss_rose(self) -> int | None:
        """Return the step at which the cost of strangers had risen beyond its noise for the first time, or None."""
        return loss_rose_at(self.rows, self.settings) if self.looks else None

    def _changes(self, look: Look) -> dict[str, float]:
        """Return how much the gap has grown since the first look, and the costs risen above those of the best one."""
        if not self.looks:
            return {"grown": 0.0, "grown_error": 0.0, "rise": 0.0, "rise_error": 0.0}
        best = min((seen.costs for seen in self.looks), key=np.nanmean)
        grown, rise = mean_and_error(look.gaps - self.looks[0].gaps), mean_and_error(look.costs - best)
        return dict(zip(("grown", "grown_error", "rise", "rise_error"), (*grown, *rise), strict=True))

    @property
    def summary(self) -> str:
        """Return one sentence: whether it fired, when, and what was seen then."""
        if not self.looks:
            return "The monitor has not looked yet."
        row = self.looks[-1].row
        now = (
            f"step {row['step']:g}: {row['members']:.0%} of members' changed words come back, "
            f"{row['strangers']:.0%} of strangers'; {row['extracted']:.0%} of members are written word for word; "
            f"held-out {row['nelbo']:.3f} nats"
        )
        if self.fired is None:
            return f"No sign of recall at {now}."
        early = " (at the first looks: known before, or two kinds of text)" if self._at_once else ""
        return f"RECALL since step {self.fired}{early}; {now}."

    @property
    def _at_once(self) -> bool:
        """Tell whether it fired at the first looks at which it could."""
        return bool(self.rows["step"].tolist()[self.settings.patience - 1 :][:1] == [self.fired])

    def __repr__(self) -> str:
        return f"MemorizationMonitor({self.summary})"

    def plot(self) -> Figure:
        """Return a figure: recovery of members and strangers, extraction, and the held-out cost, against steps."""
        from matplotlib.figure import Figure

        table, figure = self.rows, Figure(figsize=(5, 4.2), layout="constrained")
        top, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        if not table.empty:
            band = self.settings.errors * table["error"]
            top.plot(table["step"], table["members"], marker="o", color="C0", label="members")
            top.fill_between(table["step"], table["members"] - band, table["members"] + band, color="C0", alpha=0.2)
            top.plot(table["step"], table["strangers"], marker="o", color="C1", linestyle="--", label="strangers")
            top.plot(table["step"], table["extracted"], color="C0", linestyle=":", label="members word for word")
            below.plot(table["step"], table["nelbo"], color="C1", linestyle="--")
            top.legend(fontsize=8)
        for step, label in ((self.fired, "recall"), (self.loss_rose, "loss")):
            for ax in (top, below) if step is not None else ():
                ax.axvline(step, color="black", linestyle="-" if label == "recall" else ":", linewidth=1)
        top.set(ylim=(0, 1.02), ylabel="share")
        below.set(xlabel="step", ylabel="held-out NELBO (nats)")
        return figure

    def _repr_html_(self) -> str:
        """Return the figure and the sentence, for a notebook."""
        file = BytesIO()
        self.plot().savefig(file, format="png", dpi=110)
        words, picture = escape(self.summary), b64encode(file.getvalue()).decode()
        return f'<p>{words}</p><img alt="{words}" src="data:image/png;base64,{picture}">'

    def _shown(self) -> None:
        """Show the last look: a curve that is replaced in a notebook, a line elsewhere."""
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is None or not hasattr(shell, "kernel"):
            tqdm.write(self.summary)
        elif self._display is None:
            from IPython.display import display

            self._display = display(self, display_id=True)
        else:
            self._display.update(self)

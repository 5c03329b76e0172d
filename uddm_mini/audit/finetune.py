"""Fine-tunes that are watched: does the monitor fire before sentences can be extracted, and only then?

**The bar.** On 64 new sentences: for every seed the monitor fires, and does so at an earlier look than verbatim
extraction first passes 10 % of the members; the median lead over the seeds is reported in steps, and so is that of the
warning by the held-out loss. On 4,096 new sentences: the monitor fires for no seed.

It was written down before the networks of seeds 0 to 4, after single fine-tunes of seed 100. On 64 sentences these
missed it (`data/finetune-first.csv`): in two of five networks the monitor fired at the same look as extraction passed
10 %, in one a look later. It had 4 corruptions of each sentence, which made most of its standard error, and looks that
lay further and further apart. Since then it has 16, and looks every 50 steps; the same bar is decided by seeds 5 to 9,
which nobody had seen when this was committed. They meet it (`data/finetune.csv`): the monitor fires at steps 200 to 300
of 600, and on 4,096 sentences never. Extraction passes 10 % for one seed only, 350 steps after the warning; for the
others the lead is longer than the 300 to 400 steps that were left. The held-out loss rises from step 100 on for nearly
every network, also where nothing is recalled.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from uddm_mini.audit.looks import MonitorSettings, fired_at, loss_rose_at
from uddm_mini.audit.monitor import MemorizationMonitor
from uddm_mini.experiments.run import Rows, Stack, finish, jobs_of, settings_of_many, store_of
from uddm_mini.experiments.store import read_rows, rows_of
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.settings import option
from uddm_mini.teaching.results import results_path
from uddm_mini.training.checkpoint import load
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import Watch, checked_device, train_stack
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import draw_corpus
from uddm_mini.worlds.toy_language import ToyLanguage

KEYS = ["n_train", "seed", "step"]
FRESH = (5, 6, 7, 8, 9)
VERBATIM = 0.1  # share of members that is extracted; above it the warning comes too late
SEEN = (
    *("members", "strangers", "gap", "error", "grown", "grown_error"),
    *("entropy_members", "entropy_strangers", "entropy_own", "extracted", "extracted_strangers"),
    *("nelbo", "rise", "rise_error"),
)


@dataclass(frozen=True)
class FinetuneSettings:
    """How a model is fine-tuned and watched, and what belongs to the call alone."""

    train: TrainSettings = TrainSettings(steps=600, decay="constant")
    monitor: MonitorSettings = MonitorSettings()
    every: int = option(50, "steps from look to look; the first is at step 0")
    strangers: int = option(128, "held-out sentences, whose cost is followed")
    device: str = option("cpu", "cpu, cuda or mps")
    progress: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be at least 1, but is {self.every}.")

    def steps(self, n: int) -> list[int]:
        """Return after how many steps of training on n sentences to look."""
        last = self.train.steps_for(n)
        return sorted({*range(self.every, last, self.every), last})


def watched_finetunes(
    start: TransformerDenoiser,
    corpus: Corpus,
    sizes: Sequence[int] = (64,),
    seeds: Sequence[int] = FRESH,
    settings: FinetuneSettings | None = None,
    *,
    out: str | Path | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train a model on, on n new sentences, and return what a `MemorizationMonitor` sees at every look.

    One row per (n_train, seed, step), with the columns of its `rows`. The new sentences are training sentences of the
    corpus that the start has not seen, members the first of them; strangers are held out. With `out`, a file, finished
    networks are written at once and the same call resumes. `changes` override fields of the settings. Seed s decides
    new sentences, batches and their noise; all share the start. ValueError if the corpus has other words than the start
    or no more sentences.
    """
    settings = settings_of_many(settings or FinetuneSettings(), changes)
    new = unseen(start, corpus)
    jobs = jobs_of(sizes, seeds, len(new))
    checked_device(settings.device)
    store = store_of(settings, corpus, out, start=start.training_settings)
    work = Finetunes(start, new, corpus, settings)
    return table_of(finish(store, jobs, work, stacked=len(set(seeds)), progress=settings.progress))


def unseen(start: TransformerDenoiser, corpus: Corpus) -> torch.Tensor:
    """Return the training sentences of a corpus that a model has not seen, int64[m, L].

    It was trained on the first sentences of the same language (`draw_corpus`): `n_train` of them, if they were drawn
    for it alone.
    """
    seen = start.training_settings.get("n_train", 0)
    if start.words not in ((), corpus.words) or start.length != corpus.length or seen >= len(corpus.train):
        raise ValueError(
            f"The start has seen {seen} sentences; give a corpus of the same words that begins with them and has more, "
            f"not one of {len(corpus.train)}."
        )
    return corpus.train[seen:]


@dataclass(frozen=True)
class Finetunes:
    """The work of `watched_finetunes`: fine-tune the networks of a stack of jobs as one, each with its monitor."""

    start: TransformerDenoiser
    new: torch.Tensor
    corpus: Corpus
    settings: FinetuneSettings

    def __call__(self, stack: Stack) -> Rows:
        """Return the rows of all jobs of the stack."""
        settings = self.settings
        x = [self.new[self._order(seed)[:n]] for n, seed in stack]
        strangers, ignore = self.corpus.held_out[: settings.strangers], self.corpus.ignore
        monitors = [MemorizationMonitor(part, strangers, settings.monitor, ignore=ignore, show=False) for part in x]
        wanted = [settings.steps(n) for n, _ in stack]
        for monitor in monitors:
            monitor(self.start, 0)

        def look(step: int, k: int, model: TransformerDenoiser) -> None:
            if step in wanted[k]:
                monitors[k](model, step)

        runs = [(part, replace(settings.train, seed=seed)) for part, (_, seed) in zip(x, stack, strict=True)]
        every = sorted({step for steps in wanted for step in steps})
        train_stack(runs, self.start, device=settings.device, progress=False, watch=Watch(every, look))
        return [
            row
            for (n, seed), monitor in zip(stack, monitors, strict=True)
            for seen in monitor.looks
            for row in rows_of(
                {name: seen.row[name] for name in SEEN},
                **{"n_train": n, "seed": seed, "split": "train", "denoiser": f"step {seen.row['step']:g}"},
            )
        ]

    def _order(self, seed: int) -> torch.Tensor:
        """Return the order in which a seed takes new sentences, so that its smaller sets lie inside its larger ones."""
        return torch.randperm(len(self.new), generator=torch.Generator().manual_seed(seed))


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per (n_train, seed, step), a column per quantity."""
    rows = rows.assign(step=rows["denoiser"].str.removeprefix("step ").astype(int))
    table = rows.pivot(index=KEYS, columns="quantity", values="value")
    return table[list(SEEN)].reset_index().rename_axis(columns=None)


def warnings_of(table: pd.DataFrame, rule: MonitorSettings | None = None) -> pd.DataFrame:
    """Return, for every (n_train, seed), the steps of three looks: infinite for what did not happen.

    fired: the monitor's. loss: that of the held-out loss. verbatim: the first with more than 10 % of members extracted.
    """
    found, rule = [], rule or MonitorSettings()
    for (n, seed), part in table.sort_values("step").groupby(["n_train", "seed"]):
        late = part.loc[part["extracted"] > VERBATIM, "step"]
        steps = (fired_at(part, rule), loss_rose_at(part, rule), late.iloc[0] if len(late) else None)
        found.append((n, seed, *(float("inf") if step is None else float(step) for step in steps)))
    return pd.DataFrame(found, columns=["n_train", "seed", "fired", "loss", "verbatim"])


def sweep_of(table: pd.DataFrame, t: float) -> pd.DataFrame:
    """Return what `recommend_size` takes: recovery at the last look, of members as "train", strangers as "held-out"."""
    last = table[table["step"] == table.groupby(["n_train", "seed"])["step"].transform("max")]
    parts = [
        last[["n_train", "seed"]].assign(split=split, t=t, recovered=last[name])
        for split, name in (("train", "members"), ("held-out", "strangers"))
    ]
    return pd.concat(parts, ignore_index=True)


def committed_finetune(name: str = "finetune") -> pd.DataFrame:
    """Return the committed looks at fine-tunes, as `watched_finetunes` does: one row per size, seed and step."""
    return table_of(read_rows(results_path(f"{name}.csv")))


def main(checkpoint: str, out: str, *sizes: str) -> None:
    """Fine-tune a model of the toy language that has seen its first sentences, watch it, and tell when it warned."""
    start = load(checkpoint)
    corpus = draw_corpus(ToyLanguage(), 2 * start.training_settings["n_train"])
    command = f"python -m uddm_mini.audit.finetune {Path(checkpoint).name} {Path(out).name} {' '.join(sizes)}"
    for n in map(int, sizes or ("64", "4096")):
        table = watched_finetunes(start, corpus, [n], out=out, command=command)
    print(warnings_of(table).to_string(index=False))


if __name__ == "__main__":
    main(*sys.argv[1:])

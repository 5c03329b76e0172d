"""Networks of many sizes under attack: who is told to be a member, and how much comes out word for word?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.experiments.run import Rows, Stack, finish, jobs_of, settings_of_many, store_of
from uddm_mini.experiments.store import read_rows, rows_of
from uddm_mini.models.memorizer import MemorizingDenoiser
from uddm_mini.models.population import PopulationDenoiser
from uddm_mini.models.settings import ModelSettings
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.probes.nelbo import sentence_nelbo
from uddm_mini.settings import option, whole_numbers
from uddm_mini.teaching.results import results_path
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import checked_device, train_stack
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.drawn import draw_corpus
from uddm_mini.worlds.toy_language import ToyLanguage
from uddm_mini.worlds.world import World

from .clamps import ExtractionSettings
from .compare import compare_scores
from .extraction import exact_extraction, extraction, from_noise
from .membership import MembershipSettings, membership_scores

SIZES = (16, 64, 128, 256, 512, 1024, 8192)
SEEDS = (0, 1, 2, 3, 4)
OTHERS = 8192  # sentences of the reference network, none of which any other network was trained on
SCORED = ("auc", "low", "high", "tpr_at_1", "tpr_low", "tpr_high")
SPLITS = {"members": "train", "strangers": "held-out"}


@dataclass(frozen=True)
class AttackSettings:
    """How networks are trained and attacked, and what belongs to the call alone."""

    train: TrainSettings = TrainSettings(steps=3000, model=ModelSettings(width=32))
    scores: MembershipSettings = MembershipSettings()
    extraction: ExtractionSettings = ExtractionSettings(
        clamps=("prefix",), known=(0.5,), sentences=64, draws=8, steps=16
    )
    members: int = option(256, "most members that are scored")
    strangers: int = option(512, "held-out sentences that are scored")
    written: int = option(1024, "sentences that a network writes from noise")
    device: str = option("cpu", "cpu, cuda or mps")
    progress: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        whole_numbers(self, "members", "strangers", "written")
        if min(self.members, self.strangers, self.written) < 10:
            raise ValueError("members, strangers and written must be at least 10 each.")


def attacked_networks(
    corpus: Corpus,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = SEEDS,
    settings: AttackSettings | None = None,
    *,
    reference: Denoiser | None = None,
    out: str | Path | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train networks on n sentences of a language each, attack them, and return all numbers as long rows.

    Rows have the columns of a store; `scores_of` and `extracted_of` make tables of them. `reference` saw none of the
    corpus; "exact" beside it is the reference that knows the language itself. With `out`, a file, the networks of one
    seed are written as they are done and the same call resumes. `changes` override fields of the settings. Seed s
    decides sentences, weights, batches and walks. ValueError for a corpus of unknown probabilities.
    """
    settings = settings_of_many(settings or AttackSettings(), changes)
    if corpus.world is None:
        raise ValueError("Attacks are compared with exact probabilities: give the corpus of a language.")
    if len(corpus.held_out) < settings.strangers:
        raise ValueError(f"There are only {len(corpus.held_out)} held-out sentences; ask for fewer strangers.")
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    if min(n for n, _ in jobs) < 10:
        raise ValueError("Each size needs 10 sentences or more: with fewer members an area says nothing.")
    checked_device(settings.device)
    store = store_of(settings, corpus, out, reference=getattr(reference, "training_settings", None))
    work = Attacks(corpus, corpus.world, settings, reference)
    return finish(store, jobs, work, stacked=len(set(sizes)), progress=settings.progress)


@dataclass(frozen=True)
class Attacks:
    """The work of `attacked_networks`: train the networks of a stack as one, and attack each."""

    corpus: Corpus
    world: World
    settings: AttackSettings
    reference: Denoiser | None

    def __call__(self, stack: Stack) -> Rows:
        """Return the rows of all jobs of the stack."""
        noise = self.settings.train.noise.of(self.corpus.vocab_size)
        runs = [(self.corpus.subset(n, seed), replace(self.settings.train, seed=seed)) for n, seed in stack]
        models = train_stack(runs, noise, device=self.settings.device, progress=False)
        rows: Rows = []
        for (n, seed), (members, _), model in zip(stack, runs, models, strict=True):
            attacks = (self._scores(model, members), self._extracted(model, members, seed))
            rows += [dict(row, n_train=n, seed=seed) for part in attacks for row in part]
        return rows

    def _scores(self, model: TransformerDenoiser, members: torch.Tensor) -> Rows:
        """Return what each score is worth: its name as denoiser."""
        settings, ignore = self.settings, self.corpus.ignore
        kinds = (members[: settings.members], self.corpus.held_out[: settings.strangers])
        tables = [membership_scores(model, x, settings.scores, ignore=ignore) for x in kinds]
        exact = PopulationDenoiser(self.world, model.noise)
        others: dict[str, Denoiser | None] = {"calibrated": self.reference, "exact": exact}
        for name, other in others.items():
            if other is None:
                continue
            for table, x in zip(tables, kinds, strict=True):
                cost = sentence_nelbo(other, x.to(other.device), ignore, settings.scores.seed, settings.scores.draws)
                table[name] = cost.cpu().numpy() + table["nelbo"]  # nelbo has its minus already
        found = compare_scores(tables[0], tables[1])
        told = found.astype(float).to_dict("index")
        return [
            row
            for name, values in told.items()
            for row in rows_of({key: values[key] for key in SCORED}, split="train", denoiser=f"score {name}")
        ]

    def _extracted(self, model: TransformerDenoiser, members: torch.Tensor, seed: int) -> Rows:
        """Return what comes out of the network, and of a writer without error: source and clamp as denoiser."""
        settings, corpus = self.settings, self.corpus
        given = (members, corpus.held_out, settings.extraction)

        def draws() -> torch.Generator:
            return torch.Generator().manual_seed(seed)  # the same words are given to all

        tables = {
            "network": extraction(model, *given, ignore=corpus.ignore, generator=draws()),
            "memory": exact_extraction(
                MemorizingDenoiser(members, model.noise), *given, ignore=corpus.ignore, generator=draws()
            ),
            "language": exact_extraction(self.world, *given, ignore=corpus.ignore, generator=draws()),
        }
        rows: Rows = []
        for source, table in tables.items():
            for one in table[table["p"] == 0].to_dict("records"):
                values = {name: float(one[name]) for name in ("q", "share", "low", "high")}
                rows += rows_of(values, split=SPLITS[one["text"]], denoiser=f"{source} {one['clamp']}")
        noise = from_noise(
            model, members, settings.written, settings.extraction, ignore=corpus.ignore, generator=draws()
        )
        copied = {"share": noise.copied.value, "low": noise.copied.low, "high": noise.copied.high}
        copied |= {"distinct": float(noise.distinct), "longest": float(noise.longest.double().mean())}
        return rows + rows_of(copied, split="train", denoiser="network noise")


def scores_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per (n_train, seed, score): auc and the share found at 1 % false alarms, with their intervals."""
    rows = rows[rows["denoiser"].str.startswith("score ")]
    rows = rows.assign(score=rows["denoiser"].str.removeprefix("score "))
    table = rows.pivot(index=["n_train", "seed", "score"], columns="quantity", values="value")
    return table[list(SCORED)].reset_index().rename_axis(columns=None)


def extracted_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per (n_train, seed, source, clamp, split).

    source: "network", or "memory" and "language", exact. clamp: what was given; "noise" for nothing.
    q: chance that one try is right; share, with low and high: of sentences that came at least once, of written ones
        that are members for "noise", which also has distinct and longest.
    """
    rows = rows[~rows["denoiser"].str.startswith("score ")]
    parts = rows["denoiser"].str.partition(" ")
    rows = rows.assign(source=parts[0], clamp=parts[2])
    keys = ["n_train", "seed", "source", "clamp", "split"]
    return rows.pivot(index=keys, columns="quantity", values="value").reset_index().rename_axis(columns=None)


def committed_attacks() -> pd.DataFrame:
    """Return the committed rows of `attacked_networks`."""
    return read_rows(results_path("attacks.csv"))


def reference_network(settings: TrainSettings, device: str = "cpu") -> TransformerDenoiser:
    """Train a network on sentences of the toy language that no other network of these experiments has seen."""
    others = draw_corpus(ToyLanguage(), 2 * OTHERS).train[OTHERS:]
    noise = settings.noise.of(ToyLanguage().vocab_size)
    return train_stack([(others, settings)], noise, device=device, progress=False)[0]


def main(out: str) -> None:
    """Train and attack networks of the toy language, and tell the areas of the scores."""
    settings = AttackSettings(command=f"python -m uddm_mini.audit.attacks {Path(out).name}")
    corpus = draw_corpus(ToyLanguage(), OTHERS)
    reference = reference_network(settings.train)
    found = scores_of(attacked_networks(corpus, settings=settings, reference=reference, out=out))
    print(found.pivot_table("auc", "score", "n_train").round(3).to_string())


if __name__ == "__main__":
    main(*sys.argv[1:])

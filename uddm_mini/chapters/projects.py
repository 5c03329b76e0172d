"""Starting points of the open problems: training in stages, where starts end, what is stored, and what V does."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import torch
from torch.nn.functional import one_hot

from uddm_mini.denoiser import Denoiser, Wrapped
from uddm_mini.experiments.crossing import at_level, crossing
from uddm_mini.experiments.law import Law
from uddm_mini.models.transformer import TransformerDenoiser, stack, unstack
from uddm_mini.noise import Noise
from uddm_mini.noise.base import Form
from uddm_mini.parallel import at_most, useful_threads
from uddm_mini.probes.nelbo import mean_nelbo
from uddm_mini.settings import with_changes
from uddm_mini.training.objective import draw_batch, training_loss
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.steps import clip_each, descend, optimizers_of, rate_at
from uddm_mini.walks import settle
from uddm_mini.worlds.world import World

from .ledger import T


def train_in_stages(
    stages: Sequence[tuple[torch.Tensor, int]], noise: Noise, settings: TrainSettings | None = None, **changes: Any
) -> list[TransformerDenoiser]:
    """Train one model on sentences int64[n, L] for so many steps, then on the next; return it after each stage.

    Every stage has its own warm-up and decay of the step size; the optimizer's averages stay. With a single stage this
    is `train`, up to rounding. ValueError without a stage.

    Random, from the seed of the settings: first weights, batches, noise.
    """
    if not stages:
        raise ValueError("A curriculum needs a stage at least: (sentences, steps).")
    settings = with_changes(settings or TrainSettings(), changes)
    model = TransformerDenoiser(noise, stages[0][0].shape[1], settings.model, seed=settings.seed)
    model.predicts = noise.form if settings.loss == "nelbo" else "posterior"
    generator = torch.Generator().manual_seed(settings.seed)
    whole, kept = stack([model]), []
    weights = list(whole.parameters())  # each [1, ...]
    optimizers = optimizers_of(whole, settings.optimizer == "muon", settings.weight_decay)
    with at_most(useful_threads(settings.model.width)):
        for x, steps in stages:
            stage = replace(settings, steps=steps)
            for step in range(steps):
                x0, t, xt = (part.unsqueeze(0) for part in draw_batch(x, noise, stage, generator))  # [1, B, ...]
                whole.zero_grad()
                training_loss(whole, x0, xt, t, stage).sum().backward()
                clip_each(weights, stage.clip)
                descend(optimizers, weights, [rate_at(step, stage)])
            unstack(whole, [model])
            kept.append(copy.deepcopy(model).eval())
    return kept


def starts_and_ends(
    model: Denoiser, starts: torch.Tensor, t: float, form: Form = "posterior", limit: int = 40
) -> tuple[torch.Tensor, dict[str, float]]:
    """Return where starts int64[n, L] settle, int64[n, L], and what they have in common.

    "at rest": the share that one more turn of the map leaves alone; "ends": how many different ones of these there are;
    "largest": the share of the starts that the most frequent of them has. Deterministic.
    """
    if not len(starts):
        raise ValueError("Nothing can settle without a start: give at least one sentence.")
    *_, ends = settle(model, starts, t, limit, form)
    rest = (model.best_guess(ends, t, form) == ends).all(dim=1)  # [n]
    counts = ends[rest].unique(dim=0, return_counts=True)[1]
    largest = int(counts.max()) / len(starts) if len(counts) else 0.0
    return ends, {"at rest": float(rest.double().mean()), "ends": len(counts), "largest": largest}


def bits_per_weight(model: TransformerDenoiser, x: torch.Tensor, draws: int = 4) -> float:
    """Return how many bits of uniformly random sentences x int64[n, L] the model has stored, for each of its weights.

    n L (log V - NELBO) / ln 2 / weights: what the sentences cost by nature, less what they cost with the model. The
    NELBO is a bound from above, so this is one from below. In the place of log V stands the NELBO of an answer that
    knows nothing, which has that mean: under the same noise much of what is random in the two falls out.

    Random, from a fixed seed: the noise, `draws` times each; that is much, so take n times `draws` above 10,000.
    """
    V, weights = model.noise.vocab_size, sum(p.numel() for p in model.parameters())
    nothing = Wrapped(lambda xt, t: torch.full((*xt.shape, V), -math.log(V)), model.noise, predicts="cavity")
    spared = mean_nelbo(nothing, x, draws=draws) - mean_nelbo(model, x, draws=draws)  # nats per token
    return x.numel() * spared / math.log(2) / weights


def possible_share(world: World, x: torch.Tensor) -> float:
    """Return the share of the V words that could stand at a place of x int64[n, L], the others given, on average."""
    cavity = world.cavity(one_hot(x, world.vocab_size).double())  # [n, L, V]
    return float(cavity.isfinite().double().mean())


def passages(tables: dict[str, pd.DataFrame], seeds: Sequence[int]) -> pd.DataFrame:
    """Return a row for each table of a sweep: onset, crossing and end of the passage, and end / onset.

    Onset and end are where the gap has fallen to 0.9 and 0.1 of the first; sizes are in sentences.
    """
    rows = {}
    for name, whole in tables.items():
        table = whole[whole["seed"].isin(seeds)]
        onset, half, end = (crossing(table, level=level, draws=1).n for level in (0.9, 0.5, 0.1))
        rows[name] = {"onset": onset, "crossing": half, "end": end, "end / onset": end / onset}
    return pd.DataFrame(rows).T


def cost_and_entropy(table: pd.DataFrame, split: str = "held-out") -> pd.DataFrame:
    """Return means over seeds of a sweep's table against n_train: recovered at t = 0.25, nelbo and entropy (nats)."""
    rows = at_level(table, T)
    rows = rows[rows["split"] == split]
    return rows.groupby("n_train")[["recovered", "nelbo", "entropy"]].mean()


def bet(law: Law, world: str, weights: float, paper: Sequence[tuple[float, float]], corpus: float) -> pd.DataFrame:
    """Return two predictions of where a network of so many weights passes: `tokens`, `low`, `high`, and `share`.

    The first row is the law's, with its 95 % prediction interval. The second is the power law through the two points
    (weights, tokens) of the paper, without one (NaN). share: tokens over those of the whole `corpus`.
    """
    (w0, n0), (w1, n1) = paper
    slope = math.log(n1 / n0) / math.log(w1 / w0)
    through = n0 * (weights / w0) ** slope
    rows = [law.tokens(world, weights), (through, math.nan, math.nan)]
    table = pd.DataFrame(rows, columns=["tokens", "low", "high"], index=["our law", "the paper's two points"])
    return table.assign(share=table["tokens"] / corpus)

"""Several models at a time: stacks that train as one, one thread each, which a busy machine can give."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any, TypeVar

import torch
from tqdm.auto import tqdm

from uddm_mini.doors import hidden
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.noise import Noise
from uddm_mini.parallel import run_all, stack_size
from uddm_mini.settings import with_changes
from uddm_mini.worlds.corpus import Corpus

from .train import TrainSettings, prepared, stackable, train_stack

Name = TypeVar("Name", bound=Hashable)


def train_each(
    data: Mapping[Name, Corpus | torch.Tensor],
    start: Noise | TransformerDenoiser | None = None,
    *,
    settings: TrainSettings | None = None,
    device: str = "cpu",
    progress: bool = True,
    **changes: Any,
) -> dict[Name, TransformerDenoiser]:
    """Train one model on each of the named data sets, as `train` does, and return them under the same names.

    Small models train up to four as one, and on a CPU as many stacks at a time as there are cores, one thread each.
    Every model is the one that `train` makes with one thread, up to rounding. data: {name: corpus or sentences
    int64[n, L]}. start: a noise, or one model that all go on from. Errors and randomness: those of `train`.
    """
    settings = with_changes(settings or TrainSettings(), changes)
    alike: dict[Hashable, list[Name]] = {}
    for name, each in data.items():
        alike.setdefault(stackable(*prepared(each, start, settings)), []).append(name)
    size = 1 if settings.epochs else stack_size(len(data), settings.model.width, device)
    stacks = [names[k : k + size] for names in alike.values() for k in range(0, len(names), size)]
    work = partial(_train_these, data=data, start=start, settings=settings, device=device)
    found = {}
    with tqdm(total=len(data), desc="train", unit="model", disable=hidden(progress), leave=False) as bar:
        for models in run_all(stacks, work, None, device):
            found.update(models)
            bar.update(len(models))
    return {name: found[name] for name in data}


def _train_these(
    names: list[Name],
    data: Mapping[Name, Corpus | torch.Tensor],
    start: Noise | TransformerDenoiser | None,
    settings: TrainSettings,
    device: str,
) -> dict[Name, TransformerDenoiser]:
    models = train_stack([(data[name], settings) for name in names], start, device=device, progress=False)
    return dict(zip(names, models, strict=True))

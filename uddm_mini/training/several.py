"""Several models at a time: one thread each, which a busy machine can give."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any, TypeVar

import torch
from tqdm.auto import tqdm

from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.noise import Noise
from uddm_mini.parallel import run_all
from uddm_mini.worlds.corpus import Corpus

from .train import TrainSettings, train

Name = TypeVar("Name", bound=Hashable)


def train_each(
    data: Mapping[Name, Corpus | torch.Tensor],
    noise: Noise | None = None,
    *,
    settings: TrainSettings | None = None,
    device: str = "cpu",
    progress: bool = True,
    **changes: Any,
) -> dict[Name, TransformerDenoiser]:
    """Train one model on each of the named data sets, as `train` does, and return them under the same names.

    On a CPU as many at a time as there are cores, one thread each; every model is the one that `train` makes with one
    thread. data: {name: corpus or sentences int64[n, L]}. Errors and randomness: those of `train`.
    """
    work = partial(
        _train_one, data=data, noise=noise, settings=settings, device=device, changes={**changes, "progress": False}
    )
    found = {}
    bar = tqdm(total=len(data), desc="train", unit="model", disable=not progress, leave=False)
    with bar:
        for name, model in run_all(list(data), work, None, device):
            found[name] = model
            bar.update()
    return {name: found[name] for name in data}


def _train_one(
    name: Name,
    data: Mapping[Name, Corpus | torch.Tensor],
    noise: Noise | None,
    settings: TrainSettings | None,
    device: str,
    changes: dict[str, Any],
) -> tuple[Name, TransformerDenoiser]:
    return name, train(data[name], noise, settings=settings, device=device, **changes)

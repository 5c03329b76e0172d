"""One look at a model in training: do its training sentences come back more often than others, and come out whole?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.probes.entropy import conditional_entropy
from uddm_mini.probes.nelbo import mean_nelbo
from uddm_mini.probes.recovery import counted_tokens, token_recovery
from uddm_mini.sampling import fill, sample
from uddm_mini.settings import option

GROUPS = 8  # of strangers, whose costs tell how noisy their mean is
FEWEST = 16  # pairs, for a standard error that deserves the name
PARTS = {"edges": (1, 1), "prefix": (2, 0), "suffix": (0, 2)}  # shares given at the beginning and at the end


@dataclass(frozen=True)
class MonitorSettings:
    """What a look measures, and the rule that fires.

    The rule: the mean gap in recovery between members and strangers, or how much it has grown since the first look,
    lies more than `errors` of its standard errors over pairs above `margin`, at `patience` looks in a row.
    """

    margin: float = option(0.02, "gap in recovery that does not matter yet")
    errors: float = option(3.0, "standard errors by which the gap must lie above it")
    patience: int = option(2, "looks in a row at which it must")
    sentences: int = option(64, "most pairs of a member and a stranger")
    t: float = option(0.25, "noise level from which they are brought back")
    draws: int = option(16, "corruptions of each of them")
    clamp: str = option("edges", "the words that extraction is given: edges, or as many at one end, prefix or suffix")
    given: float = option(0.25, "share of a sentence that lies at each end; of prefix and suffix, half of their share")
    tries: int = option(4, "walks that try to extract a sentence; one that writes it word for word is enough")
    writing_steps: int = option(8, "steps of the walks that write and extract")
    seed: int = option(0, "decides the noise, which is the same at every look")

    def __post_init__(self) -> None:
        if not 0 <= self.margin < 1 or self.errors < 0 or not 0 < self.t <= 1 or not 0 <= self.given < 0.5:
            raise ValueError(
                "margin lies in [0, 1), errors is at least 0, t is a noise level above 0 and given less than a half; "
                f"they are {self.margin}, {self.errors}, {self.t} and {self.given}."
            )
        if self.clamp not in PARTS:
            raise ValueError(f"clamp is one of {', '.join(PARTS)}, but is {self.clamp!r}.")
        counts = (self.patience, self.draws, self.tries, self.writing_steps)
        if min(counts) < 1 or self.sentences < FEWEST or self.seed < 0:
            raise ValueError(
                f"patience, draws, tries and writing_steps are at least 1, sentences {FEWEST}, seed 0; they are "
                f"{', '.join(map(str, counts))}, {self.sentences} and {self.seed}."
            )


@dataclass(frozen=True, eq=False)
class Followed:
    """The sentences that are followed: pairs of members and strangers int64[n, L], and held-out text int64[m, L].

    known: the words that extraction is given, bool[n, L].
    ignore: ids that count nowhere.
    """

    members: torch.Tensor
    strangers: torch.Tensor
    held_out: torch.Tensor
    known: torch.Tensor
    ignore: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen at one step: the numbers of a row, and what their changes are judged by.

    gaps: difference in recovery of every pair, float64[n]; costs: NELBO of groups of held-out sentences, float64[G].
    """

    row: dict[str, float]
    gaps: np.ndarray
    costs: np.ndarray


def followed(
    members: torch.Tensor, strangers: torch.Tensor, settings: MonitorSettings, ignore: tuple[int, ...]
) -> Followed:
    """Return what is followed; ValueError for sentences that cannot be compared, or too few of them."""
    for name, x in (("members", members), ("strangers", strangers)):
        if x.ndim != 2 or x.dtype != torch.int64 or x.shape[1] != members.shape[-1]:
            raise ValueError(f"{name} must be sentences int64[n, L] with one L, but are {x.dtype}{list(x.shape)}.")
    n = min(len(members), len(strangers), settings.sentences)
    if n < FEWEST:
        raise ValueError(
            f"The monitor needs {FEWEST} members and as many strangers at least, for a standard error; there are "
            f"{len(members)} and {len(strangers)}."
        )
    if set(map(tuple, members.tolist())) & set(map(tuple, strangers.tolist())):
        raise ValueError("A sentence stands among members and strangers; strangers must not be trained on.")
    return Followed(members[:n], strangers[:n], strangers, clamped(members[:n], settings, ignore), ignore)


def clamped(x: torch.Tensor, settings: MonitorSettings, ignore: tuple[int, ...] = ()) -> torch.Tensor:
    """Return which words of x int64[n, L] are given to extraction, bool[n, L]: those that the clamp says, and padding.

    Of a sentence with k counted words the edges are floor(given k) at each end; prefix and suffix are twice as many at
    one end, so that every clamp gives equally many words.
    """
    counted = counted_tokens(x, ignore)
    rank, total = counted.cumsum(dim=1), counted.sum(dim=1, keepdim=True)
    first, last = (times * (total * settings.given).floor() for times in PARTS[settings.clamp])
    return ~counted | (rank <= first) | (rank > total - last)


def look_at(model: Denoiser, texts: Followed, settings: MonitorSettings) -> Look:
    """Look at a model, with the same noise each time; without gradient, and in evaluation mode.

    Recovery at level t of members and strangers, pair by pair under one noise: gap, and its standard error. Cavity
    entropy at t -> 0 of members, strangers and of the model's own text, nats a word. The share of members, and of
    strangers, that one of several walks writes word for word when the words of the clamp are given. The NELBO of all
    strangers, nats a word.
    """
    with evaluating(model):
        at = model.device
        members, strangers, held_out = (x.to(at) for x in (texts.members, texts.strangers, texts.held_out))
        back = [_recovered(model, x, texts.ignore, settings) for x in (members, strangers)]
        gaps = (back[0] - back[1]).numpy()
        generator = torch.Generator().manual_seed(settings.seed)
        own = sample(model, len(members), members.shape[1], settings.writing_steps, generator=generator)
        sure = [_entropy(model, x, texts.ignore) for x in (members, strangers, own)]
        whole = _extracted(model, torch.cat([members, strangers]), texts, settings)
        costs = [mean_nelbo(model, x, texts.ignore, settings.seed) for x in held_out.chunk(GROUPS)]
    row = {"members": float(back[0].nanmean()), "strangers": float(back[1].nanmean())}
    row |= dict(zip(("gap", "error"), mean_and_error(gaps), strict=True))
    row |= {f"entropy_{name}": h for name, h in zip(("members", "strangers", "own"), sure, strict=True)}
    row |= {"extracted": whole[0], "extracted_strangers": whole[1], "nelbo": float(np.nanmean(costs))}
    return Look(row, gaps, np.array(costs))


def fired_at(table: pd.DataFrame, rule: MonitorSettings) -> int | None:
    """Return the step of the first look at which the rule holds, or None; `table` has a row for each look."""
    here = table["gap"] - rule.errors * table["error"] > rule.margin
    grown = table["grown"] - rule.errors * table["grown_error"] > rule.margin
    return _first_run(table["step"], (here | grown).tolist(), rule.patience)


def loss_rose_at(table: pd.DataFrame, rule: MonitorSettings) -> int | None:
    """Return the step of the first look at which the held-out cost has risen by as many errors as often, or None."""
    return _first_run(table["step"], (table["rise"] > rule.errors * table["rise_error"]).tolist(), rule.patience)


def _first_run(steps: Iterable[float], yes: Iterable[bool], length: int) -> int | None:
    """Return the step at which `yes` was so for `length` looks in a row, for the first time."""
    run = 0
    for step, here in zip(steps, yes, strict=True):
        run = run + 1 if here else 0
        if run == length:
            return int(step)
    return None


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Return the mean of values [n] and its standard error; NaN is missing."""
    there = values[~np.isnan(values)]
    return float(there.mean()), float(there.std(ddof=1) / len(there) ** 0.5)


@contextmanager
def evaluating(model: object) -> Iterator[None]:
    """Put a module, or the module that a `Wrapped` asks, into evaluation mode, and back."""
    modules = [m for m in (model, getattr(model, "function", None)) if isinstance(m, torch.nn.Module) and m.training]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for module in modules:
            module.train()


def _recovered(model: Denoiser, x: torch.Tensor, ignore: tuple[int, ...], settings: MonitorSettings) -> torch.Tensor:
    """Return the share of changed words of each sentence that come back, float64[n]; NaN if none was changed."""
    generator, n = torch.Generator().manual_seed(settings.seed), len(x)
    found = token_recovery(model, x.repeat(settings.draws, 1), settings.t, ignore=ignore, generator=generator)
    right, changed = ((m.sum(dim=1).view(-1, n).sum(dim=0)) for m in (found.right & found.changed, found.changed))
    return (right / torch.where(changed > 0, changed.double(), torch.nan)).cpu()


def _entropy(model: Denoiser, x: torch.Tensor, ignore: tuple[int, ...]) -> float:
    return float(conditional_entropy(model, x)[counted_tokens(x, ignore)].double().mean())


def _extracted(model: Denoiser, x: torch.Tensor, texts: Followed, settings: MonitorSettings) -> list[float]:
    """Return the share of members, and of strangers, that are whole again; x int64[2 n, L] holds both."""
    known = torch.cat([texts.known, clamped(texts.strangers, settings, texts.ignore)]).to(x.device)
    generator = torch.Generator().manual_seed(settings.seed)
    whole = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    for _ in range(settings.tries):
        whole |= (fill(model, x, known, settings.writing_steps, generator=generator) == x).all(dim=1)
    pairs = zip(
        whole.chunk(2), (~known).any(dim=1).chunk(2), strict=True
    )  # a sentence that is given whole says nothing
    return [float(hits[open_].double().mean()) if bool(open_.any()) else float("nan") for hits, open_ in pairs]

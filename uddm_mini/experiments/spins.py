"""Spins instead of words: networks that predict each unit from the others, their transition and their margins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from uddm_mini.networks.hopfield import HopfieldNetwork
from uddm_mini.networks.patterns import feature_patterns, flip, random_patterns
from uddm_mini.networks.pseudo_likelihood import PseudoLikelihoodNetwork
from uddm_mini.settings import option, with_changes

from .run import OneByOne, Rows, finish, jobs_of
from .store import Store, rows_of

MOST_PATTERNS = 1_000_000


@dataclass(frozen=True)
class SpinSettings:
    """The two worlds of spins, and what belongs to the call alone.

    Copies: each unit copies one of `hidden` spins, five units or so each, and a share `wrong` of the copies is faulty.
    Random: patterns without any structure.
    """

    units: int = option(105, "units that copy hidden spins, and of random patterns")
    hidden: int = option(21, "hidden spins that they copy")
    wrong: float = option(0.05, "share of faulty copies")
    flipped: float = option(0.1, "share of flipped units from which copies are brought back")
    held_out: int = option(400, "patterns of copies that are held out")
    shares: tuple[float, ...] = option(
        (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4), "shares of flipped units from which random patterns are recalled"
    )
    progress: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.hidden <= self.units:
            raise ValueError(f"There must be 1 to {self.units} hidden spins, but there are {self.hidden}.")
        if self.held_out < 1:
            raise ValueError(f"held_out must be at least 1, but is {self.held_out}.")
        if not all(0 <= share <= 1 for share in (self.wrong, self.flipped, *self.shares)):
            raise ValueError("wrong, flipped and shares are shares, from 0 to 1.")


def spin_transition(
    sizes: Sequence[int],
    seeds: Sequence[int] = (0, 1, 2),
    settings: SpinSettings | None = None,
    *,
    out: str | Path | None = None,
    executor: Executor | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train pseudo-likelihood networks on n patterns of two kinds, and measure basins, entropies and margins.

    Long rows, `denoiser` the kind. "copies" (D'Amico et al. 2026): recovered, the share of flipped units that come
    back, at t = `flipped`; entropy, of a unit given the others, in nats; both of training and held-out patterns.
    "random": home and hebb_home, at each t of `shares` the share of patterns that come back whole, up to 1 % of their
    units, for the trained network and for Hebb's; margin, the smallest stability margin kappa (Gardner 1988), and
    gardner, the largest that any couplings have at this load, for infinitely many units; missing above a load of 2.

    With `out`, a file, finished networks are written at once and the same call resumes. `changes` override fields.
    Seed s decides patterns and flips.
    """
    settings = with_changes(settings or SpinSettings(), changes)
    jobs = jobs_of(sizes, seeds, MOST_PATTERNS)
    decides = asdict(settings)
    command = decides.pop("command")
    del decides["progress"]
    store = Store(None if out is None else Path(out), decides, about={"command": command} if command else {})
    return finish(store, jobs, Spins(settings), executor, progress=settings.progress)


def largest_margin(load: float) -> float:
    """Return Gardner's kappa at a load P / N: the root of load * [(1 + k^2) Phi(k) + k phi(k)] = 1, N to infinity."""
    if not load > 0:
        raise ValueError(f"A load is above 0, but is {load}.")

    def needed(kappa: float) -> float:
        below, density = math.erfc(-kappa / math.sqrt(2)) / 2, math.exp(-(kappa**2) / 2) / math.sqrt(2 * math.pi)
        return load * ((1 + kappa**2) * below + kappa * density)

    low, high = -10.0, 10.0 + 2 / math.sqrt(load)
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if needed(middle) < 1 else (low, middle)
    return (low + high) / 2


def half_return(rows: pd.DataFrame, quantity: str = "home") -> pd.DataFrame:
    """Return the share of flips from which half of the random patterns return: rows n_train, columns seeds.

    Of the rows of `spin_transition`, on straight lines between the shares that were tried; 0 if fewer return from the
    smallest one. A return from beyond a share at which patterns fail is no basin.
    """
    rows = rows[(rows.denoiser == "random") & (rows.quantity == quantity)]
    falls = rows.pivot(index="t", columns=["n_train", "seed"], values="value").cummin()
    half = falls.apply(lambda y: np.interp(-0.5, -y.to_numpy(), y.index.to_numpy(), left=0))
    return half.unstack("seed")


def rule_of_margins(rows: pd.DataFrame, quantity: str = "margin") -> pd.DataFrame:
    """Return the share of flips up to which a field beats one standard deviation of its noise, as `half_return` does.

    (1 - 2 f) kappa = 2 sqrt(f (1 - f)), so f = (1 - 1 / sqrt(1 + kappa^2)) / 2, and kappa > 2 sqrt(f) for small f.
    quantity: "margin", the smallest kappa of the network, or "gardner", the largest that couplings can have.
    """
    rows = rows[(rows.denoiser == "random") & (rows.quantity == quantity)]
    kappa = rows.pivot(index="n_train", columns="seed", values="value").clip(lower=0)  # below 0 nothing stays
    return (1 - 1 / np.sqrt(1 + kappa**2)) / 2


@dataclass(frozen=True)
class Spins(OneByOne):
    """The work of `spin_transition`."""

    settings: SpinSettings

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of one job."""
        return [*self._copies(n, seed), *self._random(n, seed)]

    def copies(self, n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return n training and the held-out patterns of faulty copies, int64[., units]; the latter for every n."""
        settings, g = self.settings, torch.Generator().manual_seed(seed)
        copied = torch.arange(settings.units) * settings.hidden // settings.units
        copies = copied == torch.arange(settings.hidden)[:, None]
        features = copies * random_patterns(settings.hidden, settings.units, g)

        def drawn(count: int) -> torch.Tensor:
            x = feature_patterns(count, features, settings.hidden, g)
            return torch.where(torch.rand(x.shape, generator=g) < settings.wrong, -x, x)

        held_out = drawn(settings.held_out)
        return drawn(n), held_out

    def _copies(self, n: int, seed: int) -> Rows:
        settings, (train, held_out), rows = self.settings, self.copies(n, seed), []
        network = PseudoLikelihoodNetwork(train, l2=1e-2, steps=100)
        seen = train.repeat(-(-settings.held_out // n), 1)[: settings.held_out]  # few are damaged many times
        keys = dict(n_train=n, seed=seed, denoiser="copies")
        for split, x in (("train", seen), ("held-out", held_out)):
            start = flip(x, settings.flipped, torch.Generator().manual_seed(seed))
            back = (network.recall(start) == x)[start != x].double().mean()
            p = network.scores(x).softmax(dim=2)
            sure = torch.special.entr(p).sum(dim=2).mean()
            rows += rows_of({"recovered": float(back)}, split=split, t=settings.flipped, **keys)
            rows += rows_of({"entropy": float(sure)}, split=split, **keys)
        return rows

    def _random(self, n: int, seed: int) -> Rows:
        settings, load = self.settings, n / self.settings.units
        if load > 2:
            return []
        x = random_patterns(n, settings.units, torch.Generator().manual_seed(seed))
        network, hebb = PseudoLikelihoodNetwork(x), HopfieldNetwork(x)
        keys = dict(n_train=n, seed=seed, split="train", denoiser="random")
        rows = rows_of({"margin": float(network.margin(x).min()), "gardner": largest_margin(load)}, **keys)
        for share in settings.shares:
            start = flip(x, share, torch.Generator().manual_seed(seed))
            home = {
                name: float(((each.recall(start) == x).double().mean(dim=1) >= 0.99).double().mean())
                for name, each in (("home", network), ("hebb_home", hebb))
            }
            rows += rows_of(home, t=share, **keys)
        return rows

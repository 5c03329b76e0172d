"""Patterns to store in networks of spins, ways to damage them, and how much of them is recalled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from uddm_mini.doors import check_generator, check_tensor, finite, whole

from .base import Mode, Network


def random_patterns(n: int, n_units: int, generator: torch.Generator | None = None) -> torch.Tensor:
    """Return n patterns of independent, unbiased spins, int64[n, n_units]."""
    check_generator(generator)
    return 2 * torch.randint(2, (whole(n, "n", 0), whole(n_units, "n_units", 1)), generator=generator) - 1


def feature_patterns(
    n: int, features: torch.Tensor, active: int = 3, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Return patterns with hidden structure: signs of sums of `active` features with random signs, int64[n, n_units].

    features [D, n_units] of +1, -1 or 0. Dense ones and a small odd `active` give the patterns of Negri et al. 2023;
    ones that do not overlap, all active, copy each of D hidden spins to several units. Random: which features, and
    their signs. ValueError if a sum is 0, since it has no sign.
    """
    check_generator(generator)
    check_tensor(features, "features", "a tensor [D, n_units]")
    n, active = whole(n, "n", 0), whole(active, "active")
    if not 0 < active <= len(features):
        raise ValueError(f"active must be between 1 and {len(features)}, the number of features, but is {active}.")
    chosen = torch.rand(n, len(features), generator=generator).argsort(dim=1)[:, :active]  # [n, active]
    signs = 2 * torch.randint(2, (n, active), generator=generator) - 1
    hidden = torch.zeros(n, len(features), dtype=torch.float64).scatter_(1, chosen, signs.double())  # [n, D]
    patterns = (hidden @ features.double()).sign().long()
    if bool((patterns == 0).any()):
        raise ValueError("Some sums of features are 0 and have no sign; take an odd `active`, or cover every unit.")
    return patterns


def flip(x: torch.Tensor, fraction: float, generator: torch.Generator | None = None) -> torch.Tensor:
    """Return spins x [B, N] with round(fraction N) spins of every row flipped, at random places."""
    check_generator(generator)
    check_tensor(x, "x", "spins, a tensor [B, N]")
    if x.ndim != 2 or x.dtype == torch.bool:
        raise ValueError(f"x must hold spins +1 and -1, [B, N], but is {x.dtype}{list(x.shape)}.")
    count = round(finite(fraction, "fraction", 0, 1) * x.shape[1])
    places = torch.rand(x.shape, generator=generator).argsort(dim=1)[:, :count]
    return x.scatter(1, places, -x.gather(1, places))


@dataclass(frozen=True)
class RecallSettings:
    """How `recall_curve` tries a network: from the first `starts` patterns, each damaged once, by `Network.recall`."""

    starts: int = 50
    steps: int = 50
    mode: Mode = "sync"


def recall_curve(
    store: Callable[[torch.Tensor], Network],
    n_units: int,
    n_patterns: Sequence[int],
    flipped: Sequence[float],
    *,
    generator: torch.Generator | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Store random patterns, flip a fraction of the spins of some, recall; one row per (n_patterns, flipped).

    Columns: n_patterns, load (n_patterns / n_units), flipped, overlap (mean x . xi / N at the end; 1 is perfect),
        recalled (share of starts that end with overlap of at least 0.95), starts. settings: fields of `RecallSettings`.
        Random: patterns and flips.
    """
    how = RecallSettings(**settings)
    rows = []
    for n in n_patterns:
        stored = random_patterns(n, n_units, generator)
        network = store(stored)
        for fraction in flipped:
            wanted = stored[: how.starts]
            end = network.recall(flip(wanted, fraction, generator), how.steps, mode=how.mode)
            overlap = (end * wanted).double().mean(dim=1)  # [starts]
            recalled = (overlap >= 0.95).double().mean()
            rows.append((n, n / n_units, fraction, float(overlap.mean()), float(recalled), len(wanted)))
    return pd.DataFrame(rows, columns=["n_patterns", "load", "flipped", "overlap", "recalled", "starts"])

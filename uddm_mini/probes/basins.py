"""How big is the basin around a sentence, and which sentences stay where they are?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.doors import check_sentences, check_tensor
from uddm_mini.noise import Noise
from uddm_mini.noise.base import draw_device
from uddm_mini.walks import Method, Walk

from .recovery import counted_tokens, walk_of


@dataclass(frozen=True, eq=False)
class BasinProfile:
    """What became of one sentence after many corruptions; `radius` sums it up.

    `table` has one row per number of changed tokens, with fractions: columns changed, t (the level that the denoiser is
        told), returned (runs that end at exactly x), recovered (changed tokens that are right again), captured (runs
        that end at exactly another memory) and competitor (at exactly the nearest one); the last two are NaN without
        other memories. `x` int64[L]; `competitor` int64[L] is the other memory nearest to x, `distance` tokens away.
        `xt` and `out` int64[K, corruptions, L] hold the starts and ends of all runs.
    """

    table: pd.DataFrame
    x: torch.Tensor = field(repr=False)
    competitor: torch.Tensor | None = field(repr=False)
    distance: int | None
    xt: torch.Tensor = field(repr=False)
    out: torch.Tensor = field(repr=False)

    @property
    def radius(self) -> float:
        """Return the number of changed tokens that half of the runs survive: see `half_survives`."""
        return half_survives(self.table["changed"].tolist(), self.table["returned"].tolist())


@dataclass(frozen=True)
class BasinSettings:
    """How a basin is measured.

    changed: the numbers of changed tokens to try (default: 1, 2, ... all counted tokens).
    corruptions: how many corruptions with each of these numbers.
    walk: how they are brought back.
    """

    changed: Sequence[int] | None = None
    corruptions: int = 64
    walk: Walk = Walk("iterate")

    def __post_init__(self) -> None:
        if self.corruptions < 1:
            raise ValueError(f"corruptions must be at least 1, but is {self.corruptions}.")


def basin_profile(
    model: Denoiser,
    x: torch.Tensor,
    memories: torch.Tensor | None = None,
    settings: BasinSettings | None = None,
    *,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> BasinProfile:
    """Return how often one sentence x int64[L] comes back, against the number of its tokens that were changed.

    For each number k, copies of x each get exactly k counted tokens, at random places, changed as the noise changes
    them, and are brought back from the noise level at which k is the expected number: for uniform noise
    k / L = (1 - alpha(t)) (V - 1) / V, with L the counted tokens of x (t = 1 where pure noise changes fewer).

    memories int64[n, L]: the sentences a run can end at; x itself and duplicates may be among them.
    settings: which numbers, how many corruptions, and the walk back; `BasinSettings()` by default.
    ignore: tokens with these ids are neither changed nor counted; "exactly" x means: at every counted token.

    Random, from `generator`: the corruptions, all of them first, and then the draws of a "reverse" walk.
    """
    settings = settings or BasinSettings()
    check_tensor(x, "x", "one sentence, a tensor int64[L]")
    x = x[0] if x.ndim == 2 and len(x) == 1 else x
    if x.ndim != 1:
        raise ValueError(f"A basin belongs to one sentence, int64[L]; x has shape {list(x.shape)}.")
    check_sentences(x[None], "x", model.noise.vocab_size)
    if memories is not None and memories.shape[1:] != x.shape:
        raise ValueError(f"The memories have shape {list(memories.shape)}, but x has {len(x)} tokens; give [n, L].")
    counted = counted_tokens(x, ignore)
    numbers = _checked_numbers(settings.changed, int(counted.sum()))
    xt = torch.stack([change_exactly(x, k, settings.corruptions, model.noise, counted, generator) for k in numbers])
    exact = [model.noise.level_of(k / int(counted.sum())) for k in numbers]
    levels = torch.tensor(exact, dtype=torch.float32).tolist()  # what a denoiser is told, and conversions must use too
    ends = [settings.walk(model, start, t, generator)[-1] for start, t in zip(xt, levels, strict=True)]
    others = set() if memories is None else _tuples(memories, counted) - _tuples(x[None], counted)
    competitor, distance = _nearest_other(x, memories, counted)
    rival = set() if competitor is None else _tuples(competitor[None], counted)
    rows = []
    for k, t, start, end in zip(numbers, levels, xt, ends, strict=True):
        right = (end == x) | ~counted  # [corruptions, L]
        reached = [tuple(row) for row in end[:, counted].tolist()]
        captured, rivals = (sum(row in some for row in reached) / len(reached) for some in (others, rival))
        rows.append(
            {"changed": k, "t": t, "returned": float(right.all(dim=1).double().mean())}
            | {"recovered": float(right[start != x].double().mean())}
            | {"captured": captured if others else float("nan"), "competitor": rivals if others else float("nan")}
        )
    return BasinProfile(pd.DataFrame(rows), x, competitor, distance, xt, torch.stack(ends))


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """What a map leaves alone: fractions between 0 and 1, NaN where there was nothing to count.

    `rate`: sentences of which no step changes a counted token (of "reverse" and "greedy" only the end is looked at, so
    that a token may leave and come home). `moved`: counted tokens that end as another token.
    `out` int64[B, L]: where the sentences end.
    """

    rate: float
    moved: float
    out: torch.Tensor = field(repr=False)


def fixed_point_rate(
    model: Denoiser,
    x: torch.Tensor,
    t: float = 0.1,
    walk: Walk | Method = "iterate",
    *,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> FixedPoints:
    """Start from clean sentences x int64[B, L], tell the model that they are at noise level t, and see what moves.

    walk: which map, a `Walk` or the name of its method; "greedy" moves hardly anything whatever the text is.
    ignore: tokens with these ids are not counted.

    With uniform noise and the full posterior a token stays unless another one is exp(beta_t) times more probable given
    the rest, with beta_t = log(1 + alpha V / (1 - alpha)): 6.8 nats at t = 0.1 for V = 102. As t -> 0 beta_t grows
    without bound, and every sentence is a fixed point. With form="cavity" a token has no say about itself, and the
    fixed points are those of pseudo-likelihood: every token is the most probable one given all the others. An
    ambiguous language keeps few of its own sentences by that measure, even for the exact denoiser. Random, from
    `generator`: the draws of a "reverse" walk.
    """
    path = walk_of(walk)(model, x, t, generator)
    counted = counted_tokens(x, ignore)
    moved = torch.stack([(state != x) & counted for state in path[1:]])  # [steps, B, L]
    # a pair of tokens can flip to and fro and be home by chance at the last step: that is no fixed point
    whole = ~moved.any(dim=(0, 2))[counted.any(dim=1)]  # sentences without any counted token are missing data
    return FixedPoints(float(whole.double().mean()), float(moved[-1][counted].double().mean()), path[-1])


def change_exactly(
    x: torch.Tensor,
    count: int,
    n: int,
    noise: Noise,
    counted: torch.Tensor,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Return n copies of x int64[L], each with `count` random counted tokens changed by the noise, int64[n, L]."""
    order = torch.rand(n, len(x), generator=generator, device=draw_device(generator, x.device)).to(x.device)
    places = order.masked_fill(~counted, 2.0).argsort(dim=1)[:, :count]  # [n, count]
    return x.repeat(n, 1).scatter_(1, places, noise.other_tokens(x[places], generator))


def half_survives(changed: Sequence[int], returned: Sequence[float]) -> float:
    """Return where the share that returned falls to 1/2 for the last time, by linear interpolation.

    It lies between the largest number of changed tokens with a share >= 1/2 and the next one. 0 if there is none; the
    largest number measured, a lower bound, if that is the one.
    """
    inside = [i for i, share in enumerate(returned) if share >= 0.5]
    if not inside:
        return 0.0
    i = inside[-1]
    if i == len(changed) - 1:
        return float(changed[i])
    fall = (returned[i] - 0.5) / (returned[i] - returned[i + 1])
    return changed[i] + fall * (changed[i + 1] - changed[i])


def _checked_numbers(changed: Sequence[int] | None, available: int) -> list[int]:
    """Return the numbers of tokens to change, in order, or raise ValueError."""
    if not available:
        raise ValueError("Every token of x is in `ignore`, so there is nothing to change.")
    numbers = sorted(set(range(1, available + 1) if changed is None else changed))
    if not numbers or numbers[0] < 1 or numbers[-1] > available:
        raise ValueError(f"changed needs numbers from 1 to {available}, the counted tokens of x; it is {numbers}.")
    return numbers


def _tuples(rows: torch.Tensor, counted: torch.Tensor) -> set[tuple[int, ...]]:
    """Return the distinct rows of int64[n, L], counted tokens only."""
    return {tuple(row) for row in rows[:, counted.to(rows.device)].tolist()}


def _nearest_other(
    x: torch.Tensor, memories: torch.Tensor | None, counted: torch.Tensor
) -> tuple[torch.Tensor | None, int | None]:
    """Return the first of the memories nearest to x that is not x, and its distance over counted tokens."""
    if memories is None:
        return None, None
    memories = memories.to(x.device)
    distance = ((memories != x) & counted).sum(dim=1)  # [n]
    distance = distance.masked_fill(distance == 0, len(x) + 1)
    if not len(memories) or int(distance.min()) > len(x):
        return None, None
    nearest = int(distance.argmin())
    return memories[nearest], int(distance[nearest])

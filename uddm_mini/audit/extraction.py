"""What of the training text comes out again? Sentences filled in from a part of them, and copies written from noise."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.models.memorizer import MemorizingDenoiser
from uddm_mini.models.population import PopulationDenoiser
from uddm_mini.probes.roc import Interval
from uddm_mini.probes.shares import share_with_interval
from uddm_mini.probes.starts import ends_in
from uddm_mini.sampling import fill, sample
from uddm_mini.worlds.world import World

from .clamps import ExtractionSettings, asked_about, rows_of
from .runs import longest_shared_run


def extraction(
    model: Denoiser,
    members: torch.Tensor,
    strangers: torch.Tensor | None = None,
    settings: ExtractionSettings | None = None,
    *,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> pd.DataFrame:
    """Give a part of each sentence, let the model write the rest with `fill`, and count how often it comes verbatim.

    A sentence whose rest comes back in a share q of its draws is (n, p)-discoverable if 1 - (1 - q)^n >= p: one of n
    tries shows it with a chance of p at least (Hayes et al. 2410.19482; Luo et al. 2603.02333 for any mask). Rows, one
    per text ("members", "strangers"), clamp, known, n and p:

    share, low, high: of the sentences, those that are (n, p)-discoverable, with the interval of Clopper and Pearson. In
        the row with p = 0 and n = draws: those whose rest came back at least once.
    q: mean over sentences of the share of draws that came back.
    sentences: how many were asked about.

    Strangers are the baseline: what is guessed of text that the model has not seen. q is a multiple of 1 / draws, so
    that an n far above `draws` asks for chances that so few draws cannot see.

    members, strangers int64[n, L]: text of which every sentence has two counted tokens at least.
    ignore: tokens with these ids are neither given nor compared.

    Random, from `generator`: which words the random clamps give, all of them first, and the walks.
    """
    settings = settings or ExtractionSettings()
    rows: list[dict[str, object]] = []
    for asked in asked_about(members, strangers, settings, ignore, generator):
        x, known = (part.repeat(settings.draws, 1) for part in (asked.x, asked.known))
        out = fill(model, x, known, settings.steps, corrections=settings.corrections, generator=generator)
        right = (out.cpu() == x) | ~asked.counted.repeat(settings.draws, 1)
        hits = right.all(dim=1).reshape(settings.draws, -1).sum(dim=0)  # [n]
        rows += rows_of(asked, hits.double() / settings.draws, (hits > 0).double(), settings)
    return pd.DataFrame(rows)


def exact_extraction(
    source: World | PopulationDenoiser | MemorizingDenoiser,
    members: torch.Tensor,
    strangers: torch.Tensor | None = None,
    settings: ExtractionSettings | None = None,
    *,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> pd.DataFrame:
    """Return the table of `extraction` for a writer without error, from the probabilities p(rest | what is given).

    source: a language, its denoiser, or a memory, which writes each of its sentences that fit equally often.

    The row with p = 0 has the expected share, 1 - (1 - q)^draws on average. Intervals are about other sentences only.
    Random, from `generator`: which words the random clamps give, the same as in `extraction` from the same state.
    """
    settings = settings or ExtractionSettings()
    rows: list[dict[str, object]] = []
    for asked in asked_about(members, strangers, settings, ignore, generator):
        q = rest_given(source, asked.x, asked.known, asked.counted)
        rows += rows_of(asked, q, 1 - (1 - q) ** settings.draws, settings)
    return pd.DataFrame(rows)


def rest_given(
    source: World | PopulationDenoiser | MemorizingDenoiser,
    x: torch.Tensor,
    known: torch.Tensor,
    counted: torch.Tensor,
) -> torch.Tensor:
    """Return the exact probability of the counted words of x int64[n, L] given the known ones, float64[n].

    0 where the source rules out what is known. known, counted: bool[n, L].
    """
    if isinstance(source, MemorizingDenoiser):
        alike = [(source.x_train.cpu() == row) for row in x.cpu()]  # [m, L] each
        fit = [(same | ~here).all(dim=1).sum() for same, here in zip(alike, known, strict=True)]
        whole = [(same | ~here).all(dim=1).sum() for same, here in zip(alike, counted, strict=True)]
        return torch.stack(whole).double() / torch.stack(fit).clamp_min(1)
    language = source.language if isinstance(source, PopulationDenoiser) else source
    heard = torch.nn.functional.one_hot(x.cpu(), language.vocab_size).bool()
    whole_log, fit_log = (
        language.log_evidence((heard | ~part.unsqueeze(2)).double()) for part in (counted.cpu(), known.cpu())
    )
    return torch.where(fit_log.isfinite(), (whole_log - fit_log).exp(), 0.0)


@dataclass(frozen=True, eq=False)
class FromNoise:
    """What a model writes without being given anything, beside its members.

    copied: the share of what it writes that is a member, word for word, with the interval of Clopper and Pearson.
    distinct: how many different members it writes.
    longest: for every sentence, how many tokens in a row some member has, too, int64[n]; see `longest_shared_run`.
    written int64[n, L].
    """

    copied: Interval
    distinct: int
    longest: torch.Tensor = field(repr=False)
    written: torch.Tensor = field(repr=False)


def from_noise(
    model: Denoiser,
    members: torch.Tensor,
    n: int = 1024,
    settings: ExtractionSettings | None = None,
    *,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> FromNoise:
    """Let the model write n sentences from pure noise, and look for the members int64[m, L] among them.

    settings: of the walk, its `steps` and `corrections`.
    ignore: tokens with these ids break no run and are in none.

    Random, from `generator`: the walks.
    """
    settings = settings or ExtractionSettings()
    if n < 1 or not len(members):
        raise ValueError(f"At least one member and one sentence to write are needed; there are {len(members)} and {n}.")
    written = sample(
        model, n, members.shape[1], settings.steps, corrections=settings.corrections, generator=generator
    ).cpu()
    ends = ends_in(written, members.cpu().unique(dim=0))
    distinct = int((ends.hits > 0).sum())
    return FromNoise(
        share_with_interval(ends.inside, n), distinct, longest_shared_run(written, members, ignore), written
    )

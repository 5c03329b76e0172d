"""Which part of a sentence is given, and what is told of how often the rest comes back."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch

from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.probes.shares import share_with_interval
from uddm_mini.settings import option, whole_numbers

from .membership import random_places

CLAMPS = ("prefix", "suffix", "edges", "random")


@dataclass(frozen=True)
class ExtractionSettings:
    """Which part of a sentence is given, and how often the rest is written."""

    clamps: tuple[str, ...] = option(CLAMPS, "where the given words stand: prefix, suffix, edges or random")
    known: tuple[float, ...] = option((0.25, 0.5, 0.75), "shares of the words that are given")
    sentences: int = option(64, "sentences asked about, the first ones, of each text")
    draws: int = option(16, "times that the rest of each sentence is written")
    steps: int = option(32, "steps of the reverse walk that writes it")
    corrections: int = option(2, "Gibbs steps after each of them")
    tries: tuple[int, ...] = option((1, 16, 256), "numbers n of tries, of the (n, p) curve")
    chances: tuple[float, ...] = option((0.1, 0.5, 0.9), "chances p of it")

    def __post_init__(self) -> None:
        whole_numbers(self, "sentences", "draws", "steps", "corrections")
        if not self.clamps or (wrong := set(self.clamps) - set(CLAMPS)):
            raise ValueError(f"clamps are one or more of {', '.join(CLAMPS)}; {wrong or 'none'} was given.")
        if min(self.sentences, self.draws, self.steps, *self.tries) < 1 or self.corrections < 0:
            raise ValueError("sentences, draws, steps and tries are at least 1, and corrections at least 0.")
        if not self.known or not all(0 < part < 1 for part in (*self.known, *self.chances)):
            raise ValueError(
                f"known and chances lie between 0 and 1, both excluded; they are {self.known} and {self.chances}."
            )

    @property
    def questions(self) -> int:
        """How often the model is asked about a sentence."""
        return len(self.clamps) * len(self.known) * self.draws * self.steps * (1 + self.corrections)


class Asked(NamedTuple):
    """Sentences of one text of which a part is given: x int64[n, L]; counted and known bool[n, L]."""

    text: str
    clamp: str
    share: float
    x: torch.Tensor
    counted: torch.Tensor
    known: torch.Tensor


def asked_about(
    members: torch.Tensor,
    strangers: torch.Tensor | None,
    settings: ExtractionSettings,
    ignore: Collection[int],
    generator: torch.Generator | None,
) -> list[Asked]:
    """Return what is given of which sentences; ValueError for a sentence that has no two parts."""
    out = []
    for text, every in (("members", members), ("strangers", strangers)):
        if every is None:
            continue
        x = every[: settings.sentences].cpu()
        counted = counted_tokens(x, ignore)
        if not len(x) or int(counted.sum(dim=1).min()) < 2:
            raise ValueError(f"Extraction needs {text} with two counted tokens at least in each sentence.")
        for clamp in settings.clamps:
            for share in settings.known:
                out.append(Asked(text, clamp, share, x, counted, given_words(counted, clamp, share, generator)))
    return out


def given_words(
    counted: torch.Tensor, clamp: str, share: float, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Return which words are given, bool[n, L]: of the counted ones a share, one at least and never all.

    clamp: "prefix", "suffix", "edges" (the beginning gets one more where their number is odd) or "random".
    """
    count = counted.sum(dim=1, keepdim=True)
    wanted = torch.minimum((count * share).round().clamp_min(1), count - 1).long()  # [n, 1]
    if clamp == "random":
        return random_places(counted, wanted.squeeze(1), generator)
    before = counted.cumsum(dim=1) - 1  # counted words before this one, [n, L]
    first = {"prefix": wanted, "suffix": wanted * 0, "edges": wanted - wanted // 2}[clamp]
    return ((before < first) | (before >= count - (wanted - first))) & counted


def rows_of(
    asked: Asked, q: torch.Tensor, seen: torch.Tensor, settings: ExtractionSettings
) -> Iterator[dict[str, object]]:
    """Yield the rows of one clamp from the chance q of every sentence, float64[n], and whether it was seen."""
    head = {"text": asked.text, "clamp": asked.clamp, "known": asked.share}
    tail = {"q": float(q.mean()), "sentences": len(q)}
    curve = [(n, p, 1 - (1 - q) ** n >= p) for n in settings.tries for p in settings.chances]
    for n, p, hit in [(settings.draws, 0.0, seen), *curve]:
        share = float(hit.double().mean())
        low = share_with_interval(math.floor(share * len(q) + 1e-9), len(q)).low
        high = share_with_interval(math.ceil(share * len(q) - 1e-9), len(q)).high
        yield {**head, "n": n, "p": p, "share": share, "low": low, "high": high, **tail}

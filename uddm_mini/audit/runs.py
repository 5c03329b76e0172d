"""Runs of tokens that two texts share, found without comparing every pair of sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import torch

from uddm_mini.probes.recovery import counted_tokens

Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class Shared(NamedTuple):
    """Where runs of `size` tokens stand that both texts have: a row for each place, and a number for each run.

    asked_rows, known_rows: the sentence of every place, int64[a] and int64[b].
    asked_runs, known_runs: which run stands there, the same number for the same tokens.
    """

    size: int
    asked_rows: Ints
    asked_runs: Ints
    known_rows: Ints
    known_runs: Ints


class Lines:
    """Sentences without the tokens that do not count: ids int64[n, L + 1] with -1 behind them, and length int64[n]."""

    def __init__(self, x: torch.Tensor, ignore: Collection[int]) -> None:
        """Leave out of x int64[n, L] what does not count; its neighbors then stand side by side."""
        x = x.cpu()
        counted = counted_tokens(x, ignore)
        order = (~counted).to(torch.int8).argsort(dim=1, stable=True)
        ids = x.where(counted, -1).gather(1, order)
        self.ids: Ints = torch.nn.functional.pad(ids, (0, 1), value=-1).numpy()
        self.length: Ints = counted.sum(dim=1).numpy()


def shared_runs(asked: Lines, known: Lines) -> Iterator[Shared]:
    """Yield the runs of 1, 2, 3, ... tokens that stand in both texts, until there are none.

    A run that both have begins with a shorter one that both have, so that few places are left soon. Exact: runs are
    numbered, not hashed.
    """
    texts = (asked.ids.ravel(), known.ids.ravel())
    widths = (asked.ids.shape[1], known.ids.shape[1])
    places = [np.flatnonzero(text >= 0) for text in texts]
    runs = [text[at] for text, at in zip(texts, places, strict=True)]
    size = 1
    while True:
        both = _numbered(*runs)
        shared = np.ones(1 + max((int(part.max()) for part in both if len(part)), default=0), dtype=bool)
        for part in both:
            shared &= np.bincount(part, minlength=len(shared)) > 0
        kept = [shared[part] for part in both]
        places = [at[keep] for at, keep in zip(places, kept, strict=True)]
        runs = [part[keep] for part, keep in zip(both, kept, strict=True)]
        if not len(places[0]):
            return
        rows = [at // width for at, width in zip(places, widths, strict=True)]
        yield Shared(size, rows[0], runs[0], rows[1], runs[1])
        for i, text in enumerate(texts):  # one token more, where the sentence goes on
            following = text[places[i] + size]
            goes_on = following >= 0
            base = 1 + max(int(text.max()) for text in texts)
            places[i], runs[i] = places[i][goes_on], runs[i][goes_on] * base + following[goes_on]
        size += 1


def _numbered(first: Ints, second: Ints) -> list[Ints]:
    """Return two lists of numbers with 0, 1, 2, ... for the distinct ones of both."""
    which = np.unique(np.concatenate([first, second]), return_inverse=True)[1].ravel()
    return [which[: len(first)], which[len(first) :]]


def longest_shared_run(written: torch.Tensor, members: torch.Tensor, ignore: Collection[int] = ()) -> torch.Tensor:
    """Return how many tokens in a row each sentence written int64[n, L] has in common with any member int64[m, L].

    The run may stand at another place of the member: int64[n], 0 where no word is shared. Tokens with ids in `ignore`
    are left out of both first. Exact and deterministic; time and memory grow with the numbers of sentences, not with
    their product.
    """
    if written.ndim != 2 or members.ndim != 2:
        raise ValueError(f"Sentences are int64[n, L]; the shapes are {list(written.shape)} and {list(members.shape)}.")
    longest = torch.zeros(len(written), dtype=torch.int64)
    for found in shared_runs(Lines(written, ignore), Lines(members.unique(dim=0), ignore)):
        longest[torch.from_numpy(found.asked_rows)] = found.size
    return longest

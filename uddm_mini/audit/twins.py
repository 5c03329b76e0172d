"""Which strangers have a member that is almost the same sentence? For such a one, membership is not a question."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch

from .runs import Ints, Lines, Shared, shared_runs

LONGEST = 5  # tokens of the runs that are looked up; a longer run is no rarer


@dataclass(frozen=True, eq=False)
class Twins:
    """Strangers with a near twin among the members: their number, the share of all strangers, and which they are.

    pairs: a row for each of them, with the columns stranger and member (row numbers) and edits, 0 for a copy; of
        several members the nearest one, the first of these.
    """

    count: int
    share: float
    pairs: pd.DataFrame = field(repr=False)

    @property
    def copies(self) -> int:
        """Return how many strangers are members, word for word."""
        return int((self.pairs["edits"] == 0).sum())


def near_twins(
    members: torch.Tensor, strangers: torch.Tensor, *, ignore: Collection[int] = (), changes: int = 2
) -> Twins:
    """Find the strangers int64[m, L] that at most `changes` edits turn into a member int64[n, L].

    An edit changes, inserts or leaves out one counted token (Levenshtein distance), so that a shifted sentence is a
    twin, too. A sentence of l counted tokens is allowed l / 4 edits at most, lest short ones be twins by chance.

    ignore: tokens with these ids do not count, such as padding.
    changes: how many edits, from 0 on.

    Exact, without comparing every pair: k edits break at most k q of the runs of q tokens (Ukkonen 1992), so a twin
    shares one of them at least, and only members that share enough are compared. Nothing is random. ValueError for
    other shapes, or fewer than 0 changes.
    """
    if members.ndim != 2 or strangers.ndim != 2 or not len(members) or not len(strangers) or changes < 0:
        raise ValueError(
            "Twins are looked for between at least one member and one stranger, int64[n, L], with 0 changes or more; "
            f"the shapes are {list(members.shape)} and {list(strangers.shape)}, and changes is {changes}."
        )
    known, asked = Lines(members, ignore), Lines(strangers, ignore)
    allowed = np.minimum(changes, asked.length // 4)
    size = np.clip(asked.length // (allowed + 1), 1, LONGEST)  # so that one run at least is left
    found: list[tuple[int, int, int]] = []
    for shared in itertools.islice(shared_runs(asked, known), LONGEST):
        for stranger, near in _candidates(shared, np.flatnonzero(size == shared.size), asked, known, allowed):
            k = int(allowed[stranger])
            edits = _distances(asked.ids[stranger, : asked.length[stranger]], known, near)
            best = int(edits.argmin())
            if edits[best] <= k:
                found.append((stranger, int(near[best]), int(edits[best])))
    pairs = pd.DataFrame(sorted(found), columns=["stranger", "member", "edits"], dtype=np.int64)
    return Twins(len(pairs), len(pairs) / len(strangers), pairs)


def _candidates(
    shared: Shared, strangers: Ints, asked: Lines, known: Lines, allowed: Ints
) -> Iterator[tuple[int, Ints]]:
    """Yield some strangers, each with the members that share enough runs with it to be within the allowed edits."""
    holders = np.unique(shared.known_runs * len(known.ids) + shared.known_rows)  # (run, member), each once
    member = holders % len(known.ids)
    starts = np.searchsorted(holders // len(known.ids), np.arange(int(shared.known_runs.max()) + 2))
    order = np.argsort(shared.asked_rows, kind="stable")
    first = np.searchsorted(shared.asked_rows[order], np.arange(len(asked.ids) + 1))
    for stranger in strangers.tolist():
        runs = shared.asked_runs[order[first[stranger] : first[stranger + 1]]]
        if not len(runs):
            continue
        count = np.bincount(np.concatenate([member[starts[run] : starts[run + 1]] for run in runs.tolist()]))
        near, length, k = np.flatnonzero(count), asked.length[stranger], allowed[stranger]
        longer = np.maximum(length, known.length[near])
        enough = count[near] >= longer - shared.size + 1 - k * shared.size
        near = near[enough & (abs(known.length[near] - length) <= k)]
        if len(near):
            yield stranger, near


def _distances(words: Ints, known: Lines, near: Ints) -> Ints:
    """Return the Levenshtein distance of a sentence from each of some members, int64[c]."""
    length = known.length[near]
    theirs = known.ids[near][:, : int(length.max())]  # [c, w]
    places = np.arange(theirs.shape[1] + 1)
    row = np.broadcast_to(places, (len(near), len(places)))
    for i, word in enumerate(words.tolist()):
        new = np.empty_like(row)
        new[:, 0] = i + 1
        new[:, 1:] = np.minimum(row[:, :-1] + (theirs != word), row[:, 1:] + 1)
        # a word of theirs that is left over costs one: row[j] = min over i <= j of new[i] + (j - i)
        row = np.minimum.accumulate(new - places, axis=1) + places
    return np.asarray(row[np.arange(len(near)), length])

"""Memory first: ask whether a query lies in the basin of something that the model knows by heart; else let it write."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.probes.roc import Interval
from uddm_mini.probes.shares import share_with_interval
from uddm_mini.settings import option
from uddm_mini.walks import end_of, reverse_walk, settle


@dataclass(frozen=True)
class RecallSettings:
    """When the end of a query counts as a memory, and how text is written where none answers.

    A good sentence is a fixed point of a model that knows only the language, too, and draws back what is a word or two
    away: of the toy language's exact denoiser half of the ends get 5 of 8 corruptions at level 0.25 back. At level 0.5
    fewer than 1 in 20 get 6 of 8 back. Hence these numbers; they were set once, on that denoiser.
    """

    returns: float = option(0.75, "share of corruptions that must come back to the end itself")
    t: float = option(0.5, "noise level of these corruptions")
    corruptions: int = option(8, "corruptions of each end")
    settling: int = option(10, "most applications of the map")
    steps: int = option(32, "steps of the reverse walk that writes")

    def __post_init__(self) -> None:
        if not 0 < self.returns <= 1 or not 0 < self.t <= 1 or min(self.corruptions, self.settling, self.steps) < 1:
            raise ValueError(
                "returns and t lie in (0, 1], and corruptions, settling and steps are at least 1; they are "
                f"{self.returns}, {self.t}, {self.corruptions}, {self.settling} and {self.steps}."
            )


@dataclass(frozen=True, eq=False)
class Recalled:
    """What became of queries: text int64[B, L], and recalled bool[B], which of it is memory and which was written.

    ends: where the queries settled, int64[B, L]. returned: the share of corruptions of an end that came back to it
    whole, float64[B]: the evidence. settled: whether the end had come to rest, bool[B].
    """

    text: torch.Tensor
    recalled: torch.Tensor
    ends: torch.Tensor
    returned: torch.Tensor
    settled: torch.Tensor


def recall_or_generate(
    model: Denoiser,
    xt: torch.Tensor,
    t: float,
    settings: RecallSettings | None = None,
    *,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> Recalled:
    """Answer noisy sentences xt int64[B, L] at level t from memory where one answers, and write the answer elsewhere.

    A query settles under the map x <- argmax p(x_0 | x) at its level t. The end is a memory if it rests there, and if
    3 of 4 of its own corruptions at level 0.5 settle in it again, every counted word: a basin so wide is not dug by a
    language alone (`RecallSettings`). Elsewhere the reverse process goes on from the query. Of what is held by heart
    with a narrower basin this finds nothing.

    ignore: tokens with these ids (padding) need not come back.

    Random, from `generator`: the corruptions, then the walks. ValueError for a level outside (0, 1].
    """
    if not 0 < t <= 1:
        raise ValueError(f"t, the noise level of the queries, lies above 0, 1 at most, but is {t}.")
    settings = settings or RecallSettings()
    xt = xt.to(model.device)
    ends = end_of((t, x) for x in settle(model, xt, t, settings.settling))
    settled = (model.best_guess(ends, t) == ends).all(dim=1)
    returned = _returned(model, ends, settings, ignore, generator)
    recalled = settled & (returned >= settings.returns)
    text = ends.clone()
    if not bool(recalled.all()):
        text[~recalled] = end_of(reverse_walk(model, xt[~recalled], t, settings.steps, generator=generator))
    return Recalled(text, recalled, ends, returned, settled)


def _returned(
    model: Denoiser,
    ends: torch.Tensor,
    settings: RecallSettings,
    ignore: Collection[int],
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Return the share of corruptions of each sentence of ends int64[B, L] that settle in it again, float64[B]."""
    whole, counted = torch.zeros(len(ends), dtype=torch.float64, device=ends.device), counted_tokens(ends, ignore)
    for _ in range(settings.corruptions):  # one at a time: as many sentences in memory as there are queries
        xt = model.noise.corrupt(ends, settings.t, generator)
        back = end_of((0.0, x) for x in settle(model, xt, settings.t, settings.settling))
        whole += ((back == ends) | ~counted).all(dim=1)
    return whole / settings.corruptions


@dataclass(frozen=True)
class Retrieval:
    """How well memories are told, and brought back; shares with Clopper and Pearson's 95 % interval, None of nothing.

    precision: of the queries that were answered by memory, those that ended in a training sentence.
    recall: of the queries that end in a training sentence, those that were answered by memory.
    false_alarms: of the queries from fresh text, those answered by memory without a training sentence at their end.
    exact, exact_plain: of the queries from training text, those whose answer is their sentence, word for word; of
        `recall_or_generate`, and of plain sampling (the reverse process from the query).
    answered: of all queries, those that were answered by memory.
    """

    precision: Interval | None
    recall: Interval | None
    false_alarms: Interval | None
    exact: Interval | None
    exact_plain: Interval | None
    answered: Interval | None


def measured_retrieval(
    model: Denoiser,
    memories: torch.Tensor,
    fresh: torch.Tensor,
    t: float = 0.25,
    settings: RecallSettings | None = None,
    *,
    seed: int = 0,
) -> Retrieval:
    """Measure `recall_or_generate` where the truth is known: noisy training sentences, and as many fresh ones.

    memories: all training sentences, int64[m, L]. fresh: int64[n, L], none of them; so many training sentences are
    asked about, in turn, as there are of these. t: the noise level of all queries. Random, from `seed`: queries,
    corruptions and walks.
    """
    settings, generator = settings or RecallSettings(), torch.Generator().manual_seed(seed)
    asked = memories.repeat(-(-len(fresh) // len(memories)), 1)[: len(fresh)]
    x = torch.cat([asked, fresh]).to(model.device)
    xt = model.noise.corrupt(x, t, generator)
    found = recall_or_generate(model, xt, t, settings, generator=generator)
    plain = end_of(reverse_walk(model, xt[: len(asked)], t, settings.steps, generator=generator))
    known = set(map(tuple, memories.tolist()))
    true = torch.tensor([tuple(end) in known for end in found.ends.tolist()])
    yes, from_fresh = found.recalled.cpu(), torch.arange(len(x)) >= len(asked)
    right = [(out[: len(asked)] == x[: len(asked)]).all(dim=1) for out in (found.text, plain)]
    pairs = ((yes & true, yes), (yes & true, true), (yes & ~true & from_fresh, from_fresh))
    shares = [(int(hits.sum()), int(of.sum())) for hits, of in pairs] + [(int(r.sum()), len(asked)) for r in right]
    shares.append((int(yes.sum()), len(x)))
    return Retrieval(*(share_with_interval(hits, of) if of else None for hits, of in shares))

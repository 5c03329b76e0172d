"""Which side of the transition is a model on? Memory, generalization, or undecided, without its training text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Literal

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.models.ngram import NgramDenoiser
from uddm_mini.sampling import sample

from .entropy import conditional_entropy
from .nelbo import nelbo_parts
from .recovery import counted_tokens

# Half way between the smallest difference of a memorizing and the largest of a generalizing network, of seeds 0 to 4 on
# the toy language (0.1799 and 0.1774 nats), over 1.18 nats, what a table of pairs leaves open there. Both numbers were
# set once, on that grid, and never after a look at another one.
THRESHOLD = 0.1787 / 1.18
MUCH_SURER = 0.38  # own over fresh entropy: below it only networks left of their crossing on that grid
Verdict = Literal["memorizes", "generalizes", "undecided"]
VERDICTS: dict[Verdict, int] = {"memorizes": 1, "undecided": 0, "generalizes": -1}  # as a table stores them


@dataclass(frozen=True)
class Side:
    """What tells the side: mean entropies and costs, all in nats per counted token.

    own: cavity entropy of text that the model wrote.
    fresh: cavity entropy of real text that it was not trained on.
    cost: its NELBO on that text.
    table_entropy: cavity entropy of the same text under a table of pairs, counted on other real text: how much the
        language leaves open to somebody who knows little.
    table_cost: the table's NELBO on that text.
    """

    own: float
    fresh: float
    cost: float
    table_entropy: float
    table_cost: float

    @property
    def score(self) -> float:
        """Return how much surer the model is of its own text than of fresh text, in units of `table_entropy`."""
        return (self.fresh - self.own) / self.table_entropy

    def verdict(self, threshold: float = THRESHOLD) -> Verdict:
        """Return "memorizes", "generalizes" or "undecided".

        It generalizes if it predicts fresh text better than the table and its score is at most the threshold. It
        memorizes if it predicts fresh text worse, but is much surer of its own: by a score above the threshold, or by
        less than MUCH_SURER of the entropy of fresh text (a pure memory is sure of all it sees). All else is undecided;
        above all a model that is only unsure, for it may have learned nothing.
        """
        if self.cost < self.table_cost:
            return "generalizes" if self.score <= threshold else "undecided"
        surer = self.score > threshold or self.own < MUCH_SURER * self.fresh
        return "memorizes" if surer else "undecided"


@dataclass(frozen=True, eq=False)
class SideBySentence:
    """The numbers of a `Side` sentence by sentence, so that another choice of sentences has its own.

    nats: for each name of a `Side`, sums over the counted tokens of every sentence, float64[n].
    tokens: for each of these names, how many tokens those are, int64[n].
    """

    nats: dict[str, torch.Tensor]
    tokens: dict[str, torch.Tensor]

    def side(self, own: torch.Tensor | None = None, fresh: torch.Tensor | None = None) -> Side:
        """Return the means over all sentences, or over those of the model's own and of the fresh ones that are named.

        own, fresh: indices int64[k], any of them several times.
        """

        def mean(name: str) -> float:
            chosen = own if name == "own" else fresh
            nats, tokens = self.nats[name], self.tokens[name]
            if chosen is not None:
                nats, tokens = nats[chosen], tokens[chosen]
            return float(nats.sum() / tokens.sum())

        return Side(**{f.name: mean(f.name) for f in fields(Side)})

    def redrawn(self, draws: int, seed: int) -> list[Side]:
        """Return what other sentences of the same kind might have given: both kinds drawn anew, with replacement."""
        generator = torch.Generator().manual_seed(seed)
        sizes = [len(self.nats[name]) for name in ("own", "fresh")]
        return [self.side(*(torch.randint(n, (n,), generator=generator) for n in sizes)) for _ in range(draws)]


def side_of_transition(
    model: Denoiser,
    fresh: torch.Tensor,
    *,
    sentences: int = 512,
    steps: int = 32,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> Side:
    """Measure on which side of the transition a model is, from real text int64[n, L] that it was not trained on.

    The second half of `fresh` is what model and table are asked about, the first half what the table is counted on.

    sentences: how many the model writes, and is asked about at most.
    steps: of the reverse walk that writes.
    ignore: tokens with these ids are not counted.

    Random, from `generator`: what the model writes. ValueError for fewer than four sentences.
    """
    return side_by_sentence(model, fresh, sentences=sentences, steps=steps, ignore=ignore, generator=generator).side()


def side_by_sentence(
    model: Denoiser,
    fresh: torch.Tensor,
    *,
    sentences: int = 512,
    steps: int = 32,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> SideBySentence:
    """Measure what `side_of_transition` does, and keep it sentence by sentence; the parameters are the same."""
    if len(fresh) < 4:
        raise ValueError(f"Four fresh sentences are needed at least, two of them for a table; there are {len(fresh)}.")
    table = NgramDenoiser(fresh[: len(fresh) // 2], model.noise, order=2)
    table.batch_size = model.batch_size  # of 30,000 words, a thousand answers would be 30 GB
    asked = fresh[len(fresh) // 2 :][:sentences].to(model.device)
    own = sample(model, sentences, fresh.shape[1], steps, generator=generator)
    texts = {"own": own, "fresh": asked, "cost": asked, "table_entropy": asked, "table_cost": asked}

    def unsure(denoiser: Denoiser, x: torch.Tensor) -> torch.Tensor:
        return (conditional_entropy(denoiser, x).double() * counted_tokens(x, ignore)).sum(dim=1).cpu()

    nats = {
        "own": unsure(model, own),
        "fresh": unsure(model, asked),
        "cost": nelbo_parts(model, asked, ignore).cpu(),
        "table_entropy": unsure(table, asked),
        "table_cost": nelbo_parts(table, asked, ignore).cpu(),
    }
    return SideBySentence(nats, {name: counted_tokens(x, ignore).sum(dim=1).cpu() for name, x in texts.items()})

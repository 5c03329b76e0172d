"""Drawn questions of the chapter on the probe."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def full_entropy(draw: Draw) -> list[Case]:
    """Return the cavity posterior of a word, the word that is seen, and alpha."""

    def one() -> Case:
        cavity = draw.probabilities(draw.whole(3, 6))
        return cavity, draw.whole(0, len(cavity) - 1), draw.number(0.1, 0.95)

    return draw.times(4, one)


def area(draw: Draw) -> list[Case]:
    """Return scores with ties and their labels, and the scores by label."""
    found = []
    for scores, labels in draw.times(4, lambda: _labelled(draw)):
        pairs = list(zip(scores.tolist(), labels.tolist(), strict=True))
        found.append((scores, labels, tuple(s for s, yes in pairs if yes), tuple(s for s, yes in pairs if not yes)))
    return found


def _labelled(draw: Draw) -> tuple[torch.Tensor, torch.Tensor]:
    n = draw.whole(5, 10)
    labels = torch.tensor(draw.shuffled([True, False, *(draw.whole(0, 1) == 1 for _ in range(n - 2))]))
    return torch.tensor(draw.wholes(n, 0, 6)) / 2, labels


def calibrated(draw: Draw) -> list[Case]:
    """Return scores of items labelled no, and the rate that is allowed."""

    def one() -> Case:
        return draw.table(draw.whole(20, 45), low=-2.0, high=2.0), draw.one_of((0.05, 0.1, 0.2, 0.25))

    return draw.times(4, one)


def surer(draw: Draw) -> list[Case]:
    """Return entropies of three texts: of a model, and of a table of pairs."""

    def one() -> Case:
        shapes = {text: (draw.whole(3, 6), 4) for text in ("own", "train", "held-out")}
        model = {text: draw.table(*shape, high=0.3 + 0.4 * i) for i, (text, shape) in enumerate(shapes.items())}
        return model, {text: draw.table(*shape, low=0.5, high=2.0) for text, shape in shapes.items()}

    return draw.times(3, one)


def from_draws(draw: Draw) -> list[Case]:
    """Return draws of words."""
    return draw.times(5, lambda: (draw.tokens(draw.whole(4, 12), vocab=draw.whole(2, 5)),))


def missing_part(draw: Draw) -> list[Case]:
    """Return probabilities of words, and a number of draws."""
    return draw.times(3, lambda: (draw.probabilities(draw.whole(2, 3)), draw.whole(2, 5)))


def _share(scores: torch.Tensor, labels: torch.Tensor, tie: float, least: float = 0.0) -> float:
    """Return the mean credit over pairs of an item labelled yes and one labelled no."""
    rows = list(zip(scores.tolist(), labels.tolist(), strict=True))
    gaps = [a - b for a, yes in rows if yes for b, other in rows if not other]
    return sum(tie if gap == 0 else float(gap > least) for gap in gaps) / len(gaps)


VARIANTS = {
    "area": Meanings(
        lambda scores, labels: _share(scores, labels, 0.5),
        {
            "ties-lose": Variant(
                "Ties count 0 in the place of one half.", lambda scores, labels: _share(scores, labels, 0.0)
            ),
            "ties-win": Variant(
                "Ties count 1 in the place of one half.", lambda scores, labels: _share(scores, labels, 1.0)
            ),
            "margin": Variant(
                "The item labelled `True` has to score above the other one by *more than 1*; smaller leads count 0, "
                "and ties still count one half.",
                lambda scores, labels: _share(scores, labels, 0.5, least=1.0),
            ),
            "gini": Variant(
                "Return the coefficient of Gini in the place of this chance: the chance that the item labelled `True` "
                "scores above the other, minus the chance that it scores below.",
                lambda scores, labels: 2 * _share(scores, labels, 0.5) - 1,
            ),
        },
        lambda draw: draw.times(5, lambda: _labelled(draw)),
        "For the scores {scores} and labels {labels}",
    )
}

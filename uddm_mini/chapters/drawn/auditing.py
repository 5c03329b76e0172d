"""Drawn questions of the chapter on audits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from uddm_mini.chapters.auditing_blind import blind_scores
from uddm_mini.teaching.draws import Draw

Case = tuple[Any, ...]


def tries_needed(draw: Draw) -> list[Case]:
    """Return the share of draws in which the rest came, and a chance."""

    def one() -> Case:
        return draw.whole(1, 9) / draw.whole(10, 40), draw.number(0.2, 0.95, 2)

    return draw.times(6, one)


def found_at(draw: Draw) -> list[Case]:
    """Return scores of members and strangers, some of them equal, and a rate of false alarms."""

    def one() -> Case:
        members = np.array(draw.numbers(draw.whole(30, 60), 0.2, 1.0, 2))
        strangers = np.array(draw.numbers(draw.whole(100, 200), 0.0, 0.8, 2))
        return members, strangers, draw.one_of((0.01, 0.02, 0.05, 0.1))

    few = np.array(draw.numbers(5)), np.array(draw.numbers(draw.whole(20, 60))), 0.01  # too few strangers
    return [*draw.times(4, one), few]


def exposure_of(draw: Draw) -> list[Case]:
    """Return the cost of a planted sentence and of others, one of them equal."""

    def one() -> Case:
        others = draw.numbers(draw.whole(6, 14), 0.5, 6.0, 1)
        return draw.one_of(others), np.array(others)

    return draw.times(5, one)


def may_say(draw: Draw) -> list[Case]:
    """Return what a report says of a model, its texts and what came out."""

    def one() -> Case:
        blind = draw.number(0.45, 0.75, 2)
        came = draw.number(0.1, 0.6, 2), draw.number(0.1, 0.6, 2)
        return draw.number(0.4, 0.9, 2), blind, blind - draw.number(0.02, 0.08, 2), draw.whole(60, 140), *came

    return draw.times(8, one)


def blind_area(draw: Draw) -> list[Case]:
    """Return two texts int64[n, L] in which no two sums of the second halves are equal."""

    def one() -> Case:
        while True:
            members, strangers = (
                draw.tokens(draw.whole(24, 40), 5, vocab=24),
                draw.tokens(draw.whole(24, 40), 5, vocab=24),
            )
            strangers = torch.where(draw.table(*strangers.shape) < 0.3, draw.whole(0, 23), strangers)
            yes, no = blind_scores(members, strangers)
            if float((yes[:, None] - no[None, :]).abs().min()) > 1e-6:
                return members, strangers

    return draw.times(2, one)

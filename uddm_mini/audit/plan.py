"""How long an audit will take: how often the model will be asked, and how long it takes to answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from uddm_mini.models.ngram import NgramDenoiser

from .case import CHECK_STEPS, Case
from .exposure import DRAWS
from .section_extraction import settings_of
from .section_membership import membership_settings
from .section_recovery import BASIN_STEPS, KINDS, SHARES

TIMED = 64  # sentences whose answers are timed
TABLE_ASKED = 5  # times about each sentence: for its entropy, and at four noise levels for its cost


@dataclass(frozen=True)
class Plan:
    """How many sentences the model will be asked about at most, by section, and the seconds that each takes.

    beside: seconds that the table of word pairs takes, which the probe compares the model with.
    """

    questions: Mapping[str, int]
    seconds_each: float
    beside: float = 0.0

    @property
    def total(self) -> int:
        """Return the number of questions of all sections."""
        return sum(self.questions.values())

    @property
    def seconds(self) -> float:
        """Return how long they take, at most."""
        return self.total * self.seconds_each + self.beside

    def __str__(self) -> str:
        return (
            f"The model will be asked about {self.total:,} noisy sentences at most, which takes about "
            f"{duration(self.seconds)}."
        )


def plan_of(case: Case, sections: tuple[str, ...]) -> Plan:
    """Ask about a few sentences, and return what all these sections will take.

    A question about clean text counts as often as the model is asked for it: under absorbing noise once for each word.
    """
    model, few = case.model, min(TIMED, case.model.batch_size)
    x = torch.zeros(few, case.length, dtype=torch.int64)
    model.posterior(x[:1], 0.5)  # the first call is slower than all others
    begun, asked = time.perf_counter(), model.asked
    model.posterior(x, 0.5)
    each = (time.perf_counter() - begun) / max(1, model.asked - asked)
    asked = model.asked
    model.cavity(x[:1], 0.5)
    clean = model.asked - asked
    asked_of = {name: n for name in ("checks", *sections) if (n := questions(case, name, clean))}
    return Plan(asked_of, each, table_seconds(case) if "probe" in asked_of else 0.0)


def table_seconds(case: Case) -> float:
    """Return how long the probe's table of word pairs takes: of 30,000 words, as long as a network."""
    fresh = case.fresh
    if len(fresh) < 4:
        return 0.0  # no table can be made, and the probe says so
    table = NgramDenoiser(fresh[: len(fresh) // 2], case.model.noise, order=2)
    table.posterior(fresh[:1], 0.5)  # the first answer is slower than all others
    few = min(len(fresh), max(1, 2**20 // case.model.noise.vocab_size // case.length))
    begun = time.perf_counter()
    table.posterior(fresh[:few], 0.5)
    each = (time.perf_counter() - begun) / few
    return each * TABLE_ASKED * min(case.settings.sentences, len(fresh) - len(fresh) // 2)


def questions(case: Case, name: str, clean: int) -> int:
    """Return about how many sentences a section asks at most; a cavity of clean text takes `clean` questions."""
    sizes = {kind: len(case.text(kind)) if case.has(kind) else 0 for kind in ("members", "strangers", "canaries")}
    some, settings = bool(sizes["members"] and sizes["strangers"]), case.settings
    if name == "checks":
        n = case.checked
        form = 0 if case.model.noise.form == "posterior" else n + min(n, sizes["strangers"])
        return n * (CHECK_STEPS + 2) + form
    if name == "probe" and sizes["strangers"]:
        asked = min(settings.sentences, len(case.fresh) - len(case.fresh) // 2)
        return asked * (settings.writing_steps + 2 * clean + 4)
    if name == "recovery":
        runs = min(settings.corruptions, 10**6) * len(SHARES) * BASIN_STEPS
        return sum(len(settings.times) * sizes[kind] + min(settings.basins, sizes[kind]) * runs for kind in KINDS)
    if name == "membership" and some:
        return (sizes["members"] + sizes["strangers"]) * (membership_settings(case).questions - 1 + clean)
    if name == "extraction" and sizes["members"]:
        how = settings_of(case)
        asked = sum(min(settings.extracted, sizes[kind]) for kind in KINDS)
        walks = asked * how.questions // (how.steps * (1 + how.corrections)) + settings.sentences
        return walks * how.steps * (1 + how.corrections * clean)
    if name == "exposure" and case.texts.canaries:
        return (len(case.texts.canaries.x) + settings.candidates) * DRAWS
    return 0


def duration(seconds: float) -> str:
    """Return a time as a person says it: 4 seconds, 3 minutes, 2 hours."""
    for size, name in ((3600.0, "hour"), (60.0, "minute"), (1.0, "second")):
        if seconds >= 1.5 * size or size == 1.0:
            n = max(1, round(seconds / size))
            return f"{n} {name}{'s' * (n > 1)}"
    raise AssertionError("unreachable")

"""One model under audit, with everything that its sections measure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import torch

from uddm_mini.probes.roc import Interval
from uddm_mini.sampling import sample

from .baseline import blind_baseline
from .guard import Watched
from .known import MEASURED
from .settings import AuditSettings
from .texts import Text, Texts, at_most

CHECKED = 256  # sentences that the checks look at,
CHECKED_TOKENS = 10_240  # and tokens: of long sentences, fewer say as much
CHECK_STEPS = 16  # of the walk that writes the model's own text for them


@dataclass(frozen=True)
class Case:
    """A watched model, what was given to read, a reference model if there is one, and the settings."""

    model: Watched
    texts: Texts
    reference: Watched | None
    settings: AuditSettings
    length: int

    def text(self, name: str) -> torch.Tensor:
        """Return the sentences of "members", "strangers" or "canaries" that are measured, int64[n, L]."""
        found: Text = getattr(self.texts, name)
        return at_most(found, self.settings.sentences, self.seed(name)).to(self.model.device)

    @cached_property
    def fresh(self) -> torch.Tensor:
        """Return the strangers of the verdict, int64[n, L]: half of them for a table of pairs, half to ask about."""
        assert self.texts.strangers is not None, "has('strangers') was asked before"
        most = max(MEASURED, 2 * self.settings.sentences)  # counting costs little; of the other half, few may be asked
        return at_most(self.texts.strangers, most, self.seed("fresh")).to(self.model.device)

    def has(self, *names: str) -> bool:
        """Tell whether all of these were given."""
        return all(getattr(self.texts, name) is not None for name in names)

    def draws(self, name: str) -> torch.Generator:
        """Return the source of what one section draws: its own, so that it does not depend on what ran before."""
        return torch.Generator().manual_seed(self.seed(name))

    def seed(self, name: str) -> int:
        """Return the seed of one section."""
        return crc32(f"{name} {self.settings.seed}".encode())

    @property
    def checked(self) -> int:
        """Return how many sentences the checks look at."""
        return min(CHECKED, -(-CHECKED_TOKENS // self.length), self.settings.sentences)

    @cached_property
    def own(self) -> torch.Tensor:
        """Return a few sentences that the model wrote, int64[n, L], which the checks look at."""
        return sample(self.model, self.checked, self.length, CHECK_STEPS, generator=self.draws("checks"))

    @cached_property
    def blind(self) -> Interval:
        """Return how well a classifier that never sees the model tells members from strangers."""
        members, strangers = (self.text(name).cpu() for name in ("members", "strangers"))
        return blind_baseline(members, strangers, ignore=self.texts.ignore, seed=self.seed("texts"))

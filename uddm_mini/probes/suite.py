"""A table of probes by name, and one model put through some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from zlib import crc32

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.settings import option
from uddm_mini.walks import Walk, sample
from uddm_mini.worlds.corpus import Corpus

from .basins import fixed_point_rate
from .entropy import conditional_entropy, vanishing_fraction
from .nelbo import mean_nelbo
from .novelty import novelty
from .recovery import counted_tokens, token_recovery
from .roc import auc

SPLITS = ("train", "held-out")
Row = dict[str, Any]  # split, quantity, value, and t where it has one

# the fixed-point maps, and the noise level that each is told
MAPS: dict[str, tuple[Walk, float]] = {
    "iterate": (Walk("iterate"), 0.1),
    "cavity": (Walk("iterate", form="cavity"), 1e-3),
    "greedy": (Walk("greedy"), 0.1),
    "reverse": (Walk("reverse"), 0.1),
}


@dataclass(frozen=True)
class ProbeSettings:
    """How a model is measured; saved with the results."""

    times: tuple[float, ...] = option((0.05, 0.1, 0.25, 0.5, 1.0), "noise levels from which text is brought back")
    sentences: int = option(1024, "sentences measured of each kind of text; a smaller set is measured several times")
    entropy_t: float = option(1e-3, "noise level that the model is told when its entropy is measured")
    writing_steps: int = option(32, "steps of the reverse walk that writes new text")
    vanishing: tuple[float, ...] = option((0.01, 0.1), "nats below which the entropy of a word counts as vanished")
    walk: Walk = Walk("argmax")

    def __post_init__(self) -> None:
        if not self.times or not all(0 <= t <= 1 for t in (*self.times, self.entropy_t)):
            raise ValueError(
                f"times and entropy_t must be noise levels from 0 (clean) to 1 (noise), at least one; they are "
                f"{self.times} and {self.entropy_t}."
            )
        if min(self.sentences, self.writing_steps) < 1:
            raise ValueError(
                f"sentences and writing_steps must be at least 1, but are {self.sentences} and {self.writing_steps}."
            )


@dataclass(frozen=True)
class Subject:
    """A model under test, the sentences it was trained on, and all that a probe may ask for."""

    model: Denoiser
    corpus: Corpus
    x_train: torch.Tensor
    settings: ProbeSettings
    seed: int

    def text(self, split: str) -> torch.Tensor:
        """Return as many sentences of a split as the settings want, int64[n, L], some of them several times."""
        pool = self.x_train if split == "train" else self.corpus.held_out
        n = self.settings.sentences
        return pool.repeat(-(-n // len(pool)), 1)[:n].to(self.model.device)

    @cached_property
    def kinds(self) -> dict[str, torch.Tensor]:
        """Four kinds of text, each int64[B, L]: both splits, not repeated, what the model writes, random tokens."""
        n, device, generator = self.settings.sentences, self.model.device, self.draws("kinds")
        shape = (n, self.corpus.length)
        return {
            "train": self.x_train[:n].to(device),
            "held-out": self.corpus.held_out[:n].to(device),
            "generated": sample(self.model, *shape, self.settings.writing_steps, generator=generator),
            "random": torch.randint(self.corpus.vocab_size, shape, generator=generator).to(device),
        }

    def draws(self, name: str) -> torch.Generator:
        """Return the source of what one probe draws: its own, so that a new probe changes no number of another."""
        return torch.Generator().manual_seed(crc32(f"{name} {self.seed}".encode()))

    def entropies(self, split: str) -> torch.Tensor:
        """Return the cavity entropy of every token of one kind of text, float[B, L]."""
        return conditional_entropy(self.model, self.kinds[split], self.settings.entropy_t)


def recovery(on: Subject) -> Iterator[Row]:
    """recovered, unstable, exact, chance, by split and t: see `Recovery`."""
    for split in SPLITS:
        for k, t in enumerate(on.settings.times):
            generator = torch.Generator().manual_seed(1000 * on.seed + k)
            ignore = on.corpus.ignore
            found = token_recovery(on.model, on.text(split), t, on.settings.walk, ignore=ignore, generator=generator)
            values = {name: getattr(found, name) for name in ("recovered", "unstable", "exact")}
            values["chance"] = found.chance_from(on.corpus.train, ignore)
            yield from ({"split": split, "t": t, "quantity": name, "value": v} for name, v in values.items())


def entropy(on: Subject) -> Iterator[Row]:
    """entropy, by split: the mean cavity entropy at t -> 0, nats per token."""
    for split in SPLITS:
        x = on.text(split)
        found = conditional_entropy(on.model, x, on.settings.entropy_t)[counted_tokens(x, on.corpus.ignore)]
        yield {"split": split, "quantity": "entropy", "value": float(found.double().mean())}


def nelbo(on: Subject) -> Iterator[Row]:
    """nelbo, by split: nats per token."""
    for split in SPLITS:
        value = mean_nelbo(on.model, on.text(split), on.corpus.ignore, on.seed)
        yield {"split": split, "quantity": "nelbo", "value": value}


def written(on: Subject) -> Iterator[Row]:
    """copied, distance, grammatical, new, spurious, log_prob, of generated text: see `novelty`."""
    log_prob = on.corpus.world.log_prob if on.corpus.world else None
    for name, value in novelty(on.kinds["generated"], on.x_train, log_prob, on.corpus.ignore):
        yield {"split": "generated", "quantity": name, "value": value}


def sureness(on: Subject) -> Iterator[Row]:
    """entropy, posterior_entropy (nats per token) and vanishing_* (fraction of tokens), of four kinds of text."""
    for split, x in on.kinds.items():
        counted, cavity = counted_tokens(x, on.corpus.ignore), on.entropies(split)
        full = conditional_entropy(on.model, x, on.settings.entropy_t, "posterior")
        values = {"entropy": float(cavity[counted].double().mean())}
        values["posterior_entropy"] = float(full[counted].double().mean())
        values |= {f"vanishing_{h:g}": vanishing_fraction(cavity, counted, h) for h in on.settings.vanishing}
        yield from ({"split": split, "quantity": name, "value": value} for name, value in values.items())


def fixed_points(on: Subject) -> Iterator[Row]:
    """fixed_*: the sentences that a map leaves whole (see MAPS), of four kinds of text."""
    generator = on.draws("fixed_points")
    for split, x in on.kinds.items():
        for name, (walk, t) in MAPS.items():
            walk = replace(walk, steps=on.settings.walk.steps)
            found = fixed_point_rate(on.model, x, t, walk, ignore=on.corpus.ignore, generator=generator)
            yield {"split": split, "quantity": f"fixed_{name}", "value": found.rate}


def membership(on: Subject) -> Iterator[Row]:
    """auc: how well a sentence's mean cavity entropy tells training from held-out text."""
    scores, labels = [], []
    for split in SPLITS:
        counted = counted_tokens(on.kinds[split], on.corpus.ignore)
        some = counted.any(dim=1)  # a sentence without any counted token has no entropy
        total = (on.entropies(split).double() * counted).sum(dim=1)
        scores.append(-total[some] / counted.sum(dim=1)[some])
        labels.append(torch.full((len(scores[-1]),), split == "train"))
    yield {"split": "train", "quantity": "auc", "value": auc(torch.cat(scores), torch.cat(labels)).value}


def repair(on: Subject) -> Iterator[Row]:
    """recovered, unstable, exact of the walk, by split and t, and entropy_*: cavity entropy of its end, by outcome."""
    generator, ignore = on.draws("repair"), on.corpus.ignore
    for split in SPLITS:
        for t in on.settings.times:
            found = token_recovery(on.model, on.text(split), t, on.settings.walk, ignore=ignore, generator=generator)
            sure = conditional_entropy(on.model, found.out, on.settings.entropy_t)
            values = {name: getattr(found, name) for name in ("recovered", "unstable", "exact")}
            values |= {f"entropy_{name}": value for name, value in found.mean_by_outcome(sure).items()}
            yield from ({"split": split, "t": t, "quantity": name, "value": v} for name, v in values.items())


PROBES: dict[str, Callable[[Subject], Iterator[Row]]] = {
    "recovery": recovery,
    "entropy": entropy,
    "nelbo": nelbo,
    "written": written,
    "sureness": sureness,
    "fixed_points": fixed_points,
    "membership": membership,
    "repair": repair,
}
MEASURED = ("recovery", "entropy", "nelbo")  # of every model of a sweep
EXAMINED = ("written", "sureness", "fixed_points", "membership", "repair")  # of models that were kept


def probe(on: Subject, *names: str) -> list[Row]:
    """Put a model through the named probes of PROBES; one row (split, t, quantity, value) per number.

    ValueError for an unknown name, or unless there are sentences both for training and held out.
    """
    if unknown := [name for name in names if name not in PROBES]:
        raise ValueError(f"There is no probe {unknown[0]!r}; there are {', '.join(PROBES)}.")
    if not len(on.x_train) or not len(on.corpus.held_out):
        raise ValueError(
            f"Measuring needs sentences in both splits, but there are {len(on.x_train)} for training and "
            f"{len(on.corpus.held_out)} held out."
        )
    return [row for name in names for row in PROBES[name](on)]

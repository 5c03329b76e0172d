"""A table of probes by name, and one model put through some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from uddm_mini.noise import UniformNoise
from uddm_mini.sampling import sample

from .asked import along, classes, local, side
from .basins import fixed_point_rate
from .entropy import conditional_entropy, vanishing_fraction
from .loops import incompatibility
from .nelbo import mean_nelbo
from .novelty import novelty
from .recovery import counted_tokens, token_recovery
from .roc import auc
from .starts import ends_in
from .subject import MAPS, SPLITS, Row, Subject

JUDGED_NOISE = 1e-3  # how often the exact judge takes a word for misheard
STARTS = 4  # walks from noise for each sentence of the settings


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


def judged(on: Subject) -> Iterator[Row]:
    """judged: -log p of generated and held-out text under the exact language, nats per token, where it is known.

    The judge hears each word through a channel that redraws it with probability JUDGED_NOISE, so that no text is
    impossible: exp(judged) is a generative perplexity with a judge that makes no errors.
    """
    if on.corpus.world is None:
        return
    channel = UniformNoise(on.corpus.vocab_size)
    t = channel.time_of(1 - JUDGED_NOISE)
    for split in ("generated", "held-out"):
        x = on.kinds[split].cpu()
        log_p = on.corpus.world.log_evidence(channel.likelihood(x, torch.full((len(x),), float(t))))
        yield {"split": split, "quantity": "judged", "value": -float(log_p.mean()) / x.shape[1]}


def starts(on: Subject) -> Iterator[Row]:
    """ends, visited, uneven, by split: where walks from pure noise end, see `Ends`.

    Where the language is known also expected, the share of a perfect writer's walks that end there.
    """
    n, shape = STARTS * on.settings.sentences, on.corpus.length
    ends = sample(on.model, n, shape, on.settings.writing_steps, generator=on.draws("starts"))
    for split, x in (("train", on.x_train), ("held-out", on.corpus.held_out)):
        found = ends_in(ends, x)
        values = {"ends": found.share, "visited": found.visited, "uneven": found.evenness()}
        if on.corpus.world is not None:
            values["expected"] = float(on.corpus.world.log_prob(x).exp().sum())
        yield from ({"split": split, "quantity": name, "value": value} for name, value in values.items())


def places(on: Subject) -> Iterator[Row]:
    """entropy_at_0, entropy_at_1, ..., of four kinds of text: the mean cavity entropy at each position, in nats."""
    for split, x in on.kinds.items():
        counted = counted_tokens(x, on.corpus.ignore)
        total = (on.entropies(split).double() * counted).sum(dim=0) / counted.sum(dim=0)
        for place, value in enumerate(total.tolist()):
            yield {"split": split, "quantity": f"entropy_at_{place}", "value": value}


def sureness(on: Subject) -> Iterator[Row]:
    """entropy, posterior_entropy (nats per token) and vanishing_* (fraction of tokens), of four kinds of text."""
    for split, x in on.kinds.items():
        counted, cavity = counted_tokens(x, on.corpus.ignore), on.entropies(split)
        full = conditional_entropy(on.model, x, on.settings.entropy_t, "posterior")
        values = {"entropy": float(cavity[counted].double().mean())}
        values["posterior_entropy"] = float(full[counted].double().mean())
        values |= {f"vanishing_{h:g}": vanishing_fraction(cavity, counted, h) for h in on.settings.vanishing}
        yield from ({"split": split, "quantity": name, "value": value} for name, value in values.items())


def loops(on: Subject) -> Iterator[Row]:
    """loop, by split: the mean size of `incompatibility`, in nats; the other words are those of the next sentence."""
    generator = on.draws("loops")
    for split in SPLITS:
        x = on.kinds[split]
        size = incompatibility(on.model, x, x.roll(1, 0), on.settings.entropy_t, generator).abs()
        yield {"split": split, "quantity": "loop", "value": float(size.mean())}


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
    """recovered, by_sentence, unstable, exact of the walk, by split and t, and how sure the model is of its end.

    entropy_*: the mean cavity entropy, by outcome. below_*_h: the share of tokens for which it is below each h of the
        settings' `vanishing`.
    """
    generator, ignore = on.draws("repair"), on.corpus.ignore
    for split in SPLITS:
        for t in on.settings.times:
            found = token_recovery(on.model, on.text(split), t, on.settings.walk, ignore=ignore, generator=generator)
            sure = conditional_entropy(on.model, found.out, on.settings.entropy_t)
            values = {name: getattr(found, name) for name in ("recovered", "unstable", "exact")}
            values["by_sentence"] = float(found.by_sentence.nanmean())
            values |= {f"entropy_{name}": value for name, value in found.mean_by_outcome(sure).items()}
            for name, tokens in found.outcomes.items():
                shares = {f"below_{name}_{h:g}": vanishing_fraction(sure, tokens, h) for h in on.settings.vanishing}
                values |= shares
            yield from ({"split": split, "t": t, "quantity": name, "value": v} for name, v in values.items())


PROBES: dict[str, Callable[[Subject], Iterator[Row]]] = {
    "recovery": recovery,
    "entropy": entropy,
    "nelbo": nelbo,
    "written": written,
    "judged": judged,
    "sureness": sureness,
    "places": places,
    "starts": starts,
    "loops": loops,
    "fixed_points": fixed_points,
    "membership": membership,
    "repair": repair,
    "along": along,
    "local": local,
    "side": side,
    "classes": classes,
}
MEASURED = ("recovery", "entropy", "nelbo")  # of every model of a sweep
# of models that were kept
EXAMINED = ("written", "judged", "sureness", "places", "starts", "loops", "fixed_points", "membership", "repair")


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

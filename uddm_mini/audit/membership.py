"""Was this sentence in the training text? One number per sentence and way of asking, higher where the answer is yes."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.noise.base import draw_device
from uddm_mini.probes.nelbo import sentence_nelbo
from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.settings import option, whole_numbers

LEAST = -50.0  # nats; a word that a model rules out counts as so improbable, so that none decides alone


@dataclass(frozen=True)
class MembershipSettings:
    """How every sentence is scored."""

    k_percent: float = option(20.0, "percent of the words of a sentence, the least likely ones, that min-k looks at")
    draws: int = option(16, "noise levels at which the NELBO of every sentence is asked")
    shares: tuple[float, ...] = option((0.1, 0.25, 0.5), "shares of words that are changed for recovery and votes")
    votes: int = option(8, "times that every sentence is changed by each of these shares")
    clean_t: float = option(1e-3, "noise level that the model is told for text that is clean")
    seed: int = option(0, "decides the noise; two calls with one seed have the same")

    def __post_init__(self) -> None:
        whole_numbers(self, "draws", "votes", "seed")
        if not 0 < self.k_percent <= 100 or not 0 <= self.clean_t <= 1:
            raise ValueError(
                f"k_percent lies above 0 and up to 100, clean_t is a noise level; they are {self.k_percent} and "
                f"{self.clean_t}."
            )
        if min(self.draws, self.votes) < 1 or not self.shares or not all(0 < share <= 1 for share in self.shares):
            raise ValueError(
                f"draws and votes are at least 1, and shares lie above 0 and up to 1; they are {self.draws}, "
                f"{self.votes} and {self.shares}."
            )

    @property
    def questions(self) -> int:
        """How often the model is asked about a sentence; with absorbing noise once more for each of its words."""
        return self.draws + 1 + len(self.shares) * self.votes


def membership_scores(
    model: Denoiser,
    x: torch.Tensor,
    settings: MembershipSettings | None = None,
    *,
    reference: Denoiser | None = None,
    ignore: Collection[int] = (),
    text: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Score sentences x int64[n, L]: one row each, a column per score, higher where it looks more like a member.

    nelbo: minus the NELBO, nats per counted token (the "loss" attack of Yeom et al. 2018).
    nelbo_zlib: minus the NELBO of the sentence over the bytes that zlib needs for it (Carlini et al. 2021).
    min_k: mean log-probability of the k percent least likely words, given all others (Shi et al. 2310.16789).
    entropy: minus the mean cavity entropy of its words, in nats.
    recovery: share of changed words that come back at once, averaged over the shares that were changed.
    votes: mean log-probability of the changed words given the others, over many random changes, in nats: the votes of
        SAMA (2601.20125) without their reference model.
    calibrated: NELBO under the reference model minus NELBO under this one, with the same noise; only with `reference`.

    min_k and entropy ask about clean text, and so mean little for a network that was trained with plain cross-entropy.

    reference: a model of the same kind of text that saw none of these sentences, with the same words.
    ignore: tokens with these ids are neither changed nor counted.
    text: what zlib compresses, a string per sentence; without it, the token ids as bytes. `attrs["zlib"]` of the table
        says which.

    Random, from the settings' seed: the noise. ValueError for no sentence, one without a counted token, another number
    of texts, a reference with other words, or a model whose answer to any sentence is NaN.
    """
    settings = settings or MembershipSettings()
    counted = _checked(model, x, reference, ignore, text)
    x, counted = x.to(model.device), counted.to(model.device)
    nelbo = sentence_nelbo(model, x, ignore, settings.seed, settings.draws)
    least, entropy = _clean(model, x, counted, settings)
    recovery, votes = _changed(model, x, counted, settings)
    scores = {
        "nelbo": -nelbo,
        "nelbo_zlib": -nelbo * counted.sum(dim=1) / _compressed(x, counted, text).to(x.device),
        "min_k": least,
        "entropy": -entropy,
        "recovery": recovery,
        "votes": votes,
    }
    if reference is not None:
        other = sentence_nelbo(reference, x.to(reference.device), ignore, settings.seed, settings.draws).to(x.device)
        scores["calibrated"] = torch.where(other == nelbo, 0.0, other - nelbo)  # infinite twice: neither can say it
    table = _complete(scores)
    table.attrs["zlib"] = "token ids" if text is None else "text"
    return table


def _complete(scores: dict[str, torch.Tensor]) -> pd.DataFrame:
    """Return scores float64[n] as a table; ValueError for one that is NaN."""
    table = pd.DataFrame({name: column.cpu().numpy() for name, column in scores.items()})
    if (missing := np.flatnonzero(table.isna().any(axis=1))).size:
        raise ValueError(
            f"The model's answers hold NaN for {missing.size} of {len(table)} sentences, the first is number "
            f"{missing[0]}; look for overflow in half precision, or ask in smaller batches."
        )
    return table


def _checked(
    model: Denoiser, x: torch.Tensor, reference: Denoiser | None, ignore: Collection[int], text: Sequence[str] | None
) -> torch.Tensor:
    """Return which tokens count, bool[n, L]; ValueError for what cannot be scored."""
    V = model.noise.vocab_size
    if x.ndim != 2 or not len(x):
        raise ValueError(f"Scores need at least one sentence, int64[n, L]; the shape is {list(x.shape)}.")
    if not 0 <= int(x.min()) <= int(x.max()) < V:
        raise ValueError(f"A sentence holds a token outside 0 ... {V - 1}, the model's words; encode it with its own.")
    if reference is not None and reference.noise.vocab_size != V:
        raise ValueError(f"The model has {V} words, but the reference has {reference.noise.vocab_size}: take another.")
    if text is not None and len(text) != len(x):
        raise ValueError(f"There are {len(text)} texts for {len(x)} sentences; give one string for each sentence.")
    counted = counted_tokens(x, ignore)
    if (empty := (~counted.any(dim=1)).nonzero()[:, 0].tolist()) != []:
        raise ValueError(
            f"{len(empty)} of {len(x)} sentences have no token that counts, the first is number {empty[0]}; leave them "
            "out."
        )
    return counted


def _compressed(x: torch.Tensor, counted: torch.Tensor, text: Sequence[str] | None) -> torch.Tensor:
    """Return how many bytes zlib makes of every sentence, float64[n]."""
    rows = zip(x.cpu().numpy().astype("<u4"), counted.cpu().numpy(), strict=True)
    pieces = [row[kept].tobytes() for row, kept in rows] if text is None else [line.encode() for line in text]
    return torch.tensor([len(zlib.compress(piece, 9)) for piece in pieces], dtype=torch.float64)


def _clean(
    model: Denoiser, x: torch.Tensor, counted: torch.Tensor, settings: MembershipSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return min-k and the mean entropy of every sentence, float64[n] each, from one look at the clean text."""

    def asked(log_p0: torch.Tensor, xt: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        own = log_p0.gather(2, xt.unsqueeze(2)).squeeze(2)
        return torch.stack([own, torch.special.entr(log_p0.exp()).sum(dim=2)], dim=2)  # [b, L, 2]

    own, entropy = model.mapped(x, settings.clean_t, "cavity", asked).double().unbind(dim=2)
    count = counted.sum(dim=1)
    ranked = own.clamp_min(LEAST).where(counted, torch.inf).sort(dim=1).values  # what does not count comes last
    k = (count * (settings.k_percent / 100)).floor().clamp_min(1).long()
    among = torch.arange(x.shape[1], device=x.device) < k.unsqueeze(1)
    return ranked.where(among, 0.0).sum(dim=1) / k, entropy.where(counted, 0.0).sum(dim=1) / count


def _changed(
    model: Denoiser, x: torch.Tensor, counted: torch.Tensor, settings: MembershipSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return recovery and votes of every sentence, float64[n] each."""
    noise, count = model.noise, counted.sum(dim=1)
    totals = x.new_zeros(2, len(x), dtype=torch.float64)
    for share in settings.shares:
        wanted = (count * share).round().long().clamp_min(1)  # words to change, [n]
        exact, which = (wanted / count).unique(return_inverse=True)
        t = torch.tensor([noise.level_of(part) for part in exact.tolist()], dtype=torch.float32).to(x.device)[which]
        generator = torch.Generator().manual_seed(settings.seed)  # the same changes go deeper with the next share
        for _ in range(settings.votes):
            changed = random_places(counted, wanted, generator)
            xt = torch.where(changed, noise.other_tokens(x, generator), x)
            found = _asked(model, x, xt, t)  # [n, L, 2]
            totals += (found * changed.unsqueeze(2)).sum(dim=1).T / wanted
    recovery, votes = totals / (len(settings.shares) * settings.votes)
    return recovery, votes


def _asked(model: Denoiser, x: torch.Tensor, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return whether each word of xt is brought back, and the log-probability of the true one, float64[n, L, 2]."""
    noise, parts = model.noise, []
    for here in torch.arange(len(x), device=x.device).split(max(1, model.batch_size)):

        def both(log_p0: torch.Tensor, xt: torch.Tensor, t: torch.Tensor, x: torch.Tensor = x[here]) -> torch.Tensor:
            own = log_p0.gather(2, x.unsqueeze(2)).squeeze(2).clamp_min(LEAST)
            guess = noise.guess(log_p0, xt, t, noise.form)
            return torch.stack([(guess == x).double().where(~own.isnan(), torch.nan), own.double()], dim=2)

        parts.append(model.mapped(xt[here], t[here], noise.form, both))
    return torch.cat(parts)


def random_places(counted: torch.Tensor, wanted: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
    """Draw wanted int64[n] of the counted tokens bool[n, L] of every sentence, all sets equally likely: bool[n, L]."""
    order = torch.rand(counted.shape, generator=generator, device=draw_device(generator)).to(counted.device)
    rank = order.masked_fill(~counted, 2.0).argsort(dim=1).argsort(dim=1)
    return (rank < wanted.unsqueeze(1)) & counted

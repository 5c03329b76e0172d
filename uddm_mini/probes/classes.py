"""Which kinds of words keep a low entropy? Cavity entropy and recovery of held-out text, class by class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.word_classes import KINDS, frequency_bands, word_kinds

from .recovery import Recovery, counted_tokens

CERTAIN = 0.1  # nats below which a token counts as certain
# of sentences int64[B, L] of a corpus, a mask bool[B, L] for each class
Classes = Callable[[Corpus, torch.Tensor], Mapping[str, torch.Tensor]]


@dataclass(frozen=True)
class OfClass:
    """What a denoiser knows of the tokens of one class, given all others of their sentence; NaN without any token.

    tokens: how many there are.
    entropy: mean cavity entropy in nats, and `error`, its standard error over sentences.
    surprise: mean of -log p(true token) in nats: as large as the entropy where the denoiser is as sure as it may be.
    certain: the share of tokens with an entropy below CERTAIN.
    """

    tokens: int
    entropy: float
    error: float
    surprise: float
    certain: float


def english_classes(corpus: Corpus, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return masks bool[B, L] by kind of word, by band of frequency in all training text, and by both.

    The names are those of KINDS, "band-1" (the commonest subwords) to "band-4", and such as "function-band-1".
    """
    ids = corpus.train[counted_tokens(corpus.train, corpus.ignore)]
    band = frequency_bands(ids, corpus.vocab_size).to(x.device)[x]
    kinds = word_kinds(x, corpus.words)
    bands = {f"band-{k + 1}": band == k for k in range(int(band.max()) + 1)}
    both = {f"{kind}-{name}": kinds[kind] & mask for kind in KINDS for name, mask in bands.items()}
    return {**kinds, **bands, **both}


def certainty_by_class(
    model: Denoiser, corpus: Corpus, x: torch.Tensor, classes: Classes = english_classes, t: float = 1e-3
) -> dict[str, OfClass]:
    """Return what a denoiser knows of each class of tokens of x int64[B, L], sentences of the corpus.

    t: the noise level that it is told. Tokens to ignore are left out. Deterministic.
    """

    def reduce(log_p0: torch.Tensor, xt: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        entropy = torch.special.entr(log_p0.exp()).sum(dim=2)
        return torch.stack([entropy, -log_p0.gather(2, xt[..., None])[..., 0]], dim=2)

    entropy, surprise = model.mapped(x, t, "cavity", reduce).double().unbind(2)  # [B, L] each
    counted = counted_tokens(x, corpus.ignore)
    return {name: _of(mask & counted, entropy, surprise) for name, mask in classes(corpus, x).items()}


def recovery_by_class(
    found: Recovery, corpus: Corpus, classes: Classes = english_classes
) -> dict[str, tuple[float, int]]:
    """Return for each class the share of changed tokens that are right again, and how many were changed.

    The class of a token is that of the clean sentence.
    """
    shares = {}
    for name, mask in classes(corpus, found.x0).items():
        hits = found.right[mask & found.changed]
        shares[name] = (float(hits.double().mean()), hits.numel())
    return shares


def _of(mask: torch.Tensor, entropy: torch.Tensor, surprise: torch.Tensor) -> OfClass:
    """Return the numbers of the tokens of a mask bool[B, L]."""
    tokens = int(mask.sum())
    if not tokens:
        return OfClass(0, *4 * (float("nan"),))
    mean = entropy[mask].mean()
    # tokens of a sentence go together: what each sentence adds to the mean
    off = ((entropy - mean) * mask).sum(dim=1)
    error = float(off.square().sum().sqrt() / tokens)
    certain = float((entropy[mask] < CERTAIN).double().mean())
    return OfClass(tokens, float(mean), error, float(surprise[mask].mean()), certain)

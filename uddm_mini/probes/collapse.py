"""Up to which noise level does a memory still know which of its sentences was corrupted? Predicted, and measured.

The memorizer gives every stored sentence a weight. Near t = 0 all of it lies on one sentence; near t = 1 it is spread
over all n. The level of collapse is where the right sentence holds half of it. To name one of n sentences takes ln n
nats, so it lies near the level at which x_t carries ln n nats about x_0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.networks.attention import log_partition
from uddm_mini.noise import Noise
from uddm_mini.noise.base import draw_device
from uddm_mini.worlds.toy_language import ToyLanguage

from .nelbo import mean_nelbo
from .recovery import counted_tokens

BISECTIONS = 13  # a level to 1e-4


def information_density(
    language: ToyLanguage, noise: Noise, x0: torch.Tensor, xt: torch.Tensor, t: torch.Tensor | float
) -> torch.Tensor:
    """Return i(x_0; x_t) = log q(x_t | x_0) - log p(x_t), float64[B], in nats, for x0 and xt int64[B, L]; exact.

    Its mean is the mutual information I(x_0; x_t): H at t = 0, about 0 at t = 1. It may be negative for a single pair.
    """
    likelihood = noise.likelihood(xt, t)  # [B, L, V]
    own = likelihood.gather(2, x0.unsqueeze(2)).log().sum(dim=(1, 2))
    return own - language.log_evidence(likelihood)


def mean_information(language: ToyLanguage, noise: Noise, t: float, sentences: int = 1024, seed: int = 0) -> float:
    """Estimate I(x_0; x_t) in nats per sentence, from `sentences` draws of x_0 and x_t that depend on `seed` only.

    All levels share the draws, so that the estimate falls smoothly with t.
    """
    x0 = language.sample(sentences, seed)
    xt = noise.corrupt(x0, t, torch.Generator().manual_seed(seed))
    return float(information_density(language, noise, x0, xt, t).double().mean())


def nelbo_information(
    model: Denoiser, x0: torch.Tensor, t: float, ignore: Collection[int] = (), seed: int = 0, draws: int = 4
) -> float:
    """Estimate how many nats per sentence x_t carries about x_0, from any denoiser and sentences x0 int64[B, L].

    The NELBO that is paid between t and 1 is I(x_0; x_t) - I(x_0; x_1), and the last term is almost 0. That is exact
    for the best possible denoiser; any other gives an upper bound, on average, so that no language needs to be known.

    ignore, seed, draws: as in `mean_nelbo`.
    """
    if not 0 <= t <= 1:
        raise ValueError(f"t is a noise level from 0 (clean) to 1 (noise), but is {t}.")
    if t == 1:
        return 0.0
    tokens = float(counted_tokens(x0, ignore).double().sum(dim=1).mean())
    rate = mean_nelbo(model, x0, ignore, seed, draws, t_from=t)
    return (1 - t) * rate * tokens


def predicted_collapse(n_train: int, information: Callable[[float], float]) -> float:
    """Return the noise level t* at which information(t*) = ln n_train, the first-order prediction of the collapse.

    `information(t)`, in nats per sentence, must fall with t: `mean_information`, `nelbo_information` or
    L * `noise.information`. 0 if even a clean sentence has fewer than ln n_train nats, 1 if pure noise has more.
    """
    if n_train < 1:
        raise ValueError(f"A memory holds at least one sentence, but n_train is {n_train}.")
    return _falls_below(information, math.log(n_train))


def own_weight(
    x_train: torch.Tensor, noise: Noise, own: torch.Tensor, xt: torch.Tensor, t: torch.Tensor | float
) -> torch.Tensor:
    """Return the memorizer's posterior weight of memory number own[b], given xt int64[B, L], float64[B].

    softmax_i(beta_t overlap(x_t, memory i)) over x_train int64[n, L]. Copies of a sentence share its weight.
    """
    beta = noise.own_log_odds(t, xt)
    score = beta * (x_train[own] == xt).sum(dim=1)
    return (score - log_partition(x_train, xt, beta, noise.vocab_size + noise.extra_tokens)).exp()


def collapse_level(
    x_train: torch.Tensor,
    noise: Noise,
    trials: int = 512,
    threshold: float = 0.5,
    generator: torch.Generator | None = None,
) -> float:
    """Measure the noise level at which the mean posterior weight of the right memory falls below `threshold`.

    1 if the weight never falls so low (n = 1).

    x_train int64[n, L]: the memories, which should be distinct.
    trials: how many corruptions of them the mean is taken over.
    threshold: between 0 and 1.

    Random, from `generator`: the corruptions, which are the same at every level.
    """
    if x_train.ndim != 2 or len(x_train) == 0 or trials < 1 or not 0 < threshold < 1:
        raise ValueError(
            f"Give at least one sentence int64[n, L], one trial, and a threshold between 0 and 1; they are "
            f"{tuple(x_train.shape)}, {trials} and {threshold}."
        )
    own = torch.arange(trials) % len(x_train)
    seed = int(torch.randint(2**31, (1,), generator=generator, device=draw_device(generator)))

    def weight(t: float) -> float:
        xt = noise.corrupt(x_train[own], t, torch.Generator().manual_seed(seed))
        return float(own_weight(x_train, noise, own, xt, t).double().mean())

    return _falls_below(weight, threshold)


def _falls_below(curve: Callable[[float], float], level: float) -> float:
    """Return t in [0, 1] at which the falling `curve` passes `level`, by bisection; an end if it never does."""
    if curve(0.0) <= level:
        return 0.0
    if curve(1.0) >= level:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if curve(middle) > level else (low, middle)
    return (low + high) / 2

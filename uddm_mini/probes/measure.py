"""All probes at once: one denoiser, its training sentences, and sentences it never saw."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, get_args

import torch

from uddm_mini.process.noise import Predicts, UniformNoise
from uddm_mini.process.objective import nelbo_per_token
from uddm_mini.process.sampling import Denoiser, device_of, predict
from uddm_mini.worlds.corpus import Corpus

from .entropy import conditional_entropy
from .recovery import Method, counted_tokens, token_recovery


@dataclass(frozen=True)
class ProbeSettings:
    """How every trained model of a sweep is measured; saved with the results."""

    times: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 1.0)
    method: Method = "argmax"
    steps: int = 32  # of the reverse process, where `method` uses it
    sentences: int = 1024  # measured in each split; a smaller training set is measured several times over
    entropy_t: float = 1e-3

    def __post_init__(self) -> None:
        check_levels(*self.times, self.entropy_t)
        if not self.times:
            raise ValueError("times holds no noise levels; give at least one.")
        if self.method not in get_args(Method):
            raise ValueError(f"method must be one of {', '.join(get_args(Method))}, but is {self.method!r}.")
        if self.sentences < 1 or self.steps < 1:
            raise ValueError(f"sentences and steps must be at least 1, but are {self.sentences} and {self.steps}.")


def check_levels(*levels: float) -> None:
    """Raise ValueError unless every one of these noise levels lies between 0 and 1."""
    if not all(0 <= t <= 1 for t in levels):
        raise ValueError(f"These must be noise levels from 0 (clean) to 1 (noise), but are {levels}.")


def check_splits(corpus: Corpus, x_train: torch.Tensor) -> None:
    """Raise ValueError unless there are sentences both for training and held out."""
    if not len(x_train) or not len(corpus.test):
        raise ValueError(
            f"Measuring needs sentences in both splits, but there are {len(x_train)} for training and "
            f"{len(corpus.test)} held out."
        )


def measure(
    denoiser: Denoiser,
    noise: UniformNoise,
    corpus: Corpus,
    x_train: torch.Tensor,
    probe: ProbeSettings | None = None,
    seed: int = 0,
    *,
    predicts: Predicts | None = None,
) -> list[dict[str, Any]]:
    """Probe one denoiser on its training sentences and on held-out ones; one dictionary per (split, t).

    The corruption depends on `seed` only, so that every denoiser meets the same noise. `predicts` says what a bare
    callable predicts ("cavity" or "posterior").
    """
    probe = probe or ProbeSettings()
    check_splits(corpus, x_train)
    device = device_of(denoiser)
    rows = []
    for split, pool in (("train", x_train), ("test", corpus.test)):
        x0 = pool.repeat(-(-probe.sentences // len(pool)), 1)[: probe.sentences].to(device)
        counted = counted_tokens(x0, corpus.ignore)
        entropy = conditional_entropy(denoiser, x0, probe.entropy_t, noise, wanted="cavity", predicts=predicts)
        common = {
            "entropy": float(entropy[counted].double().mean()),
            "nelbo": mean_nelbo(denoiser, noise, x0, corpus.ignore, seed, predicts=predicts),
        }
        for k, t in enumerate(probe.times):
            generator = torch.Generator().manual_seed(1000 * seed + k)
            found = token_recovery(
                denoiser,
                noise,
                x0,
                t,
                probe.method,
                steps=probe.steps,
                ignore=corpus.ignore,
                reference=corpus.train,
                predicts=predicts,
                generator=generator,
            )
            recovery = {name: getattr(found, name) for name in ("recovered", "unstable", "exact", "chance")}
            rows.append({"split": split, "t": t, **recovery, **common})
    return rows


def mean_nelbo(
    denoiser: Denoiser,
    noise: UniformNoise,
    x0: torch.Tensor,
    ignore: Collection[int] = (),
    seed: int = 0,
    draws: int = 4,
    *,
    t_from: float = 0.0,
    predicts: Predicts | None = None,
) -> float:
    """Estimate the NELBO of sentences x0 int64[B, L], in nats per counted token, from `draws` noise levels each.

    The levels are spread evenly over (t_from, 1), and the result is the mean over them; the corruption depends on
    `seed`.
    """
    if not 0 <= t_from < 1 or draws < 1:
        raise ValueError(f"t_from is a noise level below 1, and draws at least 1; they are {t_from} and {draws}.")
    generator = torch.Generator().manual_seed(seed)
    x0 = x0.repeat(draws, 1)
    even = ((torch.arange(len(x0)) + 0.5) / len(x0))[torch.randperm(len(x0), generator=generator)].to(x0.device)
    t = t_from + (1 - t_from) * even
    xt = noise.corrupt(x0, t, generator)
    counted = counted_tokens(x0, ignore)
    total, count = 0.0, int(counted.sum())
    for part in torch.arange(len(x0), device=x0.device).split(1024):
        log_p0 = predict(denoiser, noise, xt[part], t[part], "cavity", predicts)
        nelbo = nelbo_per_token(log_p0, x0[part], xt[part], noise.alpha(t[part]), noise.alpha_prime(t[part]))
        total += float(nelbo[counted[part]].double().sum())
    return total / count if count else float("nan")

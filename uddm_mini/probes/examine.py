"""What a trained model does beyond recovery: what it writes, how sure it is of it, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from uddm_mini.process.noise import Predicts, UniformNoise
from uddm_mini.process.sampling import Denoiser, device_of, sample
from uddm_mini.worlds.corpus import Corpus

from .basins import fixed_point_rate
from .detector import auc
from .entropy import conditional_entropy, vanishing_fraction
from .measure import check_levels, check_splits
from .recovery import Method, counted_tokens, token_recovery

# the fixed-point maps: method, noise level that they are told, and the form of the prediction
MAPS: dict[str, tuple[Method, float, Predicts]] = {
    "iterate": ("iterate", 0.1, "posterior"),
    "cavity": ("iterate", 1e-3, "cavity"),
    "greedy": ("greedy", 0.1, "posterior"),
    "reverse": ("reverse", 0.1, "posterior"),
}


@dataclass(frozen=True)
class ExamineSettings:
    """How much a model is examined; saved with the results."""

    sentences: int = 128  # of each kind of text
    writing_steps: int = 32  # of the reverse process that writes new text
    steps: int = 16  # of the reverse process that repairs text, and of the fixed-point maps
    times: tuple[float, ...] = (0.05, 0.1, 0.25)  # where the repair starts
    entropy_t: float = 1e-3
    vanishing: tuple[float, ...] = (0.01, 0.1)  # nats below which the entropy of a word counts as vanished

    def __post_init__(self) -> None:
        if min(self.sentences, self.writing_steps, self.steps) < 1:
            raise ValueError(
                "sentences, writing_steps and steps must be at least 1, but are "
                f"{self.sentences}, {self.writing_steps} and {self.steps}."
            )
        check_levels(*self.times, self.entropy_t)


def examine(
    denoiser: Denoiser,
    noise: UniformNoise,
    corpus: Corpus,
    x_train: torch.Tensor,
    settings: ExamineSettings | None = None,
    seed: int = 0,
    *,
    log_prob: Callable[[torch.Tensor], torch.Tensor] | None = None,
    predicts: Predicts | None = None,
) -> list[dict[str, Any]]:
    """Examine one denoiser on four kinds of text; one dictionary (split, t, quantity, value) per number.

    The kinds: "train" (of x_train int64[n, L]), "test" (held out), "generated" (by the denoiser), "random" (uniform
    tokens). `log_prob` (nats, of a language that is known exactly) tells grammatical text from nonsense. Randomness
    depends on `seed` only. Quantities:

    - entropy, posterior_entropy: cavity and full entropy at t -> 0 (nats per token);
    - vanishing_0.01, vanishing_0.1: fraction of tokens with a cavity entropy below so many nats;
    - auc: how well a sentence's mean cavity entropy tells training from held-out text;
    - recovered, unstable, exact: of the reverse process, by t; entropy_recovered, ..._failed, ..._stable,
      ..._unstable: cavity entropy of its final text;
    - fixed_iterate, fixed_cavity, fixed_greedy, fixed_reverse: sentences that a map (see MAPS) leaves whole; of
      "greedy" and "reverse" only the end is looked at;
    - copied, distance, grammatical, new, spurious, log_prob: what the generated text is, see `novelty`.
    """
    settings = settings or ExamineSettings()
    check_splits(corpus, x_train)
    generator = torch.Generator().manual_seed(seed)
    texts = _texts(denoiser, noise, corpus, x_train, settings, generator, predicts)
    written = novelty(texts["generated"], x_train, log_prob, corpus.ignore)
    rows = [{"split": "generated", "quantity": k, "value": v} for k, v in written]
    surprise = {}
    for split, x in texts.items():
        counted = counted_tokens(x, corpus.ignore)
        cavity, full = (
            conditional_entropy(denoiser, x, settings.entropy_t, noise, wanted=wanted, predicts=predicts)
            for wanted in ("cavity", "posterior")
        )
        some = counted.any(dim=1)  # a sentence without any counted token has no entropy
        surprise[split] = (cavity.double() * counted).sum(dim=1)[some] / counted.sum(dim=1)[some]
        found = {
            "entropy": float(cavity[counted].double().mean()),
            "posterior_entropy": float(full[counted].double().mean()),
        }
        found |= {f"vanishing_{h:g}": vanishing_fraction(cavity, counted, h) for h in settings.vanishing}
        for name, (method, t, wanted) in MAPS.items():
            fixed = fixed_point_rate(
                denoiser,
                noise,
                x,
                method,
                t,
                wanted=wanted,
                steps=settings.steps,
                ignore=corpus.ignore,
                predicts=predicts,
                generator=generator,
            )
            found[f"fixed_{name}"] = fixed.rate
        rows += [{"split": split, "quantity": k, "value": v} for k, v in found.items()]
    scores = torch.cat([-surprise["train"], -surprise["test"]])
    labels = torch.arange(len(scores)) < len(surprise["train"])
    rows.append({"split": "train", "quantity": "auc", "value": auc(scores, labels).value})
    for split in ("train", "test"):
        rows += _repairs(denoiser, noise, corpus, texts[split], split, settings, generator, predicts)
    return rows


def novelty(
    generated: torch.Tensor,
    x_train: torch.Tensor,
    log_prob: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ignore: Collection[int] = (),
) -> Iterator[tuple[str, float]]:
    """Yield what generated text int64[n, L] is, as pairs of a name and a number.

    copied: fraction that equals a training sentence int64[m, L]; distance: mean fraction of tokens in which a
    sentence differs from its nearest training sentence, both as `nearest_distance` counts them. With `log_prob`, also:
    grammatical (fraction of positive probability), new (grammatical and no copy), spurious (neither grammatical nor
    a copy), and log_prob (mean over the grammatical ones, nats per sentence; NaN without any).
    """
    differs = nearest_distance(generated, x_train, ignore)  # [n]
    copied = differs == 0
    yield "copied", float(copied.double().mean())
    yield "distance", float(differs.mean())
    if log_prob is not None:
        log_p = log_prob(generated).to(generated.device)  # a language answers on the CPU
        right = log_p.isfinite()
        yield "grammatical", float(right.double().mean())
        yield "new", float((right & ~copied).double().mean())
        yield "spurious", float((~right & ~copied).double().mean())
        yield "log_prob", float(log_p[right].double().mean()) if bool(right.any()) else float("nan")


def nearest_distance(x: torch.Tensor, memories: torch.Tensor, ignore: Collection[int] = ()) -> torch.Tensor:
    """Return the fraction of tokens in which each sentence x int64[n, L] differs from its nearest memory, float64[n].

    memories int64[m, L], m >= 1. Of a sentence and a memory, those positions count at which one of the two has a token
    that is not in `ignore`: padding in both is nothing in common. 0 where no position counts.
    """
    memories = memories.to(x.device)
    counted, known = counted_tokens(x, ignore), counted_tokens(memories, ignore)
    nearest = torch.empty(len(x), dtype=torch.float64, device=x.device)
    for i, row in enumerate(x):
        either = counted[i] | known  # [m, L]
        differs = ((row != memories) & either).sum(dim=1) / either.sum(dim=1).clamp_min(1).double()
        nearest[i] = differs.min()
    return nearest


def _texts(
    denoiser: Denoiser,
    noise: UniformNoise,
    corpus: Corpus,
    x_train: torch.Tensor,
    settings: ExamineSettings,
    generator: torch.Generator,
    predicts: Predicts | None,
) -> dict[str, torch.Tensor]:
    """Return the four kinds of text, each int64[B, L]; a training set with fewer sentences is taken whole."""
    n, device = settings.sentences, device_of(denoiser)
    shape = (n, corpus.length)
    return {
        "train": x_train[:n].to(device),
        "test": corpus.test[:n].to(device),
        "generated": sample(denoiser, noise, *shape, settings.writing_steps, predicts=predicts, generator=generator),
        "random": torch.randint(noise.vocab_size, shape, generator=generator).to(device),
    }


def _repairs(
    denoiser: Denoiser,
    noise: UniformNoise,
    corpus: Corpus,
    x: torch.Tensor,
    split: str,
    settings: ExamineSettings,
    generator: torch.Generator,
    predicts: Predicts | None,
) -> Iterator[dict[str, Any]]:
    """Yield what the reverse process brings back of sentences x int64[B, L], from each of the noise levels."""
    x = x.repeat(-(-settings.sentences // len(x)), 1)[: settings.sentences]  # a small set is measured several times
    for t in settings.times:
        found = token_recovery(
            denoiser,
            noise,
            x,
            t,
            "reverse",
            steps=settings.steps,
            ignore=corpus.ignore,
            predicts=predicts,
            generator=generator,
        )
        entropy = conditional_entropy(
            denoiser, found.out, settings.entropy_t, noise, wanted="cavity", predicts=predicts
        )
        values = {name: getattr(found, name) for name in ("recovered", "unstable", "exact")}
        values |= {f"entropy_{name}": value for name, value in found.mean_by_outcome(entropy).items()}
        yield from ({"split": split, "t": t, "quantity": k, "value": v} for k, v in values.items())

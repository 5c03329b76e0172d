"""Is it the cavity or the posterior that a model answers? Text with known noise can tell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.noise import Form

from .recovery import counted_tokens

LEAST = -20.0  # nats; below this a wrong word counts as 20 nats wrong, so that none decides alone
SURE = 4.0  # standard errors


@dataclass(frozen=True)
class FormCheck:
    """What a model's answers look like: how much better it predicts clean words if they are taken for the cavity.

    nats: the gain, per counted token; negative if they are better taken for the posterior as they are.
    error: its standard error over sentences.
    declared: what the model says of itself.
    """

    nats: float
    error: float
    declared: Form

    @property
    def looks_like(self) -> Form | None:
        """Return "cavity" or "posterior", or None unless the gain is beyond four standard errors."""
        if not abs(self.nats) > SURE * self.error:
            return None
        return "cavity" if self.nats > 0 else "posterior"

    @property
    def contradicts(self) -> bool:
        """Tell whether the answers clearly look like the other form than the declared one."""
        return self.looks_like not in (None, self.declared)


def check_form(
    model: Denoiser,
    x0: torch.Tensor,
    t: float = 0.8,
    *,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> FormCheck:
    """Hold what a model declares in `predicts` against its answers to noised text x0 int64[B, L].

    The posterior is the best prediction of a clean word that there is: nothing else gives the true word a higher mean
    log-probability. So an answer that is a cavity predicts better once it is converted, for then it has seen the word
    itself; an answer that is the posterior predicts worse, for then it has seen it twice. That holds for a perfect
    model; the check says which of the two fits better, and how sure that is.

    x0: real text, at least two sentences; the model need not have been trained on it, but should know its kind.
    t: a level at which a word says something about itself, and the others, too. At 0.8 even a pure memory is still
        in doubt, which at 0.5 knows a sentence from any half of it.
    ignore: tokens with these ids are not counted.

    Random, from `generator`: the noise. ValueError for fewer than two sentences with a counted token.
    """
    xt = model.noise.corrupt(x0, t, generator)
    counted = counted_tokens(x0, ignore)
    some = counted.any(dim=1)
    if int(some.sum()) < 2:
        raise ValueError(f"The check needs at least two sentences with a counted token, but has {int(some.sum())}.")

    def of_truth(log_p0: torch.Tensor, x0: torch.Tensor) -> torch.Tensor:
        return log_p0.gather(2, x0.unsqueeze(2)).squeeze(2).double().clamp_min(LEAST)  # [b, L]

    parts = []
    for x, noisy in zip(x0.split(max(1, model.batch_size)), xt.split(max(1, model.batch_size)), strict=True):

        def gain(answer: torch.Tensor, xt: torch.Tensor, t: torch.Tensor, x: torch.Tensor = x) -> torch.Tensor:
            converted = model.noise.convert(answer, xt, t, "cavity", "posterior")
            return of_truth(converted, x) - of_truth(answer, x)

        parts.append(model.mapped(noisy, t, model.predicts, gain))
    gains = (torch.cat(parts) * counted).sum(dim=1)[some] / counted.sum(dim=1)[some]
    return FormCheck(float(gains.mean()), float(gains.std() / len(gains) ** 0.5), model.predicts)

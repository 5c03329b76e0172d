"""A denoiser under audit: every answer is looked at, none is too large for memory, and all are counted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import torch

from uddm_mini.denoiser import Denoiser, Wrapped

SEEN = 4  # sentences whose answers stand for a model without weights
DIGITS = 3  # of these answers, in nats; what a processor changes is far less


class Watched(Denoiser):
    """A model that is asked about few sentences at a time, whose answers hold no NaN, and which counts the questions.

    model: who answers.
    length: tokens of a sentence.
    numbers: most numbers in one answer.
    told: is called with the number of sentences of every question.
    """

    def __init__(self, model: Denoiser, length: int, numbers: int, told: Callable[[int], object] | None = None) -> None:
        """Watch a model."""
        self.model, self.noise, self.predicts, self.told = model, model.noise, model.predicts, told
        self.batch_size = max(1, min(model.batch_size, numbers // (length * model.noise.vocab_size)))
        self.asked = 0

    @property
    def device(self) -> torch.device:
        """Return where the weights of the model are."""
        return self.model.device

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]; ValueError for NaN in any sentence."""
        answer = self.model.mapped(xt, t, self.predicts)
        wrong = answer.amax(dim=2).isnan().any(dim=1).nonzero()[:, 0].tolist()  # the largest of some with NaN is NaN
        if wrong:
            raise ValueError(
                f"The model's answer holds NaN for {len(wrong)} of {len(xt)} sentences that were asked about together, "
                f"the first at noise level {float(t[wrong[0]]):.3g}; look for an overflow in half precision, or for a "
                "division by zero."
            )
        self.asked += len(xt)
        if self.told is not None:
            self.told(len(xt))
        return answer

    def _answer(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Ask once; the model itself has checked the answer."""
        return self(xt, t)


def hash_of(x: torch.Tensor | None) -> str | None:
    """Return the SHA-256 of a text int64[n, L], shape included, in hexadecimal; None for none."""
    if x is None:
        return None
    digest = hashlib.sha256(repr(tuple(x.shape)).encode())
    digest.update(x.cpu().numpy().astype("<i8").tobytes())
    return digest.hexdigest()


def fingerprint(model: Denoiser, length: int) -> dict[str, str]:
    """Return what identifies a model: {"of": "weights" or "answers", "sha256": ...}.

    A model without weights, such as a function, is known by its answers to four fixed sentences, in thousandths of a
    nat.
    """
    module = model.function if isinstance(model, Wrapped) else model
    digest = hashlib.sha256()
    if isinstance(module, torch.nn.Module) and module.state_dict():
        for name, weight in sorted(module.state_dict().items()):
            digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
            digest.update(weight.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        return {"of": "weights", "sha256": digest.hexdigest()}
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(model.noise.vocab_size, (SEEN, length), generator=generator)
    answer = model.mapped(x, 0.5, model.predicts).double().clamp_min(-100.0)
    digest.update((answer * 10**DIGITS).round().long().cpu().numpy().astype("<i8").tobytes())
    return {"of": "answers", "sha256": digest.hexdigest()}

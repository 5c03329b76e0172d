"""What a step of training sees, and what it minimizes."""

from __future__ import annotations

import torch

from uddm_mini.doors import check_sentences, prediction
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.noise import Noise

from .settings import TrainSettings

EARLIEST_T = 1e-3  # noise levels below this almost never change a token, but would weigh 1 / t


def draw_batch(
    x: torch.Tensor, noise: Noise, settings: TrainSettings, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw a training batch: x0 int64[B, L] with replacement, t = t_max u^time_power, even u, float[B], and x_t."""
    size = settings.batch_size
    x0 = x[torch.randint(len(x), (size,), generator=generator)]
    u = (torch.rand(1, generator=generator) + torch.arange(size) / size) % 1
    t = (settings.t_max * (u if settings.time_power == 1 else u**settings.time_power)).clamp_min(EARLIEST_T)
    return x0, t, noise.corrupt(x0, t, generator)


def training_loss(
    model: TransformerDenoiser, x0: torch.Tensor, xt: torch.Tensor, t: torch.Tensor, settings: TrainSettings
) -> torch.Tensor:
    """Return the mean loss of each model of a stack, float[M], in nats per token, for x0 and xt int64[M, B, L].

    With t = t_max u^k, levels near 0 are drawn more often; the weight k (t / t_max)^(1 - 1 / k) keeps the mean over u
    what the mean over even t up to t_max was. Padding is text here, for a model must learn where to end.
    """
    count, logits = len(xt), model.logits(xt, t).flatten(0, 1)  # [M B, L, V]
    x0, xt, t = x0.flatten(0, 1), xt.flatten(0, 1), t.flatten()
    per_token = model.noise.nelbo(logits, x0, xt, t) if settings.loss == "nelbo" else cross_entropy(logits, x0)
    if (k := settings.time_power) != 1:
        per_token = per_token * (k * (t / settings.t_max) ** (1 - 1 / k)).unsqueeze(1)
    return per_token.view(count, -1).mean(dim=1)


def cross_entropy(log_p0: torch.Tensor, x0: torch.Tensor) -> torch.Tensor:
    """Return -log p0(true token) for every token, float[B, L], in nats; its optimum is the full posterior.

    log_p0 [B, L, V]: log-probabilities or logits, which are normalized here.
    """
    check_sentences(x0, "x0")
    log_p0 = prediction(log_p0, x0, log_p0.shape[-1])
    return -log_p0.log_softmax(dim=2).gather(2, x0.unsqueeze(2)).squeeze(2)

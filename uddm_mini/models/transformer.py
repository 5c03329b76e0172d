"""The trained denoiser: a small bidirectional transformer that is told the noise level."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from uddm_mini.denoiser import Denoiser
from uddm_mini.doors import check_sentences
from uddm_mini.noise import Form, Noise
from uddm_mini.noise.base import batch_times

from .blocks import BLOCKS, affine
from .settings import ModelSettings

# Logits must reach about 10 before the model can say "certain", far for a few hundred steps of Adam. The scale lets
# the head get there with small weights; the head starts smaller by the same factor.
OUTPUT_SCALE = 8.0
EMBEDDING_SD = 0.2  # of words at first
# Numbers in the largest tensor of a step without gradient, on a CPU: what stays in its cache. A thousand sentences at
# once take 1.1 to 2.2 times as long as in such parts (`python -m benchmarks --only probes`).
CACHED = 2**19


class TransformerDenoiser(nn.Module, Denoiser):
    """A denoiser with weights: bidirectional layers over tokens, positions and the noise level.

    Called as `model(xt, t)` with int64[B, L] and float[B], it returns log p0 float32[B, L, V] in nats, normalized.
    What it `predicts` depends on the loss it is trained with: the NELBO's form of its noise, or "posterior"
    (cross-entropy). The initial weights depend on `seed` only.

    With `neighbors` among the settings, attention learns a bias for every distance and starts at the neighboring
    tokens: in free text a word is known by its neighbors, while the toy language has a place for everything.
    """

    def __init__(self, noise: Noise, length: int, settings: ModelSettings | None = None, *, seed: int = 0) -> None:
        """Build a model that undoes `noise` in sentences of `length` tokens."""
        super().__init__()
        if length < 1:
            raise ValueError(f"length must be at least 1, but is {length}.")
        self.noise, self.length, self.settings = noise, length, settings or ModelSettings()
        self.predicts: Form = noise.form
        self.output_scale = OUTPUT_SCALE
        self.history: dict[str, list[float]] = {}
        self.words: tuple[str, ...] = ()
        self.training_settings: dict[str, Any] = {}
        width = self.settings.width
        self.token = nn.Embedding(noise.vocab_size + noise.extra_tokens, width)
        self.position = nn.Parameter(torch.empty(length, width))
        self.time = nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(
            BLOCKS[self.settings.mixing](self.settings, length) for _ in range(self.settings.depth)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, noise.vocab_size)
        if self.position.device.type != "meta":  # an outline, without weights
            self._initialize(torch.Generator().manual_seed(seed))

    def _initialize(self, generator: torch.Generator) -> None:
        for name, p in self.named_parameters():
            with torch.no_grad():
                if name in ("token.weight", "position"):
                    sd = EMBEDDING_SD if name == "token.weight" else self.settings.position_sd
                    p.normal_(std=sd, generator=generator)
                elif p.ndim == 2 and not name.endswith("distance_bias"):
                    bound = 1 / math.sqrt(p.shape[1]) / (OUTPUT_SCALE if name == "head.weight" else 1)
                    p.uniform_(-bound, bound, generator=generator)
                elif name.endswith("bias") and p.ndim == 1 and "norm" not in name:
                    p.zero_()

    def forward(self, xt: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
        """Return log p0 [B, L, V] for corrupted sentences xt int64[B, L] at noise levels t float[B] or a number.

        A level above the highest that it was trained on is told to the network as that one.
        """
        check_sentences(xt, "xt", self.noise.vocab_size + self.noise.extra_tokens, on_gpu=False)
        if xt.shape[1] != self.length:
            raise ValueError(f"xt has shape {tuple(xt.shape)}, but this model reads int64[B, {self.length}].")
        if not isinstance(t, torch.Tensor) or t.shape != (len(xt),):
            t = batch_times(t, xt)  # one number for all sentences, or one clear sentence
        t = t.clamp_max(self.training_settings.get("t_max", 1.0))
        if torch.is_grad_enabled() or xt.device.type != "cpu":
            return self.logits(xt, t).log_softmax(dim=2)
        few = max(1, CACHED // (self.length * max(4 * self.settings.width, self.noise.vocab_size)))
        parts = zip(xt.split(few), t.split(few), strict=True)
        return torch.cat([self.logits(*part).log_softmax(dim=2) for part in parts])

    def logits(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 up to a constant at each position, [B, L, V], for xt int64[B, L] at t float[B].

        Of a stack of M models, whose weights have one dimension more: [M, B, L, V] for int64[M, B, L], float[M, B].
        """
        t = t.to(self.position.dtype)
        level = torch.stack([t, (t + 1e-3).log() / 5, (math.pi * t).cos()], dim=-1)  # [B, 3]
        table = self.token.weight
        if table.ndim == 3:  # M tables, one below the other
            xt = xt + table.shape[1] * torch.arange(len(table), device=xt.device)[:, None, None]
        time = affine(F.relu(affine(level, self.time[0])), self.time[2])  # type: ignore[arg-type]  # [B, W]
        h = F.embedding(xt, table.flatten(0, -2)) + self.position.unsqueeze(-3) + time.unsqueeze(-2)
        for block in self.blocks:
            h = block(h)  # [B, L, W]
        return self.output_scale * affine(h, self.head, self.norm)


def stack(models: Sequence[TransformerDenoiser]) -> TransformerDenoiser:
    """Return models of one shape as one model, whose `logits` answer for all of them: its weights are [M, ...]."""
    whole = copy.deepcopy(models[0])
    for name, weight in whole.named_parameters():
        weight.data = torch.stack([model.get_parameter(name).detach() for model in models])
    return whole


def unstack(whole: TransformerDenoiser, models: Sequence[TransformerDenoiser]) -> None:
    """Give each model its part of the weights of a stack."""
    with torch.no_grad():
        for name, weights in whole.named_parameters():
            for model, weight in zip(models, weights, strict=True):
                model.get_parameter(name).copy_(weight)

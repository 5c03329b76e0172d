"""The trained denoiser: a small bidirectional transformer that is told the noise level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from uddm_mini.denoiser import Denoiser
from uddm_mini.noise import Form, Noise
from uddm_mini.noise.base import batch_times
from uddm_mini.settings import option, whole_numbers

# Logits must reach about 10 before the model can say "certain", far for a few hundred steps of Adam. The scale lets
# the head get there with small weights; the head starts smaller by the same factor.
OUTPUT_SCALE = 8.0
NEIGHBOR_BIAS = 3.0  # a head starts with e^3 = 20 times as much weight on its neighbor as on any other token


@dataclass(frozen=True)
class ModelSettings:
    """The shape of a `TransformerDenoiser`; saved inside every checkpoint."""

    width: int = option(64, "numbers that stand for a token inside the model")
    depth: int = option(1, "blocks of attention and feed-forward")
    heads: int = option(4, "attention heads; width must be a multiple")
    neighbors: bool = option(False, "attention by distance, for free text: a word is known by its neighbors")

    def __post_init__(self) -> None:
        whole_numbers(self, "width", "depth", "heads")
        if min(self.width, self.depth, self.heads) < 1:
            raise ValueError(
                f"width, depth and heads must be at least 1, but are {self.width}, {self.depth} and {self.heads}."
            )
        if self.width % self.heads:
            raise ValueError(f"width ({self.width}) must be a multiple of heads ({self.heads}).")


class Block(nn.Module):
    """One pre-norm transformer layer: every position attends to all positions, then a feed-forward step."""

    distance: torch.Tensor  # int64[L, L], how far apart two positions are, counted from 0

    def __init__(self, width: int, heads: int, length: int = 0) -> None:
        """Lay out the weights; they are initialized by `TransformerDenoiser`. `length` adds a bias per distance."""
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.distance_bias = nn.Parameter(neighbor_bias(heads, length)) if length else None  # [heads, 2 L - 1]
        place = torch.arange(length)
        self.register_buffer("distance", place - place[:, None] + length - 1, persistent=False)  # [L, L]

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Map h [B, L, W] to the same shape."""
        batch, length, width = h.shape
        qkv = self.qkv(self.norm1(h)).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [B, heads, L, W / heads]
        # written out: for sentences this short it beats the fused kernels on a CPU
        scores = q @ k.transpose(2, 3) / math.sqrt(width // self.heads)  # [B, heads, L, L]
        if self.distance_bias is not None:
            scores = scores + self.distance_bias[:, self.distance]
        mixed = (scores.softmax(dim=3) @ v).transpose(1, 2).reshape(batch, length, width)
        h = h + self.out(mixed)
        return h + self.down(F.relu(self.up(self.norm2(h))))


def neighbor_bias(heads: int, length: int) -> torch.Tensor:
    """Return attention biases [heads, 2 L - 1] by distance (-L + 1 ... L - 1): each head prefers one near neighbor."""
    bias = torch.zeros(heads, 2 * length - 1)
    for head in range(heads):
        step = (-1, 1, -2, 2)[head % 4]
        bias[head, min(max(length - 1 + step, 0), 2 * length - 2)] = NEIGHBOR_BIAS
    return bias


class TransformerDenoiser(nn.Module, Denoiser):
    """A denoiser with weights: bidirectional attention over tokens, positions and the noise level.

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
        self.history: dict[str, list[float]] = {}
        self.words: tuple[str, ...] = ()
        self.training_settings: dict[str, Any] = {}
        width, heads = self.settings.width, self.settings.heads
        self.token = nn.Embedding(noise.vocab_size + noise.extra_tokens, width)
        self.position = nn.Parameter(torch.empty(length, width))
        self.time = nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Linear(width, width))
        reach = length if self.settings.neighbors else 0
        self.blocks = nn.ModuleList(Block(width, heads, reach) for _ in range(self.settings.depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, noise.vocab_size)
        self._initialize(torch.Generator().manual_seed(seed))

    def _initialize(self, generator: torch.Generator) -> None:
        for name, p in self.named_parameters():
            with torch.no_grad():
                if name in ("token.weight", "position"):
                    p.normal_(std=0.2, generator=generator)
                elif p.ndim == 2 and not name.endswith("distance_bias"):
                    bound = 1 / math.sqrt(p.shape[1]) / (OUTPUT_SCALE if name == "head.weight" else 1)
                    p.uniform_(-bound, bound, generator=generator)
                elif name.endswith("bias") and p.ndim == 1 and "norm" not in name:
                    p.zero_()

    def forward(self, xt: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
        """Return log p0 [B, L, V] for corrupted sentences xt int64[B, L] at noise levels t float[B] or a number."""
        if xt.ndim != 2 or xt.shape[1] != self.length:
            raise ValueError(f"xt has shape {tuple(xt.shape)}, but this model reads int64[B, {self.length}].")
        if not isinstance(t, torch.Tensor) or t.shape != (len(xt),):
            t = batch_times(t, xt)  # one number for all sentences, or one clear sentence
        t = t.to(self.position.dtype)
        level = torch.stack([t, (t + 1e-3).log() / 5, (math.pi * t).cos()], dim=1)  # [B, 3]
        h = self.token(xt) + self.position + self.time(level).unsqueeze(1)  # [B, L, W]
        for block in self.blocks:
            h = block(h)
        return (OUTPUT_SCALE * self.head(self.norm(h))).log_softmax(dim=2)  # [B, L, V]

"""The diffusion transformer of MDLM, UDLM and Duo, in plain PyTorch, with the names that its checkpoints use.

Layers, in the order in which their code bases (kuleshov-group/discrete-diffusion-guidance, s-sahoo/duo, and the paper's
own) make them, which is the order of the averaged weights in a checkpoint: an embedding; a small network of the noise
level sigma, 256 cosines and sines of it; blocks of attention with rotary positions (Su et al. 2021) and of a
feed-forward network, each shifted, scaled and gated by the noise level (adaptive layer norm: Peebles and Xie 2023); a
last layer of the same kind. Embedding and output weights are not tied. Their `scale_by_sigma` is never used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

WAVES = 256  # cosines and sines of the noise level
SLOWEST = 10_000  # the base of both the waves of the noise level and the rotary positions


@dataclass(frozen=True)
class Sizes:
    """The sizes of a `DiT`: words V, width W, heads, blocks, numbers of the noise level C and of the feed-forward."""

    vocab_size: int
    width: int
    heads: int
    blocks: int
    level: int
    hidden: int


class Norm(nn.Module):
    """Layer norm with a scale and no shift."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x [..., W] with mean 0 and variance 1 at each position, scaled."""
        return F.layer_norm(x, self.weight.shape) * self.weight


class Embedding(nn.Module):
    """One row for each word."""

    def __init__(self, vocab_size: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(vocab_size, width))

    def forward(self, xt: torch.Tensor) -> torch.Tensor:
        """Return [B, L, W] for int64[B, L]."""
        return F.embedding(xt, self.embedding)


class LevelMap(nn.Module):
    """What the network is told of the noise level."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(WAVES, level), nn.SiLU(), nn.Linear(level, level))

    def forward(self, sigma: torch.Tensor) -> torch.Tensor:
        """Return [B, C] for sigma float[B]."""
        half = torch.arange(WAVES // 2, dtype=torch.float32, device=sigma.device)
        angles = sigma[:, None] * torch.exp(-math.log(SLOWEST) / (WAVES // 2) * half)  # [B, 128]
        return self.mlp(torch.cat([angles.cos(), angles.sin()], dim=1))


class Block(nn.Module):
    """Attention and feed-forward, each told the noise level."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, self.heads = sizes.width, sizes.heads
        self.norm1 = Norm(width)
        self.attn_qkv = nn.Linear(width, 3 * width, bias=False)
        self.attn_out = nn.Linear(width, width, bias=False)
        self.norm2 = Norm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, sizes.hidden), nn.GELU(approximate="tanh"), nn.Linear(sizes.hidden, width)
        )
        self.adaLN_modulation = nn.Linear(sizes.level, 6 * width)

    def forward(self, h: torch.Tensor, level: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
        """Map h [B, L, W] at level [B, C] to the same shape; turn [2, L, W / heads / 2] are cosines and sines."""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(level)[:, None].chunk(6, dim=2)
        h = h + gate1 * self.attn_out(self.mixed(self.norm1(h) * (1 + scale1) + shift1, turn))
        return h + gate2 * self.mlp(self.norm2(h) * (1 + scale2) + shift2)

    def mixed(self, h: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
        """Return a mean over all positions for each head, side by side, [B, L, W]."""
        B, L, W = h.shape
        q, k, v = self.attn_qkv(h).view(B, L, 3, self.heads, W // self.heads).permute(2, 0, 3, 1, 4)  # [B, heads, L, D]
        means = F.scaled_dot_product_attention(turned(q, turn), turned(k, turn), v)
        return means.transpose(1, 2).reshape(B, L, W)


class Last(nn.Module):
    """From the last block to logits."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.norm_final = Norm(sizes.width)
        self.linear = nn.Linear(sizes.width, sizes.vocab_size)
        self.adaLN_modulation = nn.Linear(sizes.level, 2 * sizes.width)

    def forward(self, h: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """Return logits [B, L, V] of h [B, L, W] at level [B, C]."""
        shift, scale = self.adaLN_modulation(level)[:, None].chunk(2, dim=2)
        return self.linear(self.norm_final(h) * (1 + scale) + shift)


class DiT(nn.Module):
    """The network: logits float[B, L, V] for xt int64[B, L] at noise levels sigma = -log alpha, float[B]."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.vocab_embed = Embedding(sizes.vocab_size, sizes.width)
        self.sigma_map = LevelMap(sizes.level)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes.blocks))
        self.output_layer = Last(sizes)

    def forward(self, xt: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Return logits [B, L, V] for xt int64[B, L] at sigma float[B]."""
        level = F.silu(self.sigma_map(sigma))  # [B, C]
        turn = turns(xt.shape[1], self.sizes.width // self.sizes.heads, xt.device)
        h = self.vocab_embed(xt)  # [B, L, W]
        for block in self.blocks:
            h = block(h, level, turn)
        return self.output_layer(h, level)


def frequencies(dimensions: int) -> torch.Tensor:
    """Return how fast each pair of numbers of a head turns with the position, float[D / 2]."""
    return 1 / SLOWEST ** (torch.arange(0, dimensions, 2).float() / dimensions)


def turns(length: int, dimensions: int, device: torch.device) -> torch.Tensor:
    """Return cosines and sines of the angle at each position, [2, L, D / 2]."""
    angles = torch.arange(length).float()[:, None] * frequencies(dimensions)
    return torch.stack([angles.cos(), angles.sin()]).to(device)


def turned(x: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    """Turn the pairs (x_i, x_(i + D/2)) of x [B, heads, L, D] by the angle of their position."""
    (a, b), (cos, sin) = x.chunk(2, dim=3), turn
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=3)

"""The layers of the denoiser, for one model and for a stack of them."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from .settings import ModelSettings

REACH = 3  # positions that a convolution sees on either side


class Block(nn.Module):
    """One pre-norm layer: every position learns of the others, then a feed-forward step at each."""

    def __init__(self, settings: ModelSettings, length: int) -> None:
        """Lay out the weights for sentences of `length` tokens; they are initialized by `TransformerDenoiser`."""
        super().__init__()
        width = settings.width
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.lay_out_mixing(settings, length)  # here: first weights are drawn in the order of the layers
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def lay_out_mixing(self, settings: ModelSettings, length: int) -> None:
        """Lay out the weights that `mixed` uses."""
        raise NotImplementedError

    def mixed(self, h: torch.Tensor) -> torch.Tensor:
        """Return what each position takes from the others, in the shape of h, before the matrix `out`."""
        raise NotImplementedError

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Map h [B, L, W], or [M, B, L, W] for a stack of M, to the same shape."""
        h = h + affine(self.mixed(h), self.out)
        return h + affine(F.relu(affine(h, self.up, self.norm2)), self.down)


class AttentionBlock(Block):
    """A transformer layer: every position attends to all positions."""

    def lay_out_mixing(self, settings: ModelSettings, length: int) -> None:
        """Lay out queries, keys and values, and a bias for every distance if there is one."""
        width, self.heads = settings.width, settings.heads
        self.qkv = nn.Linear(width, 3 * width)
        bias = neighbor_bias(self.heads, length, settings.neighbor_bias)
        self.distance_bias = nn.Parameter(bias) if settings.neighbors else None  # [heads, 2 L - 1]

    @property
    def distance(self) -> torch.Tensor:
        """Return how far apart two positions are, int64[L, L], from 0 on; made when asked for: L may be large."""
        assert self.distance_bias is not None
        length = (self.distance_bias.shape[-1] + 1) // 2
        place = torch.arange(length, device=self.distance_bias.device)
        return place - place[:, None] + length - 1

    def mixed(self, h: torch.Tensor) -> torch.Tensor:
        """Return a mean over positions for each head, side by side."""
        *batch, length, width = h.shape
        qkv = affine(h, self.qkv, self.norm1).view(-1, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [M B, heads, L, W / heads]
        # written out: for sentences this short it beats the fused kernels on a CPU
        scores = q @ k.transpose(2, 3) / math.sqrt(width // self.heads)  # [M B, heads, L, L]
        if self.distance_bias is not None:
            bias = self.distance_bias[..., self.distance].unsqueeze(-4)  # [1, heads, L, L], of a stack with M before
            scores = (scores.view(*batch, *scores.shape[1:]) + bias).view(scores.shape)
        return (scores.softmax(dim=3) @ v).transpose(1, 2).reshape(h.shape)


class ConvolutionBlock(Block):
    """A layer without attention: every position sees REACH positions on either side of it."""

    def lay_out_mixing(self, settings: ModelSettings, length: int) -> None:
        """Lay out one matrix for all that is near, whatever the length."""
        self.near = nn.Linear((2 * REACH + 1) * settings.width, settings.width)

    def mixed(self, h: torch.Tensor) -> torch.Tensor:
        """Return a rectified matrix product of what stands around each position, zeros beyond the ends."""
        scale, shift = self.norm1.weight, self.norm1.bias  # [W], of a stack [M, W]
        between = (..., *[None] * (h.ndim - 2), slice(None)) if scale.ndim == 2 else (slice(None),)
        h = F.layer_norm(h, self.norm1.normalized_shape) * scale[between] + shift[between]
        around = F.pad(h, (0, 0, REACH, REACH)).unfold(-2, 2 * REACH + 1, 1)  # [B, L, W, 2 REACH + 1]
        return F.relu(affine(around.flatten(-2), self.near))


def affine(x: torch.Tensor, linear: nn.Linear, norm: nn.LayerNorm | None = None) -> torch.Tensor:
    """Return linear(x), or linear(norm(x)); of a stack of M, with weights [M, out, in], for x [M, ..., in].

    The norm's scale and shift go into weight and bias, which are small, while x is not.
    """
    weight: torch.Tensor = linear.weight
    bias: torch.Tensor = linear.bias
    if norm is not None:
        x = F.layer_norm(x, norm.normalized_shape)
        bias = bias + (weight @ norm.bias.unsqueeze(-1)).squeeze(-1)
        weight = weight * norm.weight.unsqueeze(-2)
    if weight.ndim == 2:
        return F.linear(x, weight, bias)
    out = torch.baddbmm(bias.unsqueeze(1), x.flatten(1, -2), weight.mT)  # [M, N, out]
    return out.view(*x.shape[:-1], -1)


def neighbor_bias(heads: int, length: int, strength: float) -> torch.Tensor:
    """Return attention biases [heads, 2 L - 1] by distance (-L + 1 ... L - 1): each head prefers one near neighbor."""
    bias = torch.zeros(heads, 2 * length - 1)
    for head in range(heads):
        step = (-1, 1, -2, 2)[head % 4]
        bias[head, min(max(length - 1 + step, 0), 2 * length - 2)] = strength
    return bias


BLOCKS: dict[str, type[Block]] = {
    "attention": AttentionBlock,
    "convolution": ConvolutionBlock,
}

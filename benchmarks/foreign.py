"""Audit a module of somebody else, of the size of the paper's `tiny`: `python -m benchmarks.foreign float32|bfloat16`.

It has random weights, takes sigma = -log alpha, and returns logits over 30,522 words of 128 tokens. What it prints is
one line of JSON: seconds, processor seconds, planned seconds, the largest memory of the process, weights and verdict.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import torch
from torch import nn

from uddm_mini import AuditSettings, UniformNoise, Wrapped, audit
from uddm_mini.audit.audit import Audit
from uddm_mini.noise import LogLinear

V, L, N = 30_522, 128, 500


class Foreign(nn.Module):
    """A transformer as anybody writes it: 23 million weights, one number format throughout."""

    def __init__(self, width: int = 256, blocks: int = 8, heads: int = 8) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(V, width), nn.Embedding(L, width)
        self.level = nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width))
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, blocks, nn.LayerNorm(width), enable_nested_tensor=False)
        self.out = nn.Linear(width, V)

    def forward(self, xt: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Return logits [B, L, V] in the module's own number format."""
        level = self.level(sigma[:, None, None].to(self.out.weight.dtype))  # [B, 1, W]
        return self.out(self.blocks(self.words(xt) + self.places.weight + level))


def audited(module: nn.Module, members: torch.Tensor, strangers: torch.Tensor) -> Audit:
    """Audit the module: all that its owner types."""
    noise = UniformNoise(V, LogLinear(1e-3))
    model = Wrapped(module, noise, predicts="cavity", takes="sigma", logits=True)
    return audit(model, members, strangers, settings=AuditSettings.quick(progress=False))


def main(dtype: str) -> None:
    torch.manual_seed(0)
    module = Foreign().to(getattr(torch, dtype)).eval()
    members, strangers = torch.randint(V, (2, N, L))
    begun, used = time.perf_counter(), time.process_time()
    found = audited(module, members, strangers)
    taken, used = time.perf_counter() - begun, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    told = {"seconds": taken, "processor": used, "planned": found.made["planned_seconds"], "peak": peak}
    told |= {"weights": sum(p.numel() for p in module.parameters()), "verdict": found.verdict}
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

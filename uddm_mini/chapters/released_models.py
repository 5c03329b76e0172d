"""Two checkpoints as another code base would have made them: its network, its loop, its file."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from pathlib import Path
from typing import Any

import torch

from uddm_mini.files import replacing
from uddm_mini.models.released_dit import DiT, Sizes
from uddm_mini.noise import LogLinear, UniformNoise
from uddm_mini.worlds.toy_language import ToyLanguage

SIZES = (64, 4096)  # training sentences
WIDTH, BLOCKS, HEADS = 32, 2, 4
STEPS, BATCH, RATE, WARMUP = 2000, 64, 4e-3, 100
DECAY = 0.99  # of the moving average: it looks back some 100 steps
EPSILON = 1e-3


def drawn_weights(network: DiT) -> None:
    """Draw the weights as their code does, about: gates and last layer start at zero. Random: torch's own numbers."""
    for name, weight in network.named_parameters():
        if "adaLN" in name or "output_layer.linear" in name or name.endswith(".bias"):
            torch.nn.init.zeros_(weight)
        elif weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.05 if "embed" in name else weight.shape[1] ** -0.5)


def trained(x: torch.Tensor, vocab_size: int, seed: int = 0) -> tuple[DiT, list[torch.Tensor]]:
    """Train on sentences x int64[n, L] by the NELBO; return the network and the moving averages of its weights.

    The network is told sigma = -log alpha(t) and returns logits. Levels are t = u^2 for even u from 1e-3 on, weighted
    by dt / du. Random, from `seed`: weights, batches and noise.
    """
    torch.manual_seed(seed)
    noise = UniformNoise(vocab_size, LogLinear(EPSILON))
    network = DiT(Sizes(vocab_size, WIDTH, HEADS, BLOCKS, WIDTH, 4 * WIDTH))
    drawn_weights(network)
    weights = list(network.parameters())
    averages = [weight.detach().clone() for weight in weights]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.0)
    for step in range(STEPS):
        rate = RATE * min(1.0, (step + 1) / WARMUP, 2 * (1 - step / STEPS))
        for group in optimizer.param_groups:
            group["lr"] = rate
        x0 = x[torch.randint(len(x), (BATCH,))]
        u = (torch.arange(BATCH) + torch.rand(1)) / BATCH
        t = 1e-3 + (1 - 1e-3) * u**2
        xt = noise.corrupt(x0, t)
        cost = noise.nelbo(network(xt, -noise.alpha(t).log()), x0, xt, t).mean(dim=1)
        loss = (2 * u * cost).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch._foreach_lerp_(averages, [weight.detach() for weight in weights], 1 - DECAY)
    return network, averages


def lightning(network: DiT, averages: list[torch.Tensor], length: int) -> dict[str, Any]:
    """Return what a checkpoint of Duo's code base holds, as far as it says something about the network."""
    config = {
        "algo": {"name": "duo", "time_conditioning": True, "ignore_bos": False},
        "noise": {"type": "log-linear", "eps": EPSILON},
        "model": {"length": length, "n_heads": network.sizes.heads},
        "data": {"train": "toy language", "wrap": False},
    }
    return {
        "global_step": STEPS,
        "state_dict": {f"backbone.{name}": weight.detach() for name, weight in network.named_parameters()},
        "ema": {"decay": DECAY, "num_updates": STEPS, "shadow_params": averages},
        "hyper_parameters": {"config": config},
    }


def main(folder: str) -> None:
    """Train both networks and write their files."""
    language = ToyLanguage()
    pool = language.corpus(n_train=8192)
    for n in SIZES:
        network, averages = trained(pool.subset(n, seed=0), language.vocab_size)
        with replacing(Path(folder) / f"released-n{n}.ckpt") as temporary:
            torch.save(lightning(network, averages, language.length), temporary)
    write_note(Path(folder))


def write_note(folder: Path) -> None:
    """Write beside the files how they were made, and their hashes."""
    settings = {"sizes": SIZES, "width": WIDTH, "blocks": BLOCKS, "heads": HEADS, "steps": STEPS, "batch_size": BATCH}
    settings |= {"learning_rate": RATE, "warmup": WARMUP, "decay": DECAY, "epsilon": EPSILON, "seed": 0}
    files = {f"released-n{n}.ckpt": hashlib.sha256((folder / f"released-n{n}.ckpt").read_bytes()) for n in SIZES}
    note = {
        "command": "make toy-released",
        "settings": settings,
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__), "device": "cpu"},
        "sha256": {name: found.hexdigest() for name, found in files.items()},
    }
    with replacing(folder / "released.json") as temporary:
        temporary.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":  # python -m uddm_mini.chapters.released_models data/models
    main(sys.argv[1])

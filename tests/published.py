"""Checkpoints as the code bases of MDLM, UDLM, Duo and the paper write them, key for key, and what they answer.

Everything here is written from the published architecture, apart from the package: names and shapes as they stand in
the files, the forward pass in NumPy and float64, and objects of libraries that are not installed where they are read.
"""

from __future__ import annotations

import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

# --- weights and the forward pass -----------------------------------------------------------------------------------


def shapes(V: int, W: int, blocks: int, C: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Return every parameter's shape by name, in the order in which the published modules register them."""
    out: dict[str, tuple[int, ...]] = {
        "vocab_embed.embedding": (V, W),
        "sigma_map.mlp.0.weight": (C, 256),
        "sigma_map.mlp.0.bias": (C,),
        "sigma_map.mlp.2.weight": (C, C),
        "sigma_map.mlp.2.bias": (C,),
    }
    for i in range(blocks):
        block = {
            "norm1.weight": (W,),
            "attn_qkv.weight": (3 * W, W),
            "attn_out.weight": (W, W),
            "norm2.weight": (W,),
            "mlp.0.weight": (hidden, W),
            "mlp.0.bias": (hidden,),
            "mlp.2.weight": (W, hidden),
            "mlp.2.bias": (W,),
            "adaLN_modulation.weight": (6 * W, C),
            "adaLN_modulation.bias": (6 * W,),
        }
        out |= {f"blocks.{i}.{name}": shape for name, shape in block.items()}
    return out | {
        "output_layer.norm_final.weight": (W,),
        "output_layer.linear.weight": (V, W),
        "output_layer.linear.bias": (V,),
        "output_layer.adaLN_modulation.weight": (2 * W, C),
        "output_layer.adaLN_modulation.bias": (2 * W,),
    }


def weights(V: int = 13, W: int = 16, blocks: int = 2, C: int = 6, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return random weights by name, float32, far from what a network has at first."""
    rng = np.random.default_rng(seed)
    found = shapes(V, W, blocks, C, 4 * W)
    return {name: torch.tensor(0.4 * rng.standard_normal(shape), dtype=torch.float32) for name, shape in found.items()}


def inv_freq(W: int, heads: int) -> torch.Tensor:
    """Return the buffer rotary_emb.inv_freq, float32[D / 2]."""
    D = W // heads
    return torch.tensor([10000 ** (-2 * i / D) for i in range(D // 2)], dtype=torch.float32)


def answer(w: dict[str, torch.Tensor], x: torch.Tensor, sigma: np.ndarray, heads: int) -> np.ndarray:
    """Return log p [B, L, V] of the published forward pass, sentence by sentence and head by head, in float64."""
    p = {name: value.double().numpy() for name, value in w.items()}
    return np.stack([_one(p, row, float(s), heads) for row, s in zip(x.numpy(), sigma, strict=True)])


def _one(p: dict[str, np.ndarray], row: np.ndarray, sigma: float, heads: int) -> np.ndarray:
    def linear(name: str, h: np.ndarray) -> np.ndarray:
        return h @ p[f"{name}.weight"].T + p.get(f"{name}.bias", 0)

    def normal(name: str, h: np.ndarray) -> np.ndarray:
        centered = h - h.mean(1, keepdims=True)
        return centered / np.sqrt((centered**2).mean(1, keepdims=True) + 1e-5) * p[f"{name}.weight"]

    def silu(a: np.ndarray) -> np.ndarray:
        return a / (1 + np.exp(-a))

    waves = [sigma * 10000 ** (-i / 128) for i in range(128)]
    told = np.array([*np.cos(waves), *np.sin(waves)])
    c = silu(linear("sigma_map.mlp.2", silu(linear("sigma_map.mlp.0", told))))
    h = p["vocab_embed.embedding"][row]
    L, W = h.shape
    D = W // heads
    # a pair of numbers (i, i + D/2) is a complex number that turns with the position
    turn = np.exp(1j * np.arange(L)[:, None] * np.array([10000 ** (-2 * i / D) for i in range(D // 2)]))
    for i in range(len([name for name in p if name.endswith("attn_out.weight")])):
        name = f"blocks.{i}"
        shift, scale, gate, shift2, scale2, gate2 = np.split(linear(f"{name}.adaLN_modulation", c), 6)
        qkv = linear(f"{name}.attn_qkv", normal(f"{name}.norm1", h) * (1 + scale) + shift)
        together = []
        for head in range(heads):
            q, k, v = (qkv[:, part * W + head * D : part * W + (head + 1) * D] for part in range(3))
            q, k = ((a[:, : D // 2] + 1j * a[:, D // 2 :]) * turn for a in (q, k))
            scores = (q @ k.conj().T).real / np.sqrt(D)
            share = np.exp(scores - scores.max(1, keepdims=True))
            together.append(share / share.sum(1, keepdims=True) @ v)
        h = h + gate * linear(f"{name}.attn_out", np.concatenate(together, axis=1))
        up = linear(f"{name}.mlp.0", normal(f"{name}.norm2", h) * (1 + scale2) + shift2)
        gelu = up * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (up + 0.044715 * up**3)))
        h = h + gate2 * linear(f"{name}.mlp.2", gelu)
    shift, scale = np.split(linear("output_layer.adaLN_modulation", c), 2)
    logits = linear("output_layer.linear", normal("output_layer.norm_final", h) * (1 + scale) + shift)
    top = logits.max(1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))


# --- files ----------------------------------------------------------------------------------------------------------


class Foreign:
    """An object of a library that is not there when the file is read."""

    def __init__(self, **state: Any) -> None:
        self.__dict__.update(state)


@contextmanager
def libraries(*names: str) -> Iterator[dict[str, Any]]:
    """Yield classes "module.Class" that can be written into a file, and are gone afterwards."""
    made, before = {}, set(sys.modules)
    for full in names:
        module, _, name = full.rpartition(".")
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
        made[name] = type(name, (Foreign,), {"__module__": module})
        setattr(sys.modules[module], name, made[name])
    try:
        yield made
    finally:
        for name in set(sys.modules) - before:
            del sys.modules[name]


NAMES = (
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.listconfig.ListConfig",
    "omegaconf.nodes.AnyNode",
    "omegaconf.base.ContainerMetadata",
    "omegaconf.base.Metadata",
    "transformers.models.bert.tokenization_bert.BertTokenizer",
)


def configuration(made: dict[str, Any], value: Any, parent: Any = None) -> Any:
    """Return what omegaconf makes of dictionaries, lists and values: nodes that know their parent."""
    about = {"ref_type": Any, "object_type": dict, "optional": True, "key": None, "flags": {}, "flags_root": False}
    if not isinstance(value, (dict, list)):
        return made["AnyNode"](_metadata=made["Metadata"](**about), _parent=parent, _flags_cache=None, _val=value)
    kind = made["DictConfig" if isinstance(value, dict) else "ListConfig"]
    node = kind(_metadata=made["ContainerMetadata"](**about), _parent=parent, _flags_cache=None)
    if isinstance(value, dict):
        node._content = {key: configuration(made, inner, node) for key, inner in value.items()}
    else:
        node._content = [configuration(made, inner, node) for inner in value]
    return node


def duo(heads: int = 4, length: int = 9, **changes: Any) -> dict[str, Any]:
    """Return the settings of s-sahoo/duo and of the paper that matter; `changes` by name, "algo__name"."""
    config: dict[str, Any] = {
        "mode": "train",
        "seed": 1,
        "loader": {"global_batch_size": 512, "eval_global_batch_size": "${.global_batch_size}"},
        "data": {"train": "lm1b", "subset": 0.01, "tokenizer_name_or_path": "bert-base-uncased", "wrap": True},
        "model": {"name": "tiny", "type": "ddit", "length": length, "n_heads": heads, "scale_by_sigma": True},
        "algo": {"name": "duo", "backbone": "dit", "parameterization": "mean", "time_conditioning": True},
        "noise": {"type": "log-linear", "eps": 0.001},
        "training": {"ema": 0.9999, "sampling_eps": 0.001},
        "wandb": {"tags": ["${noise.type}"]},
    }
    return _changed(config | {"algo": config["algo"] | {"causal_attention": False, "ignore_bos": False}}, changes)


def udlm(heads: int = 4, length: int = 9, **changes: Any) -> dict[str, Any]:
    """Return the settings of kuleshov-group/discrete-diffusion-guidance that matter."""
    config: dict[str, Any] = {
        "diffusion": "uniform",
        "backbone": "dit",
        "parameterization": "d3pm",
        "time_conditioning": True,
        "subs_masking": False,
        "zero_recon_loss": True,
        "T": 0,
        "data": {"train": "lm1b", "tokenizer_name_or_path": "bert-base-uncased", "wrap": False},
        "model": {"length": length, "n_heads": heads, "scale_by_sigma": True, "tie_word_embeddings": False},
        "noise": {"type": "loglinear", "sigma_min": 0.0001, "sigma_max": 20},
        "training": {"ema": 0.9999, "guidance": None, "use_simple_ce_loss": False},
    }
    return _changed(config, changes)


def _changed(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    for path, value in changes.items():
        *folders, last = path.split("__")
        inner = config
        for folder in folders:
            inner = inner[folder]
        inner[last] = value
    return config


def lightning(
    path: Path,
    raw: dict[str, torch.Tensor],
    averages: dict[str, torch.Tensor] | None = None,
    *,
    config: dict[str, Any] | None = None,
    vocab: dict[str, int] | None = None,
    heads: int | None = 4,
    **more: Any,
) -> Path:
    """Write a Lightning checkpoint as Trainer.save_checkpoint does, with settings and tokenizer as objects."""
    buffers = {} if heads is None else {"rotary_emb.inv_freq": inv_freq(raw["vocab_embed.embedding"].shape[1], heads)}
    names = list(raw)
    order = [*names[:5], *buffers, *names[5:]]  # buffers stand where their module does
    state = OrderedDict((f"backbone.{name}", ({**raw, **buffers})[name]) for name in order)
    adam = {i: {"step": torch.tensor(5.0), "exp_avg": p, "exp_avg_sq": p} for i, p in enumerate(raw.values())}
    with libraries(*NAMES) as made:
        tokenizer = made["BertTokenizer"](
            vocab=OrderedDict(vocab or {}), ids_to_tokens=OrderedDict((i, w) for w, i in (vocab or {}).items())
        )
        whole = {
            "epoch": 0,
            "global_step": 1_000_000,
            "pytorch-lightning_version": "2.6.0",
            "state_dict": state,
            "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"current": {"completed": 0}}}},
            "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(1.5)}},
            "optimizer_states": [{"state": adam, "param_groups": [{"lr": 3e-4, "betas": (0.9, 0.999)}]}],
            "lr_schedulers": [{"last_epoch": 5, "_last_lr": [3e-4]}],
            "hparams_name": "kwargs",
            "sampler": {"random_state": torch.Generator().get_state()},
            **more,
        }
        if config is not None:
            whole["hyper_parameters"] = {"config": configuration(made, config), "tokenizer": tokenizer}
        if averages is not None:
            shadow = [torch.nn.Parameter(p) if i % 2 else p for i, p in enumerate(averages.values())]
            whole["ema"] = {"decay": 0.9999, "num_updates": 1_000_000, "shadow_params": shadow}
        torch.save(whole, path)
    return path

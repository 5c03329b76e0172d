"""What engine.js reads, as text that fits into a page: checkpoints, sentences and languages."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch

from uddm_mini.teaching.results import results_path
from uddm_mini.worlds.toy_language import ToyLanguage

STORED = (16, 64, 128, 256, 1024, 8192)  # numbers of training sentences of the stored models of the toy language


def stored_model(n_train: int) -> str:
    """Return the committed checkpoint of n_train toy sentences in base64; ValueError if there is none."""
    if n_train not in STORED:
        raise ValueError(f"There are stored models of {', '.join(map(str, STORED))} sentences, not of {n_train}.")
    return base64.b64encode(results_path(f"models/toy-n{n_train}.safetensors").read_bytes()).decode()


def sentences_text(x: torch.Tensor) -> str:
    """Return sentences int64[n, L] as base64, one byte for each word; ValueError for ids from 256 on."""
    if x.ndim != 2 or (x.numel() and not 0 <= int(x.min()) <= int(x.max()) < 256):
        raise ValueError("A page holds sentences int64[n, L] with word ids from 0 to 255.")
    return base64.b64encode(x.numpy().astype(np.uint8).tobytes()).decode()


def language_spec(language: ToyLanguage) -> list[dict[str, Any]]:
    """Return the language's automaton as `population` of engine.js reads it: the arcs of every position."""
    return [
        {
            "src": arcs.src.tolist(),
            "dst": arcs.dst.tolist(),
            "word": arcs.word.tolist(),
            "prob": [round(p, 15) for p in arcs.prob.tolist()],
            "states": arcs.n_next,
        }
        for arcs in language.arcs
    ]

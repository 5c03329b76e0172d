"""What a checkpoint says about itself: told, checked without trust, and guarded by a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import torch

from uddm_mini.models.settings import ModelSettings
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.noise import NoiseSettings, settings_of
from uddm_mini.noise.base import checked_form
from uddm_mini.worlds.settings import UNITS

from .settings import TrainSettings

FORMAT = "uddm_mini-2"
KEYS = ("format", "vocab_size", "length", "noise", "model", "predicts", "training", "words", "history")
DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
Shapes = dict[str, tuple[int, ...]]


def description(denoiser: TransformerDenoiser) -> dict[str, Any]:
    """Return what a checkpoint tells of its model besides the weights, as JSON knows it."""
    about = {
        "format": FORMAT,
        "vocab_size": denoiser.noise.vocab_size,
        "length": denoiser.length,
        "noise": asdict(settings_of(denoiser.noise)),
        "model": asdict(denoiser.settings),
        "predicts": denoiser.predicts,
        "training": denoiser.training_settings,
        "words": denoiser.words,
        "history": denoiser.history,
    }
    told: dict[str, Any] = json.loads(json.dumps(about))
    return told


def digest(about: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> str:
    """Return a fingerprint of all that a checkpoint holds, its own digest left out."""
    told = {name: value for name, value in about.items() if name != "sha256"}
    found = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for name, x in sorted(tensors.items()):
        found.update(f"{name} {x.dtype} {tuple(x.shape)} ".encode())
        found.update(x.detach().cpu().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def outline(about: Mapping[str, Any], shapes: Shapes) -> TransformerDenoiser:
    """Return the described model without weights; ValueError if weights of these shapes are none of it.

    No memory is taken that the file does not fill: what is large in the description is compared first.
    """
    if strange := sorted(set(about) - {*KEYS, "sha256"}):
        raise ValueError(f"it tells of {', '.join(map(repr, strange))}, which nobody knows")
    settings, length, vocab_size = ModelSettings(**about["model"]), about["length"], about["vocab_size"]
    for name, value in (("length", length), ("vocab_size", vocab_size)):
        if type(value) is not int:
            raise ValueError(f"{name} is {value!r}")
    blocks = {name.split(".")[1] for name in shapes if name.startswith("blocks.")}
    if len(blocks) != settings.depth or shapes.get("position") != (length, settings.width):
        raise ValueError(
            f"it has {len(blocks)} blocks and positions {shapes.get('position')}, where {settings.depth} and "
            f"{(length, settings.width)} are told"
        )
    if shapes.get("head.weight") != (vocab_size, settings.width):
        raise ValueError(f"head.weight is {shapes.get('head.weight')}, not {(vocab_size, settings.width)}")
    with torch.device("meta"):  # shapes, and no memory
        model = TransformerDenoiser(NoiseSettings(**about["noise"]).of(vocab_size), length, settings)
    for name, wanted in shapes_of(model).items():
        if shapes.get(name) != wanted:
            raise ValueError(f"{name} is {shapes.get(name, 'missing')}, not {wanted}")
    if strange := sorted(set(shapes) - set(shapes_of(model))):
        raise ValueError(f"it has no place for {', '.join(strange)}")
    _tell(model, about)
    return model


def shapes_of(model: torch.nn.Module) -> Shapes:
    """Return the shape of everything that a checkpoint of this model holds."""
    return {name: tuple(x.shape) for name, x in model.state_dict().items()}


def _tell(model: TransformerDenoiser, about: Mapping[str, Any]) -> None:
    """Give the model what is told of its training and its words; ValueError for what cannot be."""
    training, words, history = about["training"], about["words"], about["history"]
    if not isinstance(training, dict) or not isinstance(history, dict):
        raise ValueError(f"training or history is {training if isinstance(history, dict) else history!r}")
    known = {name: training[name] for name in (f.name for f in fields(TrainSettings)) if name in training}
    inner = {"noise": NoiseSettings, "model": ModelSettings}
    TrainSettings(**{name: inner[name](**value) if name in inner else value for name, value in known.items()})
    if (n := training.get("n_train")) is not None and (type(n) is not int or n < 1):
        raise ValueError(f"n_train is {n!r}")
    if training.get("unit", "word") not in UNITS or not isinstance(training.get("corpus", ""), str):
        raise ValueError(f"unit is {training.get('unit')!r} and the corpus {training.get('corpus')!r}")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("words are no list of strings")
    if words and len(words) != model.noise.vocab_size:
        raise ValueError(f"it has {len(words)} words, where {model.noise.vocab_size} are told")
    for name, values in history.items():
        if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
            raise ValueError(f"the history of {name!r} is no list of numbers")
    model.predicts, model.training_settings = checked_form(about["predicts"]), training
    model.words, model.history = tuple(words), history

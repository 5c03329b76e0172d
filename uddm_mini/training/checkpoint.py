"""Checkpoints that describe themselves: safetensors weights with their settings, never a pickle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from uddm_mini.files import replacing
from uddm_mini.models.settings import ModelSettings
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.noise import NoiseSettings, settings_of
from uddm_mini.noise.base import checked_form

from .train import checked_device

FORMAT = "uddm_mini-2"


def model_path(folder: Path, job: tuple[int, int]) -> Path:
    """Return where a sweep keeps the checkpoint of its job (n_train, seed)."""
    n, seed = job
    return folder / "models" / f"n{n}-seed{seed}.safetensors"


def save(denoiser: TransformerDenoiser, path: str | Path) -> None:
    """Write weights, settings, words and history to one safetensors file, atomically."""
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
    tensors = {name: p.detach().cpu().contiguous() for name, p in denoiser.state_dict().items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={"uddm_mini": json.dumps(about)})


def is_ours(path: str | Path) -> bool:
    """Tell whether a file says that `save` wrote it."""
    if not Path(path).is_file():
        return False
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return "uddm_mini" in (file.metadata() or {})
    except SafetensorError:
        return False


def load(path: str | Path, device: str = "cpu") -> TransformerDenoiser:
    """Read a checkpoint written by `save` onto `device`, ready to predict.

    Raises FileNotFoundError, or ValueError for a file that is no such checkpoint; nothing in it is ever executed.
    """
    place, path = checked_device(device), Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no checkpoint at {path}; make one with uddm_mini.save or the train command.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            described = (file.metadata() or {}).get("uddm_mini", "{}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file ({error}); checkpoints end in .safetensors.") from None
    try:
        about = json.loads(described)
        if about.get("format") != FORMAT:
            raise ValueError(f"{path} was not written by uddm_mini.save, so its settings are unknown.")
        noise = NoiseSettings(**about["noise"]).of(about["vocab_size"])
        denoiser = TransformerDenoiser(noise, about["length"], ModelSettings(**about["model"]))
        denoiser.load_state_dict(tensors)
        denoiser.predicts, denoiser.training_settings = checked_form(about["predicts"]), about["training"]
        denoiser.words, denoiser.history = tuple(about["words"]), about["history"]
    except (KeyError, TypeError, AttributeError, RuntimeError, json.JSONDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} describes a model that its weights do not fit ({reason}).") from None
    return denoiser.to(place).eval()

"""Checkpoints that describe themselves: safetensors weights with their settings, never a pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from uddm_mini.files import at, replacing
from uddm_mini.models.transformer import TransformerDenoiser

from .described import DTYPES, FORMAT, description, digest, outline, shapes_of
from .train import checked_device

WRAPPERS = ("OptimizedModule", "DataParallel", "DistributedDataParallel", "AveragedModel")  # of PyTorch, around a model
DAMAGE = (KeyError, TypeError, AttributeError, ValueError, RuntimeError, OverflowError, MemoryError)


def model_path(folder: Path, job: tuple[int, int]) -> Path:
    """Return where a sweep keeps the checkpoint of its job (n_train, seed)."""
    n, seed = job
    return folder / "models" / f"n{n}-seed{seed}.safetensors"


def save(denoiser: TransformerDenoiser, path: str | Path) -> None:
    """Write weights, settings, words, history and a digest of it all to one safetensors file, atomically.

    A model that is compiled, run in parallel or averaged by PyTorch's own wrappers is saved without them. TypeError for
    another wrapper; ValueError for weights that no plain model has, or that are no numbers; OSError if `path` is
    somebody else's file, or cannot be written.
    """
    denoiser = unwrapped(denoiser)
    about = description(denoiser)
    tensors = {name: p.detach().cpu().clone(memory_format=torch.contiguous_format) for name, p in _weights(denoiser)}
    about["sha256"] = digest(about, tensors)
    check_ours(path)
    with replacing(path) as temporary:
        try:
            save_file(tensors, temporary, metadata={"uddm_mini": json.dumps(about)})
        except SafetensorError as error:
            raise OSError(f"{path} cannot be written ({error}); is there room for it?") from None


def unwrapped(model: object) -> TransformerDenoiser:
    """Return the model inside PyTorch's wrappers; TypeError if there is none, or if another wrapper is around it."""
    inner = model
    while type(inner).__name__ in WRAPPERS and isinstance(inner, torch.nn.Module):
        inner = next(inner.children(), None)
    if isinstance(inner, TransformerDenoiser):
        return inner
    what = type(inner).__name__
    parts = inner.named_modules() if isinstance(inner, torch.nn.Module) else ()
    inside = [name for name, part in parts if isinstance(part, TransformerDenoiser)]
    cure = f"; give the model inside it, here .{inside[0]}" if inside else ""
    raise TypeError(f"Only a TransformerDenoiser can be saved, and this is a {what}{cure}.")


def _weights(denoiser: TransformerDenoiser) -> list[tuple[str, torch.Tensor]]:
    """Return the weights by name; ValueError if `load` could not put them into a plain model."""
    state = denoiser.state_dict()
    with torch.device("meta"):
        plain = shapes_of(TransformerDenoiser(denoiser.noise, denoiser.length, denoiser.settings))
    if strange := sorted(set(plain.items()) ^ set(shapes_of(denoiser).items())):
        raise ValueError(
            f"This model has other weights than its settings say ({strange[0][0]}): if a tool has pruned, normalized "
            "or quantized them, make that permanent first (torch.nn.utils.parametrize.remove_parametrizations)."
        )
    kinds = {x.dtype for x in state.values()}
    if len(kinds) > 1 or not kinds <= set(DTYPES.values()):
        raise ValueError(f"The weights of a checkpoint have one floating type; these are {', '.join(map(str, kinds))}.")
    if not all(bool(x.isfinite().all()) for x in state.values()):
        raise ValueError("Some weights of this model are NaN or infinite, so that it predicts nothing; train it anew.")
    return list(state.items())


def is_ours(path: str | Path) -> bool:
    """Tell whether a file says that `save` wrote it."""
    path = at(path)
    if not path.is_file():
        return False
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return "uddm_mini" in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def check_ours(path: str | Path) -> None:
    """Raise FileExistsError if there is a file at `path` that `save` has not written."""
    if at(path).is_file() and at(path).stat().st_size and not is_ours(path):
        raise FileExistsError(f"{path} is there and is no checkpoint of ours; choose another name, or delete it.")


def load(path: str | Path, device: str = "cpu") -> TransformerDenoiser:
    """Read a checkpoint written by `save` onto `device`, ready to predict, in the precision that it was saved in.

    Raises FileNotFoundError, or ValueError for a file that is no such checkpoint, or was damaged since; nothing in it
    is ever executed, and no more memory is taken than the file is large.
    """
    place, path = checked_device(device), at(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no checkpoint at {path}; make one with uddm_mini.save or the train command.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            about = _about(path, file.metadata() or {})
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
            denoiser = outline(about, {name: tuple(part.get_shape()) for name, part in slices.items()})
            if len(kinds := {part.get_dtype() for part in slices.values()}) > 1 or not kinds <= set(DTYPES):
                raise ValueError(f"they are of the type {' and '.join(sorted(map(str, kinds)))}")
            tensors = {name: file.get_tensor(name).clone() for name in slices}
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file ({error}); checkpoints end in .safetensors.") from None
    except _Foreign as error:
        raise ValueError(str(error)) from None
    except DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(f"{path} describes a model that its weights do not fit ({reason}).") from None
    if about.get("sha256", digest(about, tensors)) != digest(about, tensors):  # older files have none
        raise ValueError(f"{path} was damaged after it was written: its digest is another one; take a copy of it.")
    if not all(bool(x.isfinite().all()) for x in tensors.values()):
        raise ValueError(f"{path} holds weights that are NaN or infinite, so that it predicts nothing.")
    denoiser.load_state_dict(tensors, assign=True)
    return denoiser.to(place).eval()


class _Foreign(Exception):
    """A file that says nothing of us."""


def _about(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    """Return what a file says about itself; `_Foreign` if that is nothing that we know."""
    about = json.loads(metadata.get("uddm_mini", "{}"))
    if about.get("format") != FORMAT:
        raise _Foreign(f"{path} was not written by uddm_mini.save, so its settings are unknown.")
    return dict(about)

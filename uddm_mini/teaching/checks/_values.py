"""What an answer may look like: a number is a number, whether NumPy, PyTorch or plain Python made it."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import torch

HALF = ("float16", "bfloat16")


class Wrong(Exception):
    """Carry a sentence out of a check to its decorator."""


def wrong(message: str) -> NoReturn:
    """End the check: the answer is wrong, and `message` says in one or two sentences what to look at."""
    raise Wrong(message)


def as_tensor(got: Any, shape: tuple[int, ...] | None = None, what: str = "Your answer") -> torch.Tensor:
    """Return the student's result as a float64 tensor of `shape`, or end the check saying what came instead.

    Numbers, tensors, arrays and nested lists of them count alike, and so do shapes that differ only in axes of
    size 1: a number may come with shape [], [1] or [1, 1].
    """
    try:
        tensor = _float64(got, what)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        wrong(f"{what} should be a number or a tensor, but came as {brief(got)}.")
    if shape is None:
        return tensor
    if [n for n in tensor.shape if n != 1] != [n for n in shape if n != 1]:
        reason = "" if shape else f" One number is asked for, but your answer has {tensor.numel()}."
        wrong(f"{what} came with shape {list(tensor.shape)}, but should have {list(shape)}.{reason}")
    return tensor.reshape(shape)


def as_number(got: Any, what: str = "Your answer") -> float:
    """Return the student's result as one float, or end the check."""
    return float(as_tensor(got, (), what))


def as_whole(got: Any, what: str = "Your answer") -> int:
    """Return the student's result as a whole number, or end the check: fractions are not cut off."""
    number = as_number(got, what)
    if number != number or number in (float("inf"), float("-inf")) or number != round(number):
        wrong(f"{what} counts something, so it is a whole number, but you returned {number:g}.")
    return round(number)


def as_bool(got: Any) -> bool:
    """Return the student's yes or no, which may come as bool, 0 or 1, from NumPy or PyTorch, or end the check."""
    try:
        value = float(_float64(got, "Your answer").reshape(()))
    except (TypeError, ValueError, RuntimeError, OverflowError):
        value = float("nan")
    if value not in (0, 1):
        wrong(f"Return True or False; you return {brief(got)}.")
    return bool(value)


def close(got: Any, expected: Any, rtol: float = 1e-4, atol: float = 1e-6) -> bool:
    """Say whether two results agree to what float32 can compute; nan and another shape never do."""
    one, other = _float64(got), _float64(expected)
    return one.shape == other.shape and bool(torch.allclose(one, other, rtol=rtol, atol=atol))


def same(one: Any, other: Any, rtol: float = 0.0) -> bool:
    """Say whether two answers are the same, nan included."""
    try:
        one, other = _float64(one), _float64(other)
        return one.shape == other.shape and bool(torch.allclose(one, other, rtol=rtol, atol=rtol, equal_nan=True))
    except (TypeError, ValueError, RuntimeError, OverflowError, Wrong):
        return type(one) is type(other) and repr(one) == repr(other)


def brief(value: Any) -> str:
    """Name the type of a value, and show the beginning of it."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _float64(got: Any, what: str = "Your answer") -> torch.Tensor:
    """Convert without a detour through float32; TypeError, ValueError, RuntimeError, OverflowError if that fails."""
    if isinstance(got, torch.Tensor):
        tensor = got.detach().cpu()
        tensor = tensor.to_dense() if tensor.layout != torch.strided else tensor
    elif isinstance(got, (str, bytes, dict, set, frozenset)) or callable(got):
        raise TypeError
    elif isinstance(got, (list, tuple, range)):  # a list of tensors, too
        return torch.stack([_float64(v, what) for v in got]) if len(got) else torch.zeros(0, dtype=torch.float64)
    elif isinstance(got, np.ndarray | np.generic) or hasattr(got, "__array__"):
        array = np.asarray(got)
        if array.dtype.name not in HALF:
            return torch.from_numpy(
                np.array(array.astype(np.float64, casting="unsafe" if array.dtype == object else "same_kind"))
            )
        tensor = torch.from_numpy(array.copy())
    else:  # also whole numbers that no tensor can hold
        return torch.tensor(float(got), dtype=torch.float64)
    if str(tensor.dtype).removeprefix("torch.") in HALF:
        wrong(
            f"{what} came in {str(tensor.dtype).removeprefix('torch.')}, which keeps some three digits: too few to be "
            "compared. Compute in float32 or float64."
        )
    if tensor.is_complex():
        raise TypeError
    return tensor.to(torch.float64)

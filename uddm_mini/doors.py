"""What public functions ask of their arguments: one check of each kind, and one sentence when it fails."""

from __future__ import annotations

import math
import sys
from operator import index
from typing import Any

import torch


def check_tensor(x: object, name: str, what: str = "a tensor") -> None:
    """Raise TypeError unless x is a tensor, and say how to make one of it."""
    if isinstance(x, torch.Tensor):
        return
    kind = "None" if x is None else type(x).__name__
    cure = {"ndarray": f"torch.from_numpy({name})", "list": f"torch.tensor({name})", "tuple": f"torch.tensor({name})"}
    raise TypeError(f"{name} must be {what}, but is {kind}" + (f": write {cure[kind]}." if kind in cure else "."))


def check_sentences(x: object, name: str, words: int | None = None, *, on_gpu: bool = True) -> None:
    """Raise TypeError or ValueError unless x is int64[B, L], with token ids 0 ... words - 1 if `words` is given.

    on_gpu: False in a hot loop, where a GPU would have to wait for the answer.
    """
    check_tensor(x, name, "token ids, a tensor int64[B, L]")
    assert isinstance(x, torch.Tensor)
    if x.ndim != 2:
        raise ValueError(f"{name} has shape {list(x.shape)}; give sentences int64[B, L], a single one as {name}[None].")
    if x.dtype != torch.int64:
        raise ValueError(f"{name} must hold token ids, int64[B, L], but is {x.dtype}; write {name}.long() if they are.")
    if on_gpu or x.device.type == "cpu":
        check_ids(x, name, words)


def check_ids(x: torch.Tensor, name: str, words: int | None) -> None:
    """Raise ValueError if x, of any shape, holds a token outside 0 ... words - 1."""
    if words is not None and x.numel():
        least, most = x.aminmax()
        if not 0 <= int(least) <= int(most) < words:
            raise ValueError(f"{name} holds a token outside 0 ... {words - 1}.")


def check_generator(generator: object) -> None:
    """Raise TypeError unless it is a torch.Generator, or None."""
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator must be a torch.Generator, but is {generator!r}; a seed becomes one by "
            "torch.Generator().manual_seed(seed)."
        )


def whole(value: Any, name: str, least: int | None = None) -> int:
    """Return a whole number, NumPy's too, as Python's; TypeError for what is none, ValueError below the least."""
    try:
        number = index(value)
    except TypeError:
        kind = "" if value is None else f", a {type(value).__name__}"
        raise TypeError(f"{name} must be a whole number, but is {value!r}{kind}.") from None
    if least is not None and number < least:
        raise ValueError(f"{name} must be at least {least}, but is {number}.")
    return number


def finite(value: Any, name: str, least: float = -math.inf, most: float = math.inf) -> float:
    """Return a number; TypeError for what is none, ValueError if it is NaN, infinite, or out of bounds."""
    try:
        if isinstance(value, str):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{name} must be a number, but is {value!r}.") from None
    if not (math.isfinite(number) and least <= number <= most):
        bounds = f" from {least:g}" * (least > -math.inf) + f" to {most:g}" * (most < math.inf)
        raise ValueError(f"{name} must be a finite number{bounds}, but is {number:g}.")
    return number


def prediction(log_p0: Any, xt: torch.Tensor, words: int, name: str = "log_p0") -> torch.Tensor:
    """Return a prediction for xt, in float32 or better; ValueError unless it is float[B, L, V] for V = `words`."""
    check_tensor(log_p0, name, "a tensor float[B, L, V]")
    if not log_p0.is_floating_point() or log_p0.shape != (*xt.shape, words):
        raise ValueError(
            f"{name} is {log_p0.dtype}{list(log_p0.shape)}; for text {list(xt.shape)} and a noise of {words} words it "
            f"must be float{[*xt.shape, words]}."
        )
    out: torch.Tensor = log_p0.to(torch.promote_types(log_p0.dtype, torch.float32))  # half precision adds up badly
    return out


def hidden(progress: bool) -> bool | None:
    """Return tqdm's `disable`: a bar is shown if it is wanted, in a notebook or a terminal, but not in a log."""
    return None if progress else True


def printable(text: str) -> str:
    """Return text in which what a terminal would obey, or cannot show, is spelled out: an escape becomes \\x1b."""
    keep = "\n\t\u200c\u200d"  # the last two join letters
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


def showable(text: str) -> str:
    """Return text in which what the encoding of the output lacks is a question mark."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)

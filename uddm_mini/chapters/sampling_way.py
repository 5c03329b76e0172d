"""Which way did an answer go? The numbers that turn up while it computes."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from uddm_mini.teaching.answers import Wrong, as_tensor, ask, close

OURS = ("torch", "uddm_mini.teaching", "uddm_mini.chapters")  # not the student's lines


def computes(answer: Callable[..., Any], arguments: tuple[Any, ...], wanted: torch.Tensor) -> bool:
    """Tell whether the vector `wanted`, or its logarithm, turns up in a variable or a result of PyTorch on the way."""
    found: list[Any] = []

    class Results(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor) and out.numel() == len(wanted):
                found.append(out.detach().clone())
            return out

    def look(frame: Any, event: str, argument: Any) -> Any:
        if event == "call" and frame.f_globals.get("__name__", "").startswith(OURS):
            return None
        values = [v for v in frame.f_locals.values() if isinstance(v, (list, tuple, np.ndarray))]
        found.extend(copy.copy(v) for v in values if getattr(v, "ndim", 1) and len(v) == len(wanted))
        return look

    before = sys.gettrace()
    with Results():
        sys.settrace(look)
        try:
            ask(answer, *arguments)
        finally:
            sys.settrace(before)
    return any(_is_like(value, wanted) for value in found)


def _is_like(value: Any, wanted: torch.Tensor) -> bool:
    """Tell whether a vector of numbers equals `wanted`, or its logarithm."""
    try:
        vector = as_tensor(value).flatten()
    except Wrong:
        return False
    return vector.shape == wanted.shape and (close(vector, wanted) or close(vector.exp(), wanted))

"""What travels between a check and a student's process: values as JSON, written out one kind at a time, never a pickle.

The worker loads this file alone, without the package, so it imports nothing of it.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

DEEPEST = 30  # lists in lists
NUMBERS = "biufc"  # kinds of NumPy arrays that travel as bytes
RECORDS = ("Arcs", "Choice", "Slot", "Grammar")  # dataclasses of the package that exercises take or give
Keep = Callable[[Any], int]
Make = Callable[[dict[str, Any]], Any]


class Unknown:
    """Something that does not travel: all that is known of it is how it showed itself."""

    shown = ""

    def __repr__(self) -> str:
        return self.shown


def dumps(message: Any) -> bytes:
    """Return a message as JSON."""
    return json.dumps(message, separators=(",", ":")).encode()


def encode(value: Any, keep: Keep | None = None, depth: int = 0) -> Any:
    """Return what JSON can hold of a value.

    keep: takes what stays where it is, a function or an object, and returns the number under which it can be reached;
        without it such a value is only named
    """
    if depth > DEEPEST:
        return _named(value)
    if value is None or type(value) in (bool, float):
        return value
    if type(value) is int:
        return value if abs(value) < 2**63 else {"$": "int", "digits": hex(value)}
    if isinstance(value, str):
        return str(value)
    if value is ...:
        return {"$": "ellipsis"}
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, torch.Generator):
        return {"$": "generator", "state": _text(value.get_state().numpy().tobytes())}
    return _many(value, keep, depth)


def _many(value: Any, keep: Keep | None, depth: int) -> Any:
    """Encode arrays, containers, records, and what stays where it is."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in NUMBERS:
        return {"$": "array", "scalar": isinstance(value, np.generic), **_array(np.asarray(value))}
    if isinstance(value, dict):
        items = [[encode(k, None, depth + 1), encode(v, keep, depth + 1)] for k, v in value.items()]
        return {"$": "dict", "items": items}
    if isinstance(value, list | range | tuple | set | frozenset):
        items = [encode(v, keep, depth + 1) for v in value]
        kind = "tuple" if isinstance(value, tuple) else "set"
        return items if isinstance(value, list | range) else {"$": kind, "items": items}
    if dataclasses.is_dataclass(value) and type(value).__name__ in RECORDS:
        values = {f.name: encode(getattr(value, f.name), keep, depth + 1) for f in dataclasses.fields(value)}
        return {"$": "record", "name": type(value).__name__, "fields": values}
    if isinstance(value, np.ndarray) or (hasattr(value, "__array__") and not isinstance(value, type)):
        array = np.asarray(value)
        return _many(array if array.dtype.kind in NUMBERS else array.tolist(), keep, depth + 1)
    if keep is None:
        return _named(value)
    name = getattr(value, "__name__", type(value).__name__)
    return {"$": "kept", "number": keep(value), "callable": callable(value), "name": str(name)}


def decode(data: Any, make: Make | None = None, records: dict[str, Any] | None = None, depth: int = 0) -> Any:
    """Return the value that was encoded; ValueError if it is none. It may come from somebody who wants to harm.

    make: returns a function or an object for one that stays where it is
    records: the classes of records, by name; of others the values alone come
    """
    if depth > DEEPEST + 2:
        raise ValueError("Lists are nested too deeply.")

    def inner(part: Any) -> Any:
        return decode(part, make, records, depth + 1)

    if isinstance(data, list):
        return [inner(part) for part in data]
    if not isinstance(data, dict):
        return data
    kind = data.get("$")
    try:
        if kind in ("tuple", "set"):
            return (tuple if kind == "tuple" else set)(inner(part) for part in data["items"])
        if kind == "dict":
            return {inner(k): inner(v) for k, v in data["items"]}
        if kind == "record":
            values = {str(k): inner(v) for k, v in data["fields"].items()}
            return (records or {}).get(data["name"], SimpleNamespace)(**values)
        if kind == "kept" and make:
            return make(data)
        return _one(kind, data)
    except (KeyError, TypeError, AttributeError, OverflowError, RuntimeError) as error:
        raise ValueError(f"A value of kind {kind!r} cannot be read: {error}") from None


def _one(kind: Any, data: dict[str, Any]) -> Any:
    if kind == "int":
        return int(data["digits"], 16)
    if kind == "ellipsis":
        return ...
    if kind == "generator":
        generator = torch.Generator()
        generator.set_state(torch.frombuffer(bytearray(base64.b64decode(data["state"])), dtype=torch.uint8))
        return generator
    if kind == "array":
        array = _bytes(data, np.dtype(data["dtype"]))
        return array[()] if data["scalar"] else array
    if kind == "tensor":
        dtype = getattr(torch, data["dtype"])
        raw = torch.from_numpy(_bytes(data | {"shape": [*data["shape"], dtype.itemsize]}, np.dtype("u1")))
        flat = raw.reshape(-1).ne(0) if dtype == torch.bool else raw.reshape(-1).view(dtype)
        tensor = flat.reshape(data["shape"])
        return tensor.requires_grad_(bool(data["gradient"]) and dtype.is_floating_point)
    unknown = type(str(data.get("name", "object")), (Unknown,), {"shown": str(data.get("shown", ""))})
    return unknown()


def _bytes(data: dict[str, Any], dtype: np.dtype[Any]) -> np.ndarray:
    """Return the array of some bytes; ValueError unless they are as many as the shape says."""
    if dtype.kind not in NUMBERS:
        raise ValueError(f"{dtype} is no kind of number.")
    return np.frombuffer(base64.b64decode(data["data"]), dtype=dtype).reshape([int(n) for n in data["shape"]]).copy()


def _tensor(value: torch.Tensor) -> dict[str, Any]:
    plain = value.detach().cpu()
    plain = (plain.to_dense() if plain.layout != torch.strided else plain).contiguous()
    raw = plain.reshape(-1).view(torch.uint8).numpy() if plain.numel() else np.zeros(0, np.uint8)
    about = {"dtype": str(plain.dtype).removeprefix("torch."), "shape": list(plain.shape)}
    return {"$": "tensor", "gradient": value.requires_grad, "data": _text(raw.tobytes()), **about}


def _array(array: np.ndarray) -> dict[str, Any]:
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": _text(array.tobytes())}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _named(value: Any) -> dict[str, Any]:
    """Say what a value is that does not travel; its own words may fail or be endless."""
    try:
        shown = repr(value)[:60]
    except Exception:
        shown = "?"
    return {"$": "other", "name": type(value).__name__, "shown": shown}

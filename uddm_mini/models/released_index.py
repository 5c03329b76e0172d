"""The index of a PyTorch checkpoint, read as data: tensors become records, every other object an inert stand-in.

A checkpoint's index is a program for a small stack machine, which can import any name and call it. This reader runs it
without those two abilities: a name stays a name (`Name`), and what a call would make becomes an `Inert` object that
remembers what it was made from. Only `collections.OrderedDict` and PyTorch's own ways to describe a tensor mean
something here. So a checkpoint needs none of the libraries whose objects it holds, and runs nothing.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

import torch

MOST_STEPS = 4_000_000  # of the stack machine; a checkpoint with a vocabulary of 50,000 words takes some 300,000
MOST_DIMENSIONS = 8

DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
CONSTANTS = frozenset([
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
])  # fmt: skip
LITERALS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
# plain containers; sets become lists, for nothing here is looked up by a value that the file chose
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": list, "EMPTY_TUPLE": tuple}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
DICTIONARIES = frozenset(["collections OrderedDict", "collections defaultdict"])
PARAMETERS = frozenset(["torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state"])


@dataclass(frozen=True)
class Name:
    """A name "module attribute" that the index asks to import; it never is."""

    name: str


@dataclass(eq=False)
class Inert:
    """What would be an object: the name that makes it, what it was to be called with, its state and its entries."""

    name: str
    args: Any = ()
    state: Any = None
    entries: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Storage:
    """Numbers of one type that lie in a row, in the member `key` of the file."""

    dtype: torch.dtype
    key: str
    count: int


@dataclass(frozen=True)
class Stored:
    """A tensor that is still in the file: where it starts in its storage, its shape, and its steps."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def count(self) -> int:
        """Return how many numbers it has."""
        return math.prod(self.shape)

    def __post_init__(self) -> None:
        whole = (self.offset, *self.shape, *self.stride)
        if not isinstance(self.storage, Storage) or not all(type(n) is int and 0 <= n < 2**48 for n in whole):
            raise ValueError("a tensor without a place, a shape or steps")
        if len(self.shape) != len(self.stride) or len(self.shape) > MOST_DIMENSIONS:
            raise ValueError("a tensor whose shape and steps differ in length")
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.stride, strict=True))
        if self.count > self.storage.count or (self.count and last >= self.storage.count):
            raise ValueError("a tensor that is larger than what is stored of it")


def read_index(data: bytes | IO[bytes], names: list[str] | None = None) -> Any:
    """Return what an index describes, made of plain containers, constants, `Stored`, `Name` and `Inert`.

    `names` takes every name that it asks to import. ValueError for anything that is no such index, after the names that
    stand before the fault; nothing is imported or called.
    """
    machine = _Machine([] if names is None else names)
    try:
        for number, (opcode, arg, _) in enumerate(pickletools.genops(data)):
            if number >= MOST_STEPS:
                raise ValueError(f"more than {MOST_STEPS:,} steps")
            if opcode.name == "STOP":
                return machine.stack.pop()
            machine.step(opcode.name, arg)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError, AssertionError) as error:
        raise ValueError(f"its index cannot be read ({type(error).__name__}: {str(error)[:100]})") from None
    raise ValueError("its index has no end")


class _Machine:
    """The stack machine: what lies on the stack, below each mark, and what is remembered by number."""

    def __init__(self, names: list[str]) -> None:
        self.stack, self.below, self.names = list[Any](), list[list[Any]](), names
        self.memo: dict[int, Any] = {}

    def step(self, name: str, arg: Any) -> None:
        """Do one step; ValueError for one that no checkpoint has."""
        if name in CONSTANTS:
            self.stack.append(arg)
        elif name in LITERALS:
            self.stack.append(LITERALS[name])
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in TUPLES:
            self.stack[-TUPLES[name] :] = [tuple(self.stack[-TUPLES[name] :])]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self.memo[int(arg)])
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[int(arg)] = self.stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif name == "MARK":
            self.below.append(self.stack)
            self.stack = []
        elif name not in ("PROTO", "FRAME"):
            act = getattr(self, f"_{name.lower()}", None)
            if act is None:
                raise ValueError(f"the step {name}")
            act(arg)

    def _since_mark(self) -> list[Any]:
        above, self.stack = self.stack, self.below.pop()
        return above

    def _list(self, _: Any) -> None:
        above = self._since_mark()
        self.stack.append(above)

    _frozenset = _list

    def _tuple(self, _: Any) -> None:
        above = self._since_mark()
        self.stack.append(tuple(above))

    def _dict(self, _: Any) -> None:
        above = self._since_mark()
        self.stack.append(_filled({}, above))

    def _append(self, _: Any) -> None:
        value = self.stack.pop()
        if isinstance(self.stack[-1], list):
            self.stack[-1].append(value)

    def _appends(self, _: Any) -> None:
        above = self._since_mark()
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(above)

    _additems = _appends

    def _setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _filled(self.stack[-1], [key, value])

    def _setitems(self, _: Any) -> None:
        above = self._since_mark()
        _filled(self.stack[-1], above)

    def _global(self, arg: Any) -> None:
        self.names.append(arg)
        self.stack.append(Name(arg))

    def _stack_global(self, _: Any) -> None:
        attribute, module = self.stack.pop(), self.stack.pop()
        if not (isinstance(module, str) and isinstance(attribute, str)):
            raise ValueError("a name that is no text")
        self._global(f"{module} {attribute}")

    def _inst(self, arg: Any) -> None:
        self._global(arg)
        raise ValueError("the step INST")  # which also calls, as no checkpoint does

    def _reduce(self, _: Any) -> None:
        args, what = self.stack.pop(), self.stack.pop()
        self.stack.append(_made(what, args))

    _newobj = _reduce

    def _newobj_ex(self, _: Any) -> None:
        self.stack.pop()
        self._reduce(None)

    def _build(self, _: Any) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Inert):
            self.stack[-1].state = state

    def _binpersid(self, _: Any) -> None:
        kind, storage, key, _place, count = self.stack.pop()
        module, _, last = storage.name.partition(" ")
        if kind != "storage" or module not in ("torch", "torch.storage") or last not in DTYPES:
            raise ValueError("numbers of an unknown kind")
        if not isinstance(key, str) or type(count) is not int or count < 0:
            raise ValueError("numbers without a place")
        self.stack.append(Storage(DTYPES[last], key, count))


def _filled(target: Any, pairs: list[Any]) -> Any:
    """Put keys and values, one after the other, into a dictionary or a stand-in; only keys that are plain values."""
    entries = target.entries if isinstance(target, Inert) else target
    if isinstance(entries, dict):
        entries.update({k: v for k, v in zip(pairs[::2], pairs[1::2], strict=True) if type(k) in (str, int, float)})
    return target


def _made(what: Any, args: Any) -> Any:
    """Return what a call would make: a record of a tensor, a dictionary, or a stand-in."""
    if not isinstance(what, Name):
        return Inert("", args)
    if what.name in DICTIONARIES:
        return {}
    if what.name in ("torch Size", *PARAMETERS):
        return args[0]
    if what.name == "_codecs encode" and isinstance(args[0], str):  # bytes, in the protocol that PyTorch uses
        return args[0].encode("latin-1")
    if what.name == "torch._utils _rebuild_tensor_v2":
        storage, offset, shape, stride, *_ = args
        return Stored(storage, offset, tuple(shape), tuple(stride))
    if what.name == "torch._tensor _rebuild_from_type_v2" and isinstance(args[0], Name) and args[0] != what:
        return _made(args[0], args[2])
    return Inert(what.name, args)

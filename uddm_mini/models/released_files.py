"""Where the weights of a released checkpoint come from: a file, or one of the hub; nothing in it is ever executed."""

from __future__ import annotations

import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from .released_code import names_of, refusal
from .released_index import Inert, Storage, Stored, read_index

MOST_INDEX = 1 << 28  # bytes of the index, which holds no weights
MOST_CONFIG = 1 << 20  # bytes of a config.json
MOST_PICKLE = 1 << 20  # bytes of a file of no known kind in which names are looked for
LOCAL_HEADER = 30  # bytes before the name of a member of a zip file
HUB = re.compile(r"([\w.-]+/[\w.-]+):(.+)")
FOREIGN = {  # what a file begins with that is no checkpoint, and what it is
    b"version https://git-lfs": "is the pointer of a large file and not the file itself; fetch it with: git lfs pull",
    b"<": "is a web page, not a checkpoint; download the file itself",
    b"{": "is JSON text, not a checkpoint",
    b"\x80": "was written in PyTorch's format before 1.6 (or is a bare pickle); write it again with torch.save",
}


@dataclass(frozen=True)
class Contents:
    """What a file holds: shapes by name, averaged weights in their order, what it says of itself, and how to read.

    shapes: of the weights, by their name in the file.
    averages: shapes of the moving averages, in the order of the parameters; None if the file has none.
    about: the settings of the training, plain or as stand-ins (see `look_up`).
    read: returns the weights of that name, or the average of that number, float32.
    bytes: the size of the file.
    """

    shapes: Mapping[str, tuple[int, ...]]
    averages: tuple[tuple[int, ...], ...] | None
    about: Any
    read: Callable[[str | int], torch.Tensor]
    bytes: int


def look_up(about: Any, *names: str) -> Any:
    """Follow names through dictionaries and stand-ins of settings objects; None where one is missing."""
    for name in names:
        if isinstance(about, Inert):
            state = about.state if isinstance(about.state, dict) else {}
            inside = state.get("_content")  # of an omegaconf DictConfig; entries are those of a dict's subclass
            about = inside if isinstance(inside, dict) else {**about.entries, **state}
        about = about.get(name) if isinstance(about, dict) else None
    if isinstance(about, Inert) and isinstance(about.state, dict) and "_val" in about.state:
        return about.state["_val"]  # of an omegaconf node
    return about


def local_file(source: str | Path) -> Path:
    """Return the path of a checkpoint: `source` itself, or what "owner/repo:path" names on the hub, downloaded.

    Needs the optional package `huggingface_hub` and a network for the latter. A safetensors file comes with the
    config.json beside it, if there is one. FileNotFoundError if there is no such file.
    """
    if os.path.isfile(source):
        return Path(source)
    named = HUB.fullmatch(str(source))
    if named is None:
        raise FileNotFoundError(
            f"There is no checkpoint {str(source)[:200]!r}; give the path of a file, or owner/repo:path/in/repo.ckpt."
        )
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise ImportError(
            "A checkpoint of the hub needs the package huggingface_hub: pip install huggingface_hub"
        ) from None
    repo, inside = named.groups()
    try:
        found = Path(hf_hub_download(repo_id=repo, filename=inside))
    except Exception as error:  # its classes differ between versions
        first = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise FileNotFoundError(f"{inside} of {repo} could not be downloaded ({first}).") from None
    if inside.endswith(".safetensors"):
        try:
            hf_hub_download(repo_id=repo, filename=(Path(inside).parent / "config.json").as_posix())
        except Exception:  # then the caller has to say what it would say
            return found
    return found


def read_contents(path: Path) -> Contents:
    """Open a Lightning or PyTorch checkpoint (a zip file), or safetensors; ValueError for any other file."""
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    signs = (words for sign, words in FOREIGN.items() if start.startswith(sign))
    foreign = next(signs, "is neither a PyTorch checkpoint nor safetensors" if start else "is empty")
    if path.suffix == ".safetensors":
        return _safetensors(path, foreign)
    if not start.startswith(b"PK"):
        with path.open("rb") as file:  # a bare pickle is no checkpoint either, but its reader should know what it does
            raise ValueError(f"{path} {refusal(names_of(file.read(MOST_PICKLE))) or foreign}.")
    return _checkpoint(path)


def _safetensors(path: Path, foreign: str) -> Contents:
    try:
        file = safe_open(path, framework="pt", device="cpu")
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no dictionary
    except SafetensorError as error:
        raise ValueError(f"{path} {foreign}, or it was cut off ({error}).") from None
    beside = path.parent / "config.json"
    about: Any = {}
    if beside.is_file() and beside.stat().st_size <= MOST_CONFIG:
        try:
            about = json.loads(beside.read_text("utf-8"))
        except (ValueError, RecursionError):
            raise ValueError(f"{beside} is not JSON; remove it, or download it again.") from None

    def read(name: str | int) -> torch.Tensor:
        return file.get_tensor(str(name)).float()

    return Contents(shapes, None, about, read, path.stat().st_size)


def _checkpoint(path: Path) -> Contents:
    """Open a zip file as torch.save writes it; weights of Lightning, or a plain dictionary of weights."""
    archive, names = _Archive(path), list[str]()
    try:
        tree = read_index(archive.index(), names)
    except ValueError as error:
        raise ValueError(f"{path} {refusal(names) or f'is no checkpoint that can be read: {error}'}.") from None
    if (found := refusal(names)) is not None:
        raise ValueError(f"{path} {found}.")
    if not isinstance(tree, dict):
        raise ValueError(f"{path} holds no dictionary, so it is no checkpoint of a model.")
    found = tree.get("state_dict", tree)
    pairs = found.items() if isinstance(found, dict) else ()
    weights = {name: p for name, p in pairs if isinstance(name, str) and isinstance(p, Stored)}
    shadows = look_up(tree, "ema", "shadow_params")
    averages = [p for p in shadows if isinstance(p, Stored)] if isinstance(shadows, (list, tuple)) else None

    def read(name: str | int) -> torch.Tensor:
        return archive.tensor((averages or [])[name] if isinstance(name, int) else weights[name])

    shapes = {name: p.shape for name, p in weights.items()}
    return Contents(shapes, None if averages is None else tuple(p.shape for p in averages), tree, read, archive.bytes)


class _Archive:
    """A zip file of stored, not compressed, members: what torch.save writes. Weights are read one by one."""

    def __init__(self, path: Path) -> None:
        self.path, self.bytes = path, path.stat().st_size
        self.last: tuple[str, bytearray] = ("", bytearray())
        try:
            with zipfile.ZipFile(path) as archive:
                self.members = {member.filename: member for member in archive.infolist()}
        except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError, OverflowError):
            raise ValueError(
                f"{path} was cut off or damaged: it begins like a checkpoint and has no end ({self.bytes:,} bytes); "
                "download it again."
            ) from None
        roots = [name.removesuffix("data.pkl") for name in self.members if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise ValueError(f"{path} is a zip file but no checkpoint: it has {len(roots)} members data.pkl.")
        self.root = roots[0]
        order = self.root + "byteorder"
        if order in self.members and self.member(order) != b"little":
            raise ValueError(f"{path} was written on a machine with another order of bytes.")

    def index(self) -> bytes:
        """Return the bytes of the index."""
        return bytes(self.member(self.root + "data.pkl", MOST_INDEX))

    def member(self, name: str, most: int | None = None) -> bytearray:
        """Return the bytes of a member, never more than the file has; ValueError if it is not whole."""
        if name == self.last[0]:  # many tensors may share one
            return self.last[1]
        member = self.members.get(name)
        if member is None:
            raise ValueError(f"{self.path} was cut off or damaged: it has no member {name[-40:]!r}.")
        size = member.file_size
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            raise ValueError(f"{self.path} is compressed or encrypted, which no checkpoint is.")
        if size > (self.bytes if most is None else min(most, self.bytes)):
            raise ValueError(f"{self.path} was damaged: {name[-40:]!r} is said to have {size:,} bytes.")
        with self.path.open("rb") as file:
            file.seek(min(max(member.header_offset, 0), self.bytes))
            header = file.read(LOCAL_HEADER)
            if len(header) == LOCAL_HEADER:
                file.seek(sum(struct.unpack("<HH", header[26:30])), os.SEEK_CUR)  # its name, and what follows that
            data = bytearray(file.read(size))
        if not header.startswith(b"PK\3\4") or len(data) != size or zlib.crc32(data) != member.CRC:
            raise ValueError(f"{self.path} was damaged: {name[-40:]!r} is not what was written; download it again.")
        self.last = (name, data)
        return data

    def tensor(self, stored: Stored) -> torch.Tensor:
        """Return a copy of a tensor in float32, in a row."""
        storage: Storage = stored.storage
        data = self.member(f"{self.root}data/{storage.key}")
        if storage.count * storage.dtype.itemsize != len(data):
            raise ValueError(f"{self.path} was damaged: {storage.key[-40:]!r} has not as many numbers as it says.")
        if not stored.count:
            return torch.zeros(stored.shape)
        row = torch.frombuffer(data, dtype=storage.dtype)
        return torch.empty(stored.shape).copy_(row.as_strided(stored.shape, stored.stride, stored.offset))

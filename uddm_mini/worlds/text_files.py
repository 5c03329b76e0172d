"""A text file, piece by piece; and for a file of another kind one sentence with the command that makes text of it."""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from tqdm.auto import tqdm

from uddm_mini.doors import hidden
from uddm_mini.files import at

from .encodings import damaged, likeliest, with_zeros
from .tables import table_kind

# how a file begins, what it is, and what makes text of it; FILE stands for its name
MAGIC = (
    (rb"\x1f\x8b", "compressed (gzip)", "gunzip -c < FILE > converted.txt"),
    (rb"BZh[1-9]1AY&SY", "compressed (bzip2)", "bunzip2 -c < FILE > converted.txt"),
    (rb"\xfd7zXZ\x00", "compressed (xz)", "xz -dc < FILE > converted.txt"),
    (rb"\x5d\x00\x00[\x00-\xff]{2}", "compressed (lzma)", "xz --format=lzma -dc < FILE > converted.txt"),
    (rb"\x28\xb5\x2f\xfd", "compressed (zstd)", "zstd -dc < FILE > converted.txt"),
    (rb"\x04\x22\x4d\x18", "compressed (lz4)", "lz4 -dc < FILE > converted.txt"),
    (rb"LZIP\x01", "compressed (lzip)", "lzip -dc < FILE > converted.txt"),
    (rb"\x1f[\x9d\xa0]", "compressed (compress)", "gunzip -c < FILE > converted.txt"),
    (rb"PK\x03\x04[\x00-\xff]{,999}?(?:word/|\[Content_T)", "a Word document", "pandoc FILE -t plain -o converted.txt"),
    (rb"PK\x03\x04[\x00-\xff]{26}mimetypeapplication/", "a document", "pandoc -t plain -o converted.txt FILE"),
    (rb"PK\x03\x04", "compressed (zip)", "unzip -p FILE > converted.txt"),
    (rb"7z\xbc\xaf\x27\x1c", "compressed (7z)", "7z x -so FILE > converted.txt"),
    (rb"Rar!\x1a\x07", "compressed (rar)", "unrar p -inul FILE > converted.txt"),
    (rb"[\x00-\xff]{257}ustar", "an archive (tar)", "tar -xOf FILE > converted.txt"),
    (rb"%PDF-", "a PDF", "pdftotext FILE converted.txt"),
    (rb"\{\\rtf", "rich text (RTF)", "pandoc -f rtf -t plain -o converted.txt FILE"),
    (rb"\xd0\xcf\x11\xe0", "an old Word document", "antiword FILE > converted.txt"),
)  # fmt: skip


def file_chunks(path: str | Path, progress: bool, chunk: int) -> Iterator[str]:
    """Decode a file, `chunk` bytes at a time; ValueError with a cure if it is not UTF-8 text, or not text but data."""
    path = at(path)
    if os.path.isdir(path):  # Path.is_dir raises where somebody passes a long text instead of a path
        raise IsADirectoryError(f"{path} is a folder; pass the path of one text file.")
    if not os.path.exists(path):
        name = str(path) if len(str(path)) <= 300 else f"{str(path)[:297]}..."
        raise FileNotFoundError(f"There is no file {name!r}; to use text in memory, pass several sentences.")
    decoder = codecs.getincrementaldecoder("utf-8")()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)  # also where a chunk ends between \\r and \\n
    offset = 0  # bytes read before this chunk
    size = path.stat().st_size or None
    bar = tqdm(total=size, desc=f"reading {path.name}", unit="B", unit_scale=True, delay=1, disable=hidden(progress))
    with path.open("rb") as file, bar:
        while True:
            data = file.read(chunk)
            if not offset:
                _check_magic(path, data)
            if (nul := data.find(b"\0")) >= 0:
                raise ValueError(_zeros(path, data, offset + nul, bool(offset)))
            pending = decoder.getstate()[0]  # bytes of a character that the last chunk cut
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                place = offset - len(pending) + error.start
                raise ValueError(_not_utf8(path, pending + data, error, place)) from None
            text = newlines.decode(text if offset else text.removeprefix("\ufeff"), final=not data)
            if not offset:
                _check_kind(path, text)
            yield text
            offset += len(data)
            bar.update(len(data))
            if not data:
                return


def _named(command: str, path: Path) -> str:
    return command.replace("FILE", quote(str(path)))


def _check_magic(path: Path, data: bytes) -> None:
    """Raise ValueError for a compressed file or a document."""
    for beginning, what, command in MAGIC:
        if re.match(beginning, data):
            raise ValueError(f"{path} is {what}, not plain text; convert it with: {_named(command, path)}")


def _zeros(path: Path, data: bytes, place: int, later: bool) -> str:
    """Say what a file with zero bytes is, and what to do."""
    what = f"{path} is not plain text: it has a NUL byte at offset {place}"
    name = "" if later else with_zeros(data[: 1 << 16])
    if name:
        return f"{what}, as {name} has; convert it with: " + _named(
            f"iconv -f {name} -t UTF-8 FILE > converted.txt", path
        )
    if data.count(0) < 0.01 * len(data):
        return f"{what}; if the rest is text, take it out with: " + _named("tr -d '\\000' < FILE > converted.txt", path)
    return f"{what}; pass a text file."


def _not_utf8(path: Path, data: bytes, error: UnicodeDecodeError, place: int) -> str:
    """Say which encoding a file most likely has, and what to do."""
    what = f"{path} is not UTF-8: the byte at offset {place} cannot be read"
    clean = _named("iconv -c -f UTF-8 -t UTF-8 FILE > converted.txt", path)
    if bad := damaged(data[error.start :]):
        return f"{what}; it is UTF-8 with damaged bytes ({bad} or more), which this leaves out: {clean}"
    if error.reason == "unexpected end of data":
        return f"{what}; it ends within a character, which this leaves out: {clean}"
    name, word = likeliest(data, error.start)
    if not name:
        return f"{what}, and its bytes spell words in no encoding that is known here; is it text at all?"
    cure = _named(f"iconv -f {name} -t UTF-8 FILE > converted.txt", path)
    return f"{what}; it looks like {name}, which says {word!r} there; if that is right, convert it with: {cure}"


def _check_kind(path: Path, head: str) -> None:
    """Raise ValueError for data that are written as text: JSON, HTML, subtitles, a table, a list of files."""
    kind = table_kind(head[: 1 << 16], path.parent)
    if kind is not None:
        raise ValueError(f"{path} is {kind.what}, and not text; convert it with: {_named(kind.command, path)}")

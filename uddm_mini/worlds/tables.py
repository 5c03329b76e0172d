"""Data that are written as text: JSON, HTML, subtitles, tables, lists of files; how to tell them, and what to do."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

LOOKED_AT = 50  # lines
FEW_LINES = 5  # with fewer, nobody can tell a table from text
MARKUP = re.compile(r"</(?:p|div|a|span|li|td|tr|h\d|script|style|title|b|i|em|body|head|text|s)>", re.IGNORECASE)
TIMES = re.compile(r"^\d[\d:.,]* --> \d[\d:.,]*", re.MULTILINE)
FILE_NAME = re.compile(r"(?:[^\s/\\]*[/\\])*[^\s/\\][^/\\]*\.[A-Za-z][A-Za-z0-9]{0,4}|(?:[^\s/\\]*[/\\])+[^\s/\\]+")
STRIP_TAGS = (
    "import html, re, sys; print(html.unescape(re.sub(r'(?is)<(script|style)\\b.*?</\\1>|<[^>]*>', ' ', "
    "open('FILE', encoding='utf-8').read())))"
)


class Kind(NamedTuple):
    """What a file is, and the command that makes text of it; FILE stands for its name."""

    what: str
    command: str


def table_kind(head: str, folder: Path) -> Kind | None:
    """Return what data the beginning of a file shows; None for text."""
    lines = [line for line in islice(head.splitlines(), 4 * LOOKED_AT) if line.strip()][:LOOKED_AT]
    tests: tuple[Callable[[], Kind | None], ...] = (
        lambda: _json(head, lines),
        lambda: _markup(head),
        lambda: _subtitles(head),
        lambda: _names(lines, folder),
        lambda: _table(lines),
    )
    return next((kind for test in tests if (kind := test())), None)


def _python(code: str) -> str:
    """Return a command of Python's, which reads the file as its argument."""
    return f"python3 -c {quote(code.replace(chr(39) + 'FILE' + chr(39), 'sys.argv[1]'))} FILE > converted.txt"


def _json(head: str, lines: list[str]) -> Kind | None:
    if not lines or lines[0].lstrip()[:1] not in ("{", "["):
        return None
    rows = [_parsed(line) for line in lines[:-1] or lines]  # the last one may be cut
    if len(lines) > 1 and all(isinstance(row, (dict, list, str)) for row in rows):
        each = "[line for line in map(json.loads, filter(str.strip, open('FILE', encoding='utf-8')))]"
        return _of_rows("JSON, one object on each line", rows, each)
    whole = _parsed(head)
    if whole is None and not re.match(r'\s*(?:\{\s*"|\[\s*[\[{"])', head):
        return None
    load = "json.load(open('FILE', encoding='utf-8'))"
    if isinstance(whole, dict):
        for key, value in whole.items():
            if isinstance(value, list) and value:
                return _of_rows("JSON", value, f"{load}[{key!r}]")
    if isinstance(whole, list) and whole:
        return _of_rows("JSON", whole, load)
    first = re.search(r'"(\w+)"\s*:\s*"[^"]*\s[^"]*\s', head)  # too long to be read here: what holds several words
    return _of_rows("JSON", [{first.group(1): "a b c"}] if first else [], load)


def _of_rows(what: str, rows: list[Any], each: str) -> Kind:
    """Return the command that prints the strings of rows, or the field of theirs that is most like text."""
    first = next((row for row in rows if isinstance(row, (dict, list))), "")
    keys = list(first) if isinstance(first, dict) else range(len(first))
    lengths = {key: len(first[key]) for key in keys if isinstance(first[key], str)}
    if not lengths:
        how = "" if isinstance(first, str) else "; name the field that holds its text in this command"
        return Kind(what + how, _python(f"import json, sys; [print(' '.join(str(row).split())) for row in {each}]"))
    names = [key for key in ("text", "sentence", "content") if key in lengths]
    key = names[0] if names else max(lengths, key=lambda key: lengths[key])
    fields = f" with the fields {', '.join(map(str, keys))}" if isinstance(first, dict) else ""
    cell = f"str(row.get({key!r}) or '')" if isinstance(first, dict) else f"row[{key!r}]"
    code = f"import json, sys; [print(' '.join({cell}.split())) for row in {each}]"
    return Kind(f"{what}{fields}", _python(code))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _markup(head: str) -> Kind | None:
    start = head.lstrip()[:200].lower()
    opened = start.startswith(("<!doctype", "<html", "<?xml", "<head", "<body"))
    if opened or len(MARKUP.findall(head)) >= max(3, 0.02 * len(head.split())):
        return Kind("XML" if start.startswith("<?xml") else "HTML", _python(STRIP_TAGS))
    return None


def _subtitles(head: str) -> Kind | None:
    if head.startswith("WEBVTT") or len(TIMES.findall(head)) >= 2:
        return Kind("subtitles", "grep -vE '^[0-9]+[[:space:]]*$|-->|^WEBVTT' FILE > converted.txt")
    return None


def _names(lines: list[str], folder: Path) -> Kind | None:
    """Tell a list of files: names without sentences, most of which end like one, or are there."""
    if len(lines) < 2:
        return None
    alike = [bool(FILE_NAME.fullmatch(line.strip())) and len(line.split()) <= 4 for line in lines]
    there = [len(line) < 250 and (folder / line.strip()).is_file() for line in lines]
    if sum(alike) > 0.8 * len(lines) or sum(there) > 0.5 * len(lines):
        inside = f"cd {quote(str(folder))} && " if any(there) and str(folder) != "." else ""
        command = f'(while read -r name; do {inside}cat "$name"; done) < FILE > converted.txt'
        return Kind("a list of files", command)
    return None


def _table(lines: list[str]) -> Kind | None:
    """Tell a table: the same number of columns everywhere, of which one holds numbers or all have quotes."""
    if len(lines) < FEW_LINES:
        return None
    for delimiter, what in (("\t", "a table (TSV)"), (",", "a table (CSV)"), (";", "a table (CSV)"), ("|", "a table")):
        try:
            rows = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            continue
        width = len(rows[0])
        if width < 2 or sum(len(row) == width for row in rows) < 0.9 * len(rows):
            continue
        body = [row for row in rows[1:] if len(row) == width]
        columns = list(zip(*body, strict=True))
        numbers = any(sum(_is_number(cell) for cell in column) > 0.9 * len(column) for column in columns)
        quoted = sum('"' in line for line in lines) > 0.5 * len(lines)
        header = all(re.fullmatch(r"\s*[\w .-]{0,30}\s*", cell) and len(cell.split()) <= 3 for cell in rows[0])
        if (
            delimiter == "\t"
            or numbers
            or (quoted and header)
            or (header and all(cell.isidentifier() for cell in rows[0]))
        ):
            longest = max(range(width), key=lambda k: sum(len(cell.split()) for cell in columns[k]))
            read = f"csv.reader(open('FILE', encoding='utf-8', newline=''), delimiter={delimiter!r})"
            row = f"' '.join(row[{longest}].split())"
            return Kind(what, _python(f"import csv, sys; [print({row}) for row in {read} if len(row) > {longest}]"))
    return None


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"\s*-?\d+(?:[.,:/-]\d+)*\s*", cell))

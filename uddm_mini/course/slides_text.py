"""The Markdown of the book as HTML that needs nothing else: paragraphs, lists, tables, formulas as pictures."""

from __future__ import annotations

import base64
import functools
import io
import re
from html import escape

from .handout import CITE, LINK

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$]+)\$|`([^`]+)`", re.S)
ITEM = re.compile(r"^(?:[-*]|\d+\.) +")
AWAY = re.compile(r"(?m)^\([\w-]+\)=\n|<!--.*?-->|</?(?:details|summary)[^>]*>|<a id=[^>]*></a>|^:::.*$")
OUTSIDE = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
SIZE = 8.8  # of a formula in points that is one em of the text: its letters are small
NAMES = (("\\tfrac", "\\frac"), ("\\dfrac", "\\frac"), ("\\lvert", "|"), ("\\rvert", "|"), ("\\!", ""))


def as_html(text: str) -> str:
    """Return a text of the book as HTML; links become their words."""
    text = OUTSIDE.sub(r"\1", LINK.sub(r"\1", CITE.sub(_cited, AWAY.sub("", text))))
    blocks = [block.strip("\n") for block in re.split(r"\n\s*\n", text)]
    return "\n".join(_block(block) for block in blocks if block.strip())


def _cited(found: re.Match[str]) -> str:
    """Return name and year of a citation: "Pham 2026" for pham2026language."""
    keys = (re.match(r"([a-z]+)(\d{4})", key.strip()) for key in found[1].split(","))
    return "[" + ", ".join(f"{key[1].capitalize()} {key[2]}" for key in keys if key) + "]"


def _block(block: str) -> str:
    lines = block.split("\n")
    if lines[0].startswith("#"):
        return f"<h3>{inline(lines[0].lstrip('# '))}</h3>" + as_html("\n".join(lines[1:]))
    if lines[0].startswith("|"):
        return _table(lines)
    first = next((i for i, line in enumerate(lines) if ITEM.match(line)), None)
    if first is None:
        return f"<p>{inline(' '.join(lines))}</p>"
    items: list[str] = []
    for line in lines[first:]:
        if ITEM.match(line):
            items.append(ITEM.sub("", line))
        else:
            items[-1] += f" {line.strip()}"
    kind = "ul" if lines[first][0] in "-*" else "ol"
    start = f' start="{int(lines[first].split(".")[0])}"' if kind == "ol" else ""
    before = f"<p>{inline(' '.join(lines[:first]))}</p>" if first else ""
    return before + f"<{kind}{start}>{''.join(f'<li>{inline(item)}</li>' for item in items)}</{kind}>"


def _table(lines: list[str]) -> str:
    rows = [[inline(cell.strip()) for cell in line.strip().strip("|").split("|")] for line in lines]
    ruled = len(rows) > 1 and all(set(cell) <= set("-: ") for cell in rows[1])
    body = rows[2:] if ruled else rows
    head = "".join(f"<th>{cell}</th>" for cell in rows[0]) if ruled and any(rows[0]) else ""
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{cells}</table>"


def inline(text: str) -> str:
    """Return one paragraph as HTML: formulas, code, bold and italic."""
    out, at = [], 0
    kept: list[str] = []
    for found in FORMULA.finditer(text):
        shown, formula, code = found.groups()
        kept.append(f"<code>{escape(code)}</code>" if code else picture(shown or formula, bool(shown)))
        out += [text[at : found.start()], f"\0{len(kept) - 1}\0"]
        at = found.end()
    whole = escape("".join([*out, text[at:]]), quote=False)
    whole = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", whole)
    whole = re.sub(r"(?<![\w*])[*_]([^*_\s][^*_]*?)[*_](?![\w*])", r"<i>\1</i>", whole)
    return re.sub("\0(\\d+)\0", lambda m: kept[int(m.group(1))], whole)


@functools.lru_cache(maxsize=4096)
def picture(formula: str, alone: bool = False) -> str:
    """Return a formula as a picture with its TeX as text; as TeX where Matplotlib does not know a command."""
    import matplotlib
    from matplotlib.mathtext import math_to_image

    formula = " ".join(formula.split())
    drawn = io.BytesIO()
    tex = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", formula)
    for old, new in NAMES:
        tex = tex.replace(old, new)
    try:
        with matplotlib.rc_context({"svg.hashsalt": "book", "mathtext.fontset": "cm", "font.size": 10}):
            depth = math_to_image(f"${tex}$", drawn, dpi=72, format="svg")
    except (ValueError, RuntimeError, TypeError):
        return f"<code>{escape(formula)}</code>"
    plain = re.sub(r"(?s)<metadata>.*?</metadata>", "", drawn.getvalue().decode())
    plain = re.sub(r'(width|height)="([\d.]+)pt"', lambda m: f'{m[1]}="{float(m[2]) / SIZE:.2f}em"', plain, count=2)
    size = re.search(r'height="([\d.]+)em"', plain)
    style = f"height:{size.group(1) if size else 1}em;vertical-align:{-depth / SIZE:.2f}em"
    data = base64.b64encode(plain.encode()).decode()
    kind = ' class="alone"' if alone else ""
    return f'<img{kind} alt="{escape(formula)}" style="{style}" src="data:image/svg+xml;base64,{data}">'

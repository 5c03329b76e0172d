"""All numbers of a section as a table, in words, and rounded as in the sentences."""

from __future__ import annotations

from html import escape
from typing import Any

from .finding import Finding, percent, plain, plain_number

GIVEN = {"prefix": "beginning given", "suffix": "end given", "edges": "both ends given", "random": "random words given"}
TEXTS = {"members": "training text", "strangers": "fresh text"}
WORDS = {"clamp": GIVEN, "text": TEXTS, "kind": TEXTS}  # what stands in a column, in words
LEFT_OUT = ("score", "error")  # a score is told by what it means
# what a column of a table is called
COLUMNS = {
    "t": "noise level t",
    "recovered": "words that come back",
    "unstable": "other words broken",
    "exact": "whole sentences back",
    "nats": "nats per word",
    "what": "of what",
    "tpr_at_1": "members found at 1 % false alarms",
    "tpr_low": "found, from",
    "tpr_high": "found, to",
    "lowest_fpr": "lowest rate of false alarms to be seen",
    "conservative": "enough strangers for 1 %",
    "auc": "AUC",
    "means": "score",
    "kind": "text",
    "low": "from",
    "high": "to",
    "clamp": "which words were given",
    "known": "share of words given",
    "n": "tries",
    "p": "chance, at least",
    "share": "sentences that come out",
    "q": "share of tries that brought it",
    "sentences": "sentences asked about",
    "copies": "copies planted",
    "exposure": "exposure in bits",
}
INTERVALS = {"low", "high"}
SHARES = {
    "recovery": {"recovered", "unstable", "exact", *INTERVALS},
    "extraction": {"known", "p", "share", "q", *INTERVALS},
    "membership": {"tpr_at_1", "tpr_low", "tpr_high", "lowest_fpr"},
}


def table_of(found: Finding) -> str:
    """Return the rows of a section as a table, which scrolls sideways on a phone, also with keys."""
    rows = [plain(row) for row in found.table]
    if not rows:
        return "<p>None.</p>"
    names = [name for name in rows[0] if name not in LEFT_OUT]
    numeric = {name: any(isinstance(row.get(name), (int, float)) for row in rows) for name in names}

    def cell(name: str, tag: str, shown: str) -> str:
        return f"<{tag}{' class=number' if numeric[name] else ''}>{escape(shown)}</{tag}>"

    head = "".join(cell(name, "th", COLUMNS.get(name, name.replace("_", " "))) for name in names)
    body = "".join(
        f"<tr>{''.join(cell(name, 'td', _shown(found.name, name, row.get(name))) for name in names)}</tr>"
        for row in rows
    )
    label = escape(f"All numbers: {found.title}", quote=True)
    table = f"<table><tr>{head}</tr>{body}</table>"
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{table}</div>'


def _shown(section: str, name: str, value: Any) -> str:
    """Return what stands in a column of a section."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return WORDS.get(name, {}).get(value, value)
    if name == "p" and value == 0:
        return "came once"
    if name in SHARES.get(section, ()):
        return percent(float(value))
    if name == "t" or isinstance(value, int):
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return f"{value:.1f}" if section == "exposure" else plain_number(value)

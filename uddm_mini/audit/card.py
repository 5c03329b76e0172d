"""What a notebook shows of an audit: a card that fits into any page, without headings, tables, plots or anchors."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from uddm_mini.teaching.look import report_css

from .headline import in_order
from .page import NAMES, tone_of
from .summary import about, not_to_quote, quote

if TYPE_CHECKING:
    from .report import Audit

CSS = """.audit-card { box-sizing: border-box; max-width: 100%; background: var(--audit-card); color: var(--audit-ink);
  border: 1px solid var(--audit-line); border-left: 6px solid var(--tone); border-radius: 10px; padding: 14px 16px 6px;
  overflow-wrap: anywhere; line-height: 1.5; white-space: normal; }
.audit-card p { margin: 0 0 8px; max-width: 75ch; color: inherit; }
.audit-card .title { color: var(--tone); font-size: 1.15em; }
.audit-card .small { color: var(--audit-soft); font-size: 0.9em; }
.audit-card .quoted { border-left: 3px solid var(--audit-line); padding-left: 12px; }
.audit-card code { color: inherit; background: none; border: 0; padding: 0; }"""


def card_of(audit: Audit) -> str:
    """Return the top box, what else was found, what may be quoted, and where the whole report lies."""
    told = audit.headline
    top = [_line(told["found"]), _line(told["second"]), _line(told["sure"], "How sure is that?")]
    above = f"{told['found']} {told['second']} {told['sure']}"
    rest = [found for found in in_order(audit.findings) if found.sentence not in above]
    short = [_line(found.sentence, f"{NAMES[found.name]}.") for found in rest]
    quoted = [_line(quote(audit), "", "quoted")]
    if quoted != [""]:
        claims = " ".join(not_to_quote(audit))
        quoted = [
            "<p><b>What you may quote</b></p>",
            *quoted,
            _line(claims, "What you may not claim from it:", "small"),
        ]
    parts = [_line("", told["title"], "title"), *top, _line(told["do"], "What to do?")]
    parts += ["<p><b>In short, the rest</b></p>", *short] if short else []
    parts += [*quoted, _where(audit)]
    size = _line((about(audit) or [""])[0], "", "small")
    css = f"{report_css('.audit-card')}\n{CSS}"
    return (
        f'<div class="audit-card" style="--tone: var(--audit-{tone_of(audit)})">\n<style>\n{css}\n'
        f"</style>\n{size}\n{chr(10).join(part for part in parts if part)}\n</div>"
    )


def _line(text: str, bold: str = "", kind: str = "") -> str:
    """Return a paragraph; nothing if it has no words."""
    if not text and not bold:
        return ""
    words = " ".join(part for part in (f"<b>{escape(bold)}</b>" if bold else "", escape(text)) if part)
    return f'<p class="{kind}">{words}</p>' if kind else f"<p>{words}</p>"


def _where(audit: Audit) -> str:
    """Return where the whole report lies, or how to write it."""
    if audit.folder is None:
        return '<p class="small">The whole report, with figures and all numbers: <code>.save("report")</code>.</p>'
    path = escape(f"{audit.folder.rstrip('/')}/report.html")
    return f'<p class="small">The whole report, with figures and all numbers: <code>{path}</code>.</p>'

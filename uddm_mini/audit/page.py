"""The report as one HTML page that asks for no other file: headline, sections with plots, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from uddm_mini.teaching.look import report_css

from .finding import Finding, percent, plain
from .headline import in_order
from .plots import bars, curves, intervals
from .summary import about, not_to_quote, quote, surer
from .tables import GIVEN, TEXTS, table_of

if TYPE_CHECKING:
    from .report import Audit

NAMES = {
    "probe": "Verdict",
    "recovery": "Words that come back",
    "texts": "The texts",
    "membership": "Membership",
    "extraction": "Word for word",
    "exposure": "Planted sentences",
}
KEY = '<div class="key"><span>training text (members)</span><span class="strangers">fresh text (strangers)</span></div>'


def page_of(audit: Audit) -> str:
    """Return the whole page."""
    title = f"Audit: {audit.headline['title']}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>html, body {{ margin: 0; padding: 0; }}</style>\n</head>\n<body>\n"
        f"{body_of(audit)}\n</body>\n</html>\n"
    )


def body_of(audit: Audit) -> str:
    """Return the page without its head."""
    css = report_css(".audit") + "\n" + resources.files(__package__).joinpath("page.css").read_text("utf-8")
    size, *told = about(audit) or [""]
    findings = in_order(audit.findings)
    parts = [_headline(audit), _paragraphs("What this is about", told), _overview(findings), _quoted(audit)]
    parts += [_section(found) for found in findings]
    parts += [_list("What would make it surer", surer(audit)), _list("What this does not show", audit.not_shown)]
    return (
        f'<style>\n{css}</style>\n<div class="audit">\n<header><h1>Audit of a diffusion language model</h1>'
        f"<p>{escape(size)}</p></header>\n<main>\n{chr(10).join([*parts, _made(audit)])}\n</main>\n</div>"
    )


def tone_of(audit: Audit) -> str:
    """Return the name of the headline's color: that of an alarm where something came out, whatever the probe says."""
    return audit.verdict.replace(" ", "-") if audit.leads == "probe" else "memorizing"


def _headline(audit: Audit) -> str:
    told = audit.headline
    second = f"<p>{escape(told['second'])}</p>\n" if told["second"] else ""
    return (
        f'<section class="headline" style="--tone: var(--audit-{tone_of(audit)})">\n'
        f'<p class="verdict">{escape(told["title"])}</p>\n<p>{escape(told["found"])}</p>\n{second}'
        f"<dl><dt>How sure is that?</dt><dd>{escape(told['sure'])}</dd>"
        f"<dt>What to do?</dt><dd>{escape(told['do'])}</dd></dl>\n</section>"
    )


def _paragraphs(title: str, lines: Sequence[str]) -> str:
    told = "".join(f'<p class="found">{escape(line)}</p>' for line in lines)
    return f"<section>\n<h2>{title}</h2>\n{told}\n</section>" if told else ""


def _quoted(audit: Audit) -> str:
    """Return what somebody else's document may quote, and what it may not claim."""
    if not (told := quote(audit)):
        return ""
    never = "".join(f"<li>{escape(line)}</li>" for line in not_to_quote(audit))
    return (
        f"<section>\n<h2>What you may quote</h2>\n<blockquote>{escape(told)}</blockquote>\n"
        f"<p><b>What you may not claim from it</b></p>\n<ul>{never}</ul>\n</section>"
    )


def _overview(findings: Sequence[Finding]) -> str:
    rows = "".join(
        f"<tr><td>{NAMES[found.name]}</td><td{'' if found.applies else ' class=no'}>{escape(found.sentence)}</td></tr>"
        for found in findings
    )
    return f'<section>\n<h2>In short</h2>\n<div class="scroll"><table class="overview">{rows}</table></div>\n</section>'


def _section(found: Finding) -> str:
    title = escape(found.title)
    if not found.applies:
        return f'<section class="no" id="{found.name}">\n<h2>{title}</h2>\n<p>{escape(found.sentence)}</p>\n</section>'
    plots = "".join(f"<div>{plot}</div>" for plot in _plots(found))
    notes = "".join(f"<li>{escape(note)}</li>" for note in found.notes)
    more = [found.facts[name] for name in ("error", "change") if found.facts.get(name)]
    change = "".join(f'<p class="found">{escape(line)}</p>' for line in more)
    text = "".join(f"<li>{escape(line)}</li>" for line in found.text)
    return (
        f'<section id="{found.name}">\n<h2>{title}</h2>\n<p class="found">{escape(found.sentence)}</p>\n{change}'
        + (f'<div class="plots">{plots}</div>' if plots else "")
        + (f'<ul class="notes">{notes}</ul>' if notes else "")
        + (f"<details><summary>Sentences</summary><ul>{text}</ul></details>" if text else "")
        + f"<details><summary>All numbers</summary>{table_of(found)}</details>\n</section>"
    )


def _plots(found: Finding) -> list[str]:
    """Return the plots of a section."""
    rows = plain(list(found.table))
    if found.name == "probe":
        kinds = ("members", "strangers", "table")
        shown = [{**row, "kind": kind} for row, kind in zip(rows[:3], kinds, strict=True)]
        told = "How unsure the model is of a word, given all the others: nats per word, 0 is certain. A model that "
        told += "recites is far surer of its own text. Dotted: a table of word pairs, which knows little."
        return [bars(shown, "what", "nats", told)]
    if found.name == "recovery":
        told = "Changed words that come back, against the noise level; bars are 95 % intervals over sentences."
        out = [KEY + curves(rows, "t", "recovered", ("noise level t", "changed words that come back"), told)]
        if basins := plain(list(found.facts.get("basins", ()))):
            told = "Sentences that come back whole, against the share of their words that was changed: the wider a "
            told += "curve reaches, the wider the basin around a sentence."
            names = ("share of words changed", "whole sentences that come back")
            out.append(KEY + curves(basins, "changed", "returned", names, told))
        return out
    if found.name == "membership":
        told = "Area under the ROC curve (AUC) of each score, with its 95 % interval: 0.5 is guessing, 1 tells every "
        told += "training sentence from every fresh one."
        return [intervals([{**row, "value": row["auc"]} for row in rows], "means", "value", (0.0, 1.0, 0.5), told)]
    if found.name == "texts":
        told = "How well a classifier that never sees the model tells the two texts apart: 0.5 is guessing."
        return [intervals(rows[:1], "what", "value", (0.0, 1.0, 0.5), told)]
    if found.name == "extraction":
        once = [
            {**row, "kind": row["text"], "what": f"{GIVEN[row['clamp']]}: {TEXTS[row['text']]}"}
            for row in plain(list(found.facts["once"]))
        ]
        told = "Sentences whose other half came word for word at least once, by which half was given; bars are 95 % "
        told += "intervals."
        return [KEY + intervals(once, "what", "share", (0.0, 1.0, None), told, percent)]
    if found.name == "exposure":
        most = found.facts["at_most"]
        named = [{**row, "what": f"{row['copies']} copies"} for row in rows]
        told = "Exposure in bits by number of copies, from the least to the most exposed sentence; the dashed line is "
        told += "a sentence that was never planted."
        return [intervals(named, "what", "exposure", (0.0, most, 1.44), told, "{:.1f}".format)]
    return []


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"<section>\n<h2>{title}</h2>\n<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>\n</section>"


def _made(audit: Audit) -> str:
    """Return how the report was made: command, settings, hashes and versions."""
    rows = {"Command": audit.made.get("command") or "called from Python"}
    rows["Date, time taken"] = f"{audit.made['date']}, {audit.made['seconds']} seconds"
    rows |= {f"{name.capitalize()}": _told(about) for name, about in audit.given.items() if about}
    rows |= {"Settings": _told(audit.settings), "Versions": _told(audit.made["versions"])}
    body = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>" for name, value in rows.items())
    return f'<section class="made">\n<h2>How this was made</h2>\n<dl>{body}</dl>\n</section>'


def _told(about: Any) -> str:
    """Return a dictionary or a list as one line."""
    if isinstance(about, Mapping):
        return ", ".join(f"{name} {_told(value)}" for name, value in about.items() if value not in (None, ""))
    return " ".join(map(str, about)) if isinstance(about, (list, tuple)) else str(about)

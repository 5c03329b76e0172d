"""The page that a student gets back: each exercise with its points and what the check says."""

from __future__ import annotations

from html import escape

from uddm_mini.teaching.look import NOT_YET, RIGHT, WRONG

from .grade import Graded, Mark
from .roster import Person
from .settings import Assignment

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:black;"
    "background:white}h1{font-size:1.5rem}section{border-left:5px solid;padding:.2rem 1rem;margin:1rem 0}"
    "h2{font-size:1.05rem;margin:.3rem 0}p{margin:.3rem 0;overflow-wrap:anywhere}small{color:dimgray}"
)


def feedback_page(assignment: Assignment, graded: Graded, person: Person | None = None) -> str:
    """Return one self-contained HTML page; every word of the student's is shown as text."""
    who = (person.name if person else "") or graded.student
    body = [f"<h1>{_text(assignment.title)}: {graded.points:g} of {assignment.points:g} points</h1>"]
    body.append(f"<p>{_text(who)}</p>")
    body += [_section(mark) for mark in graded.marks] or ["<p>Nothing was handed in.</p>"]
    if graded.notes:
        notes = "".join(f"<li>{_text(note)}</li>" for note in graded.notes)
        body.append(f"<h2>What happened when your notebook ran</h2><ul>{notes}</ul>")
    body.append(
        "<p><small>Each function was asked apart from the notebook. Ask if you think a mark is wrong.</small></p>"
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(assignment.title)}</title><style>{STYLE}</style>\n<main>{chr(10).join(body)}</main></html>\n"
    )


def _section(mark: Mark) -> str:
    color = RIGHT if mark.passed else NOT_YET if mark.passed is None else WRONG
    icon, verdict = ("✔", "passed") if mark.passed else ("○", "no answer") if mark.passed is None else ("✘", "not yet")
    how = f"<p><small>Your answer was {_text(mark.how)}.</small></p>" if mark.how else ""
    return (
        f'<section style="border-color:{color}"><h2>{icon} {_text(mark.title)}: {verdict}, {mark.points:g} of '
        f"{mark.of:g} points</h2><p>{_text(mark.message)}</p>{how}</section>"
    )


def _text(words: str) -> str:
    """Escape a text, and drop what cannot be shown."""
    return escape("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in words))

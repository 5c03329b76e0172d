"""A chapter as slides: one file that loads nothing, made from the cells of the chapter."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from uddm_mini.teaching.exercises import CHAPTERS, Exercise, number_of

from .notebooks import book_folder
from .slides_text import as_html, inline

MOST = 4  # points of a summary on one slide
GOALS = "**After this chapter you can**"
PREDICT = re.compile(r"(?m)^\*\*Predict[^*]*\*\*")
STYLE = """
:root{font:1.5rem/1.45 system-ui,sans-serif;color:black;background:white}
body{margin:0}
section{box-sizing:border-box;padding:3vmin 6vmin 9vmin;max-width:66rem;margin:auto}
.live section{display:none;min-height:100vh}
.live section.now{display:flex;flex-direction:column;justify-content:center}
h1{font-size:2.2em;line-height:1.15}h2{font-size:1.4em;margin:.2em 0 .6em}h3{font-size:1em}
p,li{margin:.4em 0;overflow-wrap:anywhere}li::marker{font-weight:600}
figure{margin:0}figure img{width:100%;max-height:58vh;object-fit:contain}
figcaption{font-size:.8em}td,th{padding:.2em .7em .2em 0;text-align:left;vertical-align:top}table{font-size:.85em}
code{font-size:.85em;background:whitesmoke;border-radius:.2em;padding:0 .2em}
img.alone{display:block;margin:.8em auto;max-width:100%}small{color:dimgray}
nav{position:fixed;inset:auto 0 0 0;display:flex;gap:.6rem;justify-content:flex-end;align-items:center;padding:.5rem;
font-size:.9rem}nav button{font:inherit;min-width:2.8rem;min-height:2.8rem}
@media(max-width:40rem){:root{font-size:1.05rem}}
@media print{nav{display:none}.live section,.live section.now{display:flex;flex-direction:column;
justify-content:center;break-after:page;min-height:95vh}:root{font-size:1.1rem}@page{size:landscape;margin:1cm}}
"""
SCRIPT = """
const all = [...document.querySelectorAll("section")], where = document.querySelector("output");
let now = Math.min(all.length, Math.max(1, parseInt(location.hash.slice(1)) || 1)) - 1;
function show(i) {
  now = Math.min(all.length - 1, Math.max(0, i));
  all.forEach((one, k) => one.classList.toggle("now", k === now));
  where.textContent = `${now + 1} / ${all.length}`;
  history.replaceState(null, "", `#${now + 1}`);
  scrollTo(0, 0);
}
const steps = {ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button") && event.key === " ") return;
  if (event.key in steps) show(now + steps[event.key] * (event.key === " " && event.shiftKey ? -1 : 1));
  else if (event.key === "Home") show(0);
  else if (event.key === "End") show(all.length - 1);
  else if (event.key === "f") document.documentElement.requestFullscreen?.();
  else return;
  event.preventDefault();
});
document.querySelector("#back").onclick = () => show(now - 1);
document.querySelector("#on").onclick = () => show(now + 1);
addEventListener("hashchange", () => show((parseInt(location.hash.slice(1)) || 1) - 1));
document.body.classList.add("live");
show(now);
"""


@dataclass(frozen=True)
class Slide:
    """A title, and what stands below it, as HTML."""

    title: str
    body: str


def chapter_named(word: str) -> str:
    """Return a chapter by its name or number; ValueError if there is none."""
    by_number = {str(number_of(chapter)): chapter for chapter in CHAPTERS}
    found = by_number.get(word, word)
    if found not in CHAPTERS:
        raise ValueError(f"There is no chapter {word!r}; there are 0 to {len(CHAPTERS) - 1}, or {', '.join(CHAPTERS)}.")
    return found


def slides_of(chapter: str, every: dict[str, Exercise], book: Path | None = None) -> list[Slide]:
    """Return the slides of a chapter: title, goals, predictions, figures, exercises, summary."""
    path = book_folder(book) / f"{chapter}.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    sources = [c["source"] if isinstance(c["source"], str) else "".join(c["source"]) for c in cells]
    title = next(m[1] for s in sources if (m := re.search(r"(?m)^# (.+)$", s)))
    tasks = [e for e in every.values() if e.chapter == chapter]
    found, section, summary = [Slide(title, "")], title, []
    for cell, source in zip(cells, sources, strict=True):
        if cell["cell_type"] == "code":
            found += _figures(cell, section)
            continue
        for heading, text in _sections(source, section):
            section = heading
            if GOALS in text:
                goals, bar, table = text[text.index(GOALS) + len(GOALS) :].strip().partition("\n|")
                found[0] = Slide(title, as_html(bar + table))
                found.append(Slide("After this chapter you can", as_html(goals)))
            elif heading.endswith("Predict first"):
                found.append(Slide("Predict first", as_html(text)))
            elif heading == "Summary":
                summary += _summary(text)
            else:
                found += [Slide(section, as_html(p)) for p in re.split(r"\n\s*\n", text) if PREDICT.match(p)]
    if tasks:
        rows = "".join(f"<li>{inline(e.title)} <small>{e.level}, {e.minutes} minutes</small></li>" for e in tasks)
        found.append(Slide("Exercises", f'<ul style="list-style:none;padding:0">{rows}</ul>'))
    return found + summary


def _sections(source: str, before: str) -> Iterator[tuple[str, str]]:
    """Yield the headings of a cell with the text below each; what stands before the first belongs to `before`."""
    parts = re.split(r"(?m)^#{1,2} (.+)$", source)
    yield before, parts[0]
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        yield re.sub(r"^\d+\. ", "", heading.strip()), text


def _summary(text: str) -> list[Slide]:
    items = re.findall(r"(?ms)^(?:[-*]|\d+\.) .*?(?=^(?:[-*]|\d+\.) |\n\s*\n|\Z)", text)
    size = math.ceil(len(items) / max(1, math.ceil(len(items) / MOST)))  # pages of about the same length
    pages = [items[i : i + size] for i in range(0, len(items), max(1, size))]
    return [Slide("Summary", as_html("".join(page).strip())) for page in pages] or [Slide("Summary", as_html(text))]


def _figures(cell: dict[str, Any], section: str) -> list[Slide]:
    """Return a slide for the figure of a cell, with its caption."""
    about = cell["metadata"].get("mystnb")
    if not about or "figure" not in about:
        return []
    caption, alt = about["figure"].get("caption", ""), about.get("image", {}).get("alt", "")
    for data in (output.get("data", {}) for output in cell["outputs"]):
        for kind in ("image/svg+xml", "image/png"):
            if kind in data:
                raw = data[kind] if isinstance(data[kind], str) else "".join(data[kind])
                code = base64.b64encode(raw.encode()).decode() if "svg" in kind else raw.replace("\n", "")
                image = f'<img alt="{escape(alt)}" src="data:{kind};base64,{code}">'
                return [Slide(section, f"<figure>{image}<figcaption>{inline(caption)}</figcaption></figure>")]
    return []


def slides_page(slides: list[Slide]) -> str:
    """Return all slides as one HTML page; without scripts they stand below each other, and on paper one on a page."""
    first, *others = slides
    body = [f'<section aria-label="1"><h1>{inline(first.title)}</h1>{first.body}</section>']
    for number, one in enumerate(others, 2):
        body.append(f'<section aria-label="{number}"><h2>{inline(one.title)}</h2>{one.body}</section>')
    buttons = (
        '<button id="back" aria-label="Back">←</button><output></output><button id="on" aria-label="On">→</button>'
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(first.title)}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + f"\n</main><nav>{buttons}</nav><script>{SCRIPT}</script></body></html>\n"
    )

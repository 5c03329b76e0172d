"""Pieces of a page that move without a kernel: data in an attribute, what shows without scripts, and the scripts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from .look import page_css

# what each kind is made of; the first files hold what the last one needs
SCRIPTS = {
    "player": ("dom.js", "player.js"),
    "pixels": ("dom.js", "pixels.js"),
    "lab": ("dom.js", "lab/engine.js", "lab/words.js", "lab/lab.js"),
    "mend": ("dom.js", "lab/engine.js", "lab/words.js", "lab/mend.js"),
    "drops": ("dom.js", "turn.js", "chance.js", "shares.js", "drops.js"),
    "lost": ("dom.js", "turn.js", "lost_words.js"),
    "price": ("dom.js", "turn.js", "price.js"),
    "back": ("dom.js", "turn.js", "step_back.js"),
    "answers": ("dom.js", "turn.js", "two_answers.js"),
    "pad": ("dom.js", "turn.js", "chance.js", "spins.js", "pixels.js", "pad.js"),
    "guess": ("dom.js", "turn.js", "guess.js"),
    "copies": ("dom.js", "turn.js", "chance.js", "copies.js"),
    "heads": ("dom.js", "turn.js", "lab/engine.js", "lab/heads.js"),
    "told": ("dom.js", "turn.js", "lab/engine.js", "lab/words.js", "lab/told.js"),
    "step": ("dom.js", "turn.js", "step.js"),
    "walks": ("dom.js", "turn.js", "lab/engine.js", "lab/walks.js"),
    "recall": ("dom.js", "turn.js", "lab/engine.js", "lab/words.js", "lab/recall.js"),
    "thread": ("dom.js", "turn.js", "lab/engine.js", "lab/thread.js"),
    "settle": ("dom.js", "turn.js", "chance.js", "shares.js", "lab/engine.js", "lab/settle.js"),
    "examples": ("dom.js", "turn.js", "spins.js", "couplings.js", "examples.js"),
    "scrubber": ("dom.js", "turn.js", "chart.js", "lab/engine.js", "lab/words.js", "scrubber.js"),
    "definition": ("dom.js", "turn.js", "chart.js", "first_passage.js", "definition.js"),
    "turning": ("dom.js", "turn.js", "chart.js", "first_passage.js", "turning.js"),
    "stopping": ("dom.js", "turn.js", "chart.js", "stopping.js"),
    "sealed": ("dom.js", "turn.js", "chart.js", "sealed.js"),
    "threshold": ("dom.js", "turn.js", "chart.js", "threshold.js"),
    "unsure": ("dom.js", "turn.js", "chart.js", "lab/engine.js", "lab/words.js", "unsure.js"),
    "bar": ("dom.js", "turn.js", "plot.js", "bar.js"),
    "tries": ("dom.js", "turn.js", "plot.js", "tries.js"),
    "alarms": ("dom.js", "turn.js", "plot.js", "alarms.js"),
    "crossings": ("dom.js", "turn.js", "plot.js", "crossings.js"),
    "laws": ("dom.js", "turn.js", "plot.js", "laws.js"),
    "noises": ("dom.js", "turn.js", "plot.js", "chance.js", "lab/engine.js", "noises.js"),
    "parts": ("dom.js", "turn.js", "parts.js"),
    "pieces": ("dom.js", "turn.js", "pieces.js"),
    "levels": ("dom.js", "turn.js", "plot.js", "levels.js"),
}


@dataclass(frozen=True, repr=False)
class Turnable:
    """A figure that the reader turns: shows itself in a notebook or on a static page, and prints what its still says.

    kind: which scripts bring it to life; data: what they need; still: HTML, what it shows on paper and without
    scripts; told: the same in plain text.
    """

    kind: str
    data: dict[str, Any]
    still: str
    told: str

    def __repr__(self) -> str:
        return f"{self.data['label']}\n\n{self.told}"

    def _repr_html_(self) -> str:
        return live_html(self.kind, self.data, self.still)


def live_html(kind: str, data: dict[str, Any], fallback: str) -> str:
    """Return a piece of a page that the scripts of its `kind` bring to life; `fallback` shows where none run.

    data: what the scripts need, with a "label" for screen readers, and "css" if it brings rules of its own
    """
    data = {**data, "css": page_css(f".uddm-{kind}") + data.get("css", "")}
    return (
        f'<div class="uddm-live" data-uddm-{kind}="{escape(json.dumps(data, ensure_ascii=False))}">'
        f"<p><strong>{escape(data['label'])}</strong></p>{fallback}</div>\n"
        f"<script>\n{script(kind)}</script>"
    )


@cache
def script(kind: str) -> str:
    """Return the scripts of a kind as one, whose names nothing else on the page can see."""
    return "\n".join(["(function () {", '"use strict";', *map(_part, SCRIPTS[kind]), "})();", ""])


def _part(name: str) -> str:
    """Return a file as a classic script; what an ES module exports become members of a constant of its name."""
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    exported = re.findall(r"(?m)^export (?:async )?(?:function|const|class) (\w+)", text)
    if not exported:
        return text
    stem = name.rpartition("/")[2].removesuffix(".js")
    inside = re.sub(r"(?m)^export ", "", text)
    return f"const {stem} = (function () {{\n{inside}\nreturn {{ {', '.join(exported)} }};\n}})();"

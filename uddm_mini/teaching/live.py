"""Pieces of a page that move without a kernel: data in an attribute, what shows without scripts, and the scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from .look import page_css

# what each kind is made of; the first files hold what the last one needs
SCRIPTS = {
    "player": ("dom.js", "player.js"),
    "pixels": ("dom.js", "chance.js", "spins.js", "pixels.js"),
    "copies": ("dom.js", "turn.js", "chance.js", "copies.js"),
    "examples": ("dom.js", "turn.js", "spins.js", "couplings.js", "examples.js"),
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
    folder = resources.files(__package__)
    parts = [folder.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS[kind]]
    return "\n".join(["(function () {", '"use strict";', *parts, "})();", ""])

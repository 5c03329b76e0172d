"""What an audit found: a verdict, its findings, a JSON file and a page."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from uddm_mini.files import replacing

from .finding import Finding, found_before, plain
from .known import Answer

FORMAT = "uddm_mini-audit-1"
NOT_SHOWN = (
    "It is no certificate: it says what was found with these texts, these settings and this seed.",
    "Memorization of the model as a whole is one thing, and that one sentence was in the training text another: a "
    "membership score may be right about many sentences and wrong about each.",
    "What was not looked for was not found: text that is not among the members, and ways of asking not listed here.",
    "The error rates were counted on small networks; for a model of another kind or size they are a guess.",
)
DO: dict[Answer, str] = {
    "memorizing": "Treat the model as a copy of its training text: what must not be public must not leave with it. "
    "Train on more sentences, or on less often repeated ones, or stop earlier; then audit again.",
    "generalizing": "Nothing says that it recites as a whole. Single sentences may still be known by heart: look at "
    "what came out word for word, and at planted sentences, before you give it away.",
    "in between": "Treat it like a model that recites: part of its training text may come out. More distinct training "
    "sentences, or fewer steps, move it away from there.",
    "undecided": "Do not conclude anything yet. Give more fresh text; if the model predicts fresh text badly, train it "
    "further before you ask again.",
}


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    findings: one for each section, in order.
    given: hashes and sizes of the model and the texts.
    settings: what decided the numbers.
    made: versions, command, and how long it was planned to take and took.
    """

    findings: tuple[Finding, ...]
    given: Mapping[str, Any]
    settings: Mapping[str, Any]
    made: Mapping[str, Any]

    @property
    def verdict(self) -> Answer:
        """Return "memorizing", "generalizing", "in between" or "undecided"."""
        found = self.finding("probe")
        answer: Answer = found.facts["verdict"] if found and found.applies else "undecided"
        return answer

    def finding(self, name: str) -> Finding | None:
        """Return what a section found, or None if it was not asked for."""
        return next((found for found in self.findings if found.name == name), None)

    @property
    def judged(self) -> bool:
        """Tell whether a verdict was asked for and sought: "undecided" is an answer then, and not the lack of one."""
        found = self.finding("probe")
        return found is not None and found.applies

    @property
    def not_shown(self) -> tuple[str, ...]:
        """Return what nobody may conclude from it."""
        return NOT_SHOWN

    @property
    def headline(self) -> dict[str, str]:
        """Return what was found, how sure that is, and what to do, in sentences."""
        found = self.finding("probe")
        if found is None or not found.applies:
            sure = found.sentence if found else "The verdict was not asked for."
            return {"found": "No verdict.", "sure": sure, "do": DO["undecided"]}
        return {"found": found.sentence, "sure": f"{found.facts['error']} {found.notes[0]}", "do": self._to_do()}

    def _to_do(self) -> str:
        """Return what follows from the verdict and from what came out word for word."""
        out, extraction = DO[self.verdict], self.finding("extraction")
        if extraction and extraction.applies and extraction.facts.get("came_out"):
            out = f"Some training text came out word for word, see below. {out}"
        return out

    def to_json(self) -> str:
        """Return the report as JSON; only what stands under "made" differs between two runs."""
        told = {
            "format": FORMAT,
            "key": key_of(self.given, self.settings),
            "verdict": self.verdict,
            "headline": self.headline,
            "findings": [found.told() for found in self.findings],
            "given": self.given,
            "settings": self.settings,
            "not_shown": self.not_shown,
            "made": self.made,
        }
        return json.dumps(plain(told), indent=1, ensure_ascii=False, allow_nan=False)

    def save(self, folder: str | Path) -> None:
        """Write report.json and report.html into a folder, each in one step."""
        with replacing(Path(folder) / "report.json") as temporary:
            temporary.write_text(self.to_json(), "utf-8")
        with replacing(Path(folder) / "report.html") as temporary:
            temporary.write_text(self.page(), "utf-8")

    def page(self) -> str:
        """Return the report as one HTML page that needs no other file."""
        from .page import page_of  # drawing is needed by no other part

        return page_of(self)

    def _repr_html_(self) -> str:
        from .page import body_of

        return body_of(self)

    def __repr__(self) -> str:
        lines = [f"Audit: {self.verdict if self.judged else 'no verdict'}"]
        lines += [f"  {found.name}: {found.sentence}" for found in self.findings]
        return "\n".join(lines)


def key_of(given: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return a hash of all that decides the numbers: two reports with one key can be put together."""
    told = {name: value for name, value in settings.items() if name != "sections"}
    whole = [FORMAT, versions()["uddm_mini"], plain(given), plain(told)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def kept_findings(folder: str | Path | None, key: str) -> dict[str, Finding]:
    """Return the findings of the report in a folder, by name, if it has this key; none for another one."""
    path = Path(folder) / "report.json" if folder is not None else None
    if path is None or not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text("utf-8"))
        if told.get("format") != FORMAT or told.get("key") != key:
            return {}
        return {one["name"]: found_before(one) for one in told["findings"]}
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        return {}  # a file that was cut off, or of somebody else


def versions() -> dict[str, str]:
    """Return the versions that a report names."""
    from uddm_mini import __version__

    return {
        "uddm_mini": __version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }

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

from uddm_mini.files import at, replacing

from .finding import Finding, found_before, plain
from .headline import Lead, headline_of, in_order, lead_of
from .known import Answer
from .summary import about, not_to_quote, quote, surer

FORMAT = "uddm_mini-audit-2"
NOT_SHOWN = (
    "It is no certificate: it says what was found with these texts, these settings and this seed.",
    "Memorization of the model as a whole is one thing, and that one sentence was in the training text another: a "
    "membership score may be right about many sentences and wrong about each.",
    "What was not looked for was not found: text that is not among the members, and ways of asking not listed here.",
    "The error rates were counted on small networks; for a model of another kind or size they are a guess.",
)


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    findings: one for each section, in order.
    given: hashes and sizes of the model and the texts.
    settings: what decided the numbers.
    made: versions, command, and how long it was planned to take and took.
    folder: where the report lies, if it was written.
    """

    findings: tuple[Finding, ...]
    given: Mapping[str, Any]
    settings: Mapping[str, Any]
    made: Mapping[str, Any]
    folder: str | None = None

    @property
    def verdict(self) -> Answer:
        """Return the probe's answer: "memorizing", "generalizing", "in between" or "undecided"."""
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
    def leads(self) -> Lead:
        """Return what the report begins with: "extraction" or "membership" for an alarm, "swapped" texts, or "probe".

        An alarm needs members and strangers of one kind, and a difference between them beyond the intervals.
        """
        return lead_of(self.findings)

    @property
    def headline(self) -> dict[str, str]:
        """Return title, what was found, the probe's answer beside an alarm, how sure it is, and what to do."""
        return headline_of(self.findings, self.verdict)

    def to_json(self) -> str:
        """Return the report as JSON; only what stands under "made" differs between two runs."""
        told = {
            "format": FORMAT,
            "key": key_of(self.given, self.settings),
            "verdict": self.verdict,
            "leads": self.leads,
            "headline": self.headline,
            "findings": [found.told() for found in self.findings],
            "given": self.given,
            "settings": self.settings,
            "about": about(self),
            "surer": surer(self),
            "not_shown": self.not_shown,
            "not_to_quote": not_to_quote(self),
            "made": {**self.made, "quote": quote(self)},  # it has the date
        }
        return json.dumps(plain(told), indent=1, ensure_ascii=False, allow_nan=False)

    def save(self, folder: str | Path) -> None:
        """Write report.json and report.html into a folder, each in one step."""
        with replacing(at(folder) / "report.json") as temporary:
            temporary.write_text(self.to_json(), "utf-8")
        with replacing(at(folder) / "report.html") as temporary:
            temporary.write_text(self.page(), "utf-8")

    def page(self) -> str:
        """Return the report as one HTML page that needs no other file."""
        from .page import page_of  # drawing is needed by no other part

        return page_of(self)

    def _repr_html_(self) -> str:
        from .card import card_of

        return card_of(self)

    def __repr__(self) -> str:
        answer = self.verdict if self.judged else "no verdict"
        alarm = self.leads != "probe"
        lines = [
            f"Audit: {self.headline['title']} (without the training text: {answer})" if alarm else f"Audit: {answer}"
        ]
        lines += [f"  {found.name}: {found.sentence}" for found in in_order(self.findings)]
        return "\n".join(lines)


def key_of(given: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return a hash of all that decides the numbers: two reports with one key can be put together."""
    told = {name: value for name, value in settings.items() if name != "sections"}
    whole = [FORMAT, versions()["uddm_mini"], plain(given), plain(told)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def kept_findings(folder: str | Path | None, key: str) -> dict[str, Finding]:
    """Return the findings of the report in a folder, by name, if it has this key; none for another one."""
    path = at(folder) / "report.json" if folder is not None else None
    if path is None or not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text("utf-8"))
        if told.get("format") != FORMAT or told.get("key") != key:
            return {}
        return {one["name"]: found_before(one) for one in told["findings"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
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

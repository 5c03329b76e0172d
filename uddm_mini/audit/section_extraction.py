"""Does training text come out word for word: with a part of it given, and from nothing?"""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.probes.roc import Interval

from .case import Case
from .extraction import ExtractionSettings, extraction, from_noise
from .finding import Finding, missing, percent, spread

KNOWN = (0.5,)  # the share of a sentence that is given
OFTEN = 0.05  # more of a text than chance could bring word for word
SHOWN = 10  # sentences, if they were asked for
CLAMPS = {
    "prefix": "its beginning",
    "suffix": "its end",
    "edges": "its two ends",
    "random": "words here and there",
}


def settings_of(case: Case) -> ExtractionSettings:
    """Return how extraction is measured in an audit: every clamp, half of the words, a few tries."""
    settings = case.settings
    return ExtractionSettings(
        known=KNOWN,
        sentences=settings.extracted,
        draws=settings.tries,
        steps=settings.filling_steps,
        corrections=settings.corrections,
        tries=(1, settings.tries, 16 * settings.tries),
    )


def extracted(case: Case) -> Finding:
    """Return what comes out word for word when half of a sentence is given, and what is written from nothing.

    `number` is the share of members whose other half came at least once, for the way of giving it that finds most.
    """
    if not case.has("members"):
        return missing("extraction", "Nothing to look for: give members, text that the model was trained on.")
    settings, ignore, draws = settings_of(case), case.texts.ignore, case.draws("extraction")
    asked = {name: _with_two(case, name) for name in ("members", "strangers") if case.has(name)}
    if not len(asked["members"]):
        return missing("extraction", "No member has two words that count: nothing can be given and the rest asked for.")
    strangers = asked.get("strangers")
    strangers = strangers if strangers is not None and len(strangers) else None
    table = extraction(case.model, asked["members"], strangers, settings, ignore=ignore, generator=draws)
    noise = from_noise(
        case.model,
        case.texts.members.x,  # type: ignore[union-attr]  # every one of them, though few are asked about
        case.settings.sentences,
        settings,
        ignore=ignore,
        generator=draws,
    )
    rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    once = [row for row in rows if row["p"] == 0]
    best = max((row for row in once if row["text"] == "members"), key=lambda row: row["share"])
    other = next((row for row in once if row["text"] == "strangers" and row["clamp"] == best["clamp"]), None)
    number = Interval(best["share"], best["low"], best["high"])
    longest = noise.longest.double()
    facts: dict[str, Any] = {"once": once, "longest_mean": float(longest.mean()), "longest": int(longest.max())}
    facts |= {"copied": noise.copied.value, "copied_low": noise.copied.low, "copied_high": noise.copied.high}
    facts |= {
        "distinct": noise.distinct,
        "came_out": number.low > (other["high"] if other else OFTEN) or noise.copied.low > OFTEN,
    }
    sentence = (
        f"With {CLAMPS[best['clamp']]} given, half of the words, the model writes the other half word for word in "
        f"{settings.draws} tries for {spread(number)} of {best['sentences']} training sentences"
        + (f", and for {percent(other['share'])} of fresh ones. " if other else ". ")
        + f"Of what it writes from nothing, {spread(noise.copied)} is a training sentence."
    )
    return Finding(
        "extraction",
        True,
        sentence,
        number,
        rows,
        _notes(case, facts, other is not None),
        facts,
        _text(case, noise.written),
    )


def _with_two(case: Case, name: str) -> torch.Tensor:
    """Return the sentences with two words that count, as many as are asked about."""
    x = case.text(name).cpu()
    return x[counted_tokens(x, case.texts.ignore).sum(dim=1) >= 2][: case.settings.extracted]


def _notes(case: Case, facts: dict[str, Any], compared: bool) -> list[str]:
    """Return what the reader has to know about extraction."""
    out = [
        f"The longest run of words that something it wrote shares with a training sentence has {facts['longest']} of "
        f"{case.length}; {facts['longest_mean']:.1f} on average.",
        f"It is the least that comes out: each sentence had {case.settings.tries} tries, walks of "
        f"{case.settings.filling_steps} steps. More tries, longer walks, or other words given, bring out more.",
    ]
    if not compared:
        out.append("Without strangers nobody knows how much of this is guessed: give fresh text, too.")
    return out


def _text(case: Case, written: torch.Tensor) -> list[str]:
    """Return a few of the sentences that the model wrote, if they were asked for."""
    if not case.settings.show_text:
        return []
    return case.texts.written(written[:SHOWN]) or [str(row) for row in written[:SHOWN].tolist()]

"""Does training text come out word for word: with a part of it given, and from nothing?"""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.probes.roc import Interval
from uddm_mini.probes.shares import share_with_interval
from uddm_mini.probes.starts import ends_in

from .case import Case
from .extraction import ExtractionSettings, FromNoise, extraction, from_noise
from .finding import Finding, missing, percent, spread
from .section_membership import differs
from .settings import looks_less_hard

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
        tries=tuple(sorted({1, settings.tries})),  # of more tries, so few draws tell nothing
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
    fresh = {row["clamp"]: row for row in once if row["text"] == "strangers"}
    above = [row["low"] > fresh[row["clamp"]]["high"] if fresh else False for row in once if row["text"] == "members"]
    own = zip((row for row in once if row["text"] == "members"), above, strict=True)
    best, given_beyond = max(own, key=lambda pair: (pair[1], pair[0]["share"]))
    other = fresh.get(best["clamp"])
    number = Interval(best["share"], best["low"], best["high"])
    longest = noise.longest.double()
    facts: dict[str, Any] = {"once": once, "longest_mean": float(longest.mean()), "longest": int(longest.max())}
    facts |= {"copied": noise.copied.value, "copied_low": noise.copied.low, "copied_high": noise.copied.high}
    facts |= {"distinct": noise.distinct, "came_out": max(number.low, noise.copied.low) > OFTEN}
    sentence = _sentence(best, other, noise.copied, settings.draws)
    if other:
        facts |= _beyond(case, noise, (number, _interval(other)), given_beyond)
        facts["came_out"] = facts["beyond"] or (facts["came_out"] and facts["unlike"])
        if facts["unlike"]:
            sentence += " The two texts differ in kind, so nobody can say how much of it is guessed."
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


def _sentence(best: dict[str, Any], other: dict[str, Any] | None, copied: Interval, draws: int) -> str:
    """Return what came out, with a half given and from nothing, beside fresh text if there is any."""
    return (
        f"With {CLAMPS[best['clamp']]} given, half of the words, the model writes the other half word for word in "
        f"{draws} tries for {spread(_interval(best))} of {best['sentences']} training sentences"
        + (f", and for {spread(_interval(other))} of {other['sentences']} fresh ones. " if other else ". ")
        + f"Of what it writes from nothing, {spread(copied)} is a training sentence."
    )


def _interval(row: dict[str, Any]) -> Interval:
    return Interval(row["share"], row["low"], row["high"])


def _beyond(case: Case, noise: FromNoise, given: tuple[Interval, Interval], above: bool) -> dict[str, Any]:
    """Return whether more training text comes out than fresh text, beyond the intervals, and how sure that is.

    given: shares of members and strangers that came out with a half given; `above` if their intervals do not meet.

    From nothing, a writer who knows the language only hits as many strangers as members, for as many of each.
    """
    members, strangers = (getattr(case.texts, name).x.cpu().unique(dim=0) for name in ("members", "strangers"))
    guessed = share_with_interval(ends_in(noise.written, strangers).inside, len(noise.written))
    written = noise.copied.low > guessed.high * max(1.0, len(members) / len(strangers))
    unlike, told = differs(case.blind), []
    if above:
        told.append(
            f"With the same part given, the interval of training text ({percent(given[0].low)} to "
            f"{percent(given[0].high)}) lies above that of fresh text ({percent(given[1].low)} to "
            f"{percent(given[1].high)}): it is not what somebody would guess who only knows the language."
        )
    if written:
        told.append(
            f"From nothing, {spread(noise.copied)} of what it writes is a training sentence, and {spread(guessed)} a "
            "fresh one."
        )
    told.append("It is the least that comes out: more tries or other words given may bring out more.")
    return {"unlike": unlike, "beyond": (above or written) and not unlike, "sure": " ".join(told)}


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
    if looks_less_hard(case.settings.told()):
        out.append(
            "This audit looked less hard than usual: fewer tries, shorter walks or no corrections. A usual one may "
            "bring out much more, and its headline may be graver. Do not quote this one."
        )
    if not compared:
        out.append("Without strangers nobody knows how much of this is guessed: give fresh text, too.")
    return out


def _text(case: Case, written: torch.Tensor) -> list[str]:
    """Return a few of the sentences that the model wrote, if they were asked for."""
    if not case.settings.show_text:
        return []
    return case.texts.written(written[:SHOWN]) or [str(row) for row in written[:SHOWN].tolist()]

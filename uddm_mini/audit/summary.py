"""A report for somebody who knows neither the model nor the field: what it is about, what to quote, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .finding import Finding, plain_number, spread
from .headline import in_order
from .known import MEASURED, RATES
from .settings import SECTIONS, looks_less_hard

if TYPE_CHECKING:
    from .report import Audit

DIGITS = 12  # of a fingerprint, enough to tell two files apart
STARTS = {"absorbing": "a row of blanks", "uniform": "words drawn at random"}
WHO = {
    "extraction": "To bring text out, somebody must be able to ask the model with words of their own choice, and know "
    "a part of the sentence; what it writes from nothing, anybody sees who may let it write.",
    "membership": "To tell what it was trained on, somebody must see the probabilities of its words, as everybody does "
    "who holds the file.",
}
PARTS = {
    "extraction": "text that comes out word for word",
    "membership": "membership",
    "exposure": "planted sentences",
    "probe": "the verdict",
    "recovery": "words that come back",
    "texts": "whether the texts are alike",
}


def about(audit: Audit) -> list[str]:
    """Return what was audited and how large it is, what such a model is, and who could do what was tried."""
    model, settings = audit.given.get("model"), audit.settings
    if not model:
        return []
    length = next((one["tokens"] for name in ("members", "strangers", "canaries") if (one := _text(audit, name))), None)
    weights = f" with {model['weights']:,} weights" if model.get("weights") else ""
    size = f"Audited: a model{weights} that knows {model['words']:,} words"
    size += f" and writes sentences of {length} of them. " if length else ". "
    kinds = {"members": "training text (members)", "strangers": "fresh text that it has not seen (strangers)"}
    given = [
        f"{_text(audit, name)['sentences']:,} sentences of {told}" for name, told in kinds.items() if _text(audit, name)
    ]
    size += f"Given: {' and '.join(given) or 'no text'}; at most {settings['sentences']:,} of each were measured."
    start = STARTS.get(model["noise"], "noise")
    what = (
        f"A diffusion language model writes by mending: it begins with {start}, and step by step replaces them by "
        "words that fit the others. The noise level says how much of a text is disturbed, from 0 (nothing) to 1 (all); "
        "a changed word comes back if the model, shown the disturbed text, puts the original word there again."
    )
    who = [told for name, told in WHO.items() if (found := audit.finding(name)) and found.applies]
    return [size, what, *([f"Who could do this? {' '.join(who)}"] if who else [])]


def quote(audit: Audit) -> str:
    """Return a paragraph for somebody else's document: numbers with intervals, date and fingerprints."""
    model, told = audit.given.get("model"), [found for found in in_order(audit.findings) if found.applies]
    if not model or not told:
        return ""
    texts = {"members": "training", "strangers": "fresh"}
    given = [
        f"{one['sentences']:,} {kind} sentences ({one['sha256'][:DIGITS]})"
        for name, kind in texts.items()
        if (one := _text(audit, name))
    ]
    version = audit.made.get("versions", {}).get("uddm_mini", "")
    out = [
        f"On {audit.made.get('date', '(no date)')}, a diffusion language model of {model['words']:,} words "
        f"(fingerprint of its {model['of']} {model['sha256'][:DIGITS]}) was audited with uddm_mini {version}, seed "
        f"{audit.settings['seed']}, with {' and '.join(given)}."
    ]
    out += ["It looked less hard than a usual audit, which may bring out more."] * looks_less_hard(audit.settings)
    out += [part for found in told if (part := _quoted(audit, found))]
    return " ".join([*out, "All intervals are over other sentences, for this one model."])


def _quoted(audit: Audit, found: Finding) -> str:
    """Return what is quoted of a section: its numbers, and what must stand beside them."""
    if found.name in ("extraction", "exposure"):
        return found.sentence
    if found.name == "membership" and found.number is not None:
        texts = audit.finding("texts")
        if texts is None or texts.number is None or texts.facts["unlike"] or found.facts.get("swapped"):
            return f"{found.title} {found.sentence}"
        return (
            f"The best membership score has an AUC of {spread(found.number, plain_number)}, a classifier that never "
            f"sees the model one of {spread(texts.number, plain_number)}; 0.50 is guessing."
        )
    if found.name == "probe" and found.number is not None:
        answer, score = found.facts["verdict"], spread(found.number, plain_number)
        rate = RATES.get(answer)
        wrong = f"; such an answer is wrong for {spread(rate.error)} of the {rate.cells} kinds tested" if rate else ""
        return f"Asked without the training text, the answer is “{answer}” (score {score}){wrong}."
    return ""


def not_to_quote(audit: Audit) -> list[str]:
    """Return what a quotation may not claim."""
    tried = {found.name for found in audit.findings if found.applies}
    left = [PARTS[name] for name in SECTIONS if name not in tried]
    untested = f"Nothing about what was not tested: {', '.join([*left, 'other text', 'other ways of asking'])}."
    return [
        "That the model is safe, or holds no training text: this is no certificate.",
        "That one sentence, or one person's text, was or was not in the training text: the numbers are about many.",
        untested,
        "A number without its interval, or one of training text without that of fresh text beside it.",
    ]


def surer(audit: Audit) -> list[str]:
    """Return what would make the report surer, from what was given and how it was measured."""
    settings = audit.settings
    if not settings:
        return []
    members, strangers = _text(audit, "members"), _text(audit, "strangers")
    fresh, known = (one["sentences"] if one else 0 for one in (strangers, members))
    out = []
    if not strangers:
        out.append("Fresh text (strangers): without it there is no verdict, and nothing to compare with.")
    elif fresh < MEASURED:
        out.append(
            f"More fresh sentences: {MEASURED:,}, as many as the error rates were counted with; here are {fresh:,}."
        )
    if not members:
        out.append("Training text (members): without it nobody sees what comes out.")
    elif known > settings["extracted"]:
        out.append(f"All members: half of a sentence was given for {settings['extracted']} of {known:,} (extracted).")
    if max(fresh, known) > settings["sentences"]:
        out.append(f"All sentences: at most {settings['sentences']:,} of each kind were measured (sentences).")
    if members:
        tries = settings["tries"]
        out.append(
            f"More tries: each sentence had {tries}, so that a chance far below 1 in {tries} is not seen (tries)."
        )
    if not audit.given.get("reference"):
        out.append("A reference: a model of the same kind of text that saw none of the members (reference).")
    if not audit.given.get("canaries"):
        out.append("Planted sentences: put some into the training text a known number of times (canaries).")
    return [
        *out,
        f"Another seed: every draw came from seed {settings['seed']} (seed); and another training run, if any.",
    ]


def _text(audit: Audit, name: str) -> Mapping[str, Any]:
    """Return size and fingerprint of a text; empty if it was not given."""
    return audit.given.get(name) or {}

"""Audit a model: does it recite its training text, or has it learned the language, and how sure is that?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from tqdm.auto import tqdm

from uddm_mini.denoiser import Denoiser, Wrapped
from uddm_mini.doors import hidden
from uddm_mini.settings import with_changes

from .case import Case
from .checks import check_model
from .finding import Finding
from .guard import Watched, fingerprint, hash_of
from .plan import Plan, duration, plan_of
from .report import Audit, kept_findings, key_of, versions
from .section_exposure import exposed
from .section_extraction import extracted
from .section_membership import membership, texts
from .section_probe import probe
from .section_recovery import recovery
from .settings import AuditSettings
from .texts import read_texts

LONG = 1200.0  # seconds
SHORTER = " Less than a tenth of that: settings=AuditSettings.quick(), or --quick, with wider intervals."

MEASURES: dict[str, Callable[[Case], Finding]] = {
    "probe": probe,
    "recovery": recovery,
    "texts": texts,
    "membership": membership,
    "extraction": extracted,
    "exposure": exposed,
}


def audit(
    model: Denoiser,
    members: Any = None,
    strangers: Any = None,
    reference: Denoiser | None = None,
    canaries: Any = None,
    settings: AuditSettings | None = None,
    **changes: Any,
) -> Audit:
    """Say whether a model recites its training text or generalizes, how sure that is, and what comes out of it.

    Without training text there is a verdict, from fresh text; with it, also which changed words come back, whether
    members can be told from strangers, and what comes out word for word.

    model: any `Denoiser`; one from elsewhere is wrapped first, see `Wrapped`.
    members: text that the model was trained on, or a part of it: token ids int64[n, L], a `Corpus` (of training text,
        and held-out text as strangers), a list of strings, or the path of a text file with a sentence on each line.
    strangers: text of the same kind that it was not trained on, in one of these forms.
    reference: another model of the same kind of text, with the same words, which saw none of the members.
    canaries: sentences that were planted in the training text: {sentence: number of copies}, a file with lines "copies,
        tab, sentence", or token ids with `copies` among the settings.
    settings: `AuditSettings()` by default; `changes` override its fields: audit(model, strangers=x, out="report").

    Strings are read with the model's own words, or by `encode` of the settings. Says how long it will take before it
    starts. With `out`, the report is written after every section, and what is there already for the same model, texts
    and settings is not measured again. Needs no network. Random, from `seed` of the settings: every draw; the same
    processor gives the same numbers. ValueError in one sentence for a model or a text that cannot be audited.
    """
    settings = with_changes(settings or AuditSettings(), changes)
    read = read_texts(model, members, strangers, canaries, settings)
    length = read.length or getattr(model.function if isinstance(model, Wrapped) else model, "length", None)
    if length is None:
        raise ValueError("There is no text to ask about: give strangers, real text that the model has not seen.")
    if reference is not None and reference.noise.vocab_size != model.noise.vocab_size:
        raise ValueError(
            f"The model has {model.noise.vocab_size} words, but the reference has {reference.noise.vocab_size}: take a "
            "reference with the same words."
        )
    other = None if reference is None else Watched(reference, length, settings.numbers)
    case = Case(Watched(model, length, settings.numbers), read, other, settings, length)
    given = _given(case, reference)
    found = kept_findings(settings.out, key_of(given, settings.told()))
    left = tuple(name for name in settings.sections if name not in found and name in MEASURES)
    begun, plan = time.time(), Plan({}, 0.0)
    if left:
        plan = plan_of(case, left)
        check_model(case)
    return _measured(case, given, found, left, (plan, begun))


def _measured(
    case: Case, given: dict[str, Any], found: dict[str, Finding], left: tuple[str, ...], when: tuple[Plan, float]
) -> Audit:
    """Measure the sections that are left, and write the report after each of them."""
    plan = when[0]
    settings, report = case.settings, _report(case, given, found, when)
    if left and settings.progress:
        shorter = SHORTER if plan.seconds > LONG and len(left) > 1 else ""
        tqdm.write(f"audit: {plan} Sections: {', '.join(left)}.{shorter}")
        for name in ("members", "strangers", "canaries"):
            if given[name] and (lost := given[name]["left_out"]):
                tqdm.write(f"audit: {lost} of the {name} are left out: they have words that the model does not know.")
    with tqdm(total=plan.total, desc="audit", unit=" questions", disable=hidden(settings.progress)) as bar:
        case.model.told = bar.update
        for name in left:
            bar.set_description(f"audit: {name}")
            found[name] = MEASURES[name](case)
            report = _report(case, given, found, when)
            if settings.out is not None:
                report.save(settings.out)
        bar.total = bar.n  # what stood still early was not asked again
        case.model.told = None
    if settings.out is not None and not left:
        report.save(settings.out)
    return report


def _report(case: Case, given: dict[str, Any], found: dict[str, Finding], when: tuple[Plan, float]) -> Audit:
    """Return the report of what was found so far."""
    plan, begun = when
    made: dict[str, Any] = {"versions": versions(), "command": case.settings.command, "device": str(case.model.device)}
    made |= {"planned_seconds": round(plan.seconds, 1), "seconds": round(time.time() - begun, 1)}
    made |= {"planned": duration(plan.seconds), "date": time.strftime("%Y-%m-%d")}
    findings = tuple(found[name] for name in MEASURES if name in found and name in case.settings.sections)
    folder = None if case.settings.out is None else str(case.settings.out)
    return Audit(findings, given, case.settings.told(), made, folder)


def _given(case: Case, reference: Denoiser | None) -> dict[str, Any]:
    """Return hashes and sizes of all that was given."""
    model, read = case.model.model, case.texts
    about: dict[str, Any] = {"model": _about(model, case.length)}
    about["reference"] = _about(reference, case.length) if reference else None
    for name in ("members", "strangers", "canaries"):
        text = getattr(read, name)
        about[name] = text and {
            "sentences": len(text.x),
            "left_out": text.left_out,
            "tokens": case.length,
            "sha256": hash_of(text.x),
        }
    about["ignore"], about["copies"] = list(read.ignore), list(read.copies)
    return about


def _about(model: Denoiser, length: int) -> dict[str, Any]:
    """Return what identifies a model."""
    noise = model.noise
    schedule = f"{type(noise.schedule).__name__.lower()}, {noise.schedule.epsilon:g} left at t = 1"
    told: dict[str, Any] = {
        "words": noise.vocab_size,
        "noise": noise.name,
        "schedule": schedule,
        "predicts": model.predicts,
    }
    module = model.function if isinstance(model, Wrapped) else model
    if isinstance(module, torch.nn.Module) and (weights := sum(part.numel() for part in module.parameters())):
        told["weights"] = weights
    return {**told, **fingerprint(model, length)}

"""The command that audits a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

from uddm_mini.denoiser import Denoiser
from uddm_mini.models.released import load_released
from uddm_mini.options import chosen
from uddm_mini.training.checkpoint import is_ours, load

from .audit import audit
from .headline import in_order
from .settings import AuditSettings


def audit_command(options: argparse.Namespace) -> None:
    """Audit what was typed, print the findings, and write the report."""
    start = AuditSettings.quick if options.quick else AuditSettings
    settings = chosen(options, start(out=options.out, command=options.command))
    texts = {name: getattr(options, name) for name in ("members", "strangers", "canaries")}
    paths = {name: Path(path) for name, path in texts.items() if path}
    model = _opened(options.checkpoint, options.device)
    reference = _opened(options.reference, options.device) if options.reference else None
    found = audit(model, reference=reference, settings=settings, **paths)
    print("\n".join(line for line in found.headline.values() if line) + "\n")
    print("\n".join(f"{one.name:>10}: {one.sentence}" for one in in_order(found.findings)))
    print(f"\nreport.html and report.json are in {options.out}")


def _opened(name: str, device: str) -> Denoiser:
    """Return the model in a checkpoint of this package, or else in a released one."""
    return load(name, device) if is_ours(name) else load_released(name, device=device)

"""Probes of a model that are slow, or of few models: asked for by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import torch

from uddm_mini.models.local_memorizer import LocalMemorizingDenoiser
from uddm_mini.models.ngram import NgramDenoiser

from .along import entropy_along
from .classes import certainty_by_class, recovery_by_class
from .recovery import counted_tokens, token_recovery
from .side import VERDICTS, side_of_transition
from .subject import SPLITS, Row, Subject

ALONG = 16  # sentences of which every beginning is written on, some 240 times each
WINDOWS = (0, 1, 2, 3, 4, 6, 8)  # words to either side that a local memory sees


def along(on: Subject) -> Iterator[Row]:
    """along_0, along_1, ..., by split: the mean entropy of a word given those before it, see `entropy_along`."""
    for split in SPLITS:
        x = on.text(split)[:ALONG]
        counted = counted_tokens(x, on.corpus.ignore).cpu()
        found = entropy_along(on.model, x, generator=on.draws("along"))
        total = (found * counted).sum(dim=0) / counted.sum(dim=0)
        yield from ({"split": split, "quantity": f"along_{k}", "value": v} for k, v in enumerate(total.tolist()))


def local(on: Subject) -> Iterator[Row]:
    """How much of what the model says about noisy held-out text a memory with a small window says, by t and window k.

    local_k: the share of changed words for which both have the same best guess. local_right_k: the same, of the words
        that the model brings back and the whole memory of its training sentences does not. novel: the share of changed
        words that are such.
    """
    x0, noise = on.text("held-out"), on.model.noise
    memories = on.x_train.to(on.model.device)
    for t in on.settings.times:
        xt = noise.corrupt(x0, t, on.draws(f"local at {t:g}"))
        changed = (xt != x0) & counted_tokens(x0, on.corpus.ignore)
        guess = on.model.best_guess(xt, t, "posterior")
        whole = LocalMemorizingDenoiser(memories, noise, x0.shape[1]).best_guess(xt, t, "posterior")
        novel = changed & (guess == x0) & (whole != x0)
        values = {"novel": _share(novel[changed])}
        for k in WINDOWS:
            same = LocalMemorizingDenoiser(memories, noise, k).best_guess(xt, t, "posterior") == guess
            values |= {f"local_{k}": _share(same[changed]), f"local_right_{k}": _share(same[novel])}
        yield from ({"split": "held-out", "t": t, "quantity": name, "value": v} for name, v in values.items())


def side(on: Subject) -> Iterator[Row]:
    """own, fresh, cost, table_entropy, table_cost, score of `side_of_transition`, and its verdict, as VERDICTS has it.

    Fresh text are the held-out sentences.
    """
    fresh, settings = on.corpus.held_out, on.settings
    found = side_of_transition(
        on.model,
        fresh,
        sentences=min(settings.sentences, len(fresh) // 2),
        steps=settings.writing_steps,
        ignore=on.corpus.ignore,
        generator=on.draws("side"),
    )
    values = {**asdict(found), "score": found.score, "verdict": VERDICTS[found.verdict()]}
    yield from ({"split": "held-out", "quantity": f"side_{name}", "value": value} for name, value in values.items())


def classes(on: Subject) -> Iterator[Row]:
    """entropy_of_*, and tokens, error, surprise and certain, by class of English subwords: see `OfClass`.

    Of held-out text, for the model and for a table of pairs counted on its training sentences. For the model by t also
    recovered_of_* and changed_of_*, see `recovery_by_class`.
    """
    x, settings = on.text("held-out"), on.settings
    pairs = NgramDenoiser(on.x_train.to(on.model.device), on.model.noise, order=2)
    for name, denoiser in (("model", on.model), ("pairs", pairs)):
        found = certainty_by_class(denoiser, on.corpus, x, t=settings.entropy_t)
        numbers = {f"{what}_of_{kind}": v for kind, one in found.items() for what, v in asdict(one).items()}
        for quantity, value in numbers.items():
            yield {"split": "held-out", "denoiser": name, "quantity": quantity, "value": value}
    for t in settings.times:
        draws = on.draws(f"classes at {t:g}")
        back = token_recovery(on.model, x, t, settings.walk, ignore=on.corpus.ignore, generator=draws)
        for kind, (share, changed) in recovery_by_class(back, on.corpus).items():
            yield {"split": "held-out", "t": t, "quantity": f"recovered_of_{kind}", "value": share}
            yield {"split": "held-out", "t": t, "quantity": f"changed_of_{kind}", "value": changed}


def _share(hits: torch.Tensor) -> float:
    """Return the mean of a bool tensor; NaN where there is nothing."""
    return float(hits.double().mean()) if hits.numel() else float("nan")

"""The command line: what is behind sweep, train, sample, recover, audit and all other commands; see --help."""

from __future__ import annotations

import argparse
import math
import sys

import torch

from uddm_mini.audit.command import audit_command
from uddm_mini.course.commands import teach_command
from uddm_mini.doors import printable
from uddm_mini.files import check_writable
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.sampling import sample
from uddm_mini.training.checkpoint import check_ours, load, save
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import note_corpus, train
from uddm_mini.walks import Walk
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.settings import TextSettings

from .arguments import make_parser
from .experiment_commands import (
    breaks_command,
    copies_command,
    course_command,
    examine_command,
    halves_command,
    spins_command,
    sweep_command,
)
from .options import chosen, command_line
from .terminal import guarded
from .typed import corpus_named, corpus_typed, trained

ONE_PIECE = ("train", "sample", "recover", "teach")  # commands of which nothing is kept before they end


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: see `guarded`."""
    typed = sys.argv[1:] if arguments is None else arguments
    options = make_parser(
        sweep=sweep_command,
        examine=examine_command,
        halves=halves_command,
        breaks=breaks_command,
        course=course_command,
        copies=copies_command,
        spins=spins_command,
        train=_train,
        sample=_sample,
        recover=_recover,
        audit=audit_command,
        teach=teach_command,
    ).parse_args(typed)
    options.command = command_line(typed)
    return guarded(lambda: options.run(options), resumes=typed[0] not in ONE_PIECE)


def _train(options: argparse.Namespace) -> None:
    settings = trained(options, TrainSettings())
    check_writable(options.out)  # before the minutes that training takes
    check_ours(options.out)
    corpus = corpus_typed(options)
    x = corpus.subset(options.n_train or len(corpus.train), settings.seed)
    model = train(x, settings.noise.of(corpus.vocab_size), settings=settings, device=options.device)
    note_corpus(model, corpus)
    save(model, options.out)
    loss = model.history["loss"][-1]
    print(f"Trained on {len(x)} sentences; last loss {loss:.3f} nats per token. Wrote {options.out}")


def _sample(options: argparse.Namespace) -> None:
    model = load(options.checkpoint, options.device)
    generator = torch.Generator().manual_seed(options.seed)
    x = sample(model, options.n, model.length, options.steps, generator=generator).cpu()
    if model.words:
        written = Corpus("written", x, x, model.words, unit=model.training_settings.get("unit", "word"))
        print(printable("\n".join(written.decode(x))))
    else:
        print(*x.tolist(), sep="\n")


def _recover(options: argparse.Namespace) -> None:
    model = load(options.checkpoint, options.device)
    about = model.training_settings
    settings = chosen(options, TextSettings(vocab_size=model.noise.vocab_size, unit=about.get("unit", "word")))
    corpus = corpus_named(options.corpus, settings)
    if about.get("corpus") != corpus.sha256:
        raise ValueError(
            "This checkpoint was not trained on this corpus (or other versions of its sources), so nobody knows which "
            "of these sentences it has seen; give the corpus that it was trained on."
        )
    splits = {"train": corpus.subset(about["n_train"], about["seed"]), "held-out": corpus.held_out}
    for name, x in splits.items():
        generator = torch.Generator().manual_seed(options.seed)
        x = x[: options.sentences].to(model.device)
        walk = chosen(options, Walk())
        found = token_recovery(model, x, options.t, walk, ignore=corpus.ignore, generator=generator)
        back = f"{found.recovered:.3f} of the changed words came back (chance {found.chance:.3f})"
        print(
            f"{name:>8}: {'no word was changed' if math.isnan(found.recovered) else back}; "
            f"{found.unstable:.3f} of the others broke; {found.exact:.3f} of the sentences are whole again"
        )
        for label, part in (("example", found.x0), ("corrupted", found.xt), ("restored", found.out)):
            print(f"{label:>18}  {printable(corpus.decode(part[:1])[0])}")

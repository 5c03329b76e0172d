"""The command line: what is behind sweep, train, sample, recover, audit and all other commands; see --help."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path

import torch

from uddm_mini.audit.command import audit_command
from uddm_mini.course.commands import teach_command
from uddm_mini.doors import printable
from uddm_mini.experiments.bounds import sweep_bounds
from uddm_mini.experiments.breaks import COLUMNS, BreakSettings, broken_recipes
from uddm_mini.experiments.copies import CopySettings, duplicated_sentences
from uddm_mini.experiments.course import CourseSettings, training_course, turning_points
from uddm_mini.experiments.details import DetailSettings, sweep_details
from uddm_mini.experiments.halves import HalvesSettings, disjoint_halves
from uddm_mini.experiments.spins import SpinSettings, spin_transition
from uddm_mini.experiments.sweep import SweepSettings, run_sweep
from uddm_mini.files import at, check_writable
from uddm_mini.parallel import workers
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.sampling import sample
from uddm_mini.training.checkpoint import check_ours, load, save
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import note_corpus, train
from uddm_mini.walks import Walk
from uddm_mini.worlds import WORLDS
from uddm_mini.worlds.corpus import MOST_HELD_OUT, Corpus, docstring_corpus, text_corpus
from uddm_mini.worlds.drawn import draw_corpus
from uddm_mini.worlds.english import ENGLISH
from uddm_mini.worlds.held_out import told_of_reading
from uddm_mini.worlds.settings import TextSettings
from uddm_mini.worlds.toy_language import ToyLanguage

from .arguments import POOL, make_parser
from .options import Settings, chosen, chosen_sizes, command_line
from .terminal import guarded, say

ONE_PIECE = ("train", "sample", "recover", "teach")  # commands of which nothing is kept before they end


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: see `guarded`."""
    typed = sys.argv[1:] if arguments is None else arguments
    options = make_parser(
        sweep=_sweep,
        examine=_examine,
        halves=_halves,
        breaks=_breaks,
        course=_course,
        copies=_copies,
        spins=_spins,
        train=_train,
        sample=_sample,
        recover=_recover,
        audit=audit_command,
        teach=teach_command,
    ).parse_args(typed)
    options.command = command_line(typed)
    return guarded(lambda: options.run(options), resumes=typed[0] not in ONE_PIECE)


def _corpus_named(name: str, settings: TextSettings, pool: int = POOL, repeats: bool = False) -> Corpus:
    """Return the corpus of a language, with `pool` training sentences, or of a source, by name, or of a text file."""
    if name in WORLDS:  # always the same pool, so that a subset is the same sentences in every command
        return draw_corpus(WORLDS[name](), pool, repeats=repeats)
    if name == "docstrings":
        return docstring_corpus(replace(settings, n_held_out=settings.n_held_out or MOST_HELD_OUT))
    if name in ENGLISH:
        return text_corpus(ENGLISH[name](), settings, name=name)
    corpus = text_corpus(Path(name), settings)
    print(printable(f"{corpus.info['source']}: {told_of_reading(corpus.info)}"), file=sys.stderr)
    return corpus


def _corpus(options: argparse.Namespace) -> Corpus:
    settings = chosen(options, TextSettings())
    if options.corpus in WORLDS and settings != TextSettings():
        raise ValueError(f"Options of real text, such as --vocab-size, do nothing for {options.corpus}.")
    if options.corpus not in WORLDS and (options.pool != POOL or options.repeats):
        raise ValueError(f"--pool and --repeats are for languages; of {options.corpus} all is used.")
    return _corpus_named(options.corpus, settings, options.pool, options.repeats)


def _sweep(options: argparse.Namespace) -> None:
    corpus = _corpus(options)
    sizes = chosen_sizes(options.sizes, len(corpus.train))
    settings = _trained(options, replace(SweepSettings(), command=options.command))
    out = at(options.out)
    results = [out / "sweep.csv", at(options.bounds or out / "bounds.csv")]
    figures = [out / "transition.png", out / "transition.svg"]
    if not results[0].with_suffix(".json").exists() and (foreign := [path for path in figures if path.exists()]):
        raise FileExistsError(f"{foreign[0]} is there, and no sweep of ours beside it; choose another folder.")
    before = [path.stat().st_mtime_ns if path.exists() else 0 for path in results]
    with workers(settings.device) as executor:
        table = run_sweep(corpus, sizes, options.seeds, settings, executor=executor, out=out)
        # with those of earlier calls
        sizes, seeds = (sorted(set(table[name].tolist())) for name in ("n_train", "seed"))
        bounds = sweep_bounds(corpus, sizes, seeds, settings, out=results[1], executor=executor)
    if before != [path.stat().st_mtime_ns for path in results] or not all(path.exists() for path in figures):
        from uddm_mini.teaching.figures import save_transition  # drawing is needed by no other command

        title = {"toy": "Toy language", "docstrings": "Docstrings"}.get(corpus.name, corpus.name)
        save_transition(table, bounds, out, title, corpus.unit)
    shown = table[table.t == 0.25].pivot_table(index="n_train", columns="split", values=["recovered", "entropy"])
    print(shown.round(3).to_string())
    print(f"\nsweep.csv with its note, transition.png and transition.svg are in {out}, the bounds in {results[1]}")


def _examine(options: argparse.Namespace) -> None:
    corpus, settings = _corpus(options), chosen(options, DetailSettings())
    typed = {name: tuple(getattr(options, name) or ()) for name in ("sizes", "seeds")}
    typed |= {"probes": tuple(options.probes)} if options.probes else {}
    for folder in options.folders:
        with workers(settings.device) as executor:
            table = sweep_details(folder, corpus, settings, executor=executor, **typed)
        first = "entropy" if "entropy" in set(table.quantity) else table.quantity.iloc[0]
        shown = table[table.quantity == first].pivot_table(index="n_train", columns="split", values="value")
        print(f"{folder}: mean {first}\n{shown.round(3).to_string()}\nWrote {at(folder) / settings.table}.csv")


def _halves(options: argparse.Namespace) -> None:
    settings = _trained(options, HalvesSettings())
    corpus = _corpus(options)
    by_default = [4**k for k in range(2, 12) if 2 * 4**k <= len(corpus.train)]
    sizes = by_default if options.sizes is None else options.sizes  # an empty list is refused where it is used
    with workers(settings.device) as executor:
        table = disjoint_halves(corpus, sizes, options.seeds, settings, out=options.out, executor=executor)
    shown = table.pivot_table(index=["denoiser", "n_train"], columns="t", values="agreement")
    print(f"Fraction of changed words on which both agree, by t:\n{shown.round(3).to_string()}\nWrote {options.out}")


def _breaks(options: argparse.Namespace) -> None:
    settings = _trained(options, replace(BreakSettings(), command=options.command))
    with workers(settings.device) as executor:
        given = (ToyLanguage(), options.sizes, options.seeds, settings)
        table = broken_recipes(*given, out=options.out, executor=executor)
    shown = table.groupby("denoiser", sort=False)[COLUMNS].mean()
    print(f"Means over the seeds:\n{shown.round(3).to_string()}\nWrote {options.out}")


def _course(options: argparse.Namespace) -> None:
    corpus, settings = _corpus(options), _trained(options, replace(CourseSettings(), command=options.command))
    sizes = chosen_sizes(options.sizes, len(corpus.train))
    with workers(settings.device) as executor:
        table = training_course(corpus, sizes, options.seeds, settings, out=options.out, executor=executor)
    shown = turning_points(table).groupby("n_train")[["generalizes", "memorizes"]].median()
    print(f"Steps until a network generalizes, and memorizes:\n{shown.round(0).to_string()}\nWrote {options.out}")


def _copies(options: argparse.Namespace) -> None:
    corpus, settings = _corpus(options), _trained(options, replace(CopySettings(), command=options.command))
    with workers(settings.device) as executor:
        table = duplicated_sentences(corpus, options.sizes, options.seeds, settings, out=options.out, executor=executor)
    shown = table.groupby(["n_train", "copies"]).mean(numeric_only=True).drop(columns="seed")
    print(f"Means over the seeds:\n{shown.round(3).to_string()}\nWrote {options.out}")


def _spins(options: argparse.Namespace) -> None:
    settings = chosen(options, replace(SpinSettings(), command=options.command))
    with workers("cpu") as executor:
        table = spin_transition(options.sizes, options.seeds, settings, out=options.out, executor=executor)
    shown = table[table.quantity == "recovered"].pivot_table(index="n_train", columns="split", values="value")
    print(f"Flipped units that come back:\n{shown.round(3).to_string()}\nWrote {options.out}")


def _train(options: argparse.Namespace) -> None:
    settings = _trained(options, TrainSettings())
    check_writable(options.out)  # before the minutes that training takes
    check_ours(options.out)
    corpus = _corpus(options)
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
    corpus = _corpus_named(options.corpus, settings)
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


def _trained(options: argparse.Namespace, settings: Settings) -> Settings:
    """Return the settings that were typed; say so if --steps is given in vain."""
    names = ("steps", "epochs")
    if all(any(getattr(options, name, None) for name in (word, f"train.{word}")) for word in names):
        say("--steps has no effect beside --epochs.")
    return chosen(options, settings)

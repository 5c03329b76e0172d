"""The commands that run an experiment: many trainings, a table, and what it shows."""

from __future__ import annotations

import argparse
from dataclasses import replace

from uddm_mini.experiments.bounds import sweep_bounds
from uddm_mini.experiments.breaks import COLUMNS, BreakSettings, broken_recipes
from uddm_mini.experiments.copies import CopySettings, duplicated_sentences
from uddm_mini.experiments.course import CourseSettings, training_course, turning_points
from uddm_mini.experiments.details import DetailSettings, sweep_details
from uddm_mini.experiments.halves import HalvesSettings, disjoint_halves
from uddm_mini.experiments.spins import SpinSettings, spin_transition
from uddm_mini.experiments.sweep import SweepSettings, run_sweep
from uddm_mini.files import at
from uddm_mini.parallel import workers
from uddm_mini.worlds.toy_language import ToyLanguage

from .options import chosen, chosen_sizes
from .typed import corpus_typed, trained


def sweep_command(options: argparse.Namespace) -> None:
    """Train models of many sizes, and draw the transition."""
    corpus = corpus_typed(options)
    sizes = chosen_sizes(options.sizes, len(corpus.train))
    settings = trained(options, replace(SweepSettings(), command=options.command))
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


def examine_command(options: argparse.Namespace) -> None:
    """Measure models of a sweep once more, with other probes."""
    corpus, settings = corpus_typed(options), chosen(options, DetailSettings())
    typed = {name: tuple(getattr(options, name) or ()) for name in ("sizes", "seeds")}
    typed |= {"probes": tuple(options.probes)} if options.probes else {}
    for folder in options.folders:
        with workers(settings.device) as executor:
            table = sweep_details(folder, corpus, settings, executor=executor, **typed)
        first = "entropy" if "entropy" in set(table.quantity) else table.quantity.iloc[0]
        shown = table[table.quantity == first].pivot_table(index="n_train", columns="split", values="value")
        print(f"{folder}: mean {first}\n{shown.round(3).to_string()}\nWrote {at(folder) / settings.table}.csv")


def halves_command(options: argparse.Namespace) -> None:
    """Train pairs of models on disjoint halves, and compare them."""
    settings = trained(options, HalvesSettings())
    corpus = corpus_typed(options)
    by_default = [4**k for k in range(2, 12) if 2 * 4**k <= len(corpus.train)]
    sizes = by_default if options.sizes is None else options.sizes  # an empty list is refused where it is used
    with workers(settings.device) as executor:
        table = disjoint_halves(corpus, sizes, options.seeds, settings, out=options.out, executor=executor)
    shown = table.pivot_table(index=["denoiser", "n_train"], columns="t", values="agreement")
    print(f"Fraction of changed words on which both agree, by t:\n{shown.round(3).to_string()}\nWrote {options.out}")


def breaks_command(options: argparse.Namespace) -> None:
    """Train with one part of the recipe broken at a time."""
    settings = trained(options, replace(BreakSettings(), command=options.command))
    with workers(settings.device) as executor:
        given = (ToyLanguage(), options.sizes, options.seeds, settings)
        table = broken_recipes(*given, out=options.out, executor=executor)
    shown = table.groupby("denoiser", sort=False)[COLUMNS].mean()
    print(f"Means over the seeds:\n{shown.round(3).to_string()}\nWrote {options.out}")


def course_command(options: argparse.Namespace) -> None:
    """Measure models while they train."""
    corpus, settings = corpus_typed(options), trained(options, replace(CourseSettings(), command=options.command))
    sizes = chosen_sizes(options.sizes, len(corpus.train))
    with workers(settings.device) as executor:
        table = training_course(corpus, sizes, options.seeds, settings, out=options.out, executor=executor)
    shown = turning_points(table).groupby("n_train")[["generalizes", "memorizes"]].median()
    print(f"Steps until a network generalizes, and memorizes:\n{shown.round(0).to_string()}\nWrote {options.out}")


def copies_command(options: argparse.Namespace) -> None:
    """Train on sentences that occur several times."""
    corpus, settings = corpus_typed(options), trained(options, replace(CopySettings(), command=options.command))
    with workers(settings.device) as executor:
        table = duplicated_sentences(corpus, options.sizes, options.seeds, settings, out=options.out, executor=executor)
    shown = table.groupby(["n_train", "copies"]).mean(numeric_only=True).drop(columns="seed")
    print(f"Means over the seeds:\n{shown.round(3).to_string()}\nWrote {options.out}")


def spins_command(options: argparse.Namespace) -> None:
    """Train networks of spins of many sizes."""
    settings = chosen(options, replace(SpinSettings(), command=options.command))
    with workers("cpu") as executor:
        table = spin_transition(options.sizes, options.seeds, settings, out=options.out, executor=executor)
    shown = table[table.quantity == "recovered"].pivot_table(index="n_train", columns="split", values="value")
    print(f"Flipped units that come back:\n{shown.round(3).to_string()}\nWrote {options.out}")

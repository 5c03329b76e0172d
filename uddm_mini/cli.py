"""The command line: sweep, examine, halves, train, sample, recover. `python -m uddm_mini --help` starts here."""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch

from uddm_mini.files import check_writable
from uddm_mini.probes.examine import ExamineSettings
from uddm_mini.probes.measure import ProbeSettings
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.process.noise import UniformNoise
from uddm_mini.process.sampling import device_of, sample
from uddm_mini.training.bounds import sweep_bounds
from uddm_mini.training.checkpoint import load, noise_of, save
from uddm_mini.training.details import sweep_details
from uddm_mini.training.halves import disjoint_halves
from uddm_mini.training.sweep import run_sweep
from uddm_mini.training.train import TrainSettings, note_corpus, train
from uddm_mini.worlds.corpus import Corpus, docstring_corpus, text_corpus
from uddm_mini.worlds.language import ToyLanguage

from .arguments import chosen_sizes, command_line, make_parser

TOY_POOL = 8192  # training sentences of the toy language that the command line draws its subsets from


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a mistake of the user's becomes one sentence and exit status 2.

    With UDDM_DEBUG=1 in the environment, errors keep their traceback.
    """
    typed = sys.argv[1:] if arguments is None else arguments
    options = make_parser(
        sweep=_sweep, examine=_examine, halves=_halves, train=_train, sample=_sample, recover=_recover
    ).parse_args(typed)
    options.command = command_line(typed)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _say(str(message))
            options.run(options)
    except KeyboardInterrupt:
        _say("stopped; a sweep resumes when you give the same command again.")
        return 130
    except Exception as error:
        sentence = _sentence(error)
        if not sentence or os.environ.get("UDDM_DEBUG"):
            raise
        _say(sentence)
        return 2
    return 0


def _say(sentence: str) -> None:
    print(f"uddm_mini: {sentence}", file=sys.stderr)


def _sentence(error: Exception) -> str:
    """Return what to tell the user of an error; nothing if it is not the user's, but a mistake in the program."""
    if isinstance(error, BrokenExecutor):
        return "a worker process was ended, most often because memory ran out; the same command resumes."
    # PyTorch has no class of its own for a full memory on a CPU
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in str(error).lower()):
        return "this needs more memory than there is; choose smaller numbers."
    return str(error) if isinstance(error, (ValueError, OSError)) else ""


@contextmanager
def _workers(device: str) -> Iterator[Executor | None]:
    """Yield one process per core for work on a CPU: unlike threads, they never wait for each other's Python."""
    cores = torch.get_num_threads()
    if device != "cpu" or cores == 1:
        yield None
        return
    start_anew = multiprocessing.get_context("spawn")  # a forked PyTorch can hang
    with ProcessPoolExecutor(cores, start_anew, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def load_corpus(name: str, vocab_size: int = 1000, unit: str = "word") -> Corpus:
    """Return the corpus that the command line calls "toy", "docstrings" or by the path of a text file."""
    if name == "toy":  # always the same pool, so that a subset is the same sentences in every command
        return ToyLanguage().corpus(n_train=TOY_POOL)
    if name == "docstrings":
        return docstring_corpus(vocab_size=vocab_size, unit=unit)  # type: ignore[arg-type]
    return text_corpus(Path(name), vocab_size=vocab_size, unit=unit)  # type: ignore[arg-type]


def _corpus(options: argparse.Namespace) -> Corpus:
    if options.corpus == "toy" and (options.vocab or options.unit):
        raise ValueError("--vocab and --unit are for real text; the toy language has words of its own.")
    return load_corpus(options.corpus, options.vocab or 1000, options.unit or "word")


def _sweep(options: argparse.Namespace) -> None:
    corpus = _corpus(options)
    sizes = chosen_sizes(options.sizes, len(corpus.train))
    probe = ProbeSettings(method=options.method, sentences=options.sentences)
    out = Path(options.out)
    language = ToyLanguage() if options.corpus == "toy" else None
    results = [out / name for name in ("sweep.csv", "bounds.csv")]
    before = [path.stat().st_mtime_ns if path.exists() else 0 for path in results]
    with _workers(options.device) as workers:
        table = run_sweep(
            corpus,
            sizes,
            options.seeds,
            settings=_settings(options),
            probe=probe,
            executor=workers,
            out=out,
            device=options.device,
            keep_models=options.keep_models,
            command=options.command,
        )
        # with those of earlier calls
        sizes, seeds = (sorted(set(table[name].tolist())) for name in ("n_train", "seed"))
        bounds = sweep_bounds(
            corpus,
            sizes,
            seeds,
            language=language,
            probe=probe,
            schedule=options.schedule,
            out=out / "bounds.csv",
            executor=workers,
        )
    figures = [out / "transition.png", out / "transition.svg"]
    if before != [path.stat().st_mtime_ns for path in results] or not all(path.exists() for path in figures):
        from uddm_mini.teaching.figures import save_transition  # drawing is needed by no other command

        title = {"toy": "Toy language", "docstrings": "Docstrings"}.get(corpus.name, corpus.name)
        save_transition(table, bounds, out, title, corpus.unit)
    shown = table[table.t == 0.25].pivot_table(index="n_train", columns="split", values=["recovered", "entropy"])
    print(shown.round(3).to_string())
    print(f"\nsweep.csv, bounds.csv, settings.json, transition.png and transition.svg are in {out}")


def _examine(options: argparse.Namespace) -> None:
    corpus = _corpus(options)
    settings = ExamineSettings(sentences=options.sentences)
    language = ToyLanguage() if options.corpus == "toy" else None
    for folder in options.folders:
        with _workers(options.device) as workers:
            table = sweep_details(
                folder, corpus, language=language, settings=settings, executor=workers, device=options.device
            )
        shown = table[table.quantity == "entropy"].pivot_table(index="n_train", columns="split", values="value")
        print(f"{folder}: mean entropy (nats)\n{shown.round(3).to_string()}\nWrote {Path(folder) / 'details.csv'}")


def _halves(options: argparse.Namespace) -> None:
    settings, out = _settings(options), Path(options.out)
    corpus = _corpus(options)
    sizes = options.sizes
    if sizes is None:
        sizes = [4**k for k in range(2, 12) if 2 * 4**k <= len(corpus.train)]
    with _workers(options.device) as workers:
        table = disjoint_halves(
            corpus,
            sizes,
            options.seeds,
            settings=settings,
            out=out,
            executor=workers,
            device=options.device,
        )
    shown = table.pivot_table(index=["denoiser", "n_train"], columns="t", values="agreement")
    print(f"Fraction of changed words on which both agree, by t:\n{shown.round(3).to_string()}\nWrote {options.out}")


def _train(options: argparse.Namespace) -> None:
    settings = _settings(options)
    check_writable(Path(options.out))  # before the minutes that training takes
    corpus = _corpus(options)
    x = corpus.subset(options.n_train or len(corpus.train), options.seed)
    model = train(x, UniformNoise(corpus.vocab_size, settings.schedule), settings=settings, device=options.device)
    note_corpus(model, corpus)
    save(model, options.out)
    print(
        f"Trained on {len(x)} sentences; last loss {model.history['loss'][-1]:.3f} nats per token. Wrote {options.out}"
    )


def _sample(options: argparse.Namespace) -> None:
    model = load(options.checkpoint, options.device)
    generator = torch.Generator().manual_seed(options.seed)
    x = sample(model, noise_of(model), options.n, model.settings.length, options.steps, generator=generator).cpu()
    if model.words:
        written = Corpus("written", x, x, model.words, unit=model.training_settings.get("unit", "word"))
        print("\n".join(written.decode(x)))
    else:
        print(*x.tolist(), sep="\n")


def _recover(options: argparse.Namespace) -> None:
    model = load(options.checkpoint, options.device)
    about = model.training_settings
    corpus = load_corpus(options.corpus, model.settings.vocab_size, about.get("unit", "word"))
    if about.get("corpus") != corpus.sha256:
        raise ValueError(
            "This checkpoint was not trained on this corpus (or other versions of its sources), so nobody knows which "
            "of these sentences it has seen; give the corpus that it was trained on."
        )
    splits = {"train": corpus.subset(about["n_train"], about["seed"]), "held-out": corpus.test}
    for name, x in splits.items():
        generator = torch.Generator().manual_seed(options.seed)
        found = token_recovery(
            model,
            noise_of(model),
            x[: options.sentences].to(device_of(model)),
            options.t,
            options.method,
            ignore=corpus.ignore,
            generator=generator,
        )
        back = f"{found.recovered:.3f} of the changed words came back (chance {found.chance:.3f})"
        print(
            f"{name:>8}: {'no word was changed' if math.isnan(found.recovered) else back}; "
            f"{found.unstable:.3f} of the others broke; {found.exact:.3f} of the sentences are whole again"
        )
        for label, part in (("example", found.x0), ("corrupted", found.xt), ("restored", found.out)):
            print(f"{label:>18}  {corpus.decode(part[:1])[0]}")


def _settings(options: argparse.Namespace) -> TrainSettings:
    if options.steps and options.epochs:
        _say("--steps has no effect beside --epochs.")
    chosen = {k: v for k, v in vars(options).items() if k in TrainSettings.__dataclass_fields__ and v is not None}
    return TrainSettings(**chosen)

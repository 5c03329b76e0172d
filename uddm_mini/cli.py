"""The command line: sweep, examine, halves, train, sample, recover. `python -m uddm_mini --help` starts here."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shlex
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch

from uddm_mini.files import replacing
from uddm_mini.probes.examine import ExamineSettings
from uddm_mini.probes.measure import ProbeSettings
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.process.noise import UniformNoise
from uddm_mini.process.sampling import device_of, sample
from uddm_mini.training.bounds import sweep_bounds
from uddm_mini.training.checkpoint import load, save
from uddm_mini.training.details import sweep_details
from uddm_mini.training.halves import disjoint_halves
from uddm_mini.training.sweep import run_sweep
from uddm_mini.training.train import TrainSettings, note_corpus, train
from uddm_mini.worlds.corpus import Corpus, docstring_corpus, text_corpus
from uddm_mini.worlds.language import ToyLanguage

from .arguments import make_parser

TOY_POOL = 8192  # training sentences of the toy language that the command line draws its subsets from


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a mistake of the user's becomes one sentence and exit status 2."""
    typed = sys.argv[1:] if arguments is None else arguments
    options = make_parser(
        sweep=_sweep, examine=_examine, halves=_halves, train=_train, sample=_sample, recover=_recover
    ).parse_args(typed)
    options.command = shlex.join(["python", "-m", "uddm_mini", *map(_without_folder, typed)])
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(f"uddm_mini: {error}", file=sys.stderr)
        return 2
    except (RuntimeError, MemoryError) as error:  # PyTorch has no class of its own for a full memory on a CPU
        if "memory" not in str(error).lower():
            raise
        print("uddm_mini: this needs more memory than there is; choose smaller numbers.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("uddm_mini: stopped; a sweep resumes when you give the same command again.", file=sys.stderr)
        return 130
    return 0


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


def _sweep(options: argparse.Namespace) -> None:
    corpus = load_corpus(options.corpus, options.vocab, options.unit)
    sizes = _sizes(options.sizes, len(corpus.train))
    probe = ProbeSettings(method=options.method, sentences=options.sentences)
    out = Path(options.out)
    language = ToyLanguage() if options.corpus == "toy" else None
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
        )
        _note_command(out / "settings.json", options.command)
        sizes, seeds = (
            sorted(set(table[name].tolist())) for name in ("n_train", "seed")
        )  # with those of earlier calls
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
    from uddm_mini.teaching.figures import save_transition  # drawing is needed by no other command

    title = {"toy": "Toy language", "docstrings": "Docstrings"}.get(corpus.name, corpus.name)
    save_transition(table, bounds, out, title, corpus.unit)
    shown = table[table.t == 0.25].pivot_table(index="n_train", columns="split", values=["recovered", "entropy"])
    print(shown.round(3).to_string())
    print(f"\nWrote sweep.csv, bounds.csv, settings.json, transition.png and transition.svg to {out}")


def _examine(options: argparse.Namespace) -> None:
    corpus = load_corpus(options.corpus, options.vocab, options.unit)
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
    corpus = load_corpus(options.corpus, options.vocab, options.unit)
    sizes = options.sizes or [4**k for k in range(2, 12) if 2 * 4**k <= len(corpus.train)]
    settings = _settings(options)
    with _workers(options.device) as workers:
        table = disjoint_halves(
            corpus,
            sizes,
            options.seeds,
            settings=settings,
            out=Path(options.out),
            executor=workers,
            device=options.device,
        )
    shown = table.pivot_table(index=["denoiser", "n_train"], columns="t", values="agreement")
    print(f"Fraction of changed words on which both agree, by t:\n{shown.round(3).to_string()}\nWrote {options.out}")


def _train(options: argparse.Namespace) -> None:
    settings = _settings(options)
    _check_writable(Path(options.out))  # before the minutes that training takes
    corpus = load_corpus(options.corpus, options.vocab, options.unit)
    x = corpus.subset(options.n_train or len(corpus.train), options.seed)
    model = train(x, UniformNoise(corpus.vocab_size, settings.schedule), settings=settings, device=options.device)
    note_corpus(model, corpus)
    save(model, options.out)
    print(
        f"Trained on {len(x)} sentences; last loss {model.history['loss'][-1]:.3f} nats per token. Wrote {options.out}"
    )


def _sample(options: argparse.Namespace) -> None:
    model = load(options.checkpoint, options.device)
    noise = UniformNoise(model.settings.vocab_size, model.training_settings.get("schedule", "linear"))
    generator = torch.Generator().manual_seed(options.seed)
    path = sample(model, noise, options.n, model.settings.length, options.steps, generator=generator)
    between = "" if model.training_settings.get("unit") == "character" else " "
    for row in path.tolist():
        print(between.join(model.words[i] for i in row if model.words[i] != "<pad>") if model.words else row)


def _recover(options: argparse.Namespace) -> None:
    model = load(options.checkpoint, options.device)
    noise = UniformNoise(model.settings.vocab_size, model.training_settings.get("schedule", "linear"))
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
            noise,
            x[: options.sentences].to(device_of(model)),
            options.t,
            options.method,
            ignore=corpus.ignore,
            generator=generator,
        )
        print(
            f"{name:>8}: {found.recovered:.3f} of the changed words came back (chance {found.chance:.3f}); "
            f"{found.unstable:.3f} of the others broke; {found.exact:.3f} of the sentences are whole again"
        )
        for label, part in (("example", found.x0), ("corrupted", found.xt), ("restored", found.out)):
            print(f"{label:>18}  {corpus.decode(part[:1])[0]}")


def _without_folder(word: str) -> str:
    """Return what was typed, of absolute paths only the name: folders are the user's business."""
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return option + equals + (Path(value).name if Path(value).is_absolute() else value)


def _note_command(path: Path, command: str) -> None:
    """Add the command that was typed to the settings file of a sweep."""
    about = json.loads(path.read_text(encoding="utf-8"))
    about["about"]["command"] = command
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _check_writable(path: Path) -> None:
    """Raise OSError if no file can be written at `path`."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def _settings(options: argparse.Namespace) -> TrainSettings:
    chosen = {k: v for k, v in vars(options).items() if k in TrainSettings.__dataclass_fields__ and v is not None}
    return TrainSettings(**chosen)


def _sizes(wanted: list[int] | None, largest: int) -> list[int]:
    """Return the wanted sizes, 0 standing for the whole corpus; by default 16, 64, 256, ... and the whole corpus."""
    if wanted is None:
        wanted = [*(4**k for k in range(2, 12) if 4**k < largest), 0]
    return [n or largest for n in wanted]

"""The command line: sweep, train, sample, recover. `python -m uddm_mini --help` starts here."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch

from uddm_mini.probes.recovery import token_recovery
from uddm_mini.process.noise import UniformNoise
from uddm_mini.process.sampling import sample
from uddm_mini.training.checkpoint import load, replacing, save
from uddm_mini.training.sweep import ProbeSettings, run_sweep, sweep_bounds
from uddm_mini.training.train import TrainSettings, train
from uddm_mini.worlds.corpus import Corpus, docstring_corpus, text_corpus
from uddm_mini.worlds.language import ToyLanguage

TOY_POOL = 8192  # training sentences of the toy language that the command line draws its subsets from
CORPUS_HELP = (
    "toy: sentences of a language with exact probabilities; docstrings: English from installed Python packages; "
    "or the path of a text file"
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a mistake of the user's becomes one sentence and exit status 2."""
    options = _parser().parse_args(arguments)
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


def load_corpus(name: str, vocab_size: int = 1000, unit: str = "word") -> Corpus:
    """Return the corpus that the command line calls "toy", "docstrings" or by the path of a text file."""
    if name == "toy":  # always the same pool, so that a subset is the same sentences in every command
        return ToyLanguage().corpus(n_train=TOY_POOL)
    if name == "docstrings":
        return docstring_corpus(vocab_size=vocab_size, unit=unit)  # type: ignore[arg-type]
    return text_corpus(Path(name), vocab_size=vocab_size, unit=unit)  # type: ignore[arg-type]


def _sweep(options: argparse.Namespace) -> None:
    corpus = load_corpus(options.corpus, options.vocab)
    sizes = _sizes(options.sizes, len(corpus.train))
    probe = ProbeSettings(method=options.method, sentences=options.sentences)
    out = Path(options.out)
    table = run_sweep(
        corpus,
        sizes,
        options.seeds,
        settings=_settings(options),
        probe=probe,
        out=out,
        device=options.device,
        keep_models=options.keep_models,
    )
    language = ToyLanguage() if options.corpus == "toy" else None
    sizes, seeds = (sorted(set(table[name].tolist())) for name in ("n_train", "seed"))  # with those of earlier calls
    bounds = sweep_bounds(corpus, sizes, seeds, language=language, probe=probe, schedule=options.schedule)
    with replacing(out / "bounds.csv") as temporary:
        bounds.to_csv(temporary, index=False, float_format="%.6g")
    from uddm_mini.teaching.figures import save_transition  # drawing is needed by no other command

    title = {"toy": "Toy language", "docstrings": "Docstrings"}.get(corpus.name, corpus.name)
    save_transition(table, bounds, out, title)
    shown = table[table.t == 0.25].pivot_table(index="n_train", columns="split", values=["recovered", "entropy"])
    print(shown.round(3).to_string())
    print(f"\nWrote sweep.csv, bounds.csv, settings.json, transition.png and transition.svg to {out}")


def _train(options: argparse.Namespace) -> None:
    settings = _settings(options)
    _check_writable(Path(options.out))  # before the minutes that training takes
    corpus = load_corpus(options.corpus, options.vocab)
    x = corpus.subset(options.n_train or len(corpus.train), options.seed)
    model = train(x, UniformNoise(corpus.vocab_size, settings.schedule), settings=settings, device=options.device)
    model.words, model.training_settings["corpus"] = corpus.words, corpus.sha256
    save(model, options.out)
    print(
        f"Trained on {len(x)} sentences; last loss {model.history['loss'][-1]:.3f} nats per token. Wrote {options.out}"
    )


def _sample(options: argparse.Namespace) -> None:
    model = load(options.checkpoint, options.device)
    noise = UniformNoise(model.settings.vocab_size, model.training_settings.get("schedule", "linear"))
    generator = torch.Generator().manual_seed(options.seed)
    path = sample(model, noise, options.n, model.settings.length, options.steps, generator=generator)
    for row in path.tolist():
        print(" ".join(model.words[i] for i in row).replace(" <pad>", "") if model.words else row)


def _recover(options: argparse.Namespace) -> None:
    model = load(options.checkpoint, options.device)
    noise = UniformNoise(model.settings.vocab_size, model.training_settings.get("schedule", "linear"))
    corpus = load_corpus(options.corpus, model.settings.vocab_size)
    about = model.training_settings
    if about.get("corpus") != corpus.sha256:
        raise ValueError(
            "This checkpoint was not trained on this corpus (or other versions of its sources), so nobody knows which "
            "of these sentences it has seen; give the corpus that it was trained on."
        )
    splits = {"train": corpus.subset(about["n_train"], about["seed"]), "held-out": corpus.test}
    for name, x in splits.items():
        generator = torch.Generator().manual_seed(options.seed)
        found = token_recovery(
            model, noise, x[: options.sentences], options.t, options.method, ignore=corpus.ignore, generator=generator
        )
        print(
            f"{name:>8}: {found.recovered:.3f} of the changed words came back (chance {found.chance:.3f}); "
            f"{found.unstable:.3f} of the others broke; {found.exact:.3f} of the sentences are whole again"
        )
        for label, part in (("example", found.x0), ("corrupted", found.xt), ("restored", found.out)):
            print(f"{label:>18}  {corpus.decode(part[:1])[0]}")


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


def _numbers(text: str) -> list[int]:
    return [_seed(part) for part in text.replace("all", "0").split(",") if part.strip()]


def _count(text: str, least: int = 1) -> int:
    if not text.strip().isdecimal() or not least <= int(text) < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {2**32 - 1}")
    return int(text)


def _seed(text: str) -> int:
    return _count(text, least=0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m uddm_mini",
        description="Train and probe small uniform discrete diffusion models of language.",
        epilog="Each command explains itself: python -m uddm_mini sweep --help",
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    sweep = commands.add_parser("sweep", help="train on more and more sentences and measure memory and generalization")
    _corpus_options(sweep)
    sweep.add_argument(
        "--sizes",
        type=_numbers,
        metavar="N,N,...",
        help="training-set sizes, such as 32,128,all (default 16, 64, ... all)",
    )
    sweep.add_argument("--seeds", type=_numbers, default=[0, 1, 2], metavar="S,S,...", help="seeds (default 0,1,2)")
    sweep.add_argument("--out", required=True, metavar="DIR", help="folder for the results; give it again to resume")
    sweep.add_argument("--sentences", type=_count, default=1024, help="sentences measured in each split (default 1024)")
    sweep.add_argument("--keep-models", action="store_true", help="also write a checkpoint for every model")
    _method_option(sweep)
    _training_options(sweep)
    sweep.set_defaults(run=_sweep)

    one = commands.add_parser("train", help="train one model and save it")
    _corpus_options(one)
    one.add_argument("--n-train", type=_count, metavar="N", help="training sentences (default: all)")
    one.add_argument("--seed", type=_seed, default=0, help="seed of weights, subset and batches (default 0)")
    one.add_argument("--out", required=True, metavar="FILE", help="checkpoint to write, for example model.safetensors")
    _training_options(one)
    one.set_defaults(run=_train)

    draw = commands.add_parser("sample", help="write new sentences with a trained model")
    _checkpoint_options(draw)
    draw.add_argument("-n", type=_count, default=8, help="how many sentences (default 8)")
    draw.add_argument("--steps", type=_count, default=64, help="steps of the reverse process (default 64)")
    draw.set_defaults(run=_sample)

    recover = commands.add_parser("recover", help="corrupt sentences and count which words a trained model brings back")
    _checkpoint_options(recover)
    _corpus_options(recover, vocab=False)
    recover.add_argument("--t", type=float, default=0.25, help="noise level between 0 and 1 (default 0.25)")
    recover.add_argument("--sentences", type=_count, default=256, help="how many of each split (default 256)")
    _method_option(recover)
    recover.set_defaults(run=_recover)
    return parser


def _corpus_options(parser: argparse.ArgumentParser, vocab: bool = True) -> None:
    parser.add_argument("--corpus", default="toy", metavar="toy|docstrings|FILE", help=CORPUS_HELP)
    if vocab:
        parser.add_argument("--vocab", type=_count, default=1000, help="vocabulary size for real text (default 1000)")


def _method_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--method",
        choices=("argmax", "reverse", "iterate"),
        default="argmax",
        help="how words are brought back: best guess at once, reverse process, or repeated best guess (default argmax)",
    )


def _checkpoint_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="a file written by the train command")
    parser.add_argument("--seed", type=_seed, default=0, help="seed of the noise (default 0)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default cpu)")


def _training_options(parser: argparse.ArgumentParser) -> None:
    defaults = TrainSettings()
    for name, text in (
        ("steps", "training steps"),
        ("batch_size", "sentences per step"),
        ("width", "width of the model"),
        ("depth", "layers of the model"),
    ):
        flag, default = f"--{name.replace('_', '-')}", getattr(defaults, name)
        parser.add_argument(flag, type=_count, help=f"{text} (default {default})")
    parser.add_argument("--learning-rate", type=float, help=f"peak step size (default {defaults.learning_rate})")
    parser.add_argument("--ema", type=float, help="decay of averaged weights, for example 0.99 (default: none)")
    parser.add_argument("--loss", choices=("nelbo", "cross_entropy"), default="nelbo", help="default nelbo")
    parser.add_argument("--schedule", choices=("linear", "cosine"), default="linear", help="noise (default linear)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default cpu)")

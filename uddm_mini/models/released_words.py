"""The words of a released checkpoint: its tokenizer's vocabulary, and text to ids and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from uddm_mini.worlds.subwords import joined

FIRST, LAST, PAD, UNKNOWN = "[CLS]", "[SEP]", "[PAD]", "[UNK]"


@dataclass(frozen=True)
class WordPieces:
    """The vocabulary of a BERT tokenizer: words and, with ## before them, pieces that go on a word (Wu et al. 2016).

    words: the word of each id.
    lower: text is put into lower case, without accents, before it is cut.
    """

    words: tuple[str, ...]
    lower: bool = True

    def encode(self, texts: Iterable[str], length: int, *, packed: bool) -> torch.Tensor:
        """Return token ids int64[N, L] of texts, each row as the checkpoints' data loaders make it.

        length: L.
        packed: False: one row for a text, [CLS] text [SEP] and padding, cut at L. True: the texts one after the other,
            with [SEP] after each, in rows of L - 2 tokens between [CLS] and [SEP]; what is left over is dropped.

        Needs the optional package `tokenizers`. ValueError without the special words.
        """
        try:
            from tokenizers import BertWordPieceTokenizer
        except ImportError:
            raise ImportError("Text to ids needs the package tokenizers: pip install tokenizers") from None
        ids = {word: i for i, word in enumerate(self.words)}
        if missing := [word for word in (FIRST, LAST, PAD, UNKNOWN) if word not in ids]:
            raise ValueError(f"This vocabulary has no {', '.join(missing)}, so it is not that of a BERT tokenizer.")
        cut = BertWordPieceTokenizer(ids, lowercase=self.lower)
        first, last, pad = ids[FIRST], ids[LAST], ids[PAD]
        rows = [found.ids for found in cut.encode_batch(list(texts), add_special_tokens=False)]
        inside = length - 2
        if packed:
            together = [token for row in rows for token in [*row, last]]
            rows = [together[i : i + inside] for i in range(0, len(together) - inside + 1, inside)]
        whole = [[first, *row[:inside], last] for row in rows]
        padded = [row + [pad] * (length - len(row)) for row in whole]
        return torch.tensor(padded, dtype=torch.int64).reshape(len(padded), length)

    def decode(self, x: torch.Tensor) -> list[str]:
        """Return the text of each row of token ids int64[N, L], pieces put together, without padding at the end."""
        rows = [[self.words[i] for i in row] for row in torch.atleast_2d(x).tolist()]
        return [joined(row[: max((i + 1 for i, w in enumerate(row) if w != PAD), default=0)]) for row in rows]


def read_vocabulary(path: str | Path, vocab_size: int) -> tuple[str, ...]:
    """Read a vocab.txt (one word a line) or a tokenizer.json with V words; ValueError for another number of them."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no vocabulary at {path}; bert-base-uncased has it as vocab.txt.")
    try:
        text = path.read_text("utf-8")
        found = words_of_json(json.loads(text)) if path.suffix == ".json" else dict(_numbered(text))
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is neither a list of words, one a line, nor a tokenizer.json.") from None
    return in_order(found, vocab_size, str(path))


def _numbered(text: str) -> Iterable[tuple[str, int]]:
    return ((word, i) for i, word in enumerate(text.removesuffix("\n").split("\n")))


def words_of_json(about: Any) -> dict[str, int]:
    """Return the ids by word of a tokenizer.json; ValueError if it has none."""
    model = about.get("model") if isinstance(about, dict) else None
    found = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(found, dict):
        raise ValueError("no vocabulary")
    return found


def in_order(found: dict[str, int], vocab_size: int, source: str) -> tuple[str, ...]:
    """Return the word of each id; ids without a word are "[id]". ValueError if there are ids beyond the network's."""
    ids = {i: word for word, i in found.items() if type(i) is int and isinstance(word, str)}
    if not ids or min(ids) < 0 or max(ids) >= vocab_size or len(ids) * 2 < vocab_size:
        raise ValueError(
            f"{source} has {len(ids):,} words and the network {vocab_size:,}, so it is the vocabulary of another model."
        )
    return tuple(ids.get(i, f"[{i}]") for i in range(vocab_size))

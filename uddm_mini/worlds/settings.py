"""How sentences become a corpus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from uddm_mini.settings import option

PAD, UNKNOWN = "<pad>", "<unk>"  # token ids 0 and 1
UNITS = ("word", "subword", "character")


@dataclass(frozen=True)
class TextSettings:
    """How sentences become a corpus; kept in `Corpus.info`.

    unit: "character" spells sentences, spaces included, and "subword" cuts rare words into pieces (see `find_pieces`);
        both count these where the lines below say words, except for near duplicates, min_words and max_words.
    n_held_out: sentences held out by `seed`; 0 holds out a tenth, at most 512.
    """

    vocab_size: int = option(1000, "words of the vocabulary, <pad> and <unk> among them; all others become <unk>")
    min_words: int = option(5, "words of the shortest sentence that is used")
    max_words: int = option(16, "words of the longest sentence that is used; shorter ones are padded to it")
    n_held_out: int = option(0, "sentences held out; 0: a tenth, at most 512")
    seed: int = 0  # decides which
    max_unknown: float = option(0.2, "a sentence with a larger share of <unk> is dropped")
    max_overlap: float = option(0.8, "a training sentence with this share of a held-out one's words is dropped")
    unit: Literal["word", "subword", "character"] = option("word", "the tokens of real text", UNITS)
    max_subwords: int = option(24, "pieces of the longest sentence, with unit subword")
    max_characters: int = option(40, "characters of the longest sentence, with unit character")

    @property
    def length(self) -> int:
        """Return L, the number of tokens of a padded sentence."""
        return {"word": self.max_words, "subword": self.max_subwords, "character": self.max_characters}[self.unit]

    def items(self, sentence: str) -> list[str]:
        """Return what is counted for the vocabulary in a sentence of words joined by spaces."""
        return list(sentence) if self.unit == "character" else sentence.split()

    def __post_init__(self) -> None:
        if not 1 <= self.min_words <= self.max_words:
            raise ValueError(
                f"min_words and max_words must be 1 <= min <= max; they are {self.min_words} and {self.max_words}."
            )
        if self.unit not in UNITS:
            raise ValueError(f'unit must be "word", "subword" or "character", but is {self.unit!r}.')
        if min(self.max_subwords, self.max_characters) < 1:
            raise ValueError(
                f"max_subwords and max_characters must be at least 1; they are {self.max_subwords} and "
                f"{self.max_characters}."
            )
        if self.vocab_size < 3:
            raise ValueError(f"vocab_size is {self.vocab_size}, but {PAD}, {UNKNOWN} and one word make at least 3.")
        if self.n_held_out < 0 or self.seed < 0:
            raise ValueError(f"n_held_out and seed must be at least 0; they are {self.n_held_out} and {self.seed}.")
        if not 0 <= self.max_unknown <= 1 or not 0 < self.max_overlap <= 1:
            raise ValueError(
                f"max_unknown and max_overlap are fractions of a sentence (0 to 1, max_overlap above 0); "
                f"they are {self.max_unknown} and {self.max_overlap}."
            )

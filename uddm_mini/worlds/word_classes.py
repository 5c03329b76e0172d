"""Which subwords of English are grammar, which are content, which are pieces, and how frequent they are."""

from __future__ import annotations

import torch

from .subwords import INSIDE

# closed classes of English, by hand; a word of two classes stands in one
CLOSED = (
    # determiners
    "a an the this that these those some any no every each all both either neither another such",
    # prepositions
    "of in to for with by as on from at into out up off over under about between through during after before around "
    "against without within down upon among along across toward near above below behind since until per",
    # conjunctions, and what joins a clause
    "and or but nor so yet if than because while when where which who whom whose what though although unless whether",
    # pronouns
    "i me my he him his she her hers it its we us our you your they them their one someone something anyone anything",
    # auxiliaries, and what goes with them
    "be is are was were been being am do does did have has had having can could will would may might must shall should "
    "not there",
)
FUNCTION_WORDS = frozenset(word for words in CLOSED for word in words.split())
KINDS = ("function", "content", "begins", "goes-on")
BANDS = 4


def word_kinds(x: torch.Tensor, words: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """Return a mask bool[B, L] for each of KINDS, of sentences int64[B, L] by subwords; of each token one is True.

    "function": a whole word of FUNCTION_WORDS. "content": any other whole word. "begins": the first piece of a longer
    word. "goes-on": a piece that goes on a word. Padding is content here: leave it out when you count.
    """
    inside = torch.tensor([word.startswith(INSIDE) for word in words], device=x.device)[x]
    grammar = torch.tensor([word in FUNCTION_WORDS for word in words], device=x.device)[x]
    broken = torch.zeros_like(inside)
    broken[:, :-1] = inside[:, 1:]  # the next piece belongs to the same word
    whole = ~inside & ~broken
    return dict(zip(KINDS, (whole & grammar, whole & ~grammar, ~inside & broken, inside), strict=True))


def frequency_bands(text: torch.Tensor, vocab_size: int, bands: int = BANDS) -> torch.Tensor:
    """Return the band of every token id, int64[V]: 0 for the commonest; each band has about the same share of `text`.

    text: token ids int64[n] without padding. A token belongs to the band in which the more frequent ones end.
    ValueError if there is no text.
    """
    if not len(text):
        raise ValueError("Without any text no token is more frequent than another.")
    counts = torch.bincount(text, minlength=vocab_size)
    order = counts.argsort(descending=True, stable=True)
    before = counts[order].cumsum(0) - counts[order]  # tokens that are more frequent
    found = torch.empty_like(order)
    found[order] = (bands * before // len(text)).clamp_max(bands - 1)
    return found

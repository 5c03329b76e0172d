"""Checks of the chapter "Does it happen in English, word by word?"."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from uddm_mini.experiments.crossing import first_passage
from uddm_mini.teaching.answers import as_tensor, as_whole, close, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

# words as pieces with blanks between them, and how often each occurs; no two pairs are equally common
TEXTS = (
    {"h u g": 10, "p u g": 5, "p u n": 12, "b u n": 4, "h u g s": 5},  # u g 20 times, in more words than any other
    {"t h e": 9, "c a t": 5, "s a t": 3, "m a t": 2, "h a t": 1},  # a t in four words, 11 times
    {"x y": 9, "a b": 2, "c a b": 2, "d a b": 2},  # a b in the most words, x y the most often
    {"a a a": 4, "a b": 3, "b c": 5},  # a a is there 8 times, and can be merged 4 times
    {"th e": 7, "th i s": 4, "i s": 2, "c a t": 5},
)
# nats per subword, subwords, characters
PRICES = ((2.0, 100, 400), (4.55, 13, 41), (3.1, 250, 900), (4.55, 20, 41))
# sizes, the gap at each of them, tokens of a sentence
GAPS = (
    ((64, 256, 1024, 4096), (0.96, 0.80, 0.30, 0.02), 13.0),
    ((16, 64, 256), (0.60, 0.35, 0.05), 14.0),
    ((100, 200, 400, 1600), (0.90, 0.88, 0.20, 0.10), 33.3),
    ((16, 64, 256), (0.60, 0.35, 0.05), 20.0),
)
# weights, tokens at the crossing, weights of another network, and Student's quantile
LAWS = (
    ((1e4, 1e5, 1e6), (1e3, 4e3, 9e3), 1e7, 12.706),
    ((6e4, 2.4e5, 1.1e6, 3.8e6), (4.5e3, 1.3e4, 2.2e4, 2.7e4), 2.4e7, 4.303),
    ((6e4, 2.4e5, 1.1e6, 3.8e6), (4.5e3, 1.3e4, 2.2e4, 2.7e4), 3e5, 4.303),
    ((6e4, 2.4e5, 1.1e6, 3.8e6), (4.5e3, 1.3e4, 2.2e4, 2.7e4), 3e5, 2.92),
)


def _merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    """Return the pieces of a word after each of these pairs was merged, from the left."""
    after: list[str] = []
    k = 0
    while k < len(word):
        here = tuple(word[k : k + 2]) == pair
        after.append("".join(pair) if here else word[k])
        k += 2 if here else 1
    return after


def _pairs(words: Mapping[str, int], *, once: bool = False) -> Counter[tuple[str, str]]:
    """Count neighboring pieces; `once` counts each word once, however often it occurs."""
    found: Counter[tuple[str, str]] = Counter()
    for word, count in words.items():
        pieces = word.split()
        for pair in itertools.pairwise(pieces):
            found[pair] += 1 if once else count
    return found


@exercise(1, "One merge", level="warm-up", minutes=10, assesses="one step of byte-pair encoding")
@questions([(text,) for text in TEXTS], "In {words}")
def one_merge(words: dict[str, int], got: Any) -> str:
    """Check how many tokens a text has after its commonest pair of neighbors was merged."""

    def tokens(pair: tuple[str, str] | None = None) -> int:
        lists = {word: word.split() for word in words}
        return sum(n * len(_merged(lists[word], pair) if pair else lists[word]) for word, n in words.items())

    if isinstance(got, (str, tuple, list, dict)):
        wrong("Return one number: how many tokens the text has after the merge.")
    counted = _pairs(words)
    best, often = counted.most_common(1)[0]
    rare = min(counted, key=lambda pair: counted[pair])
    in_most = _pairs(words, once=True).most_common(1)[0][0]
    slips = {
        "That is how many tokens the text had before the merge.": tokens(),
        "That is how often the pair occurs. How many tokens does the whole text have after it is merged?": often,
        "Three equal pieces in a row hold the pair twice, but only one of the two can be merged.": tokens() - often,
        f"You merged {' and '.join(in_most)}, which is in the most words. Count each word as often as it occurs.": (
            tokens(in_most)
        ),
        "You count each word once. A word that occurs ten times has its pieces ten times.": (
            sum(len(_merged(word.split(), best)) for word in words)
        ),
        f"You merged the rarest pair, {' and '.join(rare)}.": tokens(rare),
    }
    hint = f"The commonest pair is {best[0]!r} with {best[1]!r}, and each merge makes the text one token shorter."
    compare(as_whole(got), tokens(best), slips, hint, within=0)
    return "Right. BPE does only this, a thousand times: frequent words become one token, rare ones stay in pieces."


@exercise(2, "Bits per character", level="core", minutes=10, assesses="converting units of information")
@questions(PRICES, "{nats} nats a subword, {subwords} subwords, {characters} characters")
def bits_per_character(nats: float, subwords: int, characters: int, got: Any) -> str:
    """Check nats per subword times subwords, over ln 2 and the number of characters."""
    right = nats * subwords / characters / math.log(2)
    slips = {
        "That is in nats. A bit is ln 2 = 0.693 nats: divide by it.": nats * subwords / characters,
        "You multiply by ln 2. A bit is the smaller unit, so there are more of them: divide.": right * math.log(2) ** 2,
        "That is bits per subword. Spread them over the characters of the text.": nats / math.log(2),
        "You have the ratio upside down: the text costs nats times subwords, shared by its characters.": (
            nats * characters / subwords / math.log(2)
        ),
        "You forgot how many subwords there are: the whole text costs nats times subwords.": (
            nats / characters / math.log(2)
        ),
    }
    compare(got, right, slips, "The text costs nats times subwords, and every character bears its share, in bits.")
    return "Right. Now texts that were cut in different ways can be compared."


@exercise(3, "The crossing in tokens", level="core", minutes=15, assesses="a crossing in other units")
@questions(lambda: [(np.array(n), np.array(gap), k) for n, gap, k in GAPS], "Gaps {gap} at {sizes}, {each} tokens")
def tokens_at_crossing(sizes: Any, gap: Any, each: float, got: Any) -> str:
    """Check where the gap is half of what it was at first, on straight lines in ln n, times tokens a sentence."""

    def passage(value: float, x: Any) -> float:
        return float(np.interp(-value, -gap, x))  # the gap falls

    at = first_passage(np.log(sizes), -gap, 0.5, limit=0.0)[0]
    half = gap[0] / 2
    slips = {
        "That is in sentences. How many tokens are that?": at,
        "You divide by the tokens of a sentence. More tokens than sentences: multiply.": at / each,
        "Your line is straight in n. The book draws sizes on a logarithmic axis: interpolate ln n.": (
            passage(half, sizes) * each
        ),
        "That is the logarithm of the crossing. Undo it before you count tokens.": np.log(at) * each,
        "Half of the gap at the smallest size, not a gap of 0.5.": float(np.exp(passage(0.5, np.log(sizes)))) * each,
        "You took the middle between the first and the last gap. The gap that is left at the end counts as 0.": (
            float(np.exp(passage((gap[0] + gap[-1]) / 2, np.log(sizes)))) * each
        ),
        "You took a size that was measured. The crossing lies between two of them.": bool(
            np.any(np.isclose(float(as_tensor(got, ())), sizes * each))
        ),
    }
    hint = "Find ln n where the gap is half of the first one, undo the logarithm, multiply by the tokens of a sentence."
    compare(got, at * each, slips, hint, within=1e-3)
    return "Right. In tokens, networks that read in words, subwords or characters stand on one axis."


@exercise(4, "How far does the line reach?", level="stretch", minutes=30, assesses="an interval for a prediction")
@questions(lambda: [(np.array(w), np.array(n), new, q) for w, n, new, q in LAWS], "At {new:g} weights")
def prediction_interval(weights: Any, tokens: Any, new: float, quantile: float, got: Any) -> str:
    """Check the prediction interval of a straight line in logarithms, by the textbook's formula."""
    x, y, n = np.log(weights), np.log(tokens), len(weights)
    slope, level = np.polyfit(x, y, 1)
    left = ((y - level - slope * x) ** 2).sum()
    share = 1 / n + (np.log(new) - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
    middle = level + slope * np.log(new)

    def ends(half: float) -> Any:
        return np.exp([middle - half, middle + half])

    got = as_tensor(got, (2,), "Your interval (low, high)")
    sd = math.sqrt(left / (n - 2))
    right = ends(quantile * sd * math.sqrt(1 + share))
    slips = {
        "Your interval is upside down: return the lower end first.": right[::-1].copy(),
        "These are logarithms. Undo them with exp at the end.": np.log(right),
        "That is the interval of the line. One more network also scatters around it: add 1 under the root.": (
            ends(quantile * sd * math.sqrt(share))
        ),
        "You divide by n, or by n - 1. The line has used up two numbers: divide the squares by n - 2.": tuple(
            ends(quantile * math.sqrt(left / few) * math.sqrt(1 + share)) for few in (n, n - 1)
        ),
        "You did not take the root: s is the root of the mean square.": ends(quantile * sd**2 * math.sqrt(1 + share)),
        "The distance from the middle is squared, as those in the sum below it.": (
            ends(quantile * sd * math.sqrt(1 + 1 / n + abs(np.log(new) - x.mean()) / ((x - x.mean()) ** 2).sum()))
        ),
        "You leave out that the line itself is uncertain, the more the farther you go.": ends(quantile * sd),
        "The quantile is missing: a root of a mean square is one standard error only.": ends(sd * math.sqrt(1 + share)),
        "Multiply by the quantile that you are given; 1.96 is for many points.": (
            ends(1.96 * sd * math.sqrt(1 + share))
        ),
        "Both ends agree: that is the line alone, without an interval.": close(got[0], got[1]),
    }
    hint = "Fit the line in logarithms; under the root stand 1, 1 / n, and the squared distance from the middle."
    compare(got, right, slips, hint, within=5e-4)
    return "Right. Far from the points the third term under the root grows: there a line knows least."

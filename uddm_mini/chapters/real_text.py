"""Checks of the chapter "Does it happen with real text?"."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.teaching.answers import as_number, as_tensor, close, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

# a held-out sentence, another one, and the share of words that makes them twins
TWINS = (
    ("sort the list in place", "in place sort the list", 0.8),  # the same words in another order
    ("sort the list in place", "in this place you can sort the list of all names", 0.8),  # a long one that holds it
    ("return the sum of all values", "return the mean of all values", 0.8),  # 5 of 6 shared, at least 4.8
    ("the mean of all values", "the sum of all values", 0.8),  # just enough: 4 shared, at least 4
    ("return the sum of all values", "return the sum of", 0.8),  # part of the held-out one: 4 shared, at least 4
    ("return the sum of all values", "return the mean of these numbers", 0.8),  # 3 of 6
    ("no no no no yes", "no is not an answer here", 0.8),  # one distinct word in two
    ("the a the b", "the a", 0.8),  # 2 shared, at least 2.0; with repeated words it would be 2.4
    ("return the sum of all values", "return the mean of these numbers", 0.5),
    ("one two three four five six seven eight", "one two three four five", 0.8),  # 5 shared, at least 5.2
)

# sentences, texts, and the longest run of characters that one text shares with the sentence
RUNS = (
    ("return the mean", ("return the sum", "what they mean is this"), 11),  # "return the "
    ("get the values", ("all the values of it",), 11),  # " the values", at the start of neither
    ("bcd", ("ab", "cd"), 2),  # "bcd" spans two texts
    ("ab cd", ("ab", "cd"), 2),  # and with a blank between them, all five
    ("abc", ("abc", "x"), 3),
    ("abc", ("xyz", "aXbXc"), 1),  # a run has no gaps
    ("abc", ("xyz",), 0),
    ("the key of a map", ("they keep it", "a key of all"), 9),  # " key of a"
)

# a table of a chain with three characters: row = this character, column = the next one
STEP = ((0.1, 0.6, 0.3), (0.5, 0.2, 0.3), (0.25, 0.05, 0.7))
ENDS = ((0, 0), (1, 2), (2, 0))
OTHER_STEP = ((0.7, 0.1, 0.1, 0.1), (0.2, 0.3, 0.4, 0.1), (0.25, 0.05, 0.6, 0.1), (0.4, 0.3, 0.2, 0.1))


@exercise(1, "Is it a twin?", level="warm-up", minutes=10, assesses="a definition put into code, to the letter")
@questions(TWINS, '"{held_out}" and "{other}", share {share}')
def is_twin(held_out: str, other: str, share: float, got: Any) -> str:
    """Check the rule of near duplicates: shared distinct words against the smaller of two numbers of words."""
    a, b = set(held_out.split()), set(other.split())
    shared, needed = len(a & b), share * min(len(a), (len(a) + len(b)) / 2)
    right = shared >= needed - 1e-9
    slips = {
        # the only cases with repeated words; the others have passed
        "You count a word as often as it is repeated. Count distinct words, a set.": (len(a) < len(held_out.split())),
        "A long sentence that holds the whole held-out one is a twin. Do not divide by its length.": (
            right and len(b) > len(a) + 2
        ),
        f"They share {shared}, and {needed:g} are enough, because the smaller of two numbers of words counts: those of "
        "the held-out sentence, and the mean of both.": right and len(b) < len(a),
        "Use the argument share, not a fixed 0.8.": right and share == 0.5,
        "The order of the words does not count, nor where they stand. Compare the two sets.": a == b,
        f"They share {shared}, and {needed:g} is what they need: just enough is enough (>=, not >).": (
            right and len(a) == len(b) and shared == round(needed, 9)
        ),
        "If `other` is the shorter sentence, the mean of the two numbers counts, and not its number alone.": (
            not right and shared >= share * min(len(a), len(b))
        ),
    }
    compare(got, right, slips, f"They share {shared} distinct words, and {needed:g} are enough.")
    return "Right. The rule looks only at which words occur, so a twin may have them in another order."


@exercise(2, "The longest shared run", level="core", minutes=15, assesses="substrings, and a search that ends")
@questions([(sentence, list(texts)) for sentence, texts, _ in RUNS], '"{sentence}" in {texts}')
def longest_shared(sentence: str, texts: list[str], got: Any) -> str:
    """Check the length of the longest substring against all substrings."""
    pieces = {sentence[i:j] for i in range(len(sentence)) for j in range(i + 1, len(sentence) + 1)}
    right = max((len(p) for p in pieces if any(p in text for text in texts)), default=0)
    if isinstance(got, str):
        wrong(f"Return the length of the run, not the run itself ({got!r}).")
    got = as_number(got)
    slips = {
        "The run has to lie inside one text. Joining the texts makes runs that nobody wrote.": (
            got > right and sentence in ("bcd", "ab cd")
        ),
        f"The longest run has {right} characters. A run has no gaps.": got > right,
        "Look into all of the texts, and not into the first alone.": (
            got < right and got == max((len(p) for p in pieces if p in texts[0]), default=0)
        ),
    }
    slips["One too few. Can the last character be part of your run? [i:j] ends before j, and range before its end."] = (
        got == right - 1
    )
    hint = "So many characters has the longest run, blanks included; it may start anywhere in both."
    compare(got, right, slips, hint, within=0)
    return "Right. It finds copied phrases even where they moved to another place, which a count by position misses."


@exercise(3, "What stands between?", level="core", minutes=15, assesses="Bayes' rule in a Markov chain")
@questions(
    lambda: [(as_tensor(s), *ends) for s in (STEP, OTHER_STEP) for ends in ENDS],
    "For left = {left} and right = {right}",
)
def between(step: torch.Tensor, left: int, right: int, got: Any) -> str:
    """Check p(middle | left, right) of a chain against the enumeration of three characters."""
    got = as_tensor(got, (len(step),))
    weights = torch.stack([step[left, v] * step[v, right] for v in range(len(step))])
    answer, flipped, alone = weights / weights.sum(), step[:, left] * step[right], step[:, right] / step[:, right].sum()
    slips = {
        f"The weights are right, but they add up to {got.sum():.3f}. Divide by their sum.": weights,
        "You look at the left neighbor only. The right one followed the middle one, so it tells too.": step[left],
        "You look at the right neighbor only. The left one says how probable each middle one was before.": alone,
        "You average what the two neighbors say. Both have to hold, so their factors multiply.": (
            close(got / got.sum(), (step[left] + alone) / 2)
            or close(got / got.sum(), (step[left] + step[:, right]) / (step[left] + step[:, right]).sum())
        ),
        "The right neighbor follows the middle one: its factor is step[middle, right], and not the other way round.": (
            close(got / got.sum(), step[left] * step[right] / (step[left] * step[right]).sum())
        ),
        "These are the logarithms of the right probabilities. Return the probabilities themselves.": (
            close(got.exp(), answer)
        ),
        "You run the chain backwards: step[a, b] is the probability of b after a, row first.": flipped / flipped.sum(),
    }
    compare(got, answer, slips)
    return "Right. This is the chain's cavity posterior at t = 0: both neighbors count, the character itself does not."


def _scores() -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Return the entropies of a model and of a baseline, and which characters count, for sentences of some lengths."""
    generator, cases = torch.Generator().manual_seed(0), []
    for lengths in ([6, 4, 2, 3], [1, 5, 5]):
        shape = (len(lengths), max(lengths))
        model, baseline = (torch.rand(shape, generator=generator, dtype=torch.float64) + k for k in (0.1, 1.0))
        cases.append((model, baseline, torch.arange(shape[1]) < torch.tensor(lengths)[:, None]))
    return cases


@exercise(4, "Subtract the difficulty", level="stretch", minutes=30, assesses="a score calibrated by a baseline")
@questions(_scores)
def surprise_below(model: torch.Tensor, baseline: torch.Tensor, counted: torch.Tensor, got: Any) -> str:
    """Check the mean, over counted characters, of the baseline's entropy minus the model's."""
    below = baseline - model
    right = torch.stack([row[c].mean() for row, c in zip(below, counted, strict=True)])
    sums = (below * counted).sum(dim=1)
    ratio = (model * counted).sum(dim=1) / (baseline * counted).sum(dim=1)
    slips = {
        "The sign is upside down: a memorized sentence has little entropy, and should score high.": -right,
        "You average over padding too. Use only the characters where counted is True.": below.mean(dim=1),
        "That is a ratio. Subtract: the baseline's entropy minus the model's.": (ratio, 1 / ratio),
        "You add up where you should average: a long sentence would score high for its length.": sums,
        "You divide by the padded length. Divide by the number of counted characters of each sentence.": (
            sums / counted.shape[1]
        ),
        "That is minus the model's entropy alone. Subtract it from the baseline's entropy of the same sentence.": (
            -(model * counted).sum(dim=1) / counted.sum(dim=1)
        ),
    }
    compare(got, right, slips)
    return "Right. A sentence that is easy for everybody no longer looks memorized."

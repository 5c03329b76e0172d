"""Checks for chapter 12, "Does it happen with real text?"."""

from __future__ import annotations

from typing import Any

import torch

from ._core import as_bool, as_number, as_tensor, ask_each, close, exercise, wrong

# a held-out sentence, another one, and the share of words that makes them twins
TWINS = (
    ("sort the list in place", "in place sort the list", 0.8),  # the same words in another order
    ("sort the list in place", "in this place you can sort the list of all names", 0.8),  # a long one that holds it
    ("return the sum of all values", "return the mean of all values", 0.8),  # 5 of 6 shared, at least 4.8
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
OTHER_STEP = ((0.7, 0.1, 0.1, 0.1), (0.2, 0.3, 0.4, 0.1), (0.25, 0.05, 0.6, 0.1), (0.4, 0.3, 0.2, 0.1))


@exercise("12.1 Is it a twin?")
def is_twin(answer: Any) -> str:
    """Check the rule of near duplicates: shared distinct words against the smaller of two numbers of words."""
    for held_out, other, share, given in ask_each(answer, TWINS):
        a, b = set(held_out.split()), set(other.split())
        shared, needed = len(a & b), share * min(len(a), (len(a) + len(b)) / 2)
        expected = shared >= needed - 1e-9
        if as_bool(given) == expected:
            continue
        case = f'"{held_out}" and "{other}", share {share:g}'
        if len(a) < len(held_out.split()):  # the only cases with repeated words; the others have passed
            wrong(f"{case}: you count a word as often as it is repeated. Count distinct words, a set.")
        if expected and len(b) > len(a) + 2:
            wrong(f"{case}: a long sentence that holds the whole held-out one is a twin. Do not divide by its length.")
        if expected and len(b) < len(a):
            wrong(
                f"{case}: they share {shared}, and {needed:g} are enough, because the smaller of the two numbers of "
                "words counts: those of the held-out sentence, and the mean of both."
            )
        if expected and share == 0.5:
            wrong(f"{case}: use the argument share, not a fixed 0.8.")
        wrong(f"{case}: they share {shared} distinct words and {needed:g} are enough, so the answer is {expected}.")
    return "Right. The rule looks only at which words occur, so a twin may have them in another order."


@exercise("12.2 The longest shared run")
def longest_shared(answer: Any) -> str:
    """Check the length of the longest substring against all substrings."""
    for sentence, texts, got in ask_each(answer, [(sentence, list(texts)) for sentence, texts, _ in RUNS]):
        pieces = {sentence[i:j] for i in range(len(sentence)) for j in range(i + 1, len(sentence) + 1)}
        expected = max((len(p) for p in pieces if any(p in text for text in texts)), default=0)
        if isinstance(got, str):
            wrong(f"Return the length of the run, not the run itself ({got!r}).")
        value = as_number(got)
        if value == expected:
            continue
        case = f'"{sentence}" in {texts}'
        if value > expected and sentence in ("bcd", "ab cd"):
            wrong(f"{case}: the run has to lie inside one text. Joining the texts makes runs that nobody wrote.")
        if value > expected:
            wrong(f"{case}: the longest run has {expected} characters. A run has no gaps.")
        wrong(f"{case}: the longest run has {expected} characters, blanks included, and may start anywhere in both.")
    return "Right. It finds copied phrases even where they moved to another place, which a count by position misses."


@exercise("12.3 What stands between?")
def between(answer: Any) -> str:
    """Check p(middle | left, right) of a chain against the enumeration of three characters."""
    chains = [torch.tensor(table, dtype=torch.float64) for table in (STEP, OTHER_STEP)]
    for step, left, right, given in ask_each(answer, [(s, *ends) for s in chains for ends in ((0, 0), (1, 2), (2, 0))]):
        weights = torch.stack([step[left, v] * step[v, right] for v in range(len(step))])
        expected = weights / weights.sum()
        got = as_tensor(given, (len(step),))
        if close(got, expected):
            continue
        if close(got, weights):
            wrong(f"The weights are right, but they add up to {float(got.sum()):.3f}. Divide by their sum.")
        if close(got, step[left]):
            wrong("You look at the left neighbor only. The right one followed the middle one, so it tells too.")
        if close(got, step[:, right] / step[:, right].sum()):
            wrong("You look at the right neighbor only. The left one says how probable each middle one was before.")
        mixture = step[left] + step[:, right] / step[:, right].sum()
        if close(got / got.sum(), mixture / mixture.sum()):
            wrong("You average what the two neighbors say. Both have to hold, so their factors multiply.")
        if close(got.exp(), expected):
            wrong("These are the logarithms of the right probabilities. Return the probabilities themselves.")
        flipped = step[:, left] * step[right]
        if close(got, flipped / flipped.sum()):
            wrong("You run the chain backwards: step[a, b] is the probability of b after a, row first.")
        wrong(f"For left = {left} and right = {right} it should be {[round(p, 3) for p in expected.tolist()]}.")
    return "Right. This is the chain's cavity posterior at t = 0: both neighbors count, the character itself does not."


@exercise("12.4 Subtract the difficulty")
def surprise_below(answer: Any) -> str:
    """Check the mean, over counted characters, of the baseline's entropy minus the model's."""
    generator = torch.Generator().manual_seed(0)
    questions = []
    for lengths in ([6, 4, 2, 3], [1, 5, 5]):
        shape = (len(lengths), max(lengths))
        model, baseline = (torch.rand(shape, generator=generator, dtype=torch.float64) + k for k in (0.1, 1.0))
        questions.append((model, baseline, torch.arange(shape[1]) < torch.tensor(lengths)[:, None]))
    for model, baseline, counted, given in ask_each(answer, questions):
        _judge_scores(model, baseline, counted, as_tensor(given, (len(model),), "Your scores"))
    return "Right. A sentence that is easy for everybody no longer looks memorized."


def _judge_scores(model: torch.Tensor, baseline: torch.Tensor, counted: torch.Tensor, got: torch.Tensor) -> None:
    """End the check if the scores are not those of exercise 12.4."""
    expected = torch.stack([(b - m)[c].mean() for m, b, c in zip(model, baseline, counted, strict=True)])
    if close(got, expected):
        return
    if close(got, -expected):
        wrong("The sign is upside down: a memorized sentence has little entropy, and should score high.")
    if close(got, (baseline - model).mean(dim=1)):
        wrong("You average over padding too. Use only the characters where counted is True.")
    sums = ((baseline - model) * counted).sum(dim=1)
    if close(got, sums):
        wrong("You add up where you should average: a long sentence would score high for its length.")
    if close(got, sums / counted.shape[1]):
        wrong("You divide by the padded length. Divide by the number of counted characters of each sentence.")
    alone = -(model * counted).sum(dim=1) / counted.sum(dim=1)
    if close(got, alone):
        wrong("That is minus the model's entropy alone. Subtract it from the baseline's entropy of the same sentence.")
    wrong(f"The first score should be {float(expected[0]):.4f}, and yours is {float(got[0]):.4f}.")

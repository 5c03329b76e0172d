"""Checks of the chapter "Does it need this noise, this network, this text?"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from uddm_mini.experiments.crossing import first_passage
from uddm_mini.teaching.answers import as_tensor, close, compare, questions
from uddm_mini.teaching.exercises import exercise

# cavity posteriors of one word, and the id that is seen; the mask is the id after the last word
SEEN = (((0.5, 0.25, 0.25), 3), ((0.5, 0.25, 0.25), 1), ((0.1, 0.2, 0.3, 0.4), 4), ((0.1, 0.2, 0.7, 0.0), 2))

# sizes, gaps of recovery and levels; the third falls below and rises again
CURVES = (
    ((16, 32, 64, 128, 256), (0.68, 0.54, 0.36, 0.22, 0.10), 0.5),
    ((10, 100, 1000), (0.40, 0.30, 0.00), 0.25),
    ((16, 64, 256, 1024), (0.60, 0.20, 0.35, 0.01), 0.5),
    ((16, 32, 64, 128), (0.6, 0.58, 0.4, 0.05), 0.75),
)

# log-probabilities of some sentences, how many were written, and how many of these are among them
WRITTEN = (((-10.0, -11.0, -12.5), 8192, 46), ((-9.5, -9.5), 2000, 1), ((-12.0,) * 16, 8192, 1023))

# shares: of what was written, of the training lines, and of what the language says
MIXTURES = ((0.125, 0.42, 0.0002), (0.0056, 0.105, 0.0002), (0.3, 0.5, 0.1))


@exercise(1, "Masked or kept", level="warm-up", minutes=10, assesses="a posterior under absorbing noise")
@questions(lambda: [(np.array(cavity), seen) for cavity, seen in SEEN], "For the cavity {cavity} and the token {seen}")
def masked_or_kept(cavity: Any, seen: int, got: Any) -> str:
    """Check the posterior under absorbing noise: the cavity at a mask, certainty at a word."""
    mask = len(cavity)
    right = cavity if seen == mask else np.eye(mask)[seen]
    got = as_tensor(got, (mask,))
    spread = np.full(mask, 1 / mask)
    if seen == mask:
        slips = {
            "A mask says nothing about the word below it. What the others say is all there is: the cavity.": spread,
            "The most probable word is a guess. Return the probabilities of all words.": np.eye(mask)[cavity.argmax()],
            f"The mask has the id V, here {mask}, the one after the last word. Words have the ids 0 to {mask - 1}, so "
            "no word has this id: ask for it first.": (
                np.zeros(mask),
                np.eye(mask)[seen - 1],
                not bool(got.isfinite().all()),
            ),
        }
    else:
        slips = {
            "You return the word with its cavity probability, not normalized. It is certain: 1.": (
                cavity * np.eye(mask)[seen]
            ),
            "The word is seen. Absorbing noise never puts another word in a place, so nothing is left open.": (
                bool((got[np.arange(mask) != seen] > 1e-6).any())
            ),
        }
    compare(got, right, slips, "Multiply the cavity by what the token itself says, and normalize.")
    return "Right. A mask leaves the cavity as it is, and a word that is kept is certain, whatever t is."


@exercise(2, "Where it crosses", level="core", minutes=15, assesses="a crossing by interpolation")
@questions(
    lambda: [(np.array(sizes, float), np.array(gaps), level) for sizes, gaps, level in CURVES],
    "At sizes {sizes}, gaps {gaps}, level {level}",
)
def crossing_of(sizes: Any, gaps: Any, level: float, got: Any) -> str:
    """Check the first passage on straight lines in ln n."""
    right = first_passage(np.log(sizes), -gaps, level, limit=0.0)[0]
    target = level * gaps[0]
    below = np.flatnonzero(gaps <= target)
    k = below[0]
    part = (gaps[k - 1] - target) / (gaps[k - 1] - gaps[k])
    last = np.flatnonzero((gaps[:-1] > target) & (gaps[1:] <= target))[-1] + 1
    again = (gaps[last - 1] - target) / (gaps[last - 1] - gaps[last])
    logs = np.log(sizes)
    slips = {
        "np.interp wants a list that rises, and the gaps fall. Give it -target and -gaps, between the two neighbors.": (
            np.exp(np.interp(target, gaps, logs)),
            np.interp(target, gaps, sizes),
        ),
        "That is straight in n itself. The sizes are spaced in ln n, so draw the line there.": (
            sizes[k - 1] + part * (sizes[k] - sizes[k - 1])
        ),
        "That is one of the sizes. The curve passes between two of them.": (sizes[k], sizes[k - 1]),
        "The level is a share of the first gap: look for level * gaps[0], not for the level itself.": (
            first_passage(np.log(sizes), -gaps, level / gaps[0], limit=0.0)[0]
        ),
        "That is ln n. Undo it with exp.": math.log(right),
        "The curve passes more than once. Take the first time. (np.interp over the whole curve wants a list that "
        "rises, and this one does not, also turned round.)": (
            np.exp(logs[last - 1] + again * (logs[last] - logs[last - 1])),
            np.exp(np.interp(target, gaps[::-1], logs[::-1])),
        ),
    }
    compare(got, right, slips, "Find the first pair of sizes with the level in between, and interpolate in ln n.")
    return "Right. Between two sizes you interpolate in ln n; beyond the last one nothing was measured."


@exercise(3, "By chance, or by heart?", level="core", minutes=10, assesses="hits against their expectation")
@questions(
    lambda: [(np.array(log_p), written, hits) for log_p, written, hits in WRITTEN],
    "For {written} sentences, {hits} of them from the group",
)
def by_chance(log_p: Any, written: int, hits: int, got: Any) -> str:
    """Check what the language alone would give, and how many times as many were found."""
    got = as_tensor(got, (2,), "Your pair (expected, times as many)")
    mass = np.exp(log_p).sum()
    right = [written * mass, hits / (written * mass)]
    mean = written * np.exp(log_p).mean()
    alone = np.exp(log_p.sum())
    middle = np.exp(log_p.mean())
    slips = {
        "You average logarithms, and that is no probability of anything here. Go back with exp first, then add.": tuple(
            [written * m, hits / (written * m)] for m in (middle, len(log_p) * middle, log_p.mean())
        ),
        "You add up logarithms. Go back with exp first, then add the probabilities.": (
            [written * log_p.sum(), hits / (written * log_p.sum())]
        ),
        "You swapped the two: first the expected number, then the ratio.": right[::-1],
        "The group is all of its sentences together: add their probabilities, do not average them.": (
            [mean, hits / mean]
        ),
        "That is the probability of saying all of them. A hit is any one of them: add probabilities, not logarithms.": (
            [written * alone, hits / (written * alone)]
        ),
        "That is a share. The expected number is the share times the number of sentences that were written.": (
            close(got[0], mass)
        ),
        "The expected number is right. Divide the number that was found by it.": close(got[0], right[0]),
    }
    compare(got, right, slips, "How probable is it that one sentence of the language is one of the group?")
    return "Right. Only what goes beyond chance is a sign of memory: a frequent sentence is written without any."


@exercise(4, "One number for memory?", level="stretch", minutes=20, assesses="a mixture solved for its weight")
@questions(MIXTURES, "For shares {written}, {lines} and {language}")
def reciting_share(written: float, lines: float, language: float, got: Any) -> str:
    """Check w from written = w lines + (1 - w) language."""
    right = (written - language) / (lines - language)
    slips = {
        "You left out what the other part of the writer says: it speaks the language, and that hits the group, too.": (
            written / lines
        ),
        "The part that speaks the language does so only in a share 1 - w of the cases.": (written - language) / lines,
        "That is 1 - w, the share in which the writer speaks the language.": 1 - right,
        "You divided the other way round.": 1 / right,
        "That is what is written beyond the language. Divide by lines - language, the same for one who only recites.": (
            written - language
        ),
        "That is how many times as many as by chance. Solve written = w lines + (1 - w) language for w.": (
            written / language
        ),
    }
    compare(got, right, slips, "Write down the share of the group among all that is written, and solve for w.")
    return "Right. If the model were such a mixture, w would be the same for every number of copies."

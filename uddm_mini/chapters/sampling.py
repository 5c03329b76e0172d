"""Checks of the chapter "How do you walk back from noise?"."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.teaching.answers import (
    Cases,
    as_bool,
    as_number,
    as_tensor,
    ask_each,
    close,
    compare,
    questions,
    sums_to_one,
    wrong,
)
from uddm_mini.teaching.exercises import exercise

from .corruption import noise_table
from .sampling_way import computes

# the cavity posterior of one word, the word that is seen, alpha_s and alpha_t
STEPS = (
    ((0.3125, 0.5625, 0.125), 0, 0.7, 0.4),
    ((0.1, 0.2, 0.3, 0.4), 3, 0.9, 0.2),
    ((0.1, 0.2, 0.3, 0.4), 1, 0.5, 0.3),
)

# alpha_s and alpha_t of greedy steps: small ones at the end of the way and before it, large ones, and steps that gain
# much signal and still do not move a word
GREEDY = (
    *((1.0, 0.99), (0.99, 0.98), (0.98, 0.97), (0.6, 0.58), (0.6, 0.3), (0.3, 0.01), (0.05, 0.04)),
    *((0.5, 0.3), (0.6, 0.4), (0.7, 0.5), (0.2, 0.1)),
)

# languages of two words (rows: the first word), the signal alpha, the position that is redrawn
CORRECTED = (
    (((0.5, 0.0, 0.0), (0.0, 0.3, 0.0), (0.0, 0.0, 0.2)), 0.4, 0),
    (((0.5, 0.0, 0.0), (0.0, 0.3, 0.0), (0.0, 0.0, 0.2)), 0.4, 1),
    (((0.1, 0.2, 0.0), (0.3, 0.0, 0.05), (0.05, 0.1, 0.2)), 0.7, 1),
    (((0.1, 0.2, 0.0), (0.3, 0.0, 0.05), (0.05, 0.1, 0.2)), 0.9, 0),
    (((0.4, 0.1), (0.0, 0.5)), 0.25, 0),
)


@exercise(
    1, "Can greedy move?", level="warm-up", minutes=5, assesses="when a reverse step changes the most probable word"
)
def can_greedy_move(answer: Any, more: Cases = ()) -> str:
    """Check alpha_s (alpha_s - alpha_t) > alpha_t (1 - alpha_s) against the step itself."""
    vocab = 7
    certain = torch.nn.functional.one_hot(torch.tensor(1), vocab).double()
    answers = [(alpha_s, alpha_t, as_bool(given)) for alpha_s, alpha_t, given in ask_each(answer, [*GREEDY, *more])]
    if not any(got for _, _, got in answers):  # so does the right condition with its two arguments mixed up
        wrong(
            "You say that no step ever moves the word, but where much signal is gained, a certain denoiser moves it. "
            "Note that alpha_s, the first argument, is the larger signal: s < t."
        )
    if all(got == (alpha_s - alpha_t > alpha_t * (1 - alpha_s)) for alpha_s, alpha_t, got in answers):
        wrong(
            "You compare the gain alpha_s - alpha_t itself. The step moves the word to a only with alpha_s p_0(a), so "
            "the gain counts alpha_s times: alpha_s (alpha_s - alpha_t)."
        )
    for alpha_s, alpha_t, got in answers:
        moves = int(_step(certain, 0, alpha_s, alpha_t).argmax()) != 0
        if got == moves:
            continue
        if moves:
            wrong(
                f"From alpha {alpha_t} back to {alpha_s} you say it stays, but the gain {alpha_s - alpha_t:.2f} is "
                f"large against the noise {1 - alpha_s:.2f} that is left, so a certain denoiser moves the word."
            )
        wrong(
            f"From alpha {alpha_t} back to {alpha_s} you say it moves. The denoiser is certain about x_0, but the step "
            "asks about x_s, and there the old word is still the most probable one."
        )
    return "Right. With small steps only the end of the way passes, which is why greedy waits until then."


@exercise(2, "The other exact way", level="core", minutes=15, assesses="an average of known-start steps")
def average_step(answer: Any, more: Cases = ()) -> str:
    """Check the average of known-start steps against the plug-in step with the cavity."""
    cases, cavities = [], []
    for probs, b, alpha_s, alpha_t in (*STEPS, *more):
        cavities.append(as_tensor(probs))
        full = cavities[-1] * noise_table(alpha_t, len(probs))[:, b]
        cases.append((full / full.sum(), b, alpha_s, alpha_t))
    for cavity, (full, b, alpha_s, alpha_t, given) in zip(cavities, ask_each(answer, cases), strict=True):
        at_s, onward = noise_table(alpha_s, len(full)), noise_table(alpha_t / alpha_s, len(full))[:, b]
        known_starts = torch.stack([_step(row, b, alpha_s, alpha_t) for row in torch.eye(len(full)).double()])  # rows v
        far = at_s * noise_table(alpha_t, len(full))[:, b]
        slips = {
            "You plug in the full posterior, which counts the word's own evidence twice (normalizing after the average "
            "does so too). Normalize the step of each clean word, then average the steps.": (
                _step(full, b, alpha_s, alpha_t)
            ),
            "You forget the step itself: q(b | a), that x_s = a has to become the word that is seen.": full @ at_s,
            "From s to t a word is kept with probability alpha_t / alpha_s. You took alpha_t, as from clean text.": (
                full @ (far / far.sum(dim=1, keepdim=True))
            ),
            "Normalize each known-start step on its own, for every clean word v, before you average.": (
                onward * (full @ at_s)
            ),
            "You average the steps as if all clean words were equally likely. The weights are full[v].": (
                known_starts.mean(dim=0)
            ),
            **sums_to_one(as_tensor(given)),
        }
        hint = "Build q(b | a) q_s(a | v) for each v, then normalize over a."
        compare(given, _step(cavity, b, alpha_s, alpha_t), slips, hint)
    if computes(answer, cases[0], cavities[0]):
        wrong(
            "The numbers are right, but you convert to the cavity posterior first and plug it in: that is the way of "
            "the text. Take the other one: a step for each clean word v, and their average with the weights full[v]."
        )
    return "Right. It equals the plug-in step with the cavity, without ever computing the cavity."


def _new_ones() -> list[tuple[Any, ...]]:
    """Return samples, a training set and log_prob, and how many samples are grammatical and new."""
    train = torch.tensor([[0, 1, 2], [3, 4, 0], [1, 1, 1]])
    # copies, nonsense, and new ones, of which the first has only words of the training set: every mistake shows
    samples = torch.cat([train, torch.full((4, 3), 4), torch.tensor([[0, 1, 0], [2, 3, 2], [2, 3, 2], [2, 3, 2]])])
    few = train[:2]  # then 0 1 0 is new, and 1 1 1, which is no training sentence any more
    return [(samples, train, _log_prob, 4), (train, train, _log_prob, 0), (samples, few, _log_prob_without_2, 2)]


@exercise(3, "How much is new?", level="core", minutes=15, assesses="novelty against copies")
@questions(_new_ones, hidden=1)
def new_fraction(samples: torch.Tensor, train: torch.Tensor, log_prob: Any, count: int, got: Any) -> str:
    """Check the fraction of samples that are grammatical and in no training row."""
    got, right = as_number(got), count / len(samples)
    slips = {
        "You count every grammatical sentence. A copy of a training sentence is grammatical, but not new.": 7 / 11,
        "You count every sentence that is not in the training set. Some of them are ungrammatical: see log_prob.": (
            8 / 11
        ),
        "That is a number of samples. Which fraction of all is it?": float(count),
        "You divide by the grammatical sentences only. The question is about all samples.": 4 / 7,
        "A sentence that was sampled twice counts twice: each sample is judged on its own.": (2 / 11, 2 / 6, 4 / 6),
        "You find too few. A sentence is a copy only if one whole training row equals it, not if its words occur.": (
            got < right
        ),
    }
    hint = f"{count} of {len(samples)} samples are grammatical by log_prob and no row of train: use both arguments."
    compare(got, right, slips, hint)
    return "Right. A model that generalizes scores high here, one that recites scores 0."


def _laws() -> list[tuple[torch.Tensor, torch.Tensor, float, int]]:
    """Return laws of two words, one of them q(x_t), with the language, alpha, and the position to redraw."""
    cases = []
    for probs, alpha, position in CORRECTED:
        prior = as_tensor(probs)
        skewed = torch.arange(1.0, prior.numel() + 1, dtype=torch.float64).reshape(prior.shape)
        cases += [(law, prior, alpha, position) for law in (skewed / skewed.sum(), _noisy(prior, alpha))]
    return cases


@exercise(4, "Correct yourself", level="stretch", minutes=25, assesses="a Gibbs step that keeps a distribution")
@questions(_laws, "At alpha = {alpha}, position {position}")
def gibbs_step(law: torch.Tensor, prior: torch.Tensor, alpha: float, position: int, got: Any) -> str:
    """Check the law after one word was redrawn against the conditionals of the enumerated q(x_t)."""
    got, q, other = as_tensor(got, tuple(prior.shape), "The law after the step"), _noisy(prior, alpha), 1 - position
    rest = law.sum(dim=position, keepdim=True)  # the law of the word that stays
    given_rest = q / q.sum(dim=position, keepdim=True)
    clean = prior / prior.sum(dim=position, keepdim=True)
    slips = {
        "You redraw the other word. Rows are the first word (position 0), columns the second.": (
            q / q.sum(dim=other, keepdim=True) * law.sum(dim=other, keepdim=True)
        ),
        "You draw from the cavity posterior itself. That is a *clean* word; at noise level t the word is redrawn with "
        "probability 1 - alpha: alpha c(a) + (1 - alpha) / V.": _word_given_noisy_rest(prior, alpha, position) * rest,
        "You condition on a clean other word. It is noisy, too: weigh its clean words by q(b | w).": (
            *((alpha * clean + (1 - alpha) / len(prior)) * rest, clean * rest),
        ),
        "You return the conditional alone. Weigh it with the law of the word that stays.": given_rest,
        "You return the law that you were given. The word at this position has to be drawn again.": law,
        "You return q(x_t). One word alone cannot bring every law there: the other one stays as it is.": q,
        **sums_to_one(got),
        "The step should leave q(x_t) alone, but yours changes it.": close(law, q),
    }
    hint = "First c(a | b), then alpha c + (1 - alpha) / V, then times the law of b."
    compare(got, given_rest * rest, slips, hint)
    return (
        "Right. The step leaves q(x_t) as it is and never takes another law further away from it: a corrector, which "
        "needs the cavity posterior and nothing else."
    )


def _noisy(prior: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return q(x_t) of two words, float64[V, V]: every pair of clean words, and what the noise makes of it."""
    table = noise_table(alpha, len(prior))
    return table.T @ prior @ table


def _word_given_noisy_rest(prior: torch.Tensor, alpha: float, position: int) -> torch.Tensor:
    """Return the cavity posterior of the word at `position` for every noisy other word, float64[V, V]."""
    table = noise_table(alpha, len(prior))
    joint = prior @ table if position == 0 else table.T @ prior
    return joint / joint.sum(dim=position, keepdim=True)


def _log_prob_without_2(x: torch.Tensor) -> torch.Tensor:
    """Give sentences with the words 2 or 4 no probability, and all others the same."""
    return torch.where(((x == 2) | (x == 4)).any(dim=1), -torch.inf, -1.0).double()


def _log_prob(x: torch.Tensor) -> torch.Tensor:
    """Give sentences of the one word 4 no probability, and all others the same."""
    return torch.where((x == 4).all(dim=1), -torch.inf, -3.0).double()


def _step(p0: torch.Tensor, b: int, alpha_s: float, alpha_t: float) -> torch.Tensor:
    """Return q(x_s | x_t = b, x_0 := p0) by Bayes' rule on tables, float64[V]."""
    product = noise_table(alpha_t / alpha_s, len(p0))[:, b] * (p0 @ noise_table(alpha_s, len(p0)))
    return product / product.sum()

"""Checks for chapter 7, "How do you walk back from noise?"."""

from __future__ import annotations

from typing import Any

import torch

from ._core import as_bool, as_number, as_tensor, ask_each, close, exercise, wrong
from ._way import computes

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


@exercise("7.1 Can greedy move?")
def can_greedy_move(answer: Any) -> str:
    """Check alpha_s (alpha_s - alpha_t) > alpha_t (1 - alpha_s) against the step itself."""
    vocab = 7
    certain = torch.nn.functional.one_hot(torch.tensor(1), vocab).double()
    answers = [(alpha_s, alpha_t, as_bool(given)) for alpha_s, alpha_t, given in ask_each(answer, GREEDY)]
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


@exercise("7.2 The other exact way")
def average_step(answer: Any) -> str:
    """Check the average of known-start steps against the plug-in step with the cavity."""
    questions, cavities = [], []
    for probs, b, alpha_s, alpha_t in STEPS:
        cavities.append(torch.tensor(probs, dtype=torch.float64))
        full = cavities[-1] * _table(alpha_t, len(probs))[:, b]
        questions.append((full / full.sum(), b, alpha_s, alpha_t))
    for cavity, (full, b, alpha_s, alpha_t, given) in zip(cavities, ask_each(answer, questions), strict=True):
        got = as_tensor(given, (len(cavity),))
        if close(got, _step(cavity, b, alpha_s, alpha_t)):
            continue
        if close(got, _step(full, b, alpha_s, alpha_t)):
            wrong(
                "You plug in the full posterior, which counts the word's own evidence twice (normalizing after the "
                "average does so too). Normalize the step of each clean word, then average the steps."
            )
        at_s, onward = _table(alpha_s, len(full)), _table(alpha_t / alpha_s, len(full))[:, b]
        if close(got, full @ at_s):
            wrong("You forget the step itself: q(b | a), that x_s = a has to become the word that is seen.")
        if close(got, onward * (full @ at_s)):
            wrong("Normalize each known-start step on its own, for every clean word v, before you average.")
        if close(got, _known_start(b, alpha_s, alpha_t, len(full)).mean(dim=0)):
            wrong("You average the steps as if all clean words were equally likely. The weights are full[v].")
        if not close(got.sum(), 1):
            wrong(f"Your probabilities add up to {float(got.sum()):.4f}, but x_s is always some word.")
        wrong("These are not the right probabilities. Build q(b | a) q_s(a | v) for each v, then normalize over a.")
    if computes(answer, questions[0], cavities[0]):
        wrong(
            "The numbers are right, but you convert to the cavity posterior first and plug it in: that is the way of "
            "the text. Take the other one: a step for each clean word v, and their average with the weights full[v]."
        )
    return "Right. It equals the plug-in step with the cavity, without ever computing the cavity."


@exercise("7.3 How much is new?")
def new_fraction(answer: Any) -> str:
    """Check the fraction of samples that are grammatical and in no training row."""
    train = torch.tensor([[0, 1, 2], [3, 4, 0], [1, 1, 1]])
    copies, nonsense = [[0, 1, 2], [3, 4, 0], [1, 1, 1]], [[4, 4, 4]] * 4  # each mistake gives its own number
    new = [[0, 1, 0], [2, 3, 2], [2, 3, 2], [2, 3, 2]]  # the first has only words of the training set
    samples = torch.tensor(copies + nonsense + new)
    (*_, given), (*_, none), (*_, strict) = ask_each(
        answer, [(samples, train, _log_prob), (train, train, _log_prob), (samples, train[:2, :], _log_prob_without_2)]
    )
    got = as_number(given)
    if close(got, 4 / 11):
        if not close(as_number(none), 0):
            wrong("Samples that are all training sentences should give 0.")
        if not close(as_number(strict), 2 / 11):  # 0 1 0, and 1 1 1, which is no training sentence any more
            wrong(
                "Right for one language and training set. With another log_prob and other training sentences your "
                "answer is not: use both arguments."
            )
        return "Right. A model that generalizes scores high here, one that recites scores 0."
    if close(got, 7 / 11):
        wrong("You count every grammatical sentence. A copy of a training sentence is grammatical, but not new.")
    if close(got, 8 / 11):
        wrong("You count every sentence that is not in the training set. Some of them are ungrammatical: see log_prob.")
    if close(got, 4 / 7):
        wrong("You divide by the grammatical sentences only. The question is about all samples.")
    if close(got, 2 / 11) or close(got, 2 / 6):
        wrong("A sentence that was sampled twice counts twice: each sample is judged on its own.")
    if got < 4 / 11:
        wrong(
            "You find too few. A sentence is a copy only if one whole training row equals it, not if its words occur."
        )
    wrong(f"You return {got:.3f} where 4 of 11 samples are grammatical and new.")


@exercise("7.4 Correct yourself")
def gibbs_step(answer: Any) -> str:
    """Check the law after one word was redrawn against the conditionals of the enumerated q(x_t)."""
    questions = []
    for prior_probs, alpha, position in CORRECTED:
        prior = torch.tensor(prior_probs, dtype=torch.float64)
        skewed = torch.arange(1.0, prior.numel() + 1, dtype=torch.float64).reshape(prior.shape)
        questions += [(law, prior, alpha, position) for law in (skewed / skewed.sum(), _noisy(prior, alpha))]
    for law, prior, alpha, position, given in ask_each(answer, questions):
        got = as_tensor(given, tuple(prior.shape), "The law after the step")
        q = _noisy(prior, alpha)
        rest = law.sum(dim=position, keepdim=True)  # the law of the word that stays
        if close(got, q / q.sum(dim=position, keepdim=True) * rest):
            continue
        at = f"At alpha = {alpha}, position {position}:"
        other = 1 - position
        if close(got, q / q.sum(dim=other, keepdim=True) * law.sum(dim=other, keepdim=True)):
            wrong(f"{at} you redraw the other word. Rows are the first word (position 0), columns the second.")
        cavity = _word_given_noisy_rest(prior, alpha, position)
        if close(got, cavity * rest):
            wrong(
                f"{at} you draw from the cavity posterior itself. That is a *clean* word; at noise level t the word is "
                "redrawn with probability 1 - alpha: alpha c(a) + (1 - alpha) / V."
            )
        clean = prior / prior.sum(dim=position, keepdim=True)
        if close(got, (alpha * clean + (1 - alpha) / len(prior)) * rest):
            wrong(f"{at} you condition on a clean other word. It is noisy, too: weigh its clean words by q(b | w).")
        if close(got, q / q.sum(dim=position, keepdim=True)):
            wrong(f"{at} you return the conditional alone. Weigh it with the law of the word that stays.")
        if close(got, law):
            wrong(f"{at} you return the law that you were given. The word at this position has to be drawn again.")
        if close(got, q):
            wrong(f"{at} you return q(x_t). One word alone cannot bring every law there: the other one stays as it is.")
        if not close(got.sum(), 1):
            wrong(f"{at} your law adds up to {float(got.sum()):.4f}, but the sentence is always some sentence.")
        if close(law, q):
            wrong(f"{at} the step should leave q(x_t) alone, but yours changes it.")
        wrong(
            f"{at} the first sentence should have probability {float((q / q.sum(position, True) * rest)[0, 0]):.4f}, "
            f"and has {float(got[0, 0]):.4f}. First c(a | b), then alpha c + (1 - alpha) / V, then times the law of b."
        )
    return (
        "Right. The step leaves q(x_t) as it is and never takes another law further away from it: a corrector, which "
        "needs the cavity posterior and nothing else."
    )


def _noisy(prior: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return q(x_t) of two words, float64[V, V]: every pair of clean words, and what the noise makes of it."""
    table = _table(alpha, len(prior))
    return table.T @ prior @ table


def _word_given_noisy_rest(prior: torch.Tensor, alpha: float, position: int) -> torch.Tensor:
    """Return the cavity posterior of the word at `position` for every noisy other word, float64[V, V]."""
    table = _table(alpha, len(prior))
    joint = prior @ table if position == 0 else table.T @ prior
    return joint / joint.sum(dim=position, keepdim=True)


def _log_prob_without_2(x: torch.Tensor) -> torch.Tensor:
    """Give sentences with the words 2 or 4 no probability, and all others the same."""
    return torch.where(((x == 2) | (x == 4)).any(dim=1), -torch.inf, -1.0).double()


def _log_prob(x: torch.Tensor) -> torch.Tensor:
    """Give sentences of the one word 4 no probability, and all others the same."""
    return torch.where((x == 4).all(dim=1), -torch.inf, -3.0).double()


def _table(alpha: float, vocab: int) -> torch.Tensor:
    return alpha * torch.eye(vocab, dtype=torch.float64) + (1 - alpha) / vocab


def _known_start(b: int, alpha_s: float, alpha_t: float, vocab: int) -> torch.Tensor:
    """Return q(x_s | x_t = b, x_0 = v), float64[V, V], rows v."""
    return torch.stack([_step(row, b, alpha_s, alpha_t) for row in torch.eye(vocab, dtype=torch.float64)])


def _step(p0: torch.Tensor, b: int, alpha_s: float, alpha_t: float) -> torch.Tensor:
    """Return q(x_s | x_t = b, x_0 := p0) by Bayes' rule on tables, float64[V]."""
    product = _table(alpha_t / alpha_s, len(p0))[:, b] * (p0 @ _table(alpha_s, len(p0)))
    return product / product.sum()

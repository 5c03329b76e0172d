"""Checks for chapter 8, "How well can any denoiser do?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from ._core import as_number, as_tensor, ask_each, close, exercise, wrong


@exercise("8.1 A floor with copies")
def training_floor(answer: Any) -> str:
    """Check the entropy of the training set's own distribution, per word."""
    copied = torch.tensor([[0, 1, 2, 1]] * 5 + [[2, 1, 0, 0]] * 2 + [[2, 1, 1, 1]])  # counts 5, 2, 1 of 8 sentences
    shares = torch.tensor([5, 2, 1]).double() / 8
    right = float(torch.special.entr(shares).sum()) / 4
    plain = torch.arange(12).reshape(6, 2)
    (_, given), (_, of_plain) = ask_each(answer, [(copied,), (plain,)])
    got = as_number(given)
    if close(got, right):
        if not close(as_number(of_plain), math.log(6) / 2):
            wrong("Right with copies, but six different sentences of two words should give ln 6 / 2.")
        return "Right. Copies lower the floor: a model may win by favoring the sentences that come often."
    if close(got, 4 * right):
        wrong("This is the floor for a whole sentence. Divide by its length: the loss is per word.")
    if close(got, math.log(8) / 4):
        wrong("ln n / L holds for different sentences. Here some are copies, and a copy need not be named twice.")
    if close(got, math.log(3) / 4):
        wrong(
            "You count the different sentences as if they were equally likely. One of them comes five times in eight."
        )
    if close(got, right / math.log(2)):
        wrong("This is in bits. The book counts in nats: use the natural logarithm.")
    wrong(
        f"For counts 5, 2 and 1 and sentences of four words the floor is {right:.4f} nats per word; you have {got:.4f}."
    )


@exercise("8.2 Read off the collapse")
def collapse_at(answer: Any) -> str:
    """Check the interpolated level on tables, inside and beyond both ends."""
    levels = torch.tensor([0.0, 0.2, 0.5, 0.9], dtype=torch.float64)
    information = torch.tensor([6.0, 5.0, 2.0, 0.5], dtype=torch.float64)
    other = (torch.tensor([0.1, 0.3, 0.6]).double(), torch.tensor([4.0, 2.5, 1.0]).double())
    inside = [(50, levels, information), (3, levels, information), (20, *other)]
    beyond = [(1000, levels, information), (1, levels, information), (1000, *other), (2, *other)]
    answers = list(ask_each(answer, inside + beyond))
    for n, levels, information, given in answers[: len(inside)]:
        got, right = as_number(given), _level(n, levels, information)
        if close(got, right):
            continue
        grid = levels[(information < math.log(n)).nonzero()[0, 0]]
        if close(got, grid) or close(got, levels[levels < grid][-1]):
            wrong("You return a level of the table. The crossing lies between two of them: interpolate.")
        if 2 <= n <= 6 and close(got, _level(math.exp(n), levels, information)):
            wrong("You compare the information with n. To name one of n sentences takes ln n nats.")
        if close(got, _level(math.exp(math.log2(n)), levels, information)):
            wrong("You use the logarithm to base 2. The table is in nats: use the natural logarithm.")
        wrong(f"For n = {n}, ln n = {math.log(n):.2f}: the crossing is at {right:.3f}, but you return {got:.3f}.")
    for n, levels, information, given in answers[len(inside) :]:
        got = as_number(given)
        where, right = ("above", levels[0]) if math.log(n) > information[0] else ("below", levels[-1])
        if not close(got, right):
            wrong(f"With n = {n}, ln n lies {where} the whole table: return {right:g}, not {got:.3f}.")
    return "Right. Beyond the upper end not even a clean sentence names itself: the memory has become the language."


@exercise("8.3 Was it in the training set?")
def from_memory(answer: Any) -> str:
    """Check the posterior probability of the training set's world against sums of products."""
    memories = torch.tensor([[0, 1, 2], [0, 2, 2], [3, 3, 1], [0, 1, 1]])
    xt = torch.tensor([[0, 1, 2], [0, 3, 3], [1, 0, 0]])
    log_language = torch.tensor([-4.0, -5.0, -3.5], dtype=torch.float64)
    questions = [(xt, memories, 0.7, 4, log_language), (xt, memories, 0.3, 6, log_language)]
    questions.append((torch.tensor([[2, 0], [1, 1]]), torch.tensor([[2, 1], [0, 0], [1, 1]]), 0.5, 3, log_language[1:]))
    for xt, memories, alpha, vocab, log_language, given in ask_each(answer, questions):
        length = xt.shape[1]
        own, other = alpha + (1 - alpha) / vocab, (1 - alpha) / vocab
        agree = (xt[:, None] == memories).sum(dim=2).double()  # [B, n]
        products = own**agree * other ** (length - agree)  # q(x_t | memory)
        got = as_tensor(given, (len(xt),))

        def chance(memory: torch.Tensor, language: torch.Tensor = log_language) -> torch.Tensor:
            return torch.sigmoid(memory.log() - language)

        if close(got, chance(products.mean(dim=1))):
            continue
        if close(got, chance(products.sum(dim=1))):
            wrong("You forget 1 / n: each of the n memories was chosen with that probability, so average, do not add.")
        if close(got, 1 - chance(products.mean(dim=1))):
            wrong("This is the probability that it came from the language: the sign of the difference is upside down.")
        if close(got, chance(products.amax(dim=1))):
            wrong("You look at the best memory only. Every memory may have made x_t: average over all of them.")
        ratio = (own / other) ** agree
        if close(got, chance(ratio.mean(dim=1))):
            wrong(
                "The factor c^L is missing. Inside the softmax it cancels; here two different worlds are compared, and "
                "it does not."
            )
        if close(got, chance((alpha**agree * other ** (length - agree)).mean(dim=1))):
            wrong("A redrawn word may be the same word again: k = alpha + (1 - alpha) / V, not alpha.")
        if not bool(((got >= 0) & (got <= 1)).all()):
            wrong("A probability lies between 0 and 1. Turn the difference of log-probabilities into one: the sigmoid.")
        wrong("These are not the right probabilities. Compute ln p(x_t) in the memory's world, then compare the two.")
    return "Right. The difference inside is a free energy against the language's: no test for membership beats it."


@exercise("8.4 A bound for the weight")
def bound_on_weight(answer: Any) -> str:
    """Check the mean of sigmoid(i - ln(n - 1))."""
    some = torch.tensor([-1.0, 0.5, 2.0, 3.0, 7.0], dtype=torch.float64)
    few = torch.tensor([0.3, 1.2], dtype=torch.float64)
    for n, densities, given in ask_each(answer, [(2, some), (5, some), (40, some), (5, few), (1, some)]):
        got = as_number(given)
        if n == 1:
            if not close(got, 1):
                wrong(f"With n = 1 there is no rival and the weight is 1, but you return {got:.3f}.")
            continue
        right = float(torch.sigmoid(densities - math.log(n - 1)).mean())
        if close(got, right):
            continue
        if close(got, float(torch.sigmoid(densities - math.log(n)).mean())):
            wrong("The right memory is no rival of itself: there are n - 1 others.")
        if close(got, float(torch.sigmoid(densities.mean() - math.log(n - 1)))):
            wrong(
                "You average the densities first. The average of the weights is wanted, and the sigmoid is not linear."
            )
        if close(got, float((densities > math.log(n - 1)).double().mean())):
            wrong("You count the densities above ln(n - 1). Each contributes its weight, a sigmoid, not 0 or 1.")
        if close(got, float(torch.sigmoid(math.log(n - 1) - densities).mean())):
            wrong("Upside down: more information about the right memory must raise its weight.")
        if math.isnan(got):
            wrong(f"For n = {n} you return nan. The sigmoid of any density is a number: torch.sigmoid is safe.")
        wrong(f"For n = {n} the bound is {right:.4f}, but you return {got:.4f}. Divide q by q + (n - 1) p first.")
    return (
        "Right. The average weight lies above the bound, so it falls through one half at a higher noise level than the "
        "bound does."
    )


def _level(n: float, levels: torch.Tensor, information: torch.Tensor) -> float:
    """Return where the falling table passes ln n."""
    i = int((information < math.log(n)).nonzero()[0, 0])
    share = (information[i - 1] - math.log(n)) / (information[i - 1] - information[i])
    return float(levels[i - 1] + share * (levels[i] - levels[i - 1]))

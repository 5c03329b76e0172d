"""Checks of the chapter "How well can any denoiser do?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.answers import as_number, as_tensor, ask_each, compare, questions
from uddm_mini.teaching.exercises import exercise

# noise levels, and the information at each
TABLE, OTHER_TABLE = ((0.0, 0.2, 0.5, 0.9), (6.0, 5.0, 2.0, 0.5)), ((0.1, 0.3, 0.6), (4.0, 2.5, 1.0))

# n, and a table: first those where ln n lies inside it, then beyond its ends
COLLAPSES = (
    *((50, TABLE), (3, TABLE), (20, OTHER_TABLE)),
    *((1000, TABLE), (1, TABLE), (1000, OTHER_TABLE), (2, OTHER_TABLE)),
)

# information densities, in nats
DENSITIES, FEW = (-1.0, 0.5, 2.0, 3.0, 7.0), (0.3, 1.2)


@exercise(1, "A floor with copies", level="warm-up", minutes=5)
def training_floor(answer: Any) -> str:
    """Check the entropy of the training set's own distribution, per word."""
    copied = torch.tensor([[0, 1, 2, 1]] * 5 + [[2, 1, 0, 0]] * 2 + [[2, 1, 1, 1]])  # counts 5, 2, 1 of 8 sentences
    right = float(torch.special.entr(torch.tensor([5, 2, 1]).double() / 8).sum()) / 4
    (_, given), (_, of_plain) = ask_each(answer, [(copied,), (torch.arange(12).reshape(6, 2),)])
    got = as_number(given)
    slips = {
        "This is the floor for a whole sentence. Divide by its length: the loss is per word.": 4 * right,
        "ln n / L holds for different sentences. Here some are copies, and a copy need not be named twice.": (
            math.log(8) / 4
        ),
        "You count the different sentences as if they were equally likely. One of them comes five times in eight.": (
            math.log(3) / 4
        ),
        "This is in bits. The book counts in nats: use the natural logarithm.": right / math.log(2),
    }
    unknown = (
        f"For counts 5, 2 and 1 and sentences of four words the floor is {right:.4f} nats per word; you have {got:.4f}."
    )
    compare(got, right, slips, otherwise=unknown)
    unknown = "Right with copies, but six different sentences of two words should give ln 6 / 2."
    compare(of_plain, math.log(6) / 2, otherwise=unknown)
    return "Right. Copies lower the floor: a model may win by favoring the sentences that come often."


@exercise(2, "Read off the collapse", level="core", minutes=10)
@questions(lambda: [(n, *map(as_tensor, table)) for n, table in COLLAPSES])
def collapse_at(n: int, levels: torch.Tensor, information: torch.Tensor, got: Any) -> str:
    """Check the interpolated level on tables, inside and beyond both ends."""
    got, nats = as_number(got), math.log(n)
    if information[-1] < nats < information[0]:
        after, right = int((information < nats).nonzero()[0, 0]), _level(nats, levels, information)
        slips = {
            "You return a level of the table. The crossing lies between two of them: interpolate.": (
                *(levels[after], levels[after - 1]),
            ),
            "You compare the information with n. To name one of n sentences takes ln n nats.": (
                2 <= n <= 6 and _level(n, levels, information)
            ),
            "You use the logarithm to base 2. The table is in nats: use the natural logarithm.": (
                _level(math.log2(n), levels, information)
            ),
        }
        unknown = f"For n = {n}, ln n = {nats:.2f}: the crossing is at {right:.3f}, but you return {got:.3f}."
        compare(got, right, slips, otherwise=unknown)
    else:
        where, end = ("above", levels[0]) if nats > information[0] else ("below", levels[-1])
        compare(got, end, otherwise=f"With n = {n}, ln n lies {where} the whole table: return {end:g}, not {got:.3f}.")
    return "Right. Beyond the upper end not even a clean sentence names itself: the memory has become the language."


def _worlds() -> list[tuple[torch.Tensor, torch.Tensor, float, int, torch.Tensor]]:
    """Return noisy sentences, memories, alpha, V and the log-probability of the sentences in the language."""
    memories = torch.tensor([[0, 1, 2], [0, 2, 2], [3, 3, 1], [0, 1, 1]])
    xt, log_language = torch.tensor([[0, 1, 2], [0, 3, 3], [1, 0, 0]]), as_tensor([-4.0, -5.0, -3.5])
    short = torch.tensor([[2, 0], [1, 1]]), torch.tensor([[2, 1], [0, 0], [1, 1]])
    first, second = (xt, memories, 0.7, 4, log_language), (xt, memories, 0.3, 6, log_language)
    return [first, second, (*short, 0.5, 3, log_language[1:])]


@exercise(3, "Was it in the training set?", level="core", minutes=20)
@questions(_worlds)
def from_memory(
    xt: torch.Tensor, memories: torch.Tensor, alpha: float, vocab: int, log_language: torch.Tensor, got: Any
) -> str:
    """Check the posterior probability of the training set's world against sums of products."""
    got = as_tensor(got, (len(xt),))
    own, other = alpha + (1 - alpha) / vocab, (1 - alpha) / vocab
    agree = (xt[:, None] == memories).sum(dim=2).double()  # [B, n]
    differ = xt.shape[1] - agree
    products = own**agree * other**differ  # q(x_t | memory)

    def chance(memory: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(memory.log() - log_language)

    right = chance(products.mean(dim=1))
    slips = {
        "You forget 1 / n: each of the n memories was chosen with that probability, so average, do not add.": (
            chance(products.sum(dim=1))
        ),
        "This is the probability that it came from the language: the sign of the difference is upside down.": 1 - right,
        "You look at the best memory only. Every memory may have made x_t: average over all of them.": (
            chance(products.amax(dim=1))
        ),
        "The factor c^L is missing. Inside the softmax it cancels; here two different worlds are compared, and it does "
        "not.": chance(((own / other) ** agree).mean(dim=1)),
        "A redrawn word may be the same word again: k = alpha + (1 - alpha) / V, not alpha.": (
            chance((alpha**agree * other**differ).mean(dim=1))
        ),
        "A probability lies between 0 and 1. Turn the difference of log-probabilities into one: the sigmoid.": (
            not bool(((got >= 0) & (got <= 1)).all())
        ),
    }
    unknown = "These are not the right probabilities. Compute ln p(x_t) in the memory's world, then compare the two."
    compare(got, right, slips, otherwise=unknown)
    return "Right. The difference inside is a free energy against the language's: no test for membership beats it."


@exercise(4, "A bound for the weight", level="stretch", minutes=25)
@questions(lambda: [(n, as_tensor(DENSITIES)) for n in (2, 5, 40)] + [(5, as_tensor(FEW)), (1, as_tensor(DENSITIES))])
def bound_on_weight(n: int, densities: torch.Tensor, got: Any) -> str:
    """Check the mean of sigmoid(i - ln(n - 1))."""
    got, rivals = as_number(got), math.log(max(n - 1, 1))
    right = float(torch.sigmoid(densities - rivals).mean()) if n > 1 else 1.0
    slips = {
        f"With n = 1 there is no rival and the weight is 1, but you return {got:.3f}.": n == 1,
        "The right memory is no rival of itself: there are n - 1 others.": torch.sigmoid(
            densities - math.log(n)
        ).mean(),
        "You average the densities first. The average of the weights is wanted, and the sigmoid is not linear.": (
            torch.sigmoid(densities.mean() - rivals)
        ),
        "You count the densities above ln(n - 1). Each contributes its weight, a sigmoid, not 0 or 1.": (
            (densities > rivals).double().mean()
        ),
        "Upside down: more information about the right memory must raise its weight.": (
            torch.sigmoid(rivals - densities).mean()
        ),
        f"For n = {n} you return nan. The sigmoid of any density is a number: torch.sigmoid is safe.": math.isnan(got),
    }
    unknown = f"For n = {n} the bound is {right:.4f}, but you return {got:.4f}. Divide q by q + (n - 1) p first."
    compare(got, right, slips, otherwise=unknown)
    return (
        "Right. The average weight lies above the bound, so it falls through one half at a higher noise level than the "
        "bound does."
    )


def _level(nats: float, levels: torch.Tensor, information: torch.Tensor) -> float:
    """Return where the falling table passes so many nats."""
    i = int((information < nats).nonzero()[0, 0])
    share = (information[i - 1] - nats) / (information[i - 1] - information[i])
    return float(levels[i - 1] + share * (levels[i] - levels[i - 1]))

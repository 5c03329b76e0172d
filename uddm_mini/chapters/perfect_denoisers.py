"""Checks of the chapter "How well can any denoiser do?"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from uddm_mini.teaching.answers import BITS, as_tensor, compare, questions
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


def _copies() -> list[tuple[torch.Tensor, float]]:
    """Return training sets [n, L], and the nats of naming one of their sentences."""
    copied = torch.tensor([[0, 1, 2, 1]] * 5 + [[2, 1, 0, 0]] * 2 + [[2, 1, 1, 1]])  # counts 5, 2, 1 of 8 sentences
    nats = float(torch.special.entr(torch.tensor([5, 2, 1]).double() / 8).sum())
    return [(copied, nats), (torch.arange(12).reshape(6, 2), math.log(6))]


@exercise(1, "A floor with copies", level="warm-up", minutes=5, assesses="the entropy of an empirical distribution")
@questions(_copies, hidden=1)
def training_floor(x: torch.Tensor, nats: float, got: Any) -> str:
    """Check the entropy of the training set's own distribution, per word."""
    n, length = x.shape
    slips = {
        "This is the floor for a whole sentence. Divide by its length: the loss is per word.": nats,
        "Right with copies, but six different sentences of two words should give ln 6 / 2.": n == 6,
        "ln n / L holds for different sentences. Here some are copies, and a copy need not be named twice.": (
            math.log(n) / length
        ),
        "You count the different sentences as if they were equally likely. One of them comes five times in eight.": (
            math.log(3) / length
        ),
        "That is the entropy of single words. A memory names a sentence, and with it all of its words.": (
            float(torch.special.entr(torch.unique(x, return_counts=True)[1] / x.numel()).sum())
        ),
        BITS: nats / length / math.log(2),
    }
    compare(got, nats / length, slips, "That is per word, for counts 5, 2 and 1 and sentences of four words.")
    return "Right. Copies lower the floor: a model may win by favoring the sentences that come often."


@exercise(2, "Read off the collapse", level="core", minutes=10, assesses="reading a table by interpolation")
@questions(lambda: [(n, *map(as_tensor, table)) for n, table in COLLAPSES], "For n = {n}")
def collapse_at(n: int, levels: torch.Tensor, information: torch.Tensor, got: Any) -> str:
    """Check the interpolated level on tables, inside and beyond both ends."""
    nats = math.log(n)

    def level(nats: float) -> float:
        return float(np.interp(-nats, -information, levels))  # which wants rising numbers

    slips: dict[str, Any] = {}
    hint = f"ln n = {nats:.2f} lies {'above' if nats > information[0] else 'below'} the whole table."
    if information[-1] < nats < information[0]:
        after = int((information < nats).nonzero()[0, 0])
        slips = {
            "You return a level of the table. The crossing lies between two of them: interpolate.": (
                *(levels[after], levels[after - 1]),
            ),
            "You compare the information with n. To name one of n sentences takes ln n nats.": 2 <= n <= 6 and level(n),
            "np.interp wants numbers that rise, and the information falls. Turn both lists around.": float(
                np.interp(nats, information, levels)
            ),
            "You use the logarithm to base 2. The table is in nats: use the natural logarithm.": level(math.log2(n)),
        }
        hint = f"The crossing is at ln n = {nats:.2f}."
    compare(got, level(nats), slips, hint)
    return "Right. Beyond the upper end not even a clean sentence names itself: the memory has become the language."


def _worlds() -> list[tuple[torch.Tensor, torch.Tensor, float, int, torch.Tensor]]:
    """Return noisy sentences, memories, alpha, V and the log-probability of the sentences in the language."""
    memories = torch.tensor([[0, 1, 2], [0, 2, 2], [3, 3, 1], [0, 1, 1]])
    xt, log_language = torch.tensor([[0, 1, 2], [0, 3, 3], [1, 0, 0]]), as_tensor([-4.0, -5.0, -3.5])
    short = torch.tensor([[2, 0], [1, 1]]), torch.tensor([[2, 1], [0, 0], [1, 1]])
    first, second = (xt, memories, 0.7, 4, log_language), (xt, memories, 0.3, 6, log_language)
    return [first, second, (*short, 0.5, 3, log_language[1:])]


@exercise(3, "Was it in the training set?", level="core", minutes=20, assesses="the optimal test for membership")
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
            *(chance(products.amax(dim=1)), chance(products.amax(dim=1) / len(memories))),
        ),
        "The factor c^L is missing. Inside the softmax it cancels; here two different worlds are compared, and it does "
        "not.": chance(((own / other) ** agree).mean(dim=1)),
        "A redrawn word may be the same word again: k = alpha + (1 - alpha) / V, not alpha.": tuple(
            chance((alpha**agree * rest**differ).mean(dim=1)) for rest in (other, (1 - alpha) / (vocab - 1))
        ),
        "You count the words that differ as those that agree.": chance((own**differ * other**agree).mean(dim=1)),
        "A probability lies between 0 and 1. Turn the difference of log-probabilities into one: the sigmoid.": (
            not bool(((got >= 0) & (got <= 1)).all())
        ),
    }
    hint = "Compute ln p(x_t) in the memory's world, then compare the two."
    compare(got, right, slips, hint)
    return "Right. The difference inside is a free energy against the language's: no test for membership beats it."


@exercise(4, "A bound for the weight", level="stretch", minutes=25, assesses="Jensen's inequality as a bound")
@questions(
    lambda: [(n, as_tensor(DENSITIES)) for n in (2, 5, 40)] + [(5, as_tensor(FEW)), (1, as_tensor(DENSITIES))],
    "For n = {n}",
)
def bound_on_weight(n: int, densities: torch.Tensor, got: Any) -> str:
    """Check the mean of sigmoid(i - ln(n - 1))."""
    rivals = math.log(max(n - 1, 1))
    right = float(torch.sigmoid(densities - rivals).mean()) if n > 1 else 1.0
    slips = {
        "With n = 1 there is no rival, and the weight is 1.": n == 1,
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
    }
    compare(got, right, slips, "Divide q by q + (n - 1) p first.")
    return (
        "Right. The average weight lies above the bound, so it falls through one half at a higher noise level than the "
        "bound does."
    )

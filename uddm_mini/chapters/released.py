"""Checks of the chapter "What is in a released checkpoint, and what do you expect of it?"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from uddm_mini.audit.known import NEAR
from uddm_mini.teaching.answers import as_number, as_tensor, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

LEVELS = ((1.2, 0.2), (0.5, 1e-3), (0.02, 1e-3), (2.0, 0.05))  # sigma and epsilon
NETWORKS = ((32, 2, 102, 32), (256, 8, 30_522, 128), (64, 3, 1000, 16), (48, 1, 512, 128))
WAVES = 256  # cosines and sines of the noise level
# the values of one weight, step by step, and a decay
COURSES = (((1.0, 0.0, 0.0), 0.9), ((0.0, 1.0, 2.0, 3.0, 5.0), 0.5), ((4.0, 4.0, 1.0, -2.0), 0.99))
# level a and exponent b of a law, half of its interval in ln tokens, weights, and tokens of the training text
LAWS = (
    (6.0, 0.5, 1.0, 1e6, 1e4),
    (6.0, 0.5, 1.0, 1e6, 3e6),
    (6.0, 0.5, 1.0, 1e6, 4e5),
    (6.0, 0.5, 1.0, 1e6, 1.7e5),
    (2.0, 0.8, 0.3, 4e6, 8.5e5),
    (2.0, 0.8, 0.3, 4e6, 8.5e6),
    (2.0, 0.8, 0.3, 4e6, 8.5e3),
    (2.0, 0.8, 0.3, 4e6, 5e6),
    (2.0, 0.8, 0.3, 4e6, 2e6),
    (6.0, 0.5, 1.0, 1e6, 1e5),
)


@exercise(1, "How noisy is sigma?", level="warm-up", minutes=10, assesses="conversion of noise levels")
@questions(LEVELS, "For sigma = {sigma} and epsilon = {epsilon}")
def level_of_sigma(sigma: float, epsilon: float, pair: Any) -> str:
    """Check (alpha, t) with alpha = exp(-sigma) = 1 - (1 - epsilon) t."""
    got = as_tensor(pair, (2,), "Your pair (alpha, t)")
    alpha = math.exp(-sigma)
    t = (1 - alpha) / (1 - epsilon)
    slips = {
        "The other way round: first alpha, then t.": [t, alpha],
        "You left out epsilon: at t = 1 the signal that is left is epsilon, and not 0.": [alpha, 1 - alpha],
        "sigma is minus the logarithm of what is *left*. You took it for that of what is lost.": [
            1 - alpha,
            alpha / (1 - epsilon),
        ],
        "Your alpha is above 1, but it is a share, what is left: sigma = -ln alpha, so alpha = exp(-sigma).": (
            bool(got[0] > 1)
        ),
        "sigma is the natural logarithm, with base e.": [10**-sigma, (1 - 10**-sigma) / (1 - epsilon)],
        "The slope is 1 - epsilon, not 1 + epsilon.": [alpha, (1 - alpha) / (1 + epsilon)],
        "sigma is -ln alpha. 1 - sigma is near exp(-sigma) only where sigma is small.": (
            [1 - sigma, sigma / (1 - epsilon)]
        ),
        "You multiply by 1 - epsilon. Solve alpha = 1 - (1 - epsilon) t for t.": [alpha, (1 - alpha) * (1 - epsilon)],
    }
    compare(got, [alpha, t], slips, "exp(-sigma) is alpha. Then solve the straight line for t.")
    return "Right. A model that wants sigma and gets t is told another noise level than there is."


@exercise(2, "Count the weights", level="core", minutes=20, assesses="the shapes of a transformer")
@questions(NETWORKS, "For width {W}, {blocks} blocks, {V} words and {C} numbers of the noise level")
def count_weights(W: int, blocks: int, V: int, C: int, got: Any) -> str:
    """Check the number of weights of a DiT."""
    number = as_number(got)
    level = WAVES * C + C + C * C + C
    block = 2 * W + 4 * W * W + 8 * W * W + 5 * W + 6 * W * (C + 1)
    last = W + V * W + V + 2 * W * (C + 1)
    right = V * W + level + blocks * block + last
    slips = {
        "You count one table of words. Embedding and last layer have one each: they are not tied.": right - V * W,
        "Without the shifts, scales and gates: six times W numbers from C, for each block.": (
            right - blocks * 6 * W * (C + 1)
        ),
        "You left out the biases of the linear layers.": right - C - C - blocks * 11 * W - V - 2 * W,
        "The layers of attention, W to 3 W and W to W, have no bias in this network.": (
            right + blocks * 4 * W,
            right + blocks * 3 * W,
        ),
        "Each of the linear layers that tell a noise level has a bias, too.": right - blocks * 6 * W - 2 * W,
        "The last layer is told the noise level, too: two times W numbers from C.": right - 2 * W * (C + 1),
        "Where are the weights that turn 256 cosines and sines into C numbers?": right - level,
        "Attention has two layers in each block, W to 3 W and W to W: one of them is missing.": (
            right - blocks * W * W,
            right - blocks * 3 * W * W,
        ),
        "Cosines and sines become C numbers once, and not in every block.": right + (blocks - 1) * level,
        "One block too few, or a single one: multiply by the number of blocks.": (
            right - block,
            right - (blocks - 1) * block,
        ),
        "The last layer has a bias, one number for each word.": right - V,
        "The two layers of the feed-forward network have biases, 4 W and W.": right - blocks * 5 * W,
        "A norm has W weights: two in each block, one at the end.": (
            right - (2 * blocks + 1) * W,
            right - 2 * blocks * W,
            right - blocks * W,
            right - W,
        ),
    }
    hint = "Go through the table of layers; a linear layer from A to B has A B + B weights."
    compare(number, right, slips, hint, within=1e-6)
    return "Right. For 256, 8, 30,522 and 128 these are the 23,664,442 of the paper's smallest network."


@exercise(3, "What an average forgets", level="core", minutes=15, assesses="bias of a moving average")
@questions(lambda: [(np.array(w), d) for w, d in COURSES], "For the weights {weights} and the decay {decay}")
def moving_average(weights: Any, decay: float, pair: Any) -> str:
    """Check (average, share of the first value that is left)."""
    got = as_tensor(pair, (2,), "Your pair (average, share)")
    right = [averaged(weights, decay), decay ** (len(weights) - 1)]
    zero = averaged(np.concatenate([[0.0], weights]), decay)
    slips = {
        "The decay is the share of the *old* average that stays. You gave it to the new weight.": tuple(
            [averaged(weights, 1 - decay), share] for share in ((1 - decay) ** (len(weights) - 1), right[1])
        ),
        "The average starts at the first weight, and not at 0.": ([zero, right[1]], [zero, decay ** len(weights)]),
        "That is the plain mean.": ([float(weights.mean()), right[1]], [float(weights.mean()), 1 / len(weights)]),
        "The first weight is the start, and no step: k weights are k - 1 updates.": [right[0], decay ** len(weights)],
        "Your second number is what is forgotten. Asked is the share of the start that is still in.": [
            right[0],
            1 - right[1],
        ],
        "The other way round: first the average, then the share.": right[::-1],
    }
    compare(got, right, slips, "Start at the first weight; then average = decay * average + (1 - decay) * weight.")
    return "Right. With 0.9999 and a million steps nothing of the start is left; after 1,000 steps 90 % still is."


def averaged(weights: Any, decay: float) -> float:
    """Return the moving average of a course of weights, from the first one on."""
    average = float(weights[0])
    for weight in weights[1:]:
        average = decay * average + (1 - decay) * float(weight)
    return average


@exercise(
    4, "What would prove it wrong?", level="stretch", minutes=25, assesses="a prediction interval from a power law"
)
@questions(LAWS, "For a = {a}, b = {b}, half = {half}, {weights:g} weights and {tokens:g} tokens")
def prediction(a: float, b: float, half: float, weights: float, tokens: float, got: Any) -> str:
    """Check 1 (memorizing), -1 (generalizing) or 0 (open) by a law and its interval."""
    number = as_number(got)
    if number not in (-1, 0, 1):
        wrong(f"Return 1 (memorizing), -1 (generalizing) or 0 (open), but you return {number:g}.")
    middle, read = a + b * math.log(weights), math.log(tokens)

    def side(low: float, high: float) -> int:
        return 1 if read < low else -1 if read > high else 0

    near = math.log(NEAR)
    right = side(middle - half - near, middle + half + near)
    slips = {
        "More text than at the crossing is generalizing, less is memorizing: your signs are swapped.": -right,
        "From half of a crossing to twice of it an audit says in between: widen the interval by a factor of 2 on "
        "both sides.": side(middle - half, middle + half),
        "A factor of 2 is ln 2 on the scale of logarithms, and not 2.": side(middle - half - 2, middle + half + 2),
        "You left out `half`: the law itself is sure of the crossing only give or take that much.": (
            side(middle - near, middle + near)
        ),
        "Within the interval the law does not know. Return 0 there.": side(middle, middle) if not right else 9,
    }
    slips = {sentence: value for sentence, value in slips.items() if value != right}
    compare(number, right, slips, "Compare ln(tokens) with both ends.")
    return "Right. Only an answer on the far side of the interval proves the law wrong; inside it, no answer does."

"""Brute force: every sentence, every corruption, every sum written out. Nothing here uses the package's formulas.

Sentences are indexed 0 ... V^L - 1 in the order of `sentences`. Everything is float64 and in nats.
"""

from __future__ import annotations

import itertools
import math

import torch

from uddm_mini import Denoiser
from uddm_mini.worlds.grammar import Choice, Grammar, Slot, echo, uniform

SCHEDULES = ("linear", "cosine")


def sentences(vocab: int, length: int) -> torch.Tensor:
    """Return all V^L sentences, int64[N, L]."""
    return torch.tensor(list(itertools.product(range(vocab), repeat=length)), dtype=torch.int64).reshape(-1, length)


def index_of(x: torch.Tensor, vocab: int) -> torch.Tensor:
    """Return the index of each row of x among `sentences`."""
    out = torch.zeros(len(x), dtype=torch.int64)
    for column in x.T:
        out = out * vocab + column
    return out


def signal(t: torch.Tensor | float, schedule: str, epsilon: float = 0.001) -> torch.Tensor:
    """Return alpha(t) from its definition in words: linear, squared cosine or a power of t, from 1 to epsilon."""
    t = torch.as_tensor(t, dtype=torch.float64)
    if schedule == "exponential":
        return epsilon**t
    shape = 1 - t if schedule == "linear" else torch.cos(t * math.pi / 2) ** 2
    return epsilon + (1 - epsilon) * shape


def one_token(alpha: torch.Tensor | float, vocab: int) -> torch.Tensor:
    """Return the V x V matrix q(x_t = b | x_0 = a) of one token."""
    alpha = torch.as_tensor(alpha, dtype=torch.float64)
    return alpha * torch.eye(vocab, dtype=torch.float64) + (1 - alpha) / vocab


def channels(alpha: torch.Tensor, vocab: int, length: int, leave_out: int | None = None) -> torch.Tensor:
    """Return q(x_t | x_0) for all pairs of sentences, [N, N] (x_0, x_t); without position `leave_out` if given."""
    x, matrix = sentences(vocab, length), one_token(alpha, vocab)
    out = torch.ones(len(x), len(x), dtype=torch.float64)
    for i in range(length):
        if i != leave_out:
            out = out * matrix[x[:, None, i], x[None, :, i]]
    return out


def predictions(prior: torch.Tensor, alpha: torch.Tensor, vocab: int, length: int, kind: str) -> torch.Tensor:
    """Return p(x_0_l = v | x_t) ("posterior"), or without token l of x_t ("cavity"), for every x_t: [N, L, V]."""
    x = sentences(vocab, length)
    out = torch.zeros(len(x), length, vocab, dtype=torch.float64)
    for i in range(length):
        joint = prior[:, None] * channels(alpha, vocab, length, leave_out=i if kind == "cavity" else None)
        for v in range(vocab):
            out[:, i, v] = joint[x[:, i] == v].sum(dim=0) / joint.sum(dim=0)
    return out


def random_prior(vocab: int, length: int, seed: int = 0) -> torch.Tensor:
    """Return a probability for every sentence: uneven, and never zero."""
    weights = torch.rand(vocab**length, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) ** 3
    return (weights + 1e-3) / (weights + 1e-3).sum()


def entropy_given_noise(prior: torch.Tensor, alpha: torch.Tensor, vocab: int, length: int) -> torch.Tensor:
    """Return H(x_0 | x_t) in nats, from the joint probabilities of all pairs."""
    joint = prior[:, None] * channels(alpha, vocab, length)
    return -(joint * (joint / joint.sum(dim=0)).log())[joint > 0].sum()


def bayes_step(p0: torch.Tensor, xt: int, alpha_s: float, alpha_t: float) -> torch.Tensor:
    """Return q(x_s | x_t) of one token by Bayes' rule on the V x V tables, when x_0 ~ p0 [V]."""
    vocab = len(p0)
    at_s = p0 @ one_token(alpha_s, vocab)  # q(x_s)
    onward = one_token(alpha_t / alpha_s, vocab)[:, xt]  # q(x_t | x_s)
    return at_s * onward / (at_s * onward).sum()


def jump_divergence(p0: torch.Tensor, x0: int, xt: int, alpha: float, alpha_prime: float) -> float:
    """Return the KL rate between two reversed jump processes of one token, state by state.

    Forward, a token is redrawn at rate -alpha'/alpha, and lands on each word with probability 1/V. Reversed, the rate
    from b to a is (forward rate a to b) q_t(a) / q_t(b). Two processes with rates R0 (true) and R (model) diverge at
    rate sum over a of R - R0 + R0 log(R0 / R).
    """
    vocab = len(p0)
    forward = -alpha_prime / alpha / vocab
    total = 0.0
    for a in range(vocab):
        if a == xt:
            continue
        model = forward * (alpha * p0[a] + (1 - alpha) / vocab) / (alpha * p0[xt] + (1 - alpha) / vocab)
        truth_a = alpha * (a == x0) + (1 - alpha) / vocab
        truth_b = alpha * (xt == x0) + (1 - alpha) / vocab
        truth = forward * truth_a / truth_b
        total += float(model - truth + truth * math.log(truth / model))
    return total


def kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """Return KL(p || q) over the last axis, with 0 log 0 = 0."""
    return torch.where(p > 0, p * (p / q).log(), 0.0).sum(dim=-1)


def spell(grammar: Grammar) -> dict[tuple[str, ...], float]:
    """Return the probability of every sentence by trying every outcome of every choice."""
    out: dict[tuple[str, ...], float] = {}
    sizes = [len(choice.probs[0]) if choice.parent else len(choice.probs) for choice in grammar.choices]
    for outcome in itertools.product(*map(range, sizes)):
        values = dict(zip((choice.name for choice in grammar.choices), outcome, strict=True))
        prob = 1.0
        for choice in grammar.choices:
            table = choice.probs[values[choice.parent]] if choice.parent else choice.probs
            prob *= table[values[choice.name]]
        said = []
        for slot in grammar.slots:
            word = slot.words
            for name in slot.choices:
                word = word[values[name]]
            said.append(word)
        if prob:
            out[tuple(said)] = out.get(tuple(said), 0.0) + prob
    return out


def prior_of(grammar: Grammar, words: tuple[str, ...], length: int) -> torch.Tensor:
    """Return the probability of every one of the V^L sentences, [N]."""
    prior = torch.zeros(len(words) ** length, dtype=torch.float64)
    for said, prob in spell(grammar).items():
        prior[index_of(torch.tensor([[words.index(word) for word in said]]), len(words))] += prob
    return prior


def three_words() -> Grammar:
    """Return a grammar with V = 3 and L = 3: a choice, its noisy echo, and a copy of the choice under other words."""
    return Grammar(
        choices=(Choice("first", (0.5, 0.3, 0.2)), Choice("second", echo(3, 0.7), parent="first")),
        slots=(
            Slot(("first",), ("red", "green", "blue")),
            Slot(("second",), ("green", "blue", "red")),
            Slot(("first",), ("blue", "blue", "green")),
        ),
    )


def two_topics() -> Grammar:
    """Return a grammar with a topic that is never said aloud, a slot that says two choices, and an impossible word."""
    return Grammar(
        choices=(
            Choice("topic", (0.25, 0.75)),
            Choice("who", ((0.9, 0.1), (0.5, 0.5)), parent="topic"),
            Choice("what", (uniform(2), (1.0, 0.0)), parent="topic"),
        ),
        slots=(
            Slot(("who",), ("one", "two")),
            Slot(("topic", "who"), (("fish", "fish"), ("cow", "cows"))),
            Slot(("what",), ("swims", "eats")),
        ),
    )


GRAMMARS = {"three words": three_words(), "two topics": two_topics()}


def weighted_pairs(
    prior: torch.Tensor, alpha: torch.Tensor, vocab: int, length: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return every possible (x_0, x_t), int64[P, L] each, with its probability [P]."""
    x = sentences(vocab, length)
    keep = prior > 0
    weight = (prior[:, None] * channels(alpha, vocab, length))[keep]
    return x[keep].repeat_interleave(len(x), 0), x.repeat(int(keep.sum()), 1), weight.reshape(-1)


def assert_bayes_rule(denoiser: Denoiser, prior: torch.Tensor, schedule: str, length: int, form: str) -> None:
    """Compare a denoiser, at three noise levels and in one form, with Bayes' rule over all sentences, to 1e-10."""
    vocab = denoiser.noise.vocab_size
    x = sentences(vocab, length)
    for t in (0.02, 0.5, 1.0):
        level = torch.full((len(x),), t, dtype=torch.float64)
        got = getattr(denoiser, form)(x, level)
        right = predictions(prior, signal(t, schedule), vocab, length, form)
        torch.testing.assert_close(got.exp(), right, rtol=1e-10, atol=1e-10)
        assert got.dtype == torch.float64
        if form == denoiser.predicts:
            assert torch.equal(denoiser(x, level), got)

"""How sure is the model while it writes from left to right? The entropy of every word, given those before it."""

from __future__ import annotations

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.sampling import fill
from uddm_mini.worlds.world import World

from .entropy import sampled_entropy


def entropy_along(
    model: Denoiser,
    x: torch.Tensor,
    draws: int = 32,
    steps: int = 16,
    corrections: int | None = None,
    *,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Estimate the entropy of every word given those before it, H(x_l | x_<l), float64[B, L], in nats.

    The words before it are known and the rest is noise; a walk with Gibbs steps fills it (see `fill`), `draws` times
    for each word, and `sampled_entropy` turns draws into an entropy. What the walk decides early it decides without a
    look ahead, so that the estimate is a little too high: for a network that has learned the toy language 0.91 nats a
    word instead of 0.87, with the default numbers and 12 sentences.

    x int64[B, L]: the text.
    draws, steps: how many walks for each word, of how many steps.
    corrections: Gibbs steps after each of them, by default as many as there are words.

    Random, from `generator`: the walks. ValueError for fewer than 2 draws.
    """
    if draws < 2:
        raise ValueError(f"Entropy needs at least 2 draws of every word, but draws is {draws}.")
    (n, length), V = x.shape, model.noise.vocab_size
    corrections = length if corrections is None else corrections
    repeated, place, found = x.repeat(draws, 1), torch.arange(length), []
    for here in range(length):
        known = (place < here).expand(len(repeated), length)
        out = fill(model, repeated, known, steps, corrections=corrections, generator=generator)
        found.append(sampled_entropy(out[:, here].reshape(draws, n, 1).cpu(), V)[0][:, 0])
    return torch.stack(found, dim=1)


def language_entropy_along(world: World, x: torch.Tensor) -> torch.Tensor:
    """Return the exact entropy of every word given those before it, H(x_l | x_<l), float64[B, L], in nats.

    The law of word l is its cavity, where the words before it are seen and nothing after it is. Summed over l and
    averaged over the language it is the entropy of a sentence. Nothing is random. ValueError for a sentence whose
    beginning the language cannot say.

    x int64[B, L]: the text.
    """
    seen = torch.nn.functional.one_hot(x.cpu(), world.vocab_size).double()  # [B, L, V]
    out = torch.zeros(x.shape, dtype=torch.float64)
    for here in range(x.shape[1]):
        likelihood = torch.ones_like(seen)
        likelihood[:, :here] = seen[:, :here]
        out[:, here] = torch.special.entr(world.cavity(likelihood)[:, here].exp()).sum(dim=1)
    return out


def memory_entropy_along(memories: torch.Tensor) -> torch.Tensor:
    """Return the same for a memory that says each of its sentences equally often: by counting, float64[n, L], in nats.

    Summed over l and averaged over the memories it is ln n, if they all differ. Nothing is random.

    memories int64[n, L]: its sentences, and the text.
    """
    n, length = memories.shape
    alike = torch.ones(n, n, dtype=torch.bool, device=memories.device)  # do i and j begin with the same words?
    out = torch.zeros(n, length, dtype=torch.float64)
    for here in range(length):
        begin, alike = alike, alike & (memories[:, None, here] == memories[:, here])
        surprise = -(alike.sum(dim=1).double() / begin.sum(dim=1)).log()  # of the word of each memory, [n]
        out[:, here] = (begin.double() @ surprise / begin.sum(dim=1)).cpu()
    return out

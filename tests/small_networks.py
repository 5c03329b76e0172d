"""Every kind of network, small enough to check unit by unit."""

from __future__ import annotations

import torch

from uddm_mini import DenseAssociativeMemory, HopfieldNetwork, PseudoLikelihoodNetwork, random_patterns
from uddm_mini.networks.base import Network

TOKENS = 4  # symbols of the token networks below


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def token_patterns(n: int, length: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(TOKENS, (n, length), generator=seeded(seed))


def spin_patterns(n: int = 7, length: int = 12, seed: int = 0) -> torch.Tensor:
    return random_patterns(n, length, seeded(seed))


ENERGY = {
    "hebb": lambda: HopfieldNetwork(spin_patterns()),
    "projection": lambda: HopfieldNetwork(spin_patterns(), "projection"),
    "degree 2": lambda: DenseAssociativeMemory(spin_patterns(), degree=2),
    "degree 3": lambda: DenseAssociativeMemory(spin_patterns(30), degree=3),
    "degree 4 tokens": lambda: DenseAssociativeMemory(token_patterns(20, 6), degree=4, vocab_size=TOKENS),
    "beta": lambda: DenseAssociativeMemory(spin_patterns(30), beta=0.7),
    "beta tokens": lambda: DenseAssociativeMemory(token_patterns(20, 6), beta=1.5, vocab_size=TOKENS),
    "sharp beta tokens": lambda: DenseAssociativeMemory(token_patterns(20, 6), beta=17.0, vocab_size=TOKENS),
    "symmetric": lambda: PseudoLikelihoodNetwork(spin_patterns(), symmetric=True, bias=True),
    "symmetric tokens": lambda: PseudoLikelihoodNetwork(
        token_patterns(20, 6), vocab_size=TOKENS, symmetric=True, bias=True
    ),
}
NO_ENERGY = {
    "pseudo": lambda: PseudoLikelihoodNetwork(spin_patterns(), bias=True),
    "pseudo tokens": lambda: PseudoLikelihoodNetwork(token_patterns(20, 6), vocab_size=TOKENS, bias=True),
}
EVERY = [*ENERGY, *NO_ENERGY]


def build(name: str) -> Network:
    return {**ENERGY, **NO_ENERGY}[name]()


def states(network: Network, n: int = 20, seed: int = 1) -> torch.Tensor:
    """States that the network has never seen, in its own alphabet."""
    patterns = spin_patterns if network.spins else token_patterns
    return patterns(n, network.length, seed)


def as_state(network: Network, tokens: torch.Tensor) -> torch.Tensor:
    return 2 * tokens - 1 if network.spins else tokens


def as_tokens(network: Network, x: torch.Tensor) -> torch.Tensor:
    return (x > 0).long() if network.spins else x

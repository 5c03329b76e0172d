"""How every associative network of this package is asked: states, choices, recall, and the network as a denoiser.

A network offers `scores(x)`, float64[B, L, V]: how well each of its V symbols fits each unit, *given the other units*
(a unit never votes for itself). Where there is an energy, the score is minus the energy of the state with that symbol,
up to a constant per unit. At temperature 0 a unit takes its best symbol; at temperature T it draws from
softmax(scores / T). Units are updated one at a time ("async") or all at once ("sync").

Spin states are +1 / -1; as tokens, -1 is 0 and +1 is 1. Token states are int64 ids 0 ... V - 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch

from uddm_mini.process.noise import Predicts

Mode = Literal["async", "sync"]
Generator = torch.Generator | None
TIE = 1e-9  # scores that differ by less are tied: rounding must not move a unit


class Network(Protocol):
    """What `as_denoiser`, `recall_curve` and `loop_work` need to know of a network."""

    vocab_size: int
    spins: bool

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return float64[B, L, V]."""

    def recall(
        self, x: torch.Tensor, steps: int = ..., *, mode: Mode = ..., generator: Generator = ...
    ) -> torch.Tensor:
        """Return the states reached from x."""


def to_tokens(x: torch.Tensor, length: int, vocab_size: int, spins: bool) -> torch.Tensor:
    """Return states x [B, L] as tokens int64[B, L]; ValueError if the shape or a symbol does not fit."""
    if x.ndim != 2 or x.shape[1] != length:
        raise ValueError(f"States must be [B, {length}], one row per state, but are {tuple(x.shape)}.")
    if spins:
        if x.numel() and not bool((x.abs() == 1).all()):
            raise ValueError("Spins are +1 or -1; other values were given. Tokens 0 and 1 become spins by 2 x - 1.")
        return (x > 0).long()
    if x.dtype != torch.int64 or (x.numel() and (int(x.min()) < 0 or int(x.max()) >= vocab_size)):
        raise ValueError(f"Token states must be int64 ids 0 ... {vocab_size - 1}; others were given ({x.dtype}).")
    return x


def from_tokens(tokens: torch.Tensor, spins: bool, dtype: torch.dtype = torch.int64) -> torch.Tensor:
    """Return tokens as spins 2 x - 1 of the given dtype, or unchanged where states are tokens."""
    return (2 * tokens - 1).to(dtype) if spins else tokens


def choose(
    scores: torch.Tensor, current: torch.Tensor, temperature: float = 0.0, generator: Generator = None
) -> torch.Tensor:
    """Return a symbol for every unit, int64[...], from scores [..., V] and the symbols that are there, int64[...].

    Temperature 0: the best symbol, and the present one on a tie. Else a draw from softmax(scores / temperature).
    """
    if temperature < 0:
        raise ValueError(f"The temperature must be at least 0, but is {temperature}.")
    if temperature == 0:
        best, symbol = scores.max(dim=-1)
        own = scores.gather(-1, current.unsqueeze(-1)).squeeze(-1)
        return torch.where(own >= best - TIE, current, symbol)
    cumulative = (scores / temperature).softmax(dim=-1).cumsum(dim=-1)
    device = scores.device if generator is None else generator.device
    u = torch.rand(current.shape, generator=generator, device=device, dtype=torch.float64).to(scores.device)
    return (cumulative <= (u * cumulative[..., -1]).unsqueeze(-1)).sum(dim=-1).clamp_max(scores.shape[-1] - 1)


def visiting_order(length: int, units: torch.Tensor | list[int] | None, generator: Generator) -> list[int]:
    """Return the order of an asynchronous sweep: `units`, or all units, shuffled if there is a generator."""
    if units is not None:
        order = torch.as_tensor(units).tolist()
        if any(not 0 <= unit < length for unit in order):
            raise ValueError(f"units must be numbers 0 ... {length - 1} of the network's units; others were given.")
        return order
    if generator is None:
        return list(range(length))
    return torch.randperm(length, generator=generator, device=generator.device).tolist()


class Updates(Protocol):
    """What `recall` needs to know of a network."""

    def update(
        self, x: torch.Tensor, mode: Mode = ..., temperature: float = ..., generator: Generator = ...
    ) -> torch.Tensor:
        """Return the states after one update of every unit."""


def recall(
    self: Updates,
    x: torch.Tensor,
    steps: int = 50,
    *,
    mode: Mode = "async",
    temperature: float = 0.0,
    generator: Generator = None,
    trajectory: bool = False,
) -> torch.Tensor:
    """Return the states x [B, L] after at most `steps` updates, or all on the way, [steps + 1, B, L]: `trajectory`.

    At temperature 0 it stops when nothing changes. In "sync" mode it may end in a cycle (of length two where there is
    an energy of pairs); without an energy it may never settle. A method of every network. Random: as in `update`.
    """
    states = [x]
    for _ in range(steps):
        after = self.update(states[-1], mode, temperature, generator)
        settled = temperature == 0 and torch.equal(after, states[-1])
        states = [*states, after] if trajectory else [after]
        if settled:
            break
    if not trajectory:
        return states[-1]
    return torch.stack(states + states[-1:] * (steps + 1 - len(states)))  # what has settled stays


@dataclass(frozen=True)
class NetworkDenoiser:
    """A network as a denoiser: (xt int64[B, L], t) -> log softmax(scores / temperature), float64[B, L, V], in nats.

    The network does not know the noise level: t is not used. Made by `as_denoiser`.
    """

    network: Network
    temperature: float
    predicts: Predicts

    @property
    def vocab_size(self) -> int:
        """The number of symbols of a unit: 2 for spins."""
        return self.network.vocab_size

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log_p0 for states given as tokens."""
        scores = self.network.scores(from_tokens(xt, self.network.spins))
        here = xt.unsqueeze(2)
        # a tie is decided for the symbol that is there, as in `choose`
        scores = scores.scatter_add(2, here, torch.full_like(here, TIE, dtype=scores.dtype))
        return (scores / self.temperature).log_softmax(dim=2)


def as_denoiser(network: Network, temperature: float = 1.0, predicts: Predicts = "posterior") -> NetworkDenoiser:
    """Return the network as a denoiser over tokens (spins: V = 2), so that every probe can measure it.

    With predicts="posterior" its answer is taken as it stands, so that iterated argmax *is* the network's synchronous
    zero-temperature dynamics. A unit never votes for itself, so predicts="cavity" is the reading under which probes
    and the reverse process add the token's own evidence at noise level t.
    """
    if temperature <= 0:
        raise ValueError(f"A denoiser gives probabilities, so temperature must be above 0, but is {temperature}.")
    return NetworkDenoiser(network, temperature, predicts)


def loop_work(network: Network, x: torch.Tensor, i: int, j: int) -> torch.Tensor:
    """Return the total rise in score around a closed loop of states, float64[B]: exactly 0 if there is an energy.

    Change unit i, change unit j, change i back, change j back, adding up how much each change improves the score of
    the changed unit. Where the scores come from an energy, the sum is the energy lost on a walk that ends where it
    began. Asymmetric couplings leave something over: 4 x_i x_j (J_ji - J_ij) for spins. Symbol v changes to v + 1.
    """
    if i == j:
        raise ValueError("A loop needs two different units, i and j.")
    start = to_tokens(x, x.shape[1], network.vocab_size, network.spins)
    state, total = start.clone(), torch.zeros(len(x), dtype=torch.float64, device=x.device)
    for unit, back in ((i, False), (j, False), (i, True), (j, True)):
        scores = network.scores(from_tokens(state, network.spins))[:, unit]  # [B, V]
        before = state[:, unit].clone()
        after = start[:, unit] if back else (start[:, unit] + 1) % network.vocab_size
        total += (scores.gather(1, after[:, None]) - scores.gather(1, before[:, None])).squeeze(1)
        state[:, unit] = after
    return total

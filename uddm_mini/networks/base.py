"""The base of all networks: a subclass gives scores, and updates, recall and a denoiser follow from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from uddm_mini.denoiser import Denoiser, Form
from uddm_mini.doors import check_generator, check_tensor, whole
from uddm_mini.noise import Noise

Mode = Literal["async", "sync"]
TIE = 1e-9  # scores that differ by less are tied: rounding must not move a unit


class Network(ABC):
    """L units with one of V symbols each; a state is a row of x [B, L].

    A subclass sets `length` (L), `vocab_size` (V) and `spins`, and gives `scores`. States are spins +1 and -1 of any
    dtype (`spins`), whose tokens are 1 and 0, or tokens int64 0 ... V - 1. ValueError for other states.
    """

    length: int
    vocab_size: int
    spins: bool

    def __init__(self, patterns: torch.Tensor, vocab_size: int | None = None) -> None:
        """Take L and V from patterns to store: spins [n, L], or, with `vocab_size`, tokens int64[n, L]."""
        check_tensor(patterns, "patterns", "a tensor [n, L]")
        if patterns.ndim != 2 or not patterns.numel():
            raise ValueError(f"Give patterns [n, L] with at least one pattern; their shape is {tuple(patterns.shape)}.")
        self.length, self.spins = patterns.shape[1], vocab_size is None
        self.vocab_size = 2 if vocab_size is None else whole(vocab_size, "vocab_size", 2)

    @abstractmethod
    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return how well each symbol fits each unit of x [B, L] *given the other units*, float64[B, L, V].

        A unit never votes for itself. Where there is an energy E, the score of a symbol is -E of the state with that
        symbol, up to a constant per unit.
        """

    def update(
        self,
        x: torch.Tensor,
        mode: Mode = "async",
        temperature: float = 0.0,
        generator: torch.Generator | None = None,
        units: torch.Tensor | list[int] | None = None,
    ) -> torch.Tensor:
        """Return the states x [B, L] after one update of every unit.

        mode: "async" is one unit at a time, all states in the same order; "sync" is all units at once.
        temperature: at 0 a unit takes its best symbol, at T > 0 it draws from softmax(scores / T).
        generator: shuffles the order of "async", which without one is 0 ... L - 1, and draws the symbols.
        units: if given, only these are updated, and in this order.

        Random: the order and, if T > 0, the symbols. ValueError for another mode, a unit outside 0 ... L - 1 or T < 0.
        """
        if mode not in ("async", "sync"):
            raise ValueError(f'mode must be "async" or "sync", but is {mode!r}.')
        tokens = self.to_tokens(x)
        if mode == "sync":
            new = choose(self.scores(x), tokens, temperature, generator)
            if units is not None:
                order = visiting_order(self.length, units)
                new = tokens.index_copy(1, torch.tensor(order, device=x.device), new[:, order])
            return self.from_tokens(new, x.dtype)
        order = visiting_order(self.length, units, generator)
        return self.from_tokens(self._sweep(tokens, order, temperature, generator), x.dtype)

    def _sweep(
        self, tokens: torch.Tensor, order: list[int], temperature: float, generator: torch.Generator | None
    ) -> torch.Tensor:
        """Return tokens int64[B, L] after an update of one unit after another.

        A subclass may be 2 to 11 times as fast (60 units): this finds all scores for the sake of one unit's.
        """
        tokens = tokens.clone()
        for unit in order:
            scores = self.scores(self.from_tokens(tokens))[:, unit]
            tokens[:, unit] = choose(scores, tokens[:, unit], temperature, generator)
        return tokens

    def recall(
        self,
        x: torch.Tensor,
        steps: int = 50,
        *,
        mode: Mode = "async",
        temperature: float = 0.0,
        generator: torch.Generator | None = None,
        trajectory: bool = False,
    ) -> torch.Tensor:
        """Return the states x [B, L] after at most `steps` updates, or all on the way, [steps + 1, B, L]: `trajectory`.

        At temperature 0 it stops when nothing changes. In "sync" mode it may end in a cycle (of length two where there
        is an energy of pairs); without an energy it may never settle. Other parameters and random: as in `update`.
        """
        states = [x]
        for _ in range(whole(steps, "steps", 0)):
            after = self.update(states[-1], mode, temperature, generator)
            settled = temperature == 0 and torch.equal(after, states[-1])
            states = [*states, after] if trajectory else [after]
            if settled:
                break
        if not trajectory:
            return states[-1]
        return torch.stack(states + states[-1:] * (steps + 1 - len(states)))  # what has settled stays

    def to_tokens(self, x: torch.Tensor) -> torch.Tensor:
        """Return states x [B, L] as tokens int64[B, L]; ValueError if the shape or a symbol does not fit."""
        check_tensor(x, "x", f"states, a tensor [B, {self.length}]")
        if x.ndim != 2 or x.shape[1] != self.length:
            raise ValueError(f"States must be [B, {self.length}], one row per state, but are {tuple(x.shape)}.")
        if self.spins:
            if x.dtype == torch.bool or x.is_complex() or not bool((x.abs() == 1).all()):
                raise ValueError("Spins are +1 or -1; other values were given. Tokens 0 and 1 become spins by 2 x - 1.")
            return (x > 0).long()
        if x.dtype != torch.int64 or (x.numel() and not 0 <= int(x.min()) <= int(x.max()) < self.vocab_size):
            raise ValueError(f"Token states must be int64 ids 0 ... {self.vocab_size - 1}; others came ({x.dtype}).")
        return x

    def from_tokens(self, tokens: torch.Tensor, dtype: torch.dtype = torch.int64) -> torch.Tensor:
        """Return tokens as spins 2 x - 1 of the given dtype, or unchanged where states are tokens."""
        return (2 * tokens - 1).to(dtype) if self.spins else tokens


def choose(
    scores: torch.Tensor, current: torch.Tensor, temperature: float = 0.0, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Return a symbol for every unit, int64[...], from scores [..., V] and the symbols that are there, int64[...].

    Temperature 0: the best symbol, and the present one on a tie. Else a draw from softmax(scores / temperature).
    """
    check_generator(generator)
    if not temperature >= 0:  # nor NaN
        raise ValueError(f"The temperature must be at least 0, but is {temperature}.")
    if temperature == 0:
        best, symbol = scores.max(dim=-1)
        own = scores.gather(-1, current.unsqueeze(-1)).squeeze(-1)
        return torch.where(own >= best - TIE, current, symbol)
    cumulative = (scores / temperature).softmax(dim=-1).cumsum(dim=-1)
    device = scores.device if generator is None else generator.device
    u = torch.rand(current.shape, generator=generator, device=device, dtype=torch.float64).to(scores.device)
    return (cumulative <= (u * cumulative[..., -1]).unsqueeze(-1)).sum(dim=-1).clamp_max(scores.shape[-1] - 1)


def visiting_order(
    length: int, units: torch.Tensor | list[int] | None, generator: torch.Generator | None = None
) -> list[int]:
    """Return the order of an asynchronous sweep: `units`, or all units, shuffled if there is a generator."""
    check_generator(generator)
    if units is not None:
        order = torch.as_tensor(units).tolist()
        if any(not 0 <= unit < length for unit in order):
            raise ValueError(f"units must be numbers 0 ... {length - 1} of the network's units; others were given.")
        return order
    if generator is None:
        return list(range(length))
    return torch.randperm(length, generator=generator, device=generator.device).tolist()


@dataclass(eq=False)
class NetworkDenoiser(Denoiser):
    """A network as a denoiser, made by `as_denoiser`; it does not know the noise level."""

    network: Network
    noise: Noise
    temperature: float
    predicts: Form

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log softmax(scores / temperature), float64[B, L, V], for tokens xt int64[B, L]; t is not used."""
        scores = self.network.scores(self.network.from_tokens(xt))
        here = xt.unsqueeze(2)
        # a tie is decided for the symbol that is there, as in `choose`
        scores = scores.scatter_add(2, here, torch.full_like(here, TIE, dtype=scores.dtype))
        return (scores / self.temperature).log_softmax(dim=2)


def as_denoiser(
    network: Network, noise: Noise, temperature: float = 1.0, predicts: Form = "posterior"
) -> NetworkDenoiser:
    """Return the network as a denoiser over tokens (spins: V = 2), so that every probe can measure it.

    predicts: with "posterior" the answer is taken as it stands, so that iterated argmax *is* the network's synchronous
        dynamics at temperature 0. A unit never votes for itself, so with "cavity" probes and the reverse process add
        the token's own evidence at noise level t.

    ValueError if the temperature is not above 0, or if noisy text has other symbols than the network.
    """
    if temperature <= 0:
        raise ValueError(f"A denoiser gives probabilities, so temperature must be above 0, but is {temperature}.")
    if (noise.vocab_size, noise.extra_tokens) != (network.vocab_size, 0):
        symbols = f"{noise.vocab_size} words and {noise.extra_tokens} other tokens"
        raise ValueError(f"The network has {network.vocab_size} symbols, but noisy text has {symbols}.")
    return NetworkDenoiser(network, noise, temperature, predicts)


def loop_work(network: Network, x: torch.Tensor, i: int, j: int) -> torch.Tensor:
    """Return the total rise in score around a closed loop of states, float64[B]: exactly 0 if there is an energy.

    Change unit i, change unit j, change i back, change j back, adding up how much each change improves the score of the
        changed unit. Asymmetric couplings leave something over: 4 x_i x_j (J_ji - J_ij) for spins. Symbol v changes to
        v + 1.
    """
    if i == j:
        raise ValueError("A loop needs two different units, i and j.")
    start = network.to_tokens(x)
    rows = torch.arange(len(x), device=x.device)

    def rise(state: torch.Tensor, unit: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        scores = network.scores(network.from_tokens(state))[rows, unit]  # [B, V]
        return scores[rows, new] - scores[rows, state[rows, unit]]

    return around_loop(start, (start + 1) % network.vocab_size, (rows * 0 + i, rows * 0 + j), rise)


def around_loop(
    x: torch.Tensor,
    other: torch.Tensor,
    units: tuple[torch.Tensor, torch.Tensor],
    gain: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Return what four changes that undo each other add up to, float64[B].

    The first unit of x int64[B, L] gets the symbol of `other`, then the second; then each its own again.

    units: two of each state, int64[B] each.
    gain: called as gain(state, unit, new symbol) before each change, returns float[B].
    """
    state, rows = x.clone(), torch.arange(len(x), device=x.device)
    total = torch.zeros(len(x), dtype=torch.float64, device=x.device)
    for unit, goal in ((units[0], other), (units[1], other), (units[0], x), (units[1], x)):
        new = goal[rows, unit]
        total += gain(state, unit, new)
        state[rows, unit] = new
    return total

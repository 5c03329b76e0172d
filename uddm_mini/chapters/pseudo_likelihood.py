"""Checks of the chapter "Can there be basins without an energy?"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from uddm_mini.networks.hopfield import HopfieldNetwork
from uddm_mini.networks.patterns import random_patterns
from uddm_mini.teaching.answers import TOLERANCE, Cases, as_tensor, as_whole, ask_each, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _couplings(n: int, seed: int) -> torch.Tensor:
    """Return asymmetric couplings float64[n, n] without self-coupling."""
    J = torch.randn(n, n, generator=_seeded(seed), dtype=torch.float64)
    return J.fill_diagonal_(0)


def _loops() -> list[tuple[torch.Tensor, torch.Tensor, int, int]]:
    """Return couplings, two of them symmetric, a state and two units."""
    states = [random_patterns(1, 5, _seeded(seed))[0].double() for seed in range(3)]
    pairs = [(0, 1), (1, 0), (4, 2)]
    loops = [(_couplings(5, seed), states[seed], *pair) for seed, pair in enumerate(pairs)]
    return loops + [(J + J.T, sigma, 0, 3) for J, sigma, *_ in loops[:2]]


@exercise(1, "Around the loop", level="warm-up", minutes=8, assesses="why symmetry makes an energy")
@questions(_loops, "For i={i}, j={j}")
def my_loop(J: torch.Tensor, sigma: torch.Tensor, i: int, j: int, got: Any) -> str:
    """Compare with 4 sigma_i sigma_j (J_ji - J_ij)."""
    right = float(4 * sigma[i] * sigma[j] * (J[j, i] - J[i, j]))
    there = -2 * (sigma * (J @ sigma))[[i, j]].sum() + 4 * sigma[i] * sigma[j] * J[j, i]  # i and j flipped, not back
    slips = {
        "For symmetric couplings the walk must cost nothing, but yours does.": torch.equal(J, J.T),
        "The size is right, the sign is not. The gain of a flip is -2 sigma h, with sigma before the flip, and unit k "
        "hears row k of J, not column k.": -right,
        "You have half of it: a spin goes from -1 to +1, a change of 2, so each gain is -2 sigma h.": right / 2,
        "These are two flips. Flip both units back, too, and add up four gains.": float(there),
        "You got 0, as if nothing had changed on the way. When j flips, unit i is already flipped, and the field "
        "of j must be computed from that state. Do you work on a copy that you really change, and flip i back before "
        "j?": 0,
    }
    hint = (
        "To that the four gains add up. Is every field computed from the state just before the flip, "
        "h_k = sum_m J[k, m] sigma_m?"
    )
    compare(got, right, slips, hint, within=TOLERANCE if right else 1e-3)
    return "Right. The sum is 0 for every state and every pair only if J is symmetric: one loop can disprove an energy."


@exercise(2, "A melody", level="stretch", minutes=20, assesses="a learning rule for sequences")
def melody(answer: Any, more: Cases = ()) -> str:
    """Run the couplings: every pattern must lead to the next one, and the last to the first."""
    questions = [(random_patterns(p, n, _seeded(s)),) for p, n, s in ((5, 200, 0), (3, 120, 1), (8, 400, 2))]
    for xi, given in ask_each(answer, [*questions, *more]):
        J = as_tensor(given, (xi.shape[1], xi.shape[1]), "Your coupling matrix")
        x = xi.double()
        after = (x @ J.T).sign()
        following = x.roll(-1, dims=0)
        if torch.equal(after, following):
            continue
        if float((after == x).double().mean()) > 0.98:
            wrong("Every pattern answers with itself: that is Hebb's rule. It should answer with the next pattern.")
        if float((after == x.roll(1, dims=0)).double().mean()) > 0.98:
            wrong("The melody plays backwards. In J[i, j] the next pattern belongs to i, which hears, not to j.")
        if float((after == following)[:-1].double().mean()) > 0.98:
            wrong("All steps are right but the last one: the last pattern should lead back to the first.")
        wrong(
            f"After one update {float((after == following).double().mean()):.0%} of the spins are those of the next "
            "pattern; all should be. Add up xi^(mu+1)_i xi^mu_j over the patterns."
        )
    return (
        "Right. The state moves for ever, and every step is one that the units want. Symmetric couplings could at most "
        "swing between two states."
    )


def _most_flips(J: torch.Tensor, xi: torch.Tensor, factor: float = 2.0, ties: bool = False) -> torch.Tensor:
    """Return for every unit how many flips it can always bear, int64[N]; with `ties`, fields of 0 count as right."""
    cost = factor * J.abs().sort(dim=1, descending=True).values.cumsum(dim=1)
    margin = (xi * (J @ xi))[:, None]
    return ((cost <= margin) if ties else (cost < margin)).sum(dim=1)


def _on_average(J: torch.Tensor, xi: torch.Tensor) -> int:
    """Return how many flips leave the mean of the margins above 0."""
    cost = 2 * J.abs().sort(dim=1, descending=True).values.cumsum(dim=1)
    return int((cost.mean(dim=0) < (xi * (J @ xi)).mean()).sum())


def _basin_cases() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return couplings and a pattern: Hebb at low load, made-up rows, an unstable pattern, and exact ties."""
    cases = []
    for n_patterns, n_units in ((1, 21), (2, 40), (3, 60), (4, 101)):
        stored = random_patterns(n_patterns, n_units, _seeded(n_patterns))
        generic = 1e-3 * _couplings(n_units, n_patterns)  # so that rounding decides no tie
        cases.append((HopfieldNetwork(stored).weights + generic, stored[0].double()))
    J, xi = cases[-1]
    lopsided = J.clone()
    lopsided[1:, 0] += 0.3 * xi[1:] * xi[0]  # all listen to unit 0, which does not listen more than before
    cases += [(lopsided, xi), (J, random_patterns(1, 101, _seeded(9))[0].double())]
    for n_units in (9, 17):  # one pattern, couplings 1/8 or 1/16: sums are exact, and half of them flipped is a tie
        xi = random_patterns(1, n_units, _seeded(n_units))[0].double()
        cases.append(((torch.outer(xi, xi) / (n_units - 1)).fill_diagonal_(0), xi))
    return cases


def _flips_by_mistake(cases: Sequence[Any]) -> dict[str, Any]:
    """Return what each mistake makes of the flips that a pattern bears."""
    most = [_most_flips(J, xi) for J, xi in cases]  # of every unit
    right = [int(flips.min()) for flips in most]
    fixed = [bool((xi * (J @ xi) > 0).all()) for J, xi in cases]

    def weakest(costs: Callable[[torch.Tensor], torch.Tensor]) -> tuple[list[int], list[int]]:
        """Return what the weakest unit bears at other costs, and the same with 0 for what is no fixed point."""
        flips = [int((2 * costs(J) < (xi * (J @ xi))[:, None]).sum(dim=1).min()) for J, xi in cases]
        return flips, [k if unit else 0 for k, unit in zip(flips, fixed, strict=True)]

    return {
        "It lets a unit pass whose field becomes exactly 0. Such a unit changes nothing, so it stays wrong if it was "
        "flipped: count the k that stay strictly below xi_i h_i (<, not <=).": (
            [int(_most_flips(J, xi, ties=True).min()) for J, xi in cases]
        ),
        "Twice too many. A flipped neighbor takes its vote away *and* votes against you, so it costs 2 |J_ij|.": (
            [int(_most_flips(J, xi, 1.0).min()) for J, xi in cases]
        ),
        "That is what the strongest unit can bear. Every unit must, so the weakest decides.": (
            [int(flips.max()) for flips in most],
            [int(flips.max()) if unit else 0 for flips, unit in zip(most, fixed, strict=True)],
        ),
        "That holds for the mildest choice of k flips, those with the smallest couplings. *Whatever* spins flip: "
        "sort |J_ij| from the largest down.": (weakest(lambda J: J.abs().sort(dim=1).values.cumsum(dim=1))),
        "A coupling costs 2 |J_ij|, whatever its sign: a negative one helps, too, where two spins differ. Take the "
        "absolute values.": weakest(lambda J: J.sort(dim=1, descending=True).values.cumsum(dim=1)),
        "You count k times the largest coupling. The k largest are different: add them up.": (
            weakest(lambda J: J.abs().amax(dim=1, keepdim=True) * torch.arange(1, len(J) + 1))
        ),
        "That is what the units can bear on average. Every unit must, so the weakest decides.": (
            [_on_average(J, xi) for J, xi in cases]
        ),
        "It sorts columns. What unit i hears is in row i of J; the two differ if J is not symmetric.": (
            [int(_most_flips(J.T, xi).min()) for J, xi in cases]
        ),
        "One too many everywhere. With that many flips the bound is passed: count the k that stay below it.": (
            [k + 1 for k in right],
            [k + 1 if unit else 0 for k, unit in zip(right, fixed, strict=True)],
        ),
        "It must be 0 where one flip may break the pattern, or where it is not even a fixed point.": (
            [max(k, 1) for k in right]
        ),
    }


@exercise(3, "A basin with a proof", level="core", minutes=15, assesses="a worst-case bound for a basin")
def safe_flips(answer: Any, more: Cases = ()) -> str:
    """Compare with the bound on couplings with and without ties, and on an unstable pattern."""
    cases = [*_basin_cases(), *more]
    got = [as_whole(given, "The number of flips") for *_, given in ask_each(answer, cases)]
    right = [int(_most_flips(J, xi).min()) for J, xi in cases]
    slips = _flips_by_mistake(cases)
    shared = f"Your numbers are {got}, and should be {right}: "
    hint = "So many flips are always repaired. Compare xi_i h_i with twice the sum of the k largest |J_ij| in row i."
    compare(got, right, {shared + sentence: slip for sentence, slip in slips.items()}, hint, within=0)
    return (
        "Right. Every state within that distance falls onto the pattern in one step: a basin with a proof and "
        "without an energy. Measured basins are far wider, because random flips are rarely the worst ones."
    )

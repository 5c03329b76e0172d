"""How often the probe's verdicts are wrong: counted on networks whose side is known, none of them used to tune it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from uddm_mini.probes.roc import Interval
from uddm_mini.probes.shares import share_with_interval
from uddm_mini.probes.side import Side

Answer = Literal["memorizing", "generalizing", "in between", "undecided"]

# A model that is undecided, but much surer of its own text than of fresh text, is near the crossing and not merely
# ignorant. Half way between 1 (as sure of both) and 0.617, the largest ratio of an undecided network of seeds 0 to 4 on
# the toy language, the grid on which the other thresholds were set.
BETWEEN = 0.81
MEASURED = 1024  # fresh sentences behind the rates; 512 of English
FEWEST_FRESH = 128  # with fewer, no verdict
NEAR = 2.0  # "in between" is right from half the size of the crossing to twice that size


@dataclass(frozen=True)
class Rate:
    """Networks that got an answer, and of how many it was wrong; the same for cells, networks that differ by seed only.

    A cell is wrong if the answer was wrong for any of its networks.
    """

    networks: int
    wrong: int
    cells: int
    wrong_cells: int

    @property
    def error(self) -> Interval:
        """Return the share of cells that were wrong, with its 95 % interval (Clopper and Pearson)."""
        return share_with_interval(self.wrong_cells, self.cells)


# Counted on the stored tables `side.csv` of 12 sweeps (fresh seeds of the toy language, other languages, noises,
# schedules and networks, English); a test counts again. Wrong is "memorizing" above the crossing of the sweep,
# "generalizing" below it, and "in between" outside half to twice of it.
RATES: dict[Answer, Rate] = {
    "memorizing": Rate(113, 0, 34, 0),
    "generalizing": Rate(260, 0, 69, 0),
    "in between": Rate(29, 0, 10, 0),
}
# Two more sweeps trained too little to know more than a table of pairs: of so many networks, so many are undecided.
UNTRAINED = (48, 48)


def answer_of(side: Side, fresh: int = MEASURED) -> Answer:
    """Return the verdict of a `Side` in an audit's words; of the undecided, "in between" are surer of their own text.

    "in between": undecided by `Side.verdict`, and the entropy of its own text is below 0.81 of that of fresh text.

    fresh: the number of fresh sentences. A table that is counted on few is easily beaten: with fewer than in the stored
        tables, a model only generalizes if it is not that much surer of its own text, either.
    """
    verdict, surer = side.verdict(), side.own < BETWEEN * side.fresh
    if verdict == "memorizes":
        return "memorizing"
    if verdict == "generalizes" and not (surer and fresh < MEASURED):
        return "generalizing"
    return "in between" if surer else "undecided"

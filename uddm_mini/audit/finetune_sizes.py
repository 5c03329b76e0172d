"""Fine-tunes on more and more sentences: from how many on is one safe, and does that hold for networks not asked?

**The bar.** One model is trained on for 600 steps, on 16 to 1,024 new sentences, with five seeds. `recommend_size` sees
those of seeds 10, 11 and 12: it says from how many sentences on the gap in recovery is below 0.1 after the last step,
and how many are safe for one more network. The numbers agree if all of this holds:

1. each of the seeds 13 and 14 falls to a gap of 0.1 at `safe` sentences or before;
2. `safe` is at most twice the best estimate, for a number that is large enough is always safe;
3. of the sizes at `safe` or above, no network of the five has more than 10 % of its followed sentences extracted, at
   any look.

It was written down before these networks were trained, with those of `data/finetune.csv` in view (64 and 4,096
sentences, other seeds) and two single fine-tunes of seed 100, on 16 and 1,024 sentences. A first draft had eight sizes,
six seeds and twice as many looks; it was cut down to fit its time before any number of it had been looked at, and began
anew. At which sizes the monitor fires is reported without a bar.

It is met (`data/finetune-sizes.csv`): 91 sentences (79 to 105), 121 are safe, and the other seeds fall at 86 and 81. On
16 sentences the monitor is late: extraction passes 10 % at step 100 in four fine-tunes of five, and it fires at 200.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from uddm_mini.experiments.crossing import crossing
from uddm_mini.experiments.store import read_rows
from uddm_mini.teaching.results import results_path
from uddm_mini.training.checkpoint import load
from uddm_mini.worlds.drawn import draw_corpus
from uddm_mini.worlds.toy_language import ToyLanguage

from .finetune import VERBATIM, sweep_of, table_of, warnings_of, watched_finetunes
from .sizes import SizeAdvice, recommend_size

TABLE = "finetune-sizes"
SIZES = (16, 64, 128, 256, 1024)
ASKED, KEPT = (10, 11, 12), (13, 14)  # seeds that `recommend_size` sees, and those that judge it
GAP, T = 0.1, 0.25
EVERY = 100  # steps from look to look
WIDEST = 2.0  # times the estimate that `safe` may be


@dataclass(frozen=True, eq=False)
class Judged:
    """What `recommend_size` said from some seeds, and what the others did.

    kept: of each other seed the size at which its own gap falls to 0.1.
    extracted: of every size, the largest share of members that any network had extracted at any look.
    fires: of every size, how many networks the monitor fired at, and how many there were.
    """

    advice: SizeAdvice
    kept: dict[int, float]
    extracted: pd.Series
    fires: pd.DataFrame

    @property
    def parts(self) -> dict[str, bool]:
        """Tell which parts of the bar hold."""
        safe = self.advice.safe
        above = self.extracted[self.extracted.index >= safe]
        return {
            "every other seed is safe": bool(self.kept) and all(n <= safe for n in self.kept.values()),
            "safe is near the estimate": safe <= WIDEST * self.advice.sentences,
            "nothing is extracted from there on": bool(len(above)) and bool((above <= VERBATIM).all()),
        }


def judged(table: pd.DataFrame) -> Judged:
    """Return how the bar comes out for the looks of `watched_finetunes`."""
    asked, kept = (sweep_of(table[table["seed"].isin(seeds)], T) for seeds in (ASKED, KEPT))
    fired = warnings_of(table).groupby("n_train")["fired"]
    each = crossing(kept, "gap", T, GAP, ends=(1.0, 0.0), draws=1).each
    return Judged(
        recommend_size(asked, gap=GAP, t=T),
        each,
        table.groupby("n_train")["extracted"].max(),
        pd.DataFrame({"fired": fired.apply(lambda steps: int((steps < float("inf")).sum())), "networks": fired.size()}),
    )


def committed_sizes() -> pd.DataFrame:
    """Return the committed looks at fine-tunes on 16 to 1,024 sentences: one row per size, seed and step."""
    return table_of(read_rows(results_path(f"{TABLE}.csv")))


def main(checkpoint: str, out: str) -> None:
    """Fine-tune a model of the toy language on all of these sizes, and tell how the bar comes out."""
    start = load(checkpoint)
    corpus = draw_corpus(ToyLanguage(), 2 * start.training_settings["n_train"])
    command = f"python -m uddm_mini.audit.finetune_sizes {Path(checkpoint).name} {Path(out).name}"
    table = watched_finetunes(start, corpus, SIZES, (*ASKED, *KEPT), every=EVERY, out=out, command=command)
    found = judged(table)
    print(found.advice, found.parts, found.kept, found.fires.assign(extracted=found.extracted), sep="\n")


if __name__ == "__main__":  # python -m uddm_mini.audit.finetune_sizes data/models/toy-n8192.safetensors OUT.csv
    main(*sys.argv[1:])

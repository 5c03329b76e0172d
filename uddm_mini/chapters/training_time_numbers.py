"""Numbers of the chapter on training time: powers of n over seeds, and what stopping early would have bought."""

from __future__ import annotations

import numpy as np
import pandas as pd


def powers(times: pd.DataFrame) -> pd.Series:
    """Return the exponent b of time = c n^b for every seed, a straight line in logarithms (least squares).

    `times`: rows n_train, columns seeds, in steps. A size that some seed has not reached (infinite, or 0 if it was past
    the bar at the first look) is left out for all seeds. ValueError if fewer than two sizes are left.
    """
    whole = times[(np.isfinite(times) & (times > 0)).all(axis=1)]
    if len(whole) < 2:
        raise ValueError(f"A power needs two sizes that every seed has reached, but there are {whole.index.tolist()}.")
    x = np.log(whole.index.to_numpy(dtype=float))
    return pd.Series({seed: float(np.polyfit(x, np.log(whole[seed]), 1)[0]) for seed in whole}, name="exponent")


def stopped_early(table: pd.DataFrame) -> pd.DataFrame:
    """Return, for every (n_train, seed), held-out recovery where one would have stopped, at the end, and at best.

    `table` as `training_course` returns it. "step": where the mean held-out recovery of the *other* seeds is highest,
    so that a seed does not choose for itself; "stopped" and "end": its own recovery there and after the last step;
    "gain": their difference; "best": its own highest. ValueError for a single seed.
    """
    rows = []
    for n, part in table[table["split"] == "held-out"].groupby("n_train"):
        runs = part.pivot(index="step", columns="seed", values="recovered")
        if runs.shape[1] < 2:
            raise ValueError(f"One seed can't choose for another at n_train = {n}; give a table with two or more.")
        for seed in runs:
            step = runs.drop(columns=seed).mean(axis=1).idxmax()
            stopped, end = runs.loc[step, seed], runs[seed].iloc[-1]
            rows.append(
                {
                    "n_train": n,
                    "seed": seed,
                    "step": step,
                    "stopped": stopped,
                    "end": end,
                    "gain": stopped - end,
                    "best": runs[seed].max(),
                }
            )
    return pd.DataFrame(rows)

"""How sure is the denoiser on its way? Entropy, confidence and curvature along the reverse process."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.noise import Form
from uddm_mini.walks import reverse_walk

from .recovery import counted_tokens

LEAST_T = 1e-3  # the least level that a model is told
QUANTITIES = ("entropy", "confidence", "spectral_gap", "curvature", "interaction")


@dataclass(frozen=True)
class PathSettings:
    """How `entropy_path` walks.

    t_start: the noise level at which the walk starts; 1 is pure noise.
    steps: how many lead to t = 0.
    form: of the predictions that are described, "cavity" or "posterior"; the walk does not depend on it.
    """

    t_start: float = 1.0
    steps: int = 32
    form: Form = "cavity"


def entropy_path(
    model: Denoiser,
    x: torch.Tensor,
    walk: PathSettings | None = None,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> pd.DataFrame:
    """Corrupt clean text x int64[B, L], walk the reverse process, and describe every prediction on the way.

    Returns one row for each of the steps + 1 texts, from t_start down; `t` is the level that the model was told. The
    other columns are means over counted tokens of the functions of p0 in `describe`, as Pham et al. (2026) follow them.

    walk: where it starts, its steps, and which predictions are described; `PathSettings()` by default.
    ignore: tokens whose clean id is one of these are not counted.

    Random, from `generator`: the corruption and the walk.
    """
    walk = walk or PathSettings()
    counted = counted_tokens(x, ignore)
    start = model.noise.corrupt(x, walk.t_start, generator)
    rows = []
    for level, xt in reverse_walk(model, start, walk.t_start, walk.steps, generator=generator):
        t = max(level, LEAST_T)
        values = model.mapped(xt, t, walk.form, lambda log_p0, *_: describe(log_p0))
        rows.append([t, *values[counted].double().mean(dim=0).tolist()])  # NaN if nothing counts
    return pd.DataFrame(rows, columns=["t", *QUANTITIES])


def describe(log_p0: torch.Tensor) -> torch.Tensor:
    """Return five numbers for every prediction log_p0 [..., V], stacked as float[..., 5] in the order of QUANTITIES.

    With p the probabilities in falling order: entropy -sum p log p, in nats; confidence p_1; spectral gap p_1 - p_2;
        curvature sum p (1 - p); interaction sqrt(((sum p^2)^2 - sum p^4) / 2). The last two are the trace of the
        Jacobian of the softmax, diag(p) - p p^T, and the root of the sum of squares above its diagonal.
    """
    p = log_p0.exp()
    top = p.topk(2, dim=-1).values  # [..., 2]
    square = p.square().sum(dim=-1)
    pairs = (square.square() - p.pow(4).sum(dim=-1)).clamp_min(0) / 2
    numbers = [
        torch.special.entr(p).sum(dim=-1),
        top[..., 0],
        top[..., 0] - top[..., 1],
        p.sum(dim=-1) - square,
        pairs.sqrt(),
    ]
    return torch.stack(numbers, dim=-1)


def path_summary(path: pd.DataFrame) -> pd.DataFrame:
    """Return `start`, `end`, `mean` and `halfway` of every quantity of an `entropy_path`, one row each.

    `mean` is over the rows; `halfway` is the noise level at which the quantity has first come half the way from start
    to end, on straight lines between rows (NaN if it ends where it starts).
    """
    rows = {}
    for name in QUANTITIES:
        y, t = path[name].to_numpy(dtype=float), path["t"].to_numpy(dtype=float)
        rows[name] = {"start": y[0], "end": y[-1], "mean": y.mean(), "halfway": _halfway(t, y)}
    return pd.DataFrame.from_dict(rows, orient="index")


def _halfway(t: np.ndarray, y: np.ndarray) -> float:
    """Return t where y [n] first crosses the middle between its first and its last value."""
    if not np.isfinite(y[-1] - y[0]) or y[-1] == y[0]:
        return float("nan")
    share = (y - y[0]) / (y[-1] - y[0])  # 0 at the start, 1 at the end
    k = int(np.flatnonzero(share >= 0.5)[0])
    part = (0.5 - share[k - 1]) / (share[k] - share[k - 1])
    return float(t[k - 1] + part * (t[k] - t[k - 1]))

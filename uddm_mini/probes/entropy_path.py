"""How sure is the denoiser on its way? Entropy, confidence and curvature along the reverse process."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import torch

from uddm_mini.process.noise import Predicts, UniformNoise
from uddm_mini.process.sampling import Denoiser, in_batches, predict, sample, what_it_predicts

from .recovery import counted_tokens

QUANTITIES = ("entropy", "confidence", "spectral_gap", "curvature", "interaction")


def entropy_path(
    denoiser: Denoiser,
    noise: UniformNoise,
    x: torch.Tensor,
    t_start: float = 1.0,
    steps: int = 32,
    *,
    wanted: Predicts = "cavity",
    predicts: Predicts | None = None,
    ignore: Collection[int] = (),
    least_t: float = 1e-3,
    batch_size: int = 1024,
    generator: torch.Generator | None = None,
) -> pd.DataFrame:
    """Corrupt clean text x int64[B, L] to t_start, walk the reverse process, and describe every prediction on the way.

    One row for each of the steps + 1 texts, from t_start (1 is noise) down; `t` is the level that the denoiser was
    told, at least `least_t`. The columns are means over counted tokens (those whose clean id is not in `ignore`) of
    the functions of p0 in `describe`, as Pham et al. (2026) follow them. `wanted` chooses the cavity or the full
    posterior, converting if needed; `.attrs` says which was given and which is described. The corruption and the
    walk draw from `generator`; the walk does not depend on `wanted`.
    """
    given = what_it_predicts(denoiser, predicts)
    start = noise.corrupt(x, t_start, generator)
    path = sample(
        denoiser,
        noise,
        steps=steps,
        trajectory=True,
        x_start=start,
        t_start=t_start,
        predicts=given,
        batch_size=batch_size,
        generator=generator,
    )
    counted = counted_tokens(x, ignore)

    def described(xt: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
        return describe(predict(denoiser, noise, xt, t, wanted, given, batch_size))

    rows = []
    for level, xt in path:
        t = max(level, least_t)
        values = in_batches(described, xt, t, batch_size)[counted].double().mean(dim=0)  # NaN if nothing counts
        rows.append([t, *values.tolist()])
    table = pd.DataFrame(rows, columns=["t", *QUANTITIES])
    table.attrs = {"given": given, "wanted": wanted}
    return table


def describe(log_p0: torch.Tensor) -> torch.Tensor:
    """Return five numbers for every prediction log_p0 [..., V], stacked as float[..., 5] in the order of QUANTITIES.

    With p the probabilities in falling order: entropy -sum p log p, in nats; confidence p_1; spectral gap p_1 - p_2;
    curvature sum p (1 - p); interaction sqrt(((sum p^2)^2 - sum p^4) / 2). The last two describe the Jacobian of the
    softmax, diag(p) - p p^T, which is the second derivative of the log-partition function: its trace, and the
    root of the sum of squares p_i^2 p_j^2 above its diagonal. They need no matrix of V x V entries.
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

    `mean` is over the rows, which are equally spaced in t; `halfway` is the noise level at which the quantity has
    first come half the way from start to end, on straight lines between rows (NaN if it ends where it starts).
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

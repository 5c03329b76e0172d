"""How sure is the denoiser? Conditional entropy of every word, the probe for memorization."""

from __future__ import annotations

import torch

from uddm_mini.process.noise import Predicts, UniformNoise, batch_times, convert
from uddm_mini.process.sampling import Denoiser, what_it_predicts


def conditional_entropy(
    denoiser: Denoiser,
    x: torch.Tensor,
    t: torch.Tensor | float = 1e-3,
    noise: UniformNoise | None = None,
    *,
    wanted: Predicts | None = None,
    predicts: Predicts | None = None,
    batch_size: int = 1024,
) -> torch.Tensor:
    """Return the entropy of the prediction for every word, float[B, L], in nats.

    H_l = -sum_v p0_l(v) log p0_l(v), where p0 is the denoiser's answer to x int64[B, L], taken as the text at noise
    level t (corrupt it yourself for larger t). Near t = 0 the *cavity* entropy is the pseudo-likelihood entropy
    H(x_l | all other words): zero where the model memorized, finite where language is ambiguous. The *full
    posterior* at t -> 0 is near zero always, because it sees the word itself.

    With `noise` you get the cavity entropy whatever the denoiser predicts, or with `wanted="posterior"` the other;
    without it, the entropy of what the denoiser says. Deterministic.
    """
    wanted = wanted or ("cavity" if noise is not None else None)
    given = what_it_predicts(denoiser, predicts) if wanted else None
    if wanted and wanted != given and noise is None:
        raise ValueError(f"Converting a {given} prediction to {wanted} needs noise=UniformNoise(vocab_size).")
    times = batch_times(t, x)
    parts = []
    for xs, ts in zip(x.split(batch_size), times.split(batch_size), strict=True):
        with torch.no_grad():
            log_p0 = denoiser(xs, ts)
        if wanted and given and noise is not None:
            log_p0 = convert(log_p0, xs, ts, noise, given, wanted)
        parts.append(torch.special.entr(log_p0.exp()).sum(dim=2))
    return torch.cat(parts)

"""The two perfect denoisers, measured as a sweep measures trained models."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import pandas as pd

from uddm_mini.denoisers.exact import MemorizingDenoiser, PopulationDenoiser
from uddm_mini.probes.measure import ProbeSettings, measure
from uddm_mini.process.noise import UniformNoise
from uddm_mini.process.sampling import Denoiser
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.language import ToyLanguage


def sweep_bounds(
    corpus: Corpus,
    sizes: Sequence[int],
    seeds: Sequence[int] = (0,),
    *,
    language: ToyLanguage | None = None,
    schedule: Literal["linear", "cosine"] = "linear",
    probe: ProbeSettings | None = None,
) -> pd.DataFrame:
    """Measure the two perfect denoisers as in `run_sweep`: a column `denoiser` says "memorizer" or "population".

    The population rows need the `language` that the corpus was drawn from; real text has none.
    """
    noise = UniformNoise(corpus.vocab_size, schedule)
    rows = []
    for n, seed in itertools.product(sizes, seeds):
        x_train = corpus.subset(n, seed)
        known: dict[str, Denoiser] = {"memorizer": MemorizingDenoiser(x_train, noise)}
        if language is not None:
            known["population"] = PopulationDenoiser(language, noise)
        for name, denoiser in known.items():
            for row in measure(denoiser, noise, corpus, x_train, probe, seed):
                rows.append({"denoiser": name, "n_train": n, "seed": seed, **row})
    return pd.DataFrame(rows)

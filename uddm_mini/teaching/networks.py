"""The networks of chapter 12: stored ones if your text is theirs, else small ones trained on your text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uddm_mini.denoisers.transformer import TransformerDenoiser
from uddm_mini.process.noise import UniformNoise
from uddm_mini.training.checkpoint import load
from uddm_mini.training.train import train
from uddm_mini.worlds.corpus import Corpus

from .data import data_path
from .statements import says

SIZES = (64, 512, 4583)  # training sentences of the stored networks; the last is all of them


@dataclass(frozen=True, eq=False)
class Networks:
    """Trained denoisers, keyed by their number of training sentences; `stored`: they come with the package."""

    models: dict[int, TransformerDenoiser]
    stored: bool

    @property
    def note(self) -> str:
        """Say in one sentence which networks these are."""
        if self.stored:
            return "The stored networks were trained on this very text."
        return f"Your text is not that of the stored networks: here are {len(self.models)}, trained on it more briefly."

    def says(self, what: str, value: Any, *text: Any, **limits: Any) -> None:
        """Compare a number of the text with the one found here, as `statements.says` does, or print why not.

        The numbers of the text are those of one text and of the networks that were trained on it.
        """
        if self.stored:
            says(what, value, *text, **limits)
        else:
            print(f"○ {what} · not compared: your packages hold another text than ours")


def docstring_networks(corpus: Corpus, noise: UniformNoise, *, steps: int = 1000, progress: bool = True) -> Networks:
    """Return the stored networks of real text if they were trained on this `corpus`, judged by its fingerprint.

    Other versions of the packages give another text; then two networks of the same shape are trained here for `steps`
    steps, on 64 and on all sentences (seed 0).
    """
    found = {n: load(data_path(f"models/docstrings-n{n}.safetensors")) for n in SIZES}
    if all(model.training_settings.get("corpus") == corpus.sha256 for model in found.values()):
        return Networks(found, True)
    about = found[SIZES[0]].training_settings
    shape = {name: about[name] for name in ("width", "depth", "neighbors", "learning_rate")}
    sizes = sorted({min(SIZES[0], len(corpus.train)), len(corpus.train)})
    return Networks(
        {n: train(corpus.subset(n, 0), noise, steps=steps, progress=progress, **shape) for n in sizes}, False
    )

"""The trained models of the chapter on real text: stored ones if your text is theirs, else small ones made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.noise import Noise
from uddm_mini.teaching.results import results_path
from uddm_mini.teaching.statements import says
from uddm_mini.training.checkpoint import load
from uddm_mini.training.train import train
from uddm_mini.worlds.corpus import Corpus

SIZES = (64, 512, 4583)  # training sentences of the stored models; the last is all of them


@dataclass(frozen=True, eq=False)
class TrainedModels:
    """Trained denoisers, keyed by their number of training sentences; `stored`: they come with the package."""

    models: dict[int, TransformerDenoiser]
    stored: bool

    @property
    def note(self) -> str:
        """Say in one sentence which models these are."""
        if self.stored:
            return "The stored networks were trained on this very text."
        return f"Your text is not that of the stored networks: here are {len(self.models)}, trained on it more briefly."

    def says(self, what: str, value: Any, *text: Any, **limits: Any) -> None:
        """Compare a number of the text with the one found here, as `statements.says` does, or print why not.

        The numbers of the text are those of one text and of the models that were trained on it.
        """
        if self.stored:
            says(what, value, *text, **limits)
        else:
            print(f"○ {what} · not compared: your packages hold another text than ours")


def docstring_models(corpus: Corpus, noise: Noise, *, steps: int = 1000, progress: bool = True) -> TrainedModels:
    """Return the stored models of real text if they were trained on this `corpus`, judged by its fingerprint.

    Other versions of the packages give another text; then two models of the same shape are trained here for `steps`
    steps, on 64 and on all sentences (seed 0).
    """
    found = {n: load(results_path(f"models/docstrings-n{n}.safetensors")) for n in SIZES}
    if all(model.training_settings.get("corpus") == corpus.sha256 for model in found.values()):
        return TrainedModels(found, True)
    stored = found[SIZES[0]]
    same = {"model": stored.settings, "learning_rate": stored.training_settings["learning_rate"]}
    sizes = sorted({min(SIZES[0], len(corpus.train)), len(corpus.train)})
    return TrainedModels(
        {n: train(corpus.subset(n, 0), noise, steps=steps, progress=progress, **same) for n in sizes}, False
    )

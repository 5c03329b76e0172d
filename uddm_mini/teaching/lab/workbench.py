"""The lab: all stored models of the toy language under the reader's hands, in the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from uddm_mini.models.memorizer import MemorizingDenoiser
from uddm_mini.models.population import PopulationDenoiser
from uddm_mini.noise import UniformNoise
from uddm_mini.teaching.live import live_html
from uddm_mini.teaching.marked_words import Sentences, mark_css, sentences
from uddm_mini.teaching.results import results_path
from uddm_mini.training.checkpoint import load
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.toy_language import ToyLanguage

from .inline import STORED, language_spec, sentences_text, stored_model

CHOICE = 16  # sentences of each kind to choose from; every stored model has read the first 16 of training
LEVEL = 0.25  # of the noise at first


@dataclass(frozen=True, repr=False)
class Lab:
    """What `lab` returns: shows itself in a notebook or on a static page, and prints one sentence, mended by all."""

    language: ToyLanguage
    corpus: Corpus

    @cached_property
    def beginning(self) -> Sentences:
        """Return a held-out sentence as every denoiser mends it: what shows without scripts and on paper."""
        noise, truth = UniformNoise(self.language.vocab_size), self.corpus.held_out[:1]
        damaged = noise.corrupt(truth, LEVEL, torch.Generator().manual_seed(0))
        memory = MemorizingDenoiser(self.corpus.subset(STORED[0], seed=0), noise)
        models = {
            f"The network after {n:,} sentences": load(results_path(f"models/toy-n{n}.safetensors")) for n in STORED
        }
        asked = {
            **models,
            f"The memorizer of {STORED[0]}": memory,
            "The language": PopulationDenoiser(self.language, noise),
        }
        rows = {"A held-out sentence at noise level 0.25": self.corpus.decode(damaged)[0]}
        rows |= {name: self.corpus.decode(model.best_guess(damaged, LEVEL))[0] for name, model in asked.items()}
        return sentences(rows, self.corpus.decode(truth)[0])

    def __repr__(self) -> str:
        return repr(self.beginning)

    def _repr_html_(self) -> str:
        data: dict[str, Any] = {
            "label": "The lab: stored models, a memorizer and the language mend a sentence",
            "models": {str(n): stored_model(n) for n in STORED},
            "train": sentences_text(self.corpus.subset(max(STORED), seed=0)),
            "held": sentences_text(self.corpus.held_out[:CHOICE]),
            "language": language_spec(self.language),
            "css": mark_css(".uddm-lab .mended"),
        }
        return live_html("lab", data, self.beginning._repr_html_())


def lab() -> Lab:
    """Let the reader ask the stored models, their memorizers and the language itself about any sentence, in the page.

    Random in the page, from the seed that the reader chooses: noise and walks.
    """
    language = ToyLanguage()
    return Lab(language, language.corpus(n_train=max(STORED)))

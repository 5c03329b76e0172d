"""The first screen of the book: lose words of a sentence, and two stored models mend it side by side, in the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.teaching.live import live_html
from uddm_mini.teaching.marked_words import Sentences, mark_css, sentences
from uddm_mini.teaching.results import results_path
from uddm_mini.training.checkpoint import load
from uddm_mini.worlds.toy_language import ToyLanguage

from .inline import sentences_text, stored_model

MODELS = (16, 8192)  # training sentences of the two models
CHOICE = 16  # sentences of each kind
LOST = 4  # words that are lost at first


@dataclass(frozen=True, repr=False)
class FirstScreen:
    """What `first_screen` returns: shows itself in a notebook or on a static page, and prints how it begins."""

    truth: torch.Tensor  # int64[L]
    damaged: torch.Tensor  # int64[L]
    seen: torch.Tensor  # int64[n, L], in the training sets of both models
    unseen: torch.Tensor  # int64[n, L], in neither

    @cached_property
    def beginning(self) -> Sentences:
        """Return the sentence at first, as both models mend it: what shows without scripts and on paper."""
        spell = ToyLanguage().decode
        rows = {"A sentence that neither model has read, four words lost": spell(self.damaged[None])[0]}
        lost = float((self.damaged != self.truth).double().mean())
        for n in MODELS:
            model: TransformerDenoiser = load(results_path(f"models/toy-n{n}.safetensors"))
            guess = model.best_guess(self.damaged[None], model.noise.level_of(lost))
            rows[f"Mended by the model that has read {n:,} sentences"] = spell(guess)[0]
        return sentences(rows, spell(self.truth[None])[0])

    def __repr__(self) -> str:
        return repr(self.beginning)

    def _repr_html_(self) -> str:
        data: dict[str, Any] = {
            "label": "Lose words, and let two models mend the sentence",
            "models": [stored_model(n) for n in MODELS],
            "seen": sentences_text(self.seen),
            "unseen": sentences_text(self.unseen),
            "start": self.damaged.tolist(),
            "css": mark_css(".uddm-mend .mended"),
        }
        return live_html("mend", data, self.beginning._repr_html_())


def first_screen() -> FirstScreen:
    """Let the reader lose words of a sentence, and the stored models of 16 and 8,192 sentences mend it in the page.

    It begins with the first held-out sentence and four lost words. Random in the page, from a fixed seed: which words
    are lost, and what stands in their place.
    """
    corpus = ToyLanguage().corpus(n_train=max(MODELS))
    truth, generator = corpus.held_out[0], torch.Generator().manual_seed(0)
    lost = torch.randperm(len(truth), generator=generator)[:LOST]
    damaged = truth.clone()
    damaged[lost] = (
        truth[lost] + torch.randint(1, corpus.vocab_size, (LOST,), generator=generator)
    ) % corpus.vocab_size
    return FirstScreen(truth, damaged, corpus.subset(CHOICE, seed=0), corpus.held_out[:CHOICE])

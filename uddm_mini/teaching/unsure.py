"""How unsure two models are of every word of a sentence that the reader changes, by cavity and by full posterior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from uddm_mini.probes.entropy import conditional_entropy
from uddm_mini.training.checkpoint import load
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.toy_language import ToyLanguage

from .lab.inline import STORED, language_spec, sentences_text, stored_model
from .live import Turnable
from .marked_words import mark_css
from .results import results_path
from .stills import Row, still_bars, told_bars

CHOICE = 8  # sentences of each kind; every stored model has read those of training
CLEAN = 1e-3  # at this level and below the sentence stands as it is
LEVELS = (CLEAN, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1.0)
ASKED = (16, 8192)  # training sentences of the two models at first; the guess is about the second
MOST_NATS = 2.5  # where a bar ends


@dataclass(frozen=True)
class Swap:
    """What the guess is about: in the first training sentence `word` becomes `other`."""

    word: str
    other: str

    def of(self, corpus: Corpus, x: torch.Tensor) -> tuple[int, int]:
        """Return the place of `word` in the sentence int64[L], and the id of `other`; ValueError if they do not fit."""
        spelled = [corpus.words[i] for i in x.tolist()]
        if self.word not in spelled or self.other not in corpus.words or self.word == self.other:
            raise ValueError(f"{self.word!r} must stand in “{' '.join(spelled)}”, and {self.other!r} in the language.")
        return spelled.index(self.word), corpus.words.index(self.other)


def unsure_words(
    language: ToyLanguage,
    corpus: Corpus,
    swap: Swap,
    label: str = "How unsure two models are of every word",
    *,
    seed: int = 0,
) -> Turnable:
    """Let the reader change words of a sentence and see the entropy that two stored models give to each, in the page.

    H_l = -sum_v p_0(v) ln p_0(v), in nats, of the cavity posterior (bars) and of the full posterior (upright lines), at
    a level t of eight; above 0.001 the sentence is corrupted first, with the same draws at every level. The language
    itself can stand in the place of a model. The reader first guesses which word becomes less sure when one is swapped.

    corpus: of the language; its first training sentences are those that every stored model has read.
    seed: of the page's own generator.

    Without scripts the entropies before and after the swap show. ValueError for a swap that does not fit.
    """
    seen = corpus.subset(CHOICE, seed=0)
    place, other = swap.of(corpus, seen[0])
    spelled = [corpus.words[i] for i in seen[0].tolist()]
    data: dict[str, Any] = {
        "label": label,
        "models": {str(n): stored_model(n) for n in STORED},
        "language": language_spec(language),
        "sentences": sentences_text(torch.cat([seen, corpus.held_out[:CHOICE]])),
        "seen": CHOICE,
        "levels": list(LEVELS),
        "clean": CLEAN,
        "begin": {"sentence": 0, "left": STORED.index(ASKED[0]), "right": STORED.index(ASKED[1]), "t": 0},
        "asked": STORED.index(ASKED[1]),
        "change": {"place": place, "word": other},
        "top": MOST_NATS,
        "seed": seed,
        "ask": {
            "question": f"Predict: “{' '.join(spelled)}” The model of {ASKED[1]:,} reads it at t = {CLEAN:g}. Now "
            f"“{swap.word}” becomes “{swap.other}”. Which word becomes less sure the most, and by how many nats?",
            "min": 0,
            "max": 5,
            "step": "any",
            "unit": "nats",
            "choices": list(dict.fromkeys(spelled)),
        },
        "css": mark_css(".uddm-unsure :is(.noisy)"),
    }
    after = seen[0].clone()
    after[place] = other
    return Turnable("unsure", data, *_still(corpus, torch.stack([seen[0], after])))


def _still(corpus: Corpus, both: torch.Tensor) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: entropies of both sentences under both models."""
    html, told = "", []
    for n in ASKED:
        model = load(results_path(f"models/toy-n{n}.safetensors"))
        for x in both:
            nats = conditional_entropy(model, x[None], CLEAN)[0].tolist()
            head = f"The model of {n:,}, cavity entropy in nats at t = {CLEAN:g}:"
            rows: list[Row] = [(corpus.words[i], h, "cavity") for i, h in zip(x.tolist(), nats, strict=True)]
            html += f"<p><em>{head}</em></p>{still_bars(rows, MOST_NATS, 2)}"
            told.append(f"{head}\n{told_bars(rows, 2)}")
    return html, "\n".join(told)

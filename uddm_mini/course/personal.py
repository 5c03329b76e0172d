"""A language and a trained network of one student's own, for questions that nobody else has answered."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from uddm_mini.files import replacing
from uddm_mini.noise import UniformNoise
from uddm_mini.training.checkpoint import save
from uddm_mini.training.train import note_corpus, train
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.grammar import Choice, Grammar, Slot
from uddm_mini.worlds.kitchen import kitchen
from uddm_mini.worlds.toy_language import ToyLanguage

SIZES = (16, 24, 32, 48)  # sentences that a network learns: few enough to be learned by heart
STEPS = 1500


@dataclass(frozen=True)
class Personal:
    """What one student works on: a language, the sentences that the network learns, and as many that it does not."""

    language: ToyLanguage
    corpus: Corpus
    seed: int


def personal(student: str, salt: str) -> Personal:
    """Return the language and the sentences of a student, the same ones each time.

    Which words go together, how probable the values of the choices are, the order of the words, the number of training
    sentences: all of it follows from salt and ID. ValueError without a salt, since anybody could make them again.
    """
    if not student or not salt:
        raise ValueError("Give the ID of a student and a salt: some words that only you know, the same for the class.")
    digest = hmac.new(salt.encode(), student.encode(), hashlib.sha256).digest()
    generator = np.random.default_rng(list(digest))
    language = ToyLanguage(_redrawn(kitchen(), generator), name="personal")
    n = int(generator.choice(SIZES))
    seed = int(generator.integers(2**31))
    return Personal(language, language.corpus(n, n, seed), seed)


def _redrawn(grammar: Grammar, generator: np.random.Generator) -> Grammar:
    """Return a grammar with the same words, but other probabilities, other pairs of words, and another word order."""

    def probs(size: int) -> tuple[float, ...]:
        drawn = generator.dirichlet(np.full(size, 4.0)).round(3)
        drawn[drawn.argmax()] += 1 - drawn.sum()
        return tuple(drawn.tolist())

    def words(table: tuple[str, ...] | tuple[tuple[str, ...], ...]) -> tuple[object, ...]:
        order = generator.permutation(len(table)).tolist()
        return tuple(words(table[i]) if isinstance(table[i], tuple) else table[i] for i in order)

    choices = [
        Choice(c.name, tuple(probs(len(row)) for row in c.probs) if c.parent else probs(len(c.probs)), c.parent)
        for c in grammar.choices
    ]
    slots = [Slot(slot.choices, words(slot.words)) for slot in grammar.slots]
    return Grammar(tuple(choices), tuple(slots[i] for i in generator.permutation(len(slots))))


def write_personal(student: str, salt: str, out: Path, steps: int = STEPS) -> Path:
    """Train a student's network, write its folder, and beside it what only the lecturer should see.

    OUT/ID has model.safetensors, candidates.txt (training sentences and as many others, mixed) and language.py;
    OUT/ID-answers.json says which candidates it was trained on. Returns the folder.
    """
    from .tables import page_name

    one = personal(student, salt)
    model = train(one.corpus.train, UniformNoise(one.language.vocab_size), steps=steps, seed=one.seed, progress=False)
    note_corpus(model, one.corpus)
    model.training_settings |= {"n_train": None}  # the student is asked for it
    name = page_name(student)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    save(model, folder / "model.safetensors")
    both = one.language.decode(torch.cat([one.corpus.train, one.corpus.held_out]))
    order = np.random.default_rng(one.seed).permutation(len(both)).tolist()
    code = "from uddm_mini import ToyLanguage\nfrom uddm_mini.worlds.grammar import Choice, Grammar, Slot\n\n"
    files = {
        folder / "candidates.txt": "\n".join(both[i] for i in order) + "\n",
        folder / "language.py": f"{code}language = ToyLanguage({one.language.grammar!r})\n",
        out / f"{name}-answers.json": json.dumps(
            {"student": student, "sentences": len(one.corpus.train), "trained": sorted(both[: len(one.corpus.train)])},
            indent=1,
        ),
    }
    for path, text in files.items():
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return folder

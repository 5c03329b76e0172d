"""Many noisy copies of a sentence, drawn and counted in the page, and Bayes' rule for a word of the reader's choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from uddm_mini.noise import SCHEDULES, Schedule, UniformNoise
from uddm_mini.worlds import ToyLanguage
from uddm_mini.worlds.grammar import Choice, Grammar, Slot

from .live import Turnable
from .look import NEUTRAL, meaning_css
from .marked_words import sentences
from .stills import still_bars, told_bars

COPIES, SHOWN, TOP = 500, 8, 5  # drawn and counted; seen; words with a bar of their own
STEPS = 50  # of the slider from t = 0 to 1


@dataclass(frozen=True)
class Example:
    """A sentence of a language to make copies of; `name` is what the slider calls its vocabulary."""

    name: str
    language: ToyLanguage
    sentence: str

    def data(self) -> dict[str, Any]:
        """Return what copies.js needs, with p(word at each place) of the language."""
        language = self.language
        (ids,) = language.encode([self.sentence]).tolist()
        anywhere = torch.ones(1, language.length, language.vocab_size)
        places = language.cavity(anywhere)[0].exp().tolist()  # [L, V]
        prior = [{v: round(p, 12) for v, p in enumerate(place) if p > 0} for place in places]
        return {"name": self.name, "words": list(language.words), "sentence": ids, "prior": prior}


def three_words() -> ToyLanguage:
    """Return the language of the book's pencils: red or hot, then mostly tea; V = 3, L = 2."""
    after = ((3 / 4, 1 / 4), (1.0, 0.0))  # tea or hot, after red and after hot
    choices = (Choice("first", (1 / 2, 1 / 2)), Choice("second", after, parent="first"))
    return ToyLanguage(Grammar(choices, (Slot(("first",), ("red", "hot")), Slot(("second",), ("tea", "hot")))))


def noisy_copies(
    examples: Sequence[Example],
    schedules: Sequence[Schedule],
    label: str = "Many copies of one sentence",
    *,
    start: float = 0.6,
    seed: int = 0,
) -> Turnable:
    """Let the reader corrupt many copies of a sentence in the page, to any t, and ask Bayes' rule about a single word.

    q(x_t = b | x_0 = v) = alpha 1[b = v] + (1 - alpha) / V; a word is kept, draws itself, or becomes another one. The
    reader first guesses how many words of 100 of the first example are still the clean ones at t = `start`.

    schedules: two at most of linear and cosine, the first at the beginning.
    seed: of the page's own generator.

    Without scripts a few copies and the exact shares show. ValueError for another schedule or a start off the slider.
    """
    named = {kind: name for name, kind in SCHEDULES.items() if name in ("linear", "cosine")}
    if not examples or not schedules or any(type(schedule) not in named for schedule in schedules):
        raise ValueError("Give at least one example, and schedules that the page can draw: Linear() or Cosine().")
    times = [k / STEPS for k in range(STEPS + 1)]
    if start not in times:
        raise ValueError(f"start must be one of 0, 0.02, ..., 1, where the slider stops, but is {start}.")
    noise = UniformNoise(examples[0].language.vocab_size, schedules[0])
    data = {
        "label": label,
        "worlds": [example.data() for example in examples],
        "schedules": [{"name": named[type(s)], "epsilon": s.epsilon} for s in schedules],
        "times": times,
        "start": times.index(start),
        "copies": COPIES,
        "shown": SHOWN,
        "top": TOP,
        "seed": seed,
        "ask": _question(examples[0].name, noise, start),
        "css": meaning_css(".uddm-copies", "noise", "population", "posterior", "chance")
        + f"\n.uddm-copies .copies .changed {{ background: {NEUTRAL}38; border: 1.5px dashed currentColor }}",
    }
    return Turnable("copies", data, *_still(examples[0], noise, start, seed))


def _question(name: str, noise: UniformNoise, t: float) -> dict[str, Any]:
    """Return what the reader is asked before the counts show, and the exact answer."""
    alpha, V = float(noise.alpha(t)), noise.vocab_size
    redrawn, clean = 100 * (1 - alpha), 100 * (alpha + (1 - alpha) / V)
    return {
        "question": f"Predict: {name}, t = {t:g}. Of 100 words about {redrawn:.0f} are redrawn. How many of the 100 "
        "still read as in the clean sentence?",
        "min": 0,
        "max": 100,
        "step": 1,
        "unit": "of 100",
        "answer": f"The rule: 100 · (α + (1 − α)/V) = {clean:.1f}. Of the {redrawn:.0f} redrawn words one in {V} draws "
        "itself.",
    }


def _still(example: Example, noise: UniformNoise, t: float, seed: int) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: three copies, and the exact shares."""
    language, generator = example.language, torch.Generator().manual_seed(seed)
    x0 = language.encode([example.sentence])
    copies = language.decode(noise.corrupt(x0.expand(3, -1), t, generator))
    shown = sentences({"clean": example.sentence}, example.sentence)
    for k, copy in enumerate(copies, start=1):  # one at a time: a later copy mends no earlier one
        shown += sentences({f"copy {k}": copy}, example.sentence)
    alpha, V = float(noise.alpha(t)), noise.vocab_size
    rows = [
        ("kept, α", alpha, "posterior"),
        ("drew itself, (1 − α)/V", (1 - alpha) / V, "posterior"),
        ("another word", (1 - alpha) * (V - 1) / V, "noise"),
        ("clean word seen, α + (1 − α)/V", alpha + (1 - alpha) / V, "population"),
    ]
    head = f"{example.name}, t = {t:g}, α = {alpha:.3f}"
    html = f"<p><em>{head}</em></p>{shown.body_html()}{shown.key_html()}{still_bars(rows)}"
    return html, f"{head}\n{shown!r}\n{told_bars(rows)}"

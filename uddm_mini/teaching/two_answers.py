"""Two answers to one noisy word, computed in the page: cavity and full posterior, and what two losses descend to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from uddm_mini.noise import Linear, UniformNoise

from .live import Turnable
from .look import meaning_css
from .price import posteriors
from .stills import Row, still_bars, told_bars

TIMES = [0.001, 0.01, 0.03, 0.06] + [k / 10 for k in range(1, 10)] + [0.98]
STEPS, EVERY, RATE = 240, 10, 0.1  # of the descent by Adam, how many a position of the slider has, and their size


def two_answers(
    languages: Mapping[str, torch.Tensor],
    words: Sequence[str],
    read: tuple[str, str],
    label: str = "Two answers to one noisy word",
    *,
    t: float = 0.5,
) -> Turnable:
    """Let the reader set the joint law of two words by hand, and see what the first one was: twice, and twice learned.

    The cavity posterior c(v) = p(x_0 = v | the other noisy word), and the full one f(v) = q(b | v) c(v) / Z; logits
    that descend on the mean of N_t and of cross-entropy over the clean word; the mean entropy of c and f over what the
    noise leaves, against t. The reader first guesses what the full posterior says.

    languages: {name: probabilities of the sentences, float[V, V], first word in rows}; the first one is shown first.
    read: what the noise left of both words at t.

    Without scripts both posteriors show. ValueError for laws and words that do not fit, or t off the slider.
    """
    V = len(words)
    laws = list(languages.values())
    if not laws or any(law.shape != (V, V) or abs(float(law.sum()) - 1) > 1e-6 or law.min() < 0 for law in laws):
        raise ValueError(f"Each language must be probabilities [V, V] of {V} words that sum to 1.")
    if V < 2 or not set(read) <= set(words):
        raise ValueError("read must be two of the words.")
    if t not in TIMES:
        raise ValueError(f"t must be one of {TIMES}, where the slider stops, but is {t}.")
    noise, b, other = UniformNoise(V, Linear()), words.index(read[0]), words.index(read[1])
    cavity, full = posteriors(laws[0], noise, (b, other), t)
    given = f"Predict: the noise left “{' '.join(read)}” at t = {t:g}."
    data = {
        "label": label,
        "words": list(words),
        "languages": {name: law.double().tolist() for name, law in languages.items()},
        "read": [b, other],
        "times": TIMES,
        "start": TIMES.index(t),
        "epsilon": noise.schedule.epsilon,
        "descent": {"steps": STEPS, "every": EVERY, "rate": RATE},
        "ask": {
            "question": f"{given} The cavity posterior gives “{read[0]}” as the first word {float(cavity[b]):.3f}. "
            "What does the full posterior give it?",
            "min": 0,
            "max": 1,
            "step": "any",
            "unit": "",
        },
        "css": meaning_css(".uddm-answers", "cavity", "posterior"),
    }
    return Turnable("answers", data, *_still(words, read, (cavity, full), t))


def mean_entropies(joint: torch.Tensor, t: float) -> tuple[float, float]:
    """Return the entropies of cavity and full posterior of the first word, in nats, averaged over both noisy words."""
    noise, sums = UniformNoise(len(joint), Linear()), torch.zeros(2, dtype=torch.float64)
    q = noise.likelihood(torch.arange(len(joint))[:, None], t)[:, 0]  # [seen, clean]
    weights = q @ joint.double() @ q.T  # p(x_t), [V, V]
    for b in range(len(joint)):
        for other in range(len(joint)):
            both = torch.stack(posteriors(joint, noise, (b, other), t))
            sums += weights[b, other] * torch.special.entr(both).sum(dim=1)
    return float(sums[0]), float(sums[1])


def _still(
    words: Sequence[str], read: tuple[str, str], exact: tuple[torch.Tensor, torch.Tensor], t: float
) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: both posteriors."""
    html, told = f"<p>The noise left “{' '.join(read)}” at t = {t:g}. What was the first word?</p>", []
    heads = ("Cavity posterior, what the NELBO learns", "Full posterior, what cross-entropy learns")
    for head, law, color in zip(heads, exact, ("cavity", "posterior"), strict=True):
        rows: list[Row] = [(word, float(p), color) for word, p in zip(words, law, strict=True)]
        html += f"<p><em>{head}</em></p>{still_bars(rows)}"
        told.append(f"{head}\n{told_bars(rows)}")
    return html, "\n".join(told)

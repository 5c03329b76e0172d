"""Where the heads of a stored model look, and what an answer loses with a word or a head, computed in the page."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.models.blocks import AttentionBlock
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.teaching.live import Turnable
from uddm_mini.teaching.look import meaning_css
from uddm_mini.teaching.results import results_path
from uddm_mini.teaching.stills import Row, still_bars, told_bars
from uddm_mini.training.checkpoint import load

from .inline import stored_model

STEPS = 20  # of the slider of noise levels, from 1 / 20 to 1


def attention_heads(
    sentence: str, place: int, label: str = "Where a head looks", *, n_train: int = 8192, t: float = 0.05
) -> Turnable:
    """Let the reader see how each head of a stored model shares its attention, and change words or silence heads.

    share_lm = softmax_m(q_l k_m / sqrt D) from the place l that the reader chooses, and below it the network's own
    answer there, the cavity posterior. The reader first guesses the word that one head looks at most, from `place`.

    sentence: words of the toy language; place: counted from 0; t: a level of the slider, 0.05, 0.1, ..., 1.

    Random in the page, from a fixed seed: which word takes the place of one that is pressed. Without scripts every
    head's favorite word shows. ValueError for a place outside the sentence, a level off the slider, an unknown word.
    """
    model: TransformerDenoiser = load(results_path(f"models/toy-n{n_train}.safetensors"))
    said, times = sentence.split(), [(k + 1) / STEPS for k in range(STEPS)]
    if t not in times or not 0 <= place < model.length:
        raise ValueError(f"place is 0 ... {model.length - 1}, and t one of 0.05, 0.1, ..., 1; they are {place}, {t}.")
    if len(said) != model.length or not set(said) <= set(model.words):
        raise ValueError(f"Give {model.length} words that the model knows, not “{sentence}”.")
    x = torch.tensor([model.words.index(word) for word in said])
    data = {
        "label": label,
        "model": stored_model(n_train),
        "sentence": x.tolist(),
        "place": place,
        "heads": model.settings.heads,
        "times": times,
        "start": times.index(t),
        "ask": _question(said, place, model.settings.heads),
        "css": meaning_css(".uddm-heads", "cavity"),
    }
    return Turnable("heads", data, *_still(model, x, place, t))


def attention_shares(model: TransformerDenoiser, x: torch.Tensor, t: float) -> torch.Tensor:
    """Return how each place shares its attention in the first block, float[heads, L, L], for x int64[L] told t."""
    block = model.blocks[0]
    if not isinstance(block, AttentionBlock):
        raise ValueError("This model mixes its places by convolution: it has no attention to look at.")
    entered: list[torch.Tensor] = []
    hook = block.register_forward_pre_hook(lambda _, given: entered.append(given[0][0]))
    with torch.no_grad():
        model(x[None], torch.tensor([t]))
        hook.remove()
        (h,) = entered  # [L, W]
        parts = block.qkv(block.norm1(h)).view(len(x), 3, block.heads, -1)
        query, key, _ = parts.permute(1, 2, 0, 3)  # each [heads, L, D]
        return (query @ key.mT / math.sqrt(query.shape[2])).softmax(dim=2)


def _question(said: list[str], place: int, heads: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    return {
        "question": f"Predict: the network reads “{' '.join(said)}” and is asked what stands in place {place + 1}, "
        f"where it reads “{said[place]}”. Of its {heads} heads, one looks at a single word more than any other does. "
        "At which word, and with what share of its attention?",
        "min": 0,
        "max": 1,
        "step": "any",
        "unit": "of its attention",
        "choices": list(dict.fromkeys(said)),
    }


def _still(model: TransformerDenoiser, x: torch.Tensor, place: int, t: float) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: where each head looks most."""
    shares, rows = attention_shares(model, x, t)[:, place], []
    for head, (share, m) in enumerate(zip(*shares.max(dim=1), strict=True), start=1):
        row: Row = (f"head {head}, at “{model.words[x[m]]}”, word {int(m) + 1}", float(share), "train")
        rows.append(row)
    sentence = " ".join(model.words[v] for v in x.tolist())
    head_line = f"{sentence}: from “{model.words[x[place]]}”, word {place + 1}, each head looks most"
    return f"<p><em>{head_line}</em></p>{still_bars(rows, digits=2)}", f"{head_line}\n{told_bars(rows, digits=2)}"

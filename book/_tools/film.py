"""Draw the animation of README and the first page: two models mend a sentence, then the transition. `make film`.

Every number in it is computed here from the stored models and tables; the landscape is the drawing of chapter 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from uddm_mini import ToyLanguage, UniformNoise, load
from uddm_mini.experiments.crossing import at_level, by_size
from uddm_mini.files import replacing
from uddm_mini.teaching.landscape import Landscape, Valley, across, bottom_of, height_of
from uddm_mini.teaching.look import COLORS, INK, PAGE, PAPER
from uddm_mini.teaching.results import committed, results_path

OUT = Path(__file__).resolve().parents[1] / "static" / "film.gif"
SIZE, DPI = (6.4, 4.0), 100
SMALL, LARGE = 16, 8192
T = 0.25
STYLE: dict[Any, Any] = {"font.size": 12, "axes.spines.top": False, "axes.spines.right": False}
Frame = tuple[Image.Image, int]  # and how many milliseconds it stands


def film() -> list[Frame]:
    """Return all frames."""
    with mpl.rc_context(STYLE):
        return [*title(), *mending(), *passage(), *ending()]


def page(text: str) -> Figure:
    """Return an empty frame with what is said at its top."""
    fig = plt.figure(figsize=SIZE, dpi=DPI, facecolor=PAPER)
    fig.text(0.05, 0.94, "\n".join(wrap(text, 62)), color=INK, fontsize=13, va="top")
    return fig


def shot(fig: Figure, milliseconds: int) -> Frame:
    """Return a figure as a frame, and close it."""
    with BytesIO() as file:
        fig.savefig(file, format="png", facecolor=fig.get_facecolor())
        plt.close(fig)
        image = Image.open(file).convert("RGB")
    return image, milliseconds


def title() -> Iterator[Frame]:
    """Ask the question of the book."""
    fig = page("")
    fig.text(
        0.5, 0.6, "Does it remember,\nor has it learned the language?", ha="center", va="center", fontsize=21, color=INK
    )
    fig.text(
        0.5, 0.28, "A language model that undoes damage.\nTwo copies of it. One sentence.", ha="center", fontsize=13
    )
    yield shot(fig, 5000)


def words_on(fig: Figure, rows: list[tuple[str, list[str], list[str]]]) -> None:
    """Write rows of words (heading, words, color of each), seven to a line."""
    y = 0.74
    for heading, words, colors in rows:
        fig.text(0.05, y, heading, fontsize=11, color="#555555")
        for k, (word, color) in enumerate(zip(words, colors, strict=True)):
            line, place = divmod(k, 7)
            fig.text(0.04 + 0.137 * place, y - 0.065 * (line + 1), word, fontsize=10.5, color=color)
        y -= 0.235


def mending() -> Iterator[Frame]:
    """Damage a held-out sentence, and let two models say their most probable words, surest first."""
    language = ToyLanguage()
    noise = UniformNoise(language.vocab_size)
    x0 = language.corpus().held_out[:1]
    xt = noise.corrupt(x0, T, torch.Generator().manual_seed(0))
    truth, damaged = (language.decode(x)[0].split() for x in (x0, xt))
    hit = (x0 != xt)[0].tolist()
    dark = [INK] * len(truth)
    yield shot(_sentence("A sentence that neither of them has seen.", [("", truth, dark)]), 5000)
    red = [COLORS["held-out"] if h else INK for h in hit]
    yield shot(_sentence("Noise replaces some of its words by random ones.", [("", damaged, red)]), 5000)
    said = {n: load(results_path(f"models/toy-n{n}.safetensors")).posterior(xt, T)[0] for n in (SMALL, LARGE)}
    order = {n: p.amax(dim=1).argsort(descending=True).tolist() for n, p in said.items()}
    for done in range(len(truth) + 1):
        rows = [("Damaged", damaged, red)]
        for n, p in said.items():
            now, colors = list(damaged), list(red)
            for place in order[n][:done]:
                now[place] = language.words[int(p[place].argmax())]
                colors[place] = COLORS["population"] if now[place] == truth[place] else COLORS["memorizer"]
            rows.append((f"The model that saw {n:,} sentences", now, colors))
        text = "Both mend it, the surest word first. Green: right. Purple: wrong."
        yield shot(_sentence(text, rows), 1400 if done < len(truth) else 7000)


def _sentence(text: str, rows: list[tuple[str, list[str], list[str]]]) -> Figure:
    """Return a frame of sentences."""
    fig = page(text)
    words_on(fig, rows)
    return fig


def passage() -> Iterator[Frame]:
    """Draw recovery and entropy against the number of training sentences, size by size, under the landscape."""
    table = at_level(committed("toy-large/sweep"), T)
    curves = {s: by_size(table, "recovered", split=s).mean(axis=1) for s in ("train", "held-out")}
    entropy = by_size(table, "entropy", split="train").mean(axis=1)
    sizes = list(entropy.index)
    for k, n in enumerate(sizes):
        text = f"{n:,} training sentences: {curves['train'][n]:.0%} of the damaged words in these come back, and "
        text += f"{curves['held-out'][n]:.0%} of those in new sentences."
        fig = page(text)
        _landscape(fig, k / (len(sizes) - 1))
        left, right = fig.add_axes((0.1, 0.13, 0.37, 0.34)), fig.add_axes((0.6, 0.13, 0.37, 0.34))
        for split, curve in curves.items():
            left.plot(sizes[: k + 1], curve.iloc[: k + 1], "-" if split == "train" else "--", marker="o", ms=3.5,
                      color=COLORS[split], label=split)  # fmt: skip
        right.plot(sizes[: k + 1], entropy.iloc[: k + 1], "-", marker="o", ms=3.5, color=COLORS["train"])
        for ax, top, said in ((left, 1.05, "words that come back"), (right, 0.35, "entropy of training text (nats)")):
            ax.set(xscale="log", xlim=(12, 11000), ylim=(0, top), facecolor=PAPER)
            ax.set_title(said, fontsize=10.5)
            ax.tick_params(labelsize=9)
            ax.set_xlabel("training sentences", fontsize=9)
        left.legend(fontsize=9, loc="lower right", frameon=False)
        yield shot(fig, 5000 if k < len(sizes) - 1 else 7000)


def _landscape(fig: Figure, share: float) -> None:
    """Draw the landscape of Part III, from few (share 0) to many training sentences (1), with a new sentence on it."""
    n = round(3 + 13 * share)
    scene = Landscape(
        "", tuple(Valley(float(x), max(0.0, 1 - share), 0.07 / (1 + 6 * share)) for x in np.linspace(0.13, 0.87, n))
    )
    height = height_of(scene.valleys, min(1.0, 1.05 * share))
    ax = fig.add_axes((0.1, 0.56, 0.87, 0.22))
    ax.fill_between(across(), height, -1.35, color=PAGE["curve"], alpha=0.18, linewidth=0)
    ax.plot(across(), height, color=PAGE["curve"])
    start = round(0.43 * (len(height) - 1))
    end = bottom_of(height, start)
    ax.plot(across()[start], height[start] + 0.1, "D", color=COLORS["held-out"], ms=6)
    ax.plot(
        across()[end], height[end] + 0.12, "o", color=PAGE["lift"], ms=9, mfc="none" if end == start else PAGE["lift"]
    )
    ax.set(xlim=(0, 1), ylim=(-1.35, 0.3))
    ax.axis("off")


def ending() -> Iterator[Frame]:
    """Say what was seen."""
    fig = page("")
    said = "Few sentences: a memory.\nMany: the language.\n\nAnd the model's own entropy\ntells which."
    fig.text(0.5, 0.58, said, ha="center", va="center", fontsize=19, color=INK)
    fig.text(0.5, 0.12, "After Pham, Zaki, Ambrogioni, Krotov, Negri (arXiv 2604.26841)", ha="center", fontsize=10.5)
    yield shot(fig, 8000)


def main() -> None:
    """Write the film beside the pages, in one step."""
    frames = film()
    first, *others = [image.quantize(128) for image, _ in frames]  # each with colors of its own: it stands for seconds
    durations = [milliseconds for _, milliseconds in frames]
    with replacing(OUT) as file:
        first.save(file, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=True)
    print(f"{OUT.name}: {len(frames)} frames, {sum(durations) / 1000:.0f} s, {OUT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

"""The smallest world with two kinds of token: a caption of four words names a picture of 4 x 4 cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from uddm_mini.denoiser import Denoiser
from uddm_mini.teaching import figures, look
from uddm_mini.walks import settle

SIDE = 4  # cells
COLOR_WORDS = ("blue", "red", "green", "ochre", "plum", "gray")
MEANINGS = ("train", "held-out", "population", "posterior", "memorizer", "chance")  # whose colors these are
CAPTION = [*range(4)]  # where the words stand
PICTURE = [*range(4, 4 + SIDE**2)]


class CaptionedPictures:
    """A closed world: every sentence is a caption, "blue red green blue", and the picture that it names.

    The words are the colors of its quarters, in reading order; quarters that share an edge differ. Token 0 to 5 is a
    cell of a color, 6 to 11 a word: 630 sentences of 20 tokens, all equally likely, so that a `MemorizingDenoiser` of
    `every()` is the exact denoiser.
    """

    def __init__(self) -> None:
        """Draw nothing yet."""
        self.words = (*(f"<{word}>" for word in COLOR_WORDS), *COLOR_WORDS)
        self.vocab_size, self.length = len(self.words), len(CAPTION) + len(PICTURE)

    def sentence(self, *quarters: int) -> list[int]:
        """Return the tokens of one caption and its picture, from the numbers of four colors."""
        half = SIDE // 2
        cells = [quarters[2 * (row // half) + column // half] for row in range(SIDE) for column in range(SIDE)]
        return [*(len(COLOR_WORDS) + color for color in quarters), *cells]

    def every(self) -> torch.Tensor:
        """Return all sentences, int64[630, 20]."""
        ways = product(range(len(COLOR_WORDS)), repeat=4)
        apart = ((a, b, c, d) for a, b, c, d in ways if a not in (b, c) and d not in (b, c))
        return torch.tensor([self.sentence(*quarters) for quarters in apart])

    def split(self, n_train: int, n_held_out: int = 118, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """Return n_train sentences to learn and others that are held out, int64[., 20]; the latter hang on seed only.

        Random, from `seed`: the order of the sentences. ValueError unless there are so many.
        """
        x = self.every()
        if min(n_train, n_held_out) < 1 or n_train + n_held_out > len(x):
            raise ValueError(f"There are {len(x)} sentences; {n_train} to learn and {n_held_out} held out is too much.")
        x = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))]
        return x[n_held_out : n_held_out + n_train], x[:n_held_out]

    def caption(self, x: torch.Tensor) -> str:
        """Return the caption of one sentence int64[20]."""
        return " ".join(self.words[token] for token in x[CAPTION].tolist())


def with_noisy_pictures(
    model: Denoiser, x0: torch.Tensor, t: float, captions: torch.Tensor | None, generator: torch.Generator | None
) -> torch.Tensor:
    """Return sentences int64[B, 20] at noise level t, with the given captions int64[B, 4] clean; None: noise, too."""
    xt = model.noise.corrupt(x0, t, generator)
    if captions is not None:
        xt[:, CAPTION] = captions
    return xt


def pictures_back(
    model: Denoiser, xt: torch.Tensor, t: float, captions: torch.Tensor | None = None, limit: int = 10
) -> torch.Tensor:
    """Return where xt int64[B, 20] settles at told level t, with the captions int64[B, 4] held as they are, if given.

    Each turn takes the best guess of all tokens, and puts the captions back. Deterministic.
    """
    for _ in range(limit):
        *_, new = settle(model, xt, t, 1)
        if captions is not None:
            new[:, CAPTION] = captions
        if bool((new == xt).all()):
            break
        xt = new
    return xt


def cells_back(x0: torch.Tensor, xt: torch.Tensor, out: torch.Tensor) -> float:
    """Return the share of changed cells of pictures that are right in `out`; NaN if none changed."""
    changed = (xt != x0)[:, PICTURE]
    right = (out == x0)[:, PICTURE][changed]
    return float(right.double().mean()) if right.numel() else float("nan")


def draw_picture(ax: Axes, x: torch.Tensor, title: str = "") -> None:
    """Draw the picture of one sentence int64[20]; a cell that holds a word is white with a cross."""
    cells = x[PICTURE].view(SIDE, SIDE)
    colors = ListedColormap([*(look.COLORS[name] for name in MEANINGS), look.PAPER])
    ax.imshow(cells.clamp_max(len(MEANINGS)).numpy(), cmap=colors, vmin=0, vmax=len(MEANINGS))
    for row, column in (cells >= len(MEANINGS)).nonzero().tolist():
        ax.plot(column, row, "x", color=look.COLORS["noise"], markersize=6)
    ax.set(xticks=[], yticks=[], title=title)
    ax.grid(visible=False)


def draw_rows(world: CaptionedPictures, rows: Sequence[tuple[torch.Tensor, ...]], titles: Sequence[str]) -> None:
    """Draw a row of pictures for each tuple of sentences int64[20]: its caption, of the first, stands at the left."""
    _, axes = figures.panels(len(rows), len(titles), height=1.2, squeeze=False)
    for number, (line, pictures) in enumerate(zip(axes, rows, strict=True)):
        for ax, x, title in zip(line, pictures, titles, strict=True):
            draw_picture(ax, x, "" if number else title)
        said = world.caption(pictures[0]).split()
        line[0].set_ylabel("\n".join(said), rotation=0, ha="right", va="center")

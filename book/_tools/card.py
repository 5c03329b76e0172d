"""Draw the picture that a messenger shows beside a link to the book, from a stored table: book/static/card.png."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from uddm_mini.teaching.look import COLORS
from uddm_mini.teaching.results import committed

ROOT = Path(__file__).resolve().parents[2]
INCHES, DOTS = (12.0, 6.3), 100  # 1200 by 630 pixels, what such cards are cut to
CURVES = (("train", "training sentences", "-", 0.06), ("held-out", "unseen sentences", "--", -0.06))


def main() -> None:
    """Draw the share of words that come back against the number of training sentences, mean over seeds."""
    table = committed("toy-large/sweep")
    table = table[table["t"] == 0.25]
    with mpl.rc_context({"svg.hashsalt": "card", "font.size": 19}):
        fig = plt.figure(figsize=INCHES, dpi=DOTS, facecolor="white")
        fig.text(0.05, 0.9, "Basins", size=46, weight="bold", va="center")
        fig.text(0.05, 0.79, "Diffusion language models are associative memories", size=27, va="center")
        fig.text(
            0.05,
            0.685,
            "Corrupt a sentence, denoise it, count which words come back.",
            size=21,
            va="center",
            c="#444444",
        )
        ax = fig.add_axes((0.09, 0.15, 0.62, 0.44))
        for split, label, dashes, above in CURVES:
            mean = table[table["split"] == split].groupby("n_train")["recovered"].mean()
            ax.plot(mean.index, mean, dashes, color=COLORS[split], lw=5)
            ax.text(mean.index[-1] * 1.25, mean.iloc[-1] + above, label, color=COLORS[split], va="center")
        ax.set(xscale="log", ylim=(0, 1.03), yticks=[0, 0.5, 1], xlabel="number of training sentences")
        ax.set_ylabel("words back")
        ax.spines[["top", "right"]].set_visible(False)
        fig.savefig(ROOT / "book/static/card.png", metadata={"Software": None})
        plt.close(fig)


if __name__ == "__main__":
    main()

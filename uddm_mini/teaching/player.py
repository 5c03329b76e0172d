"""Interactive figures that need no kernel: everything is computed beforehand and travels inside the page."""

from __future__ import annotations

import itertools
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .drawings import Drawing
from .live import live_html
from .marked_words import Sentences, mark_css

Frame = tuple[str, Sentences | Drawing]


@dataclass(frozen=True, repr=False)
class Player:
    """What `player` returns: shows itself in a notebook or on a static page, and prints the ends of its first axis.

    axes: names and values; frames: in row-major order; start: the position on every axis; play: milliseconds.
    """

    label: str
    axes: dict[str, list[str]]
    frames: list[Frame]
    start: list[int]
    play: int

    def __repr__(self) -> str:
        return "\n\n".join([self.label, *(f"{caption}\n{shown!r}" for caption, shown in self._ends())])

    def _ends(self) -> list[Frame]:
        """Return what shows without scripts: first and last frame of the first axis, other axes at their start."""
        sizes = [len(values) for values in self.axes.values()]
        found = []
        for first in sorted({0, sizes[0] - 1}):
            index = 0
            for size, at in zip(sizes, [first, *self.start[1:]], strict=True):
                index = index * size + at
            found.append(self.frames[index])
        return found

    def _repr_html_(self) -> str:
        data = {
            "label": self.label,
            "axes": [{"name": k, "values": v, "play": self.play} for k, v in self.axes.items()],
            "start": self.start,
            "captions": [caption for caption, _ in self.frames],
            "frames": [shown.body_html(styled=False) for _, shown in self.frames],
            "css": mark_css(".uddm-player .uddm-frame"),
            "key": Sentences([row for _, shown in self.frames for row in shown.rows]).key_html(),
        }
        fallback = "".join(f"<p><em>{escape(text)}</em></p>{shown.body_html()}" for text, shown in self._ends())
        return live_html("player", data, f"{fallback}{data['key']}")


def player(
    frames: Sequence[Frame] | Mapping[tuple[Any, ...], Frame],
    label: str,
    axes: Mapping[str, Sequence[Any]] | str = "step",
    *,
    start: Sequence[int] | None = None,
    play: int = 900,
) -> Player:
    """Let the reader step through frames (caption, what shows) with a slider and buttons, without a kernel.

    What shows: `sentences(...)`, or a figure as `drawing(...)`.

    frames: a sequence, along one axis that `axes` names (or gives, as {name: values}); or, for several sliders,
        {(value, value, ...): frame} for every combination of the values in `axes`
    label: names the figure for screen readers
    start: the position on every axis at first (default: the beginning)
    play: milliseconds that the Play button of a sequence shows a frame; 0 for no button

    Without scripts the ends of the first axis show. ValueError if frames and axes do not fit.
    """
    if not frames:
        raise ValueError("A player needs at least one frame.")
    if isinstance(frames, Mapping):
        (named, ordered), play = _grid(frames, axes), 0
    else:
        named, ordered = _row(frames, axes), list(frames)
    first = list(start or [0] * len(named))
    if len(first) != len(named) or any(not 0 <= i < len(v) for i, v in zip(first, named.values(), strict=False)):
        raise ValueError(f"start needs one position on each of {list(named)}, counted from 0, but is {first}.")
    shown = {
        name: [f"{v:,}" if isinstance(v, numbers.Integral) else str(v) for v in values]
        for name, values in named.items()
    }
    return Player(label, shown, ordered, first, play)


def _grid(
    frames: Mapping[tuple[Any, ...], Frame], axes: Mapping[str, Sequence[Any]] | str
) -> tuple[dict[str, list[Any]], list[Frame]]:
    """Return the axes of frames with keys, and the frames in row-major order."""
    if isinstance(axes, str):
        raise ValueError('Frames with keys need their axes: axes={"training sentences": [16, 64], ...}.')
    named = {name: list(values) for name, values in axes.items()}
    if not named or not all(named.values()):
        raise ValueError(f"Frames with keys need at least one axis with at least one value, but axes is {named}.")
    keys = list(itertools.product(*named.values()))
    missing = [key for key in keys if key not in frames]
    if missing:
        raise ValueError(f"Every combination needs a frame, but {missing[0]} has none.")
    return named, [frames[key] for key in keys]


def _row(frames: Sequence[Frame], axes: Mapping[str, Sequence[Any]] | str) -> dict[str, list[Any]]:
    """Return the one axis of a sequence of frames."""
    if isinstance(axes, str):
        return {axes: list(range(len(frames)))}
    if len(axes) != 1:
        raise ValueError(
            f"A sequence of frames has one axis, but axes has {len(axes)}; for several give the frames as "
            "{(value, value): frame}."
        )
    ((name, values),) = axes.items()
    if len(values) != len(frames):
        raise ValueError(f"The axis {name!r} has {len(values)} values for {len(frames)} frames.")
    return {name: list(values)}

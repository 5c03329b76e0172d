"""Write the recall cards of the package into the chapters, below their heading "## Recall cards".

python book/_tools/cards.py [NOTEBOOK ...]     (default: every chapter with cards)

The cards of a chapter stand in `uddm_mini/chapters/cards/NAME.md`. Type the heading where they
shall come, between the summary and the references; what is below it, up to the next heading, is written anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from uddm_mini.chapters.cards import cards, with_cards
from uddm_mini.files import replacing
from uddm_mini.teaching.cards import HEADING, section

BOOK = Path(__file__).resolve().parents[1]
PLACE = re.compile(rf"^{re.escape(HEADING)}$.*?(?=\n\n## |\Z)", re.DOTALL | re.MULTILINE)


def place(notebook: Any) -> tuple[Any, str] | None:
    """Return the cell with the cards and what it has of them, or None."""
    found = [(cell, match[0]) for cell in notebook.cells if (match := PLACE.search(cell.source))]
    if len(found) > 1:
        raise ValueError(f"The heading {HEADING!r} stands in several cells; leave one.")
    return found[0] if found else None


def write(path: Path) -> bool:
    """Write the cards of one chapter into its notebook; tell whether that changed it."""
    notebook, wanted = nbformat.read(path, as_version=4), section(cards(path.stem))
    found = place(notebook)
    if found is None:
        raise ValueError(f'{path.name} has no place for its cards: type "{HEADING}" below its summary.')
    cell, before = found
    if before == wanted:
        return False
    cell.source = cell.source.replace(before, wanted)
    with replacing(path) as temporary:
        nbformat.write(notebook, temporary)
    return True


if __name__ == "__main__":
    for path in [Path(name) for name in sys.argv[1:]] or [BOOK / f"{chapter}.ipynb" for chapter in with_cards()]:
        if write(path):
            print(f"{path.name}: cards")

"""Put the package's scripts into the live figures that the notebooks store, where they are older. `make scripts`

A stored figure carries the scripts that bring it to life, so that it lives in Colab, too. After a change of a script
that reads its data as before, this renews them without running a notebook; after a change of the data, run the notebook
(`make execute`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from uddm_mini.files import replacing
from uddm_mini.teaching.live import script

BOOK = Path(__file__).resolve().parents[1]
PIECE = re.compile(r'<div (?:class="uddm-live" )?data-uddm-(\w+)="([^"]*)">(.*?<script>\n)(.*?)(</script>)', re.DOTALL)


def renewed(html: str) -> str:
    """Return the HTML of an output with the scripts of today."""

    def anew(found: re.Match[str]) -> str:
        kind, data, still, _, end = found.groups()
        return f'<div class="uddm-live" data-uddm-{kind}="{data}">{still}{script(kind)}{end}'

    return PIECE.sub(anew, html)


def figures(notebook: Any) -> list[Any]:
    """Return the outputs of a notebook that hold a live figure, as {kind of content: content}."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [
        output.data
        for output in outputs
        if "<div" in (html := output.get("data", {}).get("text/html", "")) and "data-uddm-" in html
    ]


def main(paths: list[str]) -> None:
    """Renew the notebooks that are named, or all."""
    for path in map(Path, paths) if paths else sorted(BOOK.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        before = nbformat.writes(notebook)
        for data in figures(notebook):
            data["text/html"] = renewed(data["text/html"])
        if nbformat.writes(notebook) != before:
            with replacing(path) as temporary:
                nbformat.write(notebook, temporary)
            print(f"{path.name}: scripts renewed")


if __name__ == "__main__":
    main(sys.argv[1:])

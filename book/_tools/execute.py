"""Run notebooks in place, each alone in an empty folder, and store them so that two runs differ only where they must.

python book/_tools/execute.py [NOTEBOOK ...]     (default: every notebook of the book)
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

BOOK = Path(__file__).resolve().parents[1]
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"


def run(path: Path) -> bool:
    """Execute one notebook; on success replace it in one step, on failure leave it as it was."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = nbformat.from_dict(METADATA)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=600, kernel_name="python3", record_timing=False, resources={"metadata": {"path": folder}}
        )
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:  # the others can still run
            print(f"{path.name}: FAILED, file unchanged\n{error}", flush=True)
            return False
    clean(notebook, path.name)
    temporary = path.with_name(path.name + ".tmp")
    nbformat.write(notebook, temporary)
    os.replace(temporary, path)
    print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)
    return True


def clean(notebook: Any, name: str) -> None:
    """Drop what changes from run to run: metadata, progress bars, widget state, memory addresses."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        keep = {key: cell.metadata[key] for key in ("exercise", "mystnb") if key in cell.metadata}
        cell.metadata = nbformat.from_dict({**keep, **({"tags": tags} if tags else {})})
        if cell.cell_type != "code":
            continue
        outputs = []
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                # progress bars and warnings: seen here, never stored
                print(f"{name}, cell {cell.execution_count}, stderr: {output.text[-300:].strip()}", flush=True)
                continue
            if output.output_type == "stream":
                output.text = steady(output.text)
                for line in output.text.splitlines():
                    if line.startswith("✘"):  # a statement of the text that does not hold here
                        print(f"{name}, cell {cell.execution_count}: {line}", flush=True)
            elif "data" in output:
                if WIDGET in output.data and not {"text/html", "image/png", "image/svg+xml"} & set(output.data):
                    continue  # a live widget shows nothing on a static page
                output.data.pop(WIDGET, None)
                output.metadata = nbformat.from_dict({})
                if isinstance(output.data.get("text/plain"), str):
                    output.data["text/plain"] = steady(output.data["text/plain"])
            outputs.append(output)
        cell.outputs = outputs


def steady(text: str) -> str:
    """Hide memory addresses."""
    return re.sub(r"\bat 0x[0-9a-f]+", "at 0x...", text)


def main(names: list[str]) -> int:
    """Run the named notebooks, or all."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not one of the user's
    paths = [Path(name) for name in names] or sorted(BOOK.glob("*.ipynb"))
    results = []
    for i, path in enumerate(paths, start=1):
        print(f"[{i}/{len(paths)}] {path.name} ...", flush=True)
        results.append(run(path))
    print(f"{sum(results)} of {len(paths)} notebooks executed", flush=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Move the book to another public address: rewrite it in the configuration, badges, setup cells and README."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {".md", ".ipynb", ".yml", ".toml", ".cff", ".py"}
SKIP = {".git", ".venv", "_build"}
ADDRESS = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")


def current_slug() -> str:
    """Return OWNER/NAME as _config.yml has it."""
    found = re.search(r"^\s*url:\s*" + ADDRESS.pattern + r"\s*$", (ROOT / "_config.yml").read_text("utf-8"), re.M)
    if not found:
        sys.exit("_config.yml has no repository url of the form https://github.com/OWNER/NAME.")
    return found.group(1)


def text_files() -> list[Path]:
    """List the files that may hold the address."""
    out = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIP]
        out += [Path(folder) / name for name in names if Path(name).suffix in SUFFIXES]
    return sorted(out)


def main(url: str) -> None:
    """Replace the current address by `url` everywhere."""
    wanted = ADDRESS.fullmatch(url.strip().rstrip("/").removesuffix(".git"))
    if not wanted:
        sys.exit(f"The address must look like https://github.com/OWNER/NAME, but is {url!r}.")
    old, new = current_slug(), wanted.group(1)
    # both https://github.com/OWNER/NAME and Colab's .../github/OWNER/NAME
    pattern = re.compile(r"(?<=github)(\.com|)/" + re.escape(old) + r"(?![\w-])")
    changed = 0
    for path in text_files():
        before = path.read_text("utf-8")
        after = pattern.sub(lambda m: f"{m.group(1)}/{new}", before)
        if after != before:
            temporary = path.with_name(path.name + ".tmp")
            temporary.write_text(after, "utf-8", newline="\n")
            os.replace(temporary, path)
            changed += 1
    print(f"{old} -> {new} in {changed} files")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")

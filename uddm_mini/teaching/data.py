"""Where the committed results are, in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path


def data_path(name: str) -> Path:
    """Return the path of a committed result such as "sweeps/toy-large/sweep.csv".

    Looks inside the installed package (`uddm_mini.data`), then in the `data` folder of a plain checkout.
    """
    package = Path(__file__).resolve().parents[1]
    for place in (package / "data", package.parent / "data"):
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(
        f"The committed result {name!r} is not here. Update the package (run the chapter's setup cell in a fresh "
        "session), or make the result with the command in the README."
    )

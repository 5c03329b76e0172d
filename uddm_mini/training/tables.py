"""Tables that grow while a long computation runs: written whole, continued by the same call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from uddm_mini.files import replacing


def resume_rows(table: Path, settings: dict[str, Any]) -> list[dict[Any, Any]]:
    """Return the rows that an earlier call left in `table` (CSV); ValueError if its settings were others.

    The settings are kept beside the table, in a file of the same name that ends in .json.
    """
    note, now = table.with_suffix(".json"), json.loads(json.dumps(settings))  # tuples become lists, as in the file
    try:
        before = json.loads(note.read_text(encoding="utf-8")) if note.exists() else None
        rows = [dict(row) for row in pd.read_csv(table).to_dict("records")] if table.exists() else []
    except ValueError as error:
        raise ValueError(f"{table} or {note.name} cannot be read ({error}); delete both to begin anew.") from None
    if rows and before != now:
        raise ValueError(f"{table} was made with other settings or data; choose another folder or delete it.")
    with replacing(note) as temporary:
        temporary.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return rows


def write_rows(table: Path, rows: list[dict[Any, Any]], columns: Sequence[str], keys: int) -> pd.DataFrame:
    """Write all rows at once, sorted by the first `keys` columns, and return them."""
    frame = pd.DataFrame(rows, columns=list(columns)).sort_values(list(columns[:keys]), ignore_index=True)
    with replacing(table) as temporary:
        frame.to_csv(temporary, index=False, float_format="%.6g")
    return frame

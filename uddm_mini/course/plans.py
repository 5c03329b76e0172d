"""The minutes of the plans on the page for lecturers, summed from the exercises that stand in them."""

from __future__ import annotations

import re

from uddm_mini.chapters import exercises

# a row of a plan: "| what | `sampling-2` `sampling-3` | 30 |"
ROW = re.compile(r"(?m)^(\|[^|\n]*\|)((?: *`[a-z_]+-\d+`)+ *)\| *\d* *\|")


def with_minutes(page: str) -> str:
    """Return a page whose plans have the minutes of their exercises; ValueError names an exercise that is not there."""
    every = exercises()

    def summed(row: re.Match[str]) -> str:
        ids = re.findall(r"`([a-z_]+-\d+)`", row[2])
        if unknown := [one for one in ids if one not in every]:
            raise ValueError(f"A plan has {unknown[0]}, but there is no such exercise.")
        return f"{row[1]}{row[2]}| {sum(every[one].minutes for one in ids)} |"

    return ROW.sub(summed, page)

"""Write what lecturers read from the exercises: their table, the minutes of the plans, the mistakes that checks know.

python book/_tools/teaching_table.py
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from uddm_mini.course.commands import write_table
from uddm_mini.course.misconceptions import write_bank
from uddm_mini.course.plans import with_minutes
from uddm_mini.files import replacing

PAGE = Path(__file__).resolve().parents[1] / "teaching.md"
BEGIN, END = "<!-- the table of all exercises -->\n", "<!-- its end -->\n"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder) / "table.md")
        table = (Path(folder) / "table.md").read_text("utf-8")
    page = PAGE.read_text("utf-8")
    page = re.sub(f"(?s){BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{table}\n{END}", page)
    page = with_minutes(page)
    write_bank(PAGE.with_name("misconceptions.md"))
    with replacing(PAGE) as temporary:
        temporary.write_text(page, encoding="utf-8")

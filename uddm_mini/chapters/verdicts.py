"""What a reader of the ledger sees: each claim with its verdict, and every number beside its bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

import numpy as np
import pandas as pd

from uddm_mini.teaching.look import NEUTRAL, NOT_YET, RIGHT, WRONG
from uddm_mini.teaching.results import committed

from .bars import claims
from .cases import case_name, plainly, whose
from .ledger import Tables
from .rule import Claim, judge

SIDES = {"right": RIGHT, "wrong": WRONG, "open": NOT_YET}
SAID = {"agree": ("✓", RIGHT), "mixed": ("~", NOT_YET), "disagree": ("✗", WRONG), "not measured yet": ("…", NOT_YET)}
# of a strip, in px: names on the left, the drawing, numbers on the right
LEFT, RIGHT_END, EDGE, ROW = 138, 286, 340, 24
SIGNS = {"right": "✓", "wrong": "✗", "open": "?"}  # readable without color
KEY = "Dot and number: mean over seeds. Line: its 95 % interval. Gray: where the whole line should lie (✓)."
RINGS = " Ring: the earlier seeds."
SMALL = 150  # width of a small one
LINE, CELL = f"vertical-align:top;border-top:1px solid {NEUTRAL}55", "padding:0 1em .6em .5em"  # of the ledger


@dataclass(frozen=True)
class Finding:
    """A claim, its verdict, and a row for every condition and case; `earlier` the same of the seeds known before."""

    claim: Claim
    verdict: str
    table: pd.DataFrame
    earlier: pd.DataFrame

    def __repr__(self) -> str:
        lines = [f"{whose(self.claim.source)}: {self.claim.says} Here: {self.verdict}."]
        for row in self.table.itertuples():
            lines.append(
                f"  {plainly(str(row.condition))}, {case_name(str(row.case))}: "
                f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f}), {row.side}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        key = f"<p><small>{self.key()}</small></p>" if len(self.table) else ""
        return (
            f"<p>{escape(whose(self.claim.source))}: <b>{escape(self.claim.says)}</b><br>"
            f"Here: <b>{verdict_mark(self.verdict)}</b></p>{self.drawings()}{key}"
        )

    def drawings(self) -> str:
        """Return a drawing of every condition, with its words above it, as HTML."""
        parts = []
        for condition, rows in self.table.groupby("condition", sort=False):
            before = self.earlier[self.earlier.condition == condition] if len(self.earlier) else self.earlier
            parts.append(f"<div>{escape(plainly(str(condition)))}</div>{strip(rows, before)}")
        return "".join(parts)

    def key(self) -> str:
        """Return what the drawings show."""
        return KEY + (RINGS if len(self.earlier) else "")


def finding(claim: Claim, tables: Tables = committed) -> Finding:
    """Hold a claim against the committed tables; "not measured yet" where one of them is not there."""
    try:
        verdict, table = judge(claim, tables)
    except FileNotFoundError:
        return Finding(claim, "not measured yet", pd.DataFrame(columns=["condition"]), pd.DataFrame())
    try:  # of the seeds that were known when the bars were set
        earlier = judge(claim, lambda name: tables(name.replace("fresh-", "toy-")))[1]
    except (FileNotFoundError, KeyError, ValueError):  # not everything was measured of them
        earlier = pd.DataFrame()
    same = len(earlier) == 0 or earlier.value.equals(table.value)  # a claim about other grids
    return Finding(claim, verdict, table, pd.DataFrame() if same else earlier)


def verdict_mark(verdict: str) -> str:
    """Return a verdict with its sign, in its color."""
    sign, color = SAID[verdict]
    return f'<span style="color:{color}">{sign}</span> {escape(verdict)}'


def strip(rows: pd.DataFrame, earlier: pd.DataFrame) -> str:
    """Return a drawing of one condition: a dot with its interval for each case, on the gray the right side of the bar.

    Names stand on the left, numbers on the right. A ring is the same number for the earlier seeds.
    """
    bars = [bar for bar in (rows.above.iloc[0], rows.below.iloc[0]) if np.isfinite(bar)]
    x = _scale([*rows.low, *rows.high, *bars, *(earlier.value if len(earlier) else [])], LEFT, RIGHT_END)
    height = ROW * len(rows) + 22
    begin, end = x(rows.above.iloc[0]), x(rows.below.iloc[0])
    parts = [f'<rect x="{begin}" y="0" width="{round(end - begin, 1)}" height="{height - 22}" fill="{NEUTRAL}33"/>']
    close = len(bars) == 2 and x(bars[1]) - x(bars[0]) < 40  # their numbers would run into each other
    for bar, side in zip(bars, ("end", "start") if close else ("middle", "middle"), strict=False):
        parts.append(f'<line x1="{x(bar)}" x2="{x(bar)}" y1="0" y2="{height - 22}" stroke="{NEUTRAL}"/>')
        parts.append(_text(x(bar), height - 7, _number(bar, "g"), side))
    for k, row in enumerate(rows.to_dict("records")):
        y, color, ends = ROW * k + 12, SIDES[row["side"]], (x(row["low"]), x(row["high"]))
        parts.append(_text(0, y + 4, case_name(row["case"])))
        parts.append(f'<line x1="{ends[0]}" x2="{ends[1]}" y1="{y}" y2="{y}" stroke="{color}" stroke-width="3"/>')
        parts.append(f'<circle cx="{x(row["value"])}" cy="{y}" r="4.5" fill="{color}"/>')
        parts.append(_text(EDGE, y + 4, f"{_number(row['value'])} {SIGNS[row['side']]}", "end"))
        if len(earlier):
            before = x(float(earlier["value"].iloc[k]))
            parts.append(f'<circle cx="{before}" cy="{y}" r="6.5" fill="none" stroke="currentColor"/>')
    told = "; ".join(
        f"{case_name(str(r.case))} {r.value:.3f} from {r.low:.3f} to {r.high:.3f}, {r.side}" for r in rows.itertuples()
    )
    return (
        f'<svg role="img" aria-label="{escape(told)}" viewBox="0 0 {EDGE} {height}" '
        f'style="width:100%;max-width:34em;font-size:11px;fill:currentColor">{"".join(parts)}</svg>'
    )


def _number(value: float, form: str = ".3f") -> str:
    """Return a number as a drawing shows it: a true minus, and no minus before zero."""
    text = f"{value:{form}}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else text.removeprefix("-")


def _scale(values: Sequence[float], begin: float, end: float) -> Callable[[float], float]:
    """Return where a number lies between begin and end (px) if all `values` are to have room; infinity at the edge."""
    least, most = min(values), max(values)
    margin = 0.06 * (most - least or 1)

    def x(value: float) -> float:
        share = (float(np.clip(value, least - margin, most + margin)) - least + margin) / (most - least + 2 * margin)
        return round(begin + share * (end - begin), 1)

    return x


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


def small_strip(rows: pd.DataFrame) -> str:
    """Return the same without words: the first condition of a claim, for a line of the ledger."""
    rows = rows[rows.condition == rows.condition.iloc[0]]
    bars = rows[["above", "below"]].to_numpy()
    x = _scale([*rows.low, *rows.high, *bars[np.isfinite(bars)]], 0, SMALL)
    height = 8 * len(rows) + 4
    begin, end = x(rows.above.iloc[0]), x(rows.below.iloc[0])
    parts = [f'<rect x="{begin}" y="0" width="{round(end - begin, 1)}" height="{height}" fill="{NEUTRAL}33"/>']
    for k, row in enumerate(rows.to_dict("records")):
        y, color = 8 * k + 6, SIDES[row["side"]]
        parts.append(f'<line x1="{x(row["low"])}" x2="{x(row["high"])}" y1="{y}" y2="{y}" stroke="{color}"/>')
        parts.append(f'<circle cx="{x(row["value"])}" cy="{y}" r="3" fill="{color}"/>')
    style = 'aria-hidden="true" style="width:100%;max-width:12em"'  # the numbers stand below, in words, too
    return f'<div><svg viewBox="0 0 {SMALL} {height}" {style}>{"".join(parts)}</svg></div>'


@dataclass(frozen=True)
class Ledger:
    """All findings, for a reader in a hurry: one line and one small drawing each."""

    findings: Sequence[Finding]

    def __getitem__(self, name: str) -> Finding:
        return self.findings[self._place(name)]

    def _place(self, name: str) -> int:
        names = [one.claim.name for one in self.findings]
        if name not in names:
            raise KeyError(f"There is no claim {name!r}; there are {', '.join(names)}.")
        return names.index(name)

    def about(self, *names: str) -> Reasons:
        """Return the numbers behind some of the verdicts."""
        return Reasons({self._place(name) + 1: self[name] for name in names})

    def count(self) -> dict[str, int]:
        """Return how many claims have each verdict."""
        said = [one.verdict for one in self.findings]
        return {verdict: said.count(verdict) for verdict in SAID if verdict in said}

    def __repr__(self) -> str:
        return "\n".join(f"{k:>2}. {one.claim.says} {one.verdict}" for k, one in enumerate(self.findings, 1))

    def _repr_html_(self) -> str:
        rows = [
            f'<tr style="{LINE}"><td>{k}</td><td style="{CELL}">{escape(one.claim.says)}<br>'
            f"<small>{escape(one.claim.source)}</small>{small_strip(one.table) if len(one.table) else ''}</td>"
            f"<td>{verdict_mark(one.verdict)}</td></tr>"
            for k, one in enumerate(self.findings, 1)
        ]
        head = "<tr><th></th><th>the paper, or what is said of it</th><th>here</th></tr>"
        return f"<table>{head}{''.join(rows)}</table>"


@dataclass(frozen=True)
class Reasons:
    """Some findings by their number in the ledger, with every number beside its bar."""

    findings: dict[int, Finding]

    def __repr__(self) -> str:
        return "\n".join(f"{k}. {one!r}" for k, one in self.findings.items())

    def _repr_html_(self) -> str:
        parts = [
            f"<p>{k}. {escape(whose(one.claim.source))}: <b>{escape(one.claim.says)}</b><br>"
            f"Here: <b>{verdict_mark(one.verdict)}</b></p>{one.drawings()}"
            for k, one in self.findings.items()
        ]
        measured = [one for one in self.findings.values() if len(one.table)]
        keys = sorted((one.key() for one in measured), key=len)
        return "".join(parts) + (f"<p><small>{keys[-1]}</small></p>" if keys else "")


def ledger(tables: Tables = committed) -> Ledger:
    """Hold every claim against the committed tables."""
    once = cache(tables)  # many claims ask for the same ones
    return Ledger([finding(claim, once) for claim in claims()])

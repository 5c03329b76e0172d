"""The page that compares four memories shows code and what it prints: run the one, and find the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "book" / "memory_compared.md"


def fenced(kind: str) -> str:
    """Return the one block of this kind on the page."""
    (block,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(block)


def numbers(text: str) -> dict[str, float]:
    """Return the share of each line, by network and split."""
    lines = [line.rsplit(maxsplit=1) for line in text.strip().splitlines()]
    return {" ".join(name.split()): float(share) for name, share in lines}


def test_the_code_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(fenced("python"), str(PAGE), "exec"), {})
    printed, shown = numbers(capsys.readouterr().out), numbers(fenced("text"))
    assert list(printed) == list(shown)
    assert len(shown) == 6
    for name, share in shown.items():
        assert printed[name] == pytest.approx(share, abs=0.015), name  # two decimals, and one word of 300 either way

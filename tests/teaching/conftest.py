"""A figure on a page of its own in a real browser, opened from the disk: whatever goes wrong on it is a failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WIDTHS = {"phone": 390, "desktop": 1280}
GRAVE = ("serious", "critical")
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A figure</title>
<meta name="viewport" content="width=device-width">
<style>:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 sans-serif; margin: 12px; background: Canvas; color: CanvasText; }}</style></head>
<body><main><h1>A figure</h1>{}</main></body></html>"""
MOVED = "(slider, k) => { slider.value = k; slider.dispatchEvent(new Event('input', { bubbles: true })); }"


@pytest.fixture
def on_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open figures by width and scheme; in the end nothing failed, overflowed, or was out of reach."""
    opened, faults = [], []

    def start(figure: Any, width: str = "desktop", scheme: str = "light", scripts: bool = True) -> Any:
        size = {"width": WIDTHS[width], "height": 844}
        still = {"reduced_motion": "reduce"}  # words on their way are neither old nor new
        context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=scripts, **still)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on("request", lambda asked: asked.url.startswith("file:") or faults.append(f"asks for {asked.url}"))
        path = tmp_path / f"{len(opened)}.html"
        path.write_text(PAGE.format(figure._repr_html_()), encoding="utf-8")
        page.goto(path.as_uri())
        opened.append((context, page, scripts))
        return page

    yield start
    for context, page, scripts in opened:
        if scripts:
            if (wider := page.evaluate(SIDEWAYS)) > 0:
                faults.append(f"{wider} px wider than the screen")
            faults += accused(page)
        context.close()
    assert not faults, "\n".join(["", *faults])


def accused(page: Any) -> list[str]:
    """Return what axe-core calls serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
    return [f"axe: {rule['id']}, first {rule['nodes'][0]['target']}" for rule in found if rule["impact"] in GRAVE]


@pytest.fixture
def guess() -> Callable[[Any, float], str]:
    """Enter a guess, and return what comes back."""

    def enter(page: Any, value: float) -> str:
        page.locator(".predict input").fill(str(value))
        page.get_by_role("button", name="That is my guess").click()
        return page.locator(".predict .told").inner_text()

    return enter


@pytest.fixture
def values() -> Callable[[Any, str], list[float]]:
    """Return all digits of the numbers that a part of the page shows."""
    return lambda page, selector: [
        float(one)
        for one in page.locator(f"{selector} [data-value]").evaluate_all(
            "all => all.map((one) => one.getAttribute('data-value'))"
        )
    ]


@pytest.fixture
def slide() -> Callable[[Any, str, int], None]:
    """Move a slider of the page, found by how its name begins, to a position counted from 0."""

    def to(page: Any, name: str, position: int) -> None:
        page.get_by_role("slider", name=re.compile(f"^{name}")).evaluate(MOVED, position)

    return to

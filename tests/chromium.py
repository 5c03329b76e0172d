"""The browser of the tests: Chromium as it is installed, or the one of `playwright install`."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextlib.contextmanager
def chromium(unchecked: str) -> Iterator[Any]:
    """Start the browser that is installed; skip, and say what was not checked, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason=f"Playwright is missing: {unchecked}")
    with playwright.sync_playwright() as driver:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None and Path(driver.chromium.executable_path).is_file():
            program = driver.chromium.executable_path
        if program is None:
            pytest.skip(f"no Chromium: {unchecked}")
        running = driver.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--allow-file-access-from-files"],
        )
        yield running
        running.close()

"""Times inside a page, in Chromium on a processor that is made several times slower, as a phone is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SLOWER = 4  # times
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH, HEIGHT = 390, 844

# the shortest of `n` calls, in milliseconds, after as many that do not count
SHORTEST = """(n) => { const call = CALL; let least = Infinity;
  for (let k = 0; k < 2 * n; k++) {
    const start = performance.now();
    call(k);
    if (k >= n) least = Math.min(least, performance.now() - start);
  }
  return least; }"""


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser that is installed, or the one of Playwright; OSError without one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        own = driver.chromium.executable_path
        program = next(filter(None, map(shutil.which, PROGRAMS)), own if Path(own).is_file() else None)
        if program is None:
            raise OSError("This needs Chromium; README.md says how to get it.")
        running = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def open_piece(browser: Any, html: str, slower: float = SLOWER) -> tuple[Any, float]:
    """Open a piece of a page from the disk; return the page, and milliseconds until its scripts have run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(f'<!doctype html><meta charset="utf-8"><main class="bd-article">{html}</main>', "utf-8")
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(path.as_uri())
        ready = page.evaluate("() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    return page, float(ready)


def shortest(page: Any, call: str, repeats: int) -> float:
    """Return the shortest time of a JavaScript function of the number of the call, in milliseconds."""
    return float(page.evaluate(SHORTEST.replace("CALL", call), repeats))

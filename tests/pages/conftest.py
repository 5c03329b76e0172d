"""The built pages in a real browser. Only with PAGES=FOLDER, the folder of the built html: `make test` builds it first.

Chromium is the one that is installed (chromium, chromium-browser, google-chrome, or the one of `playwright install`).
Without one, or without Playwright, one line says what was not checked.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(os.environ["PAGES"]).resolve() if os.environ.get("PAGES") else None
collect_ignore_glob = [] if PAGES else ["test_*.py"]
WIDTHS = {"phone": 390, "desktop": 1280}
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
ADDRESS = CONFIG["repository"]["url"]


def names() -> list[str]:
    """List the pages of the book, as their addresses end."""
    return sorted(path.relative_to(PAGES).as_posix() for path in PAGES.glob("book/*.html")) if PAGES else []


class Quiet(SimpleHTTPRequestHandler):
    """Serve files without a line per request."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Serve the built pages on this machine."""
    if not (PAGES / "index.html").is_file():
        pytest.fail(f"There are no pages in {PAGES}: build the book first.")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(PAGES)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Visit:
    """One page as a new visitor opens it, and everything that went wrong on it."""

    def __init__(self, browser: Any, site: str, width: int, scheme: str = "light") -> None:
        self.site, self.faults = site, []
        self.context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        self.context.route("**/*", self.only_here)
        self.page = self.context.new_page()
        self.page.on("console", lambda said: said.type == "error" and self.fault(f"console: {said.text}"))
        self.page.on("console", lambda said: "MathJax" in said.text and self.fault(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.fault(f"script error: {error}"))
        self.page.on("response", lambda got: got.status >= 400 and self.fault(f"{got.status} for {got.url}"))

    def fault(self, text: str) -> None:
        """Note a fault, once."""
        if text not in self.faults:
            self.faults.append(text)

    def only_here(self, route: Any) -> None:
        """Let requests to the book through, and refuse all others as a machine without a network does."""
        url = route.request.url
        if url.startswith((self.site, "data:", "blob:", "file:")):
            route.continue_()
        else:
            self.fault(f"asks another host: {urlsplit(url).netloc}")
            route.abort()

    def open(self, name: str) -> Any:
        """Open a page and wait until its formulas are set, in their own fonts: in another they are wider."""
        self.page.goto(f"{self.site}/{name}", wait_until="load")
        self.page.evaluate("() => window.MathJax && MathJax.startup && MathJax.startup.promise.then(() => null)")
        self.page.wait_for_timeout(250)  # what a page does a moment after it has loaded
        self.page.evaluate("() => document.fonts.ready.then(() => null)")
        return self.page

    def settle(self) -> None:
        """Fail with all that was noted."""
        assert not self.faults, "\n".join(["", *self.faults])


@pytest.fixture
def visit(browser: Any, site: str) -> Iterator[Any]:
    """Open visits by width and scheme, and close them."""
    opened = []

    def start(width: str, scheme: str = "light") -> Visit:
        opened.append(Visit(browser, site, WIDTHS[width], scheme))
        return opened[-1]

    yield start
    for one in opened:
        one.context.close()

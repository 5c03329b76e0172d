"""Shared by all tests: one thread, fixed examples, and worlds that are small enough to enumerate."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from hypothesis import settings

from uddm_mini import Corpus, ToyLanguage

torch.set_num_threads(1)
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNCHECKED = "menus, search, players, figures to turn, accessibility and layout were not checked in a browser"
# the same examples on every machine and no clock: a slow computer is not a failure
settings.register_profile("book", deadline=None, derandomize=True, max_examples=30, database=None)
settings.load_profile("book")


@pytest.fixture(scope="session")
def english() -> ToyLanguage:
    """The book's language; compiling it takes a moment, so once is enough."""
    return ToyLanguage()


@pytest.fixture(scope="session")
def corpus(english: ToyLanguage) -> Corpus:
    """A small corpus of the book's language."""
    return english.corpus(n_train=64, n_held_out=32, seed=0)


@pytest.fixture
def two_threads():
    """PyTorch as on a machine with two cores; the tests themselves run with one thread."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")  # while it runs, nothing else of this process can start an event loop
def browser() -> Iterator[Any]:
    """Start the browser that is installed; skip everything where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason=f"Playwright is missing: {UNCHECKED}")
    with playwright.sync_playwright() as driver:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None and Path(driver.chromium.executable_path).is_file():
            program = driver.chromium.executable_path
        if program is None:
            pytest.skip(f"no Chromium: {UNCHECKED}")
        running = driver.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--allow-file-access-from-files"],
        )
        yield running
        running.close()

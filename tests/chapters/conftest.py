"""Of every test of a chapter."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """No figure is left open."""
    yield
    plt.close("all")

"""What is tried on every check of a chapter: right answers pass and hear why, mistakes get the sentence that fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest


def told(
    checks: ModuleType, right: dict[str, Any] | Sequence[tuple[str, Any]], wrong: Sequence[tuple[str, Any, str]]
) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return two tests; `right` holds names of checks and answers, `wrong` also words that the reader must meet."""

    @pytest.mark.parametrize(("name", "answer"), list(right.items()) if isinstance(right, dict) else right)
    def passes(name, answer):
        result = getattr(checks, name)(answer)
        assert result.passed is True and result.message.startswith("Right"), result.message

    @pytest.mark.parametrize(("name", "answer", "words"), wrong)
    def fails(name, answer, words):
        result = getattr(checks, name)(answer)
        assert result.passed is False and words in result.message, result.message

    return passes, fails

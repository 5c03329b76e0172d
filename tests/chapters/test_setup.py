"""The warm-up check: right answers pass, wrong ones get the sentence that fits, the stub and crashes do no harm."""

from __future__ import annotations

import pytest

from uddm_mini.chapters import setup


@pytest.mark.parametrize(
    ("answer", "passed", "words"),
    [
        (lambda x0, xt: (x0 != xt).float().mean(), True, "mean of a comparison"),
        (lambda x0, xt: int((x0 != xt).sum()) / x0.numel(), True, "mean of a comparison"),
        (lambda x0, xt: (x0 == xt).float().mean(), False, "stayed"),
        (lambda x0, xt: (x0 != xt).sum(), False, "divides them"),
        (lambda x0, xt: (x0 != xt).sum() / x0.shape[1], False, "all words"),
        (lambda x0, xt: 100 * (x0 != xt).float().mean(), False, "a percentage"),
        (lambda x0, xt: (x0 != xt).sum() / 8, False, "1 of 3 words"),
        (lambda x0, xt: (x0 != xt).float().mean(dim=1), False, "shape [2]"),
        (lambda x0, xt: 0.5, False, "3 of 8"),
        (lambda x0, xt: 0.375, False, "0 of 8 words"),
        (lambda x0, xt: float("nan"), False, "You return nan"),
        (lambda x0, xt: 3 / 8 if (x0 != xt).any() else float("nan"), False, "0 of 8 words"),
        (lambda x0, xt: (x0 != xt).mean(), False, "stopped with RuntimeError"),
        (lambda x0, xt: None, None, "Replace the ..."),
    ],
)
def test_changed_fraction(answer, passed, words):
    result = setup.changed_fraction(answer)
    assert result.passed is passed
    assert words in result.message

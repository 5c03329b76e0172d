"""The checks of the chapter explain plausible mistakes; its network and its training loop are the package's."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from solutions import solutions

from uddm_mini import ToyLanguage, TransformerDenoiser, UniformNoise, train
from uddm_mini.chapters import network
from uddm_mini.experiments.breaks import BREAKS, broken_model, train_broken
from uddm_mini.training.settings import TrainSettings

ANSWERS = {name: answer for name, answer in solutions().items() if name.startswith("network.")}
BOOK = Path(__file__).resolve().parents[2] / "book"
right = {name.partition(".")[2]: answer for name, answer in ANSWERS.items()}


def test_there_are_four_exercises() -> None:
    assert set(right) == {"time_gap", "blind_head", "reach", "adamw"}


@pytest.mark.parametrize("name", sorted(right))
def test_crash_and_nonsense_fail_with_a_sentence(name: str) -> None:
    for answer in (lambda *arguments: 1 / 0, lambda: 0, lambda *arguments: "half", lambda *arguments: [1.0, 2.0, 3.0]):
        result = getattr(network, name)(answer)
        assert result.passed is False and len(result.message) > 20


def explains(name: str, mistake: Callable[..., Any], says: str) -> None:
    result = getattr(network, name)(mistake)
    assert result.passed is False
    assert says in result.message, result.message


# --- 1: features ------------------------------------------------------------------------------------------------------


def features(t: float, divisor: float = 5.0, shift: float = 1e-3, turn: float = math.pi, log: Any = math.log) -> Any:
    return np.array([t, log(t + shift) / divisor, math.cos(turn * t)])


def gap(**slip: Any) -> Callable[..., float]:
    return lambda s, t: float(np.linalg.norm(features(s, **slip) - features(t, **slip)))


def guarded(t: float) -> float:
    return math.log(max(t, 1e-12))


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda s, t: float(abs(features(s) - features(t)).sum()), "add the three differences up"),
        (lambda s, t: gap()(s, t) ** 2, "square of the distance"),
        (lambda s, t: -gap()(s, t), "not negative"),
        (lambda s, t: float(np.linalg.norm((features(s) - features(t))[[0, 2]])), "without the second"),
        (lambda s, t: float(np.linalg.norm((features(s) - features(t))[:2])), "without the third"),
        (gap(divisor=1), "divided by 5"),
        (gap(log=math.log10), "base 10"),
        (gap(shift=0.0, log=guarded), "left out the 0.001"),
        (gap(turn=1.0), "The cosine is of pi t"),
        (gap(turn=2 * math.pi), "2 pi t"),
        (lambda s, t: s + t, "in the three features"),
    ],
)
def test_time_gap_explains(mistake: Callable[..., Any], says: str) -> None:
    explains("time_gap", mistake, says)


def test_time_gap_in_other_styles() -> None:
    def loops(s: float, t: float) -> float:
        total = 0.0
        for a, b in zip(features(s), features(t), strict=True):
            total += (a - b) ** 2
        return total**0.5

    def by_torch(s: float, t: float) -> torch.Tensor:
        t = torch.tensor([s, t])  # float32
        rows = torch.stack([t, (t + 1e-3).log() / 5, (math.pi * t).cos()], dim=1)
        return torch.dist(rows[0], rows[1])

    assert network.time_gap(loops).passed and network.time_gap(by_torch).passed


# --- 2: a head --------------------------------------------------------------------------------------------------------


def head(
    change: Callable[[torch.Tensor], torch.Tensor], scale: str = "D", dim: int = 1, mask: float = -math.inf
) -> Any:
    def run(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        by = {"D": q.shape[1] ** 0.5, "none": 1.0, "whole": q.shape[1], "L": q.shape[0] ** 0.5}[scale]
        scores = change(q @ k.T / by)
        if mask is not None:
            scores = scores.masked_fill(torch.eye(len(q), dtype=torch.bool), mask)
        return scores.softmax(dim=dim) @ v

    return run


def same(scores: torch.Tensor) -> torch.Tensor:
    return scores


def masked_afterwards(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return (q @ k.T / math.sqrt(q.shape[1])).softmax(dim=1).fill_diagonal_(0) @ v


def with_a_mask_of_zeros(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    scores = q @ k.T / math.sqrt(q.shape[1])
    return (scores + torch.eye(len(q)) * -math.inf).softmax(dim=1) @ v


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (head(same, mask=None), "still looks at itself"),
        (head(same, mask=0), "not a share of 0"),
        (masked_afterwards, "after the softmax"),
        (with_a_mask_of_zeros, "nan"),
        (head(same, scale="none"), "not divided"),
        (head(same, scale="whole"), "square root of D"),
        (head(same, scale="L"), "number of places"),
        (head(same, dim=0), "last axis"),
        (head(torch.t), "other way round"),
        (lambda q, k, v: v, "There are L = "),
    ],
)
def test_blind_head_explains(mistake: Callable[..., Any], says: str) -> None:
    explains("blind_head", mistake, says)


def test_blind_head_in_other_styles() -> None:
    def loops(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> list[list[float]]:
        out = []
        for i in range(len(q)):
            scores = {j: float(q[i] @ k[j]) / math.sqrt(q.shape[1]) for j in range(len(q)) if j != i}
            total = sum(map(math.exp, scores.values()))
            out.append(
                [sum(math.exp(s) / total * float(v[j, d]) for j, s in scores.items()) for d in range(q.shape[1])]
            )
        return out

    def large_negative(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> np.ndarray:
        q, k, v = (x.numpy() for x in (q, k, v))
        scores = q @ k.T / np.sqrt(q.shape[1]) - 1e9 * np.eye(len(q))
        shares = np.exp(scores - scores.max(1, keepdims=True))
        return shares / shares.sum(1, keepdims=True) @ v

    assert network.blind_head(loops).passed and network.blind_head(large_negative).passed


# --- 3: step sizes ----------------------------------------------------------------------------------------------------


def summed(size: Callable[[int, int, float, int], float]) -> Callable[..., float]:
    return lambda steps, peak, warmup: sum(size(k, steps, peak, warmup) for k in range(steps))


def rise(k: int, warmup: int, ahead: int = 1) -> float:
    return min(1.0, (k + ahead) / warmup) if warmup else 1.0


def fall(k: int, steps: int) -> float:
    return (1 + math.cos(math.pi * k / steps)) / 2


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda *a: right["reach"](*a) / a[0], "mean of the step sizes"),
        (lambda *a: right["reach"](*a) / a[1], "Multiply by the largest"),
        (summed(lambda k, n, peak, warm: peak * fall(k, n)), "left out the warm-up"),
        (summed(lambda k, n, peak, warm: peak * rise(k, warm)), "left out the decay"),
        (lambda n, peak, warm: n * peak, "left out"),
        (lambda *a: 2 * right["reach"](*a), "twice as large"),
        (summed(lambda k, n, peak, warm: peak * rise(k, warm, 0) * fall(k, n)), "one step out of line"),
        (summed(lambda k, n, peak, warm: peak * rise(k, warm) * fall(k + 1, n)), "one step out of line"),
        (
            summed(lambda k, n, peak, warm: peak * (rise(k, warm) if k < warm else fall(k - warm, max(n - warm, 1)))),
            "begins when the warm-up ends",
        ),
        (lambda n, peak, warm: peak, "but it should be"),
    ],
)
def test_reach_explains(mistake: Callable[..., Any], says: str) -> None:
    explains("reach", mistake, says)


def test_reach_of_a_crash_at_no_warmup_says_so() -> None:
    result = network.reach(summed(lambda k, n, peak, warm: peak * min(1, (k + 1) / warm) * fall(k, n)))
    assert result.passed is False and "ZeroDivisionError" in result.message


def test_reach_with_a_table() -> None:
    def tabled(steps: int, peak: float, warmup: int) -> np.ndarray:
        k = np.arange(steps)
        return (peak * np.minimum(1, (k + 1) / max(warmup, 1)) * (1 + np.cos(np.pi * k / steps)) / 2).sum()

    assert network.reach(tabled).passed


# --- 4: AdamW ---------------------------------------------------------------------------------------------------------


def adam(
    b1: float = 0.9, b2: float = 0.99, decay: float = 0.01, *, correct: bool = True, root: float = 0.5, **kind: bool
) -> Callable[..., float]:
    def run(w: float, gradients: torch.Tensor, sizes: torch.Tensor) -> float:
        m = v = 0.0
        for n, (g, eta) in enumerate(zip(gradients.tolist(), sizes.tolist(), strict=True), start=1):
            if kind.get("coupled"):
                g = g + decay * w
            elif not kind.get("late"):
                w -= (1 if kind.get("fixed") else eta) * decay * w
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
            up, down = (m / (1 - b1**n), v / (1 - b2**n)) if correct else (m, v)
            step = g if kind.get("plain") else up / (down**root + 1e-8)
            w += eta * step if kind.get("uphill") else -eta * step
            if kind.get("late"):
                w -= eta * decay * w
        return w

    return run


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (adam(uphill=True), "uphill"),
        (adam(plain=True), "plain gradient descent"),
        (adam(plain=True, decay=0), "plain gradient descent"),
        (adam(correct=False), "too small at first"),
        (adam(root=1.0), "root first"),
        (adam(b1=0.99, b2=0.9), "changed places"),
        (adam(b2=0.999), "0.999"),
        (adam(decay=0), "left out the weight decay"),
        (adam(coupled=True), "divides it away"),
        (adam(fixed=True), "whatever the size"),
        (adam(late=True), "Shrink the weight first"),
        (lambda w, gradients, sizes: w, "where the weight began"),
        (lambda w, gradients, sizes: math.nan if len(gradients) > 1 else 0, "nan"),
        (lambda w, gradients, sizes: 3 * w, "by hand"),
    ],
)
def test_adamw_explains(mistake: Callable[..., Any], says: str) -> None:
    explains("adamw", mistake, says)


def test_adamw_is_that_of_pytorch() -> None:
    def torchs(weight: float, gradients: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        w = torch.nn.Parameter(torch.tensor(weight, dtype=torch.float64))
        optimizer = torch.optim.AdamW([w], betas=(0.9, 0.99), weight_decay=0.01)
        for g, size in zip(gradients, sizes, strict=True):
            optimizer.param_groups[0]["lr"] = float(size)
            w.grad = g.clone()
            optimizer.step()
        return w

    assert network.adamw(torchs).passed


# --- the network of the page ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the page defines: its functions and tables, without what it draws, trains or says."""
    names = {"L", "V", "W", "HEADS", "SHAPES", "RECIPE", "language", "corpus", "noise", "breaks"}
    scope: dict[str, Any] = {}
    for cell in json.loads((BOOK / "network.ipynb").read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or "%pip" in source or "checks." in source:
            continue
        for node in ast.parse(source).body:
            made = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            parts = (n for n in ast.walk(node) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store))
            made |= {ast.unparse(n.value) for n in parts}
            if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef) or made & names:
                exec(compile(ast.Module([node], []), "network.ipynb", "exec"), scope)
    return scope


def test_the_network_of_the_page_is_the_packages(page: dict[str, Any]) -> None:
    language = ToyLanguage()
    model = TransformerDenoiser(UniformNoise(language.vocab_size), language.length, seed=3)
    w = page["first_weights"](seed=3)
    assert list(w) == [name for name, _ in model.named_parameters()]
    for name, p in model.state_dict().items():
        torch.testing.assert_close(w[name], p, rtol=1e-6, atol=1e-7)
    xt, t = language.sample(32, seed=1), torch.linspace(0.001, 1, 32)
    torch.testing.assert_close(page["my_network"](w, xt, t), model(xt, t), rtol=1e-4, atol=1e-4)


def test_the_loop_of_the_page_is_the_packages(page: dict[str, Any]) -> None:
    corpus = ToyLanguage().corpus()
    settings = dict(steps=12, seed=1, warmup=4)
    _, losses = page["my_train"](corpus.train, **settings)
    expected = train(corpus, **settings, progress=False).history
    assert expected["step"] == list(range(12))
    torch.testing.assert_close(torch.tensor(losses), torch.tensor(expected["loss"]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in BREAKS if name != "intact"])
def test_a_break_of_the_page_is_that_of_the_stored_table(page: dict[str, Any], name: str) -> None:
    """Both start from the same answers, and after some steps they give the same again."""
    if name not in page["breaks"]:
        pytest.skip("in the stored table only")
    language, change = ToyLanguage(), page["breaks"][name]
    x, scale = language.corpus().train, change.get("scale", 8.0)
    settings = TrainSettings(steps=8, seed=2)
    w, _ = page["my_train"](x, steps=8, seed=2, **change)
    model = train_broken(x, language.vocab_size, BREAKS[name], settings)
    xt, t = x[:32], torch.linspace(0.001, 1, 32)
    with torch.no_grad():
        torch.testing.assert_close(page["my_network"](w, xt, t, scale), model(xt, t), rtol=1e-3, atol=1e-3)
        untrained = broken_model(x, language.vocab_size, BREAKS[name], settings)
        assert (model(xt, t) - untrained(xt, t)).abs().max() > 0.01


def test_every_break_of_the_page_is_in_the_stored_table(page: dict[str, Any]) -> None:
    assert set(page["breaks"]) <= set(BREAKS)

"""Ask the student's code, take what it gives for the number or table that it is, and compare it with the right one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from .calls import NotAttempted, Wrong, ask, brief, changes, wrong

HALF = ("float16", "bfloat16")
Cases = Sequence[tuple[Any, ...]]
TOLERANCE, NEAR_ZERO = 1e-4, 1e-5  # what float32 can compute: a share of the right number, and where that is almost 0

ONLY_PUBLIC = "Right for the questions of the notebook, but not for others, which are drawn at grading."
BITS = "That is in bits (base 2). This book counts in nats: use the natural logarithm."
NOT_FINITE = (
    "0 times log 0 counts as 0 (torch.special.xlogy knows that), and softmax, logsumexp and sigmoid are written "
    "so that nothing overflows, which exp does."
)


def ask_each(answer: Any, cases: Cases) -> Iterator[tuple[Any, ...]]:
    """Yield every case, a tuple of arguments, with what the student's `answer` gives for it at the end.

    It asks ahead until an answer differs from the first, so that a check can tell a function that ignores its
    arguments.
    """
    given = [ask(answer, *cases[0])]
    for case in cases[1:]:
        try:
            given.append(ask(answer, *case))
        except (Wrong, NotAttempted):  # raised again when its turn comes
            break
        if not same(given[0], given[-1]):
            break
    for i, case in enumerate(cases):
        yield (*case, given[i] if i < len(given) else ask(answer, *case))


def questions(
    cases: Cases | Callable[[], Cases], about: str = "", hidden: int = 0, in_place: str = ""
) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Make a check of a function that judges one answer, called for every case with its arguments and what came back.

    The check takes the answer, and as `more` further cases, which grading draws.

    cases: tuples of arguments, or a function that returns them, for those that take time to make
    about: what stands before the judge's sentence on a wrong answer, with its parameters in braces: "At t = {t}"
    hidden: how many of the last items of a case are for the judge alone
    in_place: what is added to the praise of a function that changes a tensor or array that it is given
    """

    def decorate(judge: Callable[..., str]) -> Callable[..., str]:
        names = list(inspect.signature(judge).parameters)

        @functools.wraps(judge)
        def check(answer: Any, more: Cases = ()) -> str:
            public, praise = cases() if callable(cases) else cases, ""
            every = [*public, *more]
            asked = ask_each(answer, [case[: len(case) - hidden] for case in every])
            for i, (case, (*_, got)) in enumerate(zip(every, asked, strict=True)):
                try:
                    praise = judge(*case, got)
                except Wrong as signal:
                    told = about.format(**{k: rounded(v) for k, v in zip(names, case, strict=False)})
                    sentence = f"{told}: {signal}" if about else str(signal)
                    if i >= len(public):
                        wrong(f"{ONLY_PUBLIC} {sentence}", ONLY_PUBLIC)
                    wrong(sentence, signal.slip)
            if in_place and changes(answer, every[0][: len(every[0]) - hidden]):
                return f"{praise} {in_place}"
            return praise

        return check

    return decorate


def as_tensor(got: Any, shape: tuple[int, ...] | None = None, what: str = "Your answer") -> torch.Tensor:
    """Return the student's result as a float64 tensor of `shape`, or end the check saying what came instead.

    Numbers, tensors, arrays and nested lists count alike, and so do shapes that differ only in axes of size 1.
    """
    try:
        tensor = _float64(got, what)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        wrong(f"{what} should be a number or a tensor, but came as {brief(got)}.")
    if shape is None:
        return tensor
    if [n for n in tensor.shape if n != 1] != [n for n in shape if n != 1]:
        reason = "" if shape else f" One number is asked for, but your answer has {tensor.numel()}."
        wrong(f"{what} came with shape {list(tensor.shape)}, but should have {list(shape)}.{reason}")
    return tensor.reshape(shape)


def as_number(got: Any, what: str = "Your answer") -> float:
    """Return the student's result as one float, or end the check."""
    return float(as_tensor(got, (), what))


def as_whole(got: Any, what: str = "Your answer") -> int:
    """Return the student's result as a whole number, or end the check: fractions are not cut off."""
    number = as_number(got, what)
    if number != number or number in (float("inf"), float("-inf")) or number != round(number):
        wrong(f"{what} counts something, so it is a whole number, but you returned {number:g}.")
    return round(number)


def as_bool(got: Any) -> bool:
    """Return the student's yes or no, which may come as bool, 0 or 1, from NumPy or PyTorch, or end the check."""
    try:
        value = float(_float64(got, "Your answer").reshape(()))
    except (TypeError, ValueError, RuntimeError, OverflowError):
        value = float("nan")
    if value not in (0, 1):
        wrong(f"Return True or False; you return {brief(got)}.")
    return bool(value)


def close(got: Any, right: Any, within: float = TOLERANCE) -> bool:
    """Say whether two results agree: the one rule of all checks; nan and another shape never do.

    within: by which share of `right` they may differ, and in any case by NEAR_ZERO; 0 means exactly.
    """
    one, other = _float64(got), _float64(right)
    near = NEAR_ZERO if within else 0.0
    return one.shape == other.shape and bool(torch.allclose(one, other, rtol=within, atol=near))


def compare(
    got: Any, right: Any, slips: Mapping[str, Any] | None = None, hint: str = "", *, within: float = TOLERANCE
) -> None:
    """End the check unless `got` is right: with the sentence of the first slip that it shows, else with `hint`.

    right: the right number, table, True or False; the answer must come in its shape, and agree as `close` says
    slips: {sentence: what it gives}, tried in this order: a number or table; True or False if the check has found out
        by itself; or a tuple of any of these
    """
    got = as_bool(got) if isinstance(right, bool) else as_tensor(got, tuple(as_tensor(right).shape))
    if close(got, right, within):
        return
    for sentence, slip in (slips or {}).items():
        if _shows(slip, got, within):
            wrong(sentence, sentence)
    if not bool(torch.as_tensor(got).isfinite().all()) and bool(as_tensor(right).isfinite().all()):
        hint = f"{hint} {NOT_FINITE}".lstrip()
    wrong(f"{_difference(got, right, within)} {hint}".rstrip())


def _difference(got: Any, right: Any, within: float) -> str:
    """Say what came and what is right; of a large table only the first number that is not right."""
    if isinstance(right, bool):
        return f"You say {got}, but it is {right}."
    right, where = as_tensor(right), "You return"
    if got.numel() > 6:
        i = next(i for i in np.ndindex(*got.shape) if not close(got[i], right[i], within))
        got, right, where = got[i], right[i], f"Your entry {list(i)} is"
    return f"{where} {shown(got)}, but it should be {shown(right)}."


def _shows(slip: Any, got: Any, within: float) -> bool:
    """Tell whether an answer shows a slip."""
    if isinstance(slip, tuple):
        return any(_shows(one, got, within) for one in slip)
    return bool(slip) if isinstance(slip, bool | np.bool_) else close(got, slip, within)


def same(one: Any, other: Any, rtol: float = 0.0) -> bool:
    """Say whether two answers are the same, nan included."""
    try:
        one, other = _float64(one), _float64(other)
        return one.shape == other.shape and bool(torch.allclose(one, other, rtol=rtol, atol=rtol, equal_nan=True))
    except (TypeError, ValueError, RuntimeError, OverflowError, Wrong):
        return type(one) is type(other) and repr(one) == repr(other)


def sums_to_one(probs: torch.Tensor) -> dict[str, bool]:
    """Return the slip of probabilities that are not normalized."""
    sentence = (
        f"Your probabilities add up to {probs.sum():.4f}, not to 1: something always happens. Divide by their sum."
    )
    return {sentence: not close(probs.sum(), 1)}


def rounded(values: Any, digits: int = 4) -> Any:
    """Return what a sentence shows of a value: tables as rounded numbers in lists."""
    if not isinstance(values, torch.Tensor | np.ndarray):
        return values
    return as_tensor(values).round(decimals=digits).tolist() if "float" in str(values.dtype) else values.tolist()


def shown(values: Any) -> str:
    """Return one number or a few as a sentence shows them."""
    texts = [
        f"{v:,.0f}" if v.is_integer() and abs(v) < 1e15 else f"{v:,.5g}" for v in as_tensor(values).flatten().tolist()
    ]
    return texts[0] if as_tensor(values).ndim == 0 else f"({', '.join(texts)})"


def _float64(got: Any, what: str = "Your answer") -> torch.Tensor:
    """Convert without a detour through float32; TypeError, ValueError, RuntimeError, OverflowError if that fails."""
    if isinstance(got, torch.Tensor):
        tensor = got.detach().cpu()
        tensor = tensor.to_dense() if tensor.layout != torch.strided else tensor
    elif isinstance(got, (str, bytes, dict, set, frozenset)) or callable(got):
        raise TypeError
    elif isinstance(got, (list, tuple, range)):  # a list of tensors, too
        return torch.stack([_float64(v, what) for v in got]) if len(got) else torch.zeros(0, dtype=torch.float64)
    elif isinstance(got, np.ndarray | np.generic) or hasattr(got, "__array__"):
        array = np.asarray(got)
        if array.dtype.name not in HALF:
            return torch.from_numpy(
                np.array(array.astype(np.float64, casting="unsafe" if array.dtype == object else "same_kind"))
            )
        tensor = torch.from_numpy(array.copy())
    else:  # also whole numbers that no tensor can hold
        return torch.tensor(float(got), dtype=torch.float64)
    if str(tensor.dtype).removeprefix("torch.") in HALF:
        wrong(
            f"{what} came in {str(tensor.dtype).removeprefix('torch.')}, which keeps some three digits: too few to be "
            "compared. Compute in float32 or float64."
        )
    if tensor.is_complex():
        raise TypeError
    return tensor.to(torch.float64)

"""The verdict: recites or generalizes, from the model's own text against fresh text."""

from __future__ import annotations

from collections import Counter
from typing import Any

from uddm_mini.denoiser import Wrapped
from uddm_mini.probes.roc import Interval
from uddm_mini.probes.side import MUCH_SURER, THRESHOLD, Side, side_by_sentence

from .case import Case
from .finding import Finding, missing, percent, plain_number
from .known import BETWEEN, FEWEST_FRESH, MEASURED, RATES, UNTRAINED, Answer, answer_of

REDRAWN = 1000  # other choices of sentences
STABLE = 0.95  # of them must give the same answer
CLOSE = 0.25  # of the threshold: a score so near to it is called near
AT_A_BORDER = "An answer is given only if 95 % of other choices of the same sentences agree on it; here they do not."
WRONG: dict[Answer, str] = {
    "memorizing": "It would be wrong if the model had read enough to have learned the language.",
    "generalizing": "It would be wrong if the model had read so little that it recites as a whole.",
    "in between": "It would be wrong if the model clearly recited, or clearly had learned the language.",
}

SAYS: dict[Answer, str] = {
    "memorizing": "The model recites: it is much surer of the text that it writes than of fresh text of the same kind.",
    "generalizing": "The model has learned the language: it is as sure of fresh text as of its own, and predicts fresh "
    "text better than a table of word pairs.",
    "in between": "The model is in between: it is surer of its own text than of fresh text, but not by as much as a "
    "model that only recites.",
    "undecided": "No verdict: the model knows fresh text no better than a table of word pairs, and is not much surer "
    "of its own. It may have learned too little.",
}


def probe(case: Case) -> Finding:
    """Return the verdict, with how stable it is and how often such a verdict is wrong.

    `number` is the score of `Side` with its 95 % interval over other choices of sentences.
    """
    if not case.has("strangers"):
        return missing(
            "probe",
            "No verdict without fresh text: give strangers, real text of the kind that the model was trained on, but "
            "which it has not seen. The model's own text alone cannot tell: a model that knows nothing is unsure, too.",
        )
    if case.model.predicts == "posterior" != case.model.noise.form and not exact(case):
        return missing(
            "probe",
            "No verdict for a network that was trained with plain cross-entropy: the probe asks about clean text (t -> "
            "0), where such an answer must be divided by odds of some 100,000, and its errors with it.",
        )
    if (fresh := len(case.fresh)) < FEWEST_FRESH:
        return missing(
            "probe",
            f"No verdict from {fresh} fresh sentences: the table of pairs that the model must beat is counted on half "
            f"of them. Give at least {FEWEST_FRESH}, better {MEASURED:,}.",
        )
    measured = side_by_sentence(
        case.model,
        case.fresh,
        sentences=min(case.settings.sentences, fresh - fresh // 2),
        steps=case.settings.writing_steps,
        ignore=case.texts.ignore,
        generator=case.draws("probe"),
    )
    side = measured.side()
    again = measured.redrawn(REDRAWN, case.seed("redrawn"))
    return _finding(case, side, again)


def exact(case: Case) -> bool:
    """Tell whether the model has no weights: then its posterior is exact enough to be converted."""
    return not isinstance(case.model.model, Wrapped) and not hasattr(case.model.model, "parameters")


def _finding(case: Case, side: Side, again: list[Side]) -> Finding:
    """Return the verdict from the measured numbers and those of other choices of sentences."""
    answer = answer_of(side, len(case.fresh))
    counts = Counter(answer_of(one, len(case.fresh)) for one in again)
    stable = counts[answer] / len(again)
    decided: Answer = answer if stable >= STABLE else "undecided"
    scores = sorted(one.score for one in again)
    low, high = scores[round(0.025 * (len(again) - 1))], scores[round(0.975 * (len(again) - 1))]
    sentence = SAYS[decided]
    if decided != answer:
        others = ", ".join(f"{name} in {percent(n / len(again))}" for name, n in counts.most_common())
        sentence = f"No verdict: other sentences of the same kind would give another one ({others}). More text decides."
    rows = [
        {"what": "its own text", "asked": "how unsure (entropy)", "nats": side.own},
        {"what": "fresh text", "asked": "how unsure (entropy)", "nats": side.fresh},
        {"what": "fresh text, table of pairs", "asked": "how unsure (entropy)", "nats": side.table_entropy},
        {"what": "fresh text", "asked": "cost (NELBO)", "nats": side.cost},
        {"what": "fresh text, table of pairs", "asked": "cost (NELBO)", "nats": side.table_cost},
    ]
    facts: dict[str, Any] = {
        "verdict": decided,
        "rule": answer,
        "stable": stable,
        "score": side.score,
        "threshold": THRESHOLD,
    }
    facts |= {
        "error": (_error(decided) if decided == answer else AT_A_BORDER) + _near(side, decided),
        "change": _change(side, decided),
        "fresh": len(case.fresh),
    }
    return Finding(
        "probe",
        True,
        sentence,
        Interval(side.score, low, high),
        rows,
        [*_notes(case, stable), *_sure_and_wrong(side)],
        facts,
    )


def _error(answer: Answer) -> str:
    """Return in a sentence how often such a verdict was wrong where the truth is known."""
    if answer == "undecided":
        n, right = UNTRAINED
        return f"Of {n} stored networks that were trained too little, {right} were undecided, too."
    rate = RATES[answer]
    return (
        f"{WRONG[answer]} That was counted: {rate.networks} small networks whose truth is known, and which the probe "
        f"was not tuned on, got this answer, and it was wrong for {rate.wrong or 'none'}. But they are of only "
        f"{rate.cells} kinds (networks that differ by chance alone are one kind). With so few, the rate of wrong "
        f"answers may still be as high as {percent(rate.error.high)}, the upper end of its 95 % interval. For models "
        "unlike these it is not known."
    )


def _near(side: Side, answer: Answer) -> str:
    """Return in a sentence which other answer is near, if the score lies within a quarter of its limit."""
    better, above = side.cost < side.table_cost, side.score > THRESHOLD
    across: Answer = ("generalizing" if better else "in between") if above else "in between" if better else "memorizing"
    here: Answer = "generalizing" if better and not above else "memorizing" if above and not better else "in between"
    decided = not better and side.own < MUCH_SURER * side.fresh  # by itself, whatever the score
    if decided or answer != here or abs(side.score - THRESHOLD) > CLOSE * THRESHOLD:
        return ""
    border = plain_number(side.fresh - THRESHOLD * side.table_entropy)
    return f" It is nearly {across}: the entropy of its own text is {plain_number(side.own)}, and the limit {border}."


def _change(side: Side, answer: Answer) -> str:
    """Return in a sentence what would have to be different for another verdict."""
    border = plain_number(side.fresh - THRESHOLD * side.table_entropy)
    ahead = side.table_cost - side.cost
    if answer == "memorizing":
        return (
            f"It would change if the model were less sure of its own text (entropy {plain_number(side.own)} now, above "
            f"{border} without a verdict), or predicted fresh text better by {plain_number(-ahead)} nats per word, as "
            "well as a table of pairs does."
        )
    if answer == "generalizing":
        return (
            f"It would change if the model were surer of its own text (entropy {plain_number(side.own)} now, below "
            f"{border} without a verdict), or predicted fresh text worse by {plain_number(ahead)} nats per word."
        )
    return (
        f"It would be memorizing with an entropy of its own text below {border} (now {plain_number(side.own)}; in "
        f"between below {plain_number(BETWEEN * side.fresh)}), and generalizing if it predicted fresh text better by "
        f"{plain_number(max(0.0, -ahead))} nats per word and were no surer of its own."
    )


def _notes(case: Case, stable: float) -> list[str]:
    """Return what the reader has to know about the verdict."""
    fresh = len(case.fresh)
    out = [f"Of {REDRAWN} other choices of sentences among the measured ones, {percent(stable)} give the same verdict."]
    if fresh < MEASURED:
        out.append(
            f"The error rates were counted with {MEASURED:,} fresh sentences (512 of English); here are {fresh}, and "
            "they may be larger."
        )
    out.append(
        "The verdict is about the model as a whole. A model that generalizes can still know single sentences by heart."
    )
    return out


def _sure_and_wrong(side: Side) -> list[str]:
    """Return a sentence about a model that is surer of fresh text than a table of pairs, and predicts it worse."""
    if not (side.cost > side.table_cost and side.fresh < side.table_entropy):
        return []
    return [
        "It is sure and wrong: about fresh text it is surer than a table of word pairs (entropy "
        f"{plain_number(side.fresh)} against {plain_number(side.table_entropy)} nats per word), and yet predicts it "
        f"worse (cost {plain_number(side.cost)} against {plain_number(side.table_cost)}). Its confidence is "
        "no sign that it knows."
    ]

"""The chapter on fine-tunes: its checks, its numbers by a second way, its figures on invented and stored tables."""

from __future__ import annotations

import math
import statistics

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from told import told

from tests.drawn import line
from uddm_mini import MemorizingDenoiser, ToyLanguage, UniformNoise, load, recall_or_generate
from uddm_mini.audit.finetune import committed_finetune
from uddm_mini.audit.finetune_sizes import Judged
from uddm_mini.audit.retrieval import RecallSettings, measured_retrieval
from uddm_mini.audit.sizes import SizeAdvice, largest_held_out
from uddm_mini.chapters import fine_tuning
from uddm_mini.chapters import fine_tuning_figures as draw
from uddm_mini.chapters.fine_tuning_numbers import leads, measured_points, stopped_at_once
from uddm_mini.chapters.fine_tuning_recall import SIZES, T, committed_recall, recalls
from uddm_mini.teaching.results import results_path

INF = math.inf


def excess(members, strangers, margin):
    gaps = [a - b for a, b in zip(members.tolist(), strangers.tolist(), strict=True)]
    return (statistics.mean(gaps) - margin) / (statistics.stdev(gaps) / len(gaps) ** 0.5)


def fires(steps, above, patience):
    """Answer with sliding windows."""
    for k in range(patience, len(steps) + 1):
        if min(above[k - patience : k]) > 3:
            return steps[k - 1]
    return INF


def counting(steps, above, patience, limit=lambda far: far > 3, reset=True, give=lambda run: run[-1]):
    run = []
    for step, far in zip(steps, above, strict=True):
        run = [*run, step] if limit(far) else ([] if reset else run)
        if len(run) == patience:
            return torch.tensor(float(give(run)))
    return INF


def median_lead(fired, passed, last):
    rows = list(zip(fired.tolist(), passed.tolist(), strict=True))
    least = sorted((p if p < INF else last) - f for f, p in rows)
    most = sorted(p - f for f, p in rows)

    def middle(each):
        k = len(each)
        return (each[(k - 1) // 2] + each[k // 2]) / 2

    return [middle(least), middle(most)]


def at_end(fired, passed, last, change=np.minimum):
    """Wrong: the end of training counts as the moment of extraction."""
    got = np.median(change(passed, last) - fired)
    return got, got


def only_seen(fired, passed, last):
    seen = (passed - fired)[np.isfinite(passed)]
    return np.median(seen), np.median(seen)


def precision_recall(returned, known, bar, above=np.greater_equal):
    hits = calls = 0
    for share, yes in zip(returned, known, strict=True):
        if above(share, bar):
            calls += 1
            hits += int(yes)
    return torch.tensor([hits / max(calls, 1), hits / int(known.sum())])


def accuracy(returned, known, bar):
    right = ((returned >= bar) == known).mean()
    return right, right


def safe(n, gap, bar, student, x=np.log, back=np.exp, ddof=1, root=None, where=None):
    """Answer by a fine ruler, or at the sizes that `where` gives."""
    at = []
    for row in gap:
        fine = np.linspace(x(n[0]), x(n[-1]), 1_000_001)
        at.append(fine[np.flatnonzero(np.interp(fine, x(n), row) <= bar + 1e-12)[0]] if where is None else where(row))
    at = np.array(at)
    upper = np.mean(at) + student * np.std(at, ddof=ddof) * (root or math.sqrt(1 + 1 / len(at)))
    return back(np.array([np.mean(at), upper]))


def first_below(n, gap, bar, student):
    return safe(n, gap, bar, student, where=lambda row: np.log(n[np.flatnonzero(row <= bar)[0]]))


def arithmetic(n, gap, bar, student):
    """Wrong: the mean of the sizes themselves, found on the right lines."""
    at = [safe(n, row[None], bar, 0.0, ddof=0)[0] for row in gap]
    return np.mean(at), np.mean(at) + student * np.std(at, ddof=1) * math.sqrt(1 + 1 / len(at))


RIGHT = [
    ("excess", excess),
    ("excess", lambda m, s, d: torch.tensor(excess(m, s, d))),
    ("excess", lambda m, s, d: (np.mean(m - s) - d) * len(m) ** 0.5 / np.std(m - s, ddof=1)),
    ("fires", fires),
    ("fires", counting),
    ("median_lead", median_lead),
    ("median_lead", lambda f, p, last: np.median([np.where(p < INF, p, last) - f, p - f], axis=1)),
    ("median_lead", lambda f, p, last: torch.tensor(median_lead(f, p, last))),
    ("precision_recall", precision_recall),
    ("precision_recall", lambda r, k, b: (k[r >= b].mean(), (r[k] >= b).mean())),
    ("safe_size", safe),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, q, np.log2, np.exp2).tolist()),
]

WRONG = [
    ("excess", lambda m, s, d: excess(m, s, 0.0), "above zero"),
    ("excess", lambda m, s, d: ((m - s).mean() - d) / (m - s).std(ddof=1), "scatter of one pair"),
    ("excess", lambda m, s, d: ((m - s).mean() - d) / (m - s).std() * len(m) ** 0.5, "ddof=1"),
    (
        "excess",
        lambda m, s, d: ((m - s).mean() - d) / math.sqrt((m.var(ddof=1) + s.var(ddof=1)) / len(m)),
        "differences first",
    ),
    ("excess", lambda m, s, d: excess(s, m, d), "other way round"),
    ("excess", lambda m, s, d: (m - s).mean() - d, "Count in standard errors"),
    ("excess", lambda m, s, d: 2 * excess(m, s, d), "over the standard error of that mean"),
    ("fires", lambda s, a, p: counting(s, a, p, limit=lambda far: far >= 3), "*more* than 3"),
    ("fires", lambda s, a, p: counting(s, a, p, reset=False), "sets the count back to 0"),
    ("fires", lambda s, a, p: counting(s, a, p, give=lambda run: run[0]), "first look of the run"),
    ("fires", lambda s, a, p: counting(s, a, 1), "One alarm is not enough"),
    ("fires", lambda s, a, p: list(s).index(fires(s, a, p)) if fires(s, a, p) < INF else INF, "number of the look"),
    ("fires", lambda s, a, p: min(fires(s, a, p), s[-1]), "never fires"),
    ("fires", lambda s, a, p: INF, "does fire here"),
    ("fires", lambda s, a, p: fires(s, a, p) + 1, "Count the alarms in a row"),
    ("median_lead", lambda f, p, last: median_lead(f, p, last)[::-1], "swapped"),
    ("median_lead", only_seen, "You leave out"),
    ("median_lead", at_end, "lower end only"),
    ("median_lead", lambda f, p, last: median_lead(0 * f, p, last), "from the step at which the monitor fired"),
    (
        "median_lead",
        lambda f, p, last: np.array(median_lead(0 * f, p, last)) - np.median(f),
        "median of the differences",
    ),
    ("median_lead", lambda f, p, last: [np.mean(np.where(p < INF, p, last) - f), np.mean(p - f)], "That is the mean"),
    ("median_lead", lambda f, p, last: (math.nan, math.nan), "Not a number"),
    ("median_lead", lambda f, p, last: (0.4 * last + 1, INF), "Two medians"),
    ("median_lead", lambda f, p, last: 3.0, "shape"),
    ("precision_recall", lambda r, k, b: precision_recall(r, k, b).flip(0), "swapped"),
    ("precision_recall", lambda r, k, b: precision_recall(r, k, b, np.greater), ">= and not >"),
    ("precision_recall", lambda r, k, b: [(k & (r >= b)).mean()] * 2, "number of all queries"),
    ("precision_recall", accuracy, "hides which kind"),
    ("precision_recall", lambda r, k, b: precision_recall(r, k, b, np.less), "speak *for* a memory"),
    ("precision_recall", lambda r, k, b: (0.0, r[0] + b), "Of what are they a share"),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, q, back=lambda v: v), "Go back with exp"),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, q, lambda v: v, lambda v: v), "Draw it in ln n"),
    ("safe_size", first_below, "first size below the bar"),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, q, root=len(g) ** -0.5), "of the *mean*"),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, q, root=1.0), "not known for sure"),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, 1.96), "1.96"),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, q, ddof=0), "ddof=1"),
    ("safe_size", arithmetic, "Average in the logarithm"),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, q)[::-1], "that is larger"),
    ("safe_size", lambda n, g, b, q: 1.1 * safe(n, g, b, q), "One size for each seed"),
    ("safe_size", lambda n, g, b, q: safe(n, g, b, q)[0], "shape"),
]

test_right_answers, test_mistakes = told(fine_tuning, RIGHT, WRONG)


@pytest.mark.parametrize("name", ["excess", "fires", "median_lead", "precision_recall", "safe_size"])
def test_a_stub_was_not_attempted(name):
    def stub(*arguments): ...

    assert getattr(fine_tuning, name)(stub).passed is None


def test_the_rule_is_that_of_sliding_windows_on_random_looks():
    rng = np.random.default_rng(0)
    for _ in range(300):
        above, patience = rng.integers(1, 6, size=8).astype(float), int(rng.integers(1, 4))
        assert fine_tuning.run_of(range(8), above > 3, patience)[0] == fires(range(8), above, patience)


# ---- numbers --------------------------------------------------------------------------------------------------------


def test_leads_that_did_not_end_have_a_lower_end_only():
    found = leads(committed_finetune()).set_index(["n_train", "seed"])
    assert found.loc[64].least.tolist() == [350, 300, 300, 400, 350]
    assert found.loc[64].most.tolist() == [INF] * 4 + [350] and found.loc[4096].isna().all().all()
    first = leads(committed_finetune("finetune-first"))
    assert first.least.tolist() == [0, -146, 632, 486, 0] and first.most.tolist() == [0, -146, 632, INF, 0]


def test_what_stopping_leaves_is_read_off_at_its_looks():
    table = committed_finetune()
    found = stopped_at_once(table, 64)
    assert (
        found.when.tolist() == ["before", "fires", "end"] * 5
        and found.seed.tolist() == np.repeat(range(5, 10), 3).tolist()
    )
    by_hand = table[(table.n_train == 64) & (table.seed == 6)].set_index("step").gap
    assert found[found.seed == 6].gap.tolist() == by_hand.loc[[0, 300, 600]].tolist()
    with pytest.raises(ValueError, match="No objects"):
        stopped_at_once(table, 4096)


def test_points_of_the_law_are_nine_networks_of_three_worlds():
    points = measured_points()
    assert points.groupby("world", sort=False).size().to_dict() == {"toy": 3, "docstrings": 2, "English": 4}
    assert largest_held_out(points).inside.all()


# ---- memories -------------------------------------------------------------------------------------------------------


def test_the_committed_memories_are_what_stored_networks_answer():
    table = committed_recall()
    assert table.index.tolist() == list(SIZES)
    few = recalls((16,), 48).loc[16]
    language = ToyLanguage()
    corpus, model = language.corpus(8192), load(results_path("models/toy-n16.safetensors"))
    found = measured_retrieval(model, corpus.subset(16, 0), corpus.held_out[:48], T, RecallSettings(), seed=0)
    assert few["recall"] == found.recall.value and few["exact_plain high"] == found.exact_plain.high
    assert table.recall[16] > 0.98 and few["recall"] > 0.9
    assert table.recall.loc[128:].max() < 0.05 and table.precision.loc[:64].min() > 0.95


# ---- figures --------------------------------------------------------------------------------------------------------

LANGUAGE = ToyLanguage()


def tuned(sizes=(16, 64), seeds=(10, 11, 13)):
    rows = [
        {"n_train": n, "seed": seed, "step": step, "members": 0.8, "strangers": 0.8 - k / n}
        | {"gap": k / n, "error": 0.01, "grown": k / n, "grown_error": 0.01, "rise": 0.0, "rise_error": 1.0}
        | {"extracted": k / 10 + seed / 1000, "nelbo": 1 + k}
        for n in sizes
        for seed in seeds
        for k, step in enumerate((0, 100, 200, 300))
    ]
    return pd.DataFrame(rows)


def test_two_warnings_stand_at_their_looks():
    fig = draw.two_warnings(committed_finetune())
    axes = np.array(fig.axes).reshape(3, 2)
    filled = [[one for one in ax.lines if one.get_marker() == "o" and len(one.get_xdata()) == 1] for ax in axes[0]]
    assert sorted(one.get_xdata()[0] for one in filled[0]) == [200, 200, 250, 300, 300] and not filled[1]
    opened = [one for ax in axes[1] for one in ax.lines if one.get_marker() == "D"]
    assert sorted(one.get_xdata()[0] for one in opened) == [100] * 9 + [200]
    assert [ax.get_title() for ax in axes[0]] == ["64 new sentences", "4,096 new sentences"]


def test_a_law_and_what_it_has_not_seen_are_drawn():
    points = measured_points()
    found = largest_held_out(points)
    ax = draw.largest_from_smaller(found, points).axes[0]
    held = line(ax, "English, held out")
    assert held.get_xdata().tolist() == [3757424] and held.get_ydata()[0] == pytest.approx(6276, abs=1)
    assert len(line(ax, "English, seen").get_xdata()) == 3


def test_safe_sizes_are_drawn_with_the_seeds_that_judge_them():
    advice = SizeAdvice(30, 20, 40, 50, True, None, 2, 0.1, 0.25)
    judged = Judged(advice, {}, pd.Series(dtype=float), pd.DataFrame())
    gap, extracted = draw.safe_sizes(tuned(), judged).axes
    np.testing.assert_allclose(line(gap, "seen by the advice").get_ydata(), [3 / 16, 3 / 64])
    assert line(gap, "judge it").get_linestyle() == "--"
    np.testing.assert_allclose(line(extracted, "judge it").get_ydata(), [0.313, 0.313])
    assert line(gap, "safe for one more").get_xdata()[0] == 50


def test_a_slider_over_sizes_tells_how_often_the_monitor_fired():
    shown = draw.by_number(tuned(), (16, 64), start=1)
    assert shown.axes == {"new sentences": ["16", "64"]} and shown.start == [1]
    told = [caption for caption, _ in shown.frames]
    assert told[0] == "16 new sentences: the monitor fires in 3 of 3 fine-tunes, first at step 200, last at 200"
    assert told[1] == "64 new sentences: the monitor fires in 0 of 3 fine-tunes"


def test_a_slider_over_looks_restores_both_sentences_and_tells_what_was_seen():
    x, noise = LANGUAGE.corpus(64).train[:2], UniformNoise(LANGUAGE.vocab_size)
    looks = pd.DataFrame({"step": [0, 50], "gap": [0.0, 0.1], "error": [0.01, 0.01], "nelbo": [1.0, 1.2]})
    looks = looks.assign(entropy_members=[0.3, 0.1], entropy_strangers=[0.3, 0.2])
    models = {0: MemorizingDenoiser(x[1:], noise), 50: MemorizingDenoiser(x, noise)}
    shown = draw.recited(models, LANGUAGE, {"Yours": x[:1], "Stranger": x[1:]}, looks)
    assert [caption for caption, _ in shown.frames] == [
        "After 0 steps: gap +0.00 ± 0.01, entropy of new sentences 0.30, of strangers 0.30, held-out NELBO 1.00 nats",
        "After 50 steps: gap +0.10 ± 0.01, entropy of new sentences 0.10, of strangers 0.20, held-out NELBO 1.20 nats",
    ]
    assert len(shown.frames[0][1].rows) == 4


def test_queries_tell_memory_from_what_is_written():
    x, noise = LANGUAGE.corpus(64).train[:4], UniformNoise(LANGUAGE.vocab_size)
    model, xt = MemorizingDenoiser(x, noise), x.clone()
    found = recall_or_generate(model, xt, 0.25, generator=torch.Generator().manual_seed(0))
    shown = draw.answered(found, x, xt, LANGUAGE)
    assert shown.axes == {"query": ["1", "2", "3", "4"]}
    assert shown.frames[0][0] == "Query 1: 100% of the end's own corruptions come back to it; from memory"


def test_precision_and_recall_are_drawn_with_their_bars():
    ax = draw.memory_or_not(committed_recall()).axes[0]
    assert len(ax.containers) == 3
    np.testing.assert_allclose(ax.containers[1].lines[0].get_ydata(), committed_recall().recall)
    assert ax.get_ylim()[1] > 1
    plt.close("all")

"""The monitor: its numbers by hand, no alarm where members and strangers are alike, an alarm where they are not."""

import re
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

from uddm_mini import (
    MemorizationMonitor,
    MemorizingDenoiser,
    ModelSettings,
    PopulationDenoiser,
    ToyLanguage,
    TransformerDenoiser,
    UniformNoise,
    Wrapped,
    conditional_entropy,
    load,
    mean_nelbo,
    token_recovery,
    train,
)
from uddm_mini.audit.looks import MonitorSettings, clamped, fired_at, followed, look_at, loss_rose_at, mean_and_error
from uddm_mini.sampling import fill
from uddm_mini.teaching.results import results_path
from uddm_mini.worlds.drawn import draw_corpus

LANGUAGE = ToyLanguage()
CORPUS = draw_corpus(LANGUAGE, 512)
NOISE = UniformNoise(LANGUAGE.vocab_size)
QUICK = dict(sentences=16, draws=2, tries=1, writing_steps=2)
X = CORPUS.train[:16]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def monitor_of(members=X, strangers=CORPUS.held_out[:32], **changes):
    return MemorizationMonitor(members, strangers, show=False, **{**QUICK, **changes})


def test_every_number_of_a_look_is_that_of_a_separate_call():
    model = load(results_path("models/toy-n64.safetensors"))
    members, strangers, settings = X, CORPUS.held_out[:20], MonitorSettings(**QUICK, seed=5)
    row = look_at(model, followed(members, strangers, settings, (3,)), settings).row
    shares = []
    for x in (members, strangers[:16]):
        found = token_recovery(model, x.repeat(2, 1), 0.25, ignore=[3], generator=seeded(5))
        hits, of = ((m.sum(dim=1)[:16] + m.sum(dim=1)[16:]) for m in (found.right & found.changed, found.changed))
        shares.append(hits / of)
    assert row["members"] == pytest.approx(float(shares[0].nanmean()))
    assert row["strangers"] == pytest.approx(float(shares[1].nanmean()))
    gaps = (shares[0] - shares[1]).numpy()
    assert row["gap"] == pytest.approx(np.nanmean(gaps))
    assert row["error"] == pytest.approx(np.nanstd(gaps, ddof=1) / (~np.isnan(gaps)).sum() ** 0.5)
    sure = conditional_entropy(model, strangers[:16])[strangers[:16] != 3].double().mean()
    assert row["entropy_strangers"] == pytest.approx(float(sure))
    costs = [mean_nelbo(model, x, [3], 5) for x in strangers.chunk(8)]
    assert row["nelbo"] == pytest.approx(float(np.mean(costs)))
    both = torch.cat([members, strangers[:16]])
    out = fill(model, both, clamped(both, settings, (3,)), 2, generator=seeded(5))
    assert row["extracted"] == pytest.approx(float((out == both)[:16].all(dim=1).double().mean()))


def test_a_memorizer_sets_it_off_and_the_language_does_not():
    memory, language = MemorizingDenoiser(X, NOISE), PopulationDenoiser(LANGUAGE, NOISE)
    monitor = monitor_of()
    assert [monitor(language, step) for step in (0, 10, 20)] == [False] * 3
    assert "No sign of recall at step 20" in monitor.summary and monitor.fired is None
    assert [monitor(memory, 30), monitor(memory, 40), monitor(language, 50)] == [False, True, True]
    assert monitor.fired == 40 and monitor.loss_rose == 40 and "RECALL since step 40;" in repr(monitor)
    rows = monitor.rows.set_index("step")
    assert rows.extracted[30] > 0.4 and rows.extracted_strangers[30] == 0 and rows.extracted[0] < 0.2
    assert rows.members[30] > 0.95 and rows.entropy_members[30] < 0.01 < rows.entropy_members[0]
    assert rows.grown[30] == pytest.approx(rows.gap[30] - rows.gap[0]) and rows.grown[50] == 0


def test_one_look_is_not_enough_and_looks_must_be_in_a_row():
    memory, language = MemorizingDenoiser(X, NOISE), PopulationDenoiser(LANGUAGE, NOISE)
    monitor = monitor_of()
    assert not any(monitor(model, k) for k, model in enumerate((language, memory, language, memory, language)))
    early = monitor_of()
    assert [early(memory, 0), early(memory, 1)] == [False, True]
    assert "known before, or two kinds of text" in early.summary


def table_of(**columns):
    names = ("gap", "error", "grown", "grown_error", "rise", "rise_error")
    n = len(next(iter(columns.values())))
    zero = dict.fromkeys(names, [0.0] * n)
    return pd.DataFrame({"step": range(0, 10 * n, 10), **zero, **columns})


def test_the_rule_by_hand():
    rule = MonitorSettings()
    assert fired_at(table_of(gap=[0.06, 0.06, 0.06], error=[0.01] * 3), rule) == 10
    assert fired_at(table_of(gap=[0.02] * 3), rule) is None, "above the margin, not at it"
    assert fired_at(table_of(gap=[0.06] * 4, error=[0.01, 0.02, 0.01, 0.01]), rule) == 30
    assert fired_at(table_of(grown=[0.0, 0.04, 0.04], grown_error=[0.0, 0.005, 0.005]), rule) == 20
    assert fired_at(table_of(gap=[0.06] * 4, error=[0.01] * 4), MonitorSettings(patience=3)) == 20
    assert loss_rose_at(table_of(rise=[0, 0.1, 0.1], rise_error=[0, 0.03, 0.03]), rule) == 20
    assert loss_rose_at(table_of(rise=[0, 0.1, 0.1], rise_error=[0, 0.04, 0.04]), rule) is None
    assert mean_and_error(np.array([1.0, 3.0, np.nan])) == (2.0, 1.0)


@pytest.fixture(scope="module")
def shares():
    """Return what comes back of 1,024 sentences that a generalizing network has not seen, [sentences, 8 draws]."""
    model, x = load(results_path("models/toy-n8192.safetensors")), CORPUS.held_out
    found = token_recovery(model, x.repeat(8, 1), 0.25, generator=seeded())
    right, changed = ((m.sum(dim=1).view(8, -1).T) for m in (found.right & found.changed, found.changed))
    return (right[:, :4].sum(dim=1) / changed[:, :4].sum(dim=1)).numpy()


@pytest.mark.parametrize("pairs", [16, 64])
def test_false_alarms_where_members_and_strangers_are_exchangeable(shares, pairs):
    rng, alarms, above = np.random.default_rng(0), 0, 0
    for _ in range(4000):
        order = rng.permutation(len(shares))[: 2 * pairs]
        gap, error = mean_and_error(shares[order[:pairs]] - shares[order[pairs:]])
        alarms += gap - 3 * error > 0.02
        above += gap > 2 * error
    assert alarms / 4000 < 0.004, "the rule at one look; it asks for two in a row"
    assert 0.01 < above / 4000 < 0.045, "and the standard error is one: 2.3 % of gaps lie 2 of them above 0"


def test_no_alarm_while_a_network_trains_on_other_sentences():
    monitor = monitor_of(CORPUS.held_out[100:148], CORPUS.held_out[200:248], sentences=48)
    train(X, NOISE, steps=30, width=16, heads=2, progress=False, watch=monitor.watch([10, 20, 30]))
    assert monitor.fired is None and len(monitor.looks) == 3


def test_training_ends_where_it_fires_and_looks_leave_no_trace():
    few = dict(steps=600, width=32, learning_rate=0.02, batch_size=32, progress=False)
    monitor = monitor_of()
    model = train(X, NOISE, **few, watch=monitor.watch(range(80, 601, 80)))
    assert monitor.fired == model.training_settings["stopped"] == monitor.rows.step.iloc[-1] < 600
    watched = train(X, NOISE, **{**few, "steps": 60}, watch=monitor_of().watch([20, 40], stop=False))
    alone = train(X, NOISE, **{**few, "steps": 60})
    assert torch.equal(watched.head.weight, alone.head.weight)


def test_a_module_of_anybody_is_asked_in_evaluation_mode_and_goes_back():
    class Network(torch.nn.Module):
        modes: ClassVar[list[bool]] = []

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(102))

        def forward(self, xt, t):
            self.modes.append(self.training)
            return self.weight.expand(*xt.shape, 102)

    network = Network().train()
    model = Wrapped(network, NOISE, "cavity", logits=True)
    torch.manual_seed(3)
    monitor_of()(model, 0)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1)), "the global generator is left alone"
    assert network.training and not any(network.modes) and network.weight.grad is None


@pytest.mark.parametrize(
    ("clamp", "known"),
    [
        ("edges", [[1, 1, 0, 0, 0, 0, 1, 1], [1, 0, 0, 0, 1, 1, 1, 1]]),
        ("prefix", [[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1, 1, 1]]),
        ("suffix", [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 1]]),
    ],
)
def test_extraction_is_given_one_end_or_both_and_padding(clamp, known):
    x = torch.tensor([[5, 6, 7, 8, 9, 4, 5, 6], [5, 6, 7, 8, 9, 0, 0, 0]])
    assert clamped(x, MonitorSettings(clamp=clamp), (0,)).int().tolist() == known
    assert not bool(clamped(x, MonitorSettings(clamp=clamp, given=0.1)).any())


def test_a_look_extracts_from_the_prefix_if_asked_to():
    model = load(results_path("models/toy-n16.safetensors"))
    texts, found = (draw_corpus(LANGUAGE, 8192).subset(16, 0), CORPUS.held_out[:16]), {}
    for clamp in ("edges", "prefix"):
        rule = MonitorSettings(**QUICK, clamp=clamp, seed=5)
        row = look_at(model, followed(*texts, rule, ()), rule).row
        known = torch.zeros(32, 14, dtype=torch.bool)
        known[:, : 6 if clamp == "prefix" else 3] = True
        known[:, 11:] |= clamp == "edges"
        whole = (fill(model, torch.cat(texts), known, 2, generator=seeded(5)) == torch.cat(texts)).all(dim=1)
        assert (row["extracted"], row["extracted_strangers"]) == tuple(whole.view(2, 16).double().mean(1).tolist())
        found[clamp] = row
    rest = [{k: v for k, v in row.items() if "extracted" not in k} for row in found.values()]
    assert rest[0] == rest[1] and found["edges"]["extracted"] != found["prefix"]["extracted"]


def test_it_shows_lines_and_a_figure(capsys):
    monitor = MemorizationMonitor(X, CORPUS.held_out[:32], **QUICK)
    assert "has not looked yet" in repr(monitor) and "has not looked yet" in monitor._repr_html_()
    for step, model in enumerate([PopulationDenoiser(LANGUAGE, NOISE), *[MemorizingDenoiser(X, NOISE)] * 2]):
        monitor(model, step)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3 and said[0].startswith("No sign of recall") and said[2].startswith("RECALL since step 2")
    html = monitor._repr_html_()
    assert re.search(r'<img alt="RECALL[^"]*" src="data:image/png;base64,\w', html)
    top, below = monitor.plot().axes
    assert [line.get_label() for line in top.lines[:3]] == ["members", "strangers", "members word for word"]
    assert list(below.lines[0].get_ydata()) == monitor.rows.nelbo.tolist()


def test_a_curve_in_a_notebook_is_one_that_moves(monkeypatch, capsys):
    import IPython
    from IPython import display

    shown = []

    class Handle:
        def update(self, what):
            shown.append(("again", what))

    monkeypatch.setattr(IPython, "get_ipython", lambda: type("Shell", (), {"kernel": 1})())
    monkeypatch.setattr(display, "display", lambda what, display_id: shown.append(("first", what)) or Handle())
    monitor = MemorizationMonitor(X, CORPUS.held_out[:32], **QUICK)
    for step in (0, 1, 2):
        monitor(TransformerDenoiser(NOISE, 14, ModelSettings(width=8, heads=2)), step)
    assert shown == [("first", monitor), ("again", monitor), ("again", monitor)] and not capsys.readouterr().out


@pytest.mark.parametrize(
    ("members", "strangers", "words"),
    [
        (X[:15], CORPUS.held_out, "needs 16 members and as many strangers"),
        (X, CORPUS.held_out[:15], "needs 16 members and as many strangers"),
        (X, torch.cat([CORPUS.held_out[:20], X[3:4]]), "stands among members and strangers"),
        (X, CORPUS.held_out[:20, :5], "must be sentences int64"),
        (X.float(), CORPUS.held_out, "must be sentences int64"),
    ],
)
def test_text_that_cannot_be_followed(members, strangers, words):
    with pytest.raises(ValueError, match=words):
        MemorizationMonitor(members, strangers)


def test_settings_and_calls_that_cannot_be():
    for changes, words in (
        ({"margin": 1.0}, "margin lies in"),
        ({"given": 0.5}, "given less than a half"),
        ({"clamp": "random"}, "clamp is one of edges, prefix, suffix, but is 'random'"),
        ({"patience": 0}, "patience, draws, tries"),
        ({"sentences": 15}, "sentences 16"),
    ):
        with pytest.raises(ValueError, match=words):
            monitor_of(**changes)
    monitor = monitor_of()
    monitor(PopulationDenoiser(LANGUAGE, NOISE), 5)
    with pytest.raises(ValueError, match="Steps must rise"):
        monitor(PopulationDenoiser(LANGUAGE, NOISE), 5)
    with pytest.raises(ValueError, match="follows one model"):
        monitor.watch([1]).look(1, 1, TransformerDenoiser(NOISE, 14))

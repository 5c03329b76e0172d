"""The teaching tools: checks that never raise, sentences marked word by word, figures, players, data paths."""

from __future__ import annotations

import functools
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from uddm_mini.teaching import checks, data, figures
from uddm_mini.teaching.checks._core import Result, as_tensor, ask, exercise, wrong
from uddm_mini.teaching.widgets import player
from uddm_mini.teaching.words import MARKS, sentences, word_states

TRUTH = "the old dog sleeps"
ROWS = {"corrupted": "the red dog at", "restored": "the old cat at"}


@exercise("1.1 Double it")
def double(answer):
    x = torch.tensor([1.0, 2.0])
    got = as_tensor(ask(answer, x), (2,))
    if torch.allclose(got, x.double() ** 2):
        wrong("You squared <x>; doubling adds x to itself.")
    if not torch.allclose(got, 2 * x.double()):
        wrong("Each entry should be twice what it was.")
    return "Right."


# ---- checks -----------------------------------------------------------------------------------------------------


def spoil(x):
    x *= 2  # in place: must not change what the check compares with
    return x


def crash(x):
    y = x.sum()
    return y / undefined_name  # noqa: F821


def leave(x):
    raise SystemExit(3)


def todo(x):
    raise NotImplementedError


def nothing(x):
    """Do nothing."""


def empty(x):
    pass


class Idle:
    def __call__(self, x): ...


def forgets(x):
    """Double x, and keep it to oneself."""
    x = 2 * x


def prints(x):
    print(2 * x)


class IdleModel(torch.nn.Module):
    def forward(self, x): ...


class Busy(torch.nn.Module):
    def forward(self, x):
        self.last = 2 * x


@pytest.mark.parametrize(
    ("answer", "passed", "words"),
    [
        (lambda x: 2 * x, True, "Right."),
        (lambda x: [2, 4], True, "Right."),
        (spoil, True, "Right."),
        (lambda x: x**2, False, "squared <x>"),
        (lambda x: 3 * x, False, "twice"),
        (lambda x: x.sum(), False, "shape [], but should have [2]"),
        (lambda x: "four", False, "number or a tensor, but came as str 'four'"),
        (lambda: 4, False, "could not be called"),
        (crash, False, "in its line 3: return y / undefined_name"),
        (leave, False, "SystemExit: 3"),
        (torch.zeros(2), False, "without parentheses"),
        (lambda x: None, None, "Replace the ..."),
        (lambda x: ..., None, "Replace the ..."),
        (nothing, None, "Replace the ..."),
        (empty, None, "Replace the ..."),
        (torch.no_grad()(nothing), None, "Replace the ..."),
        (functools.partial(lambda y, x: None, 1), None, "Replace the ..."),
        (Idle(), None, "Replace the ..."),
        (IdleModel(), None, "Replace the ..."),
        (forgets, False, "Is a `return` missing?"),
        (prints, False, "Is a `return` missing?"),
        (torch.no_grad()(forgets), False, "Is a `return` missing?"),
        (functools.partial(lambda y, x: prints(x), 1), False, "Is a `return` missing?"),
        (print, False, "Is a `return` missing?"),  # no Python code to look at
        (Busy(), False, "Is a `return` missing?"),
        (lambda x: x[:1], False, "Your answer came with shape [1], but should have [2]"),
        (todo, None, "Replace the ..."),
        (None, None, "Replace the ..."),
        (..., None, "Replace the ..."),
    ],
)
def test_a_check_answers_and_never_raises(answer, passed, words):
    result = double(answer)
    assert result.passed is passed
    assert words in result.message
    assert result.title in repr(result)


def test_a_check_without_an_answer_says_what_to_pass():
    assert double().passed is None


def test_a_check_survives_an_answer_that_it_did_not_foresee():
    @exercise("1.2")
    def broken(answer):
        return "ok" if ask(answer) > 3 else wrong("too small")

    assert broken(5).passed is True
    assert broken(2).message == "too small"
    result = broken("a word")
    assert result.passed is False and "TypeError" in result.message


def test_results_escape_what_the_student_wrote():
    html = double(lambda x: x**2)._repr_html_()
    assert "&lt;x&gt;" in html and "<x>" not in html
    assert "not yet" in html  # the verdict is a word, not a color only


def test_ask_fixes_global_randomness_and_restores_it():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (ask(lambda: torch.rand(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


def test_ask_copies_generators_arrays_and_lists_and_keeps_gradients():
    generator, array, inside = torch.Generator().manual_seed(1), np.zeros(2), [torch.zeros(2)]
    before = generator.get_state()
    weight = torch.ones(2, requires_grad=True)

    def meddle(g, a, xs, w):
        torch.rand(4, generator=g)
        a += 1
        xs[0] += 1
        return w.requires_grad

    assert ask(meddle, generator, array, inside, weight) is True
    assert torch.equal(generator.get_state(), before)
    assert array.sum() == 0 and inside[0].sum() == 0


def test_every_chapter_with_checks_loads_and_a_missing_one_says_so():
    for name in checks.chapters():
        assert getattr(checks, name).__name__.endswith(name)
    with pytest.raises(AttributeError, match="no checks called 'no_such_chapter'"):
        _ = checks.no_such_chapter
    assert checks.Result is Result


# ---- sentences --------------------------------------------------------------------------------------------------


def test_word_states_tell_recovered_from_intact_and_broken():
    assert word_states("a x c", "a b c") == ["intact", "changed", "intact"]
    assert word_states("a b d", "a b c", "a x c") == ["intact", "recovered", "wrong"]
    with pytest.raises(ValueError, match="same number of words"):
        word_states("a b", "a b c")


def test_sentences_mark_words_by_shape_too():
    shown = sentences({"clean": TRUTH, **ROWS}, TRUTH)
    assert [row[2] for row in shown.rows] == [
        ["intact"] * 4,
        ["intact", "changed", "intact", "changed"],
        ["intact", "recovered", "wrong", "wrong"],
    ]
    assert "the +old+ ~cat~ ~at~" in repr(shown)
    html = shown._repr_html_()
    assert len({mark.tag for mark in MARKS.values()}) == len(MARKS)  # one element each: no meaning by color alone
    assert len({re.search("(line-through|dashed|solid|double)", m.style)[0] for m in MARKS.values() if m.left}) == 3
    for mark in MARKS.values():
        assert not mark.left or f">{mark.key}</{mark.tag}>" in html  # the key names what it shows


def test_a_corruption_that_changed_nothing_makes_later_errors_wrong():
    shown = sentences({"noisy": TRUTH, "restored": ROWS["corrupted"]}, TRUTH, corrupted="noisy")
    assert shown.rows[1][2] == ["intact", "wrong", "intact", "wrong"]
    with pytest.raises(ValueError, match="No row is labeled 'noise'"):
        sentences(ROWS, TRUTH, corrupted="noise")


def test_sentences_escape_and_show_unmarked_without_truth():
    shown = sentences([("<b>", ["<script>", "&"])])
    assert "<script>" not in shown._repr_html_() and "Key" not in shown._repr_html_()
    assert repr(shown) == "<b>  <script> &"


# ---- players ----------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Collect start tags with their attributes, and check that elements nest."""

    def __init__(self, html):
        super().__init__()
        self.found, self.open = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def frames(n=3):
    return [(f"Step {k} <i>", sentences(ROWS, TRUTH)) for k in range(n)]


def player_data(shown):
    tags = Tags(shown._repr_html_())
    assert tags.open == []
    return json.loads(next(a["data-uddm-player"] for t, a in tags.found if "data-uddm-player" in a))


def test_a_player_carries_its_frames_and_a_fallback():
    shown = player(frames(), "A sentence <comes> back", "time")
    found = player_data(shown)
    assert found["label"] == "A sentence <comes> back"
    assert found["axes"] == [{"name": "time", "values": ["0", "1", "2"], "play": 900}]
    assert len(found["frames"]) == 3 and found["captions"][2] == "Step 2 <i>"
    html = shown._repr_html_()
    fallback = html[html.index('">') : html.index("<script>")]
    assert "Step 0 &lt;i&gt;" in fallback and "Step 2 &lt;i&gt;" in fallback and "Step 1 &lt;i&gt;" not in fallback
    assert not re.search(r"(src|href)=|https?://|import\(", unescape(html))  # no request leaves the page
    assert "Step 0" in repr(shown) and "Step 2" in repr(shown)


def test_frames_of_two_axes_are_in_row_major_order():
    grid = {(n, t): (f"{n} at {t}", sentences(ROWS, TRUTH)) for t in (0.1, 0.5) for n in (16, 4096)}
    found = player_data(player(grid, "x", {"sentences": [16, 4096], "noise": [0.1, 0.5]}, start=[1, 0]))
    assert found["captions"] == ["16 at 0.1", "16 at 0.5", "4096 at 0.1", "4096 at 0.5"]
    assert found["start"] == [1, 0]
    ends = player(grid, "x", {"sentences": [16, 4096], "noise": [0.1, 0.5]}, start=[0, 1])
    assert "16 at 0.5" in repr(ends) and "4096 at 0.5" in repr(ends) and "0.1" not in repr(ends)
    assert [axis["values"] for axis in found["axes"]] == [["16", "4,096"], ["0.1", "0.5"]]
    del grid[16, 0.5]
    with pytest.raises(ValueError, match=r"\(16, 0.5\) has none"):
        player(grid, "x", {"sentences": [16, 4096], "noise": [0.1, 0.5]})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: player([], "x"), "at least one frame"),
        (lambda: player(frames(), "x", {"t": [0, 1]}), "2 values for 3 frames"),
        (lambda: player(frames(), "x", start=[3]), "start needs"),
        (lambda: player({(1,): frames()[0]}, "x"), "need their axes"),
        (lambda: player(frames(), "x", {"p": [0, 1, 2], "q": [0, 1]}), "one axis, but axes has 2"),
        (lambda: player(frames(), "x", {}), "one axis, but axes has 0"),
        (lambda: player({(): frames()[0]}, "x", {}), "at least one axis with at least one value"),
        (lambda: player({(1,): frames()[0]}, "x", {"n": []}), "at least one axis with at least one value"),
    ],
)
def test_players_refuse_bad_input_with_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_player_writes_large_numbers_of_any_kind_with_a_comma():
    shown = player(frames(4), "x", {"n": [np.int64(4096), 4096, np.float64(0.5), "4096"]})
    assert player_data(shown)["axes"][0]["values"] == ["4,096", "4,096", "0.5", "4096"]


def test_a_player_of_one_frame_shows_it_once():
    assert repr(player(frames(1), "x")).count("Step 0") == 1


# ---- figures ----------------------------------------------------------------------------------------------------


def sweep_table(seeds=(0, 1), real_text=False):
    rows = [
        {"n_train": n, "seed": seed, "split": split, "t": t, "recovered": 0.5 + 0.1 * seed, "entropy": 0.1 * n,
         "chance": np.nan if real_text else 0.2}
        for n in (16, 64)
        for seed in seeds
        for split in ("train", "test")
        for t in (0.1, 0.25)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def bound_table():
    return pd.concat([sweep_table((0,)).assign(denoiser=name) for name in ("memorizer", "population")])


def test_the_transition_draws_means_bands_bounds_and_chance():
    fig = figures.transition(sweep_table(), bound_table())
    recovery, entropy = fig.axes
    lines = {line.get_label(): line for line in recovery.get_lines()}
    assert set(lines) == {"model, train text", "model, held-out text", "memorizer, train text",
                          "memorizer, held-out text", "population", "chance"}  # fmt: skip
    assert list(lines["model, train text"].get_ydata()) == [0.55, 0.55]  # the mean of seeds 0 and 1
    assert lines["model, train text"].get_linestyle() == "-" and lines["model, held-out text"].get_linestyle() == "--"
    assert lines["model, train text"].get_color() == figures.COLORS["train"]
    band = recovery.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.5, 0.6)
    assert "nats" in entropy.get_ylabel()
    plt.close(fig)


def test_the_transition_of_real_text_and_one_seed_has_no_band_no_population_no_chance():
    fig = figures.transition(sweep_table((0,), real_text=True), bound_table().query("denoiser == 'memorizer'"))
    labels = {line.get_label() for line in fig.axes[0].get_lines()}
    assert "population" not in labels and "chance" not in labels
    assert not fig.axes[0].collections
    plt.close(fig)
    plt.close(figures.transition(sweep_table(), None))
    with pytest.raises(ValueError, match=r"no noise level 0\.3; it has 0\.1, 0\.25"):
        figures.transition(sweep_table(), t=0.3)


def test_an_unfinished_sweep_shows_what_is_there():
    fig, ax = plt.subplots()
    figures.line_with_band(ax, [1, 2, 3], [[0.0, 1.0, np.nan], [1.0, np.nan, np.nan]], "train")
    assert ax.get_lines()[0].get_xydata().tolist() == [[1, 0.5], [2, 1.0]]
    plt.close(fig)


def test_the_saved_figure_is_the_same_file_every_time(tmp_path: Path):
    for folder in ("one", "two"):
        figures.save_transition(sweep_table(), bound_table(), tmp_path / folder, "toy")
    for name in ("transition.png", "transition.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert "dc:date" not in (tmp_path / "one" / "transition.svg").read_text(encoding="utf-8")
    assert len(list((tmp_path / "one").iterdir())) == 2  # no temporary file is left


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colors_stand_out_on_white_and_from_each_other():
    assert set(figures.COLORS) == {"train", "held-out", "memorizer", "population", "chance", "noise"}
    assert len(set(figures.COLORS.values())) == 6
    for color in figures.COLORS.values():
        assert 1.05 / (luminance(color) + 0.05) >= 3  # WCAG 1.4.11, contrast of graphical objects


def test_bars_and_unknown_meanings():
    fig, ax = plt.subplots()
    figures.word_bars(ax, torch.tensor([0.7, 0.2, 0.1]).log(), ["dog", "cat", "cow"], truth="cat", top=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat ★", "dog"]
    with pytest.raises(ValueError, match="has no color"):
        figures.line_with_band(ax, [1], [1], "tests")
    plt.close(fig)


# ---- data -------------------------------------------------------------------------------------------------------


def test_committed_results_are_found_and_a_missing_one_says_what_to_do():
    assert data.data_path("README.md").is_file()
    with pytest.raises(FileNotFoundError, match="no/such.csv"):
        data.data_path("no/such.csv")


def test_a_figure_calls_tokens_by_their_name():
    said = figures.transition(sweep_table(), bound_table(), unit="character")
    texts = " ".join(f"{ax.get_title()} {ax.get_ylabel()}" for ax in said.axes)
    assert "nats per character" in texts and "characters come back" in texts and "word" not in texts

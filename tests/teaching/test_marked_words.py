"""Sentences marked word by word, in HTML and in plain text."""

from __future__ import annotations

import re

import pytest

from uddm_mini.teaching.marked_words import MARKS, sentences, word_states

TRUTH = "the old dog sleeps"
ROWS = {"corrupted": "the red dog at", "restored": "the old cat at"}


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

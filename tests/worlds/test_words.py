"""Words stay whole in every script, however they are typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uddm_mini import text_corpus
from uddm_mini.worlds.sentences import sentences_in, split_sentences, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("आधुनिक मानक हिन्दी", ["आधुनिक", "मानक", "हिन्दी"]),
        ("আমার সোনার বাংলা", ["আমার", "সোনার", "বাংলা"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("తెలుగు భాష", ["తెలుగు", "భాష"]),
        ("ਪੰਜਾਬੀ, ગુજરાતી; ಕನ್ನಡ! മലയാളം?", ["ਪੰਜਾਬੀ", "ગુજરાતી", "ಕನ್ನಡ", "മലയാളം"]),
        ("ភាសាខ្មែរ", ["ភាសាខ្មែរ"]),
        ("ภาษาไทย ง่าย", ["ภาษาไทย", "ง่าย"]),
        ("بِسْمِ ٱللَّهِ", ["بِسْمِ", "ٱللَّهِ"]),
        ("שָׁלוֹם עֲלֵיכֶם", ["שָׁלוֹם", "עֲלֵיכֶם"]),
        ("צה״ל ג׳ירפה", ["צה״ל", "ג׳ירפה"]),
        ("نمی\u200cخواهم بروم", ["نمی\u200cخواهم", "بروم"]),
        ("क्\u200dष और क", ["क्\u200dष", "और", "क"]),
        ("Việt Nam tiếng", ["việt", "nam", "tiếng"]),
        ("Ọ̀yọ́ ilẹ̀", ["ọ̀yọ́", "ilẹ̀"]),
        ("col·lecció paral·lel", ["col·lecció", "paral·lel"]),
        ("м’ята об'єкт", ["м'ята", "об'єкт"]),
        ("Ελληνικά, ΓΛΩΣΣΑ", ["ελληνικά", "γλωσσα"]),
        ("İstanbul ISPARTA", ["i̇stanbul", "isparta"]),
        ("STRASSE Straße", ["strasse", "straße"]),
        ("inter\u00adnational co\u2060operate a\ufeffb", ["international", "cooperate", "ab"]),
        ("don’t don‘t don´t don`t donʼt don＇t don't", ["don't"] * 7),
        ("well‐known well‑known well-known", ["well-known"] * 3),
        ("abc\u200edef \u202bשלום\u202c", ["abcdef", "שלום"]),
        ("two\u200bwords a\u00a0b", ["two", "words", "a", "b"]),
        ("१,०००.५ रुपये ٣٫١٤", ["१,०००.५", "रुपये", "٣٫١٤"]),
        ("red \x1b[31mthe\x1b[0m end \x1b]0;title\x07now", ["red", "the", "end", "now"]),
        ("❤️ 👩‍🔬 👍🏽 yes", ["yes"]),
        ("\u0301 \u0301stray \u200dx\u200d", ["stray", "x"]),
        ("e\u0301te\u0301 Été", ["été", "été"]),
    ],
)
def test_words_of_every_script_are_whole(text, expected):
    assert words_of(text) == [unicodedata.normalize("NFC", word) for word in expected]


@given(st.text(max_size=60))
def test_words_are_found_again_and_hold_no_space_and_nothing_that_a_terminal_obeys(text):
    words = words_of(text)
    for word in words:
        assert word and not word.isspace() and word == "".join(word.split())
        assert all(unicodedata.category(c) not in ("Cc", "Cs", "Cn", "Co", "Zs") for c in word)
        assert unicodedata.category(word[0])[0] != "M"
    assert words_of(" ".join(words)) == words, "what was read is read again as the same"


def test_with_characters_as_tokens_marks_stay_too():
    sentences = [f"यह हिन्दी वाक्य {a} {b} है" for a in "कखगघचछजझ" for b in "तथदधनपफबभम"]
    found = text_corpus(sentences, unit="character", min_words=1, max_characters=30, n_held_out=5, progress=False)
    assert set("हिन्दी") <= set(found.words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("यह घर है। वह जाता है॥ फिर आता है", ["यह घर है।", "वह जाता है॥", "फिर आता है"]),
        ("我喜欢书。你呢？「好！」他说。", ["我喜欢书。", "你呢？", "「好！」", "他说。"]),
        ("هل أنت هنا؟ نعم أنا هنا.", ["هل أنت هنا؟", "نعم أنا هنا."]),
        ("Hola. ¿Qué tal? ¡Bien!", ["Hola.", "¿Qué tal?", "¡Bien!"]),
        ("Il dit. « Oui. » Elle part.", ["Il dit.", "« Oui. »", "Elle part."]),
        ("Er ging. „Halt!“ Sie blieb.", ["Er ging.", "„Halt!“", "Sie blieb."]),
    ],
)
def test_sentences_end_with_the_marks_of_other_scripts(text, expected):
    found = [" ".join(sentence.split()) for sentence in split_sentences(text)]
    assert found == expected


def test_a_script_without_spaces_is_named():
    with pytest.raises(ValueError, match="no spaces between words: let a segmenter .* or take unit='character'"):
        text_corpus("。".join(f"我今天买了{n}本很好的书" for n in range(200)), progress=False)


@pytest.mark.parametrize("unit", ["Dr. ", "A. ", "x mr. B", "e.g. ", "J. R. R. ", '"A." '])
def test_time_grows_as_the_text_does(unit):
    # counted, not timed: characters that are copied out of the text to look at what stands before a full stop
    class Counting(str):
        copied = 0

        def __getitem__(self, key):
            out = super().__getitem__(key)
            Counting.copied += len(out)
            return out

    cost = []
    for n in (500, 4000):
        Counting.copied = 0
        list(split_sentences(Counting(unit * n)))
        cost.append(Counting.copied)
    assert cost[1] < 12 * cost[0], "eight times the text"


def test_what_is_dropped_is_told_in_numbers(tmp_path):
    path = tmp_path / "a.txt"
    lines = [f"the {a} cat saw {b} dogs -- %%%%" for a in "abcdefghij" for b in "klmnopqrst"]
    path.write_text("\n".join([*lines, *lines[:7], "too short", " ".join(["long"] * 40)]), "utf-8")
    info = text_corpus(path, progress=False).info
    assert (info["repeated"], info["too_short"], info["too_long"], info["distinct"]) == (7, 1, 1, 100)
    assert info["characters_in_no_word"] == 107 * 6
    assert info["characters"] == sum(len(s.replace(" ", "")) for s in path.read_text("utf-8").splitlines())
    assert sum(1 for _ in sentences_in(path, progress=False)) == 109

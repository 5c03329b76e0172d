"""The page of the package: every exported name and every command has its place and its words."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from pages.conftest import PAGES

import uddm_mini


@pytest.fixture(scope="module")
def page() -> BeautifulSoup:
    return BeautifulSoup((PAGES / "book" / "api.html").read_text("utf-8"), "html.parser")


@pytest.mark.parametrize("name", uddm_mini.__all__)
def test_an_exported_name_has_a_signature_and_words(page, name):
    place = page.find("dt", id=f"uddm_mini.{name}")
    assert place and place.find(class_="descname").text == name
    words = [p.text for p in place.find_next_sibling("dd").find_all("p") if not p.text.startswith("Bases: ")]
    assert words and len(words[0]) > 10
    assert page.find("a", class_="nav-link", href=f"#uddm_mini.{name}"), "not in the contents of the page"


def test_the_index_leads_to_every_exported_name(page):
    index = BeautifulSoup((PAGES / "genindex.html").read_text("utf-8"), "html.parser")
    targets = {link["href"] for link in index.find_all("a", href=True)}
    assert not [name for name in uddm_mini.__all__ if f"book/api.html#uddm_mini.{name}" not in targets]
    assert page.find("a", href="../genindex.html")


def test_types_in_signatures_lead_to_their_classes(page):
    link = page.find("dt", id="uddm_mini.token_recovery").find("a", href="#uddm_mini.Denoiser")
    assert link and link.text == "Denoiser"


def test_no_markup_of_the_docstrings_is_left(page):
    words = page.find(class_="bd-article").text
    assert "``" not in words and ":py:" not in words and "<factory>" not in words


@pytest.mark.parametrize("command", ["sweep", "examine", "halves", "train", "sample", "recover"])
def test_a_command_has_its_options(page, command):
    terms = [term.text for term in page.find(id=f"command-{command}").find_all("dt")]
    assert len(terms) > 4 and any(term.startswith("--") for term in terms)

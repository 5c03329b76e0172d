"""The printed book: links of the one page, cover, contents, a sheet for every chapter."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from chromium import chromium

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book/_tools"))
import pdf  # noqa: E402

PAGE = """<!doctype html><html lang="en"><head><title>Basins</title>
<meta name="description" content="A book."></head><body>
<div class="bd-toc-item"><p class="caption"><span>Part I</span></p><ul></ul></div>
<div class="page-toc"><p class="caption"><span>Part I</span></p>
<ul><li><a href="#document-book/one">1. One</a></li><li><a href="#document-book/two">2. Two</a></li></ul></div>
<article class="bd-article"><section id="start"><h1>Start</h1><p>See <a href="book/intro.html#two">two</a>.</p>
<span id="document-book/one"></span><section id="one"><h2>1. One</h2><details><summary>Hint</summary>Open me.</details>
</section><span id="document-book/two"></span><section id="two"><h2>2. Two</h2></section>
</section></article></body></html>"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    (tmp_path / "book/intro.html").write_text(PAGE)
    return tmp_path


def test_links_of_the_one_page_stay_in_it(folder):
    page = pdf.whole_page(folder)
    assert page.parent == folder, "its pictures stand beside it"
    assert 'href="#two"' in page.read_text() and "book/intro.html" not in page.read_text()


def test_every_chapter_has_a_sheet_and_the_contents_lead_to_it(folder, tmp_path):
    with chromium("that the book can be printed"):
        pass
    out = tmp_path / "book.pdf"
    pdf.print_book(pdf.whole_page(folder), out)
    printed = out.read_bytes()
    assert printed.startswith(b"%PDF") and b"/Outlines" in printed
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 5, "cover, contents, start, one, two"
    assert printed.count(b"/Link") >= 3, "two in the contents, one in the text"
    assert [path.name for path in tmp_path.glob(".book.pdf*")] == []

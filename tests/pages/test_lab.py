"""The first screen of the book and the lab as they stand on their pages."""

from __future__ import annotations

import pytest
from pages.conftest import PAGES, WIDTHS

SCREEN = 844  # px of a phone; what is above is seen without scrolling
MOST = 2_000_000  # bytes of a page with its models
STANDS = "(e) => e.getBoundingClientRect().top + scrollY"
each_width = pytest.mark.parametrize("width", WIDTHS)


@each_width
def test_the_book_begins_with_a_sentence_to_damage(visit, width):
    visited = visit(width)
    page = visited.open("book/intro.html")
    assert page.locator(".uddm-mend .sentence").evaluate(STANDS) < SCREEN - 100, "one has to scroll to the first word"
    first = page.locator(".bd-article :is([data-ready], h2)").first
    assert "uddm-mend" in first.get_attribute("class").split(), "something else comes first"
    before = page.locator(".uddm-mend .score").all_inner_texts()
    page.locator(".uddm-mend .sentence button[aria-pressed=false]").first.click()
    assert page.locator(".uddm-mend .score").all_inner_texts() != before
    visited.settle()


@pytest.mark.parametrize("place", ["served", "disk"])
def test_a_link_to_the_lab_shows_what_was_seen(visit, place):
    visited = visit("phone")
    if place == "disk":
        visited.site = PAGES.as_uri()
    page = visited.open("book/lab.html")
    page.get_by_role("button", name="training sentences: next").click()
    page.get_by_role("button", name="full posterior").click()
    page.locator(".uddm-lab .mended button").nth(7).click()
    page.get_by_role("button", name="step: next").click()
    link = page.get_by_label("This link").input_value()
    page.wait_for_function("(link) => location.href === link", arg=link)
    look = page.locator(".uddm-lab").inner_text()
    other = visit("phone")
    other.site = visited.site
    assert other.open("book/lab.html" + link.partition(".html")[2]).locator(".uddm-lab").inner_text() == look
    visited.settle()
    other.settle()


@pytest.mark.parametrize("name", ["intro", "lab", "network", "sampling", "perfect_denoisers", "basins"])
def test_a_page_with_models_stays_small(name):
    assert (PAGES / "book" / f"{name}.html").stat().st_size < MOST

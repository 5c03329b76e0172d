"""A figure opens in a window, and a reference shows what it leads to: by mouse, by keys, by touch."""

from __future__ import annotations

import pytest

CHAPTER = "book/transition.html"
FIGURE = ".bd-article .cell_output .enlargeable"
each_width = pytest.mark.parametrize("width", ["phone", "desktop"])


@each_width
def test_a_figure_opens_large_and_closes(visit, width):
    visited = visit(width)
    page = visited.open(CHAPTER)
    first = page.locator(FIGURE).first
    small = first.locator("img").bounding_box()["width"]
    first.locator("img").click()
    large = page.locator("dialog.enlarged[open] img")
    assert large.get_attribute("alt") == first.locator("img").get_attribute("alt")
    assert large.bounding_box()["width"] > 1.4 * small
    page.keyboard.press("Escape")
    assert not page.locator("dialog.enlarged[open]").count()
    button = page.locator(FIGURE).nth(1).get_by_role("button", name="Enlarge the figure")
    button.focus()
    page.keyboard.press("Enter")
    assert large.get_attribute("src") == page.locator(FIGURE).nth(1).locator("img").get_attribute("src")
    page.get_by_role("button", name="Close").click()
    assert not page.locator("dialog.enlarged[open]").count()
    visited.settle()


def test_a_citation_shows_its_source(visit):
    visited = visit("desktop")
    page = visited.open(CHAPTER)
    link = page.locator(".bd-article a.reference.internal[href*='bibliography.html#']").first
    link.hover()
    shown = page.get_by_role("tooltip")
    shown.wait_for()
    assert "arXiv" in shown.inner_text() or "doi" in shown.inner_text()
    box = shown.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280
    page.keyboard.press("Escape")
    shown.wait_for(state="hidden")
    link.focus()
    shown.wait_for()
    assert link.get_attribute("aria-describedby") == "preview" and not link.get_attribute("title")
    visited.settle()


def test_a_link_to_a_chapter_shows_its_question(visit):
    visited = visit("desktop")
    page = visited.open(CHAPTER)
    link = page.locator(".bd-article a.reference.internal[href^='perfect_denoisers.html']").first
    link.hover()
    shown = page.get_by_role("tooltip")
    shown.wait_for()
    assert shown.inner_text() == page.locator(".bd-links a[href='perfect_denoisers.html']").first.inner_text()
    page.mouse.move(0, 0)
    shown.wait_for(state="hidden")
    visited.settle()


def test_a_touch_shows_before_it_follows(visit):
    visited = visit("phone")
    page = visited.open(CHAPTER)
    link = page.locator(".bd-article a.reference.internal[href*='bibliography.html#']").first
    touch = "(link) => link.dispatchEvent(new PointerEvent('pointerdown', { pointerType: 'touch', bubbles: true }))"
    link.evaluate(touch)
    link.evaluate("(link) => link.click()")
    page.get_by_role("tooltip").wait_for()
    assert page.url.endswith(CHAPTER), "the first touch left the page"
    box = page.get_by_role("tooltip").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    link.evaluate(touch)
    link.evaluate("(link) => link.click()")
    page.wait_for_url("**/bibliography.html#*")
    visited.settle()

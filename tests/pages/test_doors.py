"""Menus, contents, search and theme at both widths: clicked, and they open."""

from __future__ import annotations

import pytest

CHAPTER = "book/hopfield.html"
PATIENCE = 15_000  # milliseconds: a busy machine is no fault of the page
each_width = pytest.mark.parametrize("width", ["phone", "desktop"])


@each_width
def test_the_menu_opens_and_leads_to_another_chapter(visit, width):
    visited = visit(width)
    page = visited.open(CHAPTER)
    link = page.locator(".bd-links a", has_text="Can there be basins without an energy?").first
    assert link.is_visible() == (width == "desktop")
    page.locator("button.primary-toggle:visible").click(timeout=PATIENCE)
    if width == "desktop":  # there the button closes it
        link.wait_for(state="hidden", timeout=PATIENCE)
        page.locator("button.primary-toggle:visible").click()
    link.click(timeout=PATIENCE)
    page.wait_for_url("**/pseudo_likelihood.html")
    visited.settle()


def test_the_contents_of_a_page_open_on_a_phone(visit):
    visited = visit("phone")
    page = visited.open(CHAPTER)
    page.locator("button.secondary-toggle:visible").click(timeout=PATIENCE)
    page.locator("dialog[open] a[href='#exercises']").click(timeout=PATIENCE)
    page.wait_for_url("**#exercises")
    visited.settle()


@each_width
def test_one_search_finds_a_chapter_and_shows_its_words(visit, width):
    visited = visit(width)
    page = visited.open(CHAPTER)
    assert page.locator("button.search-button__button:visible").count() == 1, "more or fewer than one way to search"
    page.locator("button.search-button__button:visible").click(timeout=PATIENCE)
    page.keyboard.type("crosstalk")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li p.context", timeout=PATIENCE)
    page.wait_for_timeout(1000)
    first = page.locator("#search-results li", has_text="How can a network remember?").first
    words = first.locator("p.context").first.inner_text()
    assert "crosstalk" in words.lower()
    assert "Contents" not in words and "Skip to" not in words and "Show code" not in words
    others = page.locator("#search-results li p.context").all_inner_texts()
    assert not [text for text in others if "Contents" in text]
    first.locator("a").first.click()
    page.wait_for_url("**/hopfield.html*")
    visited.settle()


@each_width
def test_the_keys_open_the_search(visit, width):
    visited = visit(width)
    page = visited.open(CHAPTER)
    page.keyboard.press("Control+k")
    page.locator("dialog#pst-search-dialog[open] input").wait_for(timeout=PATIENCE)
    visited.settle()


@each_width
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_switch_goes_through_all_and_stays(visit, width, scheme):
    visited = visit(width, scheme)
    page = visited.open(CHAPTER)
    look = "() => [document.documentElement.dataset.mode, document.documentElement.dataset.theme]"
    assert page.evaluate(look) == ["auto", scheme]
    seen = []
    for _ in range(3):
        page.locator("button.theme-switch-button:visible").click(timeout=PATIENCE)
        seen.append(tuple(page.evaluate(look)))
    assert set(seen) == {("light", "light"), ("dark", "dark"), ("auto", scheme)}
    page.locator("button.theme-switch-button:visible").click()
    chosen = page.evaluate(look)
    page.reload()
    assert page.evaluate(look) == chosen
    visited.settle()


@each_width
def test_the_icons_are_drawn(visit, width):
    visited = visit(width)
    page = visited.open(CHAPTER)
    loaded = page.evaluate(
        "() => [...document.fonts].filter((f) => /Awesome/.test(f.family) && f.status === 'loaded').length"
    )
    drawn = page.locator("button svg[data-icon]").count()
    assert loaded or drawn, "buttons without a sign"
    visited.settle()

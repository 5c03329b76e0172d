"""Every player, every pad and every figure to turn: each button and slider is used, and answers."""

from __future__ import annotations

import pytest
from pages.conftest import PAGES, names

WITH = [name for name in names() if PAGES and "data-uddm-" in (PAGES / name).read_text("utf-8")]
each_player_page = pytest.mark.parametrize("name", WITH)
each_width = pytest.mark.parametrize("width", ["phone", "desktop"])
# what a script brings to life carries its kind, and says when it is ready
MOUNTED = """() => [...document.querySelectorAll('.uddm-live, [data-uddm-player], [data-uddm-pixels]')]
  .filter((piece) => !piece.hasAttribute('data-ready')).length"""
LOOK = """(e) => [...e.querySelectorAll(
    'label, .uddm-caption, .uddm-frame, .words, td span, .grid > *, svg, .copies, .bars')]
  .map((x) => x.outerHTML).join('')"""


@each_width
@each_player_page
def test_every_button_and_slider_answers(visit, name, width):
    visited = visit(width)
    page = visited.open(name)
    assert page.evaluate(MOUNTED) == 0
    for player in page.locator("[data-ready]").all():
        label = player.get_attribute("aria-label")
        player.scroll_into_view_if_needed()
        if player.locator(".predict").count():  # no answer before the guess
            if player.locator(".predict select").is_visible():
                player.locator(".predict select").select_option(index=1)
            player.locator(".predict input").fill("1")
            player.get_by_role("button", name="That is my guess").click()
        for slider in player.locator("input[type=range]").all():
            slider.focus()
            looks = []
            for key in ("Home", "ArrowRight", "End", "ArrowLeft"):
                page.keyboard.press(key)
                looks.append(player.evaluate(LOOK))
            last = int(slider.get_attribute("max"))
            if last > 0 and looks[0] == looks[1]:
                visited.fault(f"{label}: the slider moves nothing")
            page.keyboard.press("Home")
        for button in player.locator(".line button").all():
            title = button.get_attribute("aria-label") or button.inner_text()
            if button.is_disabled() or not button.is_visible():
                continue
            before = player.evaluate(LOOK)
            button.click(timeout=15_000)
            page.wait_for_timeout(250 if title in ("Play", "let it roll") else 0)
            if title in ("Play", "let it roll") and button.inner_text() in ("Stop", "stop"):
                page.wait_for_timeout(1200)
                if player.evaluate(LOOK) == before:
                    visited.fault(f"{label}: '{title}' plays nothing")
                if button.inner_text() in ("Stop", "stop"):
                    button.click()
            elif title.endswith("next") and player.evaluate(LOOK) == before:
                visited.fault(f"{label}: '{title}' does nothing")
    visited.settle()


@each_width
@each_player_page
def test_a_pad_is_flipped_by_click_and_by_key(visit, name, width):
    visited = visit(width)
    page = visited.open(name)
    pads = page.locator(".uddm-pad .grid:has(> button)")
    for pad in pads.all():
        cell = pad.locator("button").nth(5)
        for act in (cell.click, lambda cell=cell: cell.press("Space")):
            before = cell.get_attribute("aria-pressed")
            act()
            if cell.get_attribute("aria-pressed") == before:
                visited.fault("a pixel does not flip")
        cell.press("ArrowRight")
        if page.evaluate("() => document.activeElement.getAttribute('aria-label')") != "row 1, column 7":
            visited.fault("the arrow keys do not move on the pad")
    visited.settle()

"""Every page at both widths, light and dark: nothing missing, nothing cut, nothing from another host, no bad link."""

from __future__ import annotations

import functools
import itertools
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from pages.conftest import ADDRESS, PAGES, names

GRAVE = ("serious", "critical")
# the rule that is switched on is one that axe-core still calls experimental; formulas are MathJax's own affair
AXE = {"resultTypes": ["violations"], "preload": False, "rules": {"label-content-name-mismatch": {"enabled": True}}}
NO_COLORS = {**AXE, "rules": {**AXE["rules"], "color-contrast": {"enabled": False}}}  # they do not depend on the width
CONTRAST = {"resultTypes": ["violations"], "preload": False, "runOnly": ["color-contrast"]}
# axe-core walks through every letter of every formula and every word of code, which takes minutes: before it looks, a
# formula becomes one letter, of the code four cells stay, for their colors, and of the package one name of each folder
SHRINK = """() => {
  document.querySelectorAll('mjx-container').forEach((f) => f.replaceWith('x'));
  [...document.querySelectorAll('.bd-article .highlight')].slice(4).forEach((c) => c.remove());
  document.querySelectorAll('.bd-article section > dl.py ~ dl.py').forEach((name) => name.remove()); }"""
each_page = pytest.mark.parametrize("name", names())

SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# formulas that are still TeX, and those that the Tab key stops at
FORMULAS = """() => [
  [...document.querySelectorAll('.bd-article :is(span, div).math')]
    .filter((m) => !m.querySelector('mjx-container')).length,
  document.querySelectorAll('mjx-container[tabindex="0"], mjx-container [tabindex="0"]').length]"""
# the smallest and the largest size of each level of heading
HEADINGS = """() => [1, 2, 3, 4].map((k) => {
  const all = [...document.querySelectorAll(`.bd-article h${k}`)];
  const sizes = all.map((h) => parseFloat(getComputedStyle(h).fontSize));
  return sizes.length ? [Math.min(...sizes), Math.max(...sizes)] : null; }).filter(Boolean)"""
# headings that are taller with their link sign than without: an empty line
PHANTOMS = """() => [...document.querySelectorAll('.bd-article :is(h1, h2, h3, h4)')].filter((h) => {
  const link = h.querySelector('a.headerlink');
  if (!link) return false;
  const before = h.offsetHeight;
  link.style.display = 'none';
  const after = h.offsetHeight;
  link.style.display = '';
  return before > after; }).map((h) => h.textContent.trim())"""
# bars that promise code and have no output to go with it
LONE = "() => document.querySelectorAll('.cell:not(:has(.cell_output)) details.hide').length"
# what one has to scroll sideways to read
CUT = """() => [...document.querySelectorAll('.bd-article *')].filter((e) => e.offsetParent && e.clientWidth > 0
    && e.scrollWidth > e.clientWidth + 2 && /auto|scroll/.test(getComputedStyle(e).overflowX))
  .map((e) => `${e.tagName.toLowerCase()}: ${e.textContent.trim().replace(/\\s+/g, ' ').slice(0, 60)}`)"""
# the same, where the Tab key does not stop; axe-core can't see it in formulas that were made small
UNREACHED = CUT.replace(
    "&& /auto",
    """&& !e.closest('[tabindex="0"]') && !e.querySelector('a[href], button, input, [tabindex="0"]') && /auto""",
)


@functools.cache
def parsed(path) -> BeautifulSoup:
    """Read a page, once."""
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def grave(page, options) -> list[str]:
    """Run axe-core on the page; return what it calls serious or critical, with the first place of each."""
    found = pytest.importorskip("axe_playwright_python.sync_playwright").Axe().run(page, options=options)
    return [
        f"axe {rule['impact']}: {rule['id']}, {len(rule['nodes'])} times, first {rule['nodes'][0]['target']}"
        for rule in found.response["violations"]
        if rule["impact"] in GRAVE
    ]


@each_page
@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_page_is_whole(visit, name, width):
    visited = visit(width)
    page = visited.open(name)
    if (wider := page.evaluate(SIDEWAYS)) > 0:
        visited.fault(f"the page is {wider} px wider than the screen")
    raw, stops = page.evaluate(FORMULAS)
    if raw:
        visited.fault(f"{raw} formulas are still TeX")
    if stops:
        visited.fault(f"the Tab key stops at {stops} formulas")
    sizes = page.evaluate(HEADINGS)
    if any(below[1] > above[0] for above, below in itertools.pairwise(sizes)):
        visited.fault(f"a heading is larger than the one above it: {sizes}")
    if phantoms := page.evaluate(PHANTOMS):
        visited.fault(f"headings followed by an empty line: {phantoms}")
    if lone := page.evaluate(LONE):
        visited.fault(f"{lone} bars 'Show code' with nothing under them")
    for piece in page.evaluate(UNREACHED):
        visited.fault(f"scrolls, and no key gets there: {piece}")
    if width == "desktop":
        for piece in page.evaluate(CUT):
            visited.fault(f"wider than the page: {piece}")
    page.evaluate(SHRINK)
    page.add_style_tag(content="* { transition: none !important; }")  # colors on their way are neither old nor new
    for fault in grave(page, AXE if width == "desktop" else NO_COLORS):
        visited.fault(fault)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")  # the page follows its system
    if width == "desktop":
        for fault in grave(page, CONTRAST):
            visited.fault(f"dark: {fault}")
    visited.settle()


@each_page
def test_a_page_says_what_it_is_and_hides_what_leads_nowhere(name):
    page = parsed(PAGES / name)
    described = page.find("meta", attrs={"name": "description"})
    assert described and len(described["content"]) > 20
    assert page.title and page.title.text.strip() and page.find("link", rel="icon")
    assert "unpkg.com" not in str(page), "the page knows a script on another host"
    links = [link for link in page.find_all("a", href=True) if "your--org" in link["href"]]
    if "your--org" in ADDRESS:
        assert not links and "your--org" not in page.get_text(), "the placeholder of the address is on the page"
    elif name.startswith("book/") and (PAGES / "_sources" / name).with_suffix(".ipynb").exists():
        assert page.find("a", class_="colab", href=True), "there is an address, but no link to Colab"


def test_links_inside_the_book_lead_somewhere():
    pages = {path: parsed(path) for path in [*PAGES.glob("*.html"), *PAGES.glob("book/*.html")]}
    ids = {path: {tag["id"] for tag in page.find_all(id=True)} for path, page in pages.items()}
    wrong = []
    for path, page in pages.items():
        for tag in page.find_all(["a", "img", "link", "script"]):
            target = urlsplit(tag.get("href") or tag.get("src") or "")
            if target.scheme or target.netloc or not (target.path or target.fragment):
                continue
            there = (path.parent / unquote(target.path)).resolve() if target.path else path
            if not there.is_file() or (target.fragment and there in ids and unquote(target.fragment) not in ids[there]):
                wrong.append(f"{path.name}: {target.geturl()}")
    assert not wrong, wrong


def test_the_root_names_the_book(visit):
    page = parsed(PAGES / "index.html")
    assert page.title and page.h1 and page.find("meta", attrs={"name": "description"})
    assert page.find("meta", property="og:title") and page.find("link", rel="icon")
    visited = visit("phone")
    visited.page.goto(f"{visited.site}/")
    visited.page.wait_for_url("**/book/intro.html")
    visited.settle()


def test_a_page_opened_from_the_disk_is_whole(visit):
    visited = visit("phone")
    visited.site = PAGES.as_uri()
    page = visited.open("book/intro.html")
    assert page.evaluate(FORMULAS) == [0, 0]
    visited.settle()


@each_page
def test_on_paper_nothing_is_cut(visit, name):
    visited = visit("desktop")
    visited.page.set_viewport_size({"width": 680, "height": 960})  # A4 with margins
    page = visited.open(name)
    page.emulate_media(media="print")
    for piece in page.evaluate(CUT):
        visited.fault(f"cut on paper: {piece}")
    shown = page.locator(
        ".bd-article button:not(.grid *, .copies *, .sentence *, .bars *), .bd-article input"
    ).evaluate_all("(all) => all.filter((e) => e.offsetParent).map((e) => e.outerHTML.slice(0, 80))")
    if shown:
        visited.fault(f"buttons on paper: {shown[:3]}")
    split = page.locator("[data-ready]").evaluate_all(
        "(all) => all.filter((e) => !/avoid/.test(getComputedStyle(e).breakInside)).length"
    )
    if split:
        visited.fault(f"{split} players may be split between two sheets")
    visited.settle()

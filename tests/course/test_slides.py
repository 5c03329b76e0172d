"""Slides made from a chapter: what is on them, and that they turn, print and load nothing."""

from __future__ import annotations

import re

import pytest
from chromium import chromium

from uddm_mini.chapters import exercises
from uddm_mini.cli import main
from uddm_mini.course.notebooks import book_folder, read_notebook
from uddm_mini.course.slides import chapter_named, slides_of, slides_page
from uddm_mini.course.slides_text import as_html, inline, picture


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("slides") / "s.html"
    assert main(["teach", "slides", "8", "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("chapter", ["sampling", "hopfield", "entropy_probe"])
def test_every_figure_goal_and_point_of_the_summary_is_on_a_slide(chapter):
    cells = read_notebook(book_folder() / f"{chapter}.ipynb")
    slides = slides_of(chapter, exercises())
    text = slides_page(slides)
    captions = [c["metadata"]["mystnb"]["figure"] for c in cells if "figure" in c["metadata"].get("mystnb", {})]
    assert captions and text.count("<figcaption>") == len(captions)
    titles = [slide.title for slide in slides]
    assert titles[0].startswith(f"{exercises()[f'{chapter}-1'].title.split('.')[0]}. ") and titles[-1] == "Summary"
    assert "After this chapter you can" in titles and any("Predict" in slide.title + slide.body for slide in slides)
    summary = next(c["source"] for c in cells if "## Summary" in c["source"]).split("## Summary")[1].split("\n## ")[0]
    points = len(re.findall(r"(?m)^\d+\. ", summary))
    assert sum(s.body.count("<li>") for s in slides if s.title == "Summary") == points > 2
    assert all(e.title.split(" ", 1)[1].split("'")[0] in text for e in exercises().values() if e.chapter == chapter)
    assert not re.search(r"(?:src|href)=\"(?!data:)|@import|url\(|\{cite|fetch\(", text)


def test_a_chapter_goes_by_number_or_name():
    assert chapter_named("10") == chapter_named("sampling") == "sampling"
    with pytest.raises(ValueError, match="no chapter '99'; there are 0 to"):
        chapter_named("99")


def test_markdown_becomes_html():
    assert as_html("a **b** *c* `d<e`\nf") == "<p>a <b>b</b> <i>c</i> <code>d&lt;e</code> f</p>"
    assert as_html("Two:\n- x\n  y\n- z") == "<p>Two:</p><ul><li>x y</li><li>z</li></ul>"
    assert as_html("3. x\n4. y") == '<ol start="3"><li>x</li><li>y</li></ol>'
    table = as_html("| | |\n|---|---|\n| **a** | b |")
    assert table == "<table><tr><td><b>a</b></td><td>b</td></tr></table>"
    assert as_html("(here)=\n[w](a.ipynb), {cite:t}`besag1975statistical`, <b>") == "<p>w, [Besag 1975], &lt;b&gt;</p>"
    assert "<img" in inline("$x_0$") and 'alt="x_0"' in inline("$x_0$") and inline("2 * 3 * 4") == "2 * 3 * 4"
    assert picture(r"\no{such}") == "<code>\\no{such}</code>" and picture("a_1") == picture.__wrapped__("a_1")


def test_slides_turn_by_keys_and_buttons_and_print_one_on_a_page(page):
    with chromium("the slides") as browser:
        tab = browser.new_page(viewport={"width": 390, "height": 800})
        wrong: list[str] = []
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("request", lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
        tab.goto(page.as_uri())
        total = tab.locator("section").count()

        def now():
            seen = "[...document.querySelectorAll('section')].map(s => s.checkVisibility())"
            visible, told = tab.evaluate(f"[{seen}, document.querySelector('output').textContent]")
            assert visible.count(True) == 1 and told == f"{visible.index(True) + 1} / {total}"
            return visible.index(True)

        assert now() == 0
        for key, where in (("ArrowRight", 1), (" ", 2), ("ArrowLeft", 1), ("End", total - 1), ("PageDown", total - 1)):
            tab.keyboard.press(key)
            assert now() == where
        tab.locator("#back").click()
        assert now() == total - 2 and tab.url.endswith(f"#{total - 1}")
        tab.reload()
        assert now() == total - 2
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        printed = tab.pdf(landscape=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == total
    assert not wrong

"""The first screen and the lab in a browser: every way to touch them, at both widths, light and dark, on paper."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
import torch
from chromium import chromium

from uddm_mini import MemorizingDenoiser, PopulationDenoiser, load
from uddm_mini.teaching import lab
from uddm_mini.teaching.lab.inline import STORED
from uddm_mini.teaching.results import results_path

KINDS = {"mend": lab.first_screen, "lab": lab.lab}
WIDTHS = {"phone": 390, "desktop": 1280}
MOST_BYTES = 2_000_000 - 700_000  # of a page of 2 MB; the rest of it are the theme's own words and styles
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Trial</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>:root {{ color-scheme: light dark; }}
body {{ margin: 0 1em; font: 16px/1.5 sans-serif; background: Canvas; color: CanvasText; }}</style>
<main class="bd-article"><h1>Trial</h1><h2>Part</h2>{}</main></html>"""
SLIDERS = ("training sentences", "noise level t", "sentence", "seed of the noise and the walk", "step")


@pytest.fixture(scope="module")
def shown():
    return {kind: make() for kind, make in KINDS.items()}


@pytest.fixture(scope="module")
def files(shown, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for kind, piece in shown.items():
        (folder / f"{kind}.html").write_text(PAGE.format(piece._repr_html_()), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser():
    with chromium("the first screen and the lab were not tried") as running:
        yield running


@pytest.fixture
def visit(browser, files):
    """Open a page from the disk; whatever goes wrong on it fails the test."""
    contexts, faults = [], []

    def start(kind, width="phone", scheme="light", address="", **more):
        contexts.append(
            browser.new_context(viewport={"width": WIDTHS[width], "height": 844}, color_scheme=scheme, **more)
        )
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: said.type == "error" and faults.append(said.text))
        page.goto(f"{(files / kind).as_uri()}.html{address}")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not faults


def words_of(page, selector=".sentence button"):
    return page.locator(selector).evaluate_all("(all) => all.map((e) => e.firstChild.textContent)")


def mended_by(page, card):
    return words_of(page, f".panel:nth-child({card + 1}) .mended li > *")


# --- the first screen ------------------------------------------------------------------------------------------------


def test_the_first_screen_begins_as_its_still_says(visit, shown):
    page, (damaged, *mended) = visit("mend"), shown["mend"].beginning.rows
    assert words_of(page) == damaged[1]
    assert damaged[2].count("changed") == 4
    assert [mended_by(page, k) for k in range(2)] == [row[1] for row in mended]
    states = page.locator(".panel:first-child .mended li > *").evaluate_all(
        "(all) => all.map((e) => ({ SPAN: 'intact', B: 'recovered', S: 'wrong' })[e.firstChild.tagName])"
    )
    assert states == mended[0][2]
    back, broken = states.count("recovered"), states.count("wrong") - (4 - states.count("recovered"))
    assert page.locator(".score").first.inner_text() == f"{back} of 4 back, {broken} others broken"


def test_the_entropies_are_those_of_the_package(visit, shown):
    page, screen = visit("mend"), shown["mend"]
    for k, n in enumerate((16, 8192)):
        model = load(results_path(f"models/toy-n{n}.safetensors"))
        cavity = model.cavity(screen.damaged[None], model.noise.level_of(4 / 14))[0].double()
        right = torch.special.entr(cavity.exp()).sum(dim=1)
        found = page.locator(f".panel:nth-child({k + 1}) .how > span:last-child").all_inner_texts()
        assert [float(text) for text in found] == pytest.approx(right.tolist(), abs=0.0051)


def test_a_word_is_lost_and_restored_by_a_click(visit):
    page = visit("mend")
    page.get_by_role("button", name="Restore all").click()
    whole = words_of(page)
    assert page.locator(".sentence [aria-pressed=true]").count() == 0
    assert "words broken" in page.locator(".score").last.inner_text()
    word = page.locator(".sentence button").nth(2)
    word.click()
    assert words_of(page)[2] != whole[2] and word.get_attribute("aria-pressed") == "true"
    assert whole[2] in word.inner_text() and f"lost is {whole[2]}" in word.text_content()
    assert "of 1 back" in page.locator("[role=status].spoken").inner_text()
    word.click()
    assert words_of(page) == whole


def test_the_sentence_can_be_had_by_keys_alone(visit):
    page = visit("mend")
    page.get_by_role("button", name="Restore all").click()
    whole = words_of(page)
    page.locator(".sentence button").first.focus()
    for key in ("ArrowRight", "ArrowRight", "End", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert [a == b for a, b in zip(whole, words_of(page), strict=True)] == [True] * 12 + [False, True]
    assert page.locator(".sentence [tabindex='0']").count() == 1
    page.keyboard.press("Home")
    page.keyboard.type("goat")  # the first letter leads to the field
    assert page.evaluate("() => document.activeElement.value") == "goat"
    assert "place 1" in page.locator(".typing label").inner_text()
    page.keyboard.press("Enter")
    assert words_of(page)[0] == "goat"


@pytest.mark.parametrize("typed, near", [("cat", "goat"), ("quen", "queen"), ("Zzz!", None), ("dragons", "dragon")])
def test_nonsense_gets_a_kind_sentence_with_near_words(visit, typed, near):
    page = visit("mend")
    before = words_of(page)
    page.locator(".sentence button").nth(2).focus()
    page.locator(".typing input").fill(typed)
    page.get_by_role("button", name="put").click()
    assert words_of(page) == before
    assert "102 words" in page.locator(".kindly").inner_text()
    offered = page.locator(".kindly button").all_inner_texts()
    assert len(offered) == 3 and near in (*offered, None)
    page.locator(".kindly button").first.click()
    assert words_of(page)[2] == offered[0] and page.locator(".kindly").inner_text() == ""


def test_several_words_are_typed_at_once_where_they_fit(visit):
    page = visit("mend")
    page.locator(".typing input").fill("This old, proud")
    page.locator(".typing input").press("Enter")
    assert words_of(page)[:3] == ["this", "old", "proud"]
    page.locator(".sentence button").last.focus()
    for text, words in (("old dog", "room for 1 words"), ("  ", "Type a word")):
        page.locator(".typing input").fill(text)
        page.locator(".typing input").press("Enter")
        assert words in page.locator(".kindly").inner_text()


def test_sentences_that_were_read_and_that_were_not_take_turns(visit, shown):
    page, screen = visit("mend"), shown["mend"]
    assert "Neither model" in page.locator(".prompt").inner_text()
    spell = lab.workbench.ToyLanguage().decode
    page.get_by_role("button", name="One that both have read").click()
    assert "Both models" in page.locator(".prompt").inner_text()
    page.get_by_role("button", name="Restore all").click()
    assert " ".join(words_of(page)) == spell(screen.seen[:1])[0]
    page.get_by_role("button", name="Another sentence").click()
    page.get_by_role("button", name="Restore all").click()
    assert " ".join(words_of(page)) == spell(screen.seen[1:2])[0]
    page.get_by_role("button", name="Lose four").click()
    assert page.locator(".sentence [aria-pressed=true]").count() == 4


# --- the lab ---------------------------------------------------------------------------------------------------------


def slide(page, name, position):
    page.get_by_label(re.compile(f"^{name}: ")).and_(page.locator("input")).evaluate(
        "(e, to) => { e.value = to; e.dispatchEvent(new Event('input')); }", position
    )


def rows_of(page, card):
    found = page.locator(f"section:nth-of-type(3) .panel:nth-child({card + 1}) .bars li").all_inner_texts()
    return {line.split()[0]: float(re.search(r"[\d.]+ %", line)[0][:-2]) / 100 for line in found}


@pytest.mark.parametrize("n", [16, 256])
@pytest.mark.parametrize("form", ["cavity", "posterior"])
def test_bars_and_mended_words_are_those_of_the_package(visit, shown, n, form):
    page, corpus = visit("lab"), shown["lab"].corpus
    slide(page, "training sentences", STORED.index(n))
    slide(page, "noise level t", 8)  # t = 0.45
    slide(page, "sentence", 3)
    page.get_by_role("button", name="full posterior" if form == "posterior" else "cavity: ").click()
    page.locator("section:nth-of-type(2) .panel:first-child .mended button").nth(8).click()
    xt = corpus.encode([" ".join(words_of(page))])
    network = load(results_path(f"models/toy-n{n}.safetensors"))
    memory = MemorizingDenoiser(corpus.subset(n, 0), network.noise)
    for k, model in enumerate((network, memory, PopulationDenoiser(shown["lab"].language, network.noise))):
        p = getattr(model, form)(xt, 0.45)[0, 8].exp()
        for word, share in rows_of(page, k).items():
            assert share == pytest.approx(float(p[corpus.words.index(word)]), abs=6e-4)
        assert sum(rows_of(page, k).values()) > 0.99 * float(p.topk(5).values.sum())
        if k < 2:  # ties between equally probable words of the language are broken by rounding
            assert mended_by(page, k)[:14] == corpus.decode(model.best_guess(xt, 0.45))[0].split()


def test_every_slider_and_choice_moves_something(visit):
    page = visit("lab")
    look = "() => document.querySelector('.uddm-lab').innerText"
    for name in SLIDERS:
        before = page.evaluate(look)
        page.get_by_role("button", name=f"{name}: next").click()
        assert page.evaluate(look) != before, name
    for name in ("of training", "full posterior", "the memorizer", "the language itself", "the sentence above"):
        before = page.evaluate("() => document.querySelector('.uddm-lab').innerHTML")
        page.get_by_role("button", name=name).click()
        assert page.evaluate("() => document.querySelector('.uddm-lab').innerHTML") != before, name
        assert page.get_by_role("button", name=name).get_attribute("aria-pressed") == "true"


def test_a_memorizer_walks_back_to_a_sentence_that_it_stores(visit, shown):
    page, corpus = visit("lab"), shown["lab"].corpus
    page.get_by_role("button", name="the memorizer").click()
    slide(page, "step", 32)
    assert page.locator(".written").inner_text() in corpus.decode(corpus.subset(16, 0))
    assert "word for word" in page.locator(".verdict").inner_text()
    page.get_by_role("button", name="the language itself").click()
    slide(page, "step", 32)
    written = page.locator(".written").inner_text()
    can = bool(torch.isfinite(shown["lab"].language.log_prob(corpus.encode([written])))[0])
    assert ("the language can say it" in page.locator(".verdict").inner_text()) == can


def test_a_walk_is_the_same_whether_it_is_stepped_or_jumped(visit):
    page = visit("lab")
    slide(page, "training sentences", 3)
    for _ in range(6):
        page.get_by_role("button", name="step: next").click()
    stepped = page.locator(".written").inner_text()
    again = visit("lab", address=page.get_by_label("This link").input_value().partition(".html")[2])
    assert again.locator(".written").inner_text() == stepped
    slide(page, "step", 32)
    slide(page, "step", 6)
    assert page.locator(".written").inner_text() == stepped
    slide(page, "seed of the noise and the walk", 5)
    assert page.locator(".written").inner_text() != stepped


def test_play_walks_to_the_end(visit):
    page = visit("lab", reduced_motion="reduce")
    slide(page, "step", 28)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => document.querySelector('.verdict').innerText.startsWith('The end')", timeout=30_000)
    assert page.get_by_role("button", name="Play").count() == 1


def test_a_link_shows_another_reader_the_same(visit):
    page = visit("lab")
    slide(page, "training sentences", 2)
    slide(page, "noise level t", 11)
    slide(page, "sentence", 4)
    page.get_by_role("button", name="of training").click()
    page.locator(".sentence button").nth(3).click()
    page.locator(".typing input").fill("goat")
    page.locator(".typing input").press("Enter")
    page.get_by_role("button", name="full posterior").click()
    page.get_by_role("button", name="the memorizer").click()
    slide(page, "step", 9)
    link = page.get_by_label("This link").input_value()
    page.wait_for_function("(link) => location.href === link", arg=link)
    other = visit("lab", width="phone", address=link.partition(".html")[2])
    look = "() => document.querySelector('.uddm-lab').innerText"
    assert other.evaluate(look) == page.evaluate(look)
    assert other.get_by_label("This link").input_value() == link
    assert "goat" in words_of(other)


@pytest.mark.parametrize(
    "hash", ["#lab-n-17-t-0-of-x-which-99", "#lab-", "#lab-text-zz-place-14", "#somewhere", "#lab-n"]
)
def test_what_an_address_says_wrongly_is_left_out(visit, hash):
    plain, odd = visit("lab"), visit("lab", address=hash)
    look = "() => document.querySelector('.uddm-lab').innerText"
    assert odd.evaluate(look) == plain.evaluate(look)


def test_in_a_notebook_the_address_is_left_alone(browser, files):
    text = (files / "lab.html").read_text("utf-8").replace('class="bd-article"', "")
    page = browser.new_page()
    page.set_content(text)
    slide(page, "noise level t", 9)
    page.wait_for_timeout(400)
    assert "lab-" not in page.url and page.locator(".share").is_hidden()
    page.close()


# --- both ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_and_nothing_is_cut(visit, kind, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="accessibility was not checked")
    page = visit(kind, width, scheme)
    options = {"resultTypes": ["violations"], "rules": {"label-content-name-mismatch": {"enabled": True}}}
    found = axe.Axe().run(page, options=options).response["violations"]
    grave = [
        f"{rule['id']}: {rule['nodes'][0]['target']}" for rule in found if rule["impact"] in ("serious", "critical")
    ]
    assert not grave
    assert page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


@pytest.mark.parametrize("kind", KINDS)
def test_without_scripts_and_on_paper_the_still_tells_it(visit, shown, kind):
    told = " ".join(shown[kind].beginning.rows[1][1])
    still = visit(kind, java_script_enabled=False)
    assert told in " ".join(still.locator("main").inner_text().split())
    page = visit(kind)
    assert page.locator(".still").is_hidden()
    page.emulate_media(media="print")
    assert told in " ".join(page.locator(".still").inner_text().split())
    assert not [e for e in page.locator(f".uddm-{kind} :is(button, input)").all() if e.is_visible()]
    assert told in repr(shown[kind]).replace("~", "").replace("+", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_piece_needs_nothing_else_and_stays_small(shown, kind):
    html = shown[kind]._repr_html_()
    assert len(html.encode()) < MOST_BYTES
    assert not re.search(r"(src|href)=|https?://(?!www.w3.org/2000/svg)|import\(|fetch\(", unescape(html))
    data = json.loads(unescape(re.search(rf'data-uddm-{kind}="([^"]*)"', html)[1]))
    assert data["label"]

"""One slider over the sizes: the page's curves against the stored table, its sentences against the stored models."""

from __future__ import annotations

import re

import pytest
import torch

from uddm_mini import ToyLanguage, UniformNoise, conditional_entropy, load
from uddm_mini.teaching.lab.inline import STORED
from uddm_mini.teaching.results import committed, results_path
from uddm_mini.teaching.scrubber import damaged, scrubbed_sizes

MARKED = "(all) => all.map((one) => one.textContent)"


@pytest.fixture(scope="module")
def corpus():
    return ToyLanguage().corpus(n_train=max(STORED))


@pytest.fixture(scope="module")
def table():
    return committed("toy-medium/sweep")


@pytest.fixture(scope="module")
def figure(table, corpus):
    return scrubbed_sizes(table, corpus)


def means(table, column, n, t=0.25):
    rows = table[(table["n_train"] == n) & (table["t"] == t)]
    return [float(rows[rows["split"] == split][column].mean()) for split in ("train", "held-out")]


def panel(page, k):
    """Return damaged words, mended ones and their entropies, of the training (0) or the held-out sentence (1)."""
    card = page.locator(".panel").nth(k)
    xt = card.locator(".damaged > :not(strong)").evaluate_all(MARKED)
    out = card.locator(".mended li > *").evaluate_all("(all) => all.map((one) => one.firstChild.textContent)")
    nats = card.locator(".how > span:last-child").evaluate_all(MARKED)
    return xt, out, [float(one) for one in nats if one]


def test_the_still_has_the_table_s_numbers_and_a_mended_sentence(figure, table, corpus):
    own, fresh = means(table, "recovered", 64)
    assert f"{own:.2f}  train text, 64 sentences\n{fresh:.2f}  held-out text, 64 sentences" in repr(figure)
    alpha = float(UniformNoise(corpus.vocab_size).alpha(0.25))
    xt = damaged(corpus.held_out[0], figure.data["draws"]["held-out"], alpha)
    (mended,) = corpus.decode(load(results_path("models/toy-n8192.safetensors")).best_guess(xt[None], 0.25))
    assert mended in re.sub(r"[+~\[\]]", "", repr(figure)) and "Mended by the model of 8,192" in figure._repr_html_()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"level": 0.3}, "level must be one of the table's, [0.05, 0.1, 0.25, 0.5, 1.0]"),
        ({"table": "few"}, "lacks [8192]"),
    ],
)
def test_what_does_not_fit_is_named(table, corpus, change, words):
    given = {"table": table, "corpus": corpus, **change}
    if change.get("table") == "few":
        given["table"] = table[table["n_train"] < 8192]
    with pytest.raises(ValueError, match=re.escape(words)):
        scrubbed_sizes(**given)


def test_every_number_and_every_mended_word_is_the_package_s(on_page, guess, values, slide, figure, table, corpus):
    page = on_page(figure)
    guess(page, 100)
    sizes, levels = figure.data["sizes"], figure.data["levels"]
    draws = torch.Generator().manual_seed(0)
    for n in (*STORED, *STORED):
        k = int(torch.randint(len(levels), (), generator=draws))
        t = levels[k]
        slide(page, "training sentences", sizes.index(n))
        slide(page, "noise level t", k)
        page.get_by_role("button", name=("lose other words", "two other sentences")[k % 2]).click()
        own, fresh = means(table, "recovered", n, t)
        told = values(page, ".answer .words")
        assert told[:3] == pytest.approx([own, fresh, own - fresh], abs=1e-9)
        assert told[3:] == pytest.approx(means(table, "entropy", n), abs=1e-9)
        model = load(results_path(f"models/toy-n{n}.safetensors"))
        for which in range(2):
            xt, out, nats = panel(page, which)
            asked = corpus.encode([" ".join(xt)])
            assert " ".join(out) == corpus.decode(model.best_guess(asked, t))[0]
            assert nats == pytest.approx(conditional_entropy(model, asked, t)[0].tolist(), abs=0.0051)


def test_the_damage_is_that_of_the_still_and_grows_with_t(on_page, slide, figure, corpus):
    page = on_page(figure, "phone", "dark")
    first = {"train": corpus.subset(1, seed=0)[0], "held-out": corpus.held_out[0]}
    noise, lost = UniformNoise(corpus.vocab_size), [0, 0]
    for k, t in enumerate(figure.data["levels"]):
        slide(page, "noise level t", k)
        for which, (split, x0) in enumerate(first.items()):
            right = damaged(x0, figure.data["draws"][split], float(noise.alpha(t)))
            assert " ".join(panel(page, which)[0]) == corpus.decode(right[None])[0]
            changed = page.locator(".panel").nth(which).locator(".damaged mark").count()
            assert changed == int((right != x0).sum()) >= lost[which]
            lost[which] = changed


def test_where_no_model_is_stored_the_page_says_so_and_the_curves_still_move(
    on_page, guess, values, slide, figure, table
):
    page = on_page(figure, "phone")
    guess(page, 1)
    slide(page, "training sentences", figure.data["sizes"].index(96))
    assert not page.locator(".mended").first.is_visible()
    assert "No model of 96 sentences is stored" in page.locator(".panel .score").first.inner_text()
    assert values(page, ".answer .words")[:2] == pytest.approx(means(table, "recovered", 96), abs=1e-9)


def test_the_guess_comes_back_beside_the_size_where_the_curves_meet(on_page, guess, figure, table):
    page = on_page(figure)
    assert not page.locator("svg.chart").first.is_visible()
    told = guess(page, 60)
    gaps = {n: own - fresh for n in figure.data["sizes"] for own, fresh in [means(table, "recovered", n)]}
    far = max(n for n, gap in gaps.items() if gap >= 0.02)
    first = min(n for n in gaps if n > far)
    assert told.startswith(f"You said 60 sentences. Here: from {first:,} on.")
    assert f"with {far:,} it was {gaps[far]:.3f}" in told and page.locator("svg.chart").first.is_visible()


def test_on_paper_the_still_stands_alone(on_page, figure):
    page = on_page(figure)
    page.emulate_media(media="print")
    assert page.locator(".still").is_visible() and not page.locator(".panels").is_visible()

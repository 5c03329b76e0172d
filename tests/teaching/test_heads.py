"""Heads of attention in the page: shares and answers against PyTorch's, whole and with a head cut out."""

from __future__ import annotations

import copy
import re

import pytest
import torch

from uddm_mini import load
from uddm_mini.teaching.lab.heads import attention_heads, attention_shares
from uddm_mini.teaching.results import results_path

PLACE, SHARES, ANSWER = 3, ".bars[aria-label='Shares of attention']", ".bars[aria-label='Its answer']"
CLOSE = 1e-4


@pytest.fixture(scope="module")
def model():
    return load(results_path("models/toy-n8192.safetensors"))


@pytest.fixture(scope="module")
def sentence(english):
    return english.decode(english.corpus(n_train=64, n_held_out=16).held_out[9:10])[0]


@pytest.fixture(scope="module")
def figure(sentence):
    return attention_heads(sentence, PLACE)


def cut(model, head):
    """Return the model without what one head brings: its columns of the matrix that mixes the heads are zero."""
    other = copy.deepcopy(model)
    size = model.settings.width // model.settings.heads
    with torch.no_grad():
        other.blocks[0].out.weight[:, head * size : (head + 1) * size] = 0
    return other


def test_the_shares_are_those_that_the_model_mixes_with(model, sentence, english):
    x, block = english.encode([sentence])[0], model.blocks[0]
    shares, entered = attention_shares(model, x, 0.3), []
    with torch.no_grad():
        hook = block.register_forward_pre_hook(lambda _, given: entered.append(given[0]))
        model(x[None], torch.tensor([0.3]))
        hook.remove()
        value = block.qkv(block.norm1(entered[0]))[0, :, 2 * model.settings.width :]  # [L, W]
        heads = value.view(14, model.settings.heads, -1).transpose(0, 1)  # [heads, L, D]
        mixed = (shares @ heads).transpose(0, 1).reshape(14, -1)
        torch.testing.assert_close(mixed, block.mixed(entered[0])[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(shares.sum(dim=2), torch.ones(4, 14))


def test_the_still_names_what_each_head_looks_at(figure, model, sentence, english):
    share, at = attention_shares(model, english.encode([sentence])[0], 0.05)[:, PLACE].max(dim=1)
    for head in range(4):
        line = f"{share[head]:.2f}  head {head + 1}, at “{sentence.split()[at[head]]}”, word {int(at[head]) + 1}"
        assert line in repr(figure)
    assert figure._repr_html_().count("head ") >= 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"place": 14}, "place is 0 ... 13"),
        ({"t": 0.01}, "one of 0.05, 0.1, ..., 1"),
        ({"sentence": "too short"}, "Give 14 words that the model knows"),
    ],
)
def test_what_does_not_fit_is_named(sentence, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        attention_heads(**{"sentence": sentence, "place": PLACE, **change})


def read_words(page):
    """Return the sentence as it stands in the page."""
    return [name.split()[1] for name in page.locator(f"{SHARES} > .name").all_inner_texts()]


def answered(page, values, model, english, where):
    """Compare the page's answer at a place with a model's, word by word."""
    x = english.encode([" ".join(read_words(page))])
    place, t = where
    with torch.no_grad():
        p = model(x, torch.tensor([t]))[0, place].exp()
    names = page.locator(f"{ANSWER} > .name").all_inner_texts()
    right = [float(p[english.words.index(name)]) for name in names]
    assert values(page, ANSWER) == pytest.approx(right, abs=CLOSE)
    assert right[0] == pytest.approx(float(p.max()), abs=CLOSE)


def ask(page, guess, sentence, value):
    page.locator(".predict select").select_option(sentence.split()[0])
    return guess(page, value)


def test_every_share_and_answer_in_the_page_is_pytorch_s(
    on_page, guess, slide, values, figure, model, english, sentence
):
    page = on_page(figure, "phone", "dark")
    assert not page.locator(SHARES).is_visible()
    ask(page, guess, sentence, 0.5)
    draws = torch.Generator().manual_seed(0)
    for k in range(16):
        place, head, level, lost = (int(torch.randint(n, (), generator=draws)) for n in (14, 4, 20, 14))
        for name, value in (("the place that looks", place), ("head", head), ("noise level t", level)):
            slide(page, name, value)
        if k % 2:
            page.locator(f"{SHARES} button").nth(lost).click()  # lost, or restored
        t, x = figure.data["times"][level], english.encode([" ".join(read_words(page))])[0]
        right = attention_shares(model, x, t)[head, place].tolist()
        assert values(page, SHARES) == pytest.approx(right, abs=CLOSE)
        answered(page, values, model, english, (place, t))
    assert read_words(page) != sentence.split()
    page.get_by_role("button", name="restore").click()
    assert read_words(page) == sentence.split()


def test_a_silent_head_brings_nothing(on_page, guess, slide, values, figure, model, english, sentence):
    page = on_page(figure)
    ask(page, guess, sentence, 0.5)
    for head in (1, 3):
        page.get_by_role("button", name="restore").click()
        slide(page, "head", head)
        mute = page.get_by_role("button", name="silence this head")
        mute.click()
        assert mute.get_attribute("aria-pressed") == "true" and "It is silent" in page.locator(".words").inner_text()
        place = PLACE if head == 1 else 11
        slide(page, "the place that looks", place)
        answered(page, values, cut(model, head), english, (place, 0.05))


def test_a_guess_comes_back_beside_the_strongest_head(on_page, guess, figure, model, english, sentence):
    page = on_page(figure, "phone")
    told = ask(page, guess, sentence, 0.5)
    shares = attention_shares(model, english.encode([sentence])[0], 0.05)[:, PLACE]
    head, m = divmod(int(shares.argmax()), 14)
    word = sentence.split()[m]
    assert f"Head {head + 1} gives {shares[head, m]:.2f} of its attention to “{word}”, word {m + 1}" in told
    page.locator(f"{SHARES} button").nth(2).press("Enter")  # the keyboard loses no place
    assert page.evaluate("() => document.activeElement.innerText").startswith("3 ")

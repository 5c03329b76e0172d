"""Lost words: the automaton that the page gets, and in a browser each candidate's probability against the package's."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import one_hot

from uddm_mini import ToyLanguage
from uddm_mini.teaching.lost_words import automaton, lost_words

PLACES = [2, 1, 4, 11, 9]


@pytest.fixture(scope="module")
def language():
    return ToyLanguage()


@pytest.fixture(scope="module")
def figure(language):
    return lost_words(language, list(zip(language.decode(language.sample(5, seed=0)), PLACES, strict=True)))


def reading(language, words, lost):
    """Return p(word at each place | the other words that are read), [L, V], and p(what is read)."""
    x = torch.tensor([[language.words.index(word) if word else 0 for word in words]])
    gone = torch.tensor([[place in lost for place in range(language.length)]])
    seen = one_hot(x, language.vocab_size).masked_fill(gone[..., None], 1)
    return language.cavity(seen)[0].exp(), float(language.log_evidence(seen).exp())


def candidates(page, values):
    names = page.locator(".bars > .name").all_inner_texts()
    return dict(zip(names, values(page, ".bars"), strict=True))


def test_the_page_gets_the_whole_automaton(language):
    probs, positions = automaton(language)
    x = language.sample(1, seed=3)[0].tolist()
    p = {0: 1.0}
    for word, arcs in zip(x, positions, strict=True):
        rows = list(zip(arcs["src"], arcs["dst"], arcs["word"], arcs["prob"], strict=True))
        assert max(arcs["dst"]) == arcs["next"] - 1
        p = {dst: p[src] * probs[k] for src, dst, said, k in rows if said == word and src in p}
    assert sum(p.values()) == pytest.approx(float(language.log_prob(torch.tensor([x])).exp()), rel=1e-12)
    assert sum(len(arcs["src"]) for arcs in positions) == 1472


def test_the_still_has_every_round_with_its_candidates(figure):
    assert repr(figure).count("____") == 5 and "0.800  proud" in repr(figure) and "It was “old”." in repr(figure)
    assert figure.still.count("It was “") == 5 and figure.still in figure._repr_html_()


@pytest.mark.parametrize("rounds", [[], [("a b", 14)], [("a b", -1)]])
def test_a_round_needs_a_place_in_the_sentence(language, rounds):
    with pytest.raises(ValueError, match="at least one round, each with a position 0 ... 13"):
        lost_words(language, rounds)


def test_a_guess_meets_the_exact_answer(on_page, figure):
    page = on_page(figure, "phone")
    page.get_by_role("button", name="round: next").click()
    assert not page.locator(".bars").is_visible() and page.locator(".sentence button").count() == 0
    send = page.get_by_role("button", name="That is my guess")
    page.locator(".predict input").fill("90")
    send.click()
    assert page.locator(".told").inner_text() == "Choose a word first." and not page.locator(".bars").is_visible()
    page.get_by_label("your word").select_option("shy")
    send.click()
    told = page.locator(".told").inner_text()
    assert told.startswith("You said “shy”, 90 % sure. Exactly: “shy” 4 %. The best guess is “proud”, 80 %.")
    assert "It was “old”." in told and "you 0, the best guesser 0 of 1" in told
    page.get_by_role("button", name="round: next").click()
    assert not page.locator(".bars").is_visible()  # asked anew
    page.get_by_label("your word").select_option("sang")
    page.locator(".predict input").fill("100")
    send.click()
    assert "That is the best guess. It was “sang”. Right so far: you 1, the best guesser 1 of 2." in (
        page.locator(".told").inner_text()
    )


def test_every_candidate_is_as_probable_as_the_package_says(on_page, guess, values, language, figure):
    page = on_page(figure, "desktop", "dark")
    page.get_by_label("your word").select_option("queen")
    guess(page, 100)
    draws = torch.Generator().manual_seed(0)
    truth = language.decode(language.sample(5, seed=0))[0].split()
    lost = {PLACES[0]}
    for _ in range(20):
        place = int(torch.randint(14, (), generator=draws))
        page.locator(".sentence button").nth(place).click()
        if torch.rand((), generator=draws) < 0.6:
            page.get_by_role("button", name=f"{'put' if place in lost else 'lose'} word {place + 1}").click()
            lost ^= {place}
        exact, total = reading(language, truth, lost)
        found = candidates(page, values)
        assert sum(found.values()) == pytest.approx(1)
        for word, p in found.items():
            if word in language.words:
                assert p == pytest.approx(float(exact[place, language.words.index(word)]), abs=1e-9)
        assert float(page.locator(".total").get_attribute("data-value")) == pytest.approx(total, rel=1e-9)
        entropy = float(torch.special.entr(exact[place]).sum())
        assert float(page.locator(".entropy").get_attribute("data-value")) == pytest.approx(entropy, abs=1e-9)


def test_another_word_can_be_written_and_an_impossible_one_is_named(on_page, guess, values, language, figure):
    page = on_page(figure, "phone", "dark")
    page.get_by_label("your word").select_option("queen")
    guess(page, 100)
    assert candidates(page, values) == {"queen": pytest.approx(1)}
    page.locator(".sentence button").nth(11).click()
    page.get_by_role("button", name="servant", exact=True).click()  # a candidate
    assert "servant" in page.locator(".sentence").inner_text()
    entry = page.get_by_label("Write another word there")
    entry.fill("elephant")
    entry.press("Enter")
    assert "“elephant” is no word of this language" in page.inner_text(".uddm-lost")
    entry.fill("trapdoor")
    entry.press("Enter")
    assert "The language never says what is read here." in page.locator(".answer .words").first.inner_text()
    assert candidates(page, values)["servant"] == pytest.approx(0.6)  # the other words did not change
    page.locator(".sentence button").nth(0).click()
    assert "they contradict each other" in page.locator(".answer .words").first.inner_text()
    page.get_by_role("button", name="put all words back").click()
    assert "trapdoor" not in page.locator(".sentence").inner_text()

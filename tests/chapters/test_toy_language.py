"""The checks of the chapter: right answers pass, plausible slips get the sentence that fits, stubs and crashes too."""

from __future__ import annotations

import math
from collections import defaultdict

import pytest
import torch
from torch.nn.functional import one_hot

from uddm_mini.chapters import toy_language as checks
from uddm_mini.chapters.toy_language_worlds import pets, written_out
from uddm_mini.worlds.grammar import Choice, Grammar, Slot, echo, uniform

EVERY = [checks.count_sentences, checks.echo_entropies, checks.next_word, checks.best_pair, checks.design]


# --- reference solutions ---------------------------------------------------------------------------------------------


def count(positions, weight=lambda p: 1):
    ways = {0: 1}
    for arcs in positions:
        moved = defaultdict(int)
        for i, j, p in zip(arcs.src.tolist(), arcs.dst.tolist(), arcs.prob.tolist(), strict=True):
            moved[j] += ways.get(i, 0) * weight(p)
        ways = moved
    return sum(ways.values())


def entropies(n, fidelity):
    row = torch.tensor([fidelity] + [(1 - fidelity) / (n - 1)] * (n - 1), dtype=torch.float64)
    given = -float(torch.special.xlogy(row, row).sum())
    return math.log(n) + given, given


def following(prefix, positions, vocab_size, shift=0, normalize=True, flat=False):
    a = {0: 1.0}
    for token, arcs in zip(prefix, positions, strict=False):
        moved = defaultdict(float)
        for i, j, word, p in _steps(arcs):
            if word == token:
                moved[j] += a.get(i, 0.0) * p
        a = moved
    weight = torch.zeros(vocab_size, dtype=torch.float64)
    for i, _, word, p in _steps(positions[min(len(prefix) + shift, len(positions) - 1)]):
        weight[word] += p if flat else a.get(i, 0.0) * p
    return weight / weight.sum() if normalize else weight


def _steps(arcs):
    return zip(arcs.src.tolist(), arcs.dst.tolist(), arcs.word.tolist(), arcs.prob.tolist(), strict=True)


def pair(language, x, i, j):
    vocab = language.vocab_size
    copies = x.repeat(vocab * vocab, 1)
    copies[:, i] = torch.arange(vocab).repeat_interleave(vocab)
    copies[:, j] = torch.arange(vocab).repeat(vocab)
    return torch.softmax(language.log_prob(copies), dim=0).max()


def pairs_of_echoes(fidelity=0.75, values=4, n_pairs=3):
    choices, slots = [], []
    for k in range(n_pairs):
        choices += [Choice(f"c{k}", uniform(values)), Choice(f"e{k}", echo(values, fidelity), parent=f"c{k}")]
        slots += [Slot((name,), tuple(f"{name}-{v}" for v in range(values))) for name in (f"c{k}", f"e{k}")]
    return Grammar(tuple(choices), tuple(slots))


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.count_sentences, count),
        (checks.echo_entropies, entropies),
        (checks.echo_entropies, lambda n, f: torch.tensor(entropies(n, f), dtype=torch.float32)),
        (checks.next_word, following),
        (checks.best_pair, pair),
        (checks.design, pairs_of_echoes),
    ],
)
def test_reference_solutions_pass(check, answer):
    result = check(answer)
    assert result.passed is True, result.message


# --- plausible slips -------------------------------------------------------------------------------------------------


def product_of_arrows(positions):
    return math.prod(len(arcs.src) for arcs in positions)


def product_of_words(positions):
    return math.prod(len(set(arcs.word.tolist())) for arcs in positions)


def hard_coded(positions):
    return 12


def in_bits(n, fidelity):
    return [h / math.log(2) for h in entropies(n, fidelity)]


def zero_times_log_zero(n, fidelity):
    row = torch.tensor([fidelity] + [(1 - fidelity) / (n - 1)] * (n - 1), dtype=torch.float64)
    given = -float((row * row.log()).sum())
    return math.log(n) + given, given


def echo_or_not(n, fidelity):
    other = torch.tensor([fidelity, 1 - fidelity], dtype=torch.float64)
    return entropies(n, fidelity)[0], -float(torch.special.xlogy(other, other).sum())


def no_echo_alone(n, fidelity):
    return entropies(n, fidelity)[0], entropies(n, fidelity)[0]


def missing_choice(n, fidelity):
    return entropies(n, fidelity)[1], entropies(n, fidelity)[1]


def product_of_singles(language, x, i, j):
    seen = one_hot(x, language.vocab_size)
    seen[[i, j]] = 1
    return language.cavity(seen[None])[0, [i, j]].exp().amax(-1).prod()


def product_of_cavities(language, x, i, j):
    seen = one_hot(x, language.vocab_size)
    return language.cavity(seen[None])[0, [i, j]].exp().amax(-1).prod()


def table_of_pairs(language, x, i, j):
    vocab = language.vocab_size
    copies = x.repeat(vocab * vocab, 1)
    copies[:, i] = torch.arange(vocab).repeat_interleave(vocab)
    copies[:, j] = torch.arange(vocab).repeat(vocab)
    return torch.softmax(language.log_prob(copies), dim=0).reshape(vocab, vocab)


def greedy_pair(language, x, i, j):
    """The best word i first, then the best word j for it."""
    p = table_of_pairs(language, x, i, j)
    return p[p.sum(dim=1).argmax()].max()


def surest_first(language, x, i, j):
    """The surer of the two words first."""
    p = table_of_pairs(language, x, i, j)
    if p.sum(dim=1).max() < p.sum(dim=0).max():
        p = p.T
    return p[p.sum(dim=1).argmax()].max()


def ambiguous():
    """Say a choice twice in the same words, whatever its value: two paths for each sentence."""
    slots = [Slot((f"c{k}",), tuple("abcd")) for k in range(5)] + [Slot(("mute",), ("same", "same"))] * 2
    return Grammar((*(Choice(f"c{k}", uniform(4)) for k in range(5)), Choice("mute", uniform(2))), tuple(slots))


def not_to_one():
    grammar = pairs_of_echoes()
    return Grammar((Choice("c0", (0.3,) * 4), *grammar.choices[1:]), grammar.slots)


@pytest.mark.parametrize(
    ("check", "answer", "words"),
    [
        (checks.count_sentences, lambda positions: count(positions, weight=lambda p: p), "total probability"),
        (checks.count_sentences, product_of_arrows, "numbers of arrows"),
        (checks.count_sentences, product_of_words, "numbers of words"),
        (checks.count_sentences, hard_coded, "not for the book's"),
        (checks.count_sentences, lambda positions: 7, "You return 7, but it should be 12."),
        (checks.echo_entropies, in_bits, "in bits"),
        (checks.echo_entropies, zero_times_log_zero, "0 times log 0"),
        (checks.echo_entropies, echo_or_not, "ln(n - 1)"),
        (checks.echo_entropies, no_echo_alone, "minus that of the echo alone"),
        (checks.echo_entropies, missing_choice, "it should be (2.614, 0.82229)"),
        (checks.echo_entropies, lambda n, f: 1.0, "shape [], but should have [2]"),
        (checks.next_word, lambda *a: following(*a, normalize=False), "Divide by their sum"),
        (checks.next_word, lambda *a: following(*a, flat=True), "probability of the state"),
        (checks.next_word, lambda p, a, v: torch.full((v,), 1 / v), "should be big 0.50, small 0.50"),
        (checks.best_pair, product_of_singles, "product of the two best single guesses"),
        (checks.best_pair, product_of_cavities, "still visible"),
        (checks.best_pair, greedy_pair, "guessed first"),
        (checks.best_pair, lambda language, x, i, j: greedy_pair(language, x, j, i), "guessed first"),
        (checks.best_pair, surest_first, "guessed first"),
        (checks.best_pair, lambda *a: 1.0, "it should be 0.45. For 'big dogs"),
        (checks.design, lambda: pairs_of_echoes(0.9), "too easy"),
        (checks.design, lambda: pairs_of_echoes(0.6), "too hard"),
        (checks.design, lambda: pairs_of_echoes(n_pairs=2), "4 slots"),
        (checks.design, lambda: pairs_of_echoes(values=6), "46,656 sentences"),
        (checks.design, ambiguous, "more than one way"),
        (checks.design, not_to_one, "must sum to 1"),
        (checks.design, lambda: 5, "should return a Grammar"),
    ],
)
def test_slips_get_the_sentence_that_fits(check, answer, words):
    result = check(answer)
    assert result.passed is False
    assert words in result.message


def test_the_oracles_agree_with_brute_force():
    # the written-out oracle and the chain rule of the check agree with brute force over all sentences
    language = pets()
    x, p = written_out(language)
    assert abs(float(p.sum()) - 1) < 1e-12 and len(x) == language.n_sentences == 12
    assert torch.allclose(language.log_prob(x).exp(), p)
    for row in x:
        rest = (x[:, [1, 3]] == row[[1, 3]]).all(1)
        best = float((p[rest] / p[rest].sum()).max())  # each pair of words 0 and 2 is one sentence
        assert abs(checks._pair_by_cavity(language, row, 0, 2)[0].max() - best) < 1e-12

"""Checks of the chapter "How can you know the probability of every sentence?": the oracles write them all out."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn.functional import one_hot

from uddm_mini.teaching.answers import (
    BITS,
    ONLY_PUBLIC,
    Cases,
    as_number,
    as_tensor,
    ask,
    ask_each,
    close,
    compare,
    questions,
    sums_to_one,
    wrong,
)
from uddm_mini.teaching.exercises import exercise
from uddm_mini.worlds.automaton import Arcs, compile_grammar
from uddm_mini.worlds.grammar import Grammar, echo
from uddm_mini.worlds.toy_language import ToyLanguage

from .toy_language_worlds import crossroads, pets, written_out


def _arrows(language: ToyLanguage) -> list[Arcs]:
    """Compile the language's grammar as the chapter does."""
    return compile_grammar(language.grammar, {word: i for i, word in enumerate(language.words)})


@exercise(1, "Count without writing out", level="warm-up", minutes=5, assesses="the forward recursion on counts")
def count_sentences(answer: Any, more: Cases = ()) -> str:
    """Compare with the sentences written out; the two classic slips are counting arrows and counting words."""
    language = pets()
    positions, right = _arrows(language), len(written_out(language)[0])
    worlds = [language for (language,) in more]
    given, of_english, *others = (
        count for _, count in ask_each(answer, [(_arrows(w),) for w in (language, ToyLanguage(), *worlds)])
    )
    got = as_number(given, "The number of sentences")
    slips = {
        "You returned 1: that is the total probability. Let every arrow add its count, without the factor p.": (
            close(got, 1)
        ),
        f"You multiplied the numbers of arrows and got {got:,.0f}. But an arrow can be taken only from the state where "
        "it starts; keep one count for each state.": math.prod(len(arcs.src) for arcs in positions),
        f"You added up all {got:,.0f} arrows. A sentence is a path: one arrow at each position.": (
            sum(len(arcs.src) for arcs in positions)
        ),
        f"You multiplied the numbers of words and got {got:,.0f}. But not every word may follow every other; this test "
        f"language has {right} sentences.": math.prod(len(set(arcs.word.tolist())) for arcs in positions),
    }
    compare(got, right, slips, "Start with one way to be in state 0.", within=0)
    hint = "You are right for a small language, but not for the book's."
    compare(as_number(of_english, "The number of sentences"), 1_382_400, hint=hint, within=0)
    for world, count in zip(worlds, others, strict=True):
        compare(as_number(count, "The number of sentences"), len(written_out(world)[0]), hint=ONLY_PUBLIC, within=0)
    return f"Right: {right} here, and 1,382,400 in the book's language. No sentence was written out."


@exercise(2, "The entropy of an echo", level="core", minutes=10, assesses="joint and conditional entropy")
@questions([(6, 0.8), (2, 0.7), (5, 0.2), (4, 1.0), (3, 0.0)], "For n = {n} and fidelity = {fidelity}")
def echo_entropies(n: int, fidelity: float, got: Any) -> str:
    """Compare with sums over the joint table of choice and echo."""
    got = as_tensor(got, (2,), "The pair of entropies")
    joint = torch.tensor(echo(n, fidelity), dtype=torch.float64) / n
    pair = -float(torch.special.xlogy(joint, joint).sum())
    alone = pair - math.log(n)  # the echo alone is uniform
    binary = alone - (1 - fidelity) * math.log(n - 1)
    among_n = binary + (1 - fidelity) * math.log(n)  # as if the value itself were one of the others
    failed = (1 - fidelity) / n  # as if each of the other values had all of what the others share
    unshared = -math.log(fidelity / n) * fidelity - n * (n - 1) * failed * math.log(failed) if 0 < fidelity < 1 else 0
    slips = {
        BITS: [pair / math.log(2), alone / math.log(2)],
        "The two are in the other order: first the pair, then the choice given its echo.": [alone, pair],
        "As if the echo told nothing of the choice. It is the same value with probability fidelity.": (
            [2 * math.log(n), math.log(n)]
        ),
        f"The other values share what is left: each of the {n - 1} has (1 - fidelity) / (n - 1), or the table of pairs "
        "adds up to more than 1.": n > 2 and 0 < fidelity < 1 and close(got[0], unshared),
        f"A failed echo says one of the {n - 1} *other* values, and you share what is left among {n}.": (
            fidelity < 1 and close(got[1], among_n)
        ),
        "Your second number is what the echo tells of the choice. Asked for is what it leaves open: ln n minus that.": (
            [pair, math.log(n) - alone]
        ),
        f"Your second number is the surprise of 'echo or not'. When the echo fails, one of {n - 1} other values is "
        "still to be found: that adds (1 - fidelity) ln(n - 1).": n > 2 and fidelity < 1 and close(got[1], binary),
    }
    hint = "The second is the entropy of the pair, the first, minus that of the echo alone, which is ln n."
    compare(got, [pair, alone], slips, hint)
    return "Right. With n = 6 and fidelity 0.8 the second number, 0.82 nats, is the bar of the adjective in the figure."


@exercise(
    3,
    "A language model that reads from left to right",
    level="core",
    minutes=15,
    assesses="conditional probabilities by recursion",
)
def next_word(answer: Any, more: Cases = ()) -> str:
    """Compare with the sentences written out, after every prefix that the language can say."""
    for language in (pets(), *(language for (language,) in more)):
        _next_words(answer, language)
    return "Right. With this and a random number you can write sentences word by word, as most language models do."


def _next_words(answer: Any, language: ToyLanguage) -> None:
    """Ask for the next word after every prefix of a small language, and at the beginning of the book's."""
    positions, (x, p) = _arrows(language), written_out(language)
    prefixes = [prefix for k in range(language.length) for prefix in sorted({tuple(row) for row in x[:, :k].tolist()})]
    english = ToyLanguage()
    questions = [(list(prefix), positions, language.vocab_size) for prefix in prefixes]
    questions.insert(1, ([], _arrows(english), english.vocab_size))  # another language, before anything is said
    for prefix, _, vocab_size, given in ask_each(answer, questions):
        got, k = as_tensor(given, (vocab_size,)), len(prefix)
        if vocab_size == english.vocab_size:
            seen = one_hot(english.sample(1, 0)[0], vocab_size).double().fill_(1)  # every word may stand anywhere
            weight, spoken = english.cavity(seen[None])[0, 0].exp(), english
            anyhow = weight
        else:
            starts = (x[:, :k] == torch.tensor(prefix, dtype=torch.int64)).all(1)
            weight = torch.zeros(vocab_size, dtype=torch.float64).index_add_(0, x[starts, k], p[starts])
            anyhow = torch.zeros(vocab_size, dtype=torch.float64).index_add_(0, x[:, k], p)
            spoken = language
        right = weight / weight.sum()
        said = " ".join(spoken.words[i] for i in prefix) or "(nothing yet)"
        hint = (
            f"After {said!r} the next word should be {_listed(right, spoken)}, but you said {_listed(got, spoken)}. "
            "Count every arrow at position k with the probability of the state where it starts."
        )
        slips: dict[str, Any] = {
            "That is the next word whatever was said. In the prefix, follow only the arrows that say its words; then "
            "count every arrow with the probability of the state where it starts.": anyhow / anyhow.sum(),
            **sums_to_one(got),
        }
        compare(got, right, {f"After {said!r}: {slip}": shown for slip, shown in slips.items()}, hint)


def _listed(p: torch.Tensor, language: ToyLanguage) -> str:
    best = p.argsort(descending=True, stable=True)[:3].tolist()
    return ", ".join(f"{language.words[i]} {float(p[i]):.2f}" for i in best if float(p[i]) > 0) or "nothing"


@exercise(4, "Two lost words at once", level="core", minutes=15, assesses="joint guesses against single ones")
def best_pair(answer: Any, more: Cases = ()) -> str:
    """Compare with sums over the sentences that agree with the visible words."""
    english, animals, ways = ToyLanguage(), pets(), crossroads()
    questions = [(animals, x, i, j) for x in animals.sample(3, 0) for i, j in ((0, 2), (1, 3), (0, 1))]
    questions += [(ways, x, i, j) for x in ways.sample(2, 0) for i, j in ((0, 1), (1, 0))]
    questions += [(english, x, i, j) for x in english.sample(1, 0) for i, j in ((1, 3), (1, 11), (2, 4))]
    questions += more
    for language, x, i, j, given in ask_each(answer, questions):
        got, at = as_number(given, "The probability"), f"For {language.decode(x)[0]!r} with positions {i} and {j} lost"
        table, alone, cavity, greedy = _pair_by_cavity(language, x, i, j)
        joint = float(table.max())
        rest = float(language.log_prob(x[None]).exp()) / float(table[x[i], x[j]])  # p(visible words)
        slips = {
            f"{at} you returned {got:.3f}, as if one word were guessed first and the other one to fit it. The best "
            f"pair need not hold the best single word: look at all pairs. The best has {joint:.3f}.": greedy,
            f"{at} you returned {got:.3f}, as if each word were guessed while the other is still visible. Both are "
            "gone.": cavity,
            f"{at} you returned {got:.3f}, the product of the two best single guesses. The words depend on each other: "
            f"the best pair has probability {joint:.3f}.": alone,
            f"{at} you returned {got:.3g}, the probability of a whole sentence. The visible words are given: divide by "
            "their probability.": joint * rest,
            f"{at} you returned {got:.3f}, what the two best single guesses are worth together. The best pair need not "
            f"be made of them: look at all pairs. The best has {joint:.3f}.": (
                float(table[table.sum(dim=1).argmax(), table.sum(dim=0).argmax()])
            ),
        }
        compare(got, joint, slips, f"{at} this is the probability of the most probable pair.")
    return "Right. A pair is not two single guesses: an adjective and its adverb agree even when both are unknown."


def _pair_by_cavity(
    language: ToyLanguage, x: torch.Tensor, i: int, j: int
) -> tuple[torch.Tensor, float, float, tuple[float, float]]:
    """Return the probabilities of all pairs by the chain rule, the products of the best single guesses and of the two
    cavities, and the pairs of who guesses one word first, i or j, and the other one to fit it.
    """
    vocab = language.vocab_size
    seen = one_hot(x, vocab).double()
    both = seen.clone()
    both[[i, j]] = 1.0
    first, second = language.cavity(both[None])[0, [i, j]].exp()  # p(x_i | rest), p(x_j | rest)
    table = torch.zeros(vocab, vocab, dtype=torch.float64)  # p(x_i = v, x_j = w | rest)
    for v in first.nonzero().flatten().tolist():  # p(x_i = v | rest) times p(x_j | x_i = v, rest)
        given = both.clone()
        given[i] = one_hot(torch.tensor(v), vocab)
        table[v] = first[v] * language.cavity(given[None])[0, j].exp()
    own = language.cavity(seen[None])[0].exp().amax(-1)  # [L], each word lost alone
    greedy = (float(table[int(first.argmax())].max()), float(table[:, int(second.argmax())].max()))
    return table, float(first.max() * second.max()), float(own[i] * own[j]), greedy


@exercise(5, "Design a language", level="stretch", minutes=20, assesses="redundancy designed to a number")
def design(answer: Any) -> str:
    """Compute the Bayes ceiling of the student's grammar exactly, over all its sentences."""
    grammar = ask(answer)
    if not isinstance(grammar, Grammar):
        wrong(f"design() should return a Grammar, but returned {type(grammar).__name__}.")
    if len(grammar.slots) < 6 or len(grammar.slots) > 16:
        wrong(f"The grammar has {len(grammar.slots)} slots; give it 6 to 16.")
    try:
        language = ToyLanguage(grammar)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        wrong(f"The grammar cannot be compiled. {type(error).__name__}: {error}")
    n = language.n_sentences
    if not 1_000 <= n <= 20_000:
        wrong(f"The grammar says {n:,} sentences; make it 1,000 to 20,000 by changing the number of values or choices.")
    x, p = written_out(language)
    ceiling = 0.0
    for some, weight in zip(x.split(1000), p.split(1000), strict=True):
        best = language.cavity(one_hot(some, language.vocab_size)).exp().amax(-1)  # [1000, L]
        ceiling += float((weight * best.mean(1)).sum())
    if ceiling > 0.76:
        wrong(f"The ceiling is {ceiling:.3f}: lost words are too easy. Make the echoes less faithful, or drop some.")
    if ceiling < 0.74:
        wrong(f"The ceiling is {ceiling:.3f}: lost words are too hard. Voice more choices twice, or more faithfully.")
    return f"Your language has {n:,} sentences, and the best guess restores {ceiling:.1%} of single lost words."

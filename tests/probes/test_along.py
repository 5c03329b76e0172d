"""The entropy from left to right, against its exact value; words filled in, against the law of a tiny language."""

import math

import pytest
import torch

from uddm_mini import AbsorbingNoise, MemorizingDenoiser, PopulationDenoiser, ToyLanguage, UniformNoise, sample
from uddm_mini.probes.along import entropy_along, language_entropy_along, memory_entropy_along
from uddm_mini.sampling import fill
from uddm_mini.worlds.grammar import Choice, Grammar, Slot

# the first word decides between two and six others; the third repeats the first, or is open
LANGUAGE = ToyLanguage(
    Grammar(
        (
            Choice("a", (0.5, 0.3, 0.2)),
            Choice("b", ((0.9, 0.1), (0.5, 0.5), (0.2, 0.8)), parent="a"),
            Choice("c", (0.25, 0.75)),
        ),
        (
            Slot(("a",), ("red", "green", "blue")),
            Slot(("b",), ("sky", "sea")),
            Slot(("a", "c"), (("red", "dark"), ("green", "light"), ("blue", "blue2"))),
        ),
    )
)
V, L = LANGUAGE.vocab_size, LANGUAGE.length
EVERY, P = LANGUAGE.every()
NOISES = [UniformNoise(V), AbsorbingNoise(V)]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def exact_along(x):
    """H(x_l | x_<l) of every word, by enumeration."""
    out = torch.zeros(x.shape, dtype=torch.float64)
    for b, row in enumerate(x):
        for place in range(x.shape[1]):
            mass = P * (EVERY[:, :place] == row[:place]).all(dim=1)
            words = torch.zeros(V, dtype=torch.float64).index_add_(0, EVERY[:, place], mass)
            out[b, place] = torch.special.entr(words / words.sum()).sum()
    return out


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
@pytest.mark.parametrize("known", [[True, False, False], [False, False, True], [False, True, False]])
def test_what_is_filled_in_has_the_law_of_the_language(noise, known):
    x = LANGUAGE.encode(["green sea light"]).repeat(6000, 1)
    mask = torch.tensor(known).expand(x.shape)
    out = fill(PopulationDenoiser(LANGUAGE, noise), x, mask, 24, corrections=6, generator=seeded())
    assert bool((out == x)[mask].all())
    wanted = P * (x[0] == EVERY)[:, torch.tensor(known)].all(dim=1)
    wanted /= wanted.sum()
    found = torch.stack([(out == row).all(dim=1).double().mean() for row in EVERY])
    assert float(found.sum()) > 0.98, "it says what the language can say"
    torch.testing.assert_close(found, wanted, atol=0.035, rtol=0)  # 5 standard errors of 0.0065


def test_without_corrections_the_known_word_is_followed_too_little():
    x = LANGUAGE.encode(["blue sea blue2"]).repeat(4000, 1)
    mask = torch.tensor([True, False, False]).expand(x.shape)
    model, shares = PopulationDenoiser(LANGUAGE, UniformNoise(V)), []
    for corrections in (0, 6):
        out = fill(model, x, mask, 4, corrections=corrections, generator=seeded())
        shares.append(float(LANGUAGE.log_prob(out).isfinite().double().mean()))
    assert shares[1] > shares[0] + 0.02


def test_nothing_known_is_a_sample_and_all_known_is_the_text():
    model = PopulationDenoiser(LANGUAGE, UniformNoise(V))
    x = LANGUAGE.sample(50, 0)
    assert torch.equal(fill(model, x, torch.ones_like(x, dtype=torch.bool), 3, corrections=2, generator=seeded()), x)
    free = fill(model, x.repeat(80, 1), torch.zeros(4000, L, dtype=torch.bool), 16, corrections=3, generator=seeded(1))
    written = sample(model, 4000, L, 16, corrections=3, generator=seeded(2))
    rates = [torch.stack([(out == row).all(dim=1).double().mean() for row in EVERY]) for out in (free, written)]
    torch.testing.assert_close(*rates, atol=0.04, rtol=0)


@pytest.mark.parametrize("known", [torch.ones(2, 3), torch.ones(2, 2, dtype=torch.bool)])
def test_a_wrong_mask_is_named(known):
    model = PopulationDenoiser(LANGUAGE, UniformNoise(V))
    with pytest.raises(ValueError, match=r"known must be bool\[2, 3\]"):
        fill(model, torch.zeros(2, 3, dtype=torch.int64), known)


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_entropy_from_left_to_right_is_that_of_the_language(noise):
    x = LANGUAGE.encode(["red sky red", "green sea light", "blue sea blue2"])
    found = entropy_along(PopulationDenoiser(LANGUAGE, noise), x, 600, 24, 6, generator=seeded())
    torch.testing.assert_close(found, exact_along(x), atol=0.12, rtol=0)  # 600 draws: a standard error of 0.03


def test_of_a_memory_it_is_the_number_of_memories_that_begin_so():
    memories = LANGUAGE.encode(["red sky red", "red sea dark", "green sea light"])
    found = entropy_along(MemorizingDenoiser(memories, UniformNoise(V)), memories, 400, 24, generator=seeded())
    thirds = math.log(3) - 2 / 3 * math.log(2)
    expected = torch.tensor([[thirds, math.log(2), 0], [thirds, math.log(2), 0], [thirds, 0, 0]]).double()
    torch.testing.assert_close(found, expected, atol=0.15, rtol=0)
    with pytest.raises(ValueError, match="at least 2 draws"):
        entropy_along(MemorizingDenoiser(memories, UniformNoise(V)), memories, 1)


def test_the_exact_entropy_is_that_of_enumeration_and_its_chain_is_the_entropy_of_a_sentence():
    exact = language_entropy_along(LANGUAGE, EVERY)
    torch.testing.assert_close(exact, exact_along(EVERY), atol=1e-12, rtol=0)
    assert float(P @ exact.sum(dim=1)) == pytest.approx(LANGUAGE.entropy(), abs=1e-12)
    assert float(exact[:, 1].max() - exact[:, 1].min()) > 0.1, "what is open hangs on what was said"
    assert language_entropy_along(LANGUAGE, EVERY[:0]).shape == (0, L)


def test_what_comes_later_does_not_count():
    x = LANGUAGE.encode(["red sky red", "red sea dark"])
    exact = language_entropy_along(LANGUAGE, x)
    torch.testing.assert_close(exact[0, :2], exact[1, :2])


def test_a_beginning_that_the_language_cannot_say_is_refused():
    with pytest.raises(ValueError, match="contradicts every sentence"):
        language_entropy_along(LANGUAGE, LANGUAGE.encode(["sky sky red"]))


def test_of_every_place_in_the_book_s_language_as_many_nats_are_open_as_it_has_choices(english):
    exact = language_entropy_along(english, english.sample(40, seed=0))
    by_hand = [math.log(4), math.log(6), math.log(4), None, math.log(8), 0, math.log(4), 0, 0, math.log(5), 0]
    for place, nats in enumerate(by_hand):
        if nats is not None:
            torch.testing.assert_close(exact[:, place], torch.full((40,), nats).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(exact.sum(dim=1), torch.full((40,), english.entropy()).double())


@pytest.mark.parametrize("seed", [0, 1])
def test_of_a_memory_it_is_counted(seed):
    memories = torch.randint(3, (9, 4), generator=seeded(seed))
    found = memory_entropy_along(memories)
    for b, row in enumerate(memories.tolist()):
        for place in range(4):
            said = [one[place] for one in memories.tolist() if one[:place] == row[:place]]
            shares = [said.count(word) / len(said) for word in set(said)]
            assert float(found[b, place]) == pytest.approx(-sum(p * math.log(p) for p in shares), abs=1e-12)
    different = torch.tensor([[0, 1, 1], [0, 1, 2], [0, 2, 1], [1, 1, 1]])
    assert float(memory_entropy_along(different).sum(dim=1).mean()) == pytest.approx(math.log(4), abs=1e-12)

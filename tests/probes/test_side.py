"""The side of the transition: exact denoisers on either side, networks, one that learned nothing; numbers by hand."""

import pytest
import torch

from uddm_mini import (
    AbsorbingNoise,
    MemorizingDenoiser,
    NgramDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    TransformerDenoiser,
    UniformNoise,
    conditional_entropy,
    crossing,
    load,
    mean_nelbo,
    sample,
)
from uddm_mini.chapters.ledger import detail
from uddm_mini.chapters.quantities import side_scores
from uddm_mini.probes.side import MUCH_SURER, THRESHOLD, Side, side_by_sentence, side_of_transition
from uddm_mini.teaching.results import committed, results_path
from uddm_mini.worlds import WORLDS
from uddm_mini.worlds.drawn import draw_corpus

LANGUAGE = ToyLanguage()
CORPUS = LANGUAGE.corpus(n_train=512)
NOISE = UniformNoise(LANGUAGE.vocab_size)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("kind", [UniformNoise, AbsorbingNoise])
def test_exact_denoisers_of_every_language_are_on_their_sides(name, kind):
    language = WORLDS[name]()
    corpus, noise = draw_corpus(language, 512), kind(language.vocab_size)
    for model, verdict in (
        (PopulationDenoiser(language, noise), "generalizes"),
        (MemorizingDenoiser(corpus.subset(16, 0), noise), "memorizes"),
        (TransformerDenoiser(noise, language.length), "undecided"),
    ):
        found = side_of_transition(model, corpus.held_out, sentences=128, steps=16, generator=seeded())
        assert found.verdict() == verdict, (found, found.score)


@pytest.mark.parametrize(("n", "verdict"), [(16, "memorizes"), (256, "generalizes"), (8192, "generalizes")])
def test_stored_networks_far_from_the_crossing(n, verdict):
    model = load(results_path(f"models/toy-n{n}.safetensors"))
    found = side_of_transition(model, CORPUS.held_out, generator=seeded())
    assert found.verdict() == verdict and (found.score > THRESHOLD) == (n == 16)


def test_every_number_is_that_of_a_separate_call():
    model, fresh = load(results_path("models/toy-n64.safetensors")), CORPUS.held_out[:80]
    found = side_of_transition(model, fresh, sentences=30, steps=8, ignore=[3], generator=seeded(4))
    asked = fresh[40:][:30]
    table = NgramDenoiser(fresh[:40], NOISE, order=2)
    own = sample(model, 30, 14, 8, generator=seeded(4))
    assert found.own == pytest.approx(float(conditional_entropy(model, own)[own != 3].double().mean()))
    assert found.fresh == pytest.approx(float(conditional_entropy(model, asked)[asked != 3].double().mean()))
    assert found.table_entropy == pytest.approx(float(conditional_entropy(table, asked)[asked != 3].mean()))
    assert found.cost == pytest.approx(mean_nelbo(model, asked, [3]))
    assert found.table_cost == pytest.approx(mean_nelbo(table, asked, [3]))
    assert found.score == pytest.approx((found.fresh - found.own) / found.table_entropy)


def test_the_three_answers():
    assert Side(0.1, 0.6, 9.0, 1.0, 2.0).verdict() == "memorizes"
    assert Side(0.5, 0.5, 1.0, 1.0, 2.0).verdict() == "generalizes"
    assert Side(0.5, 0.5, 3.0, 1.0, 2.0).verdict() == "undecided", "unsure, and knows less than a table"
    assert Side(0.4, 0.5, 3.0, 1.0, 2.0).verdict(threshold=0.05) == "memorizes"
    assert Side(0.01, 0.1, 3.0, 1.0, 2.0).verdict() == "memorizes", "sure of everything, and wrong"
    assert Side(0.1, 0.6, 1.0, 1.0, 2.0).verdict() == "undecided", (
        "surer of its own text, and yet it knows the language"
    )
    with pytest.raises(ValueError, match="Four fresh sentences are needed at least"):
        side_of_transition(PopulationDenoiser(LANGUAGE, NOISE), CORPUS.held_out[:3])


def test_the_threshold_is_where_the_stored_grid_puts_it():
    table = NgramDenoiser(CORPUS.held_out[:512], NOISE, order=2)
    open_words = float(conditional_entropy(table, CORPUS.held_out[512:]).mean())
    assert open_words == pytest.approx(1.18, abs=0.01)
    found = side_scores(lambda name: committed(name), [f"toy-{size}" for size in ("small", "medium", "large")])
    least, most = found[found.memory].score.min(), found[~found.memory].score.max()
    assert pytest.approx((least + most) / 2 / 1.18, rel=1e-3) == THRESHOLD
    assert int((found.score[found.memory].to_numpy()[:, None] <= found.score[~found.memory].to_numpy()).sum()) <= 1


def test_only_networks_left_of_their_crossing_are_that_much_surer():
    for size in ("small", "medium", "large"):
        table, at = committed(f"toy-{size}/details"), crossing(committed(f"toy-{size}/sweep"), t=0.25).n
        own, fresh = (detail(table, "entropy", split) for split in ("generated", "held-out"))
        assert bool(((own / fresh)[own.index > at] > MUCH_SURER).all(axis=None))


def test_the_limits_of_the_three_answers():
    assert Side(0.3, 0.35, 3.0, 1.0, 2.0).verdict() == "undecided", "sure of both kinds of text alike"
    assert Side(0.5, 0.75, 1.0, 1.0, 2.0).verdict(threshold=0.25) == "generalizes", "a score at the threshold"
    assert Side(0.5, 0.75, 3.0, 1.0, 2.0).verdict(threshold=0.25) == "undecided", "and not above it"
    assert Side(0.5, 0.5, 2.0, 1.0, 2.0).verdict() == "undecided", "no better than the table"
    least = side_of_transition(PopulationDenoiser(LANGUAGE, NOISE), CORPUS.held_out[:4], sentences=2, steps=2)
    assert least.table_entropy > least.fresh


def test_sentence_by_sentence_it_is_the_same_and_other_sentences_give_their_own():
    model, fresh = load(results_path("models/toy-n64.safetensors")), CORPUS.held_out[:80]
    given = {"sentences": 30, "steps": 8, "ignore": [3]}
    found = side_by_sentence(model, fresh, **given, generator=seeded(4))
    assert found.side() == side_of_transition(model, fresh, **given, generator=seeded(4))
    own, asked = sample(model, 30, 14, 8, generator=seeded(4))[[5, 5, 7]], fresh[40:][[1, 2]]
    part = found.side(torch.tensor([5, 5, 7]), torch.tensor([1, 2]))
    assert part.own == pytest.approx(float(conditional_entropy(model, own)[own != 3].double().mean()))
    assert part.fresh == pytest.approx(float(conditional_entropy(model, asked)[asked != 3].double().mean()))
    again = found.redrawn(200, 0)
    assert again == found.redrawn(200, 0) != found.redrawn(200, 1)
    least, most = torch.tensor([[one.own, one.cost] for one in again]).double().aminmax(dim=0)
    assert bool((least < torch.tensor([found.side().own, found.side().cost])).all())
    assert bool((most > torch.tensor([found.side().own, found.side().cost])).all())


def test_the_table_is_asked_of_no_more_sentences_at_once_than_the_model(monkeypatch):
    """Of 30,000 words and 128 tokens a thousand answers would be 30 GB."""
    sizes, answer = [], NgramDenoiser.__call__
    monkeypatch.setattr(NgramDenoiser, "__call__", lambda self, xt, t: sizes.append(len(xt)) or answer(self, xt, t))
    model = PopulationDenoiser(LANGUAGE, NOISE)
    whole = side_of_transition(model, CORPUS.held_out[:16], sentences=8, steps=1)
    assert max(sizes) > 3
    sizes.clear()
    model.batch_size = 3
    parts = side_of_transition(model, CORPUS.held_out[:16], sentences=8, steps=1)
    assert max(sizes) == 3
    assert parts.table_cost == pytest.approx(whole.table_cost, rel=1e-9)
    assert parts.table_entropy == pytest.approx(whole.table_entropy, rel=1e-9)

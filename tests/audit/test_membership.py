"""Membership scores: exact denoisers on either side, stored networks, and every number by a second way."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest
import torch

from uddm_mini import (
    AbsorbingNoise,
    MembershipSettings,
    MemorizingDenoiser,
    ModelSettings,
    PopulationDenoiser,
    TransformerDenoiser,
    UniformNoise,
    Wrapped,
    compare_scores,
    conditional_entropy,
    load,
    membership_scores,
)
from uddm_mini.audit.membership import LEAST, random_places
from uddm_mini.probes.nelbo import sentence_nelbo
from uddm_mini.teaching.results import results_path
from uddm_mini.worlds.drawn import draw_corpus

SCORES = ["nelbo", "nelbo_zlib", "min_k", "entropy", "recovery", "votes"]
FEW = MembershipSettings(draws=4, shares=(0.25, 0.5), votes=2)


@pytest.fixture(scope="module")
def text(english):
    return draw_corpus(english, 8192)


@pytest.fixture
def model(corpus):
    return TransformerDenoiser(UniformNoise(corpus.vocab_size), corpus.length, ModelSettings(8, 1, 2))


@pytest.mark.parametrize("kind", [UniformNoise, AbsorbingNoise])
def test_a_memory_is_told_and_the_language_itself_is_not(english, text, kind):
    noise, members, strangers = kind(english.vocab_size), text.subset(40, 0), text.held_out[:100]
    memory, language = MemorizingDenoiser(members, noise), PopulationDenoiser(english, noise)
    few = MembershipSettings(draws=8, shares=(0.25,), votes=4)
    tables = [membership_scores(memory, x, few, reference=language) for x in (members, strangers)]
    assert list(tables[0]) == [*SCORES, "calibrated"]
    found = compare_scores(*tables)
    sure = found.drop(index="entropy")  # a memory is sure of strangers, too
    assert bool((sure["auc"] > 0.999).all()) and bool((sure["tpr_at_1"] > 0.95).all())
    # the language knows neither kind: every area, of seven, within an interval that holds it 999 times in 1,000
    blind = [membership_scores(language, x, few, reference=memory) for x in (text.subset(100, 0)[40:], strangers)]
    found = compare_scores(*blind, confidence=0.999)
    assert bool(((found["low"] < 0.5) & (found["high"] > 0.5)).all())


def test_stored_networks_are_told_in_the_order_of_their_sizes(english, text):
    strangers, areas = text.held_out[:256], {}
    reference = PopulationDenoiser(english, UniformNoise(english.vocab_size))  # a stored network has seen the members
    for n in (64, 128, 256, 8192):
        network = load(results_path(f"models/toy-n{n}.safetensors"))
        tables = [membership_scores(network, x, reference=reference) for x in (text.subset(n, 0)[:256], strangers)]
        areas[n] = compare_scores(*tables)
    # as measured with 1,024 strangers, and two or more standard errors of 256 away from it
    assert bool((areas[64]["auc"] > 0.95).all())
    for name in ("nelbo", "min_k", "votes", "calibrated"):
        falling = [areas[n]["auc"][name] for n in (64, 128, 256)]
        assert falling == sorted(falling, reverse=True) and falling[1] > 0.8 and falling[2] > 0.55
    assert areas[128]["auc"]["calibrated"] > areas[128]["auc"]["nelbo"] + 0.04, "a reference knows what is easy"
    assert bool((areas[8192].drop(index="calibrated")["auc"] - 0.5).abs().max() < 0.08)


def test_every_score_by_a_second_way(model, corpus):
    x, ignore = corpus.held_out[:4], (int(corpus.held_out[0, 2]), int(corpus.held_out[1, 5]))
    words = corpus.decode(x)
    settings = MembershipSettings(k_percent=30, draws=4, shares=(0.5,), votes=2, clean_t=0.01, seed=5)
    got = membership_scores(model, x, settings, ignore=ignore, text=words)
    assert got.attrs == {"zlib": "text"}
    nelbo = sentence_nelbo(model, x, ignore, 5, 4)
    cavity, entropy = model.cavity(x, 0.01).double(), conditional_entropy(model, x, 0.01).double()
    for row in range(4):
        kept = [place for place in range(14) if int(x[row, place]) not in ignore]
        own = sorted(float(cavity[row, place, x[row, place]]) for place in kept)
        k = int(0.3 * len(kept))
        assert got["min_k"][row] == pytest.approx(sum(own[:k]) / k, rel=1e-6)
        assert got["entropy"][row] == pytest.approx(-sum(float(entropy[row, p]) for p in kept) / len(kept), rel=1e-6)
        assert got["nelbo"][row] == pytest.approx(-float(nelbo[row]))
        size = len(zlib.compress(words[row].encode(), 9))
        assert got["nelbo_zlib"][row] == pytest.approx(-float(nelbo[row]) * len(kept) / size)
    # the same changes again, from the same seed
    counted = ~torch.isin(x, torch.tensor(ignore))
    wanted = (counted.sum(dim=1) / 2).round().long()
    generator, back, votes = torch.Generator().manual_seed(5), [], []
    for _ in range(2):
        changed = random_places(counted, wanted, generator)
        xt = torch.where(changed, model.noise.other_tokens(x, generator), x)
        t = torch.tensor([model.noise.level_of(int(k) / int(n)) for k, n in zip(wanted, counted.sum(dim=1))])  # noqa: B905
        right, truth = model.best_guess(xt, t) == x, model.cavity(xt, t).gather(2, x[:, :, None])[:, :, 0]
        back.append([float(right[row][changed[row]].double().mean()) for row in range(4)])
        votes.append([float(truth[row][changed[row]].double().mean()) for row in range(4)])
    assert got["recovery"].tolist() == pytest.approx(np.mean(back, axis=0).tolist())
    assert got["votes"].tolist() == pytest.approx(np.mean(votes, axis=0).tolist(), rel=1e-5)


def test_a_reference_sees_the_same_noise(model, corpus):
    x = corpus.held_out[:6]
    assert bool((membership_scores(model, x, FEW, reference=model)["calibrated"] == 0).all())
    other = TransformerDenoiser(model.noise, corpus.length, ModelSettings(8, 1, 2), seed=3)
    got = membership_scores(model, x, FEW, reference=other)
    theirs = membership_scores(other, x, FEW)
    assert got["calibrated"].tolist() == pytest.approx((got["nelbo"] - theirs["nelbo"]).tolist())


def test_scores_do_not_depend_on_batches_and_do_on_the_seed(model, corpus):
    x = corpus.held_out[:9]
    first = membership_scores(model, x, FEW)
    model.batch_size = 4
    np.testing.assert_allclose(membership_scores(model, x, FEW), first, rtol=1e-4, atol=1e-6)
    again = membership_scores(model, x, MembershipSettings(draws=4, shares=(0.25, 0.5), votes=2, seed=1))
    assert bool((again[["nelbo", "votes"]] != first[["nelbo", "votes"]]).all(axis=None))
    assert again[["min_k", "entropy"]].to_numpy() == pytest.approx(first[["min_k", "entropy"]].to_numpy(), rel=1e-4)
    assert first.attrs == {"zlib": "token ids"}


def test_what_a_model_rules_out_counts_as_a_number_of_nats(english, corpus):
    memory = MemorizingDenoiser(corpus.train[:1], UniformNoise(english.vocab_size))
    got = membership_scores(memory, corpus.train[1:2], FEW)
    assert got["min_k"][0] == LEAST and bool(np.isfinite(got).all(axis=None))
    both = membership_scores(
        MemorizingDenoiser(corpus.train[:1], AbsorbingNoise(english.vocab_size)),
        corpus.train[1:2],
        FEW,
        reference=MemorizingDenoiser(corpus.train[2:3], AbsorbingNoise(english.vocab_size)),
    )
    assert both["nelbo"][0] == -math.inf and both["calibrated"][0] == 0.0


def test_places_are_drawn_evenly_among_what_counts(generator):
    counted = torch.tensor([[True, True, False, True, True]]).expand(4000, 5)
    places = random_places(counted, torch.full((4000,), 2), generator)
    assert bool((places.sum(dim=1) == 2).all()) and not bool(places[:, 2].any())
    # each of 6 pairs with 4000 / 6 = 667, standard deviation 24
    pairs = places.long() @ torch.tensor([1, 2, 4, 8, 16])
    counts = pairs.unique(return_counts=True)[1]
    assert len(counts) == 6 and bool(((counts - 667).abs() < 120).all())


def test_one_bad_sentence_anywhere_is_refused(corpus):
    noise = UniformNoise(corpus.vocab_size)

    def sick(xt, t):
        out = torch.zeros(*xt.shape, noise.vocab_size).log_softmax(dim=2)
        out[xt[:, 0] == corpus.held_out[3, 0], 5] = torch.nan  # the first sentence of a batch would be noticed before
        return out

    healthy = corpus.held_out[:, 0] != corpus.held_out[3, 0]
    x = torch.cat([corpus.held_out[healthy][:3], corpus.held_out[3:4]])
    with pytest.raises(ValueError, match="NaN"):
        membership_scores(Wrapped(sick, noise, "cavity"), x, MembershipSettings(1.0, 1, (0.01,), 1))


def test_bad_input_is_named(model, corpus):
    x = corpus.held_out[:2]
    other = TransformerDenoiser(UniformNoise(7), 14, ModelSettings(8, 1, 2))
    for call, message in (
        (lambda: membership_scores(model, x[:0]), "at least one sentence"),
        (lambda: membership_scores(model, x[0]), "at least one sentence"),
        (lambda: membership_scores(model, x + 200), "encode it with its own"),
        (lambda: membership_scores(model, x, reference=other), "the reference has 7"),
        (lambda: membership_scores(model, x, text=["one"]), "1 texts for 2 sentences"),
        (lambda: membership_scores(model, x, ignore=x[1].tolist()), "1 of 2 sentences have no token that counts"),
        (lambda: MembershipSettings(k_percent=0), "k_percent lies above 0"),
        (lambda: MembershipSettings(votes=0), "votes are at least 1"),
        (lambda: MembershipSettings(shares=()), "shares lie above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_the_number_of_questions_is_what_is_asked(corpus):
    noise, asked = UniformNoise(corpus.vocab_size), []

    def counting(xt, t):
        asked.append(len(xt))
        return torch.zeros(*xt.shape, noise.vocab_size).log_softmax(dim=2)

    membership_scores(Wrapped(counting, noise, "cavity"), corpus.held_out[:3], FEW)
    assert sum(asked) == 3 * FEW.questions

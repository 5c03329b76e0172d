"""Probes that are asked for by name: each number against the call or the count that it stands for."""

from dataclasses import asdict
from zlib import crc32

import pytest
import torch

from uddm_mini import Corpus, MemorizingDenoiser, ProbeSettings, UniformNoise
from uddm_mini.models.local_memorizer import LocalMemorizingDenoiser
from uddm_mini.probes.along import entropy_along
from uddm_mini.probes.asked import ALONG, WINDOWS
from uddm_mini.probes.side import side_of_transition
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import probe

SETTINGS = ProbeSettings(times=(0.1, 0.5), sentences=40, writing_steps=4)


def subject(model, corpus, n=24):
    return Subject(model, corpus, corpus.subset(n, 0), SETTINGS, seed=3)


def own(name):
    return torch.Generator().manual_seed(crc32(f"{name} 3".encode()))


def by_name(rows, split="held-out"):
    return {(row["quantity"], row.get("t")): row["value"] for row in rows if row["split"] == split}


@pytest.fixture
def noise(corpus):
    return UniformNoise(corpus.vocab_size)


def test_a_local_memory_explains_itself_and_a_whole_one_has_nothing_new(corpus, noise):
    on = subject(LocalMemorizingDenoiser(corpus.subset(24, 0), noise, 2), corpus)
    found = by_name(probe(on, "local"))
    for t in SETTINGS.times:
        assert found["local_2", t] == found["local_right_2", t] == 1
        assert found["local_0", t] < 1 and found["novel", t] > 0
    whole = by_name(probe(subject(MemorizingDenoiser(corpus.subset(24, 0), noise), corpus), "local"))
    assert whole["novel", 0.1] == 0 and whole["local_right_2", 0.1] != whole["local_right_2", 0.1]


def test_shares_of_a_local_memory_are_counts_over_changed_words(corpus, noise):
    memories = corpus.subset(24, 0)
    model = LocalMemorizingDenoiser(memories, noise, 3)
    found, x0 = by_name(probe(subject(model, corpus), "local")), subject(model, corpus).text("held-out")
    xt = noise.corrupt(x0, 0.5, own("local at 0.5"))
    guess, one, whole = (
        LocalMemorizingDenoiser(memories, noise, k).best_guess(xt, 0.5, "posterior") for k in (3, 1, x0.shape[1])
    )
    hits = new = new_same = changed = 0
    for b in range(len(x0)):
        for place in range(x0.shape[1]):
            if xt[b, place] != x0[b, place] and int(x0[b, place]) not in corpus.ignore:
                changed += 1
                hits += int(guess[b, place] == one[b, place])
                if guess[b, place] == x0[b, place] != whole[b, place]:
                    new += 1
                    new_same += int(guess[b, place] == one[b, place])
    assert found["local_1", 0.5] == pytest.approx(hits / changed)
    assert found["novel", 0.5] == pytest.approx(new / changed)
    assert found["local_right_1", 0.5] == pytest.approx(new_same / new)
    assert {name for name, _ in found} == {"novel", *(f"local{part}_{k}" for part in ("", "_right") for k in WINDOWS)}


def test_the_side_is_that_of_a_separate_call(corpus, noise):
    model = MemorizingDenoiser(corpus.subset(24, 0), noise)
    found = by_name(probe(subject(model, corpus), "side"))
    fresh = corpus.held_out
    sentences = min(40, len(fresh) // 2)
    single = side_of_transition(model, fresh, sentences=sentences, steps=4, ignore=corpus.ignore, generator=own("side"))
    expected = {**asdict(single), "score": single.score, "verdict": 1}
    assert single.verdict() == "memorizes"
    assert found == {(f"side_{name}", None): value for name, value in expected.items()}


def test_the_entropy_from_left_to_right_is_that_of_a_separate_call():
    train = torch.tensor([[0, 1, 2], [0, 2, 1]])
    corpus = Corpus("three", train, torch.tensor([[1, 0, 2]]), ("a", "b", "."), ignore=(2,))
    model = MemorizingDenoiser(train, UniformNoise(3))
    found = by_name(probe(Subject(model, corpus, train, SETTINGS, seed=3), "along"), "train")
    x = train.repeat(8, 1)
    every = entropy_along(model, x, generator=own("along"))
    expected = [every[x[:, k] != 2, k].mean() if bool((x[:, k] != 2).any()) else float("nan") for k in range(3)]
    assert len(x) == ALONG
    assert [found[f"along_{k}", None] for k in range(3)] == pytest.approx([float(value) for value in expected])

"""What a denoiser knows of each class: means against sums by hand, errors against sentences drawn again."""

from __future__ import annotations

import math
from zlib import crc32

import numpy as np
import pytest
import torch

from uddm_mini import Corpus, NgramDenoiser, ProbeSettings, UniformNoise, Wrapped, conditional_entropy, token_recovery
from uddm_mini.probes.classes import CERTAIN, certainty_by_class, english_classes, recovery_by_class
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import probe
from uddm_mini.worlds.word_classes import BANDS, KINDS

WORDS = ("<pad>", "the", "cat", "##s", "of", "dog")
V = len(WORDS)


@pytest.fixture
def text():
    generator = torch.Generator().manual_seed(1)
    x = torch.multinomial(torch.tensor([0.1, 0.3, 0.2, 0.2, 0.1, 0.1]), 60 * 8, replacement=True, generator=generator)
    x = x.reshape(60, 8)
    return Corpus("made up", x[:40], x[40:], WORDS, ignore=(0,), unit="subword")


def unsure(seed=2):
    """A denoiser whose answer hangs on the place, and is certain at the first."""
    answer = torch.randn(8, V, generator=torch.Generator().manual_seed(seed)).double()
    answer[0, 2] = 30.0
    return Wrapped(lambda xt, t: answer.log_softmax(1).expand(len(xt), -1, -1), UniformNoise(V), "cavity")


def test_numbers_of_a_class_are_means_over_its_tokens(text):
    model, x = unsure(), text.held_out
    found = certainty_by_class(model, text, x)
    log_p = model.cavity(x, 1e-3)
    for name, mask in english_classes(text, x).items():
        entropies, surprises = [], []
        for b, k in torch.nonzero(mask).tolist():
            if int(x[b, k]) != 0:
                p = log_p[b, k].exp()
                entropies.append(-float((p * p.log()).sum()))
                surprises.append(-float(log_p[b, k, x[b, k]]))
        one = found[name]
        assert one.tokens == len(entropies)
        if entropies:
            assert one.entropy == pytest.approx(np.mean(entropies)) and one.surprise == pytest.approx(
                np.mean(surprises)
            )
            assert one.certain == pytest.approx(np.mean(np.array(entropies) < CERTAIN))
        else:
            assert math.isnan(one.entropy) and math.isnan(one.error) and math.isnan(one.certain)
    counted = int((x != 0).sum())
    assert sum(found[kind].tokens for kind in KINDS) == counted
    assert sum(found[f"band-{k + 1}"].tokens for k in range(BANDS)) == counted
    assert found["function"].tokens == sum(found[f"function-band-{k + 1}"].tokens for k in range(BANDS))


def test_the_error_is_that_of_sentences_drawn_again(text):
    model, x = unsure(), text.train
    one = certainty_by_class(model, text, x)["content"]
    entropy = conditional_entropy(model, x)
    mask = english_classes(text, x)["content"] & (x != 0)
    generator, means = torch.Generator().manual_seed(3), []
    for _ in range(2000):
        rows = torch.randint(len(x), (len(x),), generator=generator)
        means.append(float(entropy[rows][mask[rows]].mean()))
    assert one.entropy == pytest.approx(np.mean(means), abs=0.02)
    assert one.error == pytest.approx(np.std(means), rel=0.15)


def test_recovery_of_a_class_counts_its_changed_tokens(text):
    model, x = unsure(), text.held_out
    back = token_recovery(model, x, 0.5, ignore=(0,), generator=torch.Generator().manual_seed(0))
    found = recovery_by_class(back, text)
    for name, mask in english_classes(text, x).items():
        hits = [
            bool(back.out[b, k] == x[b, k])
            for b, k in torch.nonzero(mask).tolist()
            if int(x[b, k]) != 0 and back.xt[b, k] != x[b, k]
        ]
        share, changed = found[name]
        assert changed == len(hits) and (share == pytest.approx(np.mean(hits)) if hits else math.isnan(share))


def test_another_division_can_be_asked_for(text):
    def by_place(corpus, x):
        return {"first": torch.arange(x.shape[1]).expand(len(x), -1) == 0}

    found = certainty_by_class(unsure(), text, text.held_out, by_place)
    assert list(found) == ["first"] and found["first"].certain == 1


def test_the_probe_gives_both_denoisers(text):
    settings = ProbeSettings(times=(0.5,), sentences=12)
    on = Subject(unsure(), text, text.subset(16, 0), settings, seed=3)
    rows = probe(on, "classes")
    assert {row["split"] for row in rows} == {"held-out"}
    found = {(row.get("denoiser", "model"), row["quantity"], row.get("t")): row["value"] for row in rows}
    assert len(found) == len(rows)
    pairs = NgramDenoiser(text.subset(16, 0), UniformNoise(V), order=2)
    own = certainty_by_class(pairs, text, text.held_out[:12])
    assert found["pairs", "entropy_of_function", None] == own["function"].entropy
    mine = certainty_by_class(unsure(), text, text.held_out[:12])
    assert found["model", "error_of_band-1", None] == mine["band-1"].error
    draws = torch.Generator().manual_seed(crc32(b"classes at 0.5 3"))
    back = token_recovery(unsure(), text.held_out[:12], 0.5, ignore=(0,), generator=draws)
    assert found["model", "recovered_of_goes-on", 0.5] == recovery_by_class(back, text)["goes-on"][0]
    assert found["model", "changed_of_goes-on", 0.5] == recovery_by_class(back, text)["goes-on"][1]

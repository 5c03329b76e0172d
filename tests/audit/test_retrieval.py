"""Memory first: exact denoisers that know all by heart, or only the language, and stored networks between them."""

import pytest
import torch

from uddm_mini import (
    AbsorbingNoise,
    MemorizingDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    load,
    recall_or_generate,
    reverse_walk,
)
from uddm_mini.audit.retrieval import RecallSettings, measured_retrieval
from uddm_mini.teaching.results import results_path
from uddm_mini.walks import end_of
from uddm_mini.worlds.drawn import draw_corpus

LANGUAGE = ToyLanguage()
CORPUS = draw_corpus(LANGUAGE, 8192)
NOISE = UniformNoise(LANGUAGE.vocab_size)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", [UniformNoise, AbsorbingNoise])
def test_a_memorizer_answers_every_query_by_its_own_sentence(kind):
    memories, noise = CORPUS.subset(16, 0), kind(LANGUAGE.vocab_size)
    model = MemorizingDenoiser(memories, noise)
    found = recall_or_generate(model, noise.corrupt(memories, 0.3, seeded()), 0.3, generator=seeded(1))
    assert int(found.recalled.sum()) >= 15, "under masks a sentence may look like its nearest neighbor"
    assert torch.equal(found.text, memories) and torch.equal(found.ends, memories)
    assert torch.equal(found.recalled, found.returned >= 0.75) and bool(found.settled.all())


def test_the_exact_language_calls_few_of_its_ends_memories_and_writes_the_rest():
    model, x = PopulationDenoiser(LANGUAGE, NOISE), CORPUS.held_out[:100]
    xt = NOISE.corrupt(x, 0.25, seeded())
    found = recall_or_generate(model, xt, 0.25, generator=seeded(1))
    assert int(found.recalled.sum()) <= 5, "what the default numbers were set for"
    written = found.text[~found.recalled]
    assert bool(LANGUAGE.log_prob(written).isfinite().double().mean() > 0.8)
    narrow = recall_or_generate(model, xt, 0.25, RecallSettings(t=0.25, returns=0.5), generator=seeded(1))
    assert int(narrow.recalled.sum()) > 30, "a language has narrow basins too"


def test_where_no_memory_answers_the_text_is_that_of_plain_sampling():
    model, x = PopulationDenoiser(LANGUAGE, NOISE), CORPUS.held_out[:6]
    xt, settings = NOISE.corrupt(x, 0.5, seeded()), RecallSettings(returns=1.0, t=1.0, corruptions=1, steps=4)
    generator = seeded(3)
    found = recall_or_generate(model, xt, 0.5, settings, generator=generator)
    assert not bool(found.recalled.any()) and found.returned.tolist() == [0.0] * 6
    again = seeded(3)
    NOISE.corrupt(found.ends, 1.0, again)
    assert torch.equal(found.text, end_of(reverse_walk(model, xt, 0.5, 4, generator=again)))


def test_padding_need_not_come_back():
    x = CORPUS.subset(8, 0)
    words = MemorizingDenoiser(x, NOISE)

    class Restless(MemorizingDenoiser):
        """Says another last word than the memory at every noise level but the lowest."""

        def __call__(self, xt, t):
            log_p0 = words(xt, t)
            log_p0[t > 0.4, -1] = log_p0[t > 0.4, -1].roll(1, dims=1)
            return log_p0

    model = Restless(x, NOISE)
    xt = NOISE.corrupt(x, 0.1, seeded())
    last = x[:, -1].unique().tolist()
    assert not bool(recall_or_generate(model, xt, 0.1, generator=seeded()).recalled.any())
    assert bool(recall_or_generate(model, xt, 0.1, ignore=last, generator=seeded()).recalled.all())


def test_queries_that_cannot_be():
    with pytest.raises(ValueError, match="the noise level of the queries, lies above 0"):
        recall_or_generate(MemorizingDenoiser(CORPUS.subset(4, 0), NOISE), CORPUS.held_out[:2], 0.0)
    with pytest.raises(ValueError, match="returns and t lie in"):
        RecallSettings(returns=0.0)


def test_numbers_of_a_memorizer_are_those_of_the_truth():
    memories, fresh = CORPUS.subset(16, 0), CORPUS.held_out[:32]
    found = measured_retrieval(MemorizingDenoiser(memories, NOISE), memories, fresh)
    assert found.precision.value == 1 and found.recall.value == 1 and found.exact.value == 1
    assert found.false_alarms.value == 0 and found.exact_plain.value > 0.9
    assert found.answered.value == 1, "every query ends in one of the memories, fresh text too"
    assert found.precision.low > 0.9 and found.false_alarms.high < 0.12


@pytest.mark.parametrize(
    ("n", "precision", "recall"),
    [(16, 0.97, 0.9), (64, 0.6, 0.3), (8192, 0.0, 0.0)],
)
def test_stored_networks(n, precision, recall):
    model = load(results_path(f"models/toy-n{n}.safetensors"))
    found = measured_retrieval(model, CORPUS.subset(n, 0), CORPUS.held_out[:64], seed=n)
    assert found.recall.value >= recall and (found.precision is None or found.precision.value >= precision)
    if n == 8192:
        assert found.recall.value < 0.2 and found.false_alarms.value < 0.1
    else:
        assert found.exact.value >= found.exact_plain.value, "a memory answers without a draw"

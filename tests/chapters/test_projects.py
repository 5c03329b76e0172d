"""Starting points of the open problems: each helper against a second way to find the same."""

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
import torch

from uddm_mini import (
    MemorizingDenoiser,
    TransformerDenoiser,
    UniformNoise,
    crossing,
    mean_nelbo,
    token_recovery,
    train,
)
from uddm_mini.chapters import projects
from uddm_mini.experiments.law import power_law
from uddm_mini.models.settings import ModelSettings
from uddm_mini.teaching.results import committed
from uddm_mini.worlds import ToyLanguage, versions
from uddm_mini.worlds.kitchen import kitchen

PAGE = json.loads((Path(__file__).parents[2] / "book" / "projects.ipynb").read_text("utf-8"))
TEXT = "\n".join("".join(cell["source"]) for cell in PAGE["cells"] if cell["cell_type"] == "markdown")
NOISE = UniformNoise(5)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tokens(n, length=4, vocab=5, seed=0):
    return torch.randint(vocab, (n, length), generator=seeded(seed))


# --- training in stages ----------------------------------------------------------------------------------------------


def test_a_single_stage_is_train():
    x, settings = tokens(9), {"width": 8, "batch_size": 8, "warmup": 3}
    (mine,) = projects.train_in_stages([(x, 12)], NOISE, **settings)
    theirs = train(x, NOISE, steps=12, progress=False, **settings)
    for name, weight in theirs.named_parameters():
        torch.testing.assert_close(mine.get_parameter(name), weight, rtol=1e-4, atol=1e-5)
    assert mine.predicts == theirs.predicts and not mine.training


def test_a_later_stage_goes_on_from_the_earlier_one_and_leaves_it_alone():
    x, settings = tokens(9), {"width": 8, "batch_size": 8, "warmup": 3}
    (alone,) = projects.train_in_stages([(x, 12)], NOISE, **settings)
    first, second = projects.train_in_stages([(x, 12), (tokens(9, seed=1), 6)], NOISE, **settings)
    assert all(bool((a == b).all()) for a, b in zip(alone.parameters(), first.parameters(), strict=True))
    moved = [float((a - b).detach().abs().max()) for a, b in zip(first.parameters(), second.parameters(), strict=True)]
    assert 0 < max(moved) < 0.5


def test_the_stage_that_is_trained_is_the_one_that_comes_back():
    x, other = tokens(4, length=8), tokens(4, length=8, seed=1)
    before, after = projects.train_in_stages([(x, 150), (other, 150)], NOISE, width=16)

    def back(model, sentences):
        return token_recovery(model, sentences.repeat(32, 1), 0.25, generator=seeded()).recovered

    assert back(before, x) > back(before, other) + 0.2
    assert back(after, other) > back(after, x) + 0.2


def test_cross_entropy_makes_a_posterior_and_no_stage_is_refused():
    (model,) = projects.train_in_stages([(tokens(3), 1)], NOISE, width=8, loss="cross_entropy")
    assert model.predicts == "posterior"
    with pytest.raises(ValueError, match="needs a stage"):
        projects.train_in_stages([], NOISE)


# --- where starts end ------------------------------------------------------------------------------------------------


def test_an_exact_memory_is_where_its_starts_end():
    memories = torch.tensor([[0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]])
    starts = torch.tensor([[0, 0, 0, 0, 2, 3], [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]])
    ends, found = projects.starts_and_ends(MemorizingDenoiser(memories, NOISE), starts, 0.3)
    assert ends.tolist() == memories[[0, 0, 1, 0]].tolist()
    assert found == {"at rest": 1.0, "ends": 2, "largest": 0.75}


def test_what_moves_for_ever_is_no_end():
    class Turning(MemorizingDenoiser):
        def __call__(self, xt, t):
            return torch.nn.functional.one_hot((xt + 1) % 5, 5).double().clamp_min(1e-9).log().log_softmax(dim=2)

    found = projects.starts_and_ends(Turning(tokens(1), NOISE), tokens(3), 0.3, limit=3)[1]
    assert found == {"at rest": 0.0, "ends": 0, "largest": 0.0}
    with pytest.raises(ValueError, match="at least one sentence"):
        projects.starts_and_ends(Turning(tokens(1), NOISE), tokens(0), 0.3)


# --- what is stored, what fits, where the passage is ------------------------------------------------------------------


def test_a_network_that_knows_nothing_has_stored_nothing():
    model = TransformerDenoiser(NOISE, 8, ModelSettings(width=8))
    with torch.no_grad():
        model.head.weight.zero_()  # every word alike
    assert projects.bits_per_weight(model, tokens(6, length=8)) == pytest.approx(0, abs=1e-6)


def test_what_is_stored_is_what_the_sentences_no_longer_cost():
    x = tokens(6, length=8)
    learned = train(x, NOISE, width=16, steps=150, progress=False)
    weights = sum(p.numel() for p in learned.parameters())
    stored = projects.bits_per_weight(learned, x, draws=4000) * weights
    assert stored == pytest.approx(48 * (math.log(5) - mean_nelbo(learned, x, draws=4000)) / math.log(2), abs=3)
    assert 0.3 * 48 * math.log2(5) < stored < 48 * math.log2(5)


def test_what_fits_is_what_some_sentence_says_there():
    world = ToyLanguage(kitchen())
    x = world.sample(8, seed=0)
    count = 0
    for sentence in x:
        for place in range(world.length):
            other = sentence.repeat(world.vocab_size, 1)
            other[:, place] = torch.arange(world.vocab_size)
            count += int(world.log_prob(other).isfinite().sum())
    share = count / (x.numel() * world.vocab_size)
    assert projects.possible_share(world, x) == pytest.approx(share)


def test_one_version_of_a_language_is_that_language():
    once, language = ToyLanguage(versions(kitchen(), 1)), ToyLanguage(kitchen())
    x = torch.cat([language.sample(5, seed=0), tokens(5, language.length, language.vocab_size)])
    assert once.words == language.words
    torch.testing.assert_close(once.log_prob(x), language.log_prob(x))


def test_the_passage_starts_before_the_crossing_and_ends_after():
    table = committed("sharp-words2/sweep")
    row = projects.passages({"two": table}, seeds=(5, 6, 7)).loc["two"]
    assert row["onset"] < row["crossing"] < row["end"]
    assert row["crossing"] == pytest.approx(crossing(table).n)
    assert row["end / onset"] == pytest.approx(row["end"] / row["onset"])
    alone = projects.passages({"one": table}, seeds=(5,)).loc["one"]
    assert alone["crossing"] == pytest.approx(crossing(table[table["seed"] == 5]).n) != row["crossing"]


def test_cost_and_entropy_are_means_over_seeds():
    rows = [(8, 0, "held-out", 0.25, 0.2, 3.0, 1.0), (8, 1, "held-out", 0.25, 0.4, 1.0, 2.0)]
    rows += [(8, 0, "held-out", 0.5, 9.0, 9.0, 9.0), (8, 0, "train", 0.25, 1.0, 0.5, 0.0)]
    table = pd.DataFrame(rows, columns=["n_train", "seed", "split", "t", "recovered", "nelbo", "entropy"])
    assert projects.cost_and_entropy(table).loc[8].tolist() == pytest.approx([0.3, 2.0, 1.5])
    assert projects.cost_and_entropy(table, "train").loc[8].tolist() == [1.0, 0.5, 0.0]


# --- two predictions -------------------------------------------------------------------------------------------------


def test_the_second_prediction_goes_through_both_points_and_the_first_is_the_laws():
    weights, jitter = [1e3, 1e4, 1e5, 1e6], [1.1, 0.9, 1.1, 0.9]
    points = [{"world": "here", "weights": w, "tokens": w**0.5 * j} for w, j in zip(weights, jitter, strict=True)]
    law, paper = power_law(pd.DataFrame(points)), ((1e6, 100.0), (1e8, 10_000.0))
    for w, n in (*paper, (1e7, 1000.0)):
        table = projects.bet(law, "here", w, paper, 1e6)
        ours, theirs = table.loc["our law"], table.loc["the paper's two points"]
        assert (ours["tokens"], ours["low"], ours["high"]) == law.tokens("here", w)
        assert theirs["tokens"] == pytest.approx(n) and theirs["share"] == pytest.approx(n / 1e6)
        assert math.isnan(theirs["low"])


# --- the page --------------------------------------------------------------------------------------------------------


def test_every_project_says_all_that_was_promised():
    numbered = re.split(r"(?m)^## (?=\d+\. )", TEXT)[1:]
    assert len(numbered) == 8
    for part in numbered:
        for wanted in ("Question", "Why it is open", "Start", "After a day", "What would count as an answer", "Hours"):
            assert f"**{wanted}" in part, (part[:40], wanted)
        assert "**How you could fool yourself.**" in part


def test_the_table_asks_in_six_words_what_the_headings_ask():
    asked = re.findall(r"(?m)^\| \[(\d)\]\(#([a-z]+)\)\. ([^|]+?) \| (\d+) \|", TEXT)
    headings = re.findall(r"(?m)^\(([a-z]+)\)=\n## (\d)\. (.+)$", TEXT)
    assert [(n, name, question) for n, name, question, _ in asked] == [(n, name, q) for name, n, q in headings]
    assert all(len(question.split()) == 6 for _, _, question, _ in asked)
    hours = re.findall(r"(?m)^\*\*Hours\.\*\* (\d+)", TEXT)
    assert hours == [h for *_, h in asked]

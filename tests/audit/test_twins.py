"""Near twins and shared runs against every pair of sentences, one after the other."""

from __future__ import annotations

import pytest
import torch

from uddm_mini import near_twins
from uddm_mini.audit.runs import longest_shared_run


def edits(a, b):
    """The Levenshtein distance, by its recursion."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        new = [i + 1]
        for j, y in enumerate(b):
            new.append(min(row[j] + (x != y), row[j + 1] + 1, new[j] + 1))
        row = new
    return row[-1]


def run(a, b):
    """The longest run of tokens that two sentences share, by trying all."""
    lengths = [
        k for k in range(1, min(len(a), len(b)) + 1) for i in range(len(a) - k + 1) if a[i : i + k] in pieces(b, k)
    ]
    return max(lengths, default=0)


def pieces(b, k):
    return [b[j : j + k] for j in range(len(b) - k + 1)]


def short(x, ignore):
    return [[token for token in row if token not in ignore] for row in x.tolist()]


def drawn(n, length, vocab, seed):
    """Sentences of few words and many lengths, padded with 0, and 1 for what is unknown anywhere."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(1, vocab, (n, length), generator=generator)
    ends = torch.randint(0, length + 1, (n, 1), generator=generator)
    return x.masked_fill(torch.arange(length) >= ends, 0)


@pytest.mark.parametrize("changes", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("vocab", [3, 5, 12])
def test_twins_are_those_of_every_pair(changes, vocab):
    members, strangers = drawn(60, 11, vocab, 1), drawn(50, 11, vocab, 2)
    strangers = torch.cat([strangers, members[:8], members[8:20].roll(1, dims=1), members[20:30].roll(-2, dims=1)])
    found = near_twins(members, strangers, ignore=[0, 1], changes=changes)
    theirs, expected = short(members, [0, 1]), []
    for row, words in enumerate(short(strangers, [0, 1])):
        distances = [edits(words, other) for other in theirs]
        if words and min(distances) <= min(changes, len(words) // 4):
            expected.append((row, distances.index(min(distances)), min(distances)))
    assert [tuple(pair) for pair in found.pairs.to_numpy().tolist()] == expected
    assert found.count == len(expected) and found.share == len(expected) / 80
    assert found.copies == sum(pair[2] == 0 for pair in expected)


def test_a_shifted_sentence_is_a_twin_and_a_distant_one_is_none(english):
    members = english.sample(300, seed=0)
    moved = members[:20].roll(1, dims=1)  # one word lost at an end, one gained at the other
    assert near_twins(members, moved).pairs["edits"].max() == 2
    assert near_twins(members, moved).count == 20 and near_twins(members, moved, changes=1).count == 0
    assert near_twins(members, members.flip(1)).count == 0
    assert near_twins(members, members[:7]).copies == 7


@pytest.mark.parametrize("vocab", [3, 5, 40])
def test_runs_are_those_of_every_pair(vocab):
    members, written = drawn(40, 9, vocab, 3), drawn(30, 9, vocab, 4)
    written[0] = members[5]
    got = longest_shared_run(written, members, ignore=[0, 1])
    theirs = short(members, [0, 1])
    assert got.tolist() == [max(run(words, other) for other in theirs) for words in short(written, [0, 1])]


def test_runs_stop_where_sentences_do():
    members = torch.tensor([[1, 2, 3], [4, 5, 6]])
    assert longest_shared_run(torch.tensor([[2, 3, 4], [3, 4, 5], [6, 1, 2]]), members).tolist() == [2, 2, 2]
    assert longest_shared_run(torch.tensor([[7, 8, 9]]), members).tolist() == [0]
    assert longest_shared_run(members, members).tolist() == [3, 3]
    assert longest_shared_run(torch.tensor([[1, 9, 2, 3, 9]]), torch.tensor([[1, 2, 3, 0]]), [9]).tolist() == [3]


def test_bad_input_is_named():
    x = torch.zeros(2, 3, dtype=torch.int64)
    for members, strangers, changes in ((x[0], x, 1), (x, x[:0], 1), (x, x, -1)):
        with pytest.raises(ValueError, match="at least one member and one stranger"):
            near_twins(members, strangers, changes=changes)
    with pytest.raises(ValueError, match="int64"):
        longest_shared_run(x[0], x)

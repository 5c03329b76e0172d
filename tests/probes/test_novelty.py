"""What was written is told apart right, on every kind of text: copies, new sentences and nonsense."""

from __future__ import annotations

import math

import pytest
import torch

from uddm_mini.probes.novelty import nearest_distance, novelty


def test_what_was_written_is_copied_new_or_spurious():
    memories = torch.tensor([[0, 1, 2], [2, 2, 2]])
    written = torch.tensor([[0, 1, 2], [2, 2, 1], [0, 0, 0], [1, 0, 0]])  # copy; new; new; nonsense
    log_p = torch.tensor([-1.0, -2.0, -4.0, -math.inf], dtype=torch.float64)
    assert (3 * nearest_distance(written, memories)).tolist() == [0, 1, 2, 3]
    found = dict(novelty(written, memories, lambda x: log_p))
    assert found == pytest.approx(
        {"copied": 1 / 4, "distance": 6 / 12, "grammatical": 3 / 4, "new": 2 / 4, "spurious": 1 / 4, "log_prob": -7 / 3}
    )
    assert set(dict(novelty(written, memories))) == {"copied", "distance"}, "real text has no exact probabilities"
    assert math.isnan(dict(novelty(written[3:], memories, lambda x: log_p[3:]))["log_prob"])


def test_a_language_that_answers_from_elsewhere_is_brought_to_where_the_text_is():
    class Elsewhere:  # stands for probabilities on another device: nothing can be done with them there
        def to(self, device):
            assert device == torch.device("cpu")
            return torch.tensor([-1.0, -math.inf])

    written = torch.tensor([[0, 1], [1, 1]])
    found = dict(novelty(written, written[:1], lambda x: Elsewhere()))
    assert found["grammatical"] == found["spurious"] == 1 / 2
    assert found["new"] == 0


def test_padding_is_nothing_in_common():
    # 0 is padding: what both lack does not make them alike, and what only one has tells them apart
    memories = torch.tensor([[3, 4, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0], [1, 2, 6, 7, 0, 0]])
    written = torch.tensor([[1, 2, 0, 0, 0, 0], [3, 4, 0, 0, 0, 0], [1, 6, 0, 0, 0, 0], [1, 2, 6, 7, 7, 7]])
    found = nearest_distance(written, memories, ignore=(0,))
    assert found.tolist() == pytest.approx([2 / 4, 0, 3 / 4, 2 / 6])
    assert nearest_distance(written[:1], memories[:1], ignore=(0,)).item() == 1, "no word is the same"
    assert nearest_distance(torch.zeros(1, 3).long(), torch.zeros(1, 3).long(), ignore=(0,)).item() == 0
    unknown = torch.tensor([[0, 1, 2]]), torch.tensor([[1, 0, 2]])  # 1 is "<unk>": neither token counts
    assert nearest_distance(*unknown, ignore=(0, 1)).item() == 0
    assert dict(novelty(written, memories, ignore=(0,))) == pytest.approx({"copied": 1 / 4, "distance": 19 / 12 / 4})
    assert nearest_distance(written[:0], memories).shape == (0,)

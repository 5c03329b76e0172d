"""Stored models are used for the text they were trained on, and for no other."""

from types import SimpleNamespace

import pytest
import torch

from uddm_mini import UniformNoise
from uddm_mini.chapters.real_text_models import SIZES, TrainedModels, docstring_models
from uddm_mini.teaching.statements import DisagreementError
from uddm_mini.worlds.corpus import Corpus


def some_text(n):
    x = torch.randint(2, 12, (n, 8), generator=torch.Generator().manual_seed(0))
    return Corpus("other", x, x[:2], ("<pad>", "<unk>", *"abcdefghij"), ignore=(0, 1), unit="character")


def test_the_stored_models_go_with_their_own_text():
    other = docstring_models(some_text(70), UniformNoise(12), steps=1, progress=False)
    assert not other.stored and list(other.models) == [64, 70] and "not that of the stored" in other.note
    assert [model.training_settings["steps"] for model in other.models.values()] == [1, 1]
    assert list(docstring_models(some_text(9), UniformNoise(12), steps=1, progress=False).models) == [9]
    fingerprint = "5fadf809ce5fe2d7209b3a1cc4a1c878be766f5e0b2ec859def2fe29c4498b0b"
    own = docstring_models(SimpleNamespace(sha256=fingerprint), UniformNoise(41))  # type: ignore[arg-type]
    assert own.stored and tuple(own.models) == SIZES and "this very text" in own.note


def test_the_numbers_of_the_text_are_compared_with_the_stored_models_only(capsys, monkeypatch):
    monkeypatch.setenv("UDDM_STATEMENTS", "raise")
    TrainedModels({}, True).says("half", 0.52, 0.5, 0.05)
    assert capsys.readouterr().out.startswith("✔ half")
    with pytest.raises(DisagreementError, match="half"):
        TrainedModels({}, True).says("half", 0.6, below=0.55)
    capsys.readouterr()
    TrainedModels({}, False).says("half", 0.6, below=0.55)
    TrainedModels({}, False).says("half", 0.52, 0.5, 0.05)
    assert capsys.readouterr().out.splitlines() == 2 * [
        "○ half · not compared: your packages hold another text than ours"
    ]

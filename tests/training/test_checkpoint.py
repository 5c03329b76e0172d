"""Checkpoints go round, describe themselves, and nothing that is not one is loaded or executed."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from uddm_mini import Cosine, TransformerDenoiser, UniformNoise, load, save, train
from uddm_mini.models.settings import ModelSettings
from uddm_mini.training.checkpoint import FORMAT, model_path

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def model() -> TransformerDenoiser:
    x = torch.randint(5, (20, 4), generator=torch.Generator().manual_seed(0))
    made = train(
        x, UniformNoise(5, Cosine(0.01)), steps=3, width=8, depth=1, heads=2, loss="cross_entropy", progress=False
    )
    made.words = ("a", "b", "c", "d", "é")
    return made


def test_everything_comes_back(model, tmp_path):
    path = tmp_path / "deep" / "model.safetensors"
    save(model, path)
    back = load(path)
    xt, t = torch.tensor([[0, 1, 2, 3]]), torch.tensor([0.3])
    assert torch.equal(back(xt, t), model(xt, t))
    for name in ("noise", "length", "settings", "predicts", "words", "history", "training_settings"):
        assert getattr(back, name) == getattr(model, name), name
    assert back.predicts == "posterior" and back.noise == UniformNoise(5, Cosine(0.01)) and not back.training
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"], "no temporary file stays"
    save(back, str(path))  # a string, and over an existing file
    assert torch.equal(load(str(path))(xt, t), model(xt, t))


def test_the_file_says_what_it_is_without_our_code(model, tmp_path):
    save(model, tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", framework="np") as file:
        about = json.loads(file.metadata()["uddm_mini"])
    assert about["format"] == FORMAT and about["vocab_size"] == 5 and about["length"] == 4
    assert about["model"] == asdict(ModelSettings(width=8, depth=1, heads=2))
    assert about["noise"] == {"noise": "uniform", "schedule": "cosine", "epsilon": 0.01}
    assert about["training"]["loss"] == "cross_entropy" and about["training"]["noise"] == about["noise"]


def test_a_sweep_keeps_its_checkpoints_by_size_and_seed(tmp_path):
    assert model_path(tmp_path, (64, 3)) == tmp_path / "models" / "n64-seed3.safetensors"


def test_the_committed_models_can_be_read():
    paths = sorted((ROOT / "data" / "models").glob("*.safetensors"))
    assert len(paths) >= 9
    for path in paths:
        model = load(path)
        n = int(path.stem.rpartition("n")[2])
        assert model.training_settings["n_train"] == n and len(model.words) == model.noise.vocab_size
        assert model.noise == UniformNoise(len(model.words)) and model.predicts == "cavity"


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_refused_and_not_executed(model, tmp_path):
    for number, write in enumerate((pickle.dumps, None)):
        path, harm = tmp_path / f"{number}.safetensors", tmp_path / f"harm{number}"
        if write:
            path.write_bytes(write(Bomb(harm)))
        else:
            torch.save({"weights": Bomb(harm)}, path)
        with pytest.raises(ValueError, match="not a safetensors file"):
            load(path)
        assert not harm.exists()


def test_a_truncated_file_is_named_at_every_length(model, tmp_path):
    path = tmp_path / "m.safetensors"
    save(model, path)
    whole = path.read_bytes()
    for length in (0, 4, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="not a safetensors file"):
            load(path)


def test_safetensors_of_others_are_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    for metadata in (None, {"format": "pt"}, {"uddm_mini": '{"format": "uddm_mini-1"}'}):
        save_file({"weight": torch.zeros(2)}, path, metadata=metadata)
        with pytest.raises(ValueError, match=r"not written by uddm_mini\.save"):
            load(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda about: about["model"].update(width=16),  # not the shape of the weights
        lambda about: about["model"].update(color="red"),
        lambda about: about["model"].pop("width") and about.pop("length"),
        lambda about: about.update(length=5),
        lambda about: about.update(vocab_size=6),
        lambda about: about.pop("noise"),
        lambda about: about["noise"].update(color="red"),
        lambda about: about.pop("words"),
        lambda about: about.update(model=None),
    ],
)
def test_settings_that_do_not_fit_the_weights_are_named(model, tmp_path, damage):
    path = tmp_path / "m.safetensors"
    save(model, path)
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["uddm_mini"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    damage(about)
    save_file(tensors, path, metadata={"uddm_mini": json.dumps(about)})
    with pytest.raises(ValueError, match="do not fit"):
        load(path)
    save_file(tensors, path, metadata={"uddm_mini": "{"})
    with pytest.raises(ValueError, match="do not fit"):
        load(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(FileNotFoundError, match="no checkpoint at"):
            load(path)


def test_an_unknown_device_is_named_before_anything_is_read(tmp_path):
    with pytest.raises(ValueError, match="no device that"):
        load(tmp_path / "none", device="abacus")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="0 CUDA GPUs"):
            load(tmp_path / "none", device="cuda")


def test_a_failure_leaves_the_old_file_and_no_litter(model, tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    save(model, path)
    before = path.read_bytes()

    def fail(tensors, name, metadata):
        name.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("uddm_mini.training.checkpoint.save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save(model, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]

"""Checkpoints go round, describe themselves, and nothing that is not one is loaded or executed."""

from __future__ import annotations

import json
import os
import pickle

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from uddm_mini import TransformerDenoiser, UniformNoise, files, load, save, train
from uddm_mini.files import replacing


@pytest.fixture
def model() -> TransformerDenoiser:
    x = torch.randint(5, (20, 4), generator=torch.Generator().manual_seed(0))
    made = train(x, UniformNoise(5), steps=3, width=8, depth=1, heads=2, loss="cross_entropy", progress=False)
    made.words = ("a", "b", "c", "d", "é")
    return made


def test_everything_comes_back(model, tmp_path):
    path = tmp_path / "deep" / "model.safetensors"
    save(model, path)
    back = load(path)
    xt, t = torch.tensor([[0, 1, 2, 3]]), torch.tensor([0.3])
    assert torch.equal(back(xt, t), model(xt, t))
    for name in ("settings", "predicts", "words", "history", "training_settings"):
        assert getattr(back, name) == getattr(model, name), name
    assert back.predicts == "posterior" and not back.training
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"], "no temporary file stays"
    save(back, str(path))  # a string, and over an existing file
    assert torch.equal(load(str(path))(xt, t), model(xt, t))


def test_the_file_says_what_it_is_without_our_code(model, tmp_path):
    save(model, tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", framework="np") as file:
        about = json.loads(file.metadata()["uddm_mini"])
    assert about["model"]["vocab_size"] == 5 and about["training"]["loss"] == "cross_entropy"


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
    for metadata in (None, {"format": "pt"}, {"uddm_mini": '{"format": "uddm_mini-999"}'}):
        save_file({"weight": torch.zeros(2)}, path, metadata=metadata)
        with pytest.raises(ValueError, match=r"not written by uddm_mini\.save"):
            load(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda about: about["model"].update(width=16),  # not the shape of the weights
        lambda about: about["model"].update(color="red"),
        lambda about: about["model"].pop("width") and about["model"].pop("length"),
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


def test_a_file_that_somebody_reads_is_replaced_a_moment_later(tmp_path, monkeypatch):
    # on Windows nothing takes the place of an open file
    real, refused = os.replace, []

    def replace(old, new):
        if len(refused) < 2:
            refused.append(new)
            raise PermissionError("[WinError 5] Access is denied")
        real(old, new)

    monkeypatch.setattr(files.os, "replace", replace)
    monkeypatch.setattr(files, "TRIES", 3, raising=False)
    monkeypatch.setattr(files, "PAUSE", 0.0, raising=False)
    path = tmp_path / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new" and len(refused) == 2
    refused.clear()
    monkeypatch.setattr(files, "TRIES", 1)
    with pytest.raises(PermissionError), replacing(path) as temporary:
        temporary.write_text("newer")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_replacing_is_invisible_until_it_is_done(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.parent == path.parent
    assert path.read_text() == "new"
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "new" and len(list(tmp_path.iterdir())) == 1

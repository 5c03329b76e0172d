"""Checkpoints that were damaged, lie, or hide a bomb; and models in wrappers, in other precisions, in other places."""

from __future__ import annotations

import json
import os
import resource
import stat
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.utils.prune
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from uddm_mini import Cosine, TransformerDenoiser, UniformNoise, load, save, train
from uddm_mini.models.settings import ModelSettings

XT, T = torch.tensor([[0, 1, 2, 3]]), torch.tensor([0.3])


def trained(**settings) -> TransformerDenoiser:
    x = torch.randint(5, (20, 4), generator=torch.Generator().manual_seed(0))
    tiny = dict(steps=3, width=8, depth=1, heads=2, progress=False) | settings
    made = train(x, UniformNoise(5, Cosine(0.01)), **tiny)
    made.words = ("a", "b", "c", "d", "é")
    return made


@pytest.fixture(scope="module")
def model() -> TransformerDenoiser:
    return trained()


@pytest.fixture(scope="module")
def stored(model, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    save(model, path)
    return path


def opened(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return json.loads(file.metadata()["uddm_mini"]), tensors


def written(path: Path, about: dict, tensors: dict[str, torch.Tensor]) -> Path:
    save_file(tensors, path, metadata={"uddm_mini": json.dumps(about)})
    return path


@given(place=st.integers(0, 2**16), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_wherever_it_is(stored, place, bit):
    data = bytearray(stored.read_bytes())
    place %= len(data)
    data[place] ^= 1 << bit
    copy = stored.with_name("flipped.safetensors")
    copy.write_bytes(data)
    same = opened(stored)
    try:
        back = load(copy)
    except ValueError as error:
        assert "\n" not in str(error)
        return
    # what is no part of what the file says may change: a blank in the header
    assert back.words == tuple(same[0]["words"]) and back.training_settings == same[0]["training"]
    assert all(torch.equal(x, same[1][name]) for name, x in back.state_dict().items())


def test_a_checkpoint_without_a_digest_loads_as_before(model, stored, tmp_path):
    about, tensors = opened(stored)
    del about["sha256"]
    assert torch.equal(load(written(tmp_path / "old.safetensors", about, tensors))(XT, T), model(XT, T))


@pytest.mark.parametrize("kind", [torch.int64, torch.int8, torch.bool, torch.complex64, torch.float8_e4m3fn])
def test_weights_of_a_strange_type_are_refused(stored, tmp_path, kind):
    about, tensors = opened(stored)
    del about["sha256"]
    for names in (list(tensors), ["head.bias"]):
        changed = tensors | {name: tensors[name].to(kind) for name in names}
        try:
            path = written(tmp_path / "m.safetensors", about, changed)
        except (KeyError, ValueError, SafetensorError):
            pytest.skip("this safetensors has no such type")
        with pytest.raises(ValueError, match="do not fit"):
            load(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(stored, tmp_path, value):
    about, tensors = opened(stored)
    del about["sha256"]
    tensors["head.bias"][2] = value
    with pytest.raises(ValueError, match="NaN or infinite"):
        load(written(tmp_path / "m.safetensors", about, tensors))
    broken = trained()
    with torch.no_grad():
        broken.head.bias[1] = value
    with pytest.raises(ValueError, match="NaN or infinite"):
        save(broken, tmp_path / "other.safetensors")
    assert not (tmp_path / "other.safetensors").exists()


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_precision_is_kept(tmp_path, kind):
    model = trained().to(kind)
    save(model, tmp_path / "m.safetensors")
    back = load(tmp_path / "m.safetensors")
    assert {p.dtype for p in back.parameters()} == {kind}
    assert torch.equal(back(XT, T), model(XT, T)) and back.posterior(XT, T).isfinite().all()


def test_loading_draws_nothing_from_the_global_generator(stored):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    load(stored)
    assert torch.equal(torch.rand(2), expected)


BOMBS = {
    "many words": lambda about: about.update(vocab_size=10**8),
    "wide": lambda about: about["model"].update(width=40_000),
    "long": lambda about: (about.update(length=30_000), about["model"].update(neighbors=True)),
    "deep": lambda about: about["model"].update(depth=10**6),
    "many heads": lambda about: about["model"].update(width=2**30, heads=2**30),
    "endless": lambda about: about.update(vocab_size=10**400),
    "nested": lambda about: about.update(history=json.loads("[" * 500 + "]" * 500)),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_small_file_takes_no_memory(stored, tmp_path, bomb):
    about, tensors = opened(stored)
    bomb(about)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="do not fit"):
        load(written(tmp_path / "m.safetensors", about, tensors))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < (200e6 if sys.platform == "darwin" else 200e3), "bytes there, kilobytes here"


def test_a_long_file_takes_no_table_of_all_pairs_of_places(tmp_path):
    # the weights fit, so that only what is made beside them could be large: 30,000 x 30,000 numbers
    tiny = TransformerDenoiser(UniformNoise(2), 30_000, ModelSettings(width=1, heads=1, neighbors=True))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    save(tiny, tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").length == 30_000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < (300e6 if sys.platform == "darwin" else 300e3)


def test_deeply_nested_json_is_refused(stored, tmp_path):
    _, tensors = opened(stored)
    save_file(tensors, tmp_path / "m.safetensors", metadata={"uddm_mini": "[" * 200_000})
    with pytest.raises(ValueError, match="do not fit"):
        load(tmp_path / "m.safetensors")


LIES = {
    "training is nothing": lambda about: about.update(training=None),
    "training is a list": lambda about: about.update(training=[]),
    "training is a string": lambda about: about.update(training="abc"),
    "n_train is a string": lambda about: about["training"].update(n_train="5"),
    "n_train is no whole number": lambda about: about["training"].update(n_train=2.5),
    "n_train is negative": lambda about: about["training"].update(n_train=-5),
    "n_train is True": lambda about: about["training"].update(n_train=True),
    "seed is a string": lambda about: about["training"].update(seed="x"),
    "t_max is a string": lambda about: about["training"].update(t_max="x"),
    "steps are none": lambda about: about["training"].update(steps=None),
    "noise of the training": lambda about: about["training"].update(noise=[]),
    "unit": lambda about: about["training"].update(unit="letter"),
    "corpus": lambda about: about["training"].update(corpus=5),
    "words are numbers": lambda about: about.update(words=[1, 2, 3, 4, 5]),
    "words are one": lambda about: about.update(words="abcde"),
    "too few words": lambda about: about.update(words=["a"]),
    "history is a list": lambda about: about.update(history=[1]),
    "history of strings": lambda about: about.update(history={"loss": ["a"]}),
    "predicts": lambda about: about.update(predicts="future"),
    "length is a string": lambda about: about.update(length="4"),
    "length is True": lambda about: about.update(length=True),
    "vocab_size is a float": lambda about: about.update(vocab_size=5.0),
    "vocab_size is nothing": lambda about: about.update(vocab_size=None),
    "epsilon": lambda about: about["noise"].update(epsilon="x"),
    "mixing": lambda about: about["model"].update(mixing="convolution"),
    "more": lambda about: about.update(color="red"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_metadata_that_lie_are_refused_where_they_are_read(stored, tmp_path, lie):
    about, tensors = opened(stored)
    del about["sha256"]
    lie(about)
    with pytest.raises(ValueError, match="do not fit") as caught:
        load(written(tmp_path / "m.safetensors", about, tensors))
    assert "\n" not in str(caught.value)


class Scaled(torch.nn.Module):
    """Somebody's wrapper, which changes the answer."""

    def __init__(self, inner: torch.nn.Module):
        super().__init__()
        self.inner = inner

    def forward(self, xt, t):
        return (2 * self.inner(xt, t)).log_softmax(dim=2)


def averaged(model: TransformerDenoiser) -> torch.nn.Module:
    return torch.optim.swa_utils.AveragedModel(model)


@pytest.mark.parametrize("wrap", [torch.compile, torch.nn.DataParallel, averaged, lambda m: averaged(torch.compile(m))])
def test_a_model_in_a_wrapper_of_pytorch_is_saved_without_it(model, tmp_path, wrap):
    save(wrap(model), tmp_path / "m.safetensors")
    assert torch.equal(load(tmp_path / "m.safetensors")(XT, T), model(XT, T))


def test_the_average_is_what_is_saved(tmp_path):
    model = trained()
    average = averaged(model)
    average.update_parameters(model)
    before = model.head.bias.detach().clone()
    with torch.no_grad():
        model.head.bias += 1
    average.update_parameters(model)
    save(average, tmp_path / "m.safetensors")
    torch.testing.assert_close(load(tmp_path / "m.safetensors").head.bias.detach(), before + 0.5)


def test_other_wrappers_and_other_models_are_refused(model, tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.raises(TypeError, match=r"a Scaled; give the model inside it, here \.inner"):
        save(Scaled(model), path)
    with pytest.raises(TypeError, match="Sequential; give the model inside it"):
        save(torch.nn.Sequential(model), path)
    for other in (torch.nn.Linear(2, 2), None, "model", UniformNoise(5)):
        with pytest.raises(TypeError, match="Only a TransformerDenoiser can be saved"):
            save(other, path)
    pruned, normed = trained(), trained()
    torch.nn.utils.prune.l1_unstructured(pruned.head, "weight", 0.5)
    torch.nn.utils.parametrizations.weight_norm(normed.head)
    for strange in (pruned, normed):
        with pytest.raises(ValueError, match=r"other weights than its settings say \(head"):
            save(strange, path)
    mixed = trained()
    mixed.head.half()
    with pytest.raises(ValueError, match="have one floating type"):
        save(mixed, path)
    assert not path.exists()


def test_weights_that_share_memory_are_saved(tmp_path):
    model = trained()
    flat = torch.nn.utils.parameters_to_vector(model.parameters())
    torch.nn.utils.vector_to_parameters(flat, model.parameters())
    save(model, tmp_path / "m.safetensors")
    assert torch.equal(load(tmp_path / "m.safetensors")(XT, T), model(XT, T))


def test_what_is_not_ours_is_not_replaced(model, stored, tmp_path):
    text = tmp_path / "thesis.txt"
    text.write_text("hello")
    with pytest.raises(FileExistsError, match=r"thesis\.txt is there and is no checkpoint of ours"):
        save(model, text)
    assert text.read_text() == "hello"
    theirs = tmp_path / "theirs.safetensors"
    save_file({"w": torch.zeros(1)}, theirs)
    with pytest.raises(FileExistsError):
        save(model, theirs)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(FileExistsError, match="a device or a pipe"):
            save(model, tmp_path / "pipe")
        assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    ours = tmp_path / "ours.safetensors"
    ours.write_bytes(stored.read_bytes())
    save(model, ours)


def test_the_home_folder_has_a_short_name(model, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    save(model, "~/deep/m.safetensors")
    assert (tmp_path / "deep" / "m.safetensors").is_file() and not (tmp_path / "~").exists()
    assert torch.equal(load("~/deep/m.safetensors")(XT, T), model(XT, T))


def test_a_full_disk_is_one_sentence(model, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise SafetensorError("No space left on device")

    monkeypatch.setattr("uddm_mini.training.checkpoint.save_file", fail)
    with pytest.raises(OSError, match=r"m\.safetensors cannot be written .*No space left"):
        save(model, tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []

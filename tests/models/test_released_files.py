"""Files that are no checkpoint, or mean harm: each is one sentence, and none is executed."""

from __future__ import annotations

import builtins
import functools
import os
import pickle
import re
import runpy
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from published import duo, lightning, udlm, weights
from safetensors.torch import save_file

from uddm_mini import ReleasedSettings, load_released
from uddm_mini.models import released_index
from uddm_mini.models.released_code import runs_code
from uddm_mini.models.released_files import read_contents
from uddm_mini.models.released_index import Inert, Name, read_index

# --- no checkpoint, or one of another kind --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "is a web page, not a checkpoint"),
        (b"\n  <html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "git lfs pull"),
        (b'{"error": "Entry not found"}', "is JSON text"),
        (pickle.dumps({"a": 1}), "PyTorch's format before 1.6"),
        (b"\x93NUMPY", "neither a PyTorch checkpoint nor safetensors"),
        (b"PK\3\4 and no more", "was cut off or damaged: it begins like a checkpoint and has no end"),
    ],
)
@pytest.mark.parametrize("name", ["a.ckpt", "a.safetensors"])
def test_a_file_that_is_none_is_told_by_what_it_is(tmp_path, data, words, name):
    path = tmp_path / name
    path.write_bytes(data)
    if name == "a.safetensors" and data.startswith(b"PK"):
        words = "neither a PyTorch checkpoint nor safetensors"
    with pytest.raises(ValueError, match=words) as caught:
        load_released(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_the_format_before_zip_is_named(tmp_path):
    torch.save(weights(), tmp_path / "a.ckpt", _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"before 1\.6 .*write it again with torch\.save"):
        load_released(tmp_path / "a.ckpt")


def test_a_file_that_was_cut_off_anywhere_is_refused(tmp_path):
    for path in (lightning(tmp_path / "a.ckpt", weights(), config=duo()), tmp_path / "a.safetensors"):
        if path.suffix == ".safetensors":
            save_file(weights(), path)
        whole = path.read_bytes()
        for part in (*range(1, 20), *(len(whole) * k // 16 for k in range(1, 16)), len(whole) - 1):
            path.write_bytes(whole[:part])
            with pytest.raises(ValueError) as caught:
                load_released(path, settings=ReleasedSettings(heads=4))
            said = str(caught.value)
            assert said.startswith(str(path)) and said.count(str(path)) == 1 and "\n" not in said


def test_a_byte_that_changed_is_found_by_the_checksum(tmp_path):
    w = weights()
    path = lightning(tmp_path / "a.ckpt", w, config=duo())
    whole = path.read_bytes()
    at = whole.index(w["blocks.1.attn_out.weight"].numpy().tobytes()) + 100
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(ValueError, match="was damaged: .*download it again"):
        load_released(path)


def rezipped(path, change=lambda name, data: data, method=zipfile.ZIP_STORED):
    """Write the members of a checkpoint again, some of them changed, None for none."""
    with zipfile.ZipFile(path) as archive:
        members = {name: change(name, archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda name, data: None if name.endswith("data.pkl") else data,
            "zip file but no checkpoint: it has 0 members",
        ),
        (lambda name, data: None if name.endswith("data/3") else data, "no member 'a/data/3'"),
        (lambda name, data: data[:-4] if name.endswith("data/3") else data, "not as many numbers as it says"),
        (lambda name, data: b"big" if name.endswith("byteorder") else data, "another order of bytes"),
        (lambda name, data: b"" if name.endswith("data.pkl") else data, "index cannot be read"),
        (lambda name, data: data[:-1] if name.endswith("data.pkl") else data, "index cannot be read"),
        (lambda name, data: pickle.dumps([1]) if name.endswith("data.pkl") else data, "holds no dictionary"),
        (lambda name, data: pickle.dumps({}) if name.endswith("data.pkl") else data, "does not say how it was trained"),
    ],
)
def test_a_zip_file_without_all_that_belongs_to_it_is_refused(tmp_path, change, words):
    path = tmp_path / "a.ckpt"
    assert load_released(rezipped(lightning(path, weights(), config=duo())))
    rezipped(path, change)
    with pytest.raises(ValueError, match=words):
        load_released(path)


def test_a_compressed_file_is_refused_before_it_grows(tmp_path):
    path = rezipped(lightning(tmp_path / "a.ckpt", weights(), config=duo()), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="is compressed or encrypted, which no checkpoint is"):
        load_released(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(50_000_000))
    with pytest.raises(ValueError, match="is compressed or encrypted"):
        load_released(path)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (duo(algo__name="mdlm"), "was trained as 'mdlm', and only the NELBO of uniform noise .* Wrapped"),
        (duo(algo__name="distillation"), "was trained as 'distillation'"),
        (duo(algo__name=["x"]), "does not say how it was trained"),
        (duo(noise__type="cosine"), "noise schedule 'cosine'"),
        (duo(algo__ignore_bos=True), "first token that is never noisy"),
        (udlm(diffusion="absorbing_state"), "the diffusion 'absorbing_state', and only 'uniform' is known"),
        (udlm(parameterization="subs"), "the parameterization 'subs'"),
        (udlm(noise__type="cosine"), "the noise type 'cosine'"),
        (udlm(subs_masking=True), "never predicts its mask"),
        (None, r"does not say how it was trained; if it undoes uniform noise, say so with settings="),
    ],
)
def test_models_of_another_kind_are_named(tmp_path, config, words):
    path = lightning(tmp_path / "a.ckpt", weights(), config=config)
    with pytest.raises(ValueError, match=words) as caught:
        load_released(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"model_type": "mdlm"}', "is a 'mdlm' model, and only duo and udlm are known"),
        ('{"model_type": ["duo"]}', "does not say how it was trained"),
        ("[]", "does not say how it was trained"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_config_of_the_hub_that_says_something_else_is_named(tmp_path, text, words):
    save_file(weights(), tmp_path / "a.safetensors")
    (tmp_path / "config.json").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=words):
        load_released(tmp_path / "a.safetensors")


def without(name):
    return lambda w: w.pop(name)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without("vocab_embed.embedding"), "has no weights of a DiT"),
        (without("sigma_map.mlp.0.weight"), "writes from left to right, and is no diffusion"),
        (lambda w: w.update({"cond_map.embedding_table.weight": torch.zeros(3, 6)}), "was trained with labels"),
        (without("blocks.1.norm2.weight"), r"another network than the DiT .* 'blocks\.1\.norm2\.weight \[\] and not"),
        (without("blocks.0.mlp.0.weight"), "another network than the DiT"),
        (lambda w: [w.pop(name) for name in list(w) if name.startswith("blocks.0.")], "another network than the DiT"),
        (lambda w: w.update({"blocks.0.attn_qkv.weight": torch.zeros(47, 16)}), r"\[47, 16\] and not \[48, 16\]"),
        (lambda w: w.update({"blocks.0.gate.weight": torch.zeros(2)}), "another network than the DiT"),
        (lambda w: w.update({"blocks.99999999999.norm1.weight": torch.zeros(16)}), "another network than the DiT"),
        (lambda w: w.update({"output_layer.linear.bias": torch.full((13,), torch.nan)}), "no numbers"),
        (lambda w: w.update({"sigma_map.mlp.0.weight": torch.zeros(6, 128)}), "another network than the DiT"),
        (lambda w: w.update({"vocab_embed.embedding": torch.zeros(13)}), "another network than the DiT"),
        (lambda w: w.update({"vocab_embed.embedding": torch.zeros(13, 0)}), "another network than the DiT"),
        (lambda w: w.update({"rotary_emb.inv_freq": torch.zeros(3)}), "rotary positions for heads of 6 numbers"),
        (lambda w: w.update({"rotary_emb.inv_freq": torch.tensor(1.0)}), "rotary positions for heads of 2 numbers"),
    ],
)
def test_networks_of_another_kind_are_named(tmp_path, damage, words):
    w = weights()
    damage(w)
    torch.save(w, tmp_path / "a.ckpt")
    save_file(w, tmp_path / "a.safetensors")
    for name in ("a.ckpt", "a.safetensors"):
        with pytest.raises(ValueError, match=words) as caught:
            load_released(tmp_path / name, settings=ReleasedSettings(heads=4))
        assert "\n" not in str(caught.value)


# --- harm -----------------------------------------------------------------------------------------------------------


class Harm:
    """What runs a function when it is read as its writer meant it."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


class LaterHarm(dict):
    """The same when its state is set, its entries are set, or it is called."""

    def __init__(self, path):
        super().__init__(a=1)
        self.path = path

    def __setstate__(self, state):
        os.mkdir(state["path"])

    def __setitem__(self, key, value):
        os.mkdir(os.environ["HARM"])


SAID = "asks to call {} when it is opened: that runs code on your machine, and no weights need it. Nothing of it was"


def test_a_file_that_would_run_code_is_refused_by_what_was_found(tmp_path):
    done = tmp_path / "done"
    code = f"__import__('os').mkdir({str(done)!r})"
    nested = Harm(functools.partial(os.mkdir, str(done)))
    calls = {
        f"{os.system.__module__}.system": Harm(os.system, f"mkdir {done}"),
        f"{os.mkdir.__module__}.mkdir": Harm(os.mkdir, str(done)),
        "builtins.eval": Harm(eval, code),
        "builtins.exec": Harm(builtins.exec, code),
        "subprocess.Popen": Harm(subprocess.Popen, ["mkdir", str(done)]),
        "runpy._run_code": Harm(runpy._run_code, code, {}),
        "torch.serialization.load": Harm(torch.load, str(done)),
    }
    for number, (name, harm) in enumerate([*calls.items(), (f"{os.mkdir.__module__}.mkdir", nested)]):
        path = tmp_path / f"{number}.ckpt"
        lightning(path, weights(), config=duo(), callbacks=harm, ema={"decay": harm})  # beside good weights
        with pytest.raises(ValueError, match=re.escape(SAID.format(name))):
            load_released(path)
        torch.save({"state_dict": harm}, path)  # nothing else in it
        with pytest.raises(ValueError, match=re.escape(SAID.format(name))) as caught:
            load_released(path)
        assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
        path.write_bytes(pickle.dumps(harm, protocol=number % 5))  # no archive around it
        with pytest.raises(ValueError, match="Nothing of it was executed"):
            load_released(path)
        assert not done.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"cos\nsystem\n(S'ls'\ntR.", "os.system"),  # by hand, protocol 0
        (b"(S'ls'\nios\nsystem\n.", "os.system"),  # INST calls
        (b"(cos\nsystem\nS'ls'\no.", "os.system"),  # OBJ calls
        (b"\x80\x04\x8c\x13torch.serialization\x8c\x09os.system\x93.", "torch.serialization.os.system"),
        (b"\x80\x02N.\x80\x02cbuiltins\n__import__\n.", "builtins.__import__"),  # in the second of two
        (b"\x80\x04\x8c\x02os\x8c\x05a\x1b[2J\x93.", "os.a?[2J"),  # nothing that a terminal obeys
        (b"\x80\x02coperator\nattrgetter\n.", "operator.attrgetter"),
        (b"\x80\x02" + b"".join(b"cos\nf%d\n" % k for k in range(5)) + b".", "os.f0, os.f1, os.f2 and 2 more"),
    ],
)
def test_a_bare_pickle_that_would_run_code_is_called_so(tmp_path, data, said):
    path = tmp_path / "a.ckpt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(f"asks to call {said} when")):
        load_released(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", data.removeprefix(b"\x80\x02N."))  # an index is one pickle
    with pytest.raises(ValueError, match=re.escape(f"asks to call {said} when")):
        load_released(path)


def test_a_bare_pickle_without_code_is_told_as_before(tmp_path):
    (tmp_path / "a.ckpt").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ValueError, match="or is a bare pickle"):
        load_released(tmp_path / "a.ckpt")


def test_objects_of_other_libraries_are_no_code(tmp_path):
    assert not any(
        runs_code(name)
        for name in (
            "omegaconf.dictconfig DictConfig",
            "transformers.models.bert.tokenization_bert_fast BertTokenizerFast",
            "collections OrderedDict",
            "torch._utils _rebuild_tensor_v2",
            "functools partial",
            "pathlib PosixPath",
            "builtins getattr",  # of an Enum
            "numpy.core.multiarray _reconstruct",
            "argparse Namespace",
            "osmosis A",
            "my.open Model",
        )
    )
    lightning(tmp_path / "a.ckpt", weights(), config=duo(), callbacks=[Path("a"), functools.partial(print, "b")])
    assert load_released(tmp_path / "a.ckpt").noise.vocab_size == 13


def test_harm_by_a_name_that_nobody_knows_is_read_as_data_and_the_weights_are_there(tmp_path, monkeypatch):
    done = tmp_path / "done"
    monkeypatch.setenv("HARM", str(done))
    (tmp_path / "imported_by_a_file.py").write_text(f"import os\nos.mkdir({str(done)!r})\nclass A: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for number, harm in enumerate([Harm(getattr, "", "join"), LaterHarm(str(done))]):
        path = tmp_path / f"{number}.ckpt"
        lightning(path, weights(), config=duo(), callbacks=harm, ema={"decay": harm})
        assert load_released(path).noise.vocab_size == 13
        torch.save({"state_dict": harm}, path)  # nothing else in it
        with pytest.raises(ValueError, match="does not say how it was trained"):
            load_released(path)
        lightning(path, {**weights(), "blocks.0.norm1.weight": harm}, config=duo(), optimizer_states=[])
        with pytest.raises(ValueError, match="another network than the DiT"):
            load_released(path)
        assert not done.exists()
    found = read_index(b"\x80\x02cimported_by_a_file\nA\n)\x81.")
    assert isinstance(found, Inert) and not done.exists() and "imported_by_a_file" not in sys.modules


def test_what_a_writer_meant_runs_harm_elsewhere(tmp_path):
    """The files above are what they are said to be: a reader that trusts them is harmed."""
    pickle.loads(pickle.dumps(Harm(os.mkdir, str(tmp_path / "done"))))
    assert (tmp_path / "done").exists()


def steps(*parts):
    return b"\x80\x02" + b"".join(parts) + b"."


def test_names_stay_names():
    assert read_index(steps(b"cos\nsystem\n")) == Name("os system")
    called = read_index(steps(b"cos\nsystem\n", b"X\2\0\0\0ls", b"\x85", b"R"))
    assert (called.name, called.args) == ("os system", ("ls",))
    again = read_index(steps(b"cos\nsystem\n", b"X\2\0\0\0ls", b"\x85", b"R", b")R"))  # what came back is called
    assert again.name == "" and again.args == ()
    assert read_index(b"\x80\x04\x8c\x02os\x8c\x06system\x93.") == Name("os system")


@pytest.mark.parametrize(
    "data",
    [
        steps(b"(ios\nsystem\n"),  # INST calls
        steps(b"(cos\nsystem\n", b"X\2\0\0\0ls", b"o"),  # OBJ calls
        steps(b"\x82\x01"),  # a name by its number in a registry
        steps(b"Pname\n"),  # numbers by a name
        steps(b"K\1Q"),  # numbers that are none
        steps(b"(X\7\0\0\0storagecos\nsystem\nX\1\0\0\0kX\3\0\0\0cpuK\1tQ"),
        steps(b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0kX\3\0\0\0cpuJ\xff\xff\xff\xfftQ"),
        steps(b"R"),
        steps(b"h\x05"),  # nothing was remembered
        steps(b"e"),  # no mark
        steps(b"K\1\x8c\1a\x93"),
        b"\x80\x02N",
        b"",
        b"\x00",
        b"no index at all",
        steps(b"I" + b"9" * 100_000 + b"\n"),
        steps(b"X\xff\xff\xff\x7f"),  # text of two gigabytes
        steps(b"\x8b\xff\xff\xff\x7f"),  # a number of two gigabytes
    ],
)
def test_an_index_that_no_checkpoint_has_is_refused(data):
    with pytest.raises(ValueError, match="its index"):
        read_index(data)


def test_bombs_cost_no_more_than_their_own_size(monkeypatch):
    far = read_index(steps(b"Nr\xff\xff\xff\x7f"))  # remembered as number two thousand million
    assert far is None
    doubled = b"]q\0" + b"".join(b"(h%ch%cl" % (i, i) + b"q%c" % (i + 1) for i in range(60))  # 2^60 in all
    assert len(read_index(steps(doubled))) == 2
    keyed = read_index(steps(b"})" + b"\x85" * 200_000 + b"Ns"))  # hashing such a key would never come back
    assert keyed == {}
    listed = read_index(steps(b"]q\0" + b"h\0a" * 1000))
    assert listed[0] is listed
    stands = b"cm\nA\n)\x81"
    assert isinstance(read_index(steps(stands * 50_000 + b"b" * 49_999)), Inert)  # each the state of the one before
    monkeypatch.setattr(released_index, "MOST_STEPS", 100)
    with pytest.raises(ValueError, match="more than 100 steps"):
        read_index(steps(b"N" * 200))


FLOATS = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0%sX\3\0\0\0cpuJ%stQ"


def tensor_at(key, count, offset, shape, stride):
    """Return the steps that describe a tensor, as torch.save writes them."""
    number = b"".join

    def ints(values):
        return b"(" + number(b"\x8a\x08" + struct.pack("<q", v) for v in values) + b"t"

    place = FLOATS.replace(b"J%s", b"\x8a\x08" + struct.pack("<q", count)).replace(b"%s", key)
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + place + ints([offset])[1:-1] + ints(shape) + ints(stride)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "offset", "shape", "stride"),
    [
        (4, 0, [5], [1]),
        (4, 1, [4], [1]),
        (4, 0, [2, 2], [3, 1]),
        (4, 0, [2**40], [0]),  # one number, a trillion times
        (4, 0, [2**40, 2**40], [0, 0]),
        (4, -1, [2], [1]),
        (4, 2**60, [0], [1]),
        (4, 0, [2], [-1]),
        (4, 0, [2], [1, 1]),
        (4, 0, [1] * 9, [1] * 9),
        (-4, 0, [1], [1]),
    ],
)
def test_a_tensor_that_is_not_in_the_file_is_refused(count, offset, shape, stride):
    assert read_index(steps(tensor_at(b"0", 4, 1, [3], [1]))).shape == (3,)
    with pytest.raises(ValueError, match="its index cannot be read"):
        read_index(steps(tensor_at(b"0", count, offset, shape, stride)))


def test_what_a_file_claims_is_held_against_its_size_before_anything_is_allocated(tmp_path):
    path = tmp_path / "a.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", steps(b"}X\1\0\0\0w" + tensor_at(b"0", 2**40, 0, [2**40], [1]) + b"s"))
        archive.writestr("a/data/0", bytes(16))
    contents = read_contents(path)
    assert contents.shapes == {"w": (2**40,)}
    with pytest.raises(ValueError, match="not as many numbers as it says"):
        contents.read("w")
    # every weight of a network is the same few numbers: each lies in the file, and all together do not
    w = weights(V=64)
    same = torch.zeros(max(p.numel() for p in w.values()))
    torch.save({name: same[: p.numel()].view(p.shape) for name, p in w.items()}, path)
    with pytest.raises(ValueError, match="claims more weights than .* bytes can hold"):
        load_released(path, settings=ReleasedSettings(heads=4))


def test_text_from_a_file_does_not_fill_the_message(tmp_path):
    path = lightning(tmp_path / "a.ckpt", weights(), config=duo(algo__name="x\n" * 10_000))
    with pytest.raises(ValueError) as caught:
        load_released(path)
    assert len(str(caught.value)) < 600 and "\n" not in str(caught.value)

"""What travels between a check and a student's process arrives as it was, and what comes from outside is checked."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest
import torch

from uddm_mini.teaching.answers import as_tensor, same
from uddm_mini.teaching.calls import NotAttempted, Stopped, Wrong, ask
from uddm_mini.teaching.grading.encoding import Unknown, decode, dumps, encode
from uddm_mini.teaching.grading.remote import RECORDS, Remote, Served
from uddm_mini.worlds import ToyLanguage
from uddm_mini.worlds.grammar import FARM


def travelled(value, **named):
    return decode(json.loads(dumps(encode(value, **named))), None, RECORDS)


VALUES = [
    *(None, True, 0, -(2**70), 0.1, math.pi, math.inf, math.nan, "äß\n", ..., [], (), {}, {"a": (1, [2])}, {1, 2}),
    *(
        torch.tensor(0.1, dtype=torch.float64),
        torch.arange(6).reshape(2, 3),
        torch.zeros(0, 3),
        torch.arange(6.0).reshape(3, 2).T,
    ),
    *(torch.tensor([True, False]), torch.tensor([0.5], dtype=torch.bfloat16), torch.tensor([1 + 2j])),
    *(np.float32(0.1), np.int64(3), np.eye(2), np.array(2.5), np.arange(6)[::2], np.array([True])),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{type(v).__name__} {v!r}"[:40].replace("\n", " "))
def test_a_value_arrives_with_its_type_and_every_bit(value):
    got = travelled(value)
    assert type(got) is type(value)
    if isinstance(value, torch.Tensor):
        assert got.dtype == value.dtype and got.shape == value.shape and torch.equal(got, value)
    elif isinstance(value, np.ndarray | np.generic):
        assert got.dtype == value.dtype and np.array_equal(got, value) and np.shape(got) == np.shape(value)
    else:
        assert got == value or same(got, value)


def test_generators_gradients_and_records_arrive():
    generator = torch.Generator().manual_seed(3)
    torch.rand(5, generator=generator)
    assert torch.equal(torch.rand(4, generator=travelled(generator)), torch.rand(4, generator=generator))
    assert travelled(torch.ones(2, requires_grad=True)).requires_grad
    assert travelled(FARM) == FARM
    arcs = (
        encode(ToyLanguage().arcs[0])
        if hasattr(ToyLanguage(), "arcs")
        else {"$": "record", "name": "Arcs", "fields": {"n_next": 3}}
    )
    assert decode(json.loads(dumps(arcs))).n_next > 0  # a class that is not here comes with its values


def test_what_does_not_travel_is_named_and_no_answer():
    got = travelled([object(), lambda: 0])
    assert [isinstance(one, Unknown) for one in got] == [True, True] and "object" in repr(got[0])
    with pytest.raises(Wrong, match="came as object"):
        as_tensor(got[0])
    endless: list = []
    endless.append(endless)
    assert isinstance(travelled(endless), list)


def tensor_data(**change):
    return {"$": "tensor", "dtype": "float64", "shape": [2], "gradient": False, "data": "AAAA"} | change


@pytest.mark.parametrize(
    "data",
    [
        tensor_data(),
        tensor_data(shape=[10**12]),
        tensor_data(shape=[-1], data=base64.b64encode(bytes(8)).decode()[:4]),
        tensor_data(dtype="load"),
        tensor_data(dtype="__class__"),
        {"$": "array", "dtype": "O", "shape": [1], "data": "AAAAAAAAAAA=", "scalar": False},
        {"$": "array", "dtype": "nonsense", "shape": [1], "data": "", "scalar": False},
        {"$": "generator", "state": "AAAA"},
        {"$": "dict", "items": [[[1], 2]]},
        {"$": "record", "name": "Grammar", "fields": {"choices": 3}},
        {"$": "tuple"},
        {"$": "int", "digits": "x"},
    ],
)
def test_data_that_fit_no_value_are_refused(data):
    with pytest.raises(ValueError):
        decode(data, None, RECORDS)
    deep = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(ValueError, match="nested"):
        decode(deep)


def test_a_function_elsewhere_is_asked_like_one_here():
    def elsewhere(number, name, arguments, named):
        if arguments == (0,):
            raise NotImplementedError
        if arguments == (1,):
            raise Stopped("f stopped with ZeroDivisionError, in its line 2: 1 / 0")
        return sum(arguments)

    remote = Remote(elsewhere, 0, "f")
    assert ask(remote, 2, 3) == 5
    with pytest.raises(NotAttempted):
        ask(remote, 0)
    with pytest.raises(Wrong, match=r"^f stopped with ZeroDivisionError, in its line 2: 1 / 0$"):
        ask(remote, 1)


def test_an_answer_uses_of_an_object_only_what_is_open():
    served, language = Served(), ToyLanguage()
    number = encode(language, served.keep)["number"]
    assert served.reply({"ask": number, "get": "vocab_size"}) == {"value": language.vocab_size}
    function = served.reply({"ask": number, "get": "log_prob"})["value"]
    x = language.corpus().held_out[:2]
    reply = served.reply({"ask": function["number"], "args": encode([x]), "named": {}})
    assert torch.equal(decode(reply["value"]), language.log_prob(x))
    for closed in ("cavity", "__class__", "_table"):
        assert served.reply({"ask": number, "get": closed})["error"] == "AttributeError"
    assert "error" in served.reply({"ask": 99, "args": [], "named": {}})

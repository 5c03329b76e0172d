"""Released checkpoints: written key for key, they answer as the published forward pass does, computed apart."""

from __future__ import annotations

import json
import math
import sys
import types

import numpy as np
import pytest
import torch
from published import answer, duo, inv_freq, lightning, shapes, udlm, weights
from safetensors.torch import save_file

from tests.pretend_gpu import GPU, PretendGPU
from uddm_mini import (
    LogLinear,
    ReleasedSettings,
    UniformNoise,
    conditional_entropy,
    load_released,
    mean_nelbo,
    sample,
    token_recovery,
)
from uddm_mini.models.released_dit import DiT, Sizes
from uddm_mini.models.released_words import WordPieces, read_vocabulary

X = torch.randint(13, (4, 9), generator=torch.Generator().manual_seed(1))
TIMES = (0.0, 1e-5, 0.25, 1.0)
VOCAB = {
    w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcd", "##b", "##c", "the", "cat"])
}


def sigma(t, epsilon=1e-3):
    """Return -log(1 - (1 - epsilon) t), as all three code bases tell it the network."""
    return np.full(len(X), -math.log1p(-(1 - epsilon) * t))


def agrees(model, w, heads=4, epsilon=1e-3, x=X):
    for t in TIMES:
        wanted = answer(w, x, sigma(t, epsilon), heads)
        np.testing.assert_allclose(model(x, t).detach().numpy(), wanted, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(model.cavity(x, t).numpy(), wanted, rtol=1e-5, atol=1e-5)
    return True


def to_hub(path, w, config, **more):
    """Write a folder of the hub: weights with the prefix of their module, and config.json."""
    save_file({f"backbone.{name}": p for name, p in w.items()} | more, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(config), "utf-8")
    return path / "model.safetensors"


HUB = {
    "n_heads": 4,
    "model_length": 9,
    "hidden_dim": 16,
    "n_blocks": 2,
    "cond_dim": 6,
    "vocab_size": 13,
    "dropout": 0.1,
}


@pytest.mark.parametrize("kind", ["duo", "paper", "udlm", "hub udlm", "hub duo", "weights", "safetensors"])
def test_each_form_answers_as_the_published_forward_pass_does(tmp_path, kind):
    w, settings, path = weights(), None, tmp_path / "some.ckpt"
    if kind in ("duo", "paper"):
        lightning(path, w, config=duo(algo__name="duo_base" if kind == "duo" else "duo"))
    elif kind == "udlm":
        lightning(path, w, config=udlm())
    elif kind.startswith("hub"):
        path = to_hub(tmp_path, w, {"model_type": kind.split()[1], "time_conditioning": True, "cfg": False, **HUB})
    else:
        settings = ReleasedSettings(heads=4, length=9)
        if kind == "weights":
            torch.save(w, path)
        else:
            path = tmp_path / "some.safetensors"
            save_file(w, path)
    model = load_released(path, settings=settings)
    assert agrees(model, w)
    assert model.noise == UniformNoise(13, LogLinear(1e-3)) and model.predicts == "cavity" and model.length == 9
    assert not model.training and model.about["weights"] == "weights" and model.about["source"] == str(path)


def test_the_moving_average_is_read_in_the_order_of_the_parameters_unless_the_weights_are_asked_for(tmp_path):
    raw, averages = weights(seed=1), weights(seed=2)
    path = lightning(tmp_path / "a.ckpt", raw, averages, config=duo())
    model = load_released(str(path))
    assert agrees(model, averages) and agrees(load_released(path, ema=False), raw)
    assert model.about == {
        "algorithm": "duo",
        "train": "lm1b",
        "subset": 0.01,
        "tokenizer_name_or_path": "bert-base-uncased",
        "wrap": True,
        "steps": 1_000_000,
        "source": str(path),
        "weights": "moving average",
    }
    fewer = dict(list(averages.items())[1:])
    lightning(path, raw, fewer, config=duo())
    with pytest.raises(ValueError, match="moving averages of other weights than its own; ema=False"):
        load_released(path)
    assert agrees(load_released(path, ema=False), raw)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_weights_of_another_precision_are_computed_with_in_float32(tmp_path, dtype):
    w = {name: p.to(dtype) for name, p in weights().items()}
    model = load_released(lightning(tmp_path / "a.ckpt", w, w, config=duo()))
    assert agrees(model, w) and model(X, 0.5).dtype == torch.float32
    path = to_hub(
        tmp_path, w, {"model_type": "duo", **HUB}, **{"backbone.rotary_emb.inv_freq": inv_freq(16, 4).to(dtype)}
    )
    assert agrees(load_released(path), w)


def test_tensors_that_share_and_cross_their_numbers_are_put_in_order(tmp_path):
    w = weights()
    row = torch.cat([p.flatten() for p in w.values()])  # as flattened by a distributed strategy
    parts = dict(zip(w, row.split([p.numel() for p in w.values()]), strict=True))
    shared = {name: parts[name].view(p.shape) for name, p in w.items()}
    crossed = {name: p.T.contiguous().T if p.ndim == 2 else p for name, p in w.items()}  # column by column
    for number, made in enumerate((shared, crossed)):
        assert agrees(load_released(lightning(tmp_path / f"{number}.ckpt", made, config=duo())), w)


def test_the_noise_level_is_told_as_sigma_and_the_epsilon_of_the_file_counts(tmp_path):
    w = weights()
    model = load_released(lightning(tmp_path / "a.ckpt", w, config=duo(noise__eps=0.05)))
    assert agrees(model, w, epsilon=0.05) and float(model.noise.alpha(1.0)) == pytest.approx(0.05)
    told = []
    model.backbone.register_forward_pre_hook(lambda _, args: told.append(args[1]))
    model(X, torch.tensor([0.0, 0.5, 1.0, 1.0]))
    assert told[0].tolist() == pytest.approx([0, -math.log(0.525), -math.log(0.05), -math.log(0.05)], rel=1e-6)
    given = load_released(tmp_path / "a.ckpt", settings=ReleasedSettings(epsilon=0.2))
    assert agrees(given, w, epsilon=0.2)


def test_a_network_without_a_noise_level_always_hears_zero(tmp_path):
    w = weights()
    model = load_released(lightning(tmp_path / "a.ckpt", w, config=udlm(time_conditioning=False)))
    np.testing.assert_allclose(model(X, 0.7).detach().numpy(), answer(w, X, sigma(0), 4), rtol=1e-5, atol=1e-5)
    told = load_released(tmp_path / "a.ckpt", settings=ReleasedSettings(time_conditioning=True))
    assert agrees(told, w)


def test_cross_entropy_taught_the_posterior(tmp_path):
    model = load_released(lightning(tmp_path / "a.ckpt", weights(), config=udlm(training__use_simple_ce_loss=True)))
    assert model.predicts == "posterior"
    assert torch.equal(model.posterior(X, 0.5), model(X, 0.5)) and not torch.equal(model.cavity(X, 0.5), model(X, 0.5))
    assert load_released(tmp_path / "a.ckpt", settings=ReleasedSettings(predicts="cavity")).predicts == "cavity"


def test_heads_come_from_the_settings_or_from_the_rotary_waves_or_are_asked_for(tmp_path):
    w, path = weights(), tmp_path / "a.ckpt"
    lightning(path, w, config=duo(model__n_heads=None), heads=2)
    assert agrees(load_released(path), w, heads=2)
    lightning(path, w, config=duo(model__n_heads=None), heads=None)
    with pytest.raises(ValueError, match=r"how many attention heads it has; give settings=ReleasedSettings\(heads"):
        load_released(path)
    assert agrees(load_released(path, settings=ReleasedSettings(heads=8)), w, heads=8)
    lightning(path, w, config=duo(heads=4), heads=2)
    with pytest.raises(ValueError, match="rotary positions for heads of 8 numbers, and not 4 of them"):
        load_released(path)
    with pytest.raises(ValueError, match="a width of 16, which 3 attention heads"):
        load_released(path, settings=ReleasedSettings(heads=3))


@pytest.mark.parametrize(("size", "millions"), [((256, 8, 8), 23.7), ((768, 12, 12), 139.3), ((1024, 24, 16), 384.0)])
def test_the_paper_s_three_sizes_have_as_many_weights_as_it_says(size, millions):
    width, blocks, heads = size
    wanted = shapes(30_522, width, blocks, 128, 4 * width)
    assert round(sum(map(math.prod, wanted.values())) / 1e6, 1) == millions
    with torch.device("meta"):
        network = DiT(Sizes(30_522, width, heads, blocks, 128, 4 * width))
    assert {name: tuple(p.shape) for name, p in network.named_parameters()} == wanted
    assert [name for name, _ in network.named_parameters()] == list(wanted), "the order of the averages"


def test_probes_and_samplers_take_it_for_a_denoiser_in_batches(tmp_path):
    model = load_released(lightning(tmp_path / "a.ckpt", weights(), config=duo()))
    assert model.batch_size == 2**27 // (9 * 13)
    before = conditional_entropy(model, X)
    model.batch_size = 3
    torch.testing.assert_close(conditional_entropy(model, X), before)
    x = sample(model, 5, model.length, steps=4, generator=torch.Generator().manual_seed(0))
    assert x.shape == (5, 9) and 0 <= int(x.min()) <= int(x.max()) < 13
    assert token_recovery(model, x, 0.25, generator=torch.Generator().manual_seed(0)).recovered >= 0
    assert mean_nelbo(model, x) > 0
    assert model(X[:, :5], 0.5).shape == (4, 5, 13), "a shorter sentence"


def test_text_that_it_cannot_read_is_named(tmp_path):
    model = load_released(lightning(tmp_path / "a.ckpt", weights(), config=duo()))
    with pytest.raises(ValueError, match="10 tokens in a row, and this model was trained on 9"):
        model(torch.zeros(1, 10, dtype=torch.int64), 0.5)
    for token in (-1, 13):
        with pytest.raises(ValueError, match=r"outside 0 \.\.\. 12, the words of this model"):
            model(torch.full((1, 9), token), 0.5)
    for act in (lambda: model.decode(X), lambda: model.encode(["a"])):
        with pytest.raises(ValueError, match="vocabulary"):
            act()


def test_everything_is_on_the_gpu_that_is_asked_for(tmp_path, monkeypatch):
    path = lightning(tmp_path / "a.ckpt", weights(), config=duo())
    there = load_released(path)(X, 0.5)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with PretendGPU():
        model = load_released(path, device="cuda")
        assert model.device == GPU
        torch.testing.assert_close(model.cavity(X, 0.5), there)


# --- words ----------------------------------------------------------------------------------------------------------


def test_the_words_of_the_tokenizer_in_the_file_are_read(tmp_path):
    model = load_released(lightning(tmp_path / "a.ckpt", weights(), config=duo(), vocab=VOCAB))
    assert model.words == tuple(VOCAB)
    assert model.decode(torch.tensor([[2, 5, 9, 10, 12, 3, 0, 0, 0], [4, 0, 5, 0, 0, 0, 0, 0, 0]])) == [
        "[CLS] abc cat [SEP]",
        "[MASK] [PAD] a",
    ]
    fewer = {word: i for word, i in VOCAB.items() if i < 12}
    assert load_released(lightning(tmp_path / "a.ckpt", weights(), config=duo(), vocab=fewer)).words[-1] == "[12]"
    other = {f"w{i}": i for i in range(14)}  # of another model
    assert load_released(lightning(tmp_path / "a.ckpt", weights(), config=duo(), vocab=other)).words == ()


def test_text_becomes_ids_as_in_the_training_of_the_checkpoint(tmp_path):
    pytest.importorskip("tokenizers")
    path = lightning(tmp_path / "a.ckpt", weights(), config=duo(), vocab=VOCAB)
    model = load_released(path)
    texts = ["The cat abc", "a xyz", "the the the cat"]
    alone = [[2, 11, 12, 5, 9, 10, 3, 0, 0], [2, 5, 1, 3, 0, 0, 0, 0, 0], [2, 11, 11, 11, 12, 3, 0, 0, 0]]
    assert model.encode(texts, packed=False).tolist() == alone
    # one after the other with [SEP] after each, in rows of seven; the four at the end make no row
    together = [[2, 11, 12, 5, 9, 10, 3, 5, 3], [2, 1, 3, 11, 11, 11, 12, 3, 3]]
    assert model.encode(texts).tolist() == together
    padded = load_released(lightning(path, weights(), config=udlm(), vocab=VOCAB))
    assert padded.encode(iter(texts)).tolist() == alone
    assert padded.encode(["a b c d a b c d a"]).tolist() == [[2, 5, 6, 7, 8, 5, 6, 7, 3]], "cut at the length"
    assert model.encode([]).shape == (0, 9)
    with pytest.raises(ValueError, match=r"has no \[PAD\], so it is not that of a BERT"):
        WordPieces(tuple(VOCAB)[1:]).encode(["a"], 9, packed=False)


def test_a_fast_tokenizer_in_the_file_is_read_too(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    found = tokenizers.BertWordPieceTokenizer(VOCAB)._tokenizer
    path = tmp_path / "a.ckpt"
    lightning(path, weights(), config=None, hyper_parameters={"config": duo(), "tokenizer": {"_tokenizer": found}})
    assert load_released(path).words == tuple(VOCAB)


def test_a_vocabulary_is_read_from_a_file_and_must_fit(tmp_path):
    path = lightning(tmp_path / "a.ckpt", weights(), config=duo())
    lines, table, bad = tmp_path / "vocab.txt", tmp_path / "tokenizer.json", tmp_path / "bad.json"
    lines.write_text("\n".join(VOCAB) + "\n", "utf-8")
    table.write_text(json.dumps({"model": {"type": "WordPiece", "vocab": VOCAB}}), "utf-8")
    for vocabulary in (lines, str(table)):
        assert load_released(path, vocabulary=vocabulary).words == tuple(VOCAB)
    with pytest.raises(ValueError, match="13 words and the network 12, so it is the vocabulary of another model"):
        read_vocabulary(lines, 12)
    with pytest.raises(ValueError, match="13 words and the network 30,522"):
        read_vocabulary(lines, 30_522)
    for text in ("{", "[]", '{"model": 3}', "[" * 100_000):
        bad.write_text(text, "utf-8")
        with pytest.raises(ValueError, match=r"neither a list of words, one a line, nor a tokenizer\.json"):
            load_released(path, vocabulary=bad)
    with pytest.raises(FileNotFoundError, match="no vocabulary at"):
        load_released(path, vocabulary=tmp_path / "none.txt")


# --- the hub --------------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch, tmp_path):
    asked = []

    def hf_hub_download(*, repo_id, filename):
        asked.append((repo_id, filename))
        if not (tmp_path / filename).is_file():
            raise RuntimeError(f"404 for {filename}\nand more lines")
        return str(tmp_path / filename)

    fake = types.ModuleType("huggingface_hub")
    fake.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    return asked


def test_a_name_of_the_hub_is_downloaded(hub, tmp_path):
    w = weights()
    (tmp_path / "tiny").mkdir()
    lightning(tmp_path / "tiny" / "lm1b-tiny-0.01.ckpt", w, config=duo())
    name = "lemoncmd/lldms-associative-memory:tiny/lm1b-tiny-0.01.ckpt"
    model = load_released(name)
    assert agrees(model, w) and model.about["source"] == name
    assert hub == [("lemoncmd/lldms-associative-memory", "tiny/lm1b-tiny-0.01.ckpt")]
    hub.clear()
    to_hub(tmp_path, w, {"model_type": "udlm", **HUB})
    assert agrees(load_released("kuleshov-group/udlm-lm1b:model.safetensors"), w)
    assert [file for _, file in hub] == ["model.safetensors", "config.json"]
    (tmp_path / "config.json").unlink()
    with pytest.raises(ValueError, match="does not say how it was trained"):
        load_released("kuleshov-group/udlm-lm1b:model.safetensors")


def test_a_name_that_the_hub_does_not_have_and_a_missing_package_are_named(hub, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"no\.ckpt of some/repo could not be downloaded \(404 for no\.ckpt\)"):
        load_released("some/repo:no.ckpt")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match="needs the package huggingface_hub: pip install huggingface_hub"):
        load_released("some/repo:no.ckpt")


@pytest.mark.parametrize("name", ["none.ckpt", "some/repo", "a" * 5000, "nul\0byte"])
def test_a_missing_file_is_named_before_anybody_asks_the_hub(hub, name):
    with pytest.raises(
        FileNotFoundError, match="There is no checkpoint .*; give the path of a file, or owner/repo:path"
    ):
        load_released(name)
    assert not hub

"""The trained denoiser's shape: bidirectional, told the time, normalized, and fixed by its seed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from uddm_mini import Cosine, ModelSettings, TransformerDenoiser, UniformNoise, load, save, token_recovery, train
from uddm_mini.models.blocks import AttentionBlock, ConvolutionBlock, neighbor_bias
from uddm_mini.models.transformer import stack


def tiny(length: int = 5, seed: int = 0, **changes) -> TransformerDenoiser:
    settings = ModelSettings(**{"width": 16, "depth": 2, "heads": 2, **changes})
    return TransformerDenoiser(UniformNoise(7), length, settings, seed=seed).eval()


@pytest.fixture
def xt() -> torch.Tensor:
    return torch.randint(7, (4, 5), generator=torch.Generator().manual_seed(0))


def test_answers_are_log_probabilities(xt):
    log_p0 = tiny()(xt, torch.linspace(0, 1, 4))
    assert log_p0.shape == (4, 5, 7) and log_p0.dtype == torch.float32
    # float32: seven digits
    torch.testing.assert_close(log_p0.exp().sum(dim=2), torch.ones(4, 5), rtol=0, atol=1e-5)
    assert bool(log_p0.isfinite().all())


def test_one_noise_level_may_serve_all_sentences(xt):
    model = tiny()
    expected = model(xt, torch.full((4,), 0.3))
    for t in (0.3, torch.tensor(0.3)):
        assert torch.equal(model(xt, t), expected)
    with pytest.raises(ValueError, match="one number or one per sentence"):
        model(xt, torch.tensor([0.3]))


def test_the_seed_fixes_the_weights(xt):
    state = torch.random.get_rng_state()
    first, second, other = (tiny(seed=seed)(xt, torch.ones(4)) for seed in (0, 0, 1))
    assert torch.equal(first, second) and not torch.allclose(first, other)
    tiny(seed=2)
    torch.manual_seed(7)
    assert torch.equal(tiny(seed=0)(xt, torch.ones(4)), first), "no hidden randomness decides"
    torch.random.set_rng_state(state)


def test_every_word_is_seen_from_every_position(xt):
    model, t = tiny(), torch.full((4,), 0.5)
    before = model(xt, t)
    for position in range(5):
        changed = xt.clone()
        changed[:, position] = (xt[:, position] + 1) % 7
        moved = (model(changed, t) - before).abs().amax(dim=(0, 2))
        assert bool((moved > 1e-4).all()), f"some position does not look at word {position}"


def test_sentences_of_a_batch_do_not_see_each_other(xt):
    model, t = tiny(), torch.linspace(0.1, 1, 4)
    alone = torch.cat([model(xt[i : i + 1], t[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(model(xt, t), alone, rtol=1e-4, atol=1e-5)  # float32 products in another order


def test_the_noise_level_matters_down_to_the_smallest(xt):
    model = tiny()
    levels = [0.0, 1e-3, 1e-2, 0.1, 0.5, 1.0]
    with torch.no_grad():
        answers = [model(xt, torch.full((4,), t)) for t in levels]
    for first, second in itertools.pairwise(answers):
        assert float((first - second).abs().max()) > 1e-4
    assert torch.equal(model(xt, torch.full((4,), 0.5, dtype=torch.float64)), answers[4])


def test_only_positions_tell_the_order_of_words(xt):
    # without them attention is a set: permuting the words permutes the answers
    model, order = tiny(), torch.tensor([3, 0, 4, 2, 1])
    with torch.no_grad():
        t = torch.full((4,), 0.5)
        assert not torch.allclose(model(xt[:, order], t), model(xt, t)[:, order], atol=1e-3)
        model.position.zero_()
        torch.testing.assert_close(model(xt[:, order], t), model(xt, t)[:, order], rtol=1e-4, atol=1e-5)


def test_every_weight_receives_a_gradient(xt):
    model = tiny()
    model(xt, torch.linspace(0.1, 1, 4))[..., 0].sum().backward()
    for name, p in model.named_parameters():
        assert p.grad is not None and bool((p.grad != 0).any()), name


def test_a_single_word_of_two_and_an_empty_batch():
    model = TransformerDenoiser(UniformNoise(2), 1, ModelSettings(width=4, depth=1, heads=1))
    assert model(torch.tensor([[1]]), torch.tensor([0.0])).shape == (1, 1, 2)
    assert model(torch.zeros(0, 1, dtype=torch.int64), torch.zeros(0)).shape == (0, 1, 2)


def test_a_model_carries_its_noise_its_shape_and_what_its_loss_teaches(xt):
    noise, settings = UniformNoise(7, Cosine(0.01)), ModelSettings(16, 1, 2)
    model = TransformerDenoiser(noise, 5, settings)
    assert model.noise is noise and model.settings is settings and model.length == 5
    assert model.predicts == noise.form == "cavity"
    assert model.device == torch.device("cpu") and model.batch_size == 1024
    assert torch.equal(model.cavity(xt, 0.3), model(xt, 0.3).detach())
    assert TransformerDenoiser(noise, 5).settings == ModelSettings()
    assert len(model.blocks) == 1 and len(tiny().blocks) == 2


def test_whole_numbers_of_numpy_become_python_s_own():
    made = ModelSettings(np.int64(8), np.int32(2), np.int64(4))
    assert made == ModelSettings(8, 2, 4)
    assert [type(value) for value in (made.width, made.depth, made.heads)] == [int] * 3
    for bad in (8.0, "8", None):
        with pytest.raises(TypeError, match=f"width must be a whole number, but is {bad!r}"):
            ModelSettings(width=bad)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(width=10, heads=4), "multiple of heads"),
        (dict(depth=0), "depth and heads must be at least 1, but are 16, 0 and 2"),
        (dict(heads=-1), "heads must be at least 1"),
        (dict(length=-3), "length must be at least 1"),
    ],
)
def test_impossible_shapes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        tiny(**changes)


def test_sentences_of_another_length_are_named(xt):
    with pytest.raises(ValueError, match=r"reads int64\[B, 5\]"):
        tiny()(xt[:, :3], torch.ones(4))


def test_with_neighbors_attention_starts_at_the_tokens_beside(xt):
    model = tiny(neighbors=True, depth=1)
    with torch.no_grad():  # scores from tokens off: what remains is the bias by distance
        for p in model.blocks[0].qkv.parameters():
            p[: 2 * 16].zero_()
        h = model.blocks[0]
        weights = h.distance_bias[:, h.distance].softmax(dim=2)  # [heads, L, L]
    assert weights.shape == (2, 5, 5)
    assert weights[0, 3].argmax() == 2 and weights[1, 3].argmax() == 4, "one head looks back, one ahead"
    other = weights[0, 3].clone()
    other[2] = 0
    torch.testing.assert_close(weights[0, 3, 2] / other.max(), torch.tensor(3.0).exp())
    assert not any("distance_bias" in name for name, _ in tiny().named_parameters()), "only if asked for"


def test_neighbors_matter_to_the_answer_and_survive_a_checkpoint(xt, tmp_path):
    model, t = tiny(neighbors=True), torch.full((4,), 0.5)
    assert not torch.allclose(model(xt, t), tiny()(xt, t))
    save(model, tmp_path / "model.safetensors")
    assert torch.equal(load(tmp_path / "model.safetensors")(xt, t), model(xt, t))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_neighbors_of_the_shortest_sentences(length):
    model = tiny(length=length, neighbors=True, heads=4)
    assert bool(model(torch.zeros(1, length, dtype=torch.int64), torch.ones(1)).isfinite().all())


def test_first_numbers_are_as_large_as_the_settings_say():
    noise = UniformNoise(50)
    plain, text = (
        TransformerDenoiser(noise, 40, ModelSettings(32, 1, 4, neighbors=True, neighbor_bias=bias, position_sd=sd))
        for bias, sd in ((3.0, 0.2), (6.0, 0.02))
    )
    for model, bias, sd in ((plain, 3, 0.2), (text, 6, 0.02)):
        biases = model.blocks[0].distance_bias.detach()
        assert biases.max(dim=1).values.tolist() == [bias] * 4 and biases.sum() == 4 * bias
        assert float(model.position.detach().std()) == pytest.approx(sd, rel=0.05)
    torch.testing.assert_close(text.position * 10, plain.position)
    torch.testing.assert_close(text.token.weight, plain.token.weight)


@pytest.mark.parametrize(
    "wrong", [{"neighbor_bias": float("nan")}, {"position_sd": -0.1}, {"position_sd": float("inf")}]
)
def test_first_numbers_that_cannot_be(wrong):
    with pytest.raises(ValueError, match="neighbor_bias must be a number and position_sd one from 0 on"):
        ModelSettings(**wrong)


def test_first_weights_never_change(xt):
    # stored networks and results are those of these numbers: drawn in the order token, position, time, blocks, head
    model = TransformerDenoiser(UniformNoise(5), 4, ModelSettings(8, 2, 2), seed=3)
    generator = torch.Generator().manual_seed(3)
    position, token = torch.empty(4, 8).normal_(std=0.2, generator=generator), torch.empty(5, 8)
    assert torch.equal(model.position.detach(), position)
    assert torch.equal(model.token.weight.detach(), token.normal_(std=0.2, generator=generator))
    order = [name for name, p in model.named_parameters() if p.ndim == 2]
    layers = [f"blocks.{k}.{name}.weight" for k in range(2) for name in ("qkv", "out", "up", "down")]
    assert order == ["position", "token.weight", "time.0.weight", "time.2.weight", *layers, "head.weight"]


def test_a_convolution_sees_three_positions_on_either_side_and_no_more():
    model = TransformerDenoiser(UniformNoise(6), 9, ModelSettings(16, 1, 2, mixing="convolution")).eval()
    x = torch.randint(6, (1, 9), generator=torch.Generator().manual_seed(0))
    before = model(x, 0.5)
    for place in range(9):
        changed = x.clone()
        changed[0, place] = (x[0, place] + 1) % 6
        moved = (model(changed, 0.5) - before).abs().amax(dim=2)[0] > 1e-6
        assert moved.nonzero().flatten().tolist() == [p for p in range(9) if abs(p - place) <= 3]


@pytest.mark.parametrize("mixing", ["attention", "convolution"])
def test_a_stack_answers_as_its_models_do(mixing):
    settings = ModelSettings(16, 2, 2, mixing=mixing)
    models = [TransformerDenoiser(UniformNoise(6), 5, settings, seed=seed) for seed in range(3)]
    for k, model in enumerate(models):  # scales and shifts that differ
        for p in model.parameters():
            p.data.add_(0.1 * k)
    x = torch.randint(6, (3, 7, 5), generator=torch.Generator().manual_seed(0))
    t = torch.rand(3, 7, generator=torch.Generator().manual_seed(1))
    together = stack(models).logits(x, t)
    for k, model in enumerate(models):
        torch.testing.assert_close(together[k], model.logits(x[k], t[k]), rtol=1e-4, atol=1e-3)


def test_a_network_without_attention_learns_and_survives_a_checkpoint(tmp_path):
    x = torch.randint(7, (10, 6), generator=torch.Generator().manual_seed(0))
    model = train(x, UniformNoise(7), steps=150, width=32, mixing="convolution", progress=False)
    assert token_recovery(model, x.repeat(20, 1), 0.25, generator=torch.Generator().manual_seed(0)).recovered > 0.6
    save(model, tmp_path / "m.safetensors")
    assert torch.equal(load(tmp_path / "m.safetensors")(x, 0.3), model(x, 0.3))
    with pytest.raises(ValueError, match="mixing must be one of attention, convolution, but is 'none'"):
        ModelSettings(mixing="none")


def layer(kind, **changes):
    """A block with weights, scales and shifts that are all different, some input, and what follows on a mixture."""
    generator, settings = torch.Generator().manual_seed(0), ModelSettings(12, 1, 4, **changes)
    block, h = kind(settings, 6), torch.randn(2, 6, 12, generator=generator)
    for p in block.parameters():
        p.data.normal_(generator=generator).mul_(0.5)

    def rest(mixed):
        after = h + block.out(mixed)
        return after + block.down(F.relu(block.up(block.norm2(after))))

    return block, h, rest


@pytest.mark.parametrize("neighbors", [False, True])
def test_a_layer_of_attention_is_that_of_the_library(neighbors):
    block, h, rest = layer(AttentionBlock, neighbors=neighbors)
    q, k, v = (part.view(2, 6, 4, 3).transpose(1, 2) for part in block.qkv(block.norm1(h)).chunk(3, dim=2))
    bias = torch.zeros(4, 6, 6)
    if neighbors:
        for i, j in itertools.product(range(6), range(6)):
            bias[:, i, j] = block.distance_bias[:, j - i + 5]
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.expand(2, -1, -1, -1))
    torch.testing.assert_close(block(h), rest(mixed.transpose(1, 2).reshape(2, 6, 12)), rtol=1e-4, atol=1e-4)


def test_a_layer_of_convolution_is_that_of_the_library():
    block, h, rest = layer(ConvolutionBlock, mixing="convolution")
    weight = block.near.weight.view(12, 12, 7)  # [out, in, places]
    mixed = F.conv1d(block.norm1(h).transpose(1, 2), weight, block.near.bias, padding=3).relu()
    torch.testing.assert_close(block(h), rest(mixed.transpose(1, 2)), rtol=1e-4, atol=1e-4)


def test_heads_look_one_back_one_ahead_two_back_two_ahead_and_so_on():
    assert neighbor_bias(5, 4, 3.0).argmax(dim=1).tolist() == [2, 4, 1, 5, 2]
    assert neighbor_bias(4, 2, 3.0).argmax(dim=1).tolist() == [0, 2, 0, 2], "no farther than the sentence"

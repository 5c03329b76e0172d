"""Muon against its library and a decomposition, its stacks against its models, and who gets which optimizer."""

from dataclasses import replace

import pytest
import torch

from uddm_mini import UniformNoise, mean_nelbo, train
from uddm_mini.models.settings import ModelSettings
from uddm_mini.models.transformer import TransformerDenoiser, stack
from uddm_mini.training.objective import EARLIEST_T, draw_batch, training_loss
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.steps import MUON_STEP, Muon, optimizers_of, orthogonalized, rate_at
from uddm_mini.training.train import train_stack


def gradients(*shape, steps=4, seed=0):
    return torch.randn(steps, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(6, 6), (12, 5), (5, 12), (3, 7, 4)])
def test_singular_values_come_near_one_and_vectors_stay(shape):
    matrix = gradients(*shape)[0]
    out = orthogonalized(matrix)
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    inner = u.mT @ out @ vh.mT  # the new singular values, on the diagonal
    off = inner - torch.diag_embed(inner.diagonal(dim1=-2, dim2=-1))
    assert off.abs().max() < 1e-4
    # the polynomial of Jordan et al. ends in 0.7 ... 1.2 for what begins above a hundredth of the largest
    large = s > 0.05 * s.amax(dim=-1, keepdim=True)
    values = inner.diagonal(dim1=-2, dim2=-1)[large]
    assert values.min() > 0.55 and values.max() < 1.25


@pytest.mark.parametrize("shape", [(24, 8), (8, 24)])
def test_steps_agree_with_the_library(shape):
    library = getattr(torch.optim, "Muon", None)
    if library is None:
        pytest.skip("this PyTorch has no Muon")
    ours, theirs = torch.nn.Parameter(torch.ones(shape)), torch.nn.Parameter(torch.ones(shape))
    mine = Muon([ours], lr=0.1, weight_decay=0.05)
    options = dict(lr=0.1 * MUON_STEP / 0.2, weight_decay=0.05 * 0.2 / MUON_STEP, adjust_lr_fn="match_rms_adamw")
    other = library([theirs], momentum=0.95, nesterov=True, ns_steps=4, **options)
    for g in gradients(*shape):
        ours.grad, theirs.grad = g.clone(), g.clone()
        mine.step()
        other.step()
    moved = (theirs - 1).norm()
    assert (ours - theirs).norm() < 0.02 * moved, "the library rounds to bfloat16"


def test_a_stack_steps_as_its_models_do():
    alone = [torch.nn.Parameter(torch.zeros(5, 3)) for _ in range(2)]
    together = torch.nn.Parameter(torch.zeros(2, 5, 3))
    steps = [Muon([p], lr=0.1) for p in alone], Muon([together], lr=0.1)
    for pair in gradients(2, 5, 3):
        together.grad = pair
        for p, g, each in zip(alone, pair, steps[0], strict=True):
            p.grad = g.clone()
            each.step()
        steps[1].step()
    torch.testing.assert_close(together.detach(), torch.stack([p.detach() for p in alone]), rtol=0, atol=1e-6)


def test_matrices_of_one_shape_step_as_one_each_by_its_own_gradient():
    starts, grads = gradients(3, 2, 6, 4, steps=2)[:, :, 0], gradients(3, 6, 4, steps=5, seed=1)
    together, alone = ([torch.nn.Parameter(start.clone()) for start in starts[0]] for _ in range(2))
    steps = [Muon(together, lr=0.1, weight_decay=0.05), *(Muon([p], lr=0.1, weight_decay=0.05) for p in alone)]
    for now in grads:
        for p, q, grad in zip(together, alone, now, strict=True):
            p.grad, q.grad = grad.clone(), grad.clone()
        for one in steps:
            one.step()
    for p, q in zip(together, alone, strict=True):
        torch.testing.assert_close(p, q)


@pytest.mark.parametrize("neighbors", [False, True])
def test_muon_gets_the_matrices_of_the_blocks_and_adamw_the_rest(neighbors):
    model = TransformerDenoiser(UniformNoise(5), 3, ModelSettings(8, 2, 2, neighbors))
    for each in (model, stack([model, model])):
        adamw, muon = optimizers_of(each, True, 0.01)
        names = {id(p): name for name, p in each.named_parameters()}
        got = {names[id(p)] for p in muon.param_groups[0]["params"]}
        ends = ("qkv", "out", "up", "down")
        assert got == {f"blocks.{k}.{end}.weight" for k in range(2) for end in ends}
        assert {names[id(p)] for p in adamw.param_groups[0]["params"]} == set(names.values()) - got
        assert len(optimizers_of(each, False, 0.01)) == 1


def test_muon_learns_and_a_stack_of_it_is_its_models():
    x = torch.randint(7, (20, 5), generator=torch.Generator().manual_seed(0))
    noise, shape = UniformNoise(7), ModelSettings(32, 1, 2)
    few = [
        (x, TrainSettings(steps=steps, learning_rate=rate, optimizer="muon", seed=seed, model=shape))
        for seed, steps, rate in ((0, 5, 7e-3), (1, 3, 4e-3))
    ]
    for model, (_, settings) in zip(train_stack(few, noise, progress=False), few, strict=True):
        alone = train(x, noise, settings=settings, progress=False)
        torch.testing.assert_close(model(x, 0.3), alone(x, 0.3), rtol=0, atol=1e-3)
    settings = replace(few[0][1], steps=200)
    learned, start = train(x, noise, settings=settings, progress=False), TransformerDenoiser(noise, 5, shape)
    assert mean_nelbo(learned, x, draws=16) < 0.75 * mean_nelbo(start, x, draws=16)
    plain = train(x, noise, settings=replace(settings, optimizer="adamw"), progress=False)
    assert not torch.equal(learned.blocks[0].up.weight, plain.blocks[0].up.weight)


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
def test_noise_levels_of_another_power_leave_the_mean_loss_alone(power, generator):
    # the mean over many batches, against the plain one: only its variance may differ
    x, noise = torch.randint(4, (50, 6), generator=generator), UniformNoise(4)
    whole = stack([TransformerDenoiser(noise, 6, ModelSettings(8, 1, 2))])
    found = []
    for k in (1.0, power):
        settings = TrainSettings(batch_size=4096, time_power=k)
        draws = [draw_batch(x, noise, settings, generator) for _ in range(12)]
        with torch.no_grad():
            found.append([float(training_loss(whole, x0[None], xt[None], t[None], settings)) for x0, t, xt in draws])
        times = torch.cat([t for _, t, _ in draws]).double()
        assert float((times ** (1 / k)).mean()) == pytest.approx(0.5, abs=0.01)
    plain, other = (torch.tensor(values, dtype=torch.float64) for values in found)
    error = float((plain.var() / 12 + other.var() / 12) ** 0.5)
    assert abs(float(plain.mean() - other.mean())) < 5 * error + 0.003 * float(plain.mean())


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_noise_levels_up_to_the_highest_are_even_and_weighted_to_be(power, generator):
    x, noise = torch.zeros(50, 6, dtype=torch.int64), UniformNoise(4)
    settings = TrainSettings(batch_size=8192, time_power=power, t_max=0.2, loss="cross_entropy")
    _, t, _ = draw_batch(x, noise, settings, generator)
    assert float((t / 0.2).pow(1 / power).mean()) == pytest.approx(0.5, abs=0.01) and float(t.max()) <= 0.2

    class Told(torch.nn.Module):
        """Logits that cost t nats."""

        noise = UniformNoise(4)

        def logits(self, xt, t):
            return torch.stack([-t, *[torch.log((1 - (-t).exp()) / 3)] * 3], dim=-1)[:, :, None].expand(*xt.shape, 4)

    loss = training_loss(Told(), x[:1].expand(1, 8192, 6), x[:1].expand(1, 8192, 6), t[None], settings)
    assert float(loss) == pytest.approx(0.1, abs=2e-3), "the mean of an even t up to 0.2"


@pytest.mark.parametrize(
    "changes",
    [{"optimizer": "sgd"}, {"time_power": 0.0}, {"time_power": float("nan")}, {"t_max": 0.0}, {"t_max": 1.1}],
)
def test_settings_that_do_not_exist(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        TrainSettings(**changes)


def test_step_sizes_rise_in_the_warm_up_and_then_stay_or_fall():
    constant = TrainSettings(steps=8, warmup=4, learning_rate=0.1, decay="constant")
    assert [rate_at(k, constant) for k in (0, 1, 3, 4, 7, 8, 99)] == pytest.approx([0.025, 0.05, 0.1, 0.1, 0.1, 0, 0])
    cosine = replace(constant, warmup=0, decay="cosine")
    assert [rate_at(k, cosine) for k in (0, 4, 8, 9)] == pytest.approx([0.1, 0.05, 0, 0])


def test_both_optimizers_decay_their_weights():
    model = TransformerDenoiser(UniformNoise(5), 3, ModelSettings(8, 1, 2))
    assert [each.param_groups[0]["weight_decay"] for each in optimizers_of(model, True, 0.02)] == [0.02, 0.02]


def test_a_matrix_of_zeros_gives_no_direction():
    assert torch.equal(orthogonalized(torch.zeros(2, 3, 4)), torch.zeros(2, 3, 4))


def test_no_noise_level_is_drawn_below_the_earliest(generator):
    settings = TrainSettings(batch_size=64, time_power=3.0)  # one in ten would be
    t = draw_batch(torch.zeros(4, 3, dtype=torch.int64), UniformNoise(4), settings, generator)[1]
    assert float(t.min()) == pytest.approx(EARLIEST_T) and int((t == t.min()).sum()) in (6, 7)

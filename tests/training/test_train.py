"""Training: what it learns against exact answers, what its seed fixes, what it refuses."""

from __future__ import annotations

import importlib
import math
from dataclasses import asdict

import pytest
import torch
from oracles import predictions, prior_of, sentences, signal, three_words, weighted_pairs

from uddm_mini import (
    Cosine,
    Exponential,
    Linear,
    LogLinear,
    MemorizingDenoiser,
    ModelSettings,
    NoiseSettings,
    PopulationDenoiser,
    ToyLanguage,
    TrainSettings,
    TransformerDenoiser,
    UniformNoise,
    cross_entropy,
    mean_nelbo,
    train,
    train_each,
)
from uddm_mini.models.transformer import stack
from uddm_mini.training.objective import draw_batch, training_loss

train_module = importlib.import_module("uddm_mini.training.train")  # the function hides it

TINY = dict(width=16, depth=1, heads=2, steps=20, batch_size=16, progress=False)
TIMES = (0.05, 0.2, 0.5, 0.9)


def one_loss(model, x0, xt, t, settings) -> torch.Tensor:
    """Return the training loss of a model that keeps its own weights: the stack is a view of them."""
    whole = stack([model])
    for name, p in model.named_parameters():
        *path, last = name.split(".")
        owner = whole.get_submodule(".".join(path))
        del owner._parameters[last]
        setattr(owner, last, p.unsqueeze(0))
    return training_loss(whole, x0[None], xt[None], t[None], settings)[0]


@pytest.fixture(scope="module")
def small_world() -> tuple[ToyLanguage, UniformNoise, torch.Tensor]:
    language = ToyLanguage(three_words())
    return language, UniformNoise(3), language.sample(2000, seed=0)


@pytest.fixture(scope="module")
def trained(small_world):
    """One model for each loss, trained until it is close to its optimum (a few seconds)."""
    _, noise, x = small_world
    budget = dict(width=32, depth=1, heads=2, steps=300, batch_size=128, learning_rate=5e-3, progress=False)
    return {loss: train(x, noise, loss=loss, **budget) for loss in ("nelbo", "cross_entropy")}


def expected_nelbo(denoiser, noise: UniformNoise, prior: torch.Tensor, t: float) -> float:
    """Return the mean NELBO at t over every (x_0, x_t) with its exact probability, nats per sentence: no noise."""
    x0, xt, weight = weighted_pairs(prior, signal(t, "linear"), 3, 3)
    times = torch.full((len(x0),), t, dtype=torch.float64)
    with torch.no_grad():
        log_p0 = denoiser(xt, times).double()
    return float(weight @ noise.nelbo(log_p0, x0, xt, times).sum(dim=1))


def test_a_trained_model_lies_between_knowing_nothing_and_the_population(small_world, trained):
    language, noise, _ = small_world
    prior = prior_of(language.grammar, language.words, 3)
    population = PopulationDenoiser(language, noise)
    marginals = language.cavity(torch.ones(1, 3, 3, dtype=torch.float64))
    for t in TIMES:
        best = expected_nelbo(population, noise, prior, t)
        reached = expected_nelbo(trained["nelbo"], noise, prior, t)
        nothing = expected_nelbo(lambda xt, t: marginals.expand(len(xt), -1, -1), noise, prior, t)
        assert best < reached, "no model can beat the population denoiser: this sum is exact"
        if t < 0.9:  # near pure noise there is nearly nothing to learn
            assert reached < best + 0.25 * (nothing - best), (t, best, reached, nothing)


def test_each_loss_learns_its_own_posterior(small_world, trained):
    language = small_world[0]
    prior, x = prior_of(language.grammar, language.words, 3), sentences(3, 3)
    t = 0.5  # where the two differ most
    _, xt, weight = weighted_pairs(prior, signal(t, "linear"), 3, 3)
    table = {kind: predictions(prior, signal(t, "linear"), 3, 3, kind) for kind in ("cavity", "posterior")}
    for loss, own, other in (("nelbo", "cavity", "posterior"), ("cross_entropy", "posterior", "cavity")):
        assert trained[loss].predicts == own
        with torch.no_grad():
            learned = trained[loss](x, torch.full((27,), t)).exp().double()
        where = torch.zeros(27, dtype=torch.float64).index_add_(0, xt @ torch.tensor([9, 3, 1]), weight)
        distance = {
            kind: float(where @ (learned - table[kind]).abs().sum(dim=2).mean(dim=1)) / 2 for kind in (own, other)
        }
        assert distance[own] < 0.08 and distance[own] < 0.5 * distance[other], distance


def test_held_out_loss_of_the_book_s_language_is_not_below_the_population(english):
    corpus, noise = english.corpus(n_train=1000, n_held_out=256), UniformNoise(english.vocab_size)
    model = train(corpus, steps=120, width=32, depth=1, heads=2, batch_size=64, progress=False)
    best = mean_nelbo(PopulationDenoiser(english, noise), corpus.held_out)
    reached = mean_nelbo(model, corpus.held_out)
    assert best - 0.02 < reached < 4.0, "the same noise for both, so most of the fluctuation cancels"
    memory = mean_nelbo(MemorizingDenoiser(corpus.train, noise), corpus.held_out)
    assert memory > best, "memory is worse than knowledge on sentences that it never saw"
    assert model.words == corpus.words and model.training_settings["n_train"] == 1000
    assert model.training_settings["corpus"] == corpus.sha256 and model.training_settings["unit"] == corpus.unit


def test_one_sentence_is_memorized():
    x = torch.tensor([[0, 1, 2, 3]])
    model = train(x, UniformNoise(4), steps=150, learning_rate=1e-2, width=16, depth=1, heads=2, progress=False)
    with torch.no_grad():
        certain = model(sentences(4, 4)[::7], torch.full((37,), 0.9)).exp()
    assert float(certain[:, range(4), x[0]].min()) > 0.9
    assert model.history["loss"][-1] < 0.1 * model.history["loss"][0]


def test_the_seed_fixes_everything(small_world):
    _, noise, x = small_world
    first = train(x, noise, **TINY, seed=3)
    torch.rand(5)  # the state of the global generator has no say
    second, other = train(x, noise, **TINY, seed=3), train(x, noise, **TINY, seed=4)
    weights = [torch.cat([p.detach().flatten() for p in model.parameters()]) for model in (first, second, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.allclose(weights[0], weights[2])
    assert first.history == second.history != other.history


def test_history_settings_and_mode_come_back(small_world):
    _, noise, x = small_world
    model = train(x, noise, settings=TrainSettings(steps=1, seed=9), **{**TINY, "steps": 7})
    assert model.history["step"] == list(range(7)) and len(model.history["loss"]) == 7
    assert model.training_settings["steps"] == 7 and model.training_settings["seed"] == 9
    assert model.training_settings["n_train"] == 2000 and model.words == ()
    assert not model.training and model.settings.width == 16


def test_epochs_set_the_number_of_steps_by_the_size_of_the_data(small_world):
    _, noise, x = small_world
    x = x[:12]
    model = train(x, noise, epochs=3, batch_size=4, width=8, progress=False)
    assert model.training_settings["steps"] == 9 and model.history["step"] == list(range(9))
    same = train(x, noise, steps=9, batch_size=4, width=8, progress=False)
    assert same.history == model.history  # nothing else changes
    assert train(x, noise, epochs=0.01, width=8, progress=False).training_settings["steps"] == 1


def test_a_run_that_diverges_is_no_model(small_world):
    _, noise, x = small_world
    with pytest.raises(ValueError, match="diverged: the loss is nan at step .*lower learning_rate"):
        train(x, noise, **TINY, learning_rate=1e20, clip=1e30)


def test_every_step_is_one_clipped_step_of_adamw(small_world):
    # a second loop: `autograd.grad` never adds up, and clipping, decay and schedule are written out
    _, noise, x = small_world
    small = ModelSettings(width=16, depth=1, heads=2)
    s = TrainSettings(steps=4, batch_size=16, warmup=2, clip=0.5, weight_decay=0.1, seed=5, model=small)
    model = TransformerDenoiser(noise, 3, small, seed=s.seed)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.99), weight_decay=s.weight_decay)
    generator, norms = torch.Generator().manual_seed(s.seed), []
    for step in range(s.steps):
        x0, t, xt = draw_batch(x, noise, s, generator)
        gradients = torch.autograd.grad(one_loss(model, x0, xt, t, s), list(model.parameters()))
        norms.append(sum(float(g.square().sum()) for g in gradients) ** 0.5)
        for p, g in zip(model.parameters(), gradients, strict=True):
            p.grad = g * min(1.0, s.clip / norms[-1])
        decay = (1 + math.cos(math.pi * step / s.steps)) / 2
        optimizer.param_groups[0]["lr"] = s.learning_rate * min(1, (step + 1) / s.warmup) * decay
        optimizer.step()
    assert max(norms) > 2 * s.clip, "or clipping would do nothing"
    trained = train(x, noise, settings=s, progress=False)
    for p, q in zip(trained.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=3e-4)  # without one of the four: more than 1e-3


def test_averaged_weights_are_the_average(small_world):
    # one step: decay times the start plus (1 - decay) times the end
    _, noise, x = small_world
    once = {**TINY, "steps": 1, "warmup": 0}
    start = TransformerDenoiser(noise, 3, ModelSettings(16, 1, 2), seed=0)
    end, average = train(x, noise, **once), train(x, noise, **once, ema=0.05)
    moved = 0.0
    for a, b, mean in zip(start.parameters(), end.parameters(), average.parameters(), strict=True):
        torch.testing.assert_close(mean, 0.05 * a + 0.95 * b)
        moved = max(moved, (a - b).abs().max().item())
    assert moved > 1e-3


def test_the_average_forgets_the_random_start_quickly(small_world, monkeypatch):
    _, noise, x = small_world
    steps, loss = [], train_module.training_loss

    def watched(model, *rest):
        steps.append([p[0].detach().clone() for p in model.parameters()])  # the weights before this step
        return loss(model, *rest)

    monkeypatch.setattr(train_module, "training_loss", watched)
    final = train(x, noise, **{**TINY, "steps": 4, "warmup": 0})
    average = train(x, noise, **{**TINY, "steps": 4, "warmup": 0}, ema=0.99)
    path = [*steps[:4], [p.detach() for p in final.parameters()]]
    for k, mean in enumerate(average.parameters()):
        expected = path[0][k]
        for step, weights in enumerate(path[1:]):
            decay = (1 + step) / (10 + step)  # 0.1, 0.18, ...: far below 0.99 for the first 890 steps
            expected = decay * expected + (1 - decay) * weights[k]
        torch.testing.assert_close(mean.detach(), expected, rtol=0, atol=1e-6)


def test_training_never_touches_the_sentences(small_world):
    _, noise, x = small_world
    before = x.clone()
    train(x, noise, **TINY)
    assert torch.equal(x, before)


def test_batches_spread_their_times_evenly_and_corrupt_more_at_later_times(generator):
    x, noise = torch.arange(50)[:, None].expand(50, 400).contiguous(), UniformNoise(50)
    x0, t, xt = draw_batch(x, noise, TrainSettings(batch_size=64), generator)
    gaps = t.sort().values.diff()
    torch.testing.assert_close(gaps, torch.full((63,), 1 / 64), rtol=0, atol=1.1e-3)  # the smallest is clipped at 1e-3
    assert bool(((t > 0) & (t <= 1)).all())
    assert bool((x0 == x0[:, :1]).all()) and len(x0[:, 0].unique()) > 20
    changed = (xt != x0).double().mean(dim=1)
    # 400 tokens: standard deviation at most 0.025
    torch.testing.assert_close(changed, 0.999 * 49 / 50 * t.double(), rtol=0, atol=0.12)
    offsets = [float(draw_batch(x, noise, TrainSettings(batch_size=64), generator)[1].min()) for _ in range(5)]
    assert len(set(offsets)) > 1, "each batch has its own offset"


@pytest.mark.parametrize("loss", ["nelbo", "cross_entropy"])
def test_the_loss_is_the_mean_of_the_chosen_objective(loss, small_world, generator):
    _, noise, x = small_world
    model = TransformerDenoiser(noise, 3, ModelSettings(16, 1, 2))
    x0, t, xt = draw_batch(x, noise, TrainSettings(batch_size=8), generator)
    got = one_loss(model, x0, xt, t, TrainSettings(loss=loss))
    log_p0 = model(xt, t)
    by_hand = -sum(log_p0[b, i, x0[b, i]] for b in range(8) for i in range(3)) / 24
    torch.testing.assert_close(cross_entropy(log_p0, x0).mean(), by_hand)
    torch.testing.assert_close(got, noise.nelbo(log_p0, x0, xt, t).mean() if loss == "nelbo" else by_hand)


@pytest.mark.parametrize("schedule", [Linear(), Cosine(), Exponential()])
@pytest.mark.parametrize("loss", ["nelbo", "cross_entropy"])
def test_the_smallest_world_trains(schedule, loss):
    x, noise = torch.tensor([[1]]), UniformNoise(2, schedule)
    model = train(x, noise, loss=loss, width=4, heads=1, depth=1, steps=3, progress=False)
    assert all(value == value and value < 100 for value in model.history["loss"])


def test_the_model_and_its_settings_tell_the_noise_that_it_was_trained_with(small_world, corpus):
    _, _, x = small_world
    cosine = UniformNoise(3, Cosine(0.01))
    told = {"noise": "uniform", "schedule": "cosine", "epsilon": 0.01}
    for settings in (None, TrainSettings(noise=NoiseSettings(schedule="cosine", epsilon=0.01))):
        model = train(x, cosine, settings=settings, **TINY)
        assert model.noise == cosine and model.training_settings["noise"] == told
    assert train(x, UniformNoise(3, LogLinear()), **TINY).training_settings["noise"]["schedule"] == "linear"
    by_name = train(corpus, **TINY, schedule="cosine", epsilon=0.01)
    assert by_name.noise == UniformNoise(corpus.vocab_size, Cosine(0.01)) and by_name.training_settings["noise"] == told
    given = train(corpus, UniformNoise(corpus.vocab_size, Cosine(0.01)), **TINY)
    assert given.history == by_name.history != train(corpus, **TINY).history
    assert by_name.training_settings["model"] == asdict(ModelSettings(width=16, depth=1, heads=2))


def test_a_schedule_of_the_caller_s_own_can_not_be_written_down(small_world):
    class Square(Linear):
        def alpha(self, t):
            return super().alpha(t) ** 2

    with pytest.raises(ValueError, match="Only the noises and schedules of this package"):
        train(small_world[2], UniformNoise(3, Square()), **TINY)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_training_on_a_gpu_sees_the_same_data(small_world):
    _, noise, x = small_world
    here, there = (train(x, noise, **TINY, device=device) for device in ("cpu", "cuda"))
    assert next(there.parameters()).is_cuda
    assert there.history["loss"][0] == pytest.approx(here.history["loss"][0], rel=1e-4)


X = torch.zeros(4, 3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("data", "noise", "changes", "message"),
    [
        (X, None, {}, "needs the noise process"),
        (X[:0], UniformNoise(3), {}, "n >= 1"),
        (X[0], UniformNoise(3), {}, "n >= 1"),
        (X.float(), UniformNoise(3), {}, "int64"),
        (X + 3, UniformNoise(3), {}, "outside 0 ... 2"),
        (X - 1, UniformNoise(3), {}, "outside 0 ... 2"),
        (X, UniformNoise(3, Cosine()), dict(schedule="exponential"), "make them agree"),
        (X, UniformNoise(3), dict(schedule="cosine"), "make them agree"),
        (X, UniformNoise(3), dict(epsilon=0.01), "make them agree"),
        (X, UniformNoise(3), dict(breadth=8), "There is no setting 'breadth'; there are batch_size, "),
        (X, UniformNoise(3), dict(loss="elbo"), "nelbo"),
        (X, UniformNoise(3), dict(steps=0), "at least 1"),
        (X, UniformNoise(3), dict(batch_size=0), "at least 1"),
        (X, UniformNoise(3), dict(ema=1.0), r"\[0, 1\)"),
        (X, UniformNoise(3), dict(learning_rate=float("nan")), "positive"),
        (X, UniformNoise(3), dict(clip=0.0), "positive"),
        (X, UniformNoise(3), dict(seed=-1), "seed"),
        (X, UniformNoise(3), dict(epochs=-1.0), "epochs must be positive"),
        (X, UniformNoise(3), dict(epochs=float("inf")), "epochs must be positive"),
        (X, UniformNoise(3), dict(width=10, heads=4), "multiple of heads"),
        (X, UniformNoise(3), dict(device="abacus"), "no device that"),
        (X, UniformNoise(3), dict(device=None), "no device that"),
        (X, UniformNoise(3), dict(steps=3.5), "steps must be a whole number"),
        (X, UniformNoise(3), dict(width=8.0), "width must be a whole number"),
    ],
)
def test_bad_input_is_named(data, noise, changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        train(data, noise, progress=False, **changes)


def test_watching_sees_the_weights_of_the_moment_and_changes_nothing(small_world):
    _, noise, x = small_world
    seen = []

    def look(step, k, model):
        torch.rand(5)  # from a generator that training never uses
        seen.append((step, k, model.head.weight.detach().clone()))

    runs = [
        (x[:50], TrainSettings(steps=steps, model=ModelSettings(16, 1, 2), seed=seed))
        for seed, steps in ((0, 6), (1, 4))
    ]
    watched = train_module.train_stack(runs, noise, progress=False, watch=train_module.Watch((2, 4, 5, 6), look))
    assert [(step, k) for step, k, _ in seen] == [(2, 0), (2, 1), (4, 0), (4, 1), (5, 0), (6, 0)]
    for model, (data, settings) in zip(watched, runs, strict=True):
        alone = train(data, noise, settings=settings, progress=False)
        torch.testing.assert_close(model.head.weight, alone.head.weight, rtol=0, atol=1e-6)
    ends = {k: weight for _, k, weight in seen}
    assert torch.equal(ends[0], watched[0].head.weight) and torch.equal(ends[1], watched[1].head.weight)
    assert not torch.equal(seen[0][2], seen[2][2])


def test_a_look_ends_the_training_of_one_model_and_of_no_other(small_world):
    _, noise, x = small_world
    seen = {}

    def look(step, k, model):
        seen[step, k] = model.head.weight.detach().clone()
        return k == 0 and step == 3

    runs = [(x[:50], TrainSettings(steps=9, model=ModelSettings(16, 1, 2), seed=seed)) for seed in (0, 1)]
    ended, other = train_module.train_stack(runs, noise, progress=False, watch=train_module.Watch(range(10), look))
    assert torch.equal(ended.head.weight, seen[3, 0]) and (4, 0) not in seen and (9, 1) in seen
    assert ended.training_settings["stopped"] == 3 and ended.history["step"] == [0, 1, 2]
    assert "stopped" not in other.training_settings and other.history["step"][-1] == 8
    alone = train(x[:50], noise, settings=runs[1][1], progress=False)
    torch.testing.assert_close(other.head.weight, alone.head.weight, rtol=0, atol=1e-6)
    looks = []
    watch = train_module.Watch(range(10), lambda step, *_: looks.append(step) or True)
    train(x[:50], noise, **TINY, watch=watch)
    assert looks == [1], "nothing is left to do"


def test_a_fine_tune_goes_on_from_the_weights_of_its_start(small_world):
    _, noise, x = small_world
    base = train(x[:50], noise, **TINY)
    before = [p.detach().clone() for p in base.parameters()]
    settings = TrainSettings(steps=3, batch_size=16, model=base.settings, seed=5)
    tuned = train(x[50:90], base, settings=settings, progress=False)
    batch = draw_batch(x[50:90], noise, settings, torch.Generator().manual_seed(5))
    x0, t, xt = batch
    assert tuned.history["loss"][0] == pytest.approx(float(one_loss(base, x0, xt, t, settings).detach()), rel=1e-4)
    assert all(torch.equal(p, was) for p, was in zip(base.parameters(), before, strict=True))
    assert not torch.equal(tuned.head.weight, base.head.weight)
    assert tuned.training_settings["start"]["n_train"] == 50 and tuned.training_settings["n_train"] == 40
    short = train(x[50:90], base, steps=3, batch_size=16, seed=5, progress=False)  # the shape is that of the start
    assert torch.equal(short.head.weight, tuned.head.weight)
    assert torch.equal(train_module.train_stack([(x[50:90], settings)], base)[0].head.weight, tuned.head.weight)
    each = train_each({"a": x[50:90]}, base, settings=settings, progress=False)
    torch.testing.assert_close(each["a"].head.weight, tuned.head.weight, rtol=0, atol=1e-6)


def test_a_noise_may_be_named_as_such(small_world):
    _, noise, x = small_world
    models = [train(x[:8], **given, **TINY | {"steps": 2}) for given in ({"start": noise}, {"noise": noise})]
    assert all(torch.equal(p, q) for p, q in zip(*(model.parameters() for model in models), strict=True))


def test_a_start_that_does_not_fit_is_refused(small_world):
    _, noise, x = small_world
    base = train(x[:50], noise, **TINY)
    with pytest.raises(ValueError, match="leave the settings of the model out"):
        train(x, base, width=8, heads=2, progress=False)
    with pytest.raises(ValueError, match="leave the settings of the model out"):
        train(x[:, :2], base, progress=False)
    with pytest.raises(ValueError, match="with the loss that it was trained with"):
        train(x, base, loss="cross_entropy", progress=False)
    base.words = ("other", "words", "here")
    words = ToyLanguage().corpus(n_train=8, n_held_out=8)
    with pytest.raises(ValueError, match="other words than the corpus"):
        train(words, base, progress=False)


def test_a_level_above_the_highest_of_training_is_told_as_that_one(corpus):
    settings = dict(steps=2, batch_size=4, width=8, depth=1, heads=2, progress=False)
    noise = UniformNoise(corpus.vocab_size)
    x, half = corpus.held_out[:3], train(corpus.train[:8], noise, t_max=0.5, **settings)
    for t, told in ((0.9, 0.5), (0.5, 0.5), (0.2, 0.2)):
        torch.testing.assert_close(half(x, t), half.logits(x, torch.full((3,), told)).log_softmax(dim=2))
    whole = train(corpus.train[:8], noise, **settings)
    assert not torch.equal(whole(x, 0.9), whole(x, 0.5))

"""The training loop: corrupt, predict, descend."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from tqdm.auto import tqdm

from uddm_mini.denoiser import checked_device
from uddm_mini.doors import check_tensor, hidden
from uddm_mini.models.settings import ModelSettings
from uddm_mini.models.transformer import TransformerDenoiser, stack, unstack
from uddm_mini.noise import Form, Noise, NoiseSettings, settings_of
from uddm_mini.parallel import at_most, go_on, useful_threads
from uddm_mini.settings import with_changes
from uddm_mini.worlds.corpus import Corpus

from .objective import draw_batch, training_loss
from .settings import TrainSettings
from .steps import blend, clip_each, descend, optimizers_of, rate_at

OWN = ("seed", "steps", "epochs", "warmup", "learning_rate")  # settings that models trained as one need not share


@dataclass(frozen=True)
class Watch:
    """Looks at models while they train, without a trace in their training unless it ends it.

    steps: after how many steps of training.
    look: called as look(steps done, number of the model in the stack, model); the weights are those of the moment, also
        where an average is kept. What it draws comes from generators of its own. If it returns True, the training of
        this model ends here.
    """

    steps: Collection[int]
    look: Callable[[int, int, TransformerDenoiser], bool | None]


def train(
    data: Corpus | torch.Tensor,
    start: Noise | TransformerDenoiser | None = None,
    *,
    settings: TrainSettings | None = None,
    device: str = "cpu",
    progress: bool = True,
    watch: Watch | None = None,
    **changes: Any,
) -> TransformerDenoiser:
    """Train a `TransformerDenoiser` on a corpus (its `train` part) or on sentences int64[n, L].

    start: what it begins with. A noise, which says, for a tensor, how many words there are, and new weights; a corpus
        brings its own, with the noise of the settings. Or a model to go on from (a fine-tune), which stays as it is.
    settings: `TrainSettings()` by default; `changes` override its fields: train(x, noise, steps=2000, width=128).
    watch: looks at the model on its way, and may end the training, see `Watch`.

    Each step draws a batch with replacement, noise levels spread evenly over (0, 1) from one random offset
    (antithetic: less variance than independent draws), and minimizes the loss in nats per token with AdamW or Muon,
    warm-up and, by default, cosine decay. The result carries `.history` ("step", "loss"), `.training_settings`,
    `.predicts`, and for a corpus `.words`. Seeds fix the run on one machine; another processor may round differently,
    and so train another model. A model narrower than 128 takes one thread: more would gain little, and lose much on a
    busy machine.
    ValueError if the loss is not finite, or for a start of another shape, text or loss than data and settings say.
    """
    if isinstance(changes.get("noise"), Noise):
        start = changes.pop("noise")  # train(x, noise=...) says the same
    settings = with_changes(settings or TrainSettings(), changes)
    return train_stack([(data, settings)], start, device=device, progress=progress, watch=watch)[0]


def train_stack(
    runs: Sequence[tuple[Corpus | torch.Tensor, TrainSettings]],
    start: Noise | TransformerDenoiser | None = None,
    *,
    device: str = "cpu",
    progress: bool = True,
    watch: Watch | None = None,
) -> list[TransformerDenoiser]:
    """Train several models as one, each on its own data, with its own seed, steps, warm-up and learning rate.

    Every matrix product is done for all of them at once, which spares small models much of what a step costs besides
    its products. Each model is the one that `train` makes of it alone, up to rounding (where we tried, to the bit).
    ValueError if they differ in more than that.
    """
    place, ready = checked_device(device), [prepared(data, start, settings) for data, settings in runs]
    if len({stackable(*run) for run in ready}) > 1:
        raise ValueError(f"Models that are trained as one differ in their data and in {', '.join(OWN)} only.")
    models = []
    for (data, _), (x, its_noise, settings) in zip(runs, ready, strict=True):
        model = _new(its_noise, x.shape[1], settings).to(place)
        model.predicts = _predicted(its_noise, settings)
        model.training_settings = asdict(settings) | {"n_train": len(x)}
        if isinstance(start, TransformerDenoiser):
            _go_on(model, start)
        if isinstance(data, Corpus):
            note_corpus(model, data)
        models.append(model)
    with at_most(useful_threads(ready[0][2].model.width)):
        _fit(models, [x for x, _, _ in ready], [settings for _, _, settings in ready], progress, watch)
    return [model.eval() for model in models]


def _new(noise: Noise, length: int, settings: TrainSettings) -> TransformerDenoiser:
    """Return an untrained model; by its seed, which `make spread` moves here."""
    return TransformerDenoiser(noise, length, settings.model, seed=settings.seed)


def stackable(x: torch.Tensor, noise: Noise, settings: TrainSettings) -> tuple[Hashable, ...]:
    """Return what models must have in common to be trained as one."""
    return noise, x.shape[1], replace(settings, **{name: getattr(TrainSettings(), name) for name in OWN})


def prepared(
    data: Corpus | torch.Tensor, start: Noise | TransformerDenoiser | None, settings: TrainSettings
) -> tuple[torch.Tensor, Noise, TrainSettings]:
    """Return the training sentences, their noise, and settings that tell this noise and the number of steps."""
    if start is not None and not isinstance(start, (Noise, TransformerDenoiser)):
        raise TypeError(f"The start is a noise or a trained model to go on from, but is a {type(start).__name__}.")
    if not isinstance(data, Corpus) and hasattr(data, "corpus"):
        raise TypeError(
            f"{type(data).__name__} is a language; train on sentences of it: train(language.corpus(n_train=1024))."
        )
    noise = start.noise if isinstance(start, TransformerDenoiser) else start
    if isinstance(start, TransformerDenoiser):
        settings = replace(settings, model=start.settings) if settings.model == ModelSettings() else settings
        if isinstance(data, Corpus) and start.words not in ((), data.words):
            raise ValueError("The model to go on from knows other words than the corpus; the vocabulary must stay.")
    if isinstance(data, Corpus):
        noise = noise or settings.noise.of(data.vocab_size)
        data = data.train
    if noise is None:
        raise ValueError("Training on a tensor needs the noise process too: train(x, UniformNoise(vocab_size)).")
    told = settings_of(noise)
    if settings.noise not in (told, NoiseSettings()):
        raise ValueError(f"noise is {told}, but the settings say {settings.noise}; make them agree.")
    check_tensor(data, "data", "a Corpus or token ids, a tensor int64[n, L]")
    if data.ndim != 2 or not data.numel() or data.dtype != torch.int64:
        raise ValueError(
            f"Training needs sentences int64[n, L] with n >= 1 and L >= 1, but got {data.dtype}{list(data.shape)}."
        )
    if int(data.max()) >= noise.vocab_size or int(data.min()) < 0:
        raise ValueError(f"The sentences hold a token outside 0 ... {noise.vocab_size - 1}.")
    if isinstance(start, TransformerDenoiser):
        _check_start(start, data.shape[1], settings)
    return data, noise, replace(settings, noise=told, steps=settings.steps_for(len(data)))


def _check_start(start: TransformerDenoiser, length: int, settings: TrainSettings) -> None:
    """Raise ValueError unless the training can go on from this model."""
    if (start.length, start.settings) != (length, settings.model):
        raise ValueError(
            f"The model to go on from reads {start.length} tokens with {start.settings}, but data and settings want "
            f"{length} with {settings.model}; leave the settings of the model out."
        )
    if start.predicts != _predicted(start.noise, settings):
        raise ValueError(
            f"The model to go on from predicts the {start.predicts}, but loss={settings.loss!r} teaches the "
            f"{_predicted(start.noise, settings)}; train on with the loss that it was trained with."
        )


def _predicted(noise: Noise, settings: TrainSettings) -> Form:
    """Return the form of the answer that the loss teaches."""
    return noise.form if settings.loss == "nelbo" else "posterior"


def _go_on(model: TransformerDenoiser, start: TransformerDenoiser) -> None:
    """Give a new model the weights of another one, and a note of how that was trained."""
    model.load_state_dict(start.state_dict())
    model.words, model.training_settings["start"] = start.words, dict(start.training_settings)


def note_corpus(model: TransformerDenoiser, corpus: Corpus) -> None:
    """Keep in the model, and so in its checkpoint, what its tokens stand for and which sentences it may have seen."""
    model.words = corpus.words
    model.training_settings |= {"corpus": corpus.sha256, "unit": corpus.unit}


def _fit(
    models: Sequence[TransformerDenoiser],
    data: Sequence[torch.Tensor],
    settings: Sequence[TrainSettings],
    progress: bool,
    watch: Watch | None,
) -> None:
    """Run the optimization of a stack of models in place, and fill `history` of each."""
    whole, shared, settings = stack(models), settings[0], [*settings]
    weights = list(whole.parameters())  # each [M, ...]
    device = weights[0].device
    # on the CPU, so that every device sees the same data
    generators = [torch.Generator().manual_seed(each.seed) for each in settings]
    optimizers = optimizers_of(whole, shared.optimizer == "muon", shared.weight_decay)
    average = [p.detach().clone() for p in weights] if shared.ema else []
    for model in models:
        model.history = {"step": [], "loss": []}
    steps, label = max(each.steps for each in settings), " and ".join(str(len(x)) for x in data)
    for step in (bar := tqdm(range(steps), desc=f"train on {label}", disable=hidden(progress), leave=False)):
        go_on()
        drawn = [draw_batch(x, whole.noise, shared, g) for x, g in zip(data, generators, strict=True)]
        x0, t, xt = (
            torch.stack(part).to(device, non_blocking=True) for part in zip(*drawn, strict=True)
        )  # each [M, B, ...]
        loss = training_loss(whole, x0, xt, t, shared)  # [M]
        whole.zero_grad()
        loss.sum().backward()
        clip_each(weights, shared.clip)
        descend(optimizers, weights, [rate_at(step, each) for each in settings])
        if average:
            decay = min(shared.ema, (1 + step) / (10 + step))  # forget the random start quickly
            blend(average, weights, [(1 - decay) * (step < each.steps) for each in settings])
        if watch and step + 1 in watch.steps:
            unstack(whole, models)
            for k, each in enumerate(settings):
                if step < each.steps and watch.look(step + 1, k, models[k].eval()):
                    settings[k] = replace(each, steps=step + 1)  # from here on its step size is 0
                    models[k].training_settings["stopped"] = step + 1
        if told := _reported(models, settings, step, loss):
            bar.set_postfix(loss=f"{told:.3f}", refresh=False)
        if all(step + 1 >= each.steps for each in settings):
            break
    for p, mean in zip(weights, average, strict=False):
        p.data.copy_(mean)
    unstack(whole, models)


def _reported(
    models: Sequence[TransformerDenoiser], settings: Sequence[TrainSettings], step: int, loss: torch.Tensor
) -> float:
    """Note the losses [M] in the history of every model that reports at this step; return the mean of these."""
    due = [
        m
        for m, each in enumerate(settings)
        if step == each.steps - 1 or (step < each.steps and step % max(1, each.steps // 100) == 0)
    ]
    if not due:
        return 0.0
    told = loss.tolist()
    for m in due:
        models[m].history["step"].append(step)
        models[m].history["loss"].append(told[m])
        if not math.isfinite(told[m]):  # from here on every weight would be NaN, and every guess word 0
            raise ValueError(f"Training diverged: the loss is {told[m]} at step {step}; lower learning_rate.")
    return sum(told[m] for m in due) / len(due)

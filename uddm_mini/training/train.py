"""The training loop: corrupt, predict, descend."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from tqdm.auto import tqdm

from uddm_mini.models.transformer import ModelSettings, TransformerDenoiser
from uddm_mini.noise import Noise, NoiseSettings, settings_of
from uddm_mini.parallel import at_most, useful_threads
from uddm_mini.settings import option, whole_numbers, with_changes
from uddm_mini.worlds.corpus import Corpus

EARLIEST_T = 1e-3  # noise levels below this almost never change a token, but would weigh 1 / t
LOSSES = ("nelbo", "cross_entropy")


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides a training run besides its data; saved inside every checkpoint."""

    steps: int = option(700, "training steps")
    epochs: float = option(0.0, "passes over the data; if positive, steps are epochs * n_train / batch_size")
    batch_size: int = option(64, "sentences in one step")
    learning_rate: float = option(7e-3, "largest step size of AdamW")
    weight_decay: float = option(0.01, "weight decay of AdamW")
    warmup: int = option(50, "steps of rising step size; a run that is not longer never reaches learning_rate")
    clip: float = option(1.0, "largest norm of the gradient")
    ema: float = option(0.0, "decay of the averaged weights that are returned; 0 returns the last weights")
    loss: str = option("nelbo", "what is minimized", LOSSES)
    seed: int = option(0, "decides the first weights, the batches and their noise")
    noise: NoiseSettings = NoiseSettings()
    model: ModelSettings = ModelSettings()

    def __post_init__(self) -> None:
        whole_numbers(self, "steps", "batch_size", "warmup", "seed")
        if self.loss not in LOSSES:
            raise ValueError(f'loss must be "nelbo" or "cross_entropy", but is {self.loss!r}.')
        if self.steps < 1 or self.batch_size < 1:
            raise ValueError(f"steps and batch_size must be at least 1, but are {self.steps} and {self.batch_size}.")
        if not 0 < self.learning_rate < math.inf or not self.clip > 0 or self.weight_decay < 0 or self.warmup < 0:
            raise ValueError(
                "learning_rate and clip must be positive, weight_decay and warmup at least 0, but they are "
                f"{self.learning_rate}, {self.clip}, {self.weight_decay} and {self.warmup}."
            )
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, but is {self.seed}.")
        if not 0 <= self.epochs < math.inf:
            raise ValueError(f"epochs must be positive, or 0 for a fixed number of steps, but is {self.epochs}.")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema is a decay in [0, 1), such as 0.99, but is {self.ema}.")


def train(
    data: Corpus | torch.Tensor,
    noise: Noise | None = None,
    *,
    settings: TrainSettings | None = None,
    device: str = "cpu",
    progress: bool = True,
    **changes: Any,
) -> TransformerDenoiser:
    """Train a `TransformerDenoiser` on a corpus (its `train` part) or on sentences int64[n, L].

    noise: says, for a tensor, how many words there are; a corpus brings its own, with the noise of the settings.
    settings: `TrainSettings()` by default; `changes` override its fields: train(x, noise, steps=2000, width=128).

    Each step draws a batch with replacement, noise levels spread evenly over (0, 1) from one random offset
    (antithetic: less variance than independent draws), and minimizes the loss in nats per token with AdamW, warm-up
    and cosine decay. The result carries `.history` ("step", "loss"), `.training_settings`, `.predicts`, and for a
    corpus `.words`. Seeds fix the run on one machine; another processor may round differently, and so train another
    model. A model narrower than 128 takes one thread: more would gain little, and lose much on a busy machine.
    ValueError if the loss is not finite.
    """
    settings = with_changes(settings or TrainSettings(), changes)
    x, noise, settings = _prepared(data, noise, settings)
    model = TransformerDenoiser(noise, x.shape[1], settings.model, seed=settings.seed).to(checked_device(device))
    model.predicts = noise.form if settings.loss == "nelbo" else "posterior"
    model.training_settings = asdict(settings) | {"n_train": len(x)}
    if isinstance(data, Corpus):
        note_corpus(model, data)
    with at_most(useful_threads(settings.model.width)):
        _fit(model, x, settings, progress)
    return model.eval()


def _prepared(
    data: Corpus | torch.Tensor, noise: Noise | None, settings: TrainSettings
) -> tuple[torch.Tensor, Noise, TrainSettings]:
    """Return the training sentences, their noise, and settings that tell this noise and the number of steps."""
    if isinstance(data, Corpus):
        noise = noise or settings.noise.of(data.vocab_size)
        data = data.train
    if noise is None:
        raise ValueError("Training on a tensor needs the noise process too: train(x, UniformNoise(vocab_size)).")
    told = settings_of(noise)
    if settings.noise not in (told, NoiseSettings()):
        raise ValueError(f"noise is {told}, but the settings say {settings.noise}; make them agree.")
    if data.ndim != 2 or not data.numel() or data.dtype != torch.int64:
        raise ValueError(
            f"Training needs sentences int64[n, L] with n >= 1 and L >= 1, but got {data.dtype}{list(data.shape)}."
        )
    if int(data.max()) >= noise.vocab_size or int(data.min()) < 0:
        raise ValueError(f"The sentences hold a token outside 0 ... {noise.vocab_size - 1}.")
    steps = settings.steps
    if settings.epochs:
        steps = max(1, round(settings.epochs * len(data) / settings.batch_size))
    return data, noise, replace(settings, noise=told, steps=steps)


def note_corpus(model: TransformerDenoiser, corpus: Corpus) -> None:
    """Keep in the model, and so in its checkpoint, what its tokens stand for and which sentences it may have seen."""
    model.words = corpus.words
    model.training_settings |= {"corpus": corpus.sha256, "unit": corpus.unit}


def _fit(model: TransformerDenoiser, x: torch.Tensor, settings: TrainSettings, progress: bool) -> None:
    """Run the optimization in place and fill `model.history`."""
    device = model.position.device
    generator = torch.Generator().manual_seed(settings.seed)  # on the CPU, so that every device sees the same data
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, settings))
    average = [p.detach().clone() for p in model.parameters()] if settings.ema else []
    report_every = max(1, settings.steps // 100)
    history: dict[str, list[float]] = {"step": [], "loss": []}
    for step in (bar := tqdm(range(settings.steps), desc=f"train on {len(x)}", disable=not progress, leave=False)):
        x0, t, xt = (tensor.to(device) for tensor in draw_batch(x, model.noise, settings.batch_size, generator))
        loss = training_loss(model, x0, xt, t, settings.loss)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.step()
        schedule.step()
        if average:
            decay = min(settings.ema, (1 + step) / (10 + step))  # forget the random start quickly
            torch._foreach_lerp_(average, [p.detach() for p in model.parameters()], 1 - decay)
        if step % report_every == 0 or step == settings.steps - 1:
            history["step"].append(step)
            history["loss"].append(loss.item())
            if not math.isfinite(history["loss"][-1]):  # from here on every weight would be NaN, and every guess word 0
                raise ValueError(f"Training diverged: the loss is {loss.item()} at step {step}; lower learning_rate.")
            bar.set_postfix(loss=f"{history['loss'][-1]:.3f}", refresh=False)
    if average:
        for p, mean in zip(model.parameters(), average, strict=True):
            p.data.copy_(mean)
    model.history = history


def draw_batch(
    x: torch.Tensor, noise: Noise, batch_size: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw a training batch: x0 int64[B, L] with replacement, evenly spread t float[B], and x_t int64[B, L]."""
    x0 = x[torch.randint(len(x), (batch_size,), generator=generator)]
    t = (torch.rand(1, generator=generator) + torch.arange(batch_size) / batch_size) % 1
    t = t.clamp_min(EARLIEST_T)
    return x0, t, noise.corrupt(x0, t, generator)


def training_loss(
    model: TransformerDenoiser, x0: torch.Tensor, xt: torch.Tensor, t: torch.Tensor, loss: str
) -> torch.Tensor:
    """Return the mean loss in nats per token, a scalar; padding is text here, for a model must learn where to end."""
    log_p0 = model(xt, t)
    per_token = model.noise.nelbo(log_p0, x0, xt, t) if loss == "nelbo" else cross_entropy(log_p0, x0)
    return per_token.mean()


def cross_entropy(log_p0: torch.Tensor, x0: torch.Tensor) -> torch.Tensor:
    """Return -log p0(true token) for every token, float[B, L], in nats; its optimum is the full posterior."""
    return -log_p0.gather(2, x0.unsqueeze(2)).squeeze(2)


def _rate(step: int, settings: TrainSettings) -> float:
    """Warm up linearly, then decay along a cosine to zero."""
    warm = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    return warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))


def checked_device(device: str) -> torch.device:
    """Return the torch device, or say in one sentence why it can't be had."""
    try:
        place = torch.device(device)
    except (RuntimeError, TypeError):
        place = None
    if place is None or place.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f'{device!r} is no device that is known here; use device="cpu", "cuda" or "mps".')
    if place.type == "cuda" and not (place.index or 0) < torch.cuda.device_count():
        raise ValueError(f'PyTorch finds {torch.cuda.device_count()} CUDA GPUs, and not {device!r}; use device="cpu".')
    if place.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError('No Apple GPU is available to PyTorch here; use device="cpu".')
    return place

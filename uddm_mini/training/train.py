"""The training loop: corrupt, predict, descend."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from operator import index
from typing import Any, Literal

import torch
from tqdm.auto import tqdm

from uddm_mini.denoisers.transformer import TransformerDenoiser
from uddm_mini.process.noise import UniformNoise
from uddm_mini.process.objective import cross_entropy_per_token, nelbo_per_token
from uddm_mini.worlds.corpus import Corpus

from .threads import at_most, useful_threads

EARLIEST_T = 1e-3  # noise levels below this almost never change a token, but would weigh 1 / t


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides a training run besides its data; saved inside every checkpoint."""

    steps: int = 700
    epochs: float = 0.0  # if positive, `steps` becomes epochs * n_train / batch_size
    batch_size: int = 64
    learning_rate: float = 7e-3
    weight_decay: float = 0.01
    warmup: int = 50  # steps; a run that is not longer never reaches `learning_rate`
    clip: float = 1.0
    ema: float = 0.0  # decay of the averaged weights that are returned; 0 returns the last weights
    loss: Literal["nelbo", "cross_entropy"] = "nelbo"
    schedule: Literal["linear", "cosine"] = "linear"
    width: int = 64
    depth: int = 1
    heads: int = 4
    neighbors: bool = False  # attention by distance, for free text; see TransformerDenoiser
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "warmup", "width", "depth", "heads", "seed"):
            try:  # NumPy's whole numbers become Python's, for JSON
                object.__setattr__(self, name, index(getattr(self, name)))
            except TypeError:
                raise TypeError(f"{name} must be a whole number, but is {getattr(self, name)!r}.") from None
        if self.loss not in ("nelbo", "cross_entropy"):
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


def changed_settings(settings: TrainSettings | None, changes: Mapping[str, Any]) -> TrainSettings:
    """Return the settings of many runs (default `TrainSettings()`) with `changes`; the seeds come one by one."""
    if "seed" in changes:
        raise TypeError("A list of seeds is needed here, seeds=[0, 1, 2], and no single seed.")
    return replace(settings or TrainSettings(), **changes)


def train(
    data: Corpus | torch.Tensor,
    noise: UniformNoise | None = None,
    *,
    settings: TrainSettings | None = None,
    device: str = "cpu",
    progress: bool = True,
    **changes: Any,
) -> TransformerDenoiser:
    """Train a `TransformerDenoiser` on a corpus (its `train` part) or on sentences int64[n, L].

    `changes` override fields of `settings` (default `TrainSettings()`): train(x, noise, steps=2000, seed=1).
    For a tensor, `noise` says how many words there are; a corpus brings its own. Each step draws a batch with
    replacement, noise levels spread evenly over (0, 1) from one random offset (antithetic: less variance than
    independent draws), and minimizes the loss in nats per token with AdamW, warm-up and cosine decay.

    The result carries `.history` ("step", "loss"), `.training_settings`, `.predicts`, and for a corpus `.words`.
    Seeds fix the run on one machine; another processor may round differently, and so train another model. A model
    narrower than 128 takes one thread: more would gain little, and lose much on a busy machine. ValueError if the loss
    is not finite.
    """
    settings = replace(settings or TrainSettings(), **changes)
    x, noise = _sentences(data, noise, settings)
    if settings.epochs:
        settings = replace(settings, steps=max(1, round(settings.epochs * len(x) / settings.batch_size)))
    model = TransformerDenoiser(
        noise.vocab_size,
        x.shape[1],
        settings.width,
        settings.depth,
        settings.heads,
        settings.neighbors,
        seed=settings.seed,
    ).to(checked_device(device))
    model.predicts = "cavity" if settings.loss == "nelbo" else "posterior"
    model.training_settings = asdict(settings) | {"n_train": len(x)}
    if isinstance(data, Corpus):
        note_corpus(model, data)
    with at_most(useful_threads(settings.width)):
        _fit(model, x, noise, settings, progress)
    return model.eval()


def _sentences(
    data: Corpus | torch.Tensor, noise: UniformNoise | None, settings: TrainSettings
) -> tuple[torch.Tensor, UniformNoise]:
    """Return the training sentences and their noise process."""
    if isinstance(data, Corpus):
        noise = noise or UniformNoise(data.vocab_size, settings.schedule)
        data = data.train
    if noise is None:
        raise ValueError("Training on a tensor needs the noise process too: train(x, UniformNoise(vocab_size)).")
    if noise.schedule != settings.schedule:
        raise ValueError(f"noise is {noise.schedule}, but the settings say {settings.schedule}; make them agree.")
    if data.ndim != 2 or not data.numel() or data.dtype != torch.int64:
        raise ValueError(
            f"Training needs sentences int64[n, L] with n >= 1 and L >= 1, but got {data.dtype}{list(data.shape)}."
        )
    if int(data.max()) >= noise.vocab_size or int(data.min()) < 0:
        raise ValueError(f"The sentences hold a token outside 0 ... {noise.vocab_size - 1}.")
    return data, noise


def note_corpus(model: TransformerDenoiser, corpus: Corpus) -> None:
    """Keep in the model, and so in its checkpoint, what its tokens stand for and which sentences it may have seen."""
    model.words = corpus.words
    model.training_settings |= {"corpus": corpus.sha256, "unit": corpus.unit}


def _fit(
    model: TransformerDenoiser, x: torch.Tensor, noise: UniformNoise, settings: TrainSettings, progress: bool
) -> None:
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
        x0, t, xt = (tensor.to(device) for tensor in draw_batch(x, noise, settings.batch_size, generator))
        loss = training_loss(model, noise, x0, xt, t, settings.loss)
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
    x: torch.Tensor, noise: UniformNoise, batch_size: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw a training batch: x0 int64[B, L] with replacement, evenly spread t float[B], and x_t int64[B, L]."""
    x0 = x[torch.randint(len(x), (batch_size,), generator=generator)]
    t = (torch.rand(1, generator=generator) + torch.arange(batch_size) / batch_size) % 1
    t = t.clamp_min(EARLIEST_T)
    return x0, t, noise.corrupt(x0, t, generator)


def training_loss(
    model: TransformerDenoiser,
    noise: UniformNoise,
    x0: torch.Tensor,
    xt: torch.Tensor,
    t: torch.Tensor,
    loss: Literal["nelbo", "cross_entropy"],
) -> torch.Tensor:
    """Return the mean loss in nats per token, a scalar; padding is text here, for a model must learn where to end."""
    log_p0 = model(xt, t)
    if loss == "nelbo":
        return nelbo_per_token(log_p0, x0, xt, noise.alpha(t), noise.alpha_prime(t)).mean()
    return cross_entropy_per_token(log_p0, x0).mean()


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

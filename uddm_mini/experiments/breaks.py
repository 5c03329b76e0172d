"""Break one number of the recipe at a time: which of them does a training need?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from uddm_mini.models.transformer import EMBEDDING_SD, OUTPUT_SCALE, TransformerDenoiser, stack, unstack
from uddm_mini.parallel import at_most, useful_threads
from uddm_mini.probes.nelbo import mean_nelbo
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.sampling import sample
from uddm_mini.settings import option
from uddm_mini.training.objective import EARLIEST_T, draw_batch, training_loss
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import checked_device
from uddm_mini.worlds.corpus import Corpus
from uddm_mini.worlds.toy_language import ToyLanguage

from .run import OneByOne, Rows, finish, jobs_of, settings_of_many, store_of
from .store import rows_of

COLUMNS = ["grammatical", "recovered", "nelbo"]


@dataclass(frozen=True)
class Break:
    """One recipe: the book's, or the book's with something changed."""

    learning_rate: float | None = None
    warmup: int | None = None
    clip: float | None = None
    decay: bool = True  # along a cosine to zero; if not, the rate stays
    spread: bool = True  # noise levels evenly spread, not independent of each other
    beta2: float = 0.99
    output_scale: float = OUTPUT_SCALE
    embedding_sd: float = EMBEDDING_SD
    positions: bool = True
    hears_time: bool = True


BREAKS = {
    "intact": Break(),
    "learning rate 0.001": Break(learning_rate=1e-3),
    "logits times 1": Break(output_scale=1.0),
    "embeddings sd 1": Break(embedding_sd=1.0),
    "embeddings sd 0.02": Break(embedding_sd=0.02),
    "no positions": Break(positions=False),
    "no time features": Break(hears_time=False),
    "no clipping": Break(clip=math.inf),
    "no warm-up": Break(warmup=0),
    "no decay": Break(decay=False),
    "independent levels": Break(spread=False),
    "beta2 0.999": Break(beta2=0.999),
    "rate 0.001, times 1": Break(learning_rate=1e-3, output_scale=1.0),
    "rate 0.001, times 1, sd 0.02": Break(learning_rate=1e-3, output_scale=1.0, embedding_sd=0.02),
}


@dataclass(frozen=True)
class BreakSettings:
    """How the models of `broken_recipes` are trained and measured, and what belongs to the call alone."""

    train: TrainSettings = TrainSettings()
    t: float = option(0.25, "noise level of the recovery")
    sentences: int = option(512, "held-out sentences that are measured")
    written: int = option(256, "sentences that every model writes")
    walk: int = option(64, "steps of the reverse process that writes them")
    device: str = option("cpu", "cpu, cuda or mps")
    progress: bool = True
    command: str = ""


def broken_recipes(
    language: ToyLanguage,
    sizes: Sequence[int] = (4096,),
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    settings: BreakSettings | None = None,
    *,
    out: str | Path | None = None,
    executor: Executor | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Train a model with every recipe of `BREAKS` on n sentences, and see what each of them can do.

    One row per (denoiser, n_train, seed), `denoiser` being the name of the recipe: the share of written sentences that
    are grammatical, of changed held-out words that come back at level t, and the held-out NELBO in nats per word. With
    `out`, a file, finished seeds are written at once and the same call resumes. Seed s decides weights, batches and
    what is drawn afterwards, and all recipes of a seed start from the same draws. `changes` override fields.
    """
    settings = settings_of_many(settings or BreakSettings(), changes)
    corpus = language.corpus(n_train=max(sizes))
    jobs = jobs_of(sizes, seeds, len(corpus.train))
    checked_device(settings.device)
    recipes = {name: _json(asdict(recipe)) for name, recipe in BREAKS.items()}
    store = store_of(settings, corpus, out, breaks=recipes)
    rows = finish(store, jobs, Breaks(language, corpus, settings), executor, progress=settings.progress)
    return table_of(rows)


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per (denoiser, n_train, seed), the recipes in the order of `BREAKS`, a column per quantity."""
    keys = ["denoiser", "n_train", "seed"]
    table = rows.pivot(index=keys, columns="quantity", values="value").reset_index()
    place = table["denoiser"].map({name: k for k, name in enumerate(BREAKS)})
    table = table.assign(place=place).sort_values(["place", "n_train", "seed"], ignore_index=True)
    return table[[*keys, *COLUMNS]].rename_axis(columns=None)


def _json(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe as JSON has it, which knows no infinity."""
    return {name: "none" if value == math.inf else value for name, value in recipe.items()}


@dataclass(frozen=True)
class Breaks(OneByOne):
    """The work of `broken_recipes`: train and measure all recipes of one job."""

    language: ToyLanguage
    corpus: Corpus
    settings: BreakSettings

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of one job."""
        return [row for name in BREAKS for row in self._recipe(n, seed, name)]

    def _recipe(self, n: int, seed: int, name: str) -> Rows:
        settings, x = self.settings, self.corpus.train[:n]
        model = train_broken(
            x, self.corpus.vocab_size, BREAKS[name], replace(settings.train, seed=seed), settings.device
        )
        held_out = self.corpus.held_out[: settings.sentences].to(model.device)
        draws = torch.Generator().manual_seed(seed)
        written = sample(model, settings.written, x.shape[1], settings.walk, generator=draws)
        said = self.language.log_prob(written.cpu()).isfinite().double().mean()
        back = token_recovery(model, held_out, settings.t, generator=torch.Generator().manual_seed(seed))
        keys = dict(n_train=n, seed=seed, denoiser=name)
        nelbo = mean_nelbo(model, held_out, seed=seed)
        return [
            *rows_of({"grammatical": float(said)}, split="written", **keys),
            *rows_of({"recovered": back.recovered}, split="held-out", t=settings.t, **keys),
            *rows_of({"nelbo": nelbo}, split="held-out", **keys),
        ]


def broken_model(x: torch.Tensor, vocab_size: int, recipe: Break, settings: TrainSettings) -> TransformerDenoiser:
    """Return an untrained model as the recipe starts it; its first logits are those of the book's recipe."""
    noise = settings.noise.of(vocab_size)
    model = TransformerDenoiser(noise, x.shape[1], settings.model, seed=settings.seed)
    with torch.no_grad():
        model.token.weight.mul_(recipe.embedding_sd / EMBEDDING_SD)
        model.position.mul_(recipe.embedding_sd / EMBEDDING_SD)
        model.output_scale = recipe.output_scale
        model.head.weight.mul_(OUTPUT_SCALE / recipe.output_scale)
        frozen = [] if recipe.positions else [model.position]
        frozen += [] if recipe.hears_time else list(model.time.parameters())
        for p in frozen:  # what is zero and stays zero adds nothing
            p.zero_()
            p.requires_grad_(False)
    return model


def train_broken(
    x: torch.Tensor, vocab_size: int, recipe: Break, settings: TrainSettings, device: str = "cpu"
) -> TransformerDenoiser:
    """Train on sentences int64[n, L] as `train` does, but for what the recipe changes; ValueError if it diverges."""
    model = broken_model(x, vocab_size, recipe, settings).to(device)
    rate = settings.learning_rate if recipe.learning_rate is None else recipe.learning_rate
    clip = settings.clip if recipe.clip is None else recipe.clip
    warmup = settings.warmup if recipe.warmup is None else recipe.warmup

    def factor(step: int) -> float:
        decayed = 0.5 * (1 + math.cos(math.pi * step / settings.steps)) if recipe.decay else 1.0
        return decayed * (min(1.0, (step + 1) / warmup) if warmup else 1.0)

    whole = stack([model])
    weights = [p for p in whole.parameters() if p.requires_grad]
    betas, decay = (0.9, recipe.beta2), settings.weight_decay
    optimizer = torch.optim.AdamW(weights, lr=rate, betas=betas, weight_decay=decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    generator = torch.Generator().manual_seed(settings.seed)
    with at_most(useful_threads(settings.model.width)):
        for step in range(settings.steps):
            x0, t, xt = draw_batch(x, model.noise, settings, generator)
            if not recipe.spread:
                t = torch.rand(len(t), generator=generator).clamp_min(EARLIEST_T)
                xt = model.noise.corrupt(x0, t, generator)
            x0, xt, t = (part[None].to(device) for part in (x0, xt, t))
            (loss,) = training_loss(whole, x0, xt, t, settings)
            if step % 100 == 0 and not math.isfinite(loss.item()):
                raise ValueError(f"Training diverged: the loss is {loss.item()} at step {step}; lower learning_rate.")
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, clip)
            optimizer.step()
            schedule.step()
    unstack(whole, [model])
    return model.eval()

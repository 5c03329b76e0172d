"""Measure times and memory against their limits and print one table: `python -m benchmarks [--only NAME,...]`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from uddm_mini import (
    MemorizingDenoiser,
    ModelSettings,
    ToyLanguage,
    TransformerDenoiser,
    UniformNoise,
    cross_entropy,
    run_sweep,
    train,
)
from uddm_mini.parallel import at_most
from uddm_mini.training.train import draw_batch, training_loss

from .measure import busy, matmul_rate, peak_bytes, seconds

Rows = list[dict[str, Any]]
MIB = 2**20


def row(what: str, value: float, unit: str, limit: float | None = None, least: bool = False, note: str = "") -> dict:
    """Return one line of the table; `ratio` is value / limit, `kept` says on which side of the limit the value is."""
    kept = "" if limit is None else ("yes" if (value >= limit) == least or value == limit else "no")
    sign = "" if limit is None else f"{'>=' if least else '<='} {limit:g}"
    ratio = None if limit is None else value / limit
    return {"what": what, "value": value, "unit": unit, "limit": sign, "ratio": ratio, "kept": kept, "note": note}


def bench_nelbo(repeats: int) -> Rows:
    """NELBO against plain cross-entropy, forward and backward from the logits."""
    rows: Rows = []
    for batch, length, vocab in ((64, 14, 102), (64, 16, 1000), (256, 16, 1000)):
        noise = UniformNoise(vocab)
        x0 = torch.randint(vocab, (batch, length))
        t = (torch.arange(batch) + 0.5) / batch
        xt = noise.corrupt(x0, t)
        logits = torch.randn(batch, length, vocab, requires_grad=True)

        def nelbo(logits=logits, x0=x0, xt=xt, t=t, noise=noise) -> None:
            torch.autograd.grad(noise.nelbo(logits.log_softmax(dim=2), x0, xt, t).mean(), logits)

        def plainly(logits=logits, x0=x0) -> None:
            torch.autograd.grad(cross_entropy(logits.log_softmax(dim=2), x0).mean(), logits)

        ours, plain = seconds(nelbo, plainly, repeats=5 * repeats)
        shape = f"B x L x V = {batch} x {length} x {vocab}"
        rows.append(row("NELBO / cross-entropy, time", ours / plain, "x", 1.5, note=f"{shape}, {1e3 * ours:.2f} ms"))
        extra = (peak_bytes(nelbo) - peak_bytes(plainly)) / (4 * batch * length * vocab)
        rows.append(row("NELBO - cross-entropy, memory", extra, "tensors of B x L x V", 2, note=shape))
    return rows


def bench_loss_in_training(repeats: int) -> Rows:
    """The same comparison where it matters: a whole training step of the default model."""
    noise, x = UniformNoise(102), ToyLanguage().sample(4096, seed=0)
    model = TransformerDenoiser(noise, x.shape[1])
    x0, t, xt = draw_batch(x, noise, 64, torch.Generator().manual_seed(0))

    def step(loss: Any) -> None:
        model.zero_grad()
        training_loss(model, x0, xt, t, loss).backward()

    ours, plain = seconds(lambda: step("nelbo"), lambda: step("cross_entropy"), repeats=5 * repeats)
    return [row("default model, NELBO / cross-entropy", ours / plain, "x", 1.5, note=f"{1e3 * ours:.2f} ms a step")]


def bench_memorizer(repeats: int) -> Rows:
    """One answer of the exact memorizer over many sentences."""
    language, noise = ToyLanguage(), UniformNoise(102)
    memory = MemorizingDenoiser(language.sample(100_000, seed=0), noise)
    xt, t = noise.corrupt(language.sample(256, seed=1), 0.5), torch.full((256,), 0.5)
    (taken,) = seconds(lambda: memory(xt, t), repeats=max(1, repeats // 4))
    note = "100,000 memories, 256 queries, L = 14"
    return [
        row("memorizer, time", taken, "s", 1.0, note=note),
        row("memorizer, memory", peak_bytes(lambda: memory(xt, t)) / MIB, "MiB", 1024, note=note),
    ]


def bench_training(repeats: int) -> Rows:
    """The rate of the training loop, in floating-point operations of its matrix products per second."""
    noise, x = UniformNoise(102), ToyLanguage().sample(4096, seed=0)
    rows: Rows = []
    for batch in (64, 256):
        model = TransformerDenoiser(noise, x.shape[1], ModelSettings(width=128, depth=2, heads=4))
        x0, t, xt = draw_batch(x, noise, batch, torch.Generator().manual_seed(0))
        with FlopCounterMode(display=False) as counter:
            training_loss(model, x0, xt, t, "nelbo").backward()
        budget = dict(width=128, depth=2, heads=4, batch_size=batch, progress=False)
        few, many = repeats, 4 * repeats
        # the difference of two runs leaves out what happens once
        short, long = seconds(
            lambda few=few, budget=budget: train(x, noise, steps=few, **budget),
            lambda many=many, budget=budget: train(x, noise, steps=many, **budget),
            repeats=2,
        )
        rate, best = counter.get_total_flops() * (many - few) / (long - short), matmul_rate()
        step = 1e3 * (long - short) / (many - few)
        note = f"batch {batch}: {1e-9 * rate:.0f} of {1e-9 * best:.0f} Gflop/s, {step:.1f} ms a step"
        rows.append(row("training at width 128 / matrix product", rate / best, "x", 0.6, least=True, note=note))
    return rows


def bench_threads(repeats: int) -> Rows:
    """A training step with all threads against one thread, quiet and beside as many busy programs as cores."""
    noise, x = UniformNoise(102), ToyLanguage().sample(4096, seed=0)
    x0, t, xt = draw_batch(x, noise, 64, torch.Generator().manual_seed(0))
    cores = torch.get_num_threads()
    rows: Rows = []
    for width, depth in ((32, 1), (64, 1), (64, 2), (128, 2), (256, 4)):
        model = TransformerDenoiser(noise, x.shape[1], ModelSettings(width=width, depth=depth))

        def step(count: int, model=model) -> None:
            model.zero_grad()
            with at_most(count):
                training_loss(model, x0, xt, t, "nelbo").backward()

        for load in (0, cores):
            with busy(load):
                one, many = seconds(partial(step, 1), partial(step, cores), repeats=max(2, repeats // 2))
            what = f"width {width}, depth {depth}: 1 thread / {cores} threads"
            note = f"{1e3 * one:.1f} and {1e3 * many:.1f} ms a step, {load} busy programs beside it"
            rows.append(row(what, one / many, "x", note=note))
    return rows


def bench_transition(repeats: int) -> Rows:
    """The live transition of the book: eight sizes, one seed, the default model, probes included."""
    corpus = ToyLanguage().corpus(n_train=4096)
    sizes = [16, 32, 64, 128, 256, 512, 1024, 4096]
    start = time.perf_counter()
    table = run_sweep(corpus, sizes, [0], progress=False)
    taken = time.perf_counter() - start
    at = table[table.t == 0.25].set_index(["split", "n_train"]).recovered
    first, last = ({split: f"{at[split, n]:.3f}" for split in ("train", "held-out")} for n in (16, 4096))
    note = "t = 0.25: " + ", ".join(f"{split} {first[split]} to {last[split]}" for split in first)
    return [row("live transition, 8 sizes", taken, "s", 45, note=note), row("  the next goal", taken, "s", 20)]


BENCHMARKS: dict[str, Callable[[int], Rows]] = {
    "nelbo": bench_nelbo,
    "step": bench_loss_in_training,
    "memorizer": bench_memorizer,
    "training": bench_training,
    "threads": bench_threads,
    "transition": bench_transition,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure times and memory against their limits."
    )
    parser.add_argument("--only", metavar="NAME,...", help=f"some of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--repeats", type=int, default=20, help="how often the short calls are repeated (default 20)")
    parser.add_argument("--csv", metavar="FILE", help="also write the table to this file")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown or options.repeats < 1:
        parser.error(f"unknown benchmark {unknown[0]!r}" if unknown else "--repeats must be at least 1")
    torch.manual_seed(0)
    rows: Rows = []
    for name in names:
        print(f"measuring {name} ...", flush=True)
        rows += BENCHMARKS[name](options.repeats)
    table = pd.DataFrame(rows)
    print(f"\nPyTorch {torch.__version__}, {torch.get_num_threads()} threads, CPU\n")
    print(table.to_string(index=False, float_format="%.3g", na_rep="", justify="right"))
    if options.csv:
        table.to_csv(options.csv, index=False, float_format="%.4g")
        print(f"\nWrote {options.csv}")


if __name__ == "__main__":
    main()

"""Measure times and memory against their limits and print one table: `python -m benchmarks [--only NAME,...]`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from uddm_mini import (
    Corpus,
    MemorizingDenoiser,
    ModelSettings,
    ProbeSettings,
    ToyLanguage,
    TransformerDenoiser,
    UniformNoise,
    Walk,
    Wrapped,
    cross_entropy,
    run_sweep,
    train,
)
from uddm_mini.models.transformer import stack
from uddm_mini.parallel import at_most
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import PROBES, probe
from uddm_mini.teaching.lab import first_screen, lab
from uddm_mini.training.objective import draw_batch, training_loss
from uddm_mini.training.settings import TrainSettings

from .measure import busy, matmul_rate, peak_bytes, seconds
from .page import SLOWER, chromium, open_piece, shortest

ROOT = Path(__file__).resolve().parents[1]
Rows = list[dict[str, Any]]
MIB = 2**20


def row(what: str, value: float, unit: str, limit: float | None = None, least: bool = False, note: str = "") -> dict:
    """Return one line of the table; `ratio` is value / limit, `kept` says on which side of the limit the value is."""
    kept = "" if limit is None else ("yes" if (value >= limit) == least or value == limit else "no")
    sign = "" if limit is None else f"{'>=' if least else '<='} {limit:g}"
    ratio = value / limit if limit else None
    return {"what": what, "value": value, "unit": unit, "limit": sign, "ratio": ratio, "kept": kept, "note": note}


def bench_nelbo(repeats: int) -> Rows:
    """NELBO against plain cross-entropy, forward and backward from the logits."""
    rows: Rows = []
    for batch, length, vocab in ((64, 14, 102), (64, 24, 512), (64, 16, 1000), (256, 16, 1000)):
        noise = UniformNoise(vocab)
        x0 = torch.randint(vocab, (batch, length))
        t = (torch.arange(batch) + 0.5) / batch
        xt = noise.corrupt(x0, t)
        logits = torch.randn(batch, length, vocab, requires_grad=True)

        def nelbo(logits=logits, x0=x0, xt=xt, t=t, noise=noise) -> None:
            torch.autograd.grad(noise.nelbo(logits, x0, xt, t).mean(), logits)

        def plainly(logits=logits, x0=x0) -> None:
            torch.autograd.grad(cross_entropy(logits, x0).mean(), logits)

        with at_most(1):
            ours, plain = seconds(nelbo, plainly, repeats=5 * repeats)
        shape = f"B x L x V = {batch} x {length} x {vocab}"
        rows.append(row("NELBO / cross-entropy, time", ours / plain, "x", 1.5, note=f"{shape}, {1e3 * ours:.2f} ms"))
        extra = (peak_bytes(nelbo) - peak_bytes(plainly)) / (4 * batch * length * vocab)
        rows.append(row("NELBO - cross-entropy, memory", extra, "tensors of B x L x V", 2, note=shape))
    return rows


def bench_loss_in_training(repeats: int) -> Rows:
    """The same comparison where it matters: a whole training step of the default model."""
    noise, x = UniformNoise(102), ToyLanguage().sample(4096, seed=0)
    model = stack([TransformerDenoiser(noise, x.shape[1])])
    batch = stacked_batch(x, noise, 64, 1)

    def step(loss: Any) -> None:
        model.zero_grad()
        training_loss(model, *batch, TrainSettings(loss=loss)).backward()

    with at_most(1):
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
        model = stack([TransformerDenoiser(noise, x.shape[1], ModelSettings(width=128, depth=2, heads=4))])
        with FlopCounterMode(display=False) as counter:
            training_loss(model, *stacked_batch(x, noise, batch, 1), TrainSettings()).backward()
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
    batch, cores = stacked_batch(x, noise, 64, 1), torch.get_num_threads()
    rows: Rows = []
    for width, depth in ((32, 1), (64, 1), (64, 2), (128, 2), (256, 4)):
        model = stack([TransformerDenoiser(noise, x.shape[1], ModelSettings(width=width, depth=depth))])

        def step(count: int, model=model) -> None:
            model.zero_grad()
            with at_most(count):
                training_loss(model, *batch, TrainSettings()).backward()

        for load in (0, cores):
            with busy(load):
                one, many = seconds(partial(step, 1), partial(step, cores), repeats=max(2, repeats // 2))
            what = f"width {width}, depth {depth}: 1 thread / {cores} threads"
            note = f"{1e3 * one:.1f} and {1e3 * many:.1f} ms a step, {load} busy programs beside it"
            rows.append(row(what, one / many, "x", note=note))
    return rows


def stacked_batch(x: torch.Tensor, noise: UniformNoise, size: int, models: int) -> tuple[torch.Tensor, ...]:
    """Return x0, x_t and t of one training step, each [M, size, ...]."""
    drawn = [
        draw_batch(x, noise, TrainSettings(batch_size=size), torch.Generator().manual_seed(seed))
        for seed in range(models)
    ]
    x0, t, xt = (torch.stack(part) for part in zip(*drawn, strict=True))
    return x0, xt, t


def bench_stacked(repeats: int) -> Rows:
    """A training step of several models as one against one after the other, on one thread."""
    noise, x = UniformNoise(102), ToyLanguage().sample(4096, seed=0)
    rows: Rows = []
    for width, count in ((32, 2), (32, 4), (32, 8), (64, 2), (64, 4), (64, 8), (128, 4)):
        models = [TransformerDenoiser(noise, x.shape[1], ModelSettings(width=width), seed=k) for k in range(count)]
        whole, alone = stack(models), [stack([model]) for model in models]
        batch = stacked_batch(x, noise, 64, count)

        def together(whole=whole, batch=batch) -> None:
            whole.zero_grad()
            training_loss(whole, *batch, TrainSettings()).sum().backward()

        def in_turn(alone=alone, batch=batch) -> None:
            for k, model in enumerate(alone):
                model.zero_grad()
                training_loss(model, *(part[k : k + 1] for part in batch), TrainSettings()).backward()

        with at_most(1):
            one, many = seconds(together, in_turn, repeats=repeats)
        note = f"{1e3 * one / count:.1f} and {1e3 * many / count:.1f} ms a model"
        rows.append(row(f"width {width}: {count} models as one / in turn", one / many, "x", note=note))
    return rows


def bench_probes(repeats: int) -> Rows:
    """A thousand sentences asked in parts that the cache holds against all at once, and against a stack of models."""
    noise = UniformNoise(102)
    xt, t = noise.corrupt(ToyLanguage().sample(1024, seed=0), 0.3), torch.full((1024,), 0.3)
    rows: Rows = []
    for width in (32, 64):
        models = [TransformerDenoiser(noise, xt.shape[1], ModelSettings(width=width), seed=k) for k in range(4)]
        whole = stack(models)

        def in_parts(models=models) -> None:
            for model in models:
                model(xt, t)

        def at_once(models=models) -> None:
            for model in models:
                model.logits(xt, t).log_softmax(dim=2)

        def as_one(whole=whole) -> None:
            for part, level in zip(xt.split(64), t.split(64), strict=True):
                whole.logits(part.expand(4, -1, -1), level.expand(4, -1)).log_softmax(dim=3)

        with at_most(1), torch.no_grad():
            parts, all_at_once, stacked = seconds(in_parts, at_once, as_one, repeats=repeats)
        note = f"{250 * parts:.0f}, {250 * all_at_once:.0f} and {250 * stacked:.0f} ms a model"
        rows.append(row(f"width {width}, 1,024 answers: in parts / at once", parts / all_at_once, "x", note=note))
        rows.append(row("  a stack of 4 / one after the other, in parts", stacked / parts, "x"))
    return rows


def bench_transition(repeats: int) -> Rows:
    """The live transition of the book: eight sizes, the default model, probes included; then three seeds of it."""
    corpus = ToyLanguage().corpus(n_train=4096)
    sizes = [16, 32, 64, 128, 256, 512, 1024, 4096]
    rows: Rows = []
    for seeds, what, limit in (([0], "live transition, 8 sizes", 20), ([0, 1, 2], "8 sizes x 3 seeds", 60)):
        start, used = time.perf_counter(), time.process_time()
        table = run_sweep(corpus, sizes, seeds, progress=False)
        taken, used = time.perf_counter() - start, time.process_time() - used
        at = table[table.t == 0.25].groupby(["split", "n_train"]).recovered.mean()
        back = ", ".join(f"{split} {at[split, 16]:.3f} to {at[split, 4096]:.3f}" for split in ("train", "held-out"))
        # on a machine that has other work, too, what the processors spent says what a quiet one would take
        quiet = used / torch.get_num_threads()
        rows.append(row(what, taken, "s", limit, note=f"t = 0.25: {back}"))
        rows.append(row("  processor time / cores", quiet, "s", limit))
    start = time.perf_counter()
    chapter = dict(width=32, times=(0.1, 0.25, 0.5), sentences=512, progress=False)
    run_sweep(corpus, [16, 36, 80, 176, 387, 850, 1870, 4096], [0], **chapter)
    rows.append(row("the transition chapter's own", time.perf_counter() - start, "s", 20, note="width 32"))
    return rows


def bench_foreign(repeats: int) -> Rows:
    """Every probe of a model with a tokenizer's vocabulary: 32 sentences of 128 words out of 30,522."""
    V, L, n = 30_522, 128, 32
    noise, generator = UniformNoise(V), torch.Generator().manual_seed(0)
    table = torch.randn(V, 8, generator=generator)
    model = Wrapped(lambda xt, t: table[xt] @ table.T, noise, "posterior", batch_size=8, logits=True)
    x = torch.randint(V, (2 * n, L), generator=generator)
    corpus = Corpus("invented", x[:n], x[n:], tuple(map(str, range(V))))
    settings = ProbeSettings(times=(0.25,), sentences=n, writing_steps=2, walk=Walk("iterate", 2))
    rows: Rows = []
    for name in PROBES:
        subject = Subject(model, corpus, x[:n], settings, 0)
        start = time.perf_counter()
        peak = peak_bytes(lambda name=name, subject=subject: probe(subject, name), warm=False) / 2**30
        note = f"{n} sentences of {L} words, {time.perf_counter() - start:.0f} s"
        rows.append(row(f"probe {name!r}, V = 30,522", peak, "GiB", 8, note=note))
    return rows


def bench_page(repeats: int) -> Rows:
    """The models in a page: a step, a click, the time until the first screen answers, and what the pages weigh."""
    pieces = {"first screen": first_screen()._repr_html_(), "lab": lab()._repr_html_()}
    rows: Rows = []
    note = f"processor {SLOWER} times slower"
    with chromium() as browser:
        ready = min(open_piece(browser, pieces["first screen"], slower=1)[1] for _ in range(3))
        rows.append(row("first screen, until it answers", ready, "ms", 1000, note="from the disk"))
        page, _ = open_piece(browser, pieces["first screen"])
        click = "(k) => document.querySelectorAll('.sentence button')[k % 14].click()"
        rows.append(row("first screen, a word lost", shortest(page, click, repeats), "ms", note=f"two models; {note}"))
        page, _ = open_piece(browser, pieces["lab"])
        page.evaluate(
            "() => { window.slide = (k, to) => { const all = document.querySelectorAll('input[type=range]');"
            "  all[k].value = to; all[k].dispatchEvent(new Event('input')); }; slide(0, 5); }"
        )
        for walker in ("the network", "the memorizer", "the language itself"):
            page.get_by_role("button", name=walker, exact=True).click()
            # with a new seed, a walk of 32 steps and none: what the lab does besides is the same
            one, none = (f"(k) => {{ slide(3, k % 20); slide(4, {step}); }}" for step in (32, 0))
            taken = (shortest(page, one, repeats) - shortest(page, none, repeats)) / 32
            rows.append(row(f"lab, a step of {walker}", taken, "ms", 30, note=f"8,192 sentences; {note}"))
    rows += [row(f"{name}, with its models", len(html.encode()) / 1e6, "MB", 2) for name, html in pieces.items()]


def bench_audit(repeats: int) -> Rows:
    """A quick audit of a foreign module with 22 million weights, 500 members and 500 strangers, all sections."""
    rows: Rows = []
    for kind in ("float32", "bfloat16"):
        command = [sys.executable, "-m", "benchmarks.foreign", kind]
        found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        planned = (
            f"planned {found['planned'] / 60:.1f} min, {found['weights'] / 1e6:.1f} M weights, V = 30,522, L = 128"
        )
        rows.append(row(f"quick audit, {kind}", found["seconds"] / 60, "min", 10, note=planned))
        rows.append(row("  processor time / cores", found["processor"] / 60 / torch.get_num_threads(), "min", 10))
        rows.append(row("  memory", found["peak"] / 2**30, "GiB", 8))
    return rows


def bench_make(repeats: int) -> Rows:
    """The commands of README, when asked for: building the book again, and afresh; `make test`."""
    rows: Rows = []
    for what, command, limit in (
        ("make book, again", ["make", "book"], 20),
        ("make book, all pages", ["make", "-W", "_config.yml", "book"], 180),
        ("make test", ["make", "test"], 720),
    ):
        start = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        note = "" if done.returncode == 0 else "it failed: " + done.stdout[-60:].strip()
        rows.append(row(what, time.perf_counter() - start, "s", limit, note=note))
    return rows


def bench_class(repeats: int) -> Rows:
    """A class of forty with four assignments, a quarter of the notebooks broken: seconds to grade, and wrong marks."""
    sys.path.insert(0, str(ROOT / "tests"))  # the class is a fixture of the tests, which grade a small share of it
    from class_of_forty import WEEKS, graded_week

    rows: Rows = []
    for name in WEEKS:
        with tempfile.TemporaryDirectory() as folder:
            week = graded_week(name, 40, Path(folder))
        mean = sum(one.points for one in week.graded) / len(week.graded)
        rows.append(row(f"40 notebooks, {name}", week.seconds, "s", note=f"mean {mean:.1f} of 40 points"))
        rows.append(row(f"wrong marks of 160, {name}", len(week.mistaken()), "marks", 0))
        print("\n".join(week.mistaken()))
    rows.append(row("160 notebooks", sum(one["value"] for one in rows[::2]), "s", 600))
    return rows


BENCHMARKS: dict[str, Callable[[int], Rows]] = {
    "nelbo": bench_nelbo,
    "step": bench_loss_in_training,
    "memorizer": bench_memorizer,
    "training": bench_training,
    "threads": bench_threads,
    "stacked": bench_stacked,
    "probes": bench_probes,
    "transition": bench_transition,
    "page": bench_page,
    "foreign": bench_foreign,
    "audit": bench_audit,
    "class": bench_class,
    "make": bench_make,
}
LONG = (
    "page",
    "foreign",
    "audit",
    "class",
    "make",
)  # only when asked for: the first needs a browser, the others minutes


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure times and memory against their limits."
    )
    parser.add_argument(
        "--only", metavar="NAME,...", help=f"some of {', '.join(BENCHMARKS)} (default: all but {', '.join(LONG)})"
    )
    parser.add_argument("--repeats", type=int, default=20, help="how often the short calls are repeated (default 20)")
    parser.add_argument("--csv", metavar="FILE", help="also write the table to this file")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else [name for name in BENCHMARKS if name not in LONG]
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

"""The claims of the paper that can be tested at this scale, each measured on the committed tables.

Every function takes `tables`, which returns a table by its name, and returns a `Finding`; its docstring has the bars.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from uddm_mini.experiments.crossing import Crossing, crossing, curves_by_size, perplexity_peak
from uddm_mini.teaching.exercises import number_of
from uddm_mini.teaching.results import committed

from .ledger import (
    SIZES,
    Finding,
    T,
    Tables,
    change_of_recovery,
    detail,
    entropy,
    over_seeds,
    recovery,
    sides_by_entropy,
    span,
    where,
)

UNSEEN = 128  # held-out sentences on which fixed points were counted, the same for every model


def training_basins_shrink(tables: Tables = committed) -> Finding:
    """Training text: recovery at the smallest size minus recovery at the largest, seed by seed; agree if above 0."""
    return change_of_recovery(tables, "train", -1, "falls")


def held_out_basins_grow(tables: Tables = committed) -> Finding:
    """Held-out text: recovery at the largest size minus recovery at the smallest, seed by seed; agree if above 0."""
    return change_of_recovery(tables, "held-out", 1, "rises")


def they_converge(tables: Tables = committed) -> Finding:
    """At the largest size: agree if both recoveries are within 0.02 of each other, and each within 0.05 of the perfect
    denoiser's on the same kind of text.
    """
    table, bounds = tables("toy-large/sweep"), tables("toy-large/bounds")
    perfect = bounds[bounds.denoiser == "population"]
    train, test = (recovery(table, split).iloc[-1] for split in ("train", "held-out"))
    apart = over_seeds(train - test)
    ceilings = [float(recovery(perfect, split).iloc[-1].mean()) for split in ("train", "held-out")]
    off = [abs(float(runs.mean()) - ceiling) for runs, ceiling in zip((train, test), ceilings, strict=True)]
    measured = (
        f"they end {span(*apart)} apart, training text {off[0]:.3f} and held-out text {off[1]:.3f} from the perfect "
        f"denoiser's {ceilings[0]:.3f} and {ceilings[1]:.3f}"
    )
    return Finding(measured, max(abs(apart[1]), abs(apart[2])) <= 0.02 and max(off) <= 0.05)


def entropy_vanishes(tables: Tables = committed) -> Finding:
    """Entropy of training text at t -> 0 and the smallest size: agree if the interval of the large model ends by 0.02.

    Reservation if another model size does not get there.
    """
    runs = {size: entropy(tables(f"toy-{size}/sweep")) for size in SIZES}
    large = over_seeds(runs["large"].iloc[0])
    others = [f"{size} model {span(*over_seeds(r.iloc[0]))}" for size, r in runs.items() if r.iloc[0].mean() > 0.02]
    measured = f"with {runs['large'].index[0]} sentences it is {span(*large)} nats per word in the large model"
    medium, few = runs["medium"].mean(axis=1), entropy(tables("toy-few/sweep")).mean(axis=1)
    one = f"this is one size of three, and its interval ends {0.02 - large[2]:.3f} below the bar"
    more = f"in the medium model it is not even monotone: {few.iloc[0]:.3f} with {few.index[0]} sentence, " + ", ".join(
        f"{value:.3f} with {n}" for n, value in medium.iloc[:3].items()
    )
    short = f"{one}; {' and '.join(others)} do not vanish; {more}"
    return Finding(measured, large[2] <= 0.02, short if others else "")


def entropy_stays_finite(tables: Tables = committed) -> Finding:
    """Entropy of training text at the largest size, large model: agree if its interval is within 0.05 nats of exact.

    Reservation if another model size misses that bar. The share of written words with more than 0.1 nats says
    something about memory only where it grows from below a tenth to more than half; reservation unless it does so in
    all model sizes.
    """
    bounds = tables("toy-large/bounds")
    exact = float(bounds[bounds.denoiser == "population"].entropy.mean())
    runs = {size: entropy(tables(f"toy-{size}/sweep")) for size in SIZES}
    ends = {size: over_seeds(table.iloc[-1]) for size, table in runs.items()}
    off = {size: max(abs(low - exact), abs(high - exact)) for size, (_, low, high) in ends.items()}
    count = f"{runs['large'].index[-1]:,}"
    measured = f"with {count} sentences it is {span(*ends['large'])} nats a word in the large model, exact {exact:.3f}"
    short = [
        f"the {size} model misses this bar: {span(*ends[size])}; the large one's interval keeps it by "
        f"{0.05 - off['large']:.3f}"
        for size in SIZES
        if size != "large" and off[size] > 0.05
    ]
    open_words = {size: 1 - detail(tables(f"toy-{size}/details"), "vanishing_0.1", "generated") for size in SIZES}
    shares = {size: (table.iloc[0].mean(), table.iloc[-1].mean()) for size, table in open_words.items()}
    if not all(first < 0.1 and final > 0.5 for first, final in shares.values()):
        listed = ", ".join(f"{size} {first:.2f} to {final:.2f}" for size, (first, final) in shares.items())
        short.append(
            f'"most tokens" cannot be tested; share of written words above 0.1 nats, from 16 to 8,192 sentences: '
            f"{listed}"
        )
    return Finding(measured, off["large"] <= 0.05, "; ".join(short))


def entropy_alone_tells(tables: Tables = committed, band: float = 2) -> Finding:
    """AUC of the entropy of written text for the side of the transition, all sizes pooled: agree if at least 0.95.

    Reservation if the lower end of its interval, or the AUC without a band, falls short of that.
    """
    out, all_of_them = sides_by_entropy(band, tables), sides_by_entropy(1, tables)
    measured = f"outside a factor of {band:g} around the crossing, AUC {out.area} over {out.models} models"
    short = (
        f"the bar is on the AUC alone, not on its interval; without a band it is {all_of_them.area}; "
        f"outside, memory is only {len(out.memory)} configurations "
        f"({', '.join(out.memory)} sentences), and a threshold from the other model sizes finds {out.hits:.2f} of them "
        f"with {out.alarms:.3f} false alarms"
    )
    whole = min(out.area.low, all_of_them.area.value) >= 0.95
    return Finding(measured, out.area.value >= 0.95, "" if whole else short)


def perplexity_peaks(tables: Tables = committed) -> Finding:
    """Where held-out perplexity is largest: agree if that is inside the sizes and within a factor of 2 of the onset
    (the gap at 0.9 of its first value) or of the crossing (0.5), in the large model or in the medium one, which
    has sizes from 1 sentence on.
    """
    said, near = [], False
    for name in ("large", "medium"):
        grid = tables(f"toy-{name}/sweep")
        onset, half = (crossing(grid, t=T, level=level) for level in (0.9, 0.5))
        few = tables("toy-few/sweep") if name == "medium" else grid[:0]  # the same settings, fewer sentences
        whole = pd.concat([few[few.n_train < grid.n_train.min()], grid])
        peak, curves = perplexity_peak(whole), np.log(curves_by_size(whole, "perplexity")).mean(axis=1)
        near |= peak.inside and any(at.n / 2 <= peak.n <= at.n * 2 for at in (onset, half))
        rises = np.flatnonzero(np.diff(curves) > 0)
        until = curves.index[rises[0] if len(rises) else -1]
        shape = "" if peak.inside else f", the smallest size, and falls at every step up to {until:,}"
        said.append(f"{name} model: largest at n = {peak.n:.0f}{shape} (onset {where(onset)}, crossing {where(half)})")
    return Finding("; ".join(said), bool(near))


def larger_models_later(tables: Tables = committed) -> Finding:
    """The crossings of three model sizes: agree if intervals, and all single seeds, are disjoint and in order.

    Reservation if the same is not so for the onset, where the gap has fallen to 0.9.
    """
    half, onset = ([crossing(tables(f"toy-{s}/sweep"), t=T, level=level) for s in SIZES] for level in (0.5, 0.9))

    def listed(found: list[Crossing]) -> str:
        return ", ".join(f"{size} {where(at)}" for size, at in zip(SIZES, found, strict=True))

    def apart(found: list[Crossing]) -> bool:
        pairs = list(itertools.pairwise(found))
        return all(a.high < b.low and max(a.each.values()) < min(b.each.values()) for a, b in pairs)

    order = "no interval and no seed reaches" if apart(half) else "some interval or seed reaches"
    measured = f"crossings at {listed(half)} sentences; {order} those of the next size"
    overlap = "" if apart(onset) else f"at the onset the sizes are not all apart: {listed(onset)}"
    return Finding(measured, apart(half), overlap)


def unseen_data_are_fixed_points(tables: Tables = committed) -> Finding:
    """Share of held-out sentences that no step of the iterated best guess moves: agree if at least 0.95 at the largest
    size, less than half at the smallest, and less than 0.01 of random token sequences.

    Where every sentence stays, the lower end is the rule of three: 1 - 3 / number of sentences. Reservation if fewer
    than 0.95 stay under the cavity map. The two walks are reported and decide nothing.
    """
    table = tables("toy-large/details")
    maps = ("iterate", "reverse", "greedy", "cavity")
    unseen, seen = ({of: detail(table, f"fixed_{of}", split) for of in maps} for split in ("held-out", "train"))
    ends = {of: f"{unseen[of].iloc[-1].mean():.3f} and {seen[of].iloc[-1].mean():.3f}" for of in maps}
    random = detail(table, "fixed_iterate", "random").iloc[-1].mean()
    first, last = unseen["iterate"].iloc[0].mean(), unseen["iterate"].iloc[-1]
    low = 1 - 3 / UNSEEN if last.min() == 1 else over_seeds(last)[1]
    measured = (
        f"with {last.name:,} training sentences the iterated best guess leaves {ends['iterate']} of held-out and "
        f"training sentences whole (held-out: at least {low:.3f}) and {random:.3f} of random token sequences; with "
        f"{unseen['iterate'].index[0]} it leaves {first:.3f} of held-out ones; the walk that draws leaves "
        f"{ends['reverse']}, the greedy walk {ends['greedy']}"
    )
    moved = f"the cavity map leaves {ends['cavity']} of held-out and training sentences whole"
    short = "" if unseen["cavity"].iloc[-1].mean() >= 0.95 else moved
    return Finding(measured, bool(low >= 0.95 and first < 0.5 and random < 0.01), short)


def real_text_too(tables: Tables = committed) -> Finding:
    """On docstrings: agree if the gap of recovery closes from above 0.5 to within 0.03, and the entropy of training
    text rises from below 0.02 to above 0.5 nats. Always a reservation: nobody knows the ceiling.
    """
    table, bounds = tables("docstrings-large/sweep"), tables("docstrings-large/bounds")
    train, test, unsure = recovery(table, "train"), recovery(table, "held-out"), entropy(table).mean(axis=1)
    first, last = over_seeds(train.iloc[0] - test.iloc[0]), over_seeds(train.iloc[-1] - test.iloc[-1])
    measured = (
        f"the gap between training and held-out recovery closes from {span(*first)} to {span(*last)}, the entropy "
        f"of training text rises from {unsure.iloc[0]:.3f} to {unsure.iloc[-1]:.2f} nats per character"
    )
    memory = recovery(bounds[bounds.denoiser == "memorizer"], "held-out").iloc[-1].mean()
    chance = table[table["split"] == "held-out"].chance.mean()
    low = (
        f"both meet at {test.iloc[-1].mean():.2f}, where a pure memory of all sentences brings back {memory:.2f} of "
        f"held-out text and chance {chance:.2f}; a table of counts does better "
        f"(chapter {number_of('real_text')})"
    )
    rises = unsure.iloc[0] < 0.02 < 0.5 < unsure.iloc[-1]
    return Finding(measured, bool(first[1] > 0.5 and max(abs(last[1]), abs(last[2])) < 0.03 and rises), low)


def the_passage_is_sharp(tables: Tables = committed) -> Finding:
    """By what factor the number of sentences grows while the gap falls from 3/4 to 1/4; a limit cannot be measured."""

    def width(name: str) -> tuple[float, str]:
        begin, end = (crossing(tables(f"{name}/sweep"), t=T, level=level, draws=1) for level in (0.75, 0.25))
        each = [end.each[seed] / begin.each[seed] for seed in end.each]
        return end.n / begin.n, f"{end.n / begin.n:.1f} (single seeds {min(each):.1f} to {max(each):.1f})"

    widths = {size: width(f"toy-{size}") for size in SIZES}
    listed = ", ".join(f"{size} {said}" for size, (_, said) in widths.items())
    small, medium, large = (value for value, _ in widths.values())
    word = "narrower" if small > medium > large else "no narrower"
    return Finding(f"factors of {listed}: the passage gets {word} with size", None)


def the_size_governs(tables: Tables = committed) -> Finding:
    """Steps and architecture fixed: agree if at each model size the number of sentences alone takes the gap below a
    tenth of its first value. Reservation if another budget (fixed passes over the data) moves the crossing.
    """
    gone = {size: crossing(tables(f"toy-{size}/sweep"), t=T, level=0.1) for size in SIZES}
    listed = ", ".join(f"{size} {where(at)}" for size, at in gone.items())
    steps, passes = (crossing(tables(f"{name}/sweep"), t=T) for name in ("toy-medium", "toy-epochs"))
    train = recovery(tables("toy-epochs/sweep"), "train").mean(axis=1)
    moved = (
        f"the budget counts too: the medium model crosses at {where(steps)} after 3,000 steps and at {where(passes)} "
        f"after 500 passes, where training text goes from {train.iloc[0]:.3f} up to {train.iloc[-1]:.3f}"
    )
    measured = f"the gap is down to a tenth at {listed} sentences"
    same = steps.low <= passes.high and passes.low <= steps.high
    return Finding(measured, all(np.isfinite(at.n) for at in gone.values()), "" if same else moved)

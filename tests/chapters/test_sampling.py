"""The checks of the chapter on right answers, plausible wrong ones, stubs and crashes."""

from __future__ import annotations

import itertools

import torch
from told import told

from uddm_mini.chapters import sampling


def table(a, v):
    return a * torch.eye(v, dtype=torch.float64) + (1 - a) / v


def average(full, b, s, t):
    steps = table(t / s, len(full))[:, b] * table(s, len(full))
    return full @ (steps / steps.sum(dim=1, keepdim=True))


def plug_in(p0, b, s, t):
    step = table(t / s, len(p0))[:, b] * (p0 @ table(s, len(p0)))
    return step / step.sum()


def is_new(samples, train):
    seen = {tuple(row) for row in train.tolist()}
    return torch.tensor([tuple(row) not in seen for row in samples.tolist()])


def new(samples, train, log_prob):
    return (is_new(samples, train) & log_prob(samples).isfinite()).double().mean()


def with_new_words(samples, train, log_prob):
    return (~torch.isin(samples, train).all(dim=1) & log_prob(samples).isfinite()).double().mean()


def gibbs(law, prior, alpha, position, noisy=True, clean_rest=False, weigh=True):
    if position == 1:
        return gibbs(law.T, prior.T, alpha, 0, noisy, clean_rest, weigh).T
    joint = prior if clean_rest else prior @ table(alpha, len(prior))
    cavity = joint / joint.sum(dim=0)
    word = alpha * cavity + (1 - alpha) / len(prior) if noisy else cavity
    return word * law.sum(dim=0) if weigh else word


def gibbs_by_loops(law, prior, alpha, position):
    """The same from the enumerated q(x_t), in plain Python: no cavity anywhere."""
    v, q = len(prior), [[0.0] * len(prior) for _ in prior]
    for a, b, x, y in itertools.product(range(v), repeat=4):
        noise = [alpha * (one == other) + (1 - alpha) / v for one, other in ((a, x), (b, y))]
        q[a][b] += float(prior[x, y]) * noise[0] * noise[1]
    out = [[0.0] * v for _ in prior]
    for a, b in itertools.product(range(v), repeat=2):
        same = [(k, b) if position == 0 else (a, k) for k in range(v)]
        out[a][b] = q[a][b] / sum(q[x][y] for x, y in same) * sum(float(law[x, y]) for x, y in same)
    return out


def at_equilibrium(law, prior, alpha, position):
    return table(alpha, len(prior)).T @ prior @ table(alpha, len(prior))


def changes_q(law, prior, alpha, position):
    right = gibbs(law, prior, alpha, position)
    q = at_equilibrium(law, prior, alpha, position)
    return torch.full_like(q, 1 / q.numel()) if torch.allclose(law, q) else right


def convert_first(full, b, s, t):
    cavity = full / table(t, len(full))[:, b]
    cavity = cavity / cavity.sum()
    return plug_in(cavity, b, s, t)


def convert_in_one_line(full, b, s, t):
    return plug_in((full / table(t, len(full))[:, b]) / (full / table(t, len(full))[:, b]).sum(), b, s, t)


def convert_in_numpy(full, b, s, t):
    cavity = full.numpy() / table(t, len(full))[:, b].numpy()
    cavity /= cavity.sum()
    return plug_in(torch.from_numpy(cavity), b, s, t)


def one_product(full, b, s, t):
    """The sum over v in another order: weights over the normalization first, then one matrix product."""
    steps = table(t / s, len(full))[b] * table(s, len(full))
    return (full / steps.sum(dim=1)) @ steps


def default_float32(full, b, s, t):
    """A matrix product of float64 with what torch.eye makes, float32."""
    v = len(full)
    step = t / s * torch.eye(v)[b] + (1 - t / s) / v
    steps = step * (s * torch.eye(v) + (1 - s) / v)
    return full @ (steps / steps.sum(dim=1, keepdim=True))


def with_loops(full, b, s, t):
    v, out = len(full), [0.0] * len(full)
    for clean in range(v):
        step = [(t / s * (a == b) + (1 - t / s) / v) * (s * (a == clean) + (1 - s) / v) for a in range(v)]
        for a in range(v):
            out[a] += float(full[clean]) * step[a] / sum(step)
    return out


ALSO_RIGHT = [
    ("average_step", one_product),
    ("average_step", default_float32),
    ("average_step", with_loops),
    ("gibbs_step", gibbs_by_loops),
    ("can_greedy_move", lambda s, t: int(s * s - s * t > t - s * t)),
    ("new_fraction", lambda x, train, f: torch.tensor([float((is_new(x, train) & (f(x) > -1e9)).double().mean())])),
]

RIGHT = {
    "can_greedy_move": lambda s, t: s * (s - t) > t * (1 - s),
    "average_step": average,
    "new_fraction": new,
    "gibbs_step": gibbs,
}

WRONG = [
    ("can_greedy_move", lambda s, t: True, "still the most probable"),
    ("can_greedy_move", lambda s, t: False, "certain denoiser moves"),
    ("can_greedy_move", lambda s, t: s > 0.5, "certain"),
    ("can_greedy_move", lambda s, t: s - t > 1 - s, "certain denoiser moves"),
    ("can_greedy_move", lambda s, t: t * (t - s) > s * (1 - t), "alpha_s, the first argument"),
    ("can_greedy_move", lambda s, t: t * t > s, "alpha_s, the first argument"),
    ("can_greedy_move", lambda s, t: s - t > t * (1 - s), "gain counts"),
    ("can_greedy_move", lambda s, t: 1 - t / s > t / s * (1 - s), "gain counts"),
    ("can_greedy_move", lambda s, t: s > 2 * t, "certain"),
    ("can_greedy_move", lambda s, t: "yes", "True or False"),
    ("average_step", plug_in, "twice"),
    ("average_step", lambda full, b, s, t: full @ table(s, len(full)), "the step itself"),
    ("average_step", lambda full, b, s, t: full @ (table(t / s, len(full))[:, b] * table(s, len(full))), "on its own"),
    ("average_step", lambda full, b, s, t: 2 * average(full, b, s, t), "add up to"),
    ("average_step", lambda full, b, s, t: full, "Build q(b | a)"),
    ("average_step", lambda full, b, s, t: 1.0, "shape"),
    ("new_fraction", lambda x, train, f: is_new(x, train).double().mean(), "ungrammatical"),
    ("new_fraction", lambda x, train, f: f(x).isfinite().double().mean(), "not new"),
    ("new_fraction", lambda x, train, f: is_new(x, train)[f(x).isfinite()].double().mean(), "all samples"),
    ("new_fraction", lambda x, train, f: new(torch.unique(x, dim=0), train, f), "sampled twice"),
    ("new_fraction", with_new_words, "too few"),
    ("new_fraction", lambda x, train, f: 4 / 11, "0 of 3 samples"),
    (
        "new_fraction",
        lambda x, train, f: new(x, train, f) or float("nan"),
        "0 of 3 samples",
    ),
    ("new_fraction", lambda x, train, f: 1.0, "4 of 11"),
    ("average_step", convert_first, "convert to the cavity posterior first"),
    ("average_step", convert_in_one_line, "convert to the cavity posterior first"),
    ("average_step", convert_in_numpy, "convert to the cavity posterior first"),
    ("average_step", lambda full, b, s, t: average(torch.full_like(full, 1 / len(full)), b, s, t), "weights are full"),
    ("new_fraction", lambda x, train, f: new(x, train, lambda x: torch.zeros(len(x))), "ungrammatical"),
    ("new_fraction", lambda x, train, f: 4 / 11 if len(x) > 3 else 0, "use both arguments"),
    ("gibbs_step", lambda law, p, a, i: gibbs(law, p, a, 1 - i), "the other word"),
    ("gibbs_step", lambda law, p, a, i: gibbs(law, p, a, 0), "the other word"),
    ("gibbs_step", lambda *x: gibbs(*x, noisy=False), "cavity posterior itself"),
    ("gibbs_step", lambda *x: gibbs(*x, clean_rest=True), "clean other word"),
    ("gibbs_step", lambda *x: gibbs(*x, weigh=False), "conditional alone"),
    ("gibbs_step", lambda law, *x: law, "the law that you were given"),
    ("gibbs_step", at_equilibrium, "One word alone"),
    ("gibbs_step", lambda *x: 2 * gibbs(*x), "add up to 2"),
    ("gibbs_step", changes_q, "leave q(x_t) alone"),
    ("gibbs_step", lambda law, p, a, i: torch.full_like(law, 1 / law.numel()), "then times the law"),
    ("gibbs_step", lambda law, p, a, i: law.sum(dim=i), "shape"),
]


test_right_answers, test_mistakes = told(sampling, [*RIGHT.items(), *ALSO_RIGHT], WRONG)

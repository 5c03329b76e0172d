"""Answers to the variants of exercises, each written in another way than the right answers of the package."""

from __future__ import annotations

import math

import numpy as np
import torch


def resampled(changed, vocab):
    return changed * vocab / (vocab - 1)


def pressure(patterns, scale, own):
    overlaps = patterns @ patterns.T
    overlaps.fill_diagonal_(0)
    voted = -patterns * (overlaps @ patterns) * scale
    return voted if own else voted + (len(patterns) - 1) * scale


def weights(memories, x, beta):
    return (beta * (memories == x).sum(dim=1).double()).softmax(dim=0)


def up(h):
    return torch.sigmoid(2 * h), torch.sigmoid(-2 * h)


def table(alpha_s, alpha_t, law):
    stays = alpha_t / alpha_s
    return stays * torch.eye(len(law)).double() + (1 - stays) * law.double()


def luck(alpha, vocab):
    return (1 - alpha) / (1 - alpha + alpha * vocab)


def gaps(s, t):
    return np.abs([s - t, np.log((s + 0.001) / (t + 0.001)) / 5, np.cos(np.pi * s) - np.cos(np.pi * t)])


def head(mask):
    def look(q, k, v):
        i = torch.arange(len(q))
        scores = (q @ k.T / math.sqrt(q.shape[1])).masked_fill(~mask(i[:, None], i), -math.inf)
        return scores.softmax(dim=1) @ v

    return look


def sizes(factor):
    def total(steps, peak, warmup):
        step = np.arange(steps)
        return float(peak * (np.minimum(1, (step + 1) / warmup) * factor(step, steps)).sum())

    return total


def after_warm_up(steps, peak, warmup):
    falling = 0.5 * (1 + np.cos(np.pi * np.arange(steps - warmup) / (steps - warmup)))
    return peak * ((warmup + 1) / 2 + falling.sum())


def new_rows(samples, train, log_prob):
    known = (samples[:, None] == train).all(dim=2).any(dim=1)
    return ~known & log_prob(samples).isfinite()


def floor(x):
    counts = torch.unique(x, dim=0, return_counts=True)[1].double()
    return torch.special.entr(counts / counts.sum()).sum()


def down_to(bar, unbroken=False):
    def find(changed, returned):
        k = -1
        for i, share in enumerate(returned):
            if share >= bar:
                k = i
            elif unbroken:
                break
        if k < 0:
            return 0
        if k == len(changed) - 1:
            return changed[k]
        return float(np.interp(-bar, [-returned[k], -returned[k + 1]], [changed[k], changed[k + 1]]))

    return find


def three(p):
    p = torch.as_tensor(p)
    s, cube = float((p**2).sum()), float((p**3).sum())
    # all equal; two equal (three ways, and the guess is their word); all different
    two, different = 3 * (s - cube), 1 - 3 * s + 2 * cube
    # the first word is said and asked for, and the other two differ from it and from each other
    first = float((p**2 * ((1 - p) ** 2 - (s - p**2))).sum())
    held = float((p**4).sum()) + 3 * float((p**3 * (1 - p)).sum()) + first
    return cube + two * 2 / 3 + different / 3, held


def unlike(p):
    return 0.5, float((p**2).sum())


def stop(rule):
    def watch(train, held_out, patience):
        best, waited = 0, 0
        for k in range(1, len(held_out)):
            better = held_out[k] > held_out[best] or (rule == "ties" and held_out[k] == held_out[best])
            best = k if better else best
            again = held_out[k] > held_out[k - 1] if rule == "rise" else better
            waited = (waited if rule == "budget" else 0) if again else waited + 1
            if waited == patience:
                return best, k
        return best, len(held_out) - 1

    return watch


def pairs(credit):
    def mean(scores, labels):
        return credit(scores[labels][:, None] - scores[~labels]).double().mean()

    return mean


def crossing(last=False, straight=False, lost=False):
    def find(n, gap, level):
        target = (1 - level if lost else level) * gap[0]
        found = [k for k in range(1, len(n)) if gap[k - 1] > target >= gap[k]]
        k = found[-1 if last else 0]
        x = n if straight else np.log(n)
        at = np.interp(-target, [-gap[k - 1], -gap[k]], [x[k - 1], x[k]])
        return at if straight else np.exp(at)

    return find


def twin(enough):
    def rule(held_out, other, share):
        a, b = set(held_out.split()), set(other.split())
        return len(a & b) >= share * enough(a, b) - 1e-9

    return rule


def shared(sentence, texts, least):
    pieces = sorted({sentence[i:j] for i in range(len(sentence)) for j in range(i + 1, len(sentence) + 1)}, key=len)
    return max((len(p) for p in pieces if sum(p in text for text in texts) >= least), default=0)


def words(sentence, texts):
    parts, best = sentence.split(), 0
    for i in range(len(parts)):
        for j in range(i + 1, len(parts) + 1):
            run = f" {' '.join(parts[i:j])} "
            best = max(best, j - i) if any(run in f" {text} " for text in texts) else best
    return best


def windows(steps, above, patience):
    far = np.array(above) > 3
    for k in range(patience, len(far)):
        if far[k - patience : k + 1].sum() >= patience:
            return float(steps[k])
    return math.inf


def from_three(steps, above, patience):
    run = 0
    for step, far in zip(steps, above, strict=True):
        run = run + 1 if far >= 3 else 0
        if run == patience:
            return step
    return math.inf


def total(steps, above, patience):
    at = np.flatnonzero(above > 3)
    return steps[at[patience - 1]] if len(at) >= patience else math.inf


def judged(second, strict=False):
    def both(returned, known, bar):
        said = returned > bar if strict else returned >= bar
        precision = (said & known).sum() / max(said.sum(), 1)
        recall = (said & known).sum() / known.sum()
        return precision, second(said, known, precision, recall)

    return both


def drawn_twice(k, length, vocab):
    return max(1e-3, 1 - k / length / (1 - 1 / vocab**2))


ANSWERS = {
    "setup-1": {
        "sentences": lambda a, b: 1 - (a == b).all(dim=1).double().mean(),
        "worst": lambda a, b: (a != b).sum(dim=1).max() / a.shape[1],
        "whole-places": lambda a, b: 1 - (a != b).any(dim=0).double().mean(),
    },
    "hopfield-2": {
        "self-coupled": lambda x: pressure(x, 1 / x.shape[1], True),
        "by-load": lambda x: pressure(x, 1 / len(x), False),
        "spread": lambda x: (pressure(x, 1 / x.shape[1], False) ** 2).mean(dim=1),
    },
    "dense_memories-2": {
        "renyi-2": lambda m, x, beta: 1 / weights(m, x, beta).square().sum(),
        "renyi-3": lambda m, x, beta: torch.exp(-(weights(m, x, beta) ** 3).sum().log() / 2),
        "min-entropy": lambda m, x, beta: torch.exp(-weights(m, x, beta).max().log()),
    },
    "spins-2": {
        "renyi-2": lambda h: -(up(h)[0] ** 2 + up(h)[1] ** 2).log(),
        "min-entropy": lambda h: -torch.sigmoid(2 * h.abs()).log(),
        "gini": lambda h: 1 - up(h)[0] ** 2 - up(h)[1] ** 2,
    },
    "corruption-1": {
        "cosine": lambda c, vocab: 2 / math.pi * math.acos(1 - resampled(c, vocab)),
        "square": lambda c, vocab: 1 - (1 - resampled(c, vocab)) ** 0.5,
        "late": lambda c, vocab: np.cbrt(resampled(c, vocab)),
        "exponential": lambda c, vocab: -0.2 * math.log1p(-resampled(c, vocab)),
    },
    "corruption-2": {
        "mask": lambda s, t, vocab: table(s, t, torch.arange(vocab) == vocab - 1),
        "rising": lambda s, t, vocab: table(s, t, torch.arange(1, vocab + 1) / torch.arange(1.0, vocab + 1).sum()),
        "favorite": lambda s, t, vocab: table(s, t, torch.where(torch.arange(vocab) == 0, 0.5, 0.5 / (vocab - 1))),
    },
    "corruption-3": {
        "two-words": lambda alpha, vocab: luck(alpha, vocab) ** 2,
        "one-of-two": lambda alpha, vocab: 1 - (1 - luck(alpha, vocab)) ** 2,
        "twice": lambda alpha, vocab: (1 - alpha**2) / (1 - alpha**2 + alpha**2 * vocab),
    },
    "network-1": {
        "manhattan": lambda s, t: gaps(s, t).sum(),
        "largest": lambda s, t: gaps(s, t).max(),
        "cubes": lambda s, t: np.linalg.norm(gaps(s, t), ord=3),
    },
    "network-2": {
        "earlier": head(lambda i, j: j <= i),
        "later": head(lambda i, j: j >= i),
        "neighbors": head(lambda i, j: (i - j).abs() == 1),
    },
    "network-3": {
        "straight": sizes(lambda step, steps: 1 - step / steps),
        "after-warm-up": after_warm_up,
        "square-root": sizes(lambda step, steps: 1 / np.sqrt(step + 1)),
    },
    "sampling-3": {
        "different": lambda x, train, p: (
            len(torch.unique(x[new_rows(x, train, p)], dim=0)) / len(x) if new_rows(x, train, p).any() else 0
        ),
        "of-grammatical": lambda x, train, p: new_rows(x, train, p).sum() / max(1, int(p(x).isfinite().sum())),
        "far": lambda x, train, p: (
            (((x[:, None] != train).sum(dim=2) >= 2).all(dim=1) & p(x).isfinite()).double().mean()
        ),
    },
    "perfect_denoisers-1": {
        "without-copies": lambda x: math.log(len(torch.unique(x, dim=0))) / x.shape[1],
        "first-places": lambda x: torch.special.entr(torch.bincount(x[:, 0]) / len(x)).sum(),
        "bits": lambda x: floor(x) / math.log(2),
    },
    "basins-1": {
        "redrawn": lambda k, length, vocab: max(1e-3, 1 - k / length),
        "never-itself": drawn_twice,
        "unchanged": lambda k, length, vocab: max(1e-3, (k * vocab - length) / (length * (vocab - 1))),
    },
    "basins-2": {
        "one-third": down_to(1 / 3),
        "two-thirds": down_to(2 / 3),
        "nine-tenths": down_to(0.9),
        "unbroken": down_to(0.5, unbroken=True),
    },
    "transition-1": {
        "three": three,
        "one": lambda p: ((1 + (1 + (p**2).sum()) / 2) / 2, (p**2).sum()),
        "unlike": unlike,
    },
    "training_time-1": {
        "never": lambda n, steps, batch: (1 - 1 / n) ** (steps * batch),
        "once": lambda n, steps, batch: steps * batch / (n - 1) * (1 - 1 / n) ** (steps * batch),
        "between": lambda n, steps, batch: 1 / (batch / n),
    },
    "training_time-3": {"ties-count": stop("ties"), "budget": stop("budget"), "rise": stop("rise")},
    "entropy_probe-2": {
        "ties-lose": pairs(lambda gap: gap > 0),
        "ties-win": pairs(lambda gap: gap >= 0),
        "margin": pairs(lambda gap: torch.where(gap == 0, 0.5, (gap > 1).double())),
        "gini": pairs(torch.sign),
    },
    "robustness-2": {
        "last-time": crossing(last=True),
        "straight-in-n": crossing(straight=True),
        "lost": crossing(lost=True),
        "doublings": lambda n, gap, level: np.log2(crossing()(n, gap, level) / n[0]),
    },
    "real_text-1": {
        "of-held-out": twin(lambda a, b: len(a)),
        "of-shorter": twin(lambda a, b: min(len(a), len(b))),
        "jaccard": twin(lambda a, b: len(a | b)),
    },
    "real_text-2": {
        "in-two": lambda sentence, texts: shared(sentence, texts, 2),
        "in-all": lambda sentence, texts: shared(sentence, texts, len(texts)),
        "words": words,
    },
    "english-2": {
        "perplexity": lambda nats, n, k: 2 ** (nats / math.log(2) * n / k),
        "digits": lambda nats, n, k: nats * n / k / math.log(10),
        "bytes": lambda nats, n, k: nats * n / math.log(256),
    },
    "fine_tuning-2": {"from-3": from_three, "total": total, "most-of": windows},
    "fine_tuning-4": {
        "above-the-bar": judged(lambda said, known, p, r: r, strict=True),
        "specificity": judged(lambda said, known, p, r: (~said & ~known).sum() / (~known).sum()),
        "f-score": judged(lambda said, known, p, r: 2 * p * r / max(p + r, 1e-12)),
    },
}

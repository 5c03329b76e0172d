"""The book on one page: corrupt, predict, descend, walk back, recover."""

import torch
from torch.nn.functional import layer_norm, one_hot

from uddm_mini import ToyLanguage

V, L, W, H, D = 102, 14, 64, 4, 16  # words, places, width, heads, their width
SIZES = (V, W), (L, W), (W,), (3, H, W, D), (H, D, W), (W, W), (W, W), (W, V)


def alpha(t):
    """Return the probability that a word is still kept at noise level t."""
    return 1 - 0.999 * t  # never 0, so that every ratio below is finite


def corrupt(x0, t, rng):
    """Draw x_t ~ q(x_t | x_0): keep each word, or redraw it from all V."""
    keep = torch.rand(x0.shape, generator=rng) < alpha(t)[:, None]  # [B, L]
    return torch.where(keep, x0, torch.randint(V, x0.shape, generator=rng))


def denoise(xt, t, word, place, level, qkv, out, inner, outer, head):
    """Return log p(clean word | the others), as the loss asks for."""
    h = word[xt] + place + t.log()[:, None, None] / 10 * level  # [B, L, W]
    q, k, v = torch.einsum("blw,ihwd->ibhld", layer_norm(h, [W]), qkv)
    look = (q @ k.mT / D**0.5).softmax(3)  # [B, H, L, L], from place to place
    h = h + torch.einsum("bhld,hdw->blw", look @ v, out)  # [B, L, W]
    h = h + (layer_norm(h, [W]) @ inner).relu() @ outer  # [B, L, W]
    return (8 * layer_norm(h, [W]) @ head).log_softmax(2)  # [B, L, V]


def nelbo(log_p0, x0, xt, t):
    """Return the price of rates r where r0 is true, nats per unit of t."""
    a = alpha(t)[:, None, None]  # [B, 1, 1]
    u, u0 = (a * V * p + 1 - a for p in (log_p0.exp(), one_hot(x0, V)))
    r, r0 = (w / w.gather(2, xt[..., None]) for w in (u, u0))  # [B, L, V]
    return (0.999 / (a * V) * (r - r0 - r0 * (r / r0).log())).sum(2)  # [B, L]


def train(x, steps, rng, B=64):
    """Return a denoiser of x: corrupt at levels t, predict, descend."""
    weights = [0.1 * torch.randn(size, generator=rng) for size in SIZES]
    weights[-1] /= 8  # the head's, used times 8: logits must grow fast
    optimizer = torch.optim.AdamW([w.requires_grad_() for w in weights])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, steps)
    for _ in range(steps):
        x0 = x[torch.randint(len(x), (B,), generator=rng)]  # [B, L]
        t = ((torch.rand(1, generator=rng) + torch.arange(B)) / B).clamp(1e-3)
        xt = corrupt(x0, t, rng)  # [B, L]
        optimizer.zero_grad()
        nelbo(denoise(xt, t, *weights), x0, xt, t).mean().backward()
        torch.nn.utils.clip_grad_norm_(weights, 1)  # some prices are huge
        optimizer.step()
        schedule.step()  # the rate warms up, then decays as a cosine
    return lambda xt, t: denoise(xt, t, *weights).detach()


def sample(model, n, steps, rng):
    """Walk back from noise to text, x_s ~ q(x_s | x_t, x_0 := p0)."""
    x = torch.randint(V, (n, L), generator=rng)  # [n, L]
    for k in range(steps, 0, -1):
        t, s = k / steps, (k - 1) / steps
        p0 = model(x, torch.full((n,), t)).exp()  # [n, L, V]
        q = alpha(s) * p0 + (1 - alpha(s)) / V  # [n, L, V], of x_s given p0
        q *= alpha(t) * one_hot(x, V) + (alpha(s) - alpha(t)) / V  # and x_t
        x = q.view(-1, V).multinomial(1, generator=rng).view(n, L)
    return x


def recovered(model, x0, rng, t=0.25):
    """Return the share of changed words that the best guess puts right."""
    t = torch.full((len(x0),), t)  # [B]
    xt = corrupt(x0, t, rng)  # [B, L]
    beta = (1 + alpha(t) * V / (1 - alpha(t))).log()[:, None, None]
    log_p0 = model(xt, t) + beta * one_hot(xt, V)  # [B, L, V], full posterior
    return (log_p0.argmax(2) == x0)[xt != x0].double().mean().item()


def main(sizes=(16, 64, 256, 1024, 4096), steps=300, seed=0):
    """Train on more and more sentences, and print what comes back."""
    torch.set_num_threads(1)  # such small tensors only wait for a second one
    language, rng = ToyLanguage(), torch.Generator().manual_seed(seed)
    x = language.sample(6000, seed=seed).unique(dim=0)  # [N, L], no two alike
    held_out, x = x[torch.randperm(len(x), generator=rng)].tensor_split([512])
    print("sentences  training  held-out   entropy    copied")
    for n in sizes:
        model = train(x[:n], steps, rng.manual_seed(seed))
        known, wrote = x[torch.arange(512) % n], sample(model, 64, 64, rng)
        p0 = model(known, torch.full((512,), 0.001)).exp()  # [512, L, V]
        copied = (wrote[:, None] == x[:n]).all(2).any(1)  # [64]
        row = [recovered(model, y, rng) for y in (known, held_out)]
        row += [torch.special.entr(p0).sum(2).mean(), copied.double().mean()]
        print(f"{n:9}", *(f"{value:9.2f}" for value in row))
        said = "  new:" if language.log_prob(wrote)[0].exp() else "  broken:"
        print("  copied:" if copied[0] else said, language.decode(wrote)[0])


if __name__ == "__main__":
    main()

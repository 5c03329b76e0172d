"""Checkpoints that others have released: uniform diffusion of Duo's and UDLM's code, and the paper's own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from uddm_mini.denoiser import Denoiser, checked_device
from uddm_mini.noise import LogLinear, UniformNoise
from uddm_mini.noise.base import batch_times, checked_form, exact_dtype

from .released_config import ReleasedSettings, Training, training_of
from .released_dit import WAVES, DiT, Sizes
from .released_files import Contents, local_file, look_up, read_contents
from .released_index import Inert
from .released_words import FIRST, PAD, UNKNOWN, WordPieces, in_order, read_vocabulary, words_of_json

MOST_NUMBERS = 2**27  # in one answer [B, L, V]: half a gigabyte, and a probe needs a few of them
EMBEDDING = "vocab_embed.embedding"
WAVE = "rotary_emb.inv_freq"  # not learned; says how wide a head is
BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")


class ReleasedDenoiser(nn.Module, Denoiser):
    """A released network as a denoiser: log p0 float32[B, L, V] for xt int64[B, L] at t float[B].

    The network is told sigma = -log alpha(t), and was trained at t from 1e-3 on. Trained by the NELBO of uniform noise,
    its answer is the cavity prediction, p(x_0^l | x_t without token l) (Gourevitch et al. 2026, arXiv 2605.22765).

    network: the transformer.
    training: how it was trained: schedule, form, length.
    words: the word of each id, () if they are not known.
    about: for reports, where it comes from, how it was trained and which weights these are.
    """

    def __init__(self, network: DiT, training: Training, words: tuple[str, ...], about: dict[str, Any]) -> None:
        super().__init__()
        self.backbone, self.facts, self.words, self.about = network, training, words, about
        self.noise = UniformNoise(network.sizes.vocab_size, LogLinear(training.epsilon))
        self.predicts, self.length = checked_form(training.predicts), training.length
        self.batch_size = max(1, MOST_NUMBERS // ((training.length or 128) * network.sizes.vocab_size))

    def forward(self, xt: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at noise levels t float[B] or a number."""
        if self.length is not None and xt.shape[-1] > self.length:
            raise ValueError(f"xt has {xt.shape[-1]} tokens in a row, and this model was trained on {self.length}.")
        if xt.numel() and not 0 <= int(xt.min()) <= int(xt.max()) < self.noise.vocab_size:
            raise ValueError(f"xt holds a token outside 0 ... {self.noise.vocab_size - 1}, the words of this model.")
        sigma = -self.noise.alpha(batch_times(t, xt, exact_dtype(xt))).log()  # [B]
        if not self.facts.time_conditioning:
            sigma = torch.zeros_like(sigma)
        return self.backbone(xt, sigma.float()).log_softmax(dim=2)

    @property
    def ignore(self) -> tuple[int, ...]:
        """Return the ids that stand for no text: padding, the unknown word, and the first token of every row."""
        return tuple(i for i, word in enumerate(self.words) if word in (PAD, UNKNOWN, FIRST))

    def encode(self, texts: Iterable[str], *, packed: bool | None = None) -> torch.Tensor:
        """Return token ids int64[N, L] of texts; `packed` (see `WordPieces`) as in its training if it is not given."""
        if not self.words or self.length is None:
            raise ValueError("The vocabulary or the length is not known; give vocabulary= and settings= to load it.")
        packed = self.facts.packed if packed is None else packed
        return WordPieces(self.words).encode(texts, self.length, packed=packed)

    def decode(self, x: torch.Tensor) -> list[str]:
        """Return the text of each row of token ids int64[N, L]."""
        if not self.words:
            raise ValueError("The vocabulary is not known; give vocabulary= when you load the checkpoint.")
        return WordPieces(self.words).decode(x)


def load_released(
    source: str | Path,
    *,
    device: str = "cpu",
    ema: bool = True,
    vocabulary: str | Path | None = None,
    settings: ReleasedSettings | None = None,
) -> ReleasedDenoiser:
    """Open a released checkpoint of uniform diffusion as a denoiser, ready to predict.

    source: a Lightning .ckpt or a .safetensors file (with its config.json beside it), or "owner/repo:path/in/repo" on
        the hub, which needs the optional package `huggingface_hub` and a network.
    device: where the weights go; they are float32.
    ema: the moving average of the weights, where the file keeps one (Duo and UDLM evaluate that; the paper's
        probes use the weights themselves).
    vocabulary: a vocab.txt or tokenizer.json with the words; by default those in the file, if it has a tokenizer.
    settings: what the file does not say, see `ReleasedSettings`.

    Known are networks of s-sahoo/duo, kuleshov-group/discrete-diffusion-guidance and the paper. (One that was distilled
    looks like its teacher on the hub, and answers another question.) Nothing in a file is executed: objects of other
    libraries are read as data. Raises FileNotFoundError, ImportError without the optional package, or ValueError for a
    file that is cut off, foreign or of another kind of model.
    """
    place, path = checked_device(device), local_file(source)
    contents = read_contents(path)
    try:
        training = training_of(contents.about, settings)
        network, keys = _network(contents, training, ema)
    except ValueError as error:
        raise ValueError(f"{path} {error}.") from None
    weights = {name: contents.read(key) for name, key in keys.items()}
    if not all(bool(p.isfinite().all()) for p in weights.values()):
        raise ValueError(f"{path} holds weights that are no numbers (NaN or infinite).")
    network.load_state_dict(weights, assign=True)
    if vocabulary is None:
        words = _own_words(contents.about, network.sizes.vocab_size)
    else:
        words = read_vocabulary(vocabulary, network.sizes.vocab_size)
    averaged = any(isinstance(key, int) for key in keys.values())
    about = {**training.about, "source": str(source), "weights": "moving average" if averaged else "weights"}
    return ReleasedDenoiser(network, training, words, about).to(place).eval()


def _network(contents: Contents, training: Training, ema: bool) -> tuple[DiT, dict[str, str | int]]:
    """Build the network that a file's weights fit, and say where each lies in the file; ValueError if none does."""
    prefix = "backbone." if any(name.startswith("backbone.") for name in contents.shapes) else ""
    shapes = {name.removeprefix(prefix): s for name, s in contents.shapes.items() if name.startswith(prefix)}
    sizes = _sizes(shapes, training)
    with torch.device("meta"):  # nothing is allocated before the shapes are known to fit
        network = DiT(sizes)
    wanted = {name: tuple(p.shape) for name, p in network.named_parameters()}
    spare = sorted(shapes.keys() - wanted.keys() - {WAVE})
    wrong = [f"{n} {list(shapes.get(n, ()))} and not {list(s)}" for n, s in wanted.items() if shapes.get(n) != s]
    if spare or wrong:
        raise ValueError(f"holds another network than the DiT of Duo and UDLM: {[*wrong, *spare][0][:100]!r}")
    use = ema and contents.averages is not None
    if use and contents.averages != tuple(wanted.values()):
        raise ValueError("has moving averages of other weights than its own; ema=False reads the weights themselves")
    if sum(p.numel() for p in network.parameters()) > contents.bytes:  # at least one byte each
        raise ValueError(f"claims more weights than {contents.bytes:,} bytes can hold")
    if WAVE in shapes and shapes[WAVE] != (sizes.width // sizes.heads // 2,):
        turning = 2 * math.prod(shapes[WAVE])
        raise ValueError(f"has rotary positions for heads of {turning} numbers, and not {sizes.heads} of them")
    return network, {name: i if use else prefix + name for i, name in enumerate(wanted)}


def _sizes(shapes: dict[str, tuple[int, ...]], training: Training) -> Sizes:
    """Read the sizes off the shapes; ValueError for networks of another kind, or without a number of heads."""
    if EMBEDDING not in shapes:
        raise ValueError("has no weights of a DiT (vocab_embed.embedding)")
    if "cond_map.embedding_table.weight" in shapes:
        raise ValueError("was trained with labels (classifier-free guidance), which a denoiser here does not know")
    if "sigma_map.mlp.0.weight" not in shapes:
        raise ValueError("is not told a noise level: it writes from left to right, and is no diffusion")
    try:
        (vocab_size, width), (level, waves) = shapes[EMBEDDING], shapes["sigma_map.mlp.0.weight"]
        hidden, _ = shapes["blocks.0.mlp.0.weight"]
    except (KeyError, ValueError):
        raise ValueError("holds another network than the DiT of Duo and UDLM") from None
    blocks = {int(found[1]) for name in shapes if (found := BLOCK.fullmatch(name)) and len(found[1]) < 6}
    if waves != WAVES or blocks != set(range(len(blocks))) or vocab_size < 2 or min(width, level, hidden) < 1:
        raise ValueError("holds another network than the DiT of Duo and UDLM")
    heads = training.heads
    if heads is None and WAVE in shapes:
        heads = width // max(1, 2 * math.prod(shapes[WAVE]))
    if heads is None:
        raise ValueError("does not say how many attention heads it has; give settings=ReleasedSettings(heads=...)")
    if heads < 1 or width % (2 * heads):
        raise ValueError(f"has a width of {width}, which {heads} attention heads of an even width do not share")
    return Sizes(vocab_size, width, heads, len(blocks), level, hidden)


def _own_words(about: Any, vocab_size: int) -> tuple[str, ...]:
    """Return the words of the tokenizer that a Lightning checkpoint carries, () if it has none that can be read."""
    found = look_up(about, "hyper_parameters", "tokenizer", "vocab")
    inner = look_up(about, "hyper_parameters", "tokenizer", "_tokenizer")
    try:
        if isinstance(inner, Inert) and isinstance(inner.state, bytes):
            found = words_of_json(json.loads(inner.state))
        return in_order(found, vocab_size, "the tokenizer") if isinstance(found, dict) else ()
    except (ValueError, RecursionError):
        return ()

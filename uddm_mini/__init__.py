"""Small uniform discrete diffusion models of language, between two exact bounds.

Conventions, kept everywhere: `x0` is clean text and `xt` text at noise level `t` (0 clean, 1 noise), int64[B, L];
`alpha` is the signal that is left; `log_p0` holds log-probabilities float[B, L, V]; entropies and losses are in nats;
randomness comes from an explicit `torch.Generator` or a `seed`. A *denoiser* is any callable (xt, t) -> log_p0.
"""

from .denoisers.dense import DenseAssociativeMemory
from .denoisers.dynamics import as_denoiser, loop_work
from .denoisers.exact import MemorizingDenoiser, PopulationDenoiser
from .denoisers.hopfield import HopfieldNetwork
from .denoisers.markov import TrigramDenoiser
from .denoisers.patterns import feature_patterns, flip, random_patterns, recall_curve
from .denoisers.pseudo_likelihood import PseudoLikelihoodNetwork
from .denoisers.transformer import TransformerDenoiser
from .probes.basins import BasinProfile, FixedPoints, basin_profile, fixed_point_rate
from .probes.detector import Interval, auc, roc, threshold_at
from .probes.entropy import conditional_entropy, entropy_gap, sampled_entropy, vanishing_fraction
from .probes.entropy_path import entropy_path, path_summary
from .probes.measure import ProbeSettings, mean_nelbo, measure
from .probes.recovery import Recovery, counted_tokens, token_recovery
from .process.maps import iterate_argmax
from .process.noise import UniformNoise, convert
from .process.objective import cross_entropy_per_token, nelbo_per_token
from .process.sampling import predict, sample
from .training.bounds import sweep_bounds
from .training.checkpoint import load, save
from .training.crossing import Crossing, Peak, crossing, perplexity_peak
from .training.several import train_each
from .training.sweep import run_sweep
from .training.train import TrainSettings, train
from .worlds.corpus import Corpus, docstring_corpus, text_corpus
from .worlds.language import ToyLanguage
from .worlds.text import hub_texts

__all__ = [
    "BasinProfile",
    "Corpus",
    "Crossing",
    "DenseAssociativeMemory",
    "FixedPoints",
    "HopfieldNetwork",
    "Interval",
    "MemorizingDenoiser",
    "Peak",
    "PopulationDenoiser",
    "ProbeSettings",
    "PseudoLikelihoodNetwork",
    "Recovery",
    "ToyLanguage",
    "TrainSettings",
    "TransformerDenoiser",
    "TrigramDenoiser",
    "UniformNoise",
    "as_denoiser",
    "auc",
    "basin_profile",
    "conditional_entropy",
    "convert",
    "counted_tokens",
    "cross_entropy_per_token",
    "crossing",
    "docstring_corpus",
    "entropy_gap",
    "entropy_path",
    "feature_patterns",
    "fixed_point_rate",
    "flip",
    "hub_texts",
    "iterate_argmax",
    "load",
    "loop_work",
    "mean_nelbo",
    "measure",
    "nelbo_per_token",
    "path_summary",
    "perplexity_peak",
    "predict",
    "random_patterns",
    "recall_curve",
    "roc",
    "run_sweep",
    "sample",
    "sampled_entropy",
    "save",
    "sweep_bounds",
    "text_corpus",
    "threshold_at",
    "token_recovery",
    "train",
    "train_each",
    "vanishing_fraction",
]

__version__ = "0.1.0"

"""Small discrete diffusion models of language, between two exact bounds.

Conventions, kept everywhere: `x0` is clean text and `xt` text at noise level `t` (0 clean, 1 noise), int64[B, L];
`alpha` is the signal that is left; `log_p0` holds log-probabilities float[B, L, V]; entropies and losses are in nats;
randomness comes from an explicit `torch.Generator` or a `seed`; text is "train" or "held-out". A *denoiser* answers
(xt, t) with log_p0, and carries its noise, the form of its answer and its batch size: see `Denoiser`.
"""

from .denoiser import Denoiser, Wrapped
from .experiments.bounds import sweep_bounds
from .experiments.crossing import crossing, perplexity_peak
from .experiments.sweep import SweepSettings, run_sweep
from .models.memorizer import MemorizingDenoiser
from .models.ngram import NgramDenoiser
from .models.population import PopulationDenoiser
from .models.transformer import ModelSettings, TransformerDenoiser
from .networks.base import as_denoiser, loop_work
from .networks.dense import DenseAssociativeMemory
from .networks.hopfield import HopfieldNetwork
from .networks.patterns import feature_patterns, flip, random_patterns, recall_curve
from .networks.pseudo_likelihood import PseudoLikelihoodNetwork
from .noise import *  # noqa: F403 - a noise that is listed there is public
from .probes.basins import BasinSettings, basin_profile, fixed_point_rate
from .probes.entropy import conditional_entropy, sampled_entropy, vanishing_fraction
from .probes.entropy_path import PathSettings, entropy_path, path_summary
from .probes.nelbo import mean_nelbo
from .probes.recovery import counted_tokens, token_recovery
from .probes.roc import auc, roc, threshold_at
from .probes.suite import ProbeSettings
from .training.checkpoint import load, save
from .training.several import train_each
from .training.train import TrainSettings, cross_entropy, train
from .walks import Walk, reverse_walk, sample, settle
from .worlds import *  # noqa: F403 - so is a language
from .worlds.corpus import Corpus, docstring_corpus, text_corpus
from .worlds.held_out import TextSettings
from .worlds.sentences import hub_texts

# what is imported above is public, and nothing else
__all__ = [name for name, thing in vars().items() if getattr(thing, "__module__", "").startswith("uddm_mini.")]

__version__ = "0.1.0"

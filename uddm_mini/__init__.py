"""Small discrete diffusion models of language, between two exact bounds.

Conventions, kept everywhere: `x0` is clean text and `xt` text at noise level `t` (0 clean, 1 noise), int64[B, L];
`alpha` is the signal that is left; `log_p0` holds log-probabilities float[B, L, V]; entropies and losses are in nats;
randomness comes from an explicit `torch.Generator` or a `seed`; text is "train" or "held-out". A *denoiser* answers
(xt, t) with log_p0, and carries its noise, the form of its answer and its batch size: see `Denoiser`.
"""

from .audit.audit import audit
from .audit.baseline import blind_baseline
from .audit.compare import compare_scores
from .audit.exposure import exposure
from .audit.extraction import ExtractionSettings, extraction
from .audit.membership import MembershipSettings, membership_scores
from .audit.monitor import MemorizationMonitor
from .audit.report import Audit
from .audit.retrieval import recall_or_generate
from .audit.settings import AuditSettings
from .audit.sizes import recommend_size
from .audit.twins import near_twins
from .denoiser import Denoiser, Wrapped
from .experiments.bounds import sweep_bounds
from .experiments.crossing import crossing, perplexity_peak
from .experiments.sweep import SweepSettings, run_sweep
from .models.local_memorizer import LocalMemorizingDenoiser
from .models.memorizer import MemorizingDenoiser
from .models.ngram import NgramDenoiser
from .models.population import PopulationDenoiser
from .models.released import load_released
from .models.released_config import ReleasedSettings
from .models.settings import ModelSettings
from .models.transformer import TransformerDenoiser
from .networks.base import as_denoiser, loop_work
from .networks.dense import DenseAssociativeMemory
from .networks.hopfield import HopfieldNetwork
from .networks.patterns import feature_patterns, flip, random_patterns, recall_curve
from .networks.pseudo_likelihood import PseudoLikelihoodNetwork
from .noise import *  # noqa: F403 - a noise that is listed there is public
from .noise import __all__ as _noises
from .probes.basins import BasinSettings, basin_profile, fixed_point_rate
from .probes.entropy import conditional_entropy, sampled_entropy, vanishing_fraction
from .probes.entropy_path import PathSettings, entropy_path, path_summary
from .probes.form import check_form
from .probes.nelbo import mean_nelbo
from .probes.recovery import counted_tokens, token_recovery
from .probes.roc import auc, roc, threshold_at
from .probes.side import side_of_transition
from .probes.subject import ProbeSettings
from .sampling import gibbs, sample
from .training.checkpoint import load, save
from .training.objective import cross_entropy
from .training.settings import TrainSettings
from .training.stacked import train_each
from .training.train import train
from .walks import Walk, reverse_walk, settle
from .worlds import *  # noqa: F403 - so is a language
from .worlds import __all__ as _worlds
from .worlds.corpus import Corpus, docstring_corpus, text_corpus
from .worlds.english import bible_clauses, wordnet_sentences
from .worlds.sentences import hub_texts
from .worlds.settings import TextSettings

__all__ = [
    *_noises,
    *_worlds,
    "Audit",
    "AuditSettings",
    "BasinSettings",
    "Corpus",
    "Denoiser",
    "DenseAssociativeMemory",
    "ExtractionSettings",
    "HopfieldNetwork",
    "LocalMemorizingDenoiser",
    "MembershipSettings",
    "MemorizationMonitor",
    "MemorizingDenoiser",
    "ModelSettings",
    "NgramDenoiser",
    "PathSettings",
    "PopulationDenoiser",
    "ProbeSettings",
    "PseudoLikelihoodNetwork",
    "ReleasedSettings",
    "SweepSettings",
    "TextSettings",
    "TrainSettings",
    "TransformerDenoiser",
    "Walk",
    "Wrapped",
    "as_denoiser",
    "auc",
    "audit",
    "basin_profile",
    "bible_clauses",
    "blind_baseline",
    "check_form",
    "compare_scores",
    "conditional_entropy",
    "counted_tokens",
    "cross_entropy",
    "crossing",
    "docstring_corpus",
    "entropy_path",
    "exposure",
    "extraction",
    "feature_patterns",
    "fixed_point_rate",
    "flip",
    "gibbs",
    "hub_texts",
    "load",
    "load_released",
    "loop_work",
    "mean_nelbo",
    "membership_scores",
    "near_twins",
    "path_summary",
    "perplexity_peak",
    "random_patterns",
    "recall_curve",
    "recall_or_generate",
    "recommend_size",
    "reverse_walk",
    "roc",
    "run_sweep",
    "sample",
    "sampled_entropy",
    "save",
    "settle",
    "side_of_transition",
    "sweep_bounds",
    "text_corpus",
    "threshold_at",
    "token_recovery",
    "train",
    "train_each",
    "vanishing_fraction",
    "wordnet_sentences",
]

__version__ = "0.1.0"

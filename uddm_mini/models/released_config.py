"""What a released checkpoint says of its training, in the words of the three code bases, and what it must not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uddm_mini.noise.base import Form
from uddm_mini.settings import option

from .released_files import look_up

EPSILON = 1e-3  # in MDLM, UDLM, Duo and SEDD: the signal that is left at t = 1
UNIFORM = ("duo", "duo_base")  # algorithms of Duo's code base with the NELBO of uniform noise
MOST_TEXT = 80  # letters of a setting
HUB_TYPES = ("duo", "udlm")  # model_type in a config.json


@dataclass(frozen=True)
class ReleasedSettings:
    """What a checkpoint does not say of itself; a value that is given here counts, whatever the file says.

    With settings the caller says that the checkpoint undoes uniform noise, as a file without a configuration cannot.
    """

    heads: int | None = option(None, "attention heads")
    length: int | None = option(None, "tokens of the sentences that it was trained on")
    epsilon: float | None = option(None, "the signal that is left at t = 1; 1e-3 unless the file says otherwise")
    time_conditioning: bool | None = option(None, "whether the network is told the noise level")
    predicts: Form | None = option(None, "what it was trained to answer: cavity (by the NELBO), or posterior")


@dataclass(frozen=True)
class Training:
    """How a checkpoint was trained, as far as it matters here; None where nobody said.

    about: for reports, the algorithm, its data and the steps, in the code base's words.
    """

    heads: int | None
    length: int | None
    epsilon: float
    time_conditioning: bool
    predicts: Form
    packed: bool
    about: dict[str, Any]


def training_of(tree: Any, given: ReleasedSettings | None) -> Training:
    """Read how a checkpoint was trained; ValueError (the end of a sentence) for one that does not undo uniform noise.

    tree: what the file holds: Lightning's dictionary, or the config.json of the hub.
    """
    config = look_up(tree, "hyper_parameters", "config") or look_up(tree, "hyper_parameters")
    if plain(config, "algo", "name") is not None:
        found = _of_duo(config)
    elif plain(config, "diffusion") is not None:
        found = _of_udlm(config)
    elif plain(tree, "model_type") is not None:
        found = _of_hub(tree)
    elif given is None:
        raise ValueError(
            "does not say how it was trained; if it undoes uniform noise, say so with settings=ReleasedSettings(...)"
        )
    else:
        found = {}
    found["about"] = {**found.get("about", {}), "steps": _whole(plain(tree, "global_step"))}
    return _checked(found, given or ReleasedSettings())


def _of_duo(config: Any) -> dict[str, Any]:
    """Read the configuration of s-sahoo/duo, and of the paper, which builds on it."""
    name, schedule = plain(config, "algo", "name"), plain(config, "noise", "type")
    if name not in UNIFORM:
        raise ValueError(
            f"was trained as {name!r}, and only the NELBO of uniform noise ({' and '.join(UNIFORM)}) is known here; "
            "what you can call yourself goes into Wrapped"
        )
    if schedule != "log-linear":
        raise ValueError(f"has the noise schedule {schedule!r}, and only 'log-linear' is known here")
    if plain(config, "algo", "ignore_bos"):
        raise ValueError("was trained with a first token that is never noisy (ignore_bos), unlike uniform noise")
    return {
        **_sizes(config),
        "epsilon": plain(config, "noise", "eps"),
        "time_conditioning": plain(config, "algo", "time_conditioning"),
        "about": {"algorithm": name, **_data(config)},
    }


def _of_udlm(config: Any) -> dict[str, Any]:
    """Read the configuration of kuleshov-group/discrete-diffusion-guidance."""
    names = ("diffusion", "parameterization", "noise type")
    kinds = (plain(config, "diffusion"), plain(config, "parameterization"), plain(config, "noise", "type"))
    known = ("uniform", "d3pm", "loglinear")
    for name, kind, wanted in zip(names, kinds, known, strict=True):
        if kind != wanted:
            raise ValueError(f"has the {name} {kind!r}, and only {wanted!r} is known here")
    if plain(config, "subs_masking"):
        raise ValueError("never predicts its mask (subs_masking), which uniform noise does not know")
    by_itself = plain(config, "training", "use_simple_ce_loss")  # cross-entropy teaches the full posterior
    return {
        **_sizes(config),
        "time_conditioning": plain(config, "time_conditioning"),
        "predicts": "posterior" if by_itself else "cavity",
        "about": {"algorithm": "udlm", **_data(config)},
    }


def _of_hub(config: Any) -> dict[str, Any]:
    """Read a config.json of the hub."""
    kind = plain(config, "model_type")
    if str(kind).lower() not in HUB_TYPES:
        raise ValueError(f"is a {kind!r} model, and only {' and '.join(HUB_TYPES)} are known here")
    return {
        "heads": plain(config, "n_heads"),
        "length": plain(config, "model_length"),
        "time_conditioning": plain(config, "time_conditioning"),
        "about": {"algorithm": str(kind).lower()},
    }


def _sizes(config: Any) -> dict[str, Any]:
    return {"heads": plain(config, "model", "n_heads"), "length": plain(config, "model", "length")}


def _data(config: Any) -> dict[str, Any]:
    found = {name: plain(config, "data", name) for name in ("train", "subset", "tokenizer_name_or_path", "wrap")}
    return {name: value for name, value in found.items() if value is not None}


def _checked(found: dict[str, Any], given: ReleasedSettings) -> Training:
    """Put together what the file and the caller say; a value of another kind counts as none."""
    told, epsilon = found.get("time_conditioning"), given.epsilon
    if epsilon is None and type(found.get("epsilon")) in (int, float):
        epsilon = found["epsilon"]
    return Training(
        heads=_whole(given.heads or found.get("heads")),
        length=_whole(given.length or found.get("length")),
        epsilon=EPSILON if epsilon is None else float(epsilon),
        time_conditioning=(told is not False) if given.time_conditioning is None else given.time_conditioning,
        predicts=given.predicts or found.get("predicts", "cavity"),
        packed=found["about"].get("wrap") is True,
        about=found["about"],
    )


def plain(about: Any, *names: str) -> Any:
    """Return the text, number or truth value that lies there, a text cut to a line; None for anything else."""
    value = look_up(about, *names)
    return value[:MOST_TEXT] if type(value) is str else value if type(value) in (int, float, bool) else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < 1 << 40 else None

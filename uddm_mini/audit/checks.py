"""Is the model asked as it wants to be? Its noise level and its form, judged by its answers."""

from __future__ import annotations

import torch

from uddm_mini.probes.form import LEAST, SURE, check_form
from uddm_mini.probes.recovery import counted_tokens

from .case import Case

# Of the entropy of its answers. Seen at pure noise: stored networks of all sizes are at most 0.00 too sure, one that
# learned nothing 0.03; told the level where they want sigma, 0.12 and more, and with t turned round 0.4 and more.
TOO_SURE = 0.07
# Seen at t = 0.6: networks that are told what they want are too unsure by up to 0.12; told sigma for t by 0.07 to 0.6.
TOO_UNSURE = 0.15
MIDDLE = 0.6


def check_model(case: Case) -> None:
    """Raise ValueError if a model is told the noise level in another way than it wants, or answers in another form.

    A prediction is calibrated if the true word costs, on average, what the entropy of the prediction says. A model is
    calibrated on its own text at every level that it is told rightly, whether it memorizes or not.
    """
    surplus, error = miscalibration(case, 1.0)
    if surplus > TOO_SURE and surplus > SURE * error:
        raise ValueError(
            f"From pure noise, which says nothing, the model claims to know too much (its entropy is {surplus:.0%} too "
            'low): it is told the noise level in a way that it does not expect. Wrap it with takes="sigma" or '
            'takes="alpha" if it wants one of these, or turn t round if its t = 0 is noise.'
        )
    surplus, error = miscalibration(case, MIDDLE)
    if -surplus > TOO_UNSURE and -surplus > SURE * error:
        raise ValueError(
            f"From text that is half noise, the model claims to know too little (its entropy is {-surplus:.0%} too "
            'high): it takes the noise for stronger than it is. Wrap it with takes="t" if it wants t itself.'
        )
    _check_form(case)


def miscalibration(case: Case, t: float) -> tuple[float, float]:
    """Return how much more than its entropy says the model's own noised words cost it, as a share, and the error.

    Positive: too sure. The error is the standard error over sentences, as the same share. Words that are ruled out
    count as 20 nats.
    """
    x, model = case.own, case.model
    xt = model.noise.corrupt(x, t, case.draws(f"calibration at {t:g}"))
    counted = counted_tokens(x, case.texts.ignore)
    parts = []
    for here in torch.arange(len(x), device=x.device).split(model.batch_size):

        def both(log_p0: torch.Tensor, _: torch.Tensor, __: torch.Tensor, x: torch.Tensor = x[here]) -> torch.Tensor:
            cost = -log_p0.gather(2, x.unsqueeze(2)).squeeze(2).double().clamp_min(LEAST)
            return torch.stack([cost, torch.special.entr(log_p0.exp()).sum(dim=2).double()], dim=2)

        parts.append(model.mapped(xt[here], t, model.predicts, both))
    cost, entropy = (torch.cat(parts) * counted.unsqueeze(2)).sum(dim=1).unbind(dim=1)  # [n] each
    mean = float(entropy.mean())
    if not mean > 0 or len(x) < 2:
        return 0.0, float("inf")
    return float((cost - entropy).mean()) / mean, float((cost - entropy).std()) / len(x) ** 0.5 / mean


def _check_form(case: Case) -> None:
    """Raise ValueError if the model's own text and fresh text both say that it answers in another form.

    One hole is left: fresh text is no text of a pure memory's world, so that one of the posterior that is said to be of
    the cavity passes.
    """
    if case.model.noise.form == "posterior":
        return  # a word that is seen is certain, in whichever form
    texts = [case.own, case.text("strangers")[: case.checked]] if case.has("strangers") else [case.own]
    found = []
    for k, x in enumerate(texts):
        x = x[counted_tokens(x, case.texts.ignore).any(dim=1)]
        if len(x) > 1:
            found.append(check_form(case.model, x, ignore=case.texts.ignore, generator=case.draws(f"form {k}")))
    if found and all(one.contradicts for one in found):
        raise ValueError(
            f"The model's answers look like the {found[0].looks_like} (what {_trained(str(found[0].looks_like))} "
            f"teaches), but it is said to predict the {found[0].declared}: wrap it with predicts="
            f'"{found[0].looks_like}".'
        )


def _trained(form: str) -> str:
    """Return the loss that teaches a form, under uniform noise."""
    return {"cavity": "the diffusion loss", "posterior": "plain cross-entropy"}[form]

"""From settings to a noise and back."""

from __future__ import annotations

import itertools

import pytest
import torch

from uddm_mini import Cosine, Linear, LogLinear, NoiseSettings, UniformNoise
from uddm_mini.noise import NOISES, SCHEDULES, Noise, Schedule, settings_of
from uddm_mini.settings import with_changes

ALL = [NoiseSettings(*each) for each in itertools.product(NOISES, SCHEDULES, (1e-3, 0.05))]


def test_default_settings_are_uniform_noise_that_grows_linearly_to_a_thousandth():
    assert NoiseSettings() == NoiseSettings("uniform", "linear", 1e-3)
    assert NoiseSettings().of(7) == UniformNoise(7) == UniformNoise(7, Linear(1e-3))


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_settings_and_noise_go_both_ways(settings):
    noise = settings.of(11)
    assert type(noise) is NOISES[settings.noise] and noise.name == settings.noise
    assert noise.schedule == SCHEDULES[settings.schedule](settings.epsilon)
    assert noise.vocab_size == 11
    assert settings_of(noise) == settings
    assert settings_of(noise).of(11) == noise


def test_a_log_linear_schedule_is_saved_as_the_linear_one_that_it_is():
    assert settings_of(UniformNoise(3, LogLinear(0.01))) == NoiseSettings("uniform", "linear", 0.01)


class Own(Schedule):
    def alpha(self, t):
        return 1 - t

    def alpha_prime(self, t):
        return -torch.ones_like(t)

    def _inverse(self, alpha):
        return 1 - alpha


class OwnNoise(UniformNoise):
    """Named as its parent, and another noise all the same."""


@pytest.mark.parametrize("noise", [UniformNoise(3, Own()), OwnNoise(3)])
def test_a_noise_of_one_s_own_works_and_has_no_settings(noise):
    x = torch.tensor([[0, 1], [2, 2]])
    assert noise.corrupt(x, 0.5).shape == x.shape
    with pytest.raises(ValueError, match="Only the noises and schedules of this package have settings"):
        settings_of(noise)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NoiseSettings("gaussian"), r"noise must be one of uniform.*'gaussian'"),
        (lambda: NoiseSettings(schedule="log"), "schedule must be one of linear, cosine, exponential, but is 'log'"),
        (lambda: NoiseSettings(epsilon=0.0).of(3), "epsilon"),
        (lambda: NoiseSettings().of(1), "vocab_size must be at least 2"),
        (lambda: UniformNoise(3, "cosine"), r"one such as Linear\(\) or Cosine\(\), but is 'cosine'"),
        (lambda: UniformNoise(3, Cosine), "one such as Linear"),
    ],
)
def test_what_does_not_exist_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_noise_settings_change_by_name_and_are_checked_again():
    assert with_changes(NoiseSettings(), {"schedule": "cosine"}) == NoiseSettings(schedule="cosine")
    with pytest.raises(ValueError, match="one of linear"):
        with_changes(NoiseSettings(), {"schedule": "log"})


def test_a_noise_is_abstract_until_everything_is_said():
    with pytest.raises(TypeError, match="abstract"):
        Noise(3)

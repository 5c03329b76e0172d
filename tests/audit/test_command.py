"""Which reader a checkpoint gets."""

import pytest
from published import duo, lightning, weights

from uddm_mini.audit.command import _opened
from uddm_mini.models.released import ReleasedDenoiser
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.teaching.results import results_path
from uddm_mini.training.checkpoint import is_ours


def test_a_checkpoint_of_the_book_and_a_released_one_are_opened(tmp_path):
    ours, theirs = results_path("models/toy-n16.safetensors"), tmp_path / "theirs.ckpt"
    lightning(theirs, weights(), config=duo())
    assert is_ours(ours) and not is_ours(theirs) and not is_ours(tmp_path / "none.safetensors")
    assert isinstance(_opened(str(ours), "cpu"), TransformerDenoiser)
    assert isinstance(_opened(str(theirs), "cpu"), ReleasedDenoiser)


def test_what_is_neither_is_named(tmp_path):
    (tmp_path / "page.safetensors").write_text("<html>not found</html>")
    for name in ("page.safetensors", "none.safetensors"):
        with pytest.raises((ValueError, FileNotFoundError), match=name):
            _opened(str(tmp_path / name), "cpu")

"""Everything on a GPU that is not there: nothing is left behind on the CPU, and nothing is mixed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from tests.pretend_gpu import GPU, PretendGPU
from uddm_mini import ProbeSettings, ToyLanguage, Walk, load, save
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import PROBES, probe
from uddm_mini.sampling import fill, gibbs
from uddm_mini.settings import with_changes
from uddm_mini.training.settings import TrainSettings
from uddm_mini.training.train import train_stack

WAYS = {
    "uniform": {},
    "absorbing": {"noise": "absorbing", "schedule": "cosine"},
    "convolution": {"mixing": "convolution", "loss": "cross_entropy", "ema": 0.9},
    "muon": {"optimizer": "muon", "time_power": 2, "neighbors": True},
}


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendGPU]:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with PretendGPU() as mode:
        yield mode


def test_the_pretended_gpu_refuses_what_a_gpu_refuses(gpu):
    there, here = torch.arange(3).to("cuda"), torch.arange(3)
    assert there.device == GPU and (there + 1).is_cuda and not here.is_cuda and not (there + 1).cpu().is_cuda
    assert torch.equal(there[here].cpu(), here), "an index may be on the CPU"
    for mixed in (
        lambda: there + here,
        lambda: torch.cat([there, here]),
        lambda: here[there],
        lambda: torch.rand(3, device="cuda", generator=torch.Generator()),
    ):
        with pytest.raises(RuntimeError):
            mixed()
    with pytest.raises(TypeError, match="numpy"):
        there.numpy()


@pytest.mark.parametrize("way", WAYS)
def test_training_and_every_probe_stay_on_the_gpu(gpu, way, tmp_path):
    corpus = ToyLanguage().corpus(n_train=32, n_held_out=16)
    settings = with_changes(TrainSettings(), {"steps": 2, "width": 8, "batch_size": 4, **WAYS[way]})
    runs = [(corpus.train[:16], settings), (corpus.train, with_changes(settings, {"seed": 1, "learning_rate": 1e-3}))]
    model, _ = train_stack(runs, settings.noise.of(corpus.vocab_size), device="cuda", progress=False)
    assert all(p.is_cuda for p in model.parameters())
    probed = ProbeSettings(sentences=4, writing_steps=2, walk=Walk("reverse", 2))
    on = Subject(model, corpus, corpus.train[:16], probed, 0)
    for name in set(PROBES) - {"along"}:  # that one walks some 240 times for each sentence; its walks come next
        assert probe(on, name)
    x = corpus.held_out[:2].to("cuda")
    generator = torch.Generator().manual_seed(0)
    assert fill(model, x, x < 50, 2, corrections=1, generator=generator).is_cuda
    assert gibbs(model, x, 0.5, 2, generator=generator).is_cuda
    save(model, tmp_path / "model")
    back = load(tmp_path / "model", "cuda")
    assert back.device == GPU and torch.equal(back.posterior(x, 0.5).cpu(), model.posterior(x, 0.5).cpu())

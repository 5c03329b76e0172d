"""The kept models of a sweep, examined: what they write, how sure they are, what they leave alone."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from uddm_mini.files import at
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.probes.subject import ProbeSettings, Subject
from uddm_mini.probes.suite import EXAMINED, probe
from uddm_mini.settings import flat, option, with_changes
from uddm_mini.training.checkpoint import load, model_path
from uddm_mini.training.settings import TrainSettings
from uddm_mini.walks import Walk
from uddm_mini.worlds.corpus import Corpus

from .rows import jobs_in
from .run import OneByOne, Rows, finish
from .store import Store, read_note, read_rows

DETAILS = ProbeSettings(times=(0.05, 0.1, 0.25), sentences=128, walk=Walk("reverse", 16))


@dataclass(frozen=True)
class DetailSettings:
    """How kept models are examined, and what belongs to the call alone; as in `SweepSettings`.

    probes: names of PROBES, whose numbers stand in the table.
    sizes, seeds: of the models that are examined; none stands for all.
    """

    probe: ProbeSettings = DETAILS
    probes: tuple[str, ...] = EXAMINED
    sizes: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()
    table: str = option("details", "name of the table in the folder")
    device: str = option("cpu", "cpu, cuda or mps")
    progress: bool = True


def sweep_details(
    folder: str | Path,
    corpus: Corpus,
    settings: DetailSettings | None = None,
    *,
    executor: Executor | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Examine the models that `run_sweep(..., keep_models=True)` left in `folder`; write and return details.csv there.

    One row per (n_train, seed, split, t, denoiser, quantity), with `value`; the quantities are those of the probes,
    by default `EXAMINED`. A table of other probes needs another name: the setting `table`. Finished models are written
    at once, and the same call resumes. ValueError if a model is missing, if there is none of these sizes, if one was
    trained on another corpus, or if the table is of other models.
    """
    folder, settings = at(folder), with_changes(settings or DetailSettings(), changes)
    if not (folder / "sweep.csv").exists():
        raise ValueError(f"{folder} has no sweep.csv, so it is not the folder of a sweep.")
    jobs = [
        (n, seed)
        for n, seed in sorted(jobs_in(read_rows(folder / "sweep.csv")))
        if n in (settings.sizes or (n,)) and seed in (settings.seeds or (seed,))
    ]
    if not jobs:
        raise ValueError(f"{folder} has no model of these sizes and seeds: {settings.sizes}, {settings.seeds}.")
    models = read_note(folder / "sweep.csv")["settings"]
    about = {"corpus": corpus.sha256, "world": corpus.world is not None, "train": models.get("train")}
    store = Store(
        folder / f"{settings.table}.csv",
        {"probe": asdict(settings.probe), "probes": settings.probes, **about},
        {"probe": asdict(DETAILS), "probes": EXAMINED, **about},
        device=settings.device,
    )
    return finish(store, jobs, Details(folder, corpus, settings), executor, progress=settings.progress)


@dataclass(frozen=True)
class Details(OneByOne):
    """The work of `sweep_details`: examine the models of one job."""

    folder: Path
    corpus: Corpus
    settings: DetailSettings

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of one job."""
        path = model_path(self.folder, (n, seed))
        if not path.exists():
            raise ValueError(
                f"{path} is missing; run the sweep again with keep_models (--keep-models) in another folder."
            )
        model = load(path, self.settings.device)
        if model.training_settings.get("corpus") != self.corpus.sha256:
            raise ValueError(
                f"The models in {self.folder} were not trained on this corpus; give the one they were trained on."
            )
        self._check_settings(model, path, n, seed)
        subject = Subject(model, self.corpus, self.corpus.subset(n, seed), self.settings.probe, seed)
        return [
            {"n_train": n, "seed": seed, "denoiser": "model", **row} for row in probe(subject, *self.settings.probes)
        ]

    def _check_settings(self, model: TransformerDenoiser, path: Path, n: int, seed: int) -> None:
        """Raise ValueError unless the model was trained as the table of the sweep says."""
        known, told = flat(TrainSettings()), read_note(self.folder / "sweep.csv")["settings"].get("train", {})
        swept = known | flat(told) | {"n_train": n, "seed": seed}
        found = known | flat(model.training_settings)
        names = [name for name in swept if name != "steps" or not swept["epochs"]]  # of so many epochs, as they come
        if other := [f"{k}: {found.get(k)} there, {swept[k]} in the table" for k in names if found.get(k) != swept[k]]:
            raise ValueError(
                f"{path} was not trained as {self.folder / 'sweep.csv'} says ({'; '.join(other)}): delete the models, "
                "and run the sweep again with keep_models (--keep-models) in another folder."
            )

"""Every command from end to end on tiny settings, and one sentence for every mistake."""

from __future__ import annotations

import itertools
import json
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
import torch

from uddm_mini import (
    Corpus,
    ProbeSettings,
    TextSettings,
    ToyLanguage,
    UniformNoise,
    Walk,
    cli,
    load,
    save,
    sweep_bounds,
    token_recovery,
    train,
)
from uddm_mini.cli import main
from uddm_mini.experiments import run, sweep
from uddm_mini.experiments.store import read_note, read_rows, wide
from uddm_mini.walks import Method
from uddm_mini.worlds.drawn import draw_corpus

TINY = ["--steps", "3", "--batch-size", "8", "--width", "8", "--depth", "1"]


@pytest.fixture(scope="module")
def toy() -> Corpus:
    """What the command line calls "toy"."""
    return ToyLanguage().corpus(n_train=8192)


def table_in(folder: Path, name: str = "sweep") -> pd.DataFrame:
    return wide(read_rows(folder / f"{name}.csv"), sweep.COLUMNS, denoiser=name != "sweep")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    assert main(["train", "--n-train", "40", "--seed", "1", "--out", str(path), *TINY]) == 0
    return path


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """A text file of 240 distinct sentences, in a language too small to hide anything."""
    who, did, what, where = (
        ["the sailor", "my aunt", "a small dog", "our teacher", "the old king"],
        ["found", "lost", "painted", "wanted"],
        ["a red boat", "the last apple", "some golden rings", "two green chairs"],
        ["yesterday", "near the river", "before dinner"],
    )
    path = tmp_path_factory.mktemp("text") / "stories.txt"
    path.write_text("\n".join(f"{' '.join(parts)}." for parts in itertools.product(who, did, what, where)), "utf-8")
    return path


def test_train_writes_a_model_that_knows_what_it_was_given(checkpoint, toy):
    model, language = load(checkpoint), ToyLanguage()
    assert model.words == language.words and model.training_settings["n_train"] == 40
    assert model.training_settings["seed"] == 1 and model.training_settings["steps"] == 3
    assert model.settings.width == 8 and len(model.history["loss"]) == 3
    assert model.training_settings["corpus"] == toy.sha256
    again = train(
        toy.subset(40, 1),
        UniformNoise(toy.vocab_size),
        seed=1,
        steps=3,
        batch_size=8,
        width=8,
        depth=1,
        progress=False,
    )
    assert again.history == model.history


def test_sample_writes_sentences(checkpoint, capsys):
    assert main(["sample", str(checkpoint), "-n", "3", "--steps", "2", "--seed", "4"]) == 0
    first = capsys.readouterr().out
    lines = first.splitlines()
    assert len(lines) == 3
    ToyLanguage().encode(lines)  # known words only, 14 of them
    main(["sample", str(checkpoint), "-n", "3", "--steps", "2", "--seed", "4"])
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("method", get_args(Method))
def test_recover_measures_the_sentences_that_the_model_saw(checkpoint, capsys, toy, method):
    assert main(["recover", str(checkpoint), "--t", "0.5", "--sentences", "20", "--method", method, "--seed", "3"]) == 0
    out = capsys.readouterr().out
    model = load(checkpoint)
    for name, x in (("train", toy.subset(40, 1)), ("held-out", toy.held_out)):
        generator = torch.Generator().manual_seed(3)
        found = token_recovery(model, x[:20], 0.5, method, generator=generator)
        assert f"{name}: {found.recovered:.3f} of the changed words came back" in out
        assert toy.decode(found.xt[:1])[0] in out and toy.decode(found.out[:1])[0] in out


def test_recover_takes_the_whole_walk(checkpoint, capsys, toy, monkeypatch):
    seen = []
    monkeypatch.setattr(cli, "token_recovery", lambda *a, **k: (seen.append(a[3]), token_recovery(*a, **k))[1])
    walk = ["--method", "iterate", "--steps", "3", "--form", "cavity"]
    assert main(["recover", str(checkpoint), "--sentences", "4", *walk]) == 0
    assert seen == [Walk("iterate", 3, "cavity")] * 2


def test_recover_says_that_nothing_was_changed(checkpoint, capsys):
    assert main(["recover", str(checkpoint), "--t", "0", "--sentences", "4"]) == 0
    out = capsys.readouterr().out
    assert out.count("no word was changed; ") == 2 and "nan" not in out


def test_sweep_writes_tables_notes_and_figures_and_resumes(tmp_path, capsys, toy):
    out = tmp_path / "sweep"
    command = ["sweep", "--seeds", "0", "--sentences", "8", f"--out={out}", *TINY]
    assert main([*command, "--sizes", "4", "--keep-models"]) == 0
    first, figure = table_in(out), (out / "transition.svg").read_text()
    assert main([*command, "--sizes", "4,8"]) == 0
    assert (out / "transition.svg").read_text() != figure, "the figure shows what was added"
    names = {"sweep.csv", "sweep.json", "bounds.csv", "bounds.json", "transition.png", "transition.svg", "models"}
    assert {path.name for path in out.iterdir()} - {".lock"} == names
    table, bounds = table_in(out), table_in(out, "bounds")
    assert set(table.n_train) == {4, 8} and set(table.t) == {0.05, 0.1, 0.25, 0.5, 1.0}
    assert first.equals(table[table.n_train == 4].reset_index(drop=True)), "what was done is not done again"
    assert set(bounds.denoiser) == {"memorizer", "population"} and set(bounds.n_train) == {4, 8}
    note = read_note(out / "sweep.csv")
    assert note["settings"]["hash"] == toy.sha256 and note["settings"]["train"]["model"]["width"] == 8
    assert "sweep --seeds 0 --sentences 8 --out=sweep --steps 3" in note["about"]["command"], "no folder's path"
    assert (out / "transition.png").read_bytes()[:4] == b"\x89PNG"
    assert "<svg" in (out / "transition.svg").read_text()
    assert main(["recover", str(out / "models" / "n4-seed0.safetensors"), "--sentences", "4"]) == 0
    # a smaller request leaves the larger table, and its bounds, as they are
    assert main([*command, "--sizes", "4"]) == 0
    assert set(table_in(out, "bounds").n_train) == {4, 8} and len(table_in(out)) == len(table)
    # nothing was added, so nothing is written again; a figure that is missing is drawn
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    (out / "transition.png").unlink()
    assert main([*command, "--sizes", "4"]) == 0
    assert before.keys() == {*out.iterdir()}
    assert {path.name for path, at in before.items() if path.stat().st_mtime_ns != at} <= {
        "transition.png",
        "transition.svg",
    }
    capsys.readouterr()
    assert main([*command, "--sizes", "8", "--keep-models"]) == 0, "8 was trained without it"
    assert "of 1 of these models" in one_sentence(capsys)
    assert main(["examine", str(out), "--sentences", "4"]) == 2
    assert "n8-seed0.safetensors is missing" in one_sentence(capsys)


def test_examine_describes_the_kept_models_of_a_sweep(tmp_path, capsys):
    tiny = ["--sizes", "4", "--seeds", "0", "--sentences", "4", "--keep-models", "--out", str(tmp_path / "s"), *TINY]
    assert main(["sweep", *tiny]) == 0
    assert main(["examine", str(tmp_path / "s"), "--sentences", "4"]) == 0
    table = read_rows(tmp_path / "s" / "details.csv")
    assert set(table.split) == {"train", "held-out", "generated", "random"} and set(table.n_train) == {4}
    assert {"entropy", "grammatical", "fixed_iterate"} <= set(table.quantity)
    assert "mean entropy\n" in capsys.readouterr().out
    some = ["--probes", "judged,membership", "--seeds", "0", "--sizes", "4", "--table", "some", "--sentences", "4"]
    assert main(["examine", str(tmp_path / "s"), *some]) == 0
    assert set(read_rows(tmp_path / "s" / "some.csv").quantity) == {"judged", "auc"}
    assert "some.csv" in capsys.readouterr().out
    assert main(["examine", str(tmp_path / "s"), *some[:2], "--seeds", "7", "--table", "none"]) == 2
    assert "no model of these sizes and seeds" in one_sentence(capsys)
    with pytest.raises(SystemExit):
        main(["examine", str(tmp_path / "s"), "--probes", "judgment"])
    assert "there is no probe 'judgment'; there are recovery, " in capsys.readouterr().err
    assert main(["examine", str(tmp_path / "nowhere")]) == 2
    assert "no sweep.csv" in one_sentence(capsys) and not (tmp_path / "nowhere").exists()


def test_a_language_has_as_many_sentences_as_are_asked_for(tmp_path, capsys):
    out = ["--out", str(tmp_path), "--seeds", "0", "--sentences", "4", *TINY]
    assert main(["sweep", "--corpus", "kitchen", "--pool", "40", "--sizes", "all", *out]) == 0
    assert set(read_rows(tmp_path / "sweep.csv").n_train) == {40}
    assert main(["sweep", "--pool", "4000", "--repeats", "--sizes", "all", *out, "--out", str(tmp_path / "r")]) == 0
    said = draw_corpus(ToyLanguage(), 4000, repeats=True)
    assert json.loads((tmp_path / "r/sweep.json").read_text("utf-8"))["settings"]["hash"] == said.sha256
    assert len(said.train.unique(dim=0)) < 4000
    assert main(["sweep", "--pool", "3000000", *out]) == 2
    assert "This language has 1382400 sentences" in one_sentence(capsys)
    assert main(["sweep", "--corpus", "docstrings", "--pool", "40", *out]) == 2
    assert "--pool and --repeats are for languages" in one_sentence(capsys)


def test_the_bounds_of_a_sweep_meet_the_noise_of_its_models(tmp_path, toy):
    tiny = ["--sizes", "4", "--seeds", "0", "--sentences", "8", "--schedule", "cosine", "--out", str(tmp_path), *TINY]
    assert main(["sweep", *tiny]) == 0
    probe = ProbeSettings(sentences=8)
    expected = sweep_bounds(toy, [4], schedule="cosine", probe=probe, progress=False)
    pd.testing.assert_frame_equal(table_in(tmp_path, "bounds"), expected, rtol=1e-5)


def test_a_text_file_goes_through_every_command(text, tmp_path, capsys):
    model = tmp_path / "model.safetensors"
    assert main(["train", "--corpus", str(text), "--vocab-size", "60", "--out", str(model), *TINY]) == 0
    assert main(["recover", str(model), "--corpus", str(text), "--sentences", "5"]) == 0
    assert main(["sample", str(model), "-n", "2", "--steps", "2"]) == 0
    out = tmp_path / "sweep"
    few = ["--sizes", "4,all", "--seeds", "0", "--sentences", "4"]
    command = ["sweep", "--corpus", str(text), "--vocab-size", "60", *few]
    assert main([*command, "--out", str(out), *TINY]) == 0
    assert set(table_in(out, "bounds").denoiser) == {"memorizer"}
    about = json.loads((out / "sweep.json").read_text())["about"]
    assert about["corpus"]["source"] == "stories.txt" and about["corpus"]["settings"]["vocab_size"] == 60
    assert str(text.parent) not in (out / "sweep.json").read_text(), "results name no folder of this machine"


def test_recover_finds_the_sentences_again_if_it_is_told_how_the_text_was_read(text, tmp_path, capsys):
    model, how = tmp_path / "model.safetensors", ["--max-words", "8", "--n-held-out", "20"]
    typed = ["--corpus", str(text), "--vocab", "50", "--seed", "3", *how]  # any beginning of an option's name will do
    assert main(["train", *typed, "--out", str(model), *TINY]) == 0
    assert load(model).length == 8 and load(model).training_settings["seed"] == 3
    assert main(["recover", str(model), "--corpus", str(text), "--sentences", "5", *how]) == 0
    capsys.readouterr()
    assert main(["recover", str(model), "--corpus", str(text), "--sentences", "5"]) == 2
    assert "not trained on this corpus" in one_sentence(capsys)


def test_the_seed_of_a_training_leaves_the_held_out_sentences_as_they_are(text, tmp_path):
    for seed in ("0", "1"):
        command = ["train", "--corpus", str(text), "--seed", seed, "--out", str(tmp_path / seed), *TINY]
        assert main(command) == 0
    first, second = (load(tmp_path / seed).training_settings for seed in ("0", "1"))
    assert first["corpus"] == second["corpus"] and (first["seed"], second["seed"]) == (0, 1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
@pytest.mark.parametrize("command", ["sample {} -n 2 --steps 2 --device cuda", "recover {} --device cuda"])
def test_a_model_on_a_gpu_is_asked_there(command, checkpoint, capsys):
    assert main(command.format(checkpoint).split()) == 0


def test_docstrings_are_those_of_the_library(monkeypatch, tmp_path):
    seen = []

    def spy(settings):
        seen.append(settings)
        raise ValueError("enough")

    monkeypatch.setattr("uddm_mini.typed.docstring_corpus", spy)
    for how in ([], ["--n-held-out", "64", "--unit", "character"]):
        assert main(["sweep", "--corpus", "docstrings", "--out", str(tmp_path / "s"), *how]) == 2
    assert seen == [TextSettings(n_held_out=512), TextSettings(n_held_out=64, unit="character")]


def one_sentence(capsys) -> str:
    """Return the message, after checking that it is one line that names the program."""
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("uddm_mini: ")]
    assert len(lines) == 1 and "Traceback" not in captured.err
    return lines[0]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train --corpus {tmp}/none.txt --out {tmp}/m", "none.txt"),
        ("train --corpus {tmp} --out {tmp}/m", "folder"),
        ("train --out {tmp}", "is a folder"),
        ("train --out {file}/m", "{file}"),
        ("train --out {tmp}/m --width 30", "multiple of heads"),
        ("train --out {tmp}/m --ema 2", "ema"),
        ("train --out {tmp}/m --steps 0", "at least 1"),
        ("train --out {tmp}/m --clip 0", "positive"),
        ("train --out {tmp}/m --heads 0", "at least 1"),
        ("train --out {tmp}/m --epsilon 1", "between 0 and 1"),
        ("sweep --out {tmp}/s --sentences 0", "at least 1"),
        ("sweep --out {tmp}/s --times 0.5,2", "from 0 (clean) to 1 (noise)"),
        ("sweep --out {tmp}/s --walk-steps 0", "at least 1"),
        ("sweep --out {tmp}/s --method reverse --form cavity", "leave no choice"),
        ("train --corpus {text} --out {tmp}/m --min-words 9 --max-words 3", "min <= max"),
        ("train --out {tmp}/m --learning-rate -1", "positive"),
        ("train --out {tmp}/m --learning-rate nan", "positive"),
        ("train --out {tmp}/m --n-train 100000000", "1 to 8192 sentences"),
        ("train --out {tmp}/m --device abacus", "no device"),
        ("train --out {tmp}/m --device cuda:99", "CUDA"),
        ("sweep --out {tmp}/s --sizes 16,100000000", "a size of 100000000"),
        ("sweep --out {tmp}/s --sizes ,", "at least one size"),
        ("sweep --out {tmp}/s --device cuda:99", "CUDA"),
        ("sweep --out {file} --sizes 4", "{file}"),
        ("sweep --out {tmp}/s --vocab-size 50", "Options of real text"),
        ("train --out {tmp}/m --unit character", "Options of real text"),
        ("sweep --out {tmp}/s --max-words 8", "Options of real text"),
        ("halves --out {tmp}/h.csv --sizes ,", "at least one size"),
        ("halves --out {tmp}", "give a file that ends in .csv"),
        ("halves --out .", "give a file that ends in .csv"),
        ("halves --out {tmp}/h --sizes 4", "give a file that ends in .csv"),
        ("examine {tmp}/none", "no sweep.csv"),
        ("sample {tmp}/none", "no checkpoint at"),
        ("sample {file}", "not a safetensors file"),
        ("sample {file} --device abacus", "no device"),
        ("recover {file}", "not a safetensors file"),
        ("recover {model} --t 2", "between 0"),
        ("recover {model} --t nan", "between 0"),
        ("recover {model} --corpus {text}", "not trained on this corpus"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(command, message, checkpoint, text, tmp_path, capsys):
    file = tmp_path / "a file"
    file.write_text("this is not a checkpoint")
    places = dict(tmp=str(tmp_path), file=str(file), model=str(checkpoint), text=str(text))
    assert main([part.format(**places) for part in command.split()]) == 2
    assert message.format(**places) in one_sentence(capsys)
    assert {path.name for path in tmp_path.iterdir()} <= {"a file", "s"}, "no litter"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "fly",
        "train",
        "train --out m --steps many",
        "train --out m --steps -1",
        "train --out m --steps 3.5",
        "train --out m --clip much",
        "train --out m --colour red",
        "train --out m --noise pink",
        "train --out m --schedule log",
        "sweep --out s --times 0.5,soon",
        "train --out m --n-train -5",
        "train --out m --loss mse",
        "train --out m --seed -1",
        "sweep --out s --sizes 16,x",
        "sweep --out s --sizes=-4",
        "sweep --out s --seeds 0.5",
        "sweep --out s --seeds all",
        "sweep --out s --sizes 0",
        "halves --out s --sizes all",
        "sweep --out s --sizes 3all",
        "sweep --out s --sentences some",
        "sweep --out s --form both",
        "sample m -n -3",
        "sample m --seed 99999999999999999999",
        "recover m --method magic",
        "recover m --t soon",
    ],
)
def test_nonsense_numbers_end_with_exit_code_2_and_nothing_written(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_models_of_other_sentences_are_not_called_trained_on_these(tmp_path, capsys):
    # the same words, and another pool: the train split would be sentences that the model never saw
    corpus = ToyLanguage().corpus(n_train=16, n_held_out=4)
    model = train(corpus, steps=1, width=8, heads=1, depth=1, progress=False)
    save(model, tmp_path / "m.safetensors")
    assert main(["recover", str(tmp_path / "m.safetensors")]) == 2
    assert "not trained on this corpus" in one_sentence(capsys)


def test_too_little_memory_is_one_sentence_but_a_bug_is_a_traceback(monkeypatch, capsys, checkpoint):
    def fail(error):
        def run(*args, **kwargs):
            raise error

        return run

    for error, message in (
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "more memory"),
        (MemoryError(), "more memory"),
        (MemoryError("Unable to allocate 7.11 PiB for an array"), "more memory"),
        (BrokenProcessPool("A process in the process pool was terminated abruptly"), "a worker process was ended"),
    ):
        monkeypatch.setattr("uddm_mini.cli.sample", fail(error))
        assert main(["sample", str(checkpoint)]) == 2
        assert message in one_sentence(capsys)
    monkeypatch.setattr("uddm_mini.cli.sample", fail(RuntimeError("shapes do not match")))
    with pytest.raises(RuntimeError, match="shapes"):
        main(["sample", str(checkpoint)])


def test_a_traceback_can_be_had(monkeypatch, tmp_path):
    monkeypatch.setenv("UDDM_DEBUG", "1")
    with pytest.raises(FileNotFoundError):
        main(["sample", str(tmp_path / "none")])


def test_steps_beside_epochs_are_not_ignored_in_silence(tmp_path, capsys):
    command = ["train", "--n-train", "8", "--epochs", "1", "--out", str(tmp_path / "m"), *TINY]
    assert main(command) == 0
    assert "--steps has no effect" in one_sentence(capsys)
    assert load(tmp_path / "m").training_settings["steps"] == 1


def test_an_interrupt_says_how_to_go_on(monkeypatch, capsys, checkpoint):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("uddm_mini.cli.sample", interrupt)
    monkeypatch.setattr("uddm_mini.experiment_commands.run_sweep", interrupt)
    assert main(["sample", str(checkpoint)]) == 130
    assert "nothing was written" in one_sentence(capsys)
    assert main(["sweep", "--out", str(checkpoint.parent / "s"), "--sizes", "4"]) == 130
    assert "resumes" in one_sentence(capsys)


def test_halves_writes_a_table_and_refuses_too_large_ones(tmp_path, capsys, monkeypatch):
    out = tmp_path / "halves.csv"
    assert main(["halves", "--sizes", "8", "--seeds", "0", "--out", str(out), *TINY]) == 0
    assert set(read_rows(out).denoiser) == {"model", "memorizer"} and "halves.csv" in capsys.readouterr().out
    note = read_note(out)
    assert note["settings"]["train"]["model"]["width"] == 8 and [job[:2] for job in note["jobs"]] == [(8, 0)]
    assert main(["halves", "--sizes", "5000", "--seeds", "0", "--out", str(out), *TINY]) == 2

    def read_only(path):
        raise PermissionError(f"{path} is read-only")

    for module in (cli, run):
        monkeypatch.setattr(module, "check_writable", read_only)
    assert main(["halves", "--sizes", "8", "--seeds", "0", "--out", str(out), *TINY]) == 0  # nothing is to be done
    assert "2 parts of 5000" in one_sentence(capsys)


def test_spins_tells_what_comes_back(tmp_path, capsys):
    out = tmp_path / "spins.csv"
    assert main(["spins", "--sizes", "4", "--seeds", "0", "--units", "20", "--hidden", "4", "--out", str(out)]) == 0
    assert "Flipped units that come back" in capsys.readouterr().out
    assert set(read_rows(out).denoiser) == {"copies", "random"}
    assert main(["spins", "--sizes", "4", "--units", "3", "--out", str(tmp_path / "other.csv")]) == 2
    assert "1 to 3 hidden spins" in one_sentence(capsys)

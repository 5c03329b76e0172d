"""Docstrings as a corpus: read and never imported, cached, and without a cache where that is not possible."""

import json
import os
import sys

import numpy as np
import pytest
from invented import invented

from uddm_mini import docstring_corpus
from uddm_mini.worlds import docstrings


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package `arbor` 1.0 with 300 invented docstrings, and a cache folder of our own."""
    site = tmp_path / "site"
    (site / "arbor" / "tests").mkdir(parents=True)
    (site / "arbor-1.0.dist-info").mkdir()
    (site / "arbor-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: arbor\nVersion: 1.0\n")
    lines = [f"The {s[:-1].lower()} of the wood is as it was." for s in invented(300, low=3, high=7)]
    functions = "".join(f'def f{i}():\n    """{line}"""\n\n\n' for i, line in enumerate(lines))
    (site / "arbor" / "__init__.py").write_text('raise RuntimeError("imported")\n')
    (site / "arbor" / "growth.py").write_text("if True:\n    class A:\n        'x'\n\n" + functions)
    (site / "arbor" / "added.py").write_text(
        'add_docstr(f, """\nThis text is given in a call and is a docstring.\n""")\n'
    )
    (site / "arbor" / "broken.py").write_text('"""This file is not valid and is not read."""\ndef (')
    (site / "arbor" / "tests" / "test_x.py").write_text('"""This is the docstring of a test and it is not read."""')
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return site


OPTIONS = {"n_held_out": 20, "vocab_size": 100, "max_unknown": 0.5, "max_overlap": 0.95, "progress": False}


def test_docstrings_are_read_and_not_imported(package):
    got = docstrings.harvest(["arbor", "surely_not_installed"], progress=False)
    assert "arbor" not in sys.modules
    assert len(got.sentences) == 301 and got.sentences[0] == "This text is given in a call and is a docstring."
    assert got.versions == {"arbor": "1.0"} and got.missing == ("surely_not_installed",)
    assert got.counts == {"arbor": 301}
    world = docstring_corpus(packages=["arbor", "surely_not_installed"], **OPTIONS)
    assert world.info["missing"] == ["surely_not_installed"] and world.info["versions"] == {"arbor": "1.0"}
    assert len(world.info["sha256"]) == 64 and world.info["n_train"] == len(world.train)
    assert world.info["settings"]["n_held_out"] == 20 and len(world.held_out) == 20
    json.dumps(world.info)


def test_nothing_installed_is_an_error():
    with pytest.raises(ValueError, match="None of these packages is installed: surely_not_installed"):
        docstrings.harvest(["surely_not_installed"])
    with pytest.raises(TypeError, match=r'packages=\["numpy"\]'):
        docstrings.harvest("numpy")


def cache_files(tmp_path):
    return sorted((tmp_path / "cache" / "uddm_mini").iterdir())


def test_the_cache_answers_with_the_same_sentences(package, tmp_path, monkeypatch):
    fresh = docstrings.harvest(["arbor"], progress=False)
    (file,) = cache_files(tmp_path)
    monkeypatch.setattr(docstrings, "_docstrings", lambda file: pytest.fail("read again"))
    again = docstrings.harvest(["arbor"], progress=False)
    assert again.from_cache and not fresh.from_cache
    assert (again.sentences, again.counts) == (fresh.sentences, fresh.counts)
    # another version of the package, or of the rules, has another cache
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(docstrings, "_rules", lambda: "other rules")
    assert not docstrings.harvest(["arbor"], progress=False).from_cache
    assert len(cache_files(tmp_path)) == 2 and file in cache_files(tmp_path)


@pytest.mark.parametrize("damage", ["empty", "cut", "altered", "binary", "header"])
def test_a_damaged_cache_is_not_used(package, tmp_path, damage):
    fresh = docstrings.harvest(["arbor"], progress=False)
    (file,) = cache_files(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(
        {
            "empty": b"",
            "cut": whole[:-7],
            "altered": whole.replace(b" wood ", b" moor ", 1),
            "binary": b"\xff\x00" * 50,
            "header": b"[1, 2]\n" + whole,
        }[damage]
    )
    again = docstrings.harvest(["arbor"], progress=False)
    assert not again.from_cache and again.sentences == fresh.sentences
    assert file.read_bytes() == whole, "and it was mended"


def test_being_killed_while_writing_leaves_no_cache_and_no_litter(package, tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            docstrings.harvest(["arbor"], progress=False)
    assert cache_files(tmp_path) == []
    assert not docstrings.harvest(["arbor"], progress=False).from_cache
    assert docstrings.harvest(["arbor"], progress=False).from_cache


def test_without_a_place_for_the_cache_it_works_all_the_same(package, tmp_path, monkeypatch):
    (tmp_path / "a_file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a_file"))
    assert len(docstrings.harvest(["arbor"], progress=False).sentences) == 301
    assert len(docstrings.harvest(["arbor"], cache=False, progress=False).sentences) == 301
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/folder")  # to be ignored, says the specification
    assert docstrings._cache_path({}).is_absolute() and "relative" not in str(docstrings._cache_path({}))


def test_sources_without_a_version_are_not_cached(package, tmp_path):
    (package / "loose.py").write_text('"""This is a single file that is not part of a distribution."""\n')
    assert docstrings.harvest(["loose"], progress=False).versions == {"loose": "unknown"}
    assert not (tmp_path / "cache").exists()


def test_numpy_speaks_english(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    world = docstring_corpus(packages=["numpy"], n_held_out=128, progress=False)
    assert len(world.train) > 1000 and world.info["versions"] == {"numpy": np.__version__}
    assert {"the", "of", "array", "return"} <= set(world.words[:60])
    held = {tuple(row) for row in world.held_out.tolist()}
    assert not held & {tuple(row) for row in world.train.tolist()}
    assert world.sha256 == docstring_corpus(packages=["numpy"], n_held_out=128, progress=False).sha256  # from the cache

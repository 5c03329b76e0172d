"""A file is replaced whole or not at all, also where somebody else has it open."""

from __future__ import annotations

import os

import pytest

from uddm_mini import files
from uddm_mini.files import check_writable, replacing


def test_a_file_that_somebody_reads_is_replaced_a_moment_later(tmp_path, monkeypatch):
    # on Windows nothing takes the place of an open file
    real, refused = os.replace, []

    def replace(old, new):
        if len(refused) < 2:
            refused.append(new)
            raise PermissionError("[WinError 5] Access is denied")
        real(old, new)

    monkeypatch.setattr(files.os, "replace", replace)
    monkeypatch.setattr(files, "TRIES", 3)
    monkeypatch.setattr(files, "PAUSE", 0.0)
    path = tmp_path / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new" and len(refused) == 2
    refused.clear()
    monkeypatch.setattr(files, "TRIES", 1)
    with pytest.raises(PermissionError), replacing(path) as temporary:
        temporary.write_text("newer")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_replacing_is_invisible_until_it_is_done(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.parent == path.parent
    assert path.read_text() == "new"
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "new" and len(list(tmp_path.iterdir())) == 1


def test_a_place_where_nothing_can_be_written_is_named_and_a_good_one_left_alone(tmp_path):
    check_writable(tmp_path / "new" / "a.txt")
    assert list((tmp_path / "new").iterdir()) == [], "a folder is made, and no file"
    with pytest.raises(IsADirectoryError, match="give the name of a file in it"):
        check_writable(tmp_path)
    (tmp_path / "a file").write_text("x")
    with pytest.raises(OSError, match="a file"):
        check_writable(tmp_path / "a file" / "b.txt")

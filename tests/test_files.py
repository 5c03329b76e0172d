"""A file is replaced whole or not at all, also where somebody else has it open."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from uddm_mini import files
from uddm_mini.files import at, check_writable, replacing


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


posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and locks of POSIX")


@posix
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_permissions_that_the_mask_leaves(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with replacing(tmp_path / "a.txt") as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == mode


@posix
def test_a_file_keeps_its_permissions_and_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "deep" / "real.txt", tmp_path / "link.txt"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    with replacing(link) as temporary:
        temporary.write_text("new")
        assert temporary.parent == real.parent
    assert link.is_symlink() and real.read_text() == "new" and stat.S_IMODE(real.stat().st_mode) == 0o640
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError), replacing(loop) as temporary:
        temporary.write_text("x")
    gone = tmp_path / "gone.txt"
    gone.symlink_to(tmp_path / "later.txt")
    with replacing(gone) as temporary:
        temporary.write_text("x")
    assert gone.is_symlink() and (tmp_path / "later.txt").read_text() == "x"


@posix
def test_a_device_or_a_pipe_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(FileExistsError, match="a device or a pipe"), replacing(path) as temporary:
            temporary.write_text("x")
        with pytest.raises(FileExistsError, match="a device or a pipe"):
            check_writable(path)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode) and stat.S_ISCHR(os.stat("/dev/null").st_mode)


KILLED = """
import importlib.util, os, signal, sys
spec = importlib.util.spec_from_file_location("files", sys.argv[3])  # alone, for the package takes seconds to import
files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(files)
with files.replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    if sys.argv[2] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    print("ready", flush=True)
    sys.stdin.read()
"""


@posix
def test_what_a_killed_process_left_is_tidied_up_and_what_a_living_one_writes_is_not(tmp_path):
    path, start = tmp_path / "a.txt", [sys.executable, "-c", KILLED, str(tmp_path / "a.txt")]
    subprocess.run([*start, "kill", files.__file__], check=False)
    assert len(list(tmp_path.iterdir())) == 1, "a temporary file is left"
    alive = subprocess.Popen([*start, "wait", files.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert alive.stdout.readline() == "ready\n"
        with replacing(path) as temporary:
            temporary.write_text("new")
            assert len(list(tmp_path.iterdir())) == 2, "that of the living and ours"
        assert path.read_text() == "new"
    finally:
        alive.communicate("")
    assert path.read_text() == "half" and list(tmp_path.iterdir()) == [path]


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    for name in ("a" * 255, "é" * 127):
        with replacing(tmp_path / name) as temporary:
            temporary.write_text("x")
        assert (tmp_path / name).read_text() == "x"


def test_a_file_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    done, sync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(files.os, "fsync", lambda handle: (done.append("fsync"), sync(handle))[1])
    monkeypatch.setattr(files.os, "replace", lambda *names: (done.append("replace"), replace(*names))[1])
    with replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert done[:2] == ["fsync", "replace"]


def test_the_home_folder_has_a_short_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with replacing("~/a.txt") as temporary:
        temporary.write_text("x")
    assert (tmp_path / "a.txt").read_text() == "x" and at("~") == tmp_path
    assert str(at("~nobody-of-this-name/x")) == "~nobody-of-this-name/x"

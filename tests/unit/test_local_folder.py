"""The data folder: one supervisor at a time, secrets for the owner alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.local.errors import BadSetting
from deployments.local.folder import DataFolder, Running
from deployments.local.processes import identify

RUNNING = Running("http://127.0.0.1:8000", "", "", "", "", "mini", os.getpid(), 0, 0, 0)


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    first = folder.secret("operator_token")

    assert len(first) >= 32
    assert folder.secret("operator_token") == first
    assert (tmp_path / "operator_token").stat().st_mode & 0o777 == 0o600


def test_two_supervisors_never_share_a_folder(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.acquire()

    with pytest.raises(BadSetting, match=f"in use by process {os.getpid()}"):
        second.acquire()

    first.release()
    second.acquire()
    second.release()


def test_a_start_waits_for_the_keeper_of_a_killed_supervisor(tmp_path: Path) -> None:
    """The keeper holds the lock; the lock file names a supervisor that is dead."""
    folder = DataFolder(tmp_path)
    folder.acquire()
    (tmp_path / "lock").write_text(json.dumps({"pid": os.getpid(), "started": "long ago"}))
    keeper = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(folder.lock,)
    )
    folder.release()
    assert keeper.stdin is not None
    keeper.stdin.close()

    DataFolder(tmp_path).acquire()

    keeper.wait()


def test_what_a_dead_supervisor_announced_counts_for_nothing(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.acquire()
    folder.announce(RUNNING)
    assert folder.running() == RUNNING

    (tmp_path / "lock").write_text(json.dumps({"pid": os.getpid(), "started": "long ago"}))

    assert folder.running() is None
    folder.release()


def test_a_folder_that_cannot_be_made_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BadSetting, match="FITMATCH_DATA_DIR"):
        DataFolder(tmp_path / "file" / "data").acquire()


def test_a_process_is_known_by_its_number_and_its_start() -> None:
    me = identify(os.getpid())

    assert me is not None
    assert me.pid == os.getpid()
    assert identify(os.getpid()) == me

"""Children: they end with their parent, and are found by a mark that no other process carries."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deployments.local import processes
from deployments.local.environment import mark_of, of_child

FOREVER = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
PARENT = """
import os, signal, sys
from pathlib import Path
from deployments.local.environment import of_child
from deployments.local.processes import spawn
child = spawn([sys.executable, "-c", "import signal; signal.pause()"], death_signal=signal.SIGTERM,
              log=Path(os.devnull), env=of_child(sys.argv[1]), cwd=Path("/"))
print(child.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def mark(tmp_path: Path) -> str:
    return mark_of("test", tmp_path)


def start(mark: str, code: str, log: Path) -> subprocess.Popen[bytes]:
    return processes.spawn(
        [sys.executable, "-c", code], death_signal=signal.SIGTERM, log=log, env=of_child(mark), cwd=log.parent
    )


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while processes.identify(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the keeper ends the children")
def test_a_child_ends_when_its_parent_is_killed(mark: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, mark], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    wait_until_gone(child)


def test_a_child_is_found_by_its_mark_and_so_are_its_children(mark: str, tmp_path: Path) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FOREVER!r}])"
    child = start(mark, code, tmp_path / "log")
    deadline = time.monotonic() + 10
    while len(processes.find(mark)) < 2:
        assert time.monotonic() < deadline

    assert child.pid in processes.find(mark)
    assert processes.find(mark_of("test", tmp_path / "another")) == []
    assert processes.end(mark, signal.SIGTERM, 5) == 2
    child.wait()
    assert processes.find(mark) == []


def test_a_child_that_ignores_the_question_is_killed_after_its_grace(mark: str, tmp_path: Path) -> None:
    child = start(mark, STUBBORN, tmp_path / "log")
    while "up" not in (tmp_path / "log").read_text():
        assert child.poll() is None

    assert processes.stop(child, signal.SIGTERM, 0.1) is False

    assert child.returncode == -signal.SIGKILL


def test_a_number_that_another_process_has_by_now_is_not_the_same_process() -> None:
    me = processes.identify(os.getpid())

    assert me is not None
    assert processes.is_alive(me)
    assert not processes.is_alive(processes.Identity(me.pid, "an earlier start"))


def test_an_ended_child_that_nobody_waited_for_is_not_alive(mark: str, tmp_path: Path) -> None:
    child = start(mark, "pass", tmp_path / "log")

    wait_until_gone(child.pid)

    child.wait()

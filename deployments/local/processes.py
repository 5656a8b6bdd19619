"""Child processes that end with the supervisor, and are never mistaken for another process that has their number."""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployments.local.environment import MARK

DESCRIPTORS_MAX = 200_000
"""Chroma keeps up to five descriptors for each collection it has opened (docs/operations.md)."""

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.05


@dataclass(frozen=True)
class Account:
    """Whom a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Identity:
    """A number alone may be given to another process; with its start it is unique."""

    pid: int
    started: str


def identify(pid: int) -> Identity | None:
    """None when there is no such process, or only its unread exit status is left."""
    started = _started_linux(pid) if sys.platform == "linux" else _started_posix(pid)
    return Identity(pid, started) if started else None


def is_alive(identity: Identity) -> bool:
    return identify(identity.pid) == identity


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child in its own session; on Linux it gets `death_signal` when the calling *thread* ends."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_setup(death_signal, os.getpid()),  # noqa: PLW1509 - the supervisor starts children from its only thread
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def stop(child: subprocess.Popen[bytes], signal_: signal.Signals, grace_s: float) -> bool:
    """Asks with `signal_` and waits; kills after `grace_s`. False when it had to be killed."""
    if child.poll() is not None:
        return True
    child.send_signal(signal_)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return False
    return True


def find(mark: str) -> list[int]:
    """Every living process whose environment carries the mark, however it was started."""
    wanted = f"{MARK}={mark}"
    if sys.platform == "linux":
        return [pid for pid in _numbers() if wanted.encode() in _environment(pid)]
    shown = subprocess.run(["ps", "-axEwwo", "pid=,command="], capture_output=True, text=True, check=False).stdout
    lines = (line.strip().partition(" ") for line in shown.splitlines() if wanted in line.split())
    return [int(pid) for pid, _, _ in lines]


def end(mark: str, ask: signal.Signals, grace_s: float) -> int:
    """Ends every process with the mark, and what they start meanwhile: asks, waits, kills. How many there were."""
    found = find(mark)
    for pid in found:
        _send(pid, ask)
    deadline = time.monotonic() + grace_s
    while find(mark) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    while left := find(mark):
        for pid in left:
            _send(pid, signal.SIGKILL)
        time.sleep(_POLL_S)
    return len(found)


def _setup(death_signal: signal.Signals, parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    descriptors = DESCRIPTORS_MAX if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS_MAX)

    def setup() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:  # it ended before the line above
                os._exit(1)

    return setup


def _started_linux(pid: int) -> str | None:
    try:
        # The name in parentheses may hold anything, so count fields after the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}/{ticks}"


def _started_posix(pid: int) -> str | None:
    shown = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return None if not shown or shown.startswith("Z") else shown.partition(" ")[2].strip()


def _numbers() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _environment(pid: int) -> list[bytes]:
    """Empty for a process that has ended, and for other users' processes."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)

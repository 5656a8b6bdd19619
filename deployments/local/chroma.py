"""A real Chroma server as a child of whoever starts it, with the check for torn collections before each start."""

import contextlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from deployments.local import ports, processes, torn
from deployments.local.environment import mark_of, of_child
from deployments.local.errors import StartFailed

READY_S_MAX = 60.0
STOP_S_MAX = 60.0
"""A kill inside an index persist poisons that collection, so Chroma gets all this time to end."""

_POLL_S = 0.02
_FREE_S_MAX = 5.0
_STARTS_MAX = 5
_COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"
# What the `chroma` command does, without importing the package's client half first (1 s).
_COMMAND = "import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(['chroma', *sys.argv[1:]])"


class EmbeddedChroma:
    """One server with its data in `folder`; start and stop it from the main thread: the child dies with its thread."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        """Without a port, a free one is chosen at the first start and kept."""
        self._folder = folder.resolve()
        self._port = port
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """0 before the first start."""
        return self._child.pid if self._child else 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def torn(self) -> list[str]:
        """Collections that a start deleted because they were torn: rebuild them, then `forget_torn`."""
        return self._torn_file.read_text().split() if self._torn_file.exists() else []

    def forget_torn(self) -> None:
        self._torn_file.unlink(missing_ok=True)

    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> str:
        """Returns the URL when Chroma answers. Raises StartFailed."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.end_leftover()
        torn.remove_orphans(self._data)
        if found := torn.find(self._data):
            # Noted first: a start that ends before the rebuild must not forget it.
            self._torn_file.write_text("\n".join({*self.torn, *found}))
            self._delete_torn(found)
        if self._port is not None:
            self._child = self._launch(self._port)
        for _ in range(_STARTS_MAX):
            if self._port is not None:
                break
            (port,) = ports.choose()
            with contextlib.suppress(_PortTaken):
                self._child = self._launch(port)
                self._port = port
        return self.url

    def stop(self) -> None:
        if self._child is not None:
            processes.stop(self._child, signal.SIGTERM, STOP_S_MAX)

    def end_leftover(self) -> None:
        """A server that a killed supervisor left behind: two on one folder would spoil it."""
        processes.end(mark_of("chroma", self._folder), signal.SIGTERM, STOP_S_MAX)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _torn_file(self) -> Path:
        return self._folder / "torn"

    @property
    def _log(self) -> Path:
        return self._folder / "chroma.log"

    def _delete_torn(self, names: list[str]) -> None:
        """On a port that nobody knows: any other call on a torn collection would end the server."""
        (port,) = ports.choose()
        child = self._launch(port)
        try:
            for name in names:
                request = urllib.request.Request(f"http://127.0.0.1:{port}{_COLLECTIONS}/{name}", method="DELETE")
                with urllib.request.urlopen(request, timeout=READY_S_MAX):  # noqa: S310
                    pass
        except OSError as error:
            raise StartFailed(f"Chroma could not delete the torn collections {', '.join(names)}: {error}.") from error
        finally:
            processes.stop(child, signal.SIGTERM, STOP_S_MAX)
        torn.remove_orphans(self._data)

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        _wait_free(port)
        child = processes.spawn(
            [sys.executable, "-c", _COMMAND, "run", "--path", self._data, "--host", "127.0.0.1", "--port", str(port)],
            death_signal=signal.SIGTERM,
            log=self._log,
            env=of_child(mark_of("chroma", self._folder)),
            cwd=self._folder,
        )
        deadline = time.monotonic() + READY_S_MAX
        while not _answers(port):
            if child.poll() is not None:
                reason = _last_line(self._log)
                if "not available" in reason or "in use" in reason:
                    raise _PortTaken(f"Chroma's port {port} is taken by another process.")
                raise StartFailed(f"Chroma did not start ({reason}); its log is {self._log}.")
            if time.monotonic() > deadline:
                processes.stop(child, signal.SIGTERM, STOP_S_MAX)
                raise StartFailed(f"Chroma did not answer within {READY_S_MAX:.0f} s; its log is {self._log}.")
            time.sleep(_POLL_S)
        return child


class _PortTaken(StartFailed):
    """Another server answers there, or did a moment ago."""


def _wait_free(port: int) -> None:
    """Another server's answer must not pass for our child's."""
    deadline = time.monotonic() + _FREE_S_MAX
    while not ports.is_free(port):
        if time.monotonic() > deadline:
            raise _PortTaken(f"Chroma's port {port} is taken by another process.")
        time.sleep(_POLL_S)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=5) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "no log"
    return lines[-1].strip() if lines else "no log"

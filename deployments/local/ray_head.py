"""A Ray node as a child: all its processes, ports, sockets and logs apart from any other instance's."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deployments.local import processes
from deployments.local.configuration import ROOT
from deployments.local.environment import mark_of, of_child
from deployments.local.errors import StartFailed
from deployments.local.postgres import short_temp
from deployments.local.ray_command import RayPlace, RayPorts, command, redis_of, switches

STOP_S_MAX = 1.0
SESSIONS_KEPT = 3
"""Of Ray's, in a folder that stays; their names begin with the time."""
_TOKEN = "ray_token"  # noqa: S105 - a file's name


class RayHead:
    """`ray start --block` and all that it starts, in a session of its own."""

    def __init__(self, folder: Path, given: RayPorts, place: RayPlace | None = None) -> None:
        """`folder`: where logs and the token are kept; the sockets need a short path and are elsewhere.

        Without a place it is a head that listens on this machine alone.
        """
        self._folder = folder
        self._mark = mark_of("ray", folder)
        self._ports = given
        self._place = place
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """0 before the first start."""
        return self._child.pid if self._child else 0

    @property
    def dashboard_url(self) -> str:
        return f"http://127.0.0.1:{self._ports.dashboard}"

    @property
    def token(self) -> str:
        """The bearer of the dashboard and of Serve's REST API."""
        return (self._folder / _TOKEN).read_text()

    @property
    def token_file(self) -> Path:
        return self._folder / _TOKEN

    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def launch(self, variables: Mapping[str, str], token: str) -> None:
        """Returns at once; Ray needs some seconds until its dashboard answers. `variables` reach every replica."""
        self.end_leftover()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_secret(self.token_file, token)
        sockets = self._open_sockets()
        path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
        self._child = processes.spawn(
            command(self._ports, sockets, self._place),
            death_signal=signal.SIGTERM,
            log=self._folder / "ray.log",
            env={
                **of_child(self._mark),
                **switches(self._ports, sockets, self.token_file, self._place),
                **redis_of(self._place),
                **variables,
                "PYTHONPATH": path,
            },
            cwd=ROOT,
        )

    def stop(self) -> None:
        """All at once, not by `ray stop`: after Serve's shutdown Ray holds nothing of value."""
        self.end_leftover()
        if self._child is not None:
            self._child.wait()

    def end_leftover(self) -> None:
        """Ends what Ray started and did not end, and keeps the logs of that run."""
        processes.end(self._mark, signal.SIGTERM, STOP_S_MAX)
        link = self._folder / "sockets"
        if not link.is_symlink():
            return
        left = link.readlink()
        for logs in left.glob("session_2*/logs"):
            kept = self._folder / "logs"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(logs, kept, symlinks=True, ignore_dangling_symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(left, ignore_errors=True)
        link.unlink()

    def _open_sockets(self) -> Path:
        """The place's own folder stays when this ends; a temporary one does not."""
        if self._place:
            self._place.temp.mkdir(parents=True, exist_ok=True)
            _forget_sessions(self._place.temp)
            return self._place.temp
        sockets = Path(tempfile.mkdtemp(prefix="fm-ray-", dir=short_temp()))
        (self._folder / "sockets").symlink_to(sockets)
        return sockets

    def last_words(self) -> str:
        try:
            lines = (self._folder / "ray.log").read_text(errors="replace").strip().splitlines()
        except OSError:
            return "no log"
        return lines[-1].strip() if lines else "no log"

    def check(self) -> None:
        """Raises StartFailed when Ray has ended."""
        if not self.is_running():
            raise StartFailed(f"Ray ended ({self.last_words()}); its logs are in {self._folder}.")


def _forget_sessions(temp: Path) -> None:
    """Each start leaves a folder of logs behind: a head that restarts again and again would fill the disk."""
    sessions = [folder for folder in temp.glob("session_2*") if folder.is_dir() and not folder.is_symlink()]
    for old in sorted(sessions)[:-SESSIONS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _write_secret(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)

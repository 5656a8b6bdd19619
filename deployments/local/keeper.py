"""`python -m deployments.local.keeper FOLDER`: outlives the supervisor, and ends what a killed one leaves behind.

It holds the data folder's lock with the supervisor, so that a new start waits until the folder is clean.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from deployments.local.chroma import EmbeddedChroma
from deployments.local.configuration import ROOT
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.ray_head import RayHead, RayPorts


class Keeper:
    """The supervisor's end: as long as it keeps the pipe open, the keeper waits."""

    def __init__(self, folder: Path, lock: int) -> None:
        self._folder = folder
        self._lock = lock
        self._child: subprocess.Popen[bytes] | None = None

    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "deployments.local.keeper", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            start_new_session=True,
            cwd=ROOT,
        )

    def stop(self) -> None:
        """After everything else has ended: it then finds nothing to do."""
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
            self._child.wait()


def end_leftovers(folder: Path) -> None:
    """Ray first, since it writes to the others; then Chroma with its grace; then Postgres."""
    RayHead(folder / "ray", RayPorts(0, 0, 0)).end_leftover()
    EmbeddedChroma(folder / "chroma").end_leftover()
    EmbeddedPostgres(folder / "postgres").end_leftover()


def main() -> None:
    """Waits for the end of the pipe, which the system closes however the supervisor ends."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    while os.read(sys.stdin.fileno(), 4096):
        pass
    end_leftovers(Path(sys.argv[1]))


if __name__ == "__main__":
    main()

"""The data folder: who owns it, what is kept in it."""

import fcntl
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from deployments.local.errors import BadSetting
from deployments.local.processes import Identity, identify, is_alive

LEFTOVERS_S_MAX = 100.0
"""How long the keeper of a killed supervisor may take to end what was left behind."""


@dataclass(frozen=True)
class Running:
    """What a running FitMatch tells other commands, in `running.json`."""

    url: str
    dashboard_url: str
    metrics_url: str
    postgres_dsn: str
    chroma_url: str
    checkpoint: str
    supervisor_pid: int
    postgres_pid: int
    """0: not ours."""
    chroma_pid: int
    ray_pid: int


class DataFolder:
    """Private to its owner; all that FitMatch keeps on one machine."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock = -1

    @property
    def lock(self) -> int:
        """A descriptor; the folder is ours while any process holds it open."""
        return self._lock

    def acquire(self) -> None:
        """Waits for the keeper of a killed supervisor. Raises BadSetting when a living one has the folder."""
        self._open()
        deadline = time.monotonic() + LEFTOVERS_S_MAX
        while not self._try_lock():
            owner = self.owner()
            if owner is not None or time.monotonic() > deadline:
                self.release()
                who = f"process {owner.pid}" if owner else "another process"
                raise BadSetting(f"{self.path} is in use by {who}: stop it, or set FITMATCH_DATA_DIR to another.")
            time.sleep(0.1)
        me = identify(os.getpid())
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, json.dumps(asdict(me) if me else {}).encode(), 0)

    def release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def owner(self) -> Identity | None:
        """The living supervisor that wrote its name into the lock."""
        try:
            identity = Identity(**json.loads((self.path / "lock").read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return identity if is_alive(identity) else None

    def secret(self, name: str) -> str:
        """Made at first use, readable by the owner only."""
        if not (kept := self.read(name)):
            kept = secrets.token_urlsafe(32)
            self.write(name, kept)
        return kept

    def read(self, name: str) -> str:
        """Empty when there is none."""
        try:
            return (self.path / name).read_text().strip()
        except OSError:
            return ""

    def write(self, name: str, text: str) -> None:
        """Whole or not at all, readable by the owner only."""
        fresh = self.path / f"{name}.new"
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def announce(self, running: Running) -> None:
        self.write("running.json", json.dumps(asdict(running), indent=2))

    def running(self) -> Running | None:
        """None unless a living supervisor is ready."""
        text = self.read("running.json")
        if not text or self.owner() is None:
            return None
        return Running(**json.loads(text))

    def _open(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Under root Postgres is another user and must pass through.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            (self.path / "photos").mkdir(exist_ok=True, mode=0o700)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BadSetting(f"FITMATCH_DATA_DIR: {self.path} is unusable ({error.strerror}); name another.") from error

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

"""`fitmatch run` as a user starts it: a process with a data folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from deployments.local import folder as data_folder
from deployments.local import ports
from deployments.local.environment import mark_of
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.processes import find, identify, spawn

ROOT = Path(__file__).parent.parent.parent
READY_S_MAX = 240.0
STOP_S_MAX = 120.0
POLL_S = 0.05

Found = TypeVar("Found")


@dataclass(frozen=True)
class Running:
    """A FitMatch that was ready when this was made. A part that is restarted gets another number: ask `now`."""

    folder: Path
    process: subprocess.Popen[bytes]
    url: str
    operator_token: str
    chroma_url: str
    postgres_dsn: str

    def now(self) -> data_folder.Running:
        """What it says of itself at this moment."""
        return wait_for(lambda: data_folder.DataFolder(self.folder).running(), "FitMatch is ready", READY_S_MAX)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_S_MAX)

    def said(self) -> str:
        return said(self.folder)


def start(folder: Path, **settings: str) -> Running:
    """On a free port, without the demo shop; returns when it is ready."""
    process = launch(folder, **settings)
    data = data_folder.DataFolder(folder)

    def ready() -> data_folder.Running | None:
        if process.poll() is not None:
            raise AssertionError(f"fitmatch run ended: {said(folder)}")
        found = data.running()
        return found if found and found.supervisor_pid == process.pid else None

    found = wait_for(ready, "FitMatch is ready", READY_S_MAX)
    token = settings.get("FITMATCH_OPERATOR_TOKEN") or data.read("operator_token")
    return Running(folder, process, found.url, token, found.chroma_url, found.postgres_dsn)


def launch(folder: Path, **settings: str) -> subprocess.Popen[bytes]:
    """It does not inherit what the tests were told. What it prints: `said`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FITMATCH_")}
    own = {"FITMATCH_DATA_DIR": str(folder), "FITMATCH_DEMO": "0", "FITMATCH_HTTP_PORT": str(ports.choose()[0])}
    log_of(folder).parent.mkdir(parents=True, exist_ok=True)
    log_of(folder).write_text("")
    return spawn(
        [sys.executable, "-m", "deployments.cli", "run"],
        death_signal=signal.SIGTERM,  # also when the tests are killed
        log=log_of(folder),
        env=inherited | own | settings,
        cwd=ROOT,
    )


def in_production() -> bool:
    """Whether `make prod-check` runs these tests, on the production layout."""
    return os.environ.get("FITMATCH_TEST_LAYOUT") == "production"


def replicas_configured() -> dict[str, int]:
    """By deployment, in the Serve config that the tests run on."""
    config = yaml.safe_load((ROOT / f"serve_config.{'cpu' if in_production() else 'local'}.yaml").read_text())
    return {each["name"]: each["num_replicas"] for each in config["applications"][0]["deployments"]}


def said(folder: Path) -> str:
    """What the last start in this folder has printed."""
    return log_of(folder).read_text()


def log_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.log")


def left_behind(folder: Path) -> list[int]:
    """Living processes that a FitMatch with this data folder has started."""
    postgres = EmbeddedPostgres(folder / "postgres").data / "postmaster.pid"
    found = [int(postgres.read_text().split("\n", 1)[0])] if postgres.exists() else []
    marks = (mark_of("ray", folder / "ray"), mark_of("chroma", folder / "chroma"))
    return [pid for pid in found if identify(pid)] + [pid for mark in marks for pid in find(mark)]


def wait_for(condition: Callable[[], Found | None], what: str, seconds_max: float) -> Found:
    deadline = time.monotonic() + seconds_max
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds_max:.0f} s: {what}"
        time.sleep(POLL_S)
    return found

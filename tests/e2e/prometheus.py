"""The real Prometheus with the shipped files, watching a FitMatch of the tests."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.local import ports, processes
from tests.deployment.test_monitoring import FOLDER, MISSING
from tests.e2e.instance import wait_for

READY_S_MAX = 60.0
STOP_S_MAX = 20.0


@dataclass(frozen=True)
class Prometheus:
    url: str
    process: subprocess.Popen[bytes]

    def api(self, path: str, **parameters: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def ask(self, expression: str) -> list[dict[str, Any]]:
        return self.api("query", query=expression)["result"]

    def stop(self) -> None:
        processes.stop(self.process, signal.SIGTERM, STOP_S_MAX)


def program() -> str:
    """Without it the tests fail in CI; elsewhere they are skipped."""
    found = shutil.which("prometheus")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


def start(folder: Path, addresses: dict[str, str]) -> Prometheus:
    """`addresses`: what stands in the place of each address of the shipped file; nothing else is changed."""
    config = (FOLDER / "prometheus.yml").read_text()
    for shipped, here in addresses.items():
        assert config.count(f"[{shipped}]") == 1, shipped
        config = config.replace(f"[{shipped}]", f"[{here}]")
    (folder / "prometheus.yml").write_text(config)
    shutil.copy(FOLDER / "alerts.yml", folder)
    (port,) = ports.choose()
    process = processes.spawn(
        [
            program(),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        death_signal=signal.SIGTERM,
        log=folder / "prometheus.log",
        env=os.environ,
        cwd=folder,
    )
    started = Prometheus(f"http://127.0.0.1:{port}", process)

    def ready() -> bool:
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        try:
            return httpx.get(f"{started.url}/-/ready", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(ready, "Prometheus is ready", READY_S_MAX)
    return started

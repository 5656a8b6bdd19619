"""What is compared: FitMatch and the baselines as processes, each with its own way to take a prompt or a photo."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from deployments.local import ports, processes
from deployments.local.chroma import EmbeddedChroma
from deployments.local.environment import mark_of
from models.checkpoint import Checkpoint
from tests.benchmarks import agreement, instances
from tests.benchmarks.clients import MARK, Load
from tests.e2e.client import bearer, json, open_shop
from tests.e2e.instance import ROOT, wait_for

READY_S_MAX = 120.0
RESULTS = 10


@dataclass(frozen=True)
class Server:
    """`upload` is None where a server takes no photos; `ready` counts the photos that a prompt can find."""

    name: str
    url: str
    body: Mapping[str, Any]
    start_s: float
    """From the start of its first process to its first ready answer."""
    pids: Callable[[], set[int]]
    headers: Mapping[str, str] = field(default_factory=dict)
    upload: Callable[[int, bytes], None] | None = None
    ready: Callable[[], int] = lambda: 0
    check: Callable[[], None] = lambda: None
    """Ends the benchmark if what was uploaded is not there."""
    metrics_url: str = ""

    def load(self, *, clients: int, warm_up_s: float, seconds: float, first: int, repeated: bool = False) -> Load:
        return Load(self.url, self.body, clients, warm_up_s, seconds, first, self.headers, repeated)

    def cpu_s(self) -> float:
        """Of all its living processes, and of children that ended, since they started."""
        return sum(_cpu_s(pid) for pid in self.pids())

    def memory(self) -> dict[str, float]:
        """Bytes by part: proportional set size, so that what processes share is counted once."""
        found: dict[str, float] = {}
        for pid in self.pids():
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                part = _part(" ".join(process.cmdline()))
                found[part] = found.get(part, 0) + float(process.memory_full_info().pss)
        return found


@contextmanager
def fitmatch(checkpoint: Checkpoint) -> Generator[Server]:
    start = time.perf_counter()
    with instances.fitmatch(FITMATCH_CHECKPOINT=str(checkpoint.folder)) as running:
        start_s = time.perf_counter() - start
        shop = open_shop(running.url, running.operator_token, "benchmark")
        # Limits are for one shop's sake; what is measured is the machine.
        key = json(shop.http.post("/v1/keys", json={"name": "load", "kind": "secret", "rate_limit": 1_000_000}), 201)
        http = httpx.Client(base_url=running.url, headers=bearer(key["key"]), timeout=60, limits=_LIMITS)

        def upload(number: int, photo: bytes) -> None:
            fields = {"name": f"product {number}", "external_id": f"bench-{number}"}
            json(http.post("/v1/products", data=fields, files={"photo": ("photo.jpg", photo)}), 202)

        def ready() -> int:
            index = json(http.get("/v1/index"))
            assert not index["failed"], index
            return index["ready"]

        roots = {running.process.pid, running.now().postgres_pid}
        marks = [mark_of(part, running.folder / part) for part in ("ray", "chroma")]
        yield Server(
            name="FitMatch",
            url=f"{running.url}/v1/recommendations",
            body={"prompt": MARK, "num_results": RESULTS},
            start_s=start_s,
            pids=lambda: with_children(roots | {pid for mark in marks for pid in processes.find(mark)}),
            headers=bearer(key["key"]),
            upload=upload,
            ready=ready,
            check=lambda: agreement.check(running, shop),
            metrics_url=running.now().metrics_url,
        )
        http.close()


@contextmanager
def afternoon(checkpoint: Checkpoint) -> Generator[Server]:
    """One plain process beside a real Chroma server."""
    (port,) = ports.choose()
    with instances.scratch() as folder:
        start = time.perf_counter()
        chroma = EmbeddedChroma(folder / "chroma")
        chroma_url = chroma.start()
        settings = {"CHECKPOINT": str(checkpoint.folder), "CHROMA_PORT": chroma_url.rpartition(":")[2]}
        command = [sys.executable, "-m", "uvicorn", "tests.benchmarks.afternoon_server:app", "--port", str(port)]
        url = f"http://127.0.0.1:{port}"
        try:
            with program(command, folder / "server.log", ready_url=f"{url}/docs", **settings) as process:
                http = httpx.Client(base_url=url, timeout=60, limits=_LIMITS)
                added: list[str] = []  # searchable once answered: it adds to Chroma before it answers

                def upload(number: int, photo: bytes) -> None:
                    answer = http.post("/products", data={"name": f"{number}"}, files={"photo": ("photo.jpg", photo)})
                    added.append(json(answer)["id"])

                yield Server(
                    name="plain FastAPI",
                    url=f"{url}/search",
                    body={"prompt": MARK, "n": RESULTS},
                    start_s=time.perf_counter() - start,
                    pids=lambda: with_children({process.pid, chroma.pid}),
                    upload=upload,
                    ready=lambda: len(added),
                )
                http.close()
        finally:
            chroma.stop()


@contextmanager
def program(command: list[str], log: Path, *, ready_url: str, **settings: str) -> Generator[subprocess.Popen[bytes]]:
    """Ready when `ready_url` answers 200."""
    process = processes.spawn(
        command, death_signal=signal.SIGTERM, log=log, env={**os.environ, **QUIET, **settings}, cwd=ROOT
    )

    def ready() -> bool:
        if process.poll() is not None:
            raise SystemExit(f"{command[0]} ended: {log.read_text()[-2000:]}")
        try:
            return httpx.get(ready_url, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_for(ready, f"{ready_url} answers", READY_S_MAX)
        yield process
    finally:
        processes.stop(process, signal.SIGTERM, 20)


QUIET = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "ANONYMIZED_TELEMETRY": "False", "NO_COLOR": "1"}
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=64)


def with_children(roots: set[int]) -> set[int]:
    found = {pid for pid in roots if psutil.pid_exists(pid)}
    return found | {child.pid for pid in found for child in psutil.Process(pid).children(recursive=True)}


def _cpu_s(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


def _part(command: str) -> str:
    """Serve's replicas title themselves `ray::ServeReplica:application:Deployment`."""
    if replica := re.match(r"ray::ServeReplica:\w+:(\w+)", command):
        return replica[1]
    stores = {"postgres": "Postgres", "chroma": "Chroma", "decode_process": "decoders", "ray": "Ray and HAProxy"}
    return next((part for sign, part in stores.items() if sign in command.lower()), "the rest")

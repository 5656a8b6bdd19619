"""`fitmatch serve`: a Ray head with Serve on it, until SIGTERM. It ends when what it runs is broken: whoever started it
(Docker, systemd) starts it again."""

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import httpx

from db import migrate
from db.errors import Unavailable
from deployments.host import configuration
from deployments.host.configuration import Host
from deployments.local import chroma_servers, keeper, serve_app
from deployments.local import configuration as local
from deployments.local.errors import BadSetting, StartFailed
from deployments.local.folder import DataFolder, Running
from deployments.local.ray_head import RayHead
from deployments.local.run import until_signal

STORES_S_MAX = 120.0
DRAIN_S_MAX = 75.0
"""Longer than Ingest's graceful_shutdown_timeout_s; Docker is told to wait longer still."""
LIVEZ_S_MAX = 30.0
"""The Gateway's process answers no longer: Serve has had its chance to replace it."""
_LIVEZ_TIMEOUT_S = 3.0
_WATCH_S = 1.0
_RETRY_S = 1.0


def serve() -> int:
    """0, after SIGTERM or Ctrl-C. Raises BadSetting; StartFailed when something could not start or has broken."""
    host = configuration.read_head(os.environ)
    for sentence in local.unknown(os.environ):
        tell("warning", reason=sentence)
    folder = DataFolder(host.given.data_dir)
    folder.acquire()
    try:
        return asyncio.run(_serve(host, folder))
    finally:
        folder.release()


async def _serve(host: Host, folder: DataFolder) -> int:
    keeper.end_leftovers(folder.path)
    local.check_ports(host.given)
    guard = keeper.Keeper(folder.path, folder.lock)
    head = RayHead(folder.path / "ray", host.ports, host.place)
    async with until_signal():
        await _prepare_stores(host)
        await asyncio.to_thread(local.find_checkpoint, host.checkpoint)  # it may download for minutes
        async with _running(host, folder, head, guard):
            await _deploy(host, head)
            folder.announce(_announcement(host, head))
            tell("ready", url=host.given.url)
            await _watch(host, head, guard)
    return 0


def tell(event: str, **fields: object) -> None:
    """One JSON line, as the replicas log."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sys.stdout.write(json.dumps({"at": at, "logger": "serve", "event": event, **fields}) + "\n")
    sys.stdout.flush()


@asynccontextmanager
async def _running(host: Host, folder: DataFolder, head: RayHead, guard: keeper.Keeper) -> AsyncGenerator[None]:
    """Ray, until the block ends: its replicas then finish what they do."""
    tell("starting ray")
    guard.start()
    head.launch(_variables(host), host.ray_token or secrets.token_urlsafe(32))
    try:
        yield
    finally:
        tell("stopping")
        folder.remove("running.json")
        await asyncio.shield(_stop(head, guard))
        tell("stopped")


async def _stop(head: RayHead, guard: keeper.Keeper) -> None:
    if head.is_running():
        await serve_app.shut_down(head, DRAIN_S_MAX)
    head.stop()
    guard.stop()


async def _prepare_stores(host: Host) -> None:
    """Waits for Postgres and Chroma, and migrates. Raises BadSetting when they stay away."""
    dsn, chroma_url = host.given.postgres_dsn or "", host.given.chroma_url or ""

    async def apply() -> None:
        for name in await migrate.migrate(dsn):
            tell("migrated", file=name)

    await _patiently(apply, "FITMATCH_POSTGRES_DSN: Postgres does not answer there")

    async def ask_chroma() -> None:
        for sentence in await chroma_servers.complaints(dsn, chroma_url):
            tell("warning", reason=sentence)

    await _patiently(ask_chroma, f"FITMATCH_CHROMA_URL: no Chroma answers at {chroma_url}")


async def _patiently(work: Callable[[], Awaitable[None]], otherwise: str) -> None:
    """Stores start at the same time as this does."""
    deadline = time.monotonic() + STORES_S_MAX
    told = False
    while True:
        try:
            return await work()
        except (Unavailable, OSError) as error:
            if time.monotonic() > deadline:
                raise BadSetting(f"{otherwise} after {STORES_S_MAX:.0f} s ({error}).") from error
            if not told:
                tell("waiting", reason=f"{otherwise} yet")
                told = True
        await asyncio.sleep(_RETRY_S)


async def _deploy(host: Host, head: RayHead) -> None:
    tell("deploying", config=str(host.given.serve_config), checkpoint=host.checkpoint, build_id=host.build_id)
    given = host.given
    config = serve_app.read_config(
        given.serve_config, host=given.http_host, port=given.http_port, build_id=host.build_id
    )
    await serve_app.deploy(head, config)
    await serve_app.wait_ready(host.given.url, head)


async def _watch(host: Host, head: RayHead, guard: keeper.Keeper) -> None:
    """Never returns. Raises StartFailed when Ray has ended or the Gateway has not answered for LIVEZ_S_MAX."""
    answered = time.monotonic()
    async with httpx.AsyncClient(base_url=host.given.url, timeout=_LIVEZ_TIMEOUT_S, trust_env=False) as client:
        while True:
            await asyncio.sleep(_WATCH_S)
            head.check()
            if not guard.is_running():
                guard.start()
            with suppress(httpx.HTTPError):
                if (await client.get("/livez")).status_code == HTTPStatus.OK:
                    answered = time.monotonic()
            if time.monotonic() - answered > LIVEZ_S_MAX:
                raise StartFailed(f"/livez has not answered for {LIVEZ_S_MAX:.0f} s: ending, to be started afresh.")


def _variables(host: Host) -> dict[str, str]:
    """What replicas read; the rest of the environment reaches them as it is."""
    given = host.given
    return {
        "FITMATCH_POSTGRES_DSN": given.postgres_dsn or "",
        "FITMATCH_CHROMA_URL": given.chroma_url or "",
        "FITMATCH_PHOTOS_URL": given.photos_url,
        "FITMATCH_OPERATOR_TOKEN": given.operator_token or "",
    }


def _announcement(host: Host, head: RayHead) -> Running:
    return Running(
        url=host.given.url,
        dashboard_url=head.dashboard_url,
        metrics_url=f"http://127.0.0.1:{host.ports.metrics}/metrics",
        postgres_dsn=host.given.postgres_dsn or "",
        chroma_url=host.given.chroma_url or "",
        checkpoint=host.checkpoint,
        supervisor_pid=os.getpid(),
        postgres_pid=0,
        chroma_pid=0,
        ray_pid=head.pid,
    )

"""Deploys the Serve config through Serve's own REST API, as `serve deploy` does, and waits until it answers."""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import httpx
import yaml

from deployments.local.errors import StartFailed
from deployments.local.ray_head import RayHead

DASHBOARD_S_MAX = 120.0
DEPLOY_S_MAX = 900.0
"""A checkpoint from the hub may have to be downloaded first."""
ANSWER_S_MAX = 120.0
SHUTDOWN_S_MAX = 15.0
_POLL_S = 0.1
_APPLICATIONS = "/api/serve/applications/"


def read_config(file: Path, *, host: str, port: int, build_id: str | None = None) -> dict[str, Any]:
    """The file with this instance's address. Serve's own schema checks the rest when it is deployed.

    `build_id`: without a change of it Serve takes new code for what runs already.
    """
    config = cast("dict[str, Any]", yaml.safe_load(file.read_text()))
    config["http_options"] = {**config.get("http_options", {}), "host": host, "port": port}
    for application in config["applications"] if build_id else ():
        environment = application.setdefault("runtime_env", {}).setdefault("env_vars", {})
        environment["FITMATCH_BUILD_ID"] = build_id
    return config


async def deploy(head: RayHead, config: dict[str, Any]) -> None:
    """Returns when every application is running. Raises StartFailed with the deployment's own message."""
    async with _client(head) as client:
        await _until(lambda: _is_up(client), head, DASHBOARD_S_MAX, "Ray's dashboard did not answer")
        answer = await client.put(_APPLICATIONS, json=config, timeout=DASHBOARD_S_MAX)
        if answer.status_code != HTTPStatus.OK:
            raise StartFailed(f"Serve refused the config: {_error_in(answer.text)}")
        await _until(lambda: _is_deployed(client), head, DEPLOY_S_MAX, "Serve did not deploy the application")


async def wait_ready(url: str, head: RayHead) -> None:
    """Until `/readyz` says that every part answers. Raises StartFailed with what it says otherwise."""
    last = "no answer"

    async def ready() -> bool:
        nonlocal last
        try:
            answer = await client.get("/readyz")
        except httpx.HTTPError:
            return False
        last = _short(answer.text)
        return answer.status_code == HTTPStatus.OK

    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
        try:
            await _until(ready, head, ANSWER_S_MAX, "FitMatch is deployed but not ready")
        except _TookTooLong as error:
            raise StartFailed(f"{error} Its /readyz says: {last}") from error


async def shut_down(head: RayHead, seconds_max: float = SHUTDOWN_S_MAX) -> None:
    """Lets replicas finish what they do; without success after a while Ray is stopped anyway."""
    try:
        async with _client(head) as client:
            await client.delete(_APPLICATIONS, timeout=seconds_max)
    except httpx.HTTPError:
        return


class _TookTooLong(StartFailed):
    """The condition did not come true in time."""


async def _until(condition: Callable[[], Any], head: RayHead, seconds_max: float, otherwise: str) -> None:
    try:
        async with asyncio.timeout(seconds_max):
            while not await condition():
                head.check()
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise _TookTooLong(f"{otherwise} within {seconds_max:.0f} s; logs are in {head.token_file.parent}.") from None


async def _is_up(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get(_APPLICATIONS)).status_code == HTTPStatus.OK
    except httpx.HTTPError:
        return False


async def _is_deployed(client: httpx.AsyncClient) -> bool:
    answer = await client.get(_APPLICATIONS)
    applications = cast("dict[str, Any]", answer.json().get("applications", {}))
    for name, application in applications.items():
        if application["status"] in {"DEPLOY_FAILED", "UNHEALTHY"}:
            raise StartFailed(f"The application {name} could not be deployed: {_why(application)}")
    return bool(applications) and all(each["status"] == "RUNNING" for each in applications.values())


def _why(application: dict[str, Any]) -> str:
    """The last line of the first unhealthy deployment's message: the error itself, below its traceback."""
    deployments = cast("dict[str, Any]", application.get("deployments") or {})
    failed = [
        f"{name}: {_error_in(each['message'])}"
        for name, each in deployments.items()
        if each.get("message") and each.get("status") in {"DEPLOY_FAILED", "UNHEALTHY"}
    ]
    return " · ".join(failed) or _error_in(str(application.get("message", "")))


def _error_in(message: str) -> str:
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    named = [
        i for i, line in enumerate(lines) if ": " in line and line.partition(":")[0].rpartition(".")[2].isidentifier()
    ]
    return _short(" ".join(lines[named[-1] :] if named else lines[-2:]))


def _short(text: str) -> str:
    try:
        text = json.dumps(json.loads(text))
    except ValueError:
        text = " ".join(text.split())
    return text[:600]


def _client(head: RayHead) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=head.dashboard_url, headers={"Authorization": f"Bearer {head.token}"}, timeout=30, trust_env=False
    )

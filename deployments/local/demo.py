"""The demo shop, filled through the public HTTP API as any shop would do it; a second start continues."""

import asyncio
import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from deployments.local.configuration import ROOT
from deployments.local.errors import StartFailed
from deployments.local.folder import DataFolder

SAMPLES = ROOT / "samples"
UPLOADS_MAX = 6
RETRIES_MAX = 60
READY_S_MAX = 600.0
_RETRY_S = 1.0
_POLL_S = 0.5
_KEY_NAME = "Demo page"
_FIELDS = ("external_id", "name", "description", "category", "style", "age_group", "availability")


@dataclass(frozen=True)
class Sample:
    external_id: str
    photo: Path
    fields: dict[str, str]


class Demo:
    """One shop; its keys are in the data folder."""

    def __init__(self, url: str, operator_token: str, folder: DataFolder) -> None:
        self._url = url
        self._operator_token = operator_token
        self._folder = folder
        self._client = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False)

    async def fill(self, console: Console) -> None:
        """Returns when every sample answers queries. Raises StartFailed."""
        async with self._client:
            await self._open_shop()
            await self._open_page()
            samples = read_samples()
            with Progress(
                TextColumn("  {task.description:<9}"), BarColumn(), MofNCompleteColumn(), console=console
            ) as progress:
                await self._upload(samples, progress)
                try:
                    await self._wait_ready(progress)
                except TimeoutError as error:
                    said = f"The demo shop's photos were not ready after {READY_S_MAX:.0f} s: read the logs of Ingest."
                    raise StartFailed(said) from error

    async def _open_shop(self) -> None:
        key = self._folder.read("demo_secret_key")
        if key:
            self._client.headers["Authorization"] = f"Bearer {key}"
            if (await self._call("GET", "/v1/shop", allowed=(401, 404))).status_code == HTTPStatus.OK:
                return
        # No key, or one of another database: a new shop.
        self._client.headers["Authorization"] = f"Bearer {self._operator_token}"
        answer = await self._call("POST", "/v1/shops", json={"name": "Demo shop"})
        key = str(answer.json()["key"])
        self._folder.remove("demo_publishable_key")
        self._folder.write("demo_secret_key", key)
        self._client.headers["Authorization"] = f"Bearer {key}"

    async def _open_page(self) -> None:
        """The page's key answers this instance's own addresses only, and those change with its port."""
        port = urlsplit(self._url).port
        origins = sorted({self._url, f"http://127.0.0.1:{port}", f"http://localhost:{port}"})
        kept = [
            each async for each in self._pages("/v1/keys") if each["name"] == _KEY_NAME and each["status"] == "active"
        ]
        if kept and self._folder.read("demo_publishable_key"):
            if sorted(kept[0]["allowed_origins"]) != origins:
                await self._call("PATCH", f"/v1/keys/{kept[0]['id']}", json={"allowed_origins": origins})
            return
        body = {"name": _KEY_NAME, "kind": "publishable", "allowed_origins": origins}
        answer = await self._call("POST", "/v1/keys", json=body)
        self._folder.write("demo_publishable_key", str(answer.json()["key"]))

    async def _upload(self, samples: list[Sample], progress: Progress) -> None:
        there = {str(each.get("external_id")) async for each in self._pages("/v1/products")}
        missing = [sample for sample in samples if sample.external_id not in there]
        bar = progress.add_task("uploaded", total=len(samples), completed=len(samples) - len(missing))
        queue = iter(missing)

        async def work() -> None:
            for sample in queue:
                await self._upload_one(sample)
                progress.advance(bar)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(UPLOADS_MAX):
                tasks.create_task(work())

    async def _upload_one(self, sample: Sample) -> None:
        photo = sample.photo.read_bytes()
        await self._call(
            "POST",
            "/v1/products",
            allowed=(409,),  # uploaded by a start that ended before it heard the answer
            data=sample.fields,
            files={"photo": (sample.photo.name, photo, "image/jpeg")},
            headers={"Idempotency-Key": f"demo-{sample.external_id}"},
        )

    async def _wait_ready(self, progress: Progress) -> None:
        bar: TaskID | None = None
        async with asyncio.timeout(READY_S_MAX):
            while True:
                counts = (await self._call("GET", "/v1/index")).json()
                bar = progress.add_task("ready", total=counts["photos"]) if bar is None else bar
                progress.update(bar, completed=counts["ready"], total=counts["photos"])
                if counts["ready"] + counts["failed"] >= counts["photos"]:
                    return
                await asyncio.sleep(_POLL_S)

    async def _pages(self, path: str) -> AsyncIterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            given = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = (await self._call("GET", path, params=given)).json()
            for each in cast("list[dict[str, Any]]", page["data"]):
                yield each
            cursor = page.get("next_cursor")
            if not page["has_more"] or not cursor:
                return

    async def _call(self, method: str, path: str, *, allowed: tuple[int, ...] = (), **given: Any) -> httpx.Response:
        """Waits while the service is overloaded or a part of it restarts. Raises StartFailed."""
        said = ""
        for _ in range(RETRIES_MAX):
            try:
                answer = await self._client.request(method, path, **given)
            except httpx.TransportError as error:
                said = repr(error)
            else:
                if answer.is_success or answer.status_code in allowed:
                    return answer
                said = f"{answer.status_code} {answer.text[:300]}"
                retry = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error
                if not retry and "idempotency_in_progress" not in answer.text:
                    break
            await asyncio.sleep(_RETRY_S)
        raise StartFailed(f"The demo shop could not be filled: {method} {path} answered {said}.")


def read_samples() -> list[Sample]:
    with (SAMPLES / "catalogue.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        Sample(
            row["external_id"],
            SAMPLES / row["file"],
            {field: row[field] for field in _FIELDS} | {"price": row["price"], "currency": row["currency"]},
        )
        for row in rows
    ]

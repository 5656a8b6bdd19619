"""kill -9 in the middle of an upload: nothing that was acknowledged is lost, nothing is there twice."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import httpx
import pytest

from deployments.local.processes import identify
from tests.e2e.client import SAMPLES, Shop, open_shop
from tests.e2e.instance import Running, wait_for

PHOTOS = 100
"""As many as one recommendation can return, so that one answer shows them all."""
KILL_AFTER = 30
CLIENTS = 4
GIVE_UP_S = 120.0
COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"


class Upload:
    """Photos on their way over HTTP by several clients, each tried until it is acknowledged."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.acknowledged: list[str] = []
        self.reached = threading.Event()
        self._photos = sorted((SAMPLES / "photos").glob("*.jpg"))[:PHOTOS]

    def run(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(self._send, range(len(self._photos))))

    def _send(self, number: int) -> None:
        answer = self._until_answered(number)
        assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
        self.acknowledged.append(answer.json()["id"])
        if len(self.acknowledged) >= KILL_AFTER:
            self.reached.set()

    def _until_answered(self, number: int) -> httpx.Response:
        """As the documentation tells clients: the same Idempotency-Key again after 503, and after no answer."""
        photo = self._photos[number]
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            try:
                answer = self.shop.http.post(
                    "/v1/products",
                    data={"name": photo.stem, "external_id": photo.stem},
                    files={"photo": (photo.name, photo.read_bytes())},
                    headers={"Idempotency-Key": f"upload-{number}"},
                )
            except httpx.TransportError as error:
                said = repr(error)
            else:
                if answer.status_code < 500 and answer.status_code != HTTPStatus.CONFLICT:
                    return answer
                said = answer.text
            assert time.monotonic() < deadline, said
            time.sleep(0.2)  # the client's back-off, not a wait for the system


def kill_ingest(running: Running) -> None:
    now = running.now()
    token = (running.folder / "ray" / "ray_token").read_text()
    details = httpx.get(
        f"{now.dashboard_url}/api/serve/applications/", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ).json()
    (replica,) = details["applications"]["fitmatch"]["deployments"]["Ingest"]["replicas"]
    kill(replica["pid"])


def kill_chroma(running: Running) -> None:
    kill(running.now().chroma_pid)


def kill_postgres(running: Running) -> None:
    kill(running.now().postgres_pid)


def kill(pid: int) -> None:
    victim = identify(pid)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: identify(pid) != victim, "the victim is dead", 10)


@pytest.mark.parametrize("kill_one", [kill_ingest, kill_chroma, kill_postgres])
def test_every_acknowledged_photo_survives(fitmatch: Running, kill_one: Callable[[Running], None]) -> None:
    shop = open_shop(fitmatch.url, fitmatch.operator_token, f"an upload with {kill_one.__name__}")
    upload = Upload(shop)
    with ThreadPoolExecutor(1) as background:
        running = background.submit(upload.run)
        assert upload.reached.wait(GIVE_UP_S)
        kill_one(fitmatch)
        running.result()

    settled = wait_for(lambda: settled_index(shop), "all photos are ready", GIVE_UP_S)

    assert settled == {"photos": PHOTOS, "ready": PHOTOS, "failed": 0}
    recommended = [each["product_id"] for each in shop.recommend("a dress", PHOTOS)]
    assert sorted(recommended) == sorted(upload.acknowledged)
    wait_for(lambda: held_by_chroma(fitmatch, shop) == Counter(photo_ids(shop)), "Chroma holds each once", 60)


def settled_index(shop: Shop) -> dict[str, int] | None:
    try:
        answer = shop.http.get("/v1/index")
    except httpx.TransportError:
        return None
    if answer.status_code != HTTPStatus.OK or answer.json()["queued"]:
        return None
    return {name: answer.json()[name] for name in ("photos", "ready", "failed")}


def photo_ids(shop: Shop) -> list[str]:
    products = shop.http.get("/v1/products", params={"limit": 200}).json()["data"]
    return [photo["id"].removeprefix("pho_") for product in products for photo in product["photos"]]


def held_by_chroma(running: Running, shop: Shop) -> Counter[str]:
    """Every id in every collection of the shop: one collection, unless a rebuild is under way."""
    collections = running.chroma_url + COLLECTIONS
    with httpx.Client(timeout=30) as chroma:
        named = chroma.get(collections, params={"limit": 1000}).json()
        mine = [each["id"] for each in named if shop.id.removeprefix("shp_") in each["name"]]
        body = {"limit": 1000, "include": []}
        found = [chroma.post(f"{collections}/{collection}/get", json=body).json() for collection in mine]
    return Counter(photo_id.replace("-", "") for page in found for photo_id in page["ids"])

"""A shop as its developer sees it: HTTP and nothing else."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

SAMPLES = Path(__file__).parent.parent.parent / "samples"
READY_S_MAX = 120.0
POLL_S = 0.1


@dataclass(frozen=True)
class Shop:
    """`key` is its secret key; `http` carries it."""

    id: str
    key: str
    http: httpx.Client

    def upload(self, photo: bytes, **fields: str) -> dict[str, Any]:
        """POST /v1/products with one photo; the product as answered."""
        fields = {"name": "a product"} | fields
        return json(self.http.post("/v1/products", data=fields, files={"photo": ("photo.jpg", photo)}), 202)

    def wait_until_settled(self) -> dict[str, int]:
        """The index's counts, as soon as no photo is queued or being embedded."""
        deadline = time.monotonic() + READY_S_MAX
        while time.monotonic() < deadline:
            index = json(self.http.get("/v1/index"))
            if index["queued"] == 0:
                return index
            time.sleep(POLL_S)
        raise AssertionError(f"photos still queued after {READY_S_MAX:.0f} s: {index}")

    def recommend(self, prompt: str, num_results: int = 10, **more: Any) -> list[dict[str, Any]]:
        body = {"prompt": prompt, "num_results": num_results} | more
        return json(self.http.post("/v1/recommendations", json=body))["data"]


def json(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text[:500]}"
    return answer.json()


def open_shop(url: str, operator_token: str, name: str) -> Shop:
    made = json(httpx.post(f"{url}/v1/shops", json={"name": name}, headers=bearer(operator_token)), 201)
    return Shop(made["id"], made["key"], httpx.Client(base_url=url, headers=bearer(made["key"]), timeout=60))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def sample(name: str) -> bytes:
    """A photo of the sample catalogue by its external id, such as DR-001."""
    return (SAMPLES / "photos" / f"{name}.jpg").read_bytes()


def samples(prefix: str, count: int) -> dict[str, bytes]:
    """The first photos whose external id starts so: DR dresses, SH shirts, …"""
    files = sorted((SAMPLES / "photos").glob(f"{prefix}-*.jpg"))[:count]
    return {file.stem: file.read_bytes() for file in files}

"""A shop of a running FitMatch that exists for one evaluation."""

import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import httpx

from models.training.labels import Label

CLIENTS = 4
RETRIES_MAX = 20
POLL_S = 0.5


class EvaluationShop:
    """Holds the HTTP connections; a product's `external_id` is its photo's file name."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._labels: dict[str, Label] = {}

    @classmethod
    @contextmanager
    def opened(cls, url: str, operator_token: str) -> Generator["EvaluationShop"]:
        """A new shop, deleted at the end whatever happens."""
        operator = httpx.Client(base_url=url, headers=_bearer(operator_token), timeout=60)
        shop = _json(operator, "POST", "/v1/shops", json={"name": "evaluation"})
        try:
            with httpx.Client(base_url=url, headers=_bearer(shop["key"]), timeout=60) as http:
                yield cls(http)
        finally:
            operator.delete(f"/v1/shops/{shop['id']}").raise_for_status()
            operator.close()

    def upload(self, labels: Sequence[Label], folder: Path) -> None:
        """One product per photo; only its category is told, and no filter uses it."""
        self._labels = {_external_id(label): label for label in labels}
        with ThreadPoolExecutor(max_workers=CLIENTS) as threads:
            list(threads.map(self._upload, labels, repeat(folder)))

    def wait_until_ready(self, products: int, timeout_s: float) -> str:
        """The checkpoint that embedded the photos."""
        deadline = time.monotonic() + timeout_s
        while (index := _json(self._http, "GET", "/v1/index"))["ready"] < products:
            if index["failed"]:
                raise SystemExit(f"{index['failed']} of {products} photos failed to embed")
            if time.monotonic() > deadline:
                raise SystemExit(f"only {index['ready']} of {products} photos are ready after {timeout_s:.0f} s")
            time.sleep(POLL_S)
        return str(index["checkpoint"])

    def rank(self, prompt: str, count: int) -> list[Label]:
        answer = _json(self._http, "POST", "/v1/recommendations", json={"prompt": prompt, "num_results": count})
        found = [self._labels[row["external_id"]] for row in answer["data"]]
        if len(found) != count:
            raise SystemExit(f"{len(found)} results for {prompt!r}, {count} were asked for")
        return found

    def _upload(self, label: Label, folder: Path) -> None:
        # labels.csv names photos as split/category/file.
        photo = folder.joinpath(*Path(label.file).parts[1:])
        _json(
            self._http, "POST", "/v1/products",
            data={"name": "validation photo", "external_id": _external_id(label), "category": label.category},
            files={"photo": (photo.name, photo.read_bytes(), "image/jpeg")},
        )  # fmt: skip


def _json(http: httpx.Client, method: str, path: str, **content: Any) -> dict[str, Any]:
    """The answer's body; waits as told when the server is busy."""
    answer = http.request(method, path, **content)
    for _ in range(RETRIES_MAX):
        if answer.status_code not in (429, 503):
            break
        time.sleep(float(answer.headers.get("Retry-After", "1")))
        answer = http.request(method, path, **content)
    if answer.is_error:
        raise SystemExit(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
    return answer.json()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _external_id(label: Label) -> str:
    return Path(label.file).stem

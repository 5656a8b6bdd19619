"""Shoppers and a shop's importer, who go on while something breaks, and note each answer."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from uuid import uuid4

import httpx

from tests.e2e.client import Shop, bearer

ANSWER_S_MAX = 60.0
SHOPPER_PAUSE_S = 0.05
IMPORT_PAUSE_S = 0.2
"""The machine shall not be short of cores, only of a host."""
COLOURS = ("red", "blue", "black", "white", "green", "grey", "pink", "yellow", "brown", "striped")
PIECES = ("dress", "shirt", "coat", "skirt", "jeans", "boots", "hat", "jacket", "sweater", "shorts")
CUTS = ("long", "short", "warm", "light", "wide", "slim", "soft", "festive", "plain", "old")


@dataclass(frozen=True)
class Answered:
    """`at`: when it was asked, by time.monotonic(); `status`: 0 when the connection broke."""

    at: float
    seconds: float
    status: int
    text: str


@dataclass
class Load:
    prompts: list[Answered] = field(default_factory=list)
    uploads: list[Answered] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    """Ids of products whose upload was answered 202."""

    def asked_since(self, moment: float) -> int:
        return sum(each.at > moment for each in self.prompts)


@contextmanager
def load(url: str, shop: Shop, photos: list[bytes], shoppers: int) -> Iterator[Load]:
    """Each prompt is new, so that each needs every part; the import ends with the last of `photos`."""
    noted, stop = Load(), threading.Event()
    prompts = map(" ".join, itertools.product(CUTS, COLOURS, PIECES, CUTS))
    clients = [threading.Thread(target=_ask, args=(url, shop.key, prompts, noted, stop)) for _ in range(shoppers)]
    clients.append(threading.Thread(target=_import, args=(url, shop.key, photos, noted, stop)))
    for client in clients:
        client.start()
    try:
        yield noted
    finally:
        stop.set()
        for client in clients:
            client.join()


def _ask(url: str, key: str, prompts: Iterator[str], noted: Load, stop: threading.Event) -> None:
    with httpx.Client(base_url=url, headers=bearer(key), timeout=ANSWER_S_MAX, trust_env=False) as client:
        while not stop.wait(SHOPPER_PAUSE_S):
            body = {"prompt": next(prompts), "num_results": 3}
            _timed(partial(client.post, "/v1/recommendations", json=body), noted.prompts)


def _import(url: str, key: str, photos: list[bytes], noted: Load, stop: threading.Event) -> None:
    """As the API tells shops: what was not answered is sent again with its Idempotency-Key."""
    with httpx.Client(base_url=url, headers=bearer(key), timeout=ANSWER_S_MAX, trust_env=False) as client:
        for number, photo in enumerate(photos):
            send = partial(
                client.post,
                "/v1/products",
                data={"name": f"product {number}"},
                files={"photo": ("photo.jpg", photo)},
                headers={"Idempotency-Key": uuid4().hex},
            )
            answer = None
            while answer is None or answer.status_code != HTTPStatus.ACCEPTED:
                if stop.wait(IMPORT_PAUSE_S):
                    return
                answer = _timed(send, noted.uploads)
            noted.acknowledged.append(answer.json()["id"])


def _timed(send: Callable[[], httpx.Response], noted: list[Answered]) -> httpx.Response | None:
    began = time.monotonic()
    try:
        answer = send()
    except httpx.TransportError as error:
        noted.append(Answered(began, time.monotonic() - began, 0, repr(error)))
        return None
    noted.append(Answered(began, time.monotonic() - began, answer.status_code, answer.text))
    return answer

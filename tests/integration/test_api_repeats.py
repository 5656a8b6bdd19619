"""Idempotency-Key: repeated POSTs over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.integration.conftest import ShopClient, jpeg

KEY = {"Idempotency-Key": "order-1"}


async def test_a_repeated_upload_creates_nothing_twice(shop: ShopClient) -> None:
    # httpx takes a new multipart boundary for each request, as clients do when they try again.
    answers = [
        await shop.http.post("/v1/products", data={"name": "A"}, files={"photo": jpeg()}, headers=KEY) for _ in range(2)
    ]

    first, second = answers
    assert (first.status_code, second.status_code, second.content) == (202, 202, first.content)
    assert (second.headers["idempotent-replayed"], second.headers["location"]) == ("true", first.headers["location"])
    assert "idempotent-replayed" not in first.headers
    assert len((await shop.http.get("/v1/products")).json()["data"]) == 1


async def test_the_same_key_with_another_photo_is_refused(shop: ShopClient) -> None:
    await shop.http.post("/v1/products", data={"name": "A"}, files={"photo": jpeg()}, headers=KEY)

    other = await shop.http.post("/v1/products", data={"name": "A"}, files={"photo": jpeg((0, 0, 1))}, headers=KEY)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/categories", {"name": "Blouse"}),
        ("/v1/styles", {"name": "Boho"}),
        ("/v1/age-groups", {"name": "Senior"}),
        ("/v1/products", {"name": "Hat"}),
        ("/v1/products/batch", {"operations": [{"op": "upsert", "name": "Hat"}]}),
    ],
)
async def test_every_creating_route_repeats_its_answer(shop: ShopClient, path: str, body: dict[str, Any]) -> None:
    first, second = [await shop.http.post(path, json=body, headers=KEY) for _ in range(2)]

    assert (first.is_success, second.status_code, second.content) == (True, first.status_code, first.content)
    assert second.headers["idempotent-replayed"] == "true"


async def test_photos_are_added_once(shop: ShopClient) -> None:
    path = f"/v1/products/{(await shop.upload())['id']}/photos"

    first, second = [await shop.http.post(path, files={"photo": jpeg((0, 9, 0))}, headers=KEY) for _ in range(2)]

    assert (len(first.json()["photos"]), second.json()) == (2, first.json())


async def test_the_same_key_on_another_products_photos_is_another_request(shop: ShopClient) -> None:
    paths = [f"/v1/products/{(await shop.upload())['id']}/photos" for _ in range(2)]

    first, second = [await shop.http.post(path, files={"photo": jpeg()}, headers=KEY) for path in paths]

    assert (first.status_code, second.status_code) == (202, 422)


async def test_a_repeat_does_not_show_a_key_again(shop: ShopClient, operator: httpx.AsyncClient) -> None:
    key = [await shop.http.post("/v1/keys", json={"name": "a", "kind": "secret"}, headers=KEY) for _ in range(2)]
    shops = [await operator.post("/v1/shops", json={"name": "New"}, headers=KEY) for _ in range(2)]

    for first, second in (key, shops):
        assert first.json()["key"].startswith("fm_sk_")
        assert second.json() == {**first.json(), "key": None}
    bodies = await shop.api.query.db.fetch("SELECT body FROM idempotency")
    assert not any(made.json()["key"].encode() in row["body"] for made in (key[0], shops[0]) for row in bodies)


async def test_two_shops_may_use_the_same_key(shop: ShopClient, other_shop: ShopClient) -> None:
    mine = await shop.http.post("/v1/categories", json={"name": "Blouse"}, headers=KEY)
    theirs = await other_shop.http.post("/v1/categories", json={"name": "Kilt"}, headers=KEY)

    assert (mine.json()["name"], theirs.json()["name"]) == ("Blouse", "Kilt")


async def test_of_many_at_once_one_creates(shop: ShopClient) -> None:
    sent = [shop.http.post("/v1/products", data={"name": "A"}, files={"photo": jpeg()}, headers=KEY) for _ in range(8)]

    answers = await asyncio.gather(*sent)

    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len((await shop.http.get("/v1/products")).json()["data"]) == 1


async def test_a_request_that_failed_may_be_repeated(shop: ShopClient) -> None:
    await shop.http.post("/v1/categories", json={"name": "Blouse"})
    refused = await shop.http.post("/v1/categories", json={"name": "blouse"}, headers=KEY)
    term = (await shop.http.get("/v1/categories")).json()["data"][-1]
    await shop.http.delete(f"/v1/categories/{term['id']}")

    repeated = await shop.http.post("/v1/categories", json={"name": "blouse"}, headers=KEY)

    assert (refused.status_code, repeated.status_code) == (409, 201)


@pytest.mark.parametrize("key", ["", "ü".encode(), "a b", "x" * 256])
async def test_an_idempotency_key_is_short_and_visible(shop: ShopClient, key: Any) -> None:
    answer = await shop.http.post("/v1/categories", json={"name": "A"}, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/header/Idempotency-Key")

"""Values that JSON's parser lets in and Postgres cannot hold: a 422 that says which, never a 500."""

import pytest

from tests.integration.conftest import ShopClient

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("value", [b"NaN", b"-Infinity", b"1e400", b'"\\ud800"', b'["\\ud800"]', b'"\\u0000"'])
async def test_attributes_that_cannot_be_stored_are_pointed_at(shop: ShopClient, value: bytes) -> None:
    product = await shop.upload()
    fields = b'"attributes": {"care": ' + value + b"}"
    entries = b'{"operations": [{"op": "upsert", "name": "A", ' + fields + b"}]}"

    patched = await shop.http.patch(f"/v1/products/{product['id']}", content=b"{" + fields + b"}", headers=JSON)
    batched = await shop.http.post("/v1/products/batch", content=entries, headers=JSON)

    assert (patched.status_code, batched.status_code) == (422, 200), patched.text
    [result] = batched.json()["results"]
    assert result["status"] == 422
    for problem in (patched.json(), result["error"]):
        assert all(error["pointer"].startswith("/attributes/care") for error in problem["errors"])


@pytest.mark.parametrize(
    "expires_at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"]
)
async def test_a_key_cannot_end_where_the_calendar_does(shop: ShopClient, expires_at: str) -> None:
    key = await shop.http.post("/v1/keys", json={"name": "a", "kind": "secret", "expires_at": expires_at})

    assert (key.status_code, key.json()["errors"][0]["pointer"]) == (422, "/expires_at")


async def test_an_origin_that_is_no_address_is_refused(shop: ShopClient) -> None:
    async with shop.api.client(await shop.publishable(), Origin="http://[") as page:
        answer = await page.get("/v1/recommendations?prompt=a")

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


async def test_an_entry_that_is_no_object_stops_no_other(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/products/batch", json={"operations": [1, None, {"op": "upsert", "name": "A"}]})

    assert [one["status"] for one in answer.json()["results"]] == [422, 422, 201]

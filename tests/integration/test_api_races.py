"""Two changes of one product at once, over HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.ids import parse
from db.postgres import Connection
from tests.integration.conftest import ShopClient, jpeg

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@asynccontextmanager
async def somebody_else_changes(shop: ShopClient, product: dict[str, Any]) -> AsyncGenerator[Connection]:
    """Their change is under way until the block ends."""
    async with shop.api.query.db.acquire() as connection, connection.transaction():
        await connection.execute(
            "UPDATE products SET revision = revision + 1 WHERE id = $1", parse("prd", product["id"])
        )
        yield connection


async def waiting(shop: ShopClient) -> None:
    async with asyncio.timeout(10):
        while not await shop.api.query.db.fetchval(WAITING):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_if_match_holds_for_photos_that_change_at_once(shop: ShopClient, method: str) -> None:
    product = await shop.upload()
    path = f"/v1/products/{product['id']}"
    known = {"If-Match": (await shop.http.get(path)).headers["etag"]}
    photo = f"{path}/photos/{product['photos'][0]['id']}"

    async with somebody_else_changes(shop, product):
        request = {
            "POST": lambda: shop.http.post(f"{path}/photos", files={"photo": jpeg((0, 0, 9))}, headers=known),
            "DELETE": lambda: shop.http.delete(photo, headers=known),
        }[method]
        ours = asyncio.create_task(request())
        await waiting(shop)

    assert (await ours).status_code == 412
    assert [one["id"] for one in (await shop.http.get(path)).json()["photos"]] == [product["photos"][0]["id"]]


@pytest.mark.parametrize("what", ["delete", "retry"])
async def test_who_waits_for_a_product_holds_none_of_its_photos(shop: ShopClient, what: str) -> None:
    """Deleting the product takes its row first and then its photos: the other order is a deadlock."""
    product = await shop.upload()
    await shop.api.query.db.execute("UPDATE photos SET status = 'failed'")
    path = f"/v1/products/{product['id']}"
    photo_id = product["photos"][0]["id"]

    async with somebody_else_changes(shop, product) as other:
        request = shop.http.delete(f"{path}/photos/{photo_id}") if what == "delete" else shop.http.post(f"{path}/retry")
        ours = asyncio.create_task(request)
        await waiting(shop)
        await other.execute("SELECT FROM photos WHERE id = $1 FOR UPDATE NOWAIT", parse("pho", photo_id))

    assert (await ours).status_code in (202, 204)


@pytest.mark.parametrize("what", ["seed", "batch"])
async def test_who_named_no_revision_is_not_refused(shop: ShopClient, what: str) -> None:
    product = await shop.upload()
    number = (await shop.http.get(f"/images/{shop.key}/")).json()[0]["ImageID"]
    entry = {"op": "patch", "id": product["id"], "name": "Ours"}

    async with somebody_else_changes(shop, product):
        request = {
            "seed": lambda: shop.http.put(f"/images/{shop.key}/{number}/", data={"name": "Ours"}),
            "batch": lambda: shop.http.post("/v1/products/batch", json={"operations": [entry]}),
        }[what]
        ours = asyncio.create_task(request())
        await waiting(shop)

    assert (await ours).status_code == 200
    assert (await shop.http.get(f"/v1/products/{product['id']}")).json()["name"] == "Ours"

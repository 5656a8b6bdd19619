"""Many products in one request."""

from typing import Any

from tests.integration.conftest import ShopClient


async def batch(shop: ShopClient, *operations: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await shop.http.post("/v1/products/batch", json={"operations": list(operations)})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def test_entries_are_created_replaced_changed_and_deleted_in_their_order(shop: ShopClient) -> None:
    results = await batch(
        shop,
        {"op": "upsert", "external_id": "a", "name": "A", "brand": "Acme"},
        {"op": "upsert", "external_id": "a", "name": "A2"},
        {"op": "upsert", "external_id": "b", "name": "B"},
        {"op": "patch", "id": "ext:a", "price": {"amount": "5", "currency": "EUR"}},
        {"op": "delete", "id": "ext:b"},
    )

    assert [one["status"] for one in results] == [201, 200, 201, 200, 204]
    left = (await shop.http.get("/v1/products")).json()["data"]
    assert [(one["name"], one["brand"], one["price"]["amount"]) for one in left] == [("A2", None, "5.00")]
    assert left[0]["id"] == results[0]["id"] == results[1]["id"]


async def test_one_bad_entry_stops_no_other(shop: ShopClient) -> None:
    results = await batch(
        shop,
        {"op": "upsert", "name": ""},
        {"op": "explode"},
        {"op": "delete", "id": "ext:nope"},
        {"op": "upsert", "name": "Good"},
        {"op": "upsert", "name": "Odd", "weight": 3},
    )

    assert [one["status"] for one in results] == [422, 422, 404, 201, 422]
    assert results[0]["error"]["errors"][0]["pointer"] == "/name"
    assert results[4]["error"]["errors"][0]["code"] == "unsupported_field"
    assert results[2]["error"]["code"] == "not_found"
    assert [one["name"] for one in (await shop.http.get("/v1/products")).json()["data"]] == ["Good"]


async def test_a_failed_entry_leaves_nothing_of_itself(shop: ShopClient) -> None:
    await batch(
        shop, {"op": "upsert", "external_id": "a", "name": "A"}, {"op": "upsert", "external_id": "b", "name": "B"}
    )

    results = await batch(shop, {"op": "patch", "id": "ext:b", "external_id": "a", "category": "brand new"})

    assert results[0]["error"]["code"] == "taken"
    assert "brand new" not in [term["name"] for term in (await shop.http.get("/v1/categories")).json()["data"]]


async def test_another_shops_products_cannot_be_reached(shop: ShopClient, other_shop: ShopClient) -> None:
    foreign = await other_shop.upload(external_id="a")

    results = await batch(
        shop,
        {"op": "delete", "id": foreign["id"]},
        {"op": "patch", "id": "ext:a", "name": "Mine"},
        {"op": "upsert", "external_id": "a", "name": "Mine"},
    )

    assert [one["status"] for one in results] == [404, 404, 201]
    assert (await other_shop.http.get("/v1/products/ext:a")).json()["name"] == "Red dress"


async def test_a_batch_has_a_bound(shop: ShopClient) -> None:
    many = [{"op": "delete", "id": "ext:a"}] * 201

    answer = await shop.http.post("/v1/products/batch", json={"operations": many})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/operations")

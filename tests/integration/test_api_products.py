"""Products and their photos over HTTP."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.integration.conftest import ShopClient, jpeg

MISSING = "prd_01939f3ce3b17a0fb2f9a2f64d0a5c11"


async def test_an_upload_is_queued_and_becomes_ready_by_itself(shop: ShopClient) -> None:
    product = await shop.upload(category="Dress", price='{"amount": "49.90", "currency": "EUR"}', colours="red, white")
    assert (product["status"], product["photos"][0]["status"]) == ("queued", "queued")
    assert (product["category"], product["colours"]) == ("dress", ["red", "white"])
    assert product["price"] == {"amount": "49.90", "currency": "EUR"}
    assert shop.api.ingest.woken == 1

    await shop.api.ingest.embed_all()

    assert (await shop.http.get(f"/v1/products/{product['id']}")).json()["status"] == "ready"


async def test_an_upload_says_where_the_product_is(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/products", data={"name": "Hat"}, files={"photo": jpeg()})

    assert answer.status_code == 202
    assert (await shop.http.get(answer.headers["location"])).json()["id"] == answer.json()["id"]


async def test_json_without_photos_is_created_at_once(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/products", json={"name": "Hat", "attributes": {"care": ["cold", "no iron"]}})

    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["attributes"]) == ("ready", {"care": ["cold", "no iron"]})


async def test_a_category_that_is_new_is_added_to_the_taxonomy(shop: ShopClient) -> None:
    await shop.upload(category="Blouse")

    names = {term["name"]: term["product_count"] for term in (await shop.http.get("/v1/categories")).json()["data"]}
    assert names["Blouse"] == 1


async def test_a_category_may_be_named_by_id(shop: ShopClient) -> None:
    term = (await shop.http.get("/v1/categories?limit=1")).json()["data"][0]

    assert (await shop.upload(category=term["id"]))["category"] == term["name"]


async def test_waiting_for_an_embedding_gives_up_with_202(shop: ShopClient) -> None:
    answer = await shop.http.post(
        "/v1/products", data={"name": "Hat"}, files={"photo": jpeg()}, headers={"Prefer": "wait=1"}
    )

    assert answer.status_code == 202


async def test_waiting_for_an_embedding_answers_201_when_it_is_done(
    shop: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.api.ingest, "wake", shop.api.ingest.embed_all)

    answer = await shop.http.post(
        "/v1/products", data={"name": "Hat"}, files={"photo": jpeg()}, headers={"Prefer": "respond-async, wait=10"}
    )

    assert (answer.status_code, answer.json()["status"]) == (201, "ready")


async def test_a_product_is_found_by_the_shops_own_id(shop: ShopClient) -> None:
    product = await shop.upload(external_id="SKU 1/ü".replace("/", "-"))

    found = await shop.http.get("/v1/products/ext:SKU 1-ü")

    assert found.json()["id"] == product["id"]


async def test_own_ids_are_unique_in_a_shop_and_free_in_another(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.upload(external_id="SKU-1")

    again = await shop.http.post("/v1/products", json={"name": "Hat", "external_id": "SKU-1"})
    elsewhere = await other_shop.http.post("/v1/products", json={"name": "Hat", "external_id": "SKU-1"})

    assert (again.status_code, again.json()["code"], elsewhere.status_code) == (409, "taken", 201)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/products/{}"),
        ("PATCH", "/v1/products/{}"),
        ("DELETE", "/v1/products/{}"),
        ("PUT", "/v1/products/{}"),
        ("POST", "/v1/products/{}/retry"),
        ("GET", "/v1/products/{}/similar"),
        ("DELETE", "/v1/products/{}/photos/pho_01939f3ce3b17a0fb2f9a2f64d0a5c11"),
    ],
)
async def test_another_shops_product_is_answered_like_a_missing_one(
    shop: ShopClient, other_shop: ShopClient, method: str, path: str
) -> None:
    foreign = (await other_shop.upload(external_id="SKU-1"))["id"]
    body: dict[str, Any] = {"json": {"name": "Mine now"}} if method in ("PATCH", "PUT") else {}

    answers = [await shop.http.request(method, path.format(one), **body) for one in (foreign, MISSING, "prd_nonsense")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (await other_shop.http.get(f"/v1/products/{foreign}")).json()["name"] == "Red dress"


async def test_another_shops_photo_cannot_be_deleted_or_added_to(shop: ShopClient, other_shop: ShopClient) -> None:
    mine, foreign = await shop.upload(), await other_shop.upload()

    deleted = await shop.http.delete(f"/v1/products/{mine['id']}/photos/{foreign['photos'][0]['id']}")
    added = await shop.http.post(f"/v1/products/{foreign['id']}/photos", files={"photo": jpeg()})

    assert (deleted.status_code, added.status_code) == (404, 404)


async def test_lists_show_only_the_shops_own_products(shop: ShopClient, other_shop: ShopClient) -> None:
    mine = await shop.upload()
    await other_shop.upload()

    assert [one["id"] for one in (await shop.http.get("/v1/products")).json()["data"]] == [mine["id"]]


async def test_lists_go_on_where_the_page_before_ended(shop: ShopClient) -> None:
    names = [f"product {number}" for number in range(5)]
    for name in names:
        await shop.http.post("/v1/products", json={"name": name})

    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    pages = 0
    while True:
        page = (await shop.http.get("/v1/products", params=query)).json()
        seen += [one["name"] for one in page["data"]]
        pages += 1
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]

    assert (seen, pages, page["next_cursor"]) == (names[::-1], 3, None)


async def test_lists_can_be_narrowed(shop: ShopClient) -> None:
    await shop.upload(name="Blue hat", category="hat", style="casual", age_group="kids")
    await shop.upload_ready(name="Red dress", category="dress", style="party", age_group="adult")
    await shop.http.post("/v1/products", json={"name": "No photo", "category": "Hat"})

    async def names(**query: str) -> list[str]:
        return [one["name"] for one in (await shop.http.get("/v1/products", params=query)).json()["data"]]

    assert await names(category="HAT") == ["No photo", "Blue hat"]
    assert await names(category="hat", style="casual") == ["Blue hat"]
    assert await names(age_group="adult") == ["Red dress"]
    assert await names(q="blue") == ["Blue hat"]
    assert await names(status="failed") == []


async def test_a_patch_changes_what_is_given_and_embeds_nothing(shop: ShopClient) -> None:
    product = await shop.upload_ready(brand="Acme", price="49.90 EUR", category="dress")
    woken = shop.api.ingest.woken

    changed = (
        await shop.http.patch(
            f"/v1/products/{product['id']}",
            json={"price": {"amount": 39, "currency": "EUR"}, "category": None},
        )
    ).json()

    assert (changed["price"]["amount"], changed["category"], changed["brand"]) == ("39.00", None, "Acme")
    assert (changed["status"], shop.api.ingest.woken) == ("ready", woken)


async def test_a_sale_price_in_another_currency_is_refused(shop: ShopClient) -> None:
    product = await shop.upload(price="49.90 EUR")

    answer = await shop.http.patch(
        f"/v1/products/{product['id']}", json={"sale_price": {"amount": "39.90", "currency": "USD"}}
    )

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/sale_price/currency")


async def test_if_match_refuses_a_change_of_what_has_changed(shop: ShopClient) -> None:
    product = await shop.upload()
    path = f"/v1/products/{product['id']}"
    etag = (await shop.http.get(path)).headers["etag"]

    first = await shop.http.patch(path, json={"name": "One"}, headers={"If-Match": etag})
    second = await shop.http.patch(path, json={"name": "Two"}, headers={"If-Match": etag})
    third = await shop.http.delete(path, headers={"If-Match": etag})

    assert (first.status_code, second.status_code, third.status_code) == (200, 412, 412)
    assert second.json()["code"] == "precondition_failed"
    assert (await shop.http.delete(path, headers={"If-Match": first.headers["etag"]})).status_code == 204


async def test_put_creates_and_then_replaces(shop: ShopClient) -> None:
    path = "/v1/products/ext:SKU-1"

    created = await shop.http.put(path, data={"name": "Dress", "brand": "Acme"}, files={"photo": jpeg()})
    replaced = await shop.http.put(path, json={"name": "Better dress"})

    assert (created.status_code, replaced.status_code) == (202, 200)
    assert replaced.json()["id"] == created.json()["id"]
    assert (replaced.json()["brand"], len(replaced.json()["photos"])) == (None, 1)


async def test_put_replaces_photos_and_keeps_those_that_came_again(shop: ShopClient) -> None:
    path, kept, gone, fresh = "/v1/products/ext:SKU-1", jpeg(), jpeg((0, 0, 9)), jpeg((0, 99, 0))
    before = (
        await shop.http.put(path, data={"name": "A"}, files=[("photo", ("1", kept)), ("photo", ("2", gone))])
    ).json()
    await shop.api.ingest.embed_all()

    after = await shop.http.put(path, data={"name": "A"}, files=[("photo", ("1", kept)), ("photo", ("2", fresh))])

    assert after.status_code == 202
    first, second = after.json()["photos"]
    assert (first["id"], first["status"], second["status"]) == (before["photos"][0]["id"], "ready", "queued")
    assert second["id"] != before["photos"][1]["id"]


async def test_put_refuses_a_body_that_names_another_id(shop: ShopClient) -> None:
    answer = await shop.http.put("/v1/products/ext:SKU-1", json={"name": "A", "external_id": "SKU-2"})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "other_id")


async def test_a_deleted_product_is_gone_at_once(shop: ShopClient) -> None:
    product = await shop.upload_ready(external_id="SKU-1")

    assert (await shop.http.delete("/v1/products/ext:SKU-1")).status_code == 204

    assert (await shop.http.get(f"/v1/products/{product['id']}")).status_code == 404
    assert (await shop.http.get("/v1/products")).json()["data"] == []
    assert (await shop.http.delete("/v1/products/ext:SKU-1")).status_code == 404


async def test_photos_are_added_and_deleted(shop: ShopClient) -> None:
    product = await shop.upload()
    path = f"/v1/products/{product['id']}"

    added = await shop.http.post(f"{path}/photos", files={"photo": jpeg((0, 0, 200))})
    deleted = await shop.http.delete(f"{path}/photos/{product['photos'][0]['id']}")

    assert (added.status_code, len(added.json()["photos"]), deleted.status_code) == (202, 2, 204)
    left = (await shop.http.get(path)).json()["photos"]
    assert [photo["id"] for photo in left] == [added.json()["photos"][1]["id"]]


async def test_failed_photos_are_tried_again(shop: ShopClient) -> None:
    product = await shop.upload()
    await shop.api.query.db.execute("UPDATE photos SET status = 'failed', error_code = 'photo_truncated'")
    failed = (await shop.http.get(f"/v1/products/{product['id']}")).json()

    retried = await shop.http.post(f"/v1/products/{product['id']}/retry")

    assert (failed["status"], failed["photos"][0]["error"]["code"]) == ("failed", "photo_truncated")
    assert (retried.status_code, retried.json()["status"]) == (202, "queued")


async def test_several_photos_keep_their_order(shop: ShopClient) -> None:
    files = [("photo", (f"{number}.jpg", jpeg((number, 0, 0)))) for number in range(3)]

    product = (await shop.http.post("/v1/products", data={"name": "A"}, files=files)).json()

    assert [photo["position"] for photo in product["photos"]] == [0, 1, 2]


async def test_one_bad_photo_among_several_is_named_and_nothing_is_created(shop: ShopClient) -> None:
    files = [("photo", ("1.jpg", jpeg())), ("photo", ("2.jpg", b"no photo at all"))]

    answer = await shop.http.post("/v1/products", data={"name": "A"}, files=files)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "Photo 2 of 2" in answer.json()["detail"]
    assert (await shop.http.get("/v1/products")).json()["data"] == []


def odd(mode: str, kind: str, **options: Any) -> bytes:
    page = BytesIO()
    Image.new(mode, (64, 48)).save(page, kind, **options)
    return page.getvalue()


@pytest.mark.parametrize(
    "photo",
    [odd("CMYK", "JPEG"), odd("RGBA", "PNG"), odd("I;16", "PNG"), odd("P", "GIF"), odd("RGB", "WEBP"), odd("L", "BMP")],
)
async def test_odd_but_good_photos_are_taken_and_served(shop: ShopClient, photo: bytes) -> None:
    product = await shop.upload(photo=photo)

    served = await shop.http.get(product["photos"][0]["url"])

    assert (served.status_code, served.headers["content-type"]) == (200, "image/webp")

"""If-None-Match: 304 exactly while the answer would be the same."""

from tests.integration.conftest import ShopClient


async def test_if_none_match_saves_the_body_until_the_status_changes(shop: ShopClient) -> None:
    path = f"/v1/products/{(await shop.upload())['id']}"
    etag = (await shop.http.get(path)).headers["etag"]

    same = await shop.http.get(path, headers={"If-None-Match": etag})
    await shop.api.ingest.embed_all()
    embedded = await shop.http.get(path, headers={"If-None-Match": etag})

    assert (same.status_code, same.content, embedded.status_code) == (304, b"", 200)


async def test_if_none_match_notices_a_category_with_another_name(shop: ShopClient) -> None:
    path = (await shop.http.post("/v1/products", json={"name": "Hat", "category": "Cap"})).headers["location"]
    etag = (await shop.http.get(path)).headers["etag"]
    newest = (await shop.http.get("/v1/categories")).json()["data"][-1]

    await shop.http.patch(f"/v1/categories/{newest['id']}", json={"name": "Caps"})

    assert (await shop.http.get(path, headers={"If-None-Match": etag})).json()["category"] == "Caps"

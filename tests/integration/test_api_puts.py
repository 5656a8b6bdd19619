"""PUT: what becomes of photos that came again."""

from tests.integration.conftest import ShopClient, jpeg

PATH = "/v1/products/ext:SKU-1"


async def test_replacing_with_the_photos_it_has_is_no_creation(shop: ShopClient) -> None:
    await shop.http.put(PATH, data={"name": "A"}, files={"photo": jpeg()})
    await shop.api.ingest.embed_all()

    again = await shop.http.put(PATH, data={"name": "B"}, files={"photo": jpeg()})

    assert (again.status_code, again.json()["status"]) == (200, "ready")


async def test_a_failed_photo_that_came_again_is_tried_again(shop: ShopClient) -> None:
    before = (await shop.http.put(PATH, data={"name": "A"}, files={"photo": jpeg()})).json()
    await shop.api.query.db.execute("UPDATE photos SET status = 'failed', error_code = 'embedding_failed'")

    after = await shop.http.put(PATH, data={"name": "A"}, files={"photo": jpeg()})

    [photo] = after.json()["photos"]
    assert (after.status_code, photo["status"], photo["error"]) == (202, "queued", None)
    assert photo["id"] != before["photos"][0]["id"]

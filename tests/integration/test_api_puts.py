"""PUT: what becomes of photos that came again."""

from tests.integration.conftest import ShopClient, jpeg

PATH = "/v1/products/ext:SKU-1"


async def test_replacing_with_the_photos_it_has_is_no_creation(shop: ShopClient) -> None:
    await shop.http.put(PATH, data={"name": "A"}, files={"photo": jpeg()})
    await shop.api.ingest.embed_all()

    again = await shop.http.put(PATH, data={"name": "B"}, files={"photo": jpeg()})

    assert (again.status_code, again.json()["status"]) == (200, "ready")

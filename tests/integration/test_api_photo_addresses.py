"""Signed addresses of photos."""

import re
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import cast
from uuid import UUID

import httpx
import pytest
from PIL import Image

from api.app import Context, create_app
from api.ids import parse
from db.files import Files
from db.postgres import Pool
from tests.integration.conftest import OPERATOR_TOKEN, Api, PlayedIngest, PlayedQuery, ShopClient, jpeg

SIZES = ["thumbnail_url", "url", "original_url"]


def rotated() -> bytes:
    """Lies on its side, says so, and tells where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "SecretCamera"
    page = BytesIO()
    Image.new("RGB", (1200, 800), (10, 200, 10)).save(page, "JPEG", exif=exif)
    return page.getvalue()


async def test_photos_are_served_upright_in_their_sizes_and_without_metadata(shop: ShopClient) -> None:
    photo = (await shop.upload(photo=rotated()))["photos"][0]
    async with shop.api.client() as page:
        served = [await page.get(photo[size]) for size in SIZES]

    sizes = [Image.open(BytesIO(answer.content)).size for answer in served]
    assert sizes == [(213, 320), (640, 960), (800, 1200)]
    assert (photo["width"], photo["height"]) == (800, 1200)
    for answer in served:
        assert answer.headers["content-type"] == "image/webp"
        assert not Image.open(BytesIO(answer.content)).getexif()
        assert b"SecretCamera" not in answer.content


async def test_browsers_may_keep_a_photo_as_long_as_its_address_works(shop: ShopClient) -> None:
    url = (await shop.upload())["photos"][0]["url"]
    answer = await shop.http.get(url)

    kept_s = int(re.findall(r"max-age=(\d+)", answer.headers["cache-control"])[0])
    assert 0 < kept_s <= 900
    assert int(httpx.URL(url).params["expires"]) - time.time() <= 900
    assert "immutable" in answer.headers["cache-control"]
    again = await shop.http.get(url, headers={"If-None-Match": f'"older", W/{answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")


async def test_any_page_may_show_a_photo_that_it_has_the_address_of(shop: ShopClient) -> None:
    answer = await shop.http.get((await shop.upload())["photos"][0]["url"])

    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("part", ["photo", "size", "expires", "signature", "shop"])
async def test_a_changed_address_is_refused(shop: ShopClient, other_shop: ShopClient, part: str) -> None:
    url = httpx.URL((await shop.upload())["photos"][0]["url"])
    other = httpx.URL((await other_shop.upload(photo=jpeg((0, 0, 9))))["photos"][0]["url"])
    changed = {
        "photo": url.copy_with(path=other.path),
        "size": url.copy_set_param("size", "original"),
        "expires": url.copy_set_param("expires", int(url.params["expires"]) + 300),
        "signature": url.copy_set_param("signature", url.params["signature"][:-2] + "AA"),
        "shop": url.copy_set_param("signature", other.params["signature"]),
    }[part]

    answer = await shop.http.get(changed)

    assert (answer.status_code, answer.json()["code"]) == (403, "photo_address_invalid")


@pytest.mark.parametrize("signature", ["", "x", "é", "a" * 101])
async def test_a_signature_of_nonsense_is_refused(shop: ShopClient, signature: str) -> None:
    url = httpx.URL((await shop.upload())["photos"][0]["url"])

    answer = await shop.http.get(url.copy_set_param("signature", signature))

    assert answer.status_code in (403, 422)


async def test_a_deleted_photo_is_no_longer_served(shop: ShopClient) -> None:
    product = await shop.upload()
    url = product["photos"][0]["url"]
    await shop.http.get(url)

    await shop.http.delete(f"/v1/products/{product['id']}")

    assert (await shop.http.get(url)).status_code == 404


async def test_a_deleted_shops_photos_are_no_longer_served(shop: ShopClient, operator: httpx.AsyncClient) -> None:
    url = (await shop.upload())["photos"][0]["url"]
    await shop.http.get(url)

    await operator.delete(f"/v1/shops/{shop.id}")

    assert (await shop.http.get(url)).status_code == 404


async def test_a_photo_deleted_while_it_is_rendered_leaves_nothing(
    context: Context, pool: Pool, tmp_path: Path
) -> None:
    class Deleting(Files):
        """As if the photo were deleted and cleared away between its file's reading and its rendition's writing."""

        async def read(self, shop_id: UUID, content_hash: str) -> bytes:
            data = await super().read(shop_id, content_hash)
            await pool.execute("UPDATE photos SET deleted_at = now()")
            return data

    files = Deleting(str(tmp_path / "photos"))
    api = Api(
        create_app(replace(context, stores=replace(context.stores, files=files))),
        cast("PlayedIngest", context.ingest),
        cast("PlayedQuery", context.query),
    )
    async with api.client(OPERATOR_TOKEN) as operator:
        made = (await operator.post("/v1/shops", json={"name": "Blue Door"})).json()
    async with api.client(made["key"]) as client:
        product = (await client.post("/v1/products", data={"name": "A"}, files={"photo": jpeg()})).json()

        answer = await client.get(product["photos"][0]["url"])

    assert answer.status_code == 404
    ids = parse("shp", made["id"]), parse("pho", product["photos"][0]["id"])
    assert await files.read_rendition(*ids, "medium") is None


async def test_a_photo_is_rendered_once(shop: ShopClient) -> None:
    product = await shop.upload()
    first = await shop.http.get(product["photos"][0]["url"])
    await shop.api.query.db.execute("UPDATE photos SET content_hash = 'gone'")

    second = await shop.http.get(product["photos"][0]["url"])

    assert second.content == first.content


async def test_addresses_say_https_where_a_proxy_took_the_tls_off(shop: ShopClient) -> None:
    path = f"/v1/products/{(await shop.upload())['id']}"

    behind = await shop.http.get(path, headers={"X-Forwarded-Proto": "https"})
    odd = await shop.http.get(path, headers={"X-Forwarded-Proto": "javascript"})

    assert behind.json()["photos"][0]["url"].startswith("https://fitmatch.test/v1/photos/")
    assert odd.json()["photos"][0]["url"].startswith("http://fitmatch.test/v1/photos/")

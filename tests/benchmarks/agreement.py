"""Whether Chroma holds each ready photo once and nothing else: a fast server that loses photos is not fast."""

import asyncio

import httpx

from db.index import Index
from tests.e2e.client import Shop
from tests.e2e.instance import Running


def check(running: Running, shop: Shop) -> None:
    """Compares the ids in the shop's collection with its ready photos over HTTP. Ends the benchmark if they differ."""
    if asyncio.run(_ids_in_chroma(running.chroma_url, shop)) != sorted(_ready_photos(shop.http)):
        raise SystemExit("Chroma's ids and Postgres' ready photos differ")


async def _ids_in_chroma(chroma_url: str, shop: Shop) -> list[str]:
    index = Index(chroma_url)
    names = [name for name in await index.names() if shop.id.removeprefix("shp_") in name]
    ids = [f"pho_{photo_id.hex}" for name in names for photo_id in await index.ids(name)]
    await index.close()
    return sorted(ids)


def _ready_photos(http: httpx.Client) -> list[str]:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get("/v1/products", params={"limit": 200} | ({"cursor": cursor} if cursor else {})).json()
        found += [photo["id"] for product in page["data"] for photo in product["photos"] if photo["status"] == "ready"]
        cursor = page.get("next_cursor")
    return found

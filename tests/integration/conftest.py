"""The real app over real Postgres and real files; only the two neighbours of api/ports.py are played."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from api.app import Context, create_app
from api.ports import Answer, Ask, Recommended
from db import photos, products
from db.files import Files
from db.index import Index
from db.postgres import Pool
from db.stores import Stores

OPERATOR_TOKEN = "operator-token-of-the-tests"
CHECKPOINT = "mini@0123456789ab"


class PlayedIngest:
    """Counts the doorbell; `embed_all` does what the workers would."""

    def __init__(self, db: Pool) -> None:
        self._db = db
        self.woken = 0

    async def wake(self) -> None:
        self.woken += 1

    async def embed_all(self) -> None:
        rows = await self._db.fetch("SELECT id FROM photos WHERE status = 'queued' AND deleted_at IS NULL")
        await photos.ready(self._db, [row["id"] for row in rows])
        await self._db.execute("DELETE FROM jobs")


@dataclass
class PlayedQuery:
    """Recommends the shop's ready products, oldest first; `error` is raised instead when it is set."""

    db: Pool
    asked: list[Ask] = field(default_factory=list[Ask])
    error: Exception | None = None
    parts: dict[str, str] = field(default_factory=lambda: {"clip": "ok", "chroma": "ok"})

    async def recommend(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        if self.error:
            raise self.error
        if ask.like_product_id:
            await products.get(self.db, ask.shop_id, ask.like_product_id)
        listing = products.Listing(ask.filter, "ready")
        found = [one for one in await products.page(self.db, ask.shop_id, listing, after=None, limit=200) if one.photos]
        wanted = [one for one in reversed(found) if one.id != ask.like_product_id][: ask.num_results]
        best = [Recommended(one, one.photos[0].id, 0.9 - place / 100) for place, one in enumerate(wanted)]
        return Answer(tuple(best), 1, CHECKPOINT, exact=False, embed_ms=1.5, search_ms=2.5)

    async def canary(self) -> dict[str, str]:
        return self.parts


@dataclass(frozen=True)
class Api:
    """The app and its two neighbours."""

    app: FastAPI
    ingest: PlayedIngest
    query: PlayedQuery

    def client(self, key: str | None = None, **headers: str) -> httpx.AsyncClient:
        sent = {**({"Authorization": f"Bearer {key}"} if key else {}), **headers}
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://fitmatch.test", headers=sent)


@dataclass(frozen=True)
class ShopClient:
    """A shop and a client with its secret key."""

    id: str
    key: str
    http: httpx.AsyncClient
    api: Api

    async def upload(self, *, photo: bytes | None = None, **fields: str) -> dict[str, Any]:
        named = {"name": "Red dress", **fields}
        answer = await self.http.post("/v1/products", data=named, files={"photo": ("a.jpg", photo or jpeg())})
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def upload_ready(self, **fields: str) -> dict[str, Any]:
        product = await self.upload(**fields)
        await self.api.ingest.embed_all()
        return product

    async def publishable(self, *origins: str) -> str:
        wanted = {"name": "web", "kind": "publishable", "allowed_origins": list(origins)}
        return cast("str", (await self.http.post("/v1/keys", json=wanted)).json()["key"])


def jpeg(colour: tuple[int, int, int] = (200, 30, 30), side: int = 64) -> bytes:
    page = BytesIO()
    Image.new("RGB", (side, side), colour).save(page, "JPEG")
    return page.getvalue()


@pytest.fixture
def context(pool: Pool, files: Files, tmp_path: Path) -> Context:
    demo_key_file = tmp_path / "demo.key"
    demo_key_file.write_text("fm_pk_demo\n")
    # No test of the API reaches Chroma: only the neighbours do.
    index = Index("http://127.0.0.1:9")
    return Context(
        stores=Stores(pool, index, files),
        ingest=PlayedIngest(pool),
        query=PlayedQuery(pool),
        operator_token=OPERATOR_TOKEN,
        seed_routes=True,
        checkpoint=CHECKPOINT,
        demo_key_file=demo_key_file,
    )


@pytest.fixture
async def api(context: Context) -> AsyncIterator[Api]:
    app = create_app(context)
    async with app.router.lifespan_context(app):
        yield Api(app, cast("PlayedIngest", context.ingest), cast("PlayedQuery", context.query))


@pytest.fixture
async def operator(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(OPERATOR_TOKEN) as client:
        yield client


@pytest.fixture
async def shop(api: Api, operator: httpx.AsyncClient) -> AsyncIterator[ShopClient]:
    created = (await operator.post("/v1/shops", json={"name": "Blue Door"})).json()
    async with api.client(created["key"]) as http:
        yield ShopClient(created["id"], created["key"], http, api)


@pytest.fixture
async def other_shop(api: Api, operator: httpx.AsyncClient) -> AsyncIterator[ShopClient]:
    created = (await operator.post("/v1/shops", json={"name": "Red Door"})).json()
    async with api.client(created["key"]) as http:
        yield ShopClient(created["id"], created["key"], http, api)

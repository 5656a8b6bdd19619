"""Two real Chroma servers, of which a test may stop the second, and a worker over both."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from db import collections
from db.files import Files
from db.index import Index
from db.postgres import Pool
from db.stores import Stores
from deployments.decode import Decoders
from deployments.local.chroma import EmbeddedChroma
from deployments.search import Search, Wanted
from deployments.worker import Worker
from tests.integration import rows
from tests.integration.ingesting import Tower, drain, jpeg, parts, upload
from tests.integration.rows import CHECKPOINT


@pytest.fixture
def second(tmp_path: Path) -> Iterator[EmbeddedChroma]:
    server = EmbeddedChroma(tmp_path / "second")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def stores(
    chroma_url: str, index: Index, second: EmbeddedChroma, pool: Pool, files: Files
) -> AsyncIterator[Stores]:
    """`index`, of the default server alone, empties it afterwards."""
    both = Index(f"{chroma_url},b={second.url}")
    yield Stores(pool, both, files)
    await both.close()


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    opened = Decoders(1)
    yield opened
    opened.close()


@pytest.fixture
def worker(stores: Stores, decoders: Decoders) -> Worker:
    return Worker(parts(stores, Tower(), decoders))


async def two_shops(stores: Stores, worker: Worker) -> tuple[UUID, UUID]:
    """With three photos each; the first is on the default server, the second on b."""
    here, there = await rows.shop(stores.db), await rows.shop(stores.db)
    for shop in (here, there):
        await upload(stores, shop, *(jpeg(colour) for colour in (1, 90, 180)))
        await drain(worker)
    assert [await home(stores, shop) for shop in (here, there)] == ["default", "b"]
    return here, there


async def home(stores: Stores, shop: UUID) -> str:
    return (await collections.of_shop(stores.db, shop))[0].server


async def ask(search: Search, stores: Stores, shop: UUID) -> tuple[list[UUID], bool]:
    """The shop's products near its first photo, best first, and whether that was exact."""
    raw = await stores.db.fetchval(
        "SELECT embedding FROM embeddings WHERE shop_id = $1 AND checkpoint = $2 ORDER BY photo_id", shop, CHECKPOINT
    )
    embedding = np.frombuffer(raw, "<f2").astype(np.float32)
    found, exact = await search.run(Wanted(shop, embedding, 3, None, None, None))
    return [one.product.id for one in found], exact


async def waiting(stores: Stores) -> dict[UUID, int]:
    found = await stores.db.fetch("SELECT shop_id, count(*) AS jobs FROM jobs GROUP BY shop_id")
    return {row["shop_id"]: row["jobs"] for row in found}

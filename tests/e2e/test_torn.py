"""A collection that a kill has torn is found before Chroma starts again, and rebuilt from Postgres."""

import os
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from db import collections, embeddings, photos, postgres
from db.chroma import VECTORS_MAX
from db.files import Files
from db.ids import new_id
from db.index import Index
from db.stores import Stores
from deployments.local.processes import identify
from tests.e2e.client import open_shop, sample
from tests.e2e.instance import Running, wait_for
from tests.integration import rows

COPIES = 2_050
"""Chroma persists an index each time it has taken a thousand: this makes it persist twice."""


@dataclass(frozen=True)
class Filled:
    collection: str
    id_map: Path
    """Of the collection's last persist."""
    older: Path
    """The same of the persist before."""


@pytest.fixture
async def inside(fitmatch: Running) -> AsyncIterator[Stores]:
    """The stores behind the running instance."""
    pool = await postgres.connect(fitmatch.postgres_dsn)
    opened = Stores(pool, Index(fitmatch.chroma_url), Files(str(fitmatch.folder / "photos")))
    yield opened
    await opened.db.close()
    await opened.index.close()


async def test_a_torn_collection_is_found_and_rebuilt(fitmatch: Running, inside: Stores) -> None:
    shop = open_shop(fitmatch.url, fitmatch.operator_token, "a torn shop")
    product = shop.upload(sample("DR-001"), name="a red dress")
    shop.wait_until_settled()
    shop_id = UUID(shop.id.removeprefix("shp_"))
    filled = await fill(inside, fitmatch, shop_id, UUID(product["id"].removeprefix("prd_")))

    tear(fitmatch, filled)

    wait_for(lambda: "Rebuilding 1 torn collection" in fitmatch.said(), "the torn collection is found", 60)
    wait_for(lambda: not (fitmatch.folder / "chroma" / "torn").exists(), "it is rebuilt", 120)
    checkpoint = await checkpoint_of(inside, shop_id)
    rebuilt = (await collections.current(inside.db, shop_id, checkpoint, inside.index.servers)).address
    assert rebuilt != filled.collection
    assert len(await inside.index.ids(rebuilt)) == COPIES + 1
    assert filled.collection not in await inside.index.names()
    assert [each["product_id"] for each in shop.recommend("red dress", 1)] == [product["id"]]


async def fill(stores: Stores, running: Running, shop_id: UUID, product_id: UUID) -> Filled:
    """Photos as Ingest leaves them, in Postgres and in Chroma."""
    checkpoint = await checkpoint_of(stores, shop_id)
    collection = (await collections.current(stores.db, shop_id, checkpoint, stores.index.servers)).address
    photo_ids = [new_id() for _ in range(COPIES)]
    await stores.db.execute(
        "INSERT INTO photos (id, shop_id, product_id, content_hash, bytes, width, height)"
        " SELECT unnest($3::uuid[]), $1, $2, 'none', 1, 64, 64",
        shop_id, product_id, photo_ids,
    )  # fmt: skip
    vectors = rows.embeddings(COPIES, dimension=256)
    await embeddings.add(stores.db, checkpoint, [shop_id] * COPIES, photo_ids, vectors)
    await photos.ready(stores.db, photo_ids)
    id_map = running.folder / "chroma" / "data" / segment_of(running, collection) / "index_metadata.pickle"
    older = running.folder / "older.pickle"
    for start in range(0, COPIES, VECTORS_MAX):
        end = start + VECTORS_MAX
        await stores.index.add(collection, photo_ids[start:end], vectors[start:end])
        if id_map.exists() and not older.exists():
            shutil.copy2(id_map, older)
    return Filled(collection, id_map, older)


async def checkpoint_of(stores: Stores, shop_id: UUID) -> str:
    return await stores.db.fetchval("SELECT checkpoint FROM collections WHERE shop_id = $1", shop_id)


def segment_of(running: Running, collection: str) -> str:
    with closing(sqlite3.connect(running.folder / "chroma" / "data" / "chroma.sqlite3")) as database:
        (found,) = database.execute(
            "SELECT segments.id FROM segments JOIN collections ON collections.id = segments.collection"
            " WHERE segments.scope = 'VECTOR' AND collections.name = ?",
            (collection,),
        ).fetchone()
    return found


def tear(running: Running, filled: Filled) -> None:
    """What a kill between hnswlib's files and the id map leaves; the supervisor sees it afterwards only."""
    pid = running.now().chroma_pid
    victim = identify(pid)
    os.kill(running.process.pid, signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: identify(pid) != victim, "Chroma is dead", 10)
        assert filled.older.read_bytes() != filled.id_map.read_bytes()
        shutil.copy2(filled.older, filled.id_map)
    finally:
        os.kill(running.process.pid, signal.SIGCONT)

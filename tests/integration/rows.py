"""Rows that a test starts from."""

from hashlib import sha256
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from db import collections, jobs, photos
from db.ids import new_id
from db.index import Index
from db.jobs import Job
from db.photos import NewPhoto
from db.postgres import Db, Pool

CHECKPOINT = "mini@0123456789ab"


async def shop(pool: Pool) -> UUID:
    shop_id = new_id()
    await pool.execute("INSERT INTO shops (id, name) VALUES ($1, 'a shop')", shop_id)
    return shop_id


async def product(pool: Pool, shop_id: UUID) -> UUID:
    product_id = new_id()
    await pool.execute("INSERT INTO products (id, shop_id, name) VALUES ($1, $2, 'a dress')", product_id, shop_id)
    return product_id


async def queued(pool: Pool, shop_id: UUID, count: int = 1, *, content_hash: str | None = None) -> list[UUID]:
    """A product with so many photos and their jobs."""
    product_id = await product(pool, shop_id)
    new = [NewPhoto(content_hash or sha256(str(i).encode()).hexdigest(), 100, 64, 64) for i in range(count)]
    async with pool.acquire() as connection, connection.transaction():
        return await photos.add(connection, shop_id, product_id, new)


async def ready(pool: Pool, shop_id: UUID, count: int = 1) -> list[UUID]:
    """Photos that answer queries, as far as Postgres knows."""
    photo_ids = await queued(pool, shop_id, count)
    await pool.execute("DELETE FROM jobs WHERE photo_id = ANY($1)", photo_ids)
    await photos.ready(pool, photo_ids)
    return photo_ids


async def one_a_day(db: Db, shop_id: UUID, prompt: str) -> None:
    """As if the same prompt had come once a day until today."""
    await db.execute(
        """
        UPDATE prompts SET created_at = now() - (numbered.number - 1) * interval '1 day'
        FROM (
            SELECT id, row_number() OVER (ORDER BY id) AS number FROM prompts WHERE shop_id = $1 AND prompt = $2
        ) AS numbered
        WHERE prompts.id = numbered.id
        """,
        shop_id,
        prompt,
    )


async def delete(pool: Pool, photo_id: UUID) -> None:
    """As a shop does it."""
    row = await pool.fetchrow("SELECT shop_id, product_id FROM photos WHERE id = $1", photo_id)
    assert row is not None
    async with pool.acquire() as connection, connection.transaction():
        await photos.delete(connection, row["shop_id"], row["product_id"], photo_id)


async def status(pool: Pool, photo_id: UUID) -> str | None:
    return await pool.fetchval("SELECT status FROM photos WHERE id = $1", photo_id)


async def expire_leases(pool: Pool) -> None:
    await pool.execute("UPDATE jobs SET due = now() - interval '1 second' WHERE due IS NOT NULL")


async def claim_all(pool: Pool) -> list[Job]:
    return await jobs.claim(pool, jobs_max=1000, lease_s=60)


async def collection(pool: Pool, index: Index, shop_id: UUID, checkpoint: str = CHECKPOINT) -> str:
    """The shop's collection, there and empty."""
    name = (await collections.current(pool, shop_id, checkpoint, index.servers)).address
    await index.create(name)
    return name


def embeddings(count: int, *, seed: int = 0, dimension: int = 32) -> NDArray[np.float32]:
    """float32[N, D], unit length."""
    drawn = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
